// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device's line to the service.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use subrosa::{Address, Timestamp};

use super::codec::{Field, Malformed, Reader};
use super::frame;
use super::protocol::{Refusal, Request, Token, parse_answer};

/// How long a device waits for the service.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing came of a request.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("the service can't be reached: {0}")]
    Io(#[from] io::Error),
    #[error("the service's answer can't be read: {0}")]
    Malformed(#[from] Malformed),
    #[error("the service refuses: {0}")]
    Refused(Refusal),
}

/// A message, and when the service took it.
pub type Stamped = (Timestamp, Vec<u8>);

/// The service's address. Each request has a connection of its own, so that nothing links named and anonymous requests.
#[derive(Clone, Copy, Debug)]
pub struct Line(pub SocketAddr);

impl Line {
    /// Asks, and gives the answer.
    pub fn ask(self, request: &Request, body: Option<&[u8]>) -> Result<Vec<u8>, LineError> {
        self.call(request, body).map(|(_, answer)| answer)
    }

    /// As [`ask`](Self::ask), of an answer that is one field.
    pub fn ask_for<F: Field>(self, request: &Request) -> Result<F, LineError> {
        Ok(Reader::new(&self.ask(request, None)?).field()?)
    }

    /// The messages that wait for a device, each with the time when the service took it, and the receipt for them.
    pub fn waiting(self, device: &Address, token: Token) -> Result<(Vec<Stamped>, Receipt), LineError> {
        let (mut stream, answer) = self.call(&Request::Receive(device.clone(), token), None)?;
        let count: u32 = Reader::new(&answer).field()?;
        let (mut messages, mut last) = (Vec::new(), None);
        for _ in 0..count {
            let frame = frame::read(&mut stream)?;
            let mut reader = Reader::new(&frame);
            last = Some(reader.field::<u32>()?);
            let when = reader.field()?;
            messages.push((when, reader.rest().to_vec()));
        }
        Ok((messages, Receipt { stream, last }))
    }

    fn call(self, request: &Request, body: Option<&[u8]>) -> Result<(TcpStream, Vec<u8>), LineError> {
        let mut stream = TcpStream::connect_timeout(&self.0, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        frame::write(&mut stream, &[&request.encode()])?;
        if let Some(body) = body {
            frame::write(&mut stream, &[body])?;
        }
        let answer = frame::read(&mut stream)?;
        Ok((stream, parse_answer(&answer)?.map_err(LineError::Refused)?))
    }
}

/// Tells the service that messages were received and stored. It keeps them until then.
pub struct Receipt {
    stream: TcpStream,
    last: Option<u32>,
}

impl Receipt {
    pub fn give(mut self) -> io::Result<()> {
        let Some(last) = self.last else { return Ok(()) };
        frame::write(&mut self.stream, &[&last.to_be_bytes()])?;
        // Only then have they been dropped.
        frame::read(&mut self.stream).map(drop)
    }
}
