// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stores in files of this machine.

use std::fmt;

use subrosa::account::Limits;
use subrosa::address::AccountName;
use subrosa::group::{Format, ReceiverKeys, SenderKey};
use subrosa::repair::RepairLog;
#[cfg(feature = "rose")]
use subrosa::rose::{self, DeviceName, TagOwner};
use subrosa::store::{Key, Memory, RecordKind, Write};
use subrosa::{Account, Address, IdentityKey, Session};

use crate::account_kinds::OF_ACCOUNT;
use crate::cells::{Cells, Row};
use crate::changes::Changes;
use crate::error::StoreError;
#[cfg(feature = "rose")]
use crate::rose_rows;
use crate::transaction::{Entry, Queue, Transaction};

pub(crate) mod sealed {
    use crate::cells::{Cells, Row};
    use crate::changes::Changes;
    use crate::error::StoreError;
    use crate::transaction::Queue;

    /// What a database must do.
    pub trait Tables {
        /// The row under a key.
        fn row(&self, key: &[u8]) -> Result<Option<Row>, StoreError>;
        /// All rows whose keys begin with this byte; all, if there is none.
        fn rows(&self, kind: Option<u8>) -> Result<Vec<(Vec<u8>, Row)>, StoreError>;
        /// The rows whose keys begin with these bytes, in order.
        #[cfg(feature = "rose")]
        fn beginning(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Row)>, StoreError>;
        /// The entries of a queue, in order.
        fn entries(&self, queue: Queue) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;
        /// Makes the changes in one transaction.
        fn apply(&mut self, changes: Changes, cells: &Cells) -> Result<(), StoreError>;
    }
}

/// A database of this machine: [`redb`](crate::redb) or [`sqlite`](crate::sqlite).
pub trait Backend: sealed::Tables {}

impl<T: sealed::Tables> Backend for T {}

/// The store of one account on one device, in a file.
pub struct Store<B> {
    pub(crate) tables: B,
    pub(crate) cells: Cells,
}

impl<B: Backend> Store<B> {
    /// Makes a transaction, or writes alone: all of it, or nothing.
    ///
    /// # Errors
    /// [`StoreError`]: `Stale` if a state in the store is not the one before; what else can happen to a database.
    pub fn apply(&mut self, transaction: impl Into<Transaction>) -> Result<(), StoreError> {
        let changes = Changes::of(transaction.into(), &self.cells)?;
        self.tables.apply(changes, &self.cells)
    }

    /// All records, to read any state from: for start-up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn bulk(&self) -> Result<Memory, StoreError> {
        self.memory(&self.tables.rows(None)?)
    }

    /// The records under these keys, as far as there are any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<Memory, StoreError> {
        let mut rows = Vec::new();
        for key in keys {
            let key = self.cells.row_key(key);
            rows.extend(self.tables.row(&key)?.map(|row| (key, row)));
        }
        self.memory(&rows)
    }

    fn memory(&self, rows: &[(Vec<u8>, Row)]) -> Result<Memory, StoreError> {
        let rows = rows.iter().map(|(key, row)| self.cells.open(key, row));
        Ok(rows.collect::<Result<Memory, _>>()?)
    }

    /// The entries of the outbox or inbox, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn entries(&self, queue: Queue) -> Result<Vec<Entry>, StoreError> {
        let entries = self.tables.entries(queue)?;
        let open = |(id, value): &(u64, Vec<u8>)| self.cells.open_entry(queue, *id, value);
        Ok(entries.iter().map(open).collect::<Result<_, _>>()?)
    }

    /// The account, if one is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn account(&self, address: &Address, limits: Limits) -> Result<Option<Account>, StoreError> {
        let mut rows = Vec::new();
        for kind in OF_ACCOUNT {
            rows.extend(self.tables.rows(Some(kind.to_u8()))?);
        }
        Ok(self.memory(&rows)?.account(address, limits)?)
    }

    /// The sessions with a device; empty if none are stored. With [`Session::with_policy`] they send on version 3, too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn session(&self, local: &Address, remote: &Address) -> Result<Session, StoreError> {
        Ok(self.read([&Key::Session(remote.clone())])?.session(local, remote)?)
    }

    /// The identity key that is pinned for an account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn identity(&self, account: &AccountName) -> Result<Option<IdentityKey>, StoreError> {
        Ok(self.read([&Key::Identity(account.clone())])?.identity(account)?)
    }

    /// Our sender key, if one is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sender_key(&self, format: impl Into<Format>) -> Result<Option<SenderKey>, StoreError> {
        let format = format.into();
        Ok(self.read([&Key::SenderKey(format)])?.sender_key(format)?)
    }

    /// The sender keys of a device; empty if none are stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receiver_keys(
        &self,
        sender: &Address,
        format: impl Into<Format>,
    ) -> Result<ReceiverKeys, StoreError> {
        let format = format.into();
        Ok(self.read([&Key::ReceiverKeys(sender.clone(), format)])?.receiver_keys(sender, format)?)
    }

    /// The repair log of a device; empty if none is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn repair_log(&self, peer: &Address) -> Result<RepairLog, StoreError> {
        Ok(self.read([&Key::RepairLog(peer.clone())])?.repair_log(peer)?)
    }

    /// The devices with which there are sessions, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn peers(&self) -> Result<Vec<Address>, StoreError> {
        let mut peers = Vec::new();
        for (key, row) in self.tables.rows(Some(RecordKind::Session.to_u8()))? {
            if let Write::Put { key: Key::Session(peer), .. } = self.cells.open(&key, &row)? {
                peers.push(peer);
            }
        }
        Ok(peers)
    }
}

#[cfg(feature = "rose")]
impl<B: Backend> Store<B> {
    /// The states that expect a message of the rose profile, by its tag: one lookup, however many sessions there are.
    /// Usually one, none for a first contact; if several, try each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn expecting(&self, message: &[u8]) -> Result<Vec<TagOwner>, StoreError> {
        let Some(tag) = message.first_chunk() else { return Ok(Vec::new()) };
        let rows = self.tables.beginning(&self.cells.tag_prefix(tag))?;
        Ok(rose_rows::expecting(message, &self.memory(&rows)?))
    }

    /// The session with a device in the rose profile; empty if none is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rose_session(&self, remote: DeviceName) -> Result<rose::Session, StoreError> {
        Ok(rose_rows::session(remote, &self.read([&rose_rows::key(remote)])?)?)
    }
}

impl<B> fmt::Debug for Store<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables: _, cells: _ } = self;
        f.write_str("Store(..)")
    }
}
