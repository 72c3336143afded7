// SPDX-License-Identifier: MIT OR Apache-2.0

//! A stolen state: which later messages open with it, for a thief with computers of today, and for one with a quantum
//! computer, from whom no X25519 key is secret and who needs the key of the post-quantum ratchet alone.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::Limits;
use subrosa::hazmat::ratchet::spqr::Spqr;
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload, BraidPrefix};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::{Account, Message, MessageKind, RecordError, Session, Trust};
use wasm_bindgen::JsError;

use super::state::post_quantum;

pub struct Thief {
    of: usize,
    account: Account,
    session: Session,
    ratchet: Option<Spqr>,
    /// The ratchet key that the device sent with when it was robbed, and the epoch of its keys.
    sending: Option<[u8; 32]>,
    epoch: u64,
    last_send: Option<(bool, bool)>,
    rng: ChaCha20Rng,
}

/// The post-quantum part of a message, and its ratchet key.
fn header(kind: MessageKind, message: &[u8]) -> Option<(Vec<u8>, [u8; 32])> {
    let signal = match kind {
        MessageKind::PreKey => *PreKeySignalMessage::parse(message).ok()?.message(),
        _ => SignalMessage::parse(message).ok()?,
    };
    Some((signal.pq_ratchet().to_vec(), *signal.ratchet_key().as_bytes()))
}

impl Thief {
    /// Copies records, as somebody does who reads the disk and has its key.
    pub fn steal(of: usize, account: &Account, session: &Session) -> Result<Self, JsError> {
        let rows: Vec<_> = account.rows().into_iter().map(|(_, record)| record).collect();
        let (local, remote) = (session.local().clone(), session.remote().clone());
        let record = session.record();
        let copy = Session::from_record(record.as_bytes(), local.clone(), remote)
            .map_err(|error: RecordError| JsError::new(&error.to_string()))?;
        let account = Account::from_records(
            local,
            account.record().as_bytes(),
            rows.iter().map(|row| row.as_bytes()),
            Limits::default(),
        )?;
        let ratchet = post_quantum(session);
        let epoch = ratchet.as_ref().and_then(Spqr::state).map_or(0, |(_, epoch)| epoch);
        let (sending, rng) = (None, ChaCha20Rng::seed_from_u64(0xBAD));
        Ok(Self { of, account, session: copy, ratchet, sending, epoch, last_send: None, rng })
    }

    /// The robbed device sends: the thief's ratchets make the same step, with random bytes of his own.
    pub fn sees_send(&mut self, from: usize, message: &[u8], kind: MessageKind) {
        self.last_send = None;
        if from != self.of {
            return;
        }
        let Some((pq, key)) = header(kind, message) else { return };
        if let Some(ratchet) = &mut self.ratchet
            && let Ok(sent) = ratchet.send(&mut self.rng)
        {
            ratchet.apply(sent.change);
        }
        // The chain that he has gives the keys of all messages on it; a new ratchet key begins one that he has not.
        let held = self.sending.or_else(|| self.held_key()).unwrap_or(key);
        self.sending = Some(held);
        let epoch = BraidPrefix::parse(&pq).map_or(0, |prefix| prefix.epoch);
        self.last_send = Some((held == key, epoch <= self.epoch));
    }

    fn held_key(&self) -> Option<[u8; 32]> {
        use subrosa::hazmat::wire::stored::StoredSessionRecord;
        let record = self.session.to_libsignal_record();
        let record = StoredSessionRecord::parse(&record).ok()?;
        record.current?.sender_chain?.ratchet_key.get(1..)?.try_into().ok()
    }

    pub const fn last_send(&self) -> Option<(bool, bool)> {
        self.last_send
    }

    /// Which thief reads a message to the robbed device. `real` is its session before it reads the message itself.
    pub fn reads(
        &mut self,
        to: usize,
        kind: MessageKind,
        message: &[u8],
        real: Option<&Session>,
    ) -> Option<(bool, bool)> {
        if to != self.of {
            return None;
        }
        let classical = Message::parse(kind, message).ok().is_some_and(|parsed| {
            let read = self.account.receive(&mut self.session, &parsed, Trust::Anyone, &mut self.rng);
            read.map(subrosa::Staged::commit).is_ok()
        });
        let (pq, _) = header(kind, message)?;
        let right = post_quantum(real?)?
            .receive(&pq)
            .ok()
            .and_then(|received| received.key.map(|key| *key.as_bytes()));
        let quantum = right.is_some() && self.post_quantum_key(&pq) == right;
        Some((classical, quantum))
    }

    /// The key of a message, as far as the stolen ratchet tells.
    fn post_quantum_key(&mut self, pq: &[u8]) -> Option<[u8; 32]> {
        let ratchet = self.ratchet.as_mut()?;
        // Once his ratchet and the real ones have parted, his step fails. Keys of epochs before that he still has.
        let received = ratchet.receive(pq).ok().or_else(|| {
            let bare = BraidMessage { payload: BraidPayload::None, ..BraidMessage::parse(pq).ok()? };
            ratchet.receive(&bare.encode()).ok()
        })?;
        ratchet.apply(received.change);
        received.key.map(|key| *key.as_bytes())
    }
}
