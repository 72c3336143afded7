// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service: it registers devices, issues their certificates, and keeps messages until they are fetched,
//! without learning their senders.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use subrosa::keys::{KeyPair, PrivateKey};
use subrosa::rand_core::Rng;
use subrosa::sealed::certificate::{SenderDetails, ServerCertificate};
use subrosa::sealed::server::SentMessage;
use subrosa::{Address, IdentityKey, Timestamp, os_rng};

use super::codec::{Field, Reader};
use super::frame;
use super::learnt::Learnt;
use super::protocol::{Refusal, Request, Token, encode_answer};
use super::registry::Registry;
use super::sight::Overheard;

/// How long the service waits on a silent connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections it serves at a time.
const MAX_CONNECTIONS: usize = 64;
/// How long a sender certificate is good.
const CERTIFIED: Duration = Duration::from_secs(24 * 60 * 60);

/// The service.
pub struct Relay {
    registry: Mutex<Registry>,
    certificate: ServerCertificate,
    key: KeyPair,
    begun: Instant,
    connections: AtomicUsize,
    stopped: AtomicBool,
    log: Sender<Learnt>,
    /// All bytes of all anonymous requests. Kept for this example alone, which searches them for senders.
    overheard: Mutex<Vec<Overheard>>,
}

impl Relay {
    /// A service that the holder of `trust_root` vouches for.
    pub fn new(trust_root: &PrivateKey, log: Sender<Learnt>) -> Self {
        let key = KeyPair::generate(&mut os_rng());
        Self {
            registry: Mutex::default(),
            certificate: ServerCertificate::issue(1, key.public(), trust_root, &mut os_rng()),
            key,
            begun: Instant::now(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            log,
            overheard: Mutex::default(),
        }
    }

    /// Serves until it is [stopped](Stop), each connection in a thread of its own.
    pub fn serve<'s>(&'s self, listener: &TcpListener, scope: &'s Scope<'s, '_>) {
        for stream in listener.incoming() {
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            let Ok(stream) = stream else { continue };
            if self.connections.fetch_add(1, Ordering::AcqRel) < MAX_CONNECTIONS {
                scope.spawn(move || {
                    // A connection that breaks off, or holds no request, is dropped.
                    let _ = self.attend(&stream);
                    self.connections.fetch_sub(1, Ordering::AcqRel);
                });
            } else {
                self.connections.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    /// All anonymous requests.
    pub fn overheard(&self) -> Vec<Overheard> {
        lock(&self.overheard).clone()
    }

    /// Serves one request.
    fn attend(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let head = frame::read(&mut stream)?;
        let Ok(request) = Request::parse(&head) else {
            return frame::write(&mut stream, &[&encode_answer(Err(Refusal::Malformed))]);
        };
        let body = if request.has_body() { frame::read(&mut stream)? } else { Vec::new() };
        if request.is_anonymous() {
            lock(&self.overheard).push(Overheard { head, body: body.clone() });
        }
        if let Request::Receive(device, token) = request {
            return self.hand_out(stream, &device, token);
        }
        frame::write(&mut stream, &[&encode_answer(self.answer(request, body))])
    }

    fn answer(&self, request: Request, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let mut answer = Vec::new();
        match request {
            Request::Register(device, bundles) => {
                let mut token = Token::default();
                os_rng().fill_bytes(&mut token);
                lock(&self.registry).register(&device, bundles, token)?;
                token.put(&mut answer);
            }
            Request::Unlink(device, token, unlinked) => {
                let mut registry = lock(&self.registry);
                registry.identity(&device, &token)?;
                registry.unlink(&Address::new(device.name(), unlinked));
            }
            Request::Certify(device, token) => {
                let identity = lock(&self.registry).identity(&device, &token)?;
                answer = self.certify(device, identity)?;
            }
            Request::Bundles(account, devices) => {
                lock(&self.registry).bundles(&account, &devices)?.put(&mut answer);
            }
            Request::Deliver(to, registration_id) => {
                let learnt = Learnt::of_one(self.begun.elapsed(), &to, &body);
                self.note(learnt, lock(&self.registry).deliver(&to, registration_id, body))?;
            }
            Request::DeliverToMany => self.split(body)?,
            // Not a matter of one answer.
            Request::Receive(..) => return Err(Refusal::Malformed),
        }
        Ok(answer)
    }

    /// Takes a message for many apart, and leaves to each device its part of it.
    fn split(&self, body: Vec<u8>) -> Result<(), Refusal> {
        let (at, body) = (self.begun.elapsed(), Arc::new(body));
        match SentMessage::parse(&body) {
            Ok(sent) => {
                let learnt = Learnt::of_many(at, &body, Some(&sent));
                self.note(learnt, lock(&self.registry).deliver_to_many(&body, &sent))
            }
            Err(_) => self.note(Learnt::of_many(at, &body, None), Err(Refusal::Malformed)),
        }
    }

    /// Logs a message and its outcome.
    fn note(&self, mut learnt: Learnt, outcome: Result<(), Refusal>) -> Result<(), Refusal> {
        learnt.refused = outcome.as_ref().err().cloned();
        // If nobody looks at the notes any more, the service goes on without.
        let _ = self.log.send(learnt);
        outcome
    }

    /// Hands a device its waiting messages. Those without a receipt are kept.
    fn hand_out(&self, mut stream: &TcpStream, at: &Address, token: Token) -> io::Result<()> {
        let known = lock(&self.registry).identity(at, &token);
        if let Err(refusal) = known {
            return frame::write(&mut stream, &[&encode_answer(Err(refusal))]);
        }
        let waiting = lock(&self.registry).waiting(at);
        let mut count = Vec::new();
        u32::try_from(waiting.len()).unwrap_or(u32::MAX).put(&mut count);
        frame::write(&mut stream, &[&encode_answer(Ok(count))])?;
        for message in &waiting {
            let [first, own, shared] = message.parts();
            let mut head = Vec::new();
            message.number.put(&mut head);
            message.taken.put(&mut head);
            frame::write(&mut stream, &[&head, first, own, shared])?;
        }
        let receipt = frame::read(&mut stream)?;
        if let Ok(number) = Reader::new(&receipt).field() {
            lock(&self.registry).received(at, number);
        }
        frame::write(&mut stream, &[&encode_answer(Ok(Vec::new()))])
    }

    /// A certificate for a device that has shown its token.
    fn certify(&self, address: Address, identity_key: IdentityKey) -> Result<Vec<u8>, Refusal> {
        let expires = Timestamp::now().saturating_add(CERTIFIED);
        let details = SenderDetails { address, e164: None, identity_key, expires };
        let certificate = details.issue(&self.certificate, self.key.private(), &mut os_rng());
        Ok(certificate.map_err(|_| Refusal::Malformed)?.as_bytes().to_vec())
    }
}

/// Stops the service when dropped, however the example ends.
pub struct Stop<'r> {
    pub relay: &'r Relay,
    pub address: SocketAddr,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.relay.stopped.store(true, Ordering::Release);
        // Wakes the service up, which waits for somebody to call.
        let _ = TcpStream::connect(self.address);
    }
}

/// A panic in another thread leaves nothing half changed, so a poisoned lock is as good as another.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
