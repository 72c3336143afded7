// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device that keeps its session in memory, as a messenger would, until it crashes.

use subrosa::Detached;
use subrosa::prekey::{KemPreKeyId, LastResortKemPreKey, SignedPreKey, SignedPreKeyId};
use subrosa::session::Policy;
use subrosa::store::{Key, RecordKind, Write, Writes};
use subrosa::{Address, Ciphertext, EncryptError, Message, Plaintext, PreKeyBundle, Session, Staged};

use super::super::device::{Device, Failure, Faults, Letter};
use super::Fate;

/// Ids of rotated last-resort prekeys, well above those of one-time ones.
const LAST_RESORT_IDS: u32 = 1 << 20;

/// What became of a staged change.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled<T> {
    /// It is stored and committed.
    Done(T),
    /// It is stored, but the output was lost in a crash.
    Lost,
    /// Nothing has changed.
    NotStored,
}

/// A device and its session with the one peer that it has.
pub struct Node {
    pub device: Device,
    pub session: Session,
    peer: Address,
}

impl Node {
    pub fn new(mut device: Device, peer: &Address, version_3: bool) -> Self {
        device.policy = if version_3 { Policy::AllowVersion3 } else { Policy::PostQuantum };
        let session = device.session(peer).unwrap();
        Self { device, session, peer: peer.clone() }
    }

    pub fn restart(&mut self) {
        self.session = self.device.session(&self.peer).unwrap();
    }

    pub fn forget(&mut self) {
        self.device.store.sessions.remove(&self.peer);
        self.restart();
    }

    pub fn rotate(&mut self) {
        let Device { identity, store, rng, now, .. } = &mut self.device;
        let id = u32::try_from(store.count(RecordKind::SignedPreKey)).unwrap();
        let signed = SignedPreKey::generate(SignedPreKeyId(id), identity, *now, rng);
        store.rows.insert(Key::SignedPreKey(signed.id()), signed.record().as_bytes().to_vec());
        let id = KemPreKeyId(LAST_RESORT_IDS + id);
        let kem = LastResortKemPreKey::generate(id, identity, *now, rng);
        store.rows.insert(Key::LastResortKemPreKey(id), kem.record().as_bytes().to_vec());
    }

    pub fn initiate(&mut self, bundle: PreKeyBundle, fate: Fate) -> Settled<()> {
        let before = self.before();
        let staged = self.device.stage_initiate(&mut self.session, bundle).unwrap();
        let settled = settle(staged, &mut self.device, fate, |()| None);
        self.after(settled, &before)
    }

    pub fn archive(&mut self, fate: Fate) -> Settled<()> {
        let before = self.before();
        let settled = settle(self.session.archive().unwrap(), &mut self.device, fate, |()| None);
        self.after(settled, &before)
    }

    pub fn encrypt(&mut self, plaintext: &[u8], fate: Fate) -> Result<Settled<Ciphertext>, EncryptError> {
        let before = self.before();
        let outcome = self
            .device
            .stage_encrypt(&mut self.session, plaintext)
            .map(|staged| settle(staged, &mut self.device, fate, |_| None));
        match outcome {
            Ok(settled) => Ok(self.after(settled, &before)),
            Err(error) => {
                self.check_unchanged(&before);
                Err(error)
            }
        }
    }

    pub fn receive(&mut self, letter: &Letter, fate: Fate) -> Result<Settled<Plaintext>, Failure> {
        let (before, store) = (self.before(), self.device.store.clone());
        let outcome = Message::parse(letter.kind, &letter.bytes)
            .map_err(Failure::from)
            .and_then(|message| self.device.stage_receive(&mut self.session, &message))
            .map(|staged| settle(staged, &mut self.device, fate, |text| Some(text.to_vec())));
        match outcome {
            Ok(settled) => Ok(self.after(settled, &before)),
            Err(failure) => {
                self.check_unchanged(&before);
                self.device.store.assert_same(&store);
                Err(failure)
            }
        }
    }

    fn before(&self) -> Before {
        Before { record: self.session.record().as_bytes().to_vec(), generation: self.session.generation() }
    }

