// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why the example did not come to its end.

use std::io;

use super::client::SetUpError;
use super::line::LineError;
use super::receive::ReceiveError;
use super::send::SendError;

/// Why the example did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("{device} refuses a good message: {error}")]
    Receive { device: String, error: ReceiveError },
    #[error("input or output: {0}")]
    Io(#[from] io::Error),
    /// Something happened that is promised not to.
    #[error("a promise was broken: {0}")]
    Promise(&'static str),
}

impl Failure {
    /// Whether the reader of our output went away.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Ends the example unless a promise was kept.
pub const fn promised(kept: bool, promise: &'static str) -> Result<(), Failure> {
    if kept { Ok(()) } else { Err(Failure::Promise(promise)) }
}
