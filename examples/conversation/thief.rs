// SPDX-License-Identifier: MIT OR Apache-2.0

//! Alice's store is stolen, with its key: which later messages the thief reads, and when he is locked out.
//!
//! The first thief runs the stolen store like a messenger. The second also has a quantum computer, so that no X25519
//! key is secret from him, neither the ratchet's nor an envelope's. Between him and a message stands the post-quantum
//! ratchet alone: he reads it if he knows the key that this ratchet gives.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Session;
use subrosa::hazmat::ratchet::spqr::Spqr;
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};
use subrosa::hazmat::wire::stored::StoredSessionRecord;

use super::device::{Device, Received};
use super::inside::Inside;
use super::service::Envelope;
use super::stage::Stage;
use super::who::{Error, Who};

/// Both thieves.
pub struct Thieves {
    device: Device,
    ratchet: Spqr,
    rng: ChaCha20Rng,
}

/// A message of Bob's, and which thief could read it.
pub struct Overheard {
    pub envelope: Envelope,
    pub inside: Inside,
    pub classical: bool,
    pub quantum: bool,
}

impl Thieves {
    /// Steals Alice's store.
    pub fn steal(stage: &mut Stage<'_>) -> Result<Self, Error> {
        stage.copy(Who::Alice, "stolen")?;
        let mut device = stage.open(Who::Alice, "stolen")?;
        let ratchet = post_quantum_ratchet(device.session(Who::Bob)?)?;
        Ok(Self { device, ratchet, rng: ChaCha20Rng::seed_from_u64(0) })
    }

    /// Alice writes to Bob: her ratchet makes a step. The thief's makes the same, with random bytes of his own.
    pub fn alice_writes(&mut self, stage: &mut Stage<'_>, text: &str) -> Result<(Envelope, Inside), Error> {
        let envelope = stage.post(Who::Alice, text)?;
        let sent = self.ratchet.send(&mut self.rng)?;
        self.ratchet.apply(sent.change);
        let inside = text_of(stage.deliver(&envelope)?)?;
        Ok((envelope, inside))
    }

    /// Bob writes to Alice: a copy of the envelope goes to the thieves.
    pub fn bob_writes(&mut self, stage: &mut Stage<'_>, text: &str) -> Result<Overheard, Error> {
        let envelope = stage.post(Who::Bob, text)?;
        let alices = post_quantum_ratchet(stage.alice.session(Who::Bob)?)?;
        let classical = match self.device.receive(&envelope, &mut stage.world) {
            Ok(Received::Text { text: read, .. }) => read == text,
            _ => false,
        };
        let inside = text_of(stage.deliver(&envelope)?)?;
        let right = alices.receive(&inside.pq)?.key.ok_or("a message without a post-quantum key")?;
        let quantum = self.post_quantum_key(&inside.pq) == Some(*right.as_bytes());
        Ok(Overheard { envelope, inside, classical, quantum })
    }

    /// The key of a message, as far as the stolen ratchet tells.
    fn post_quantum_key(&mut self, pq: &[u8]) -> Option<[u8; 32]> {
        // Once his ratchet and the real ones have parted, his step fails. Keys of epochs before that he still has.
        let received = self.ratchet.receive(pq).ok().or_else(|| {
            let bare = BraidMessage { payload: BraidPayload::None, ..BraidMessage::parse(pq).ok()? };
            self.ratchet.receive(&bare.encode()).ok()
        })?;
        self.ratchet.apply(received.change);
        received.key.map(|key| *key.as_bytes())
    }
}

fn text_of(received: Received) -> Result<Inside, Error> {
    match received {
        Received::Text { inside, .. } => Ok(inside),
        Received::Asked { .. } => Err("not a text".into()),
    }
}

/// The post-quantum ratchet of a session, out of the form that libsignal stores.
fn post_quantum_ratchet(session: &Session) -> Result<Spqr, Error> {
    let record = session.to_libsignal_record();
    let record = StoredSessionRecord::parse(&record)?;
    let current = record.current.ok_or("no session")?;
    Spqr::from_stored(current.pq_ratchet).ok_or_else(|| "no post-quantum ratchet".into())
}