    /// Checks that memory and store have what was promised, or what was there before.
    fn after<T>(
        &mut self,
        (settled, promised): (Result<T, Unsettled<T>>, Vec<u8>),
        before: &Before,
    ) -> Settled<T> {
        let settled = match settled {
            Ok(output) => Settled::Done(output),
            Err(Unsettled::Failed) => Settled::NotStored,
            Err(Unsettled::Apart(detached)) => {
                assert!(self.session.archive().is_err(), "busy");
                Settled::Done(detached.commit(&mut self.session).unwrap())
            }
            Err(Unsettled::Crashed { stored }) => {
                self.restart();
                if stored { Settled::Lost } else { Settled::NotStored }
            }
        };
        if matches!(settled, Settled::NotStored) {
            self.check_unchanged(before);
        } else {
            assert_eq!(
                self.session.record().as_bytes(),
                promised,
                "a staged record is the one after the commit"
            );
            assert_eq!(self.session.generation(), before.generation + 1);
        }
        self.check_stored();
        settled
    }

    fn check_unchanged(&self, before: &Before) {
        assert!(self.session.record().as_bytes() == before.record, "the session has changed");
    }

    /// Checks that the session in memory is the stored one, and that its record reads back.
    pub fn check_stored(&self) {
        let stored = self.device.session(&self.peer).unwrap();
        let record = stored.record();
        assert!(self.session.record().as_bytes() == record.as_bytes(), "memory and store differ");
        if let Some(stored) = self.device.store.sessions.get(&self.peer) {
            assert!(stored == record.as_bytes(), "a record that was read writes other bytes");
        }
    }

    /// Moves the session to libsignal and back, and stores it.
    pub fn move_to_libsignal_and_back(&mut self) {
        let (local, remote) = (self.session.local().clone(), self.session.remote().clone());
        let exported = self.session.to_libsignal_record();
        let session = Session::from_libsignal_record(&exported, local, remote).unwrap();
        self.session = session.with_policy(self.device.policy);
        assert!(self.session.to_libsignal_record() == exported, "what was taken over is given back");
        let record = self.session.record().as_bytes().to_vec();
        self.device.store.sessions.insert(self.peer.clone(), record);
    }
}

/// A session before an operation.
struct Before {
    record: Vec<u8>,
    generation: u64,
}

enum Unsettled<T> {
    Failed,
    Crashed {
        stored: bool,
    },
    /// Stored, and not committed yet.
    Apart(Detached<T>),
}

/// Settles a stage as `fate` wants it. What `kept` takes from its output goes into the inbox, in the same transaction.
/// Gives also the record that was staged.
fn settle<T>(
    staged: Staged<'_, T>,
    device: &mut Device,
    fate: Fate,
    kept: fn(&T) -> Option<Vec<u8>>,
) -> (Result<T, Unsettled<T>>, Vec<u8>) {
    let promised = staged.writes().into_iter().find_map(|write| match write {
        Write::Put { key: Key::Session(_), record, .. } => Some(record.as_bytes().to_vec()),
        _ => None,
    });
    let promised = promised.expect("a session is written");
    let faults = match fate {
        Fate::Fails(table) => Faults { writes: vec![table], ..Faults::default() },
        _ => Faults::default(),
    };
    let store = &mut device.store;
    let write = |writes: Writes, output: &T| {
        store.apply_unless(&faults, writes)?;
        store.inbox.extend(kept(output));
        Ok::<(), Failure>(())
    };
    let settled = match fate {
        Fate::Stored | Fate::Fails(_) => staged.commit_with_output(write).map_err(|_| Unsettled::Failed),
        Fate::StoredApart => {
            let mut write = write;
            let (writes, detached) = staged.detach();
            write(writes, detached.for_the_same_transaction()).unwrap();
            Err(Unsettled::Apart(detached))
        }
        Fate::CrashBefore => Err(Unsettled::Crashed { stored: false }),
        Fate::CrashAfter => {
            let mut write = write;
            let (writes, detached) = staged.detach();
            write(writes, detached.for_the_same_transaction()).unwrap();
            Err(Unsettled::Crashed { stored: true })
        }
    };
    (settled, promised)
}
