// SPDX-License-Identifier: MIT OR Apache-2.0

//! A store in memory.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::account::{Account, Limits, LoadError};
use crate::address::{AccountName, Address};
use crate::group::{ReceiverKeys, SenderKey};
use crate::identity::IdentityKey;
use crate::prekey::KemPreKeyUse;
use crate::record::{Record, RecordError};
use crate::repair::RepairLog;
use crate::session::Session;
use crate::wire::distribution_id::Format;
use crate::writes::{Key, StaleStage, Write, Writes};

/// A store in memory, for tests and prototypes: the rows of one account on one device.
///
/// It does what every store must do: makes all [`Writes`] or none, refuses those of an outdated state, and gives states
/// back. A real one is a table `key -> (generation, record)` with one transaction around the same lines.
#[derive(Default)]
pub struct Memory {
    rows: BTreeMap<Key, Row>,
}

/// The rows of a store as they were read; their generations are taken as they are.
impl FromIterator<Write> for Memory {
    fn from_iter<I: IntoIterator<Item = Write>>(rows: I) -> Self {
        let put = |write| match write {
            Write::Put { key, record, generation } => Some((key, Row { record, generation })),
            Write::Delete { .. } => None,
        };
        Self { rows: rows.into_iter().filter_map(put).collect() }
    }
}

/// A record and the generation of its state.
struct Row {
    record: Record,
    generation: Option<u64>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: BTreeMap::new() }
    }

    /// Makes all writes, or none.
    ///
    /// # Errors
    /// [`StaleStage`] if a state in the store is not the one before.
    pub fn apply(&mut self, writes: Writes) -> Result<(), StaleStage> {
        for write in &writes {
            if let Write::Put { key, generation: Some(generation), .. } = write {
                let held = self.rows.get(key).map(|row| row.generation.unwrap_or_default());
                StaleStage::check(*generation, held)?;
            }
        }
        for write in writes {
            match write {
                Write::Put { key, record, generation } => {
                    self.rows.insert(key, Row { record, generation });
                }
                Write::Delete { key } => drop(self.rows.remove(&key)),
            }
        }
        Ok(())
    }

    /// The record under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Record> {
        self.rows.get(key).map(|row| &row.record)
    }

    /// Deletes the record under a key, such as the session of a removed device, or a contact's identity.
    pub fn delete(&mut self, key: &Key) {
        self.rows.remove(key);
    }

    /// The devices with which there are sessions, in order.
    pub fn peers(&self) -> impl Iterator<Item = &Address> {
        self.rows.keys().filter_map(|key| if let Key::Session(peer) = key { Some(peer) } else { None })
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }

    /// The account, if one is stored.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn account(&self, address: &Address, limits: Limits) -> Result<Option<Account>, LoadError> {
        let Some(account) = self.get(&Key::Account) else { return Ok(None) };
        let of_account = |key: &Key| {
            matches!(
                key,
                Key::OneTimePreKey(_)
                    | Key::SignedPreKey(_)
                    | Key::OneTimeKemPreKey(_)
                    | Key::LastResortKemPreKey(_)
                    | Key::LastResortUses(_)
            )
        };
        let rows: Vec<&Record> =
            self.rows.iter().filter(|(key, _)| of_account(key)).map(|(_, row)| &row.record).collect();
        Account::from_records(address.clone(), account.as_bytes(), rows, limits).map(Some)
    }

    /// The sessions with a device; empty if none are stored.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn session(&self, local: &Address, remote: &Address) -> Result<Session, RecordError> {
        match self.get(&Key::Session(remote.clone())) {
            Some(record) => Session::from_record(record.as_bytes(), local.clone(), remote.clone()),
            None => Ok(Session::new(local.clone(), remote.clone())),
        }
    }

    /// The identity key that is pinned for an account.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn identity(&self, account: &AccountName) -> Result<Option<IdentityKey>, RecordError> {
        let record = self.get(&Key::Identity(account.clone()));
        record.map(|record| IdentityKey::from_record(record.as_bytes())).transpose()
    }

    /// Returns whether a use of a last-resort KEM prekey is stored.
    #[must_use]
    pub fn has_seen(&self, used: &KemPreKeyUse) -> bool {
        self.rows.contains_key(&Key::KemPreKeyUse(*used))
    }

    /// Our sender key, if one is stored.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn sender_key(&self, format: impl Into<Format>) -> Result<Option<SenderKey>, RecordError> {
        let format = format.into();
        let Some(record) = self.get(&Key::SenderKey(format)) else { return Ok(None) };
        let key = SenderKey::from_record(record.as_bytes())?;
        if key.format() == format { Ok(Some(key)) } else { Err(RecordError::OtherOwner) }
    }

    /// The sender keys of a device; empty if none are stored.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn receiver_keys(
        &self,
        sender: &Address,
        format: impl Into<Format>,
    ) -> Result<ReceiverKeys, RecordError> {
        let format = format.into();
        match self.get(&Key::ReceiverKeys(sender.clone(), format)) {
            Some(record) => {
                let keys = ReceiverKeys::from_record(record.as_bytes(), sender.clone())?;
                if keys.format() == format { Ok(keys) } else { Err(RecordError::OtherOwner) }
            }
            None => Ok(ReceiverKeys::new(sender.clone(), format)),
        }
    }

    /// The repair log of a device; empty if none is stored.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn repair_log(&self, peer: &Address) -> Result<RepairLog, RecordError> {
        match self.get(&Key::RepairLog(peer.clone())) {
            Some(record) => RepairLog::from_record(record.as_bytes(), peer.clone()),
            None => Ok(RepairLog::new(peer.clone())),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows } = self;
        write!(f, "Memory({} rows)", rows.len())
    }
}
