// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes, rows, a store in memory, and keys that seal records.

use std::sync::Arc;

use subrosa_binding as core;
use zeroize::Zeroizing;

use crate::account::{Account, AccountOptions};
use crate::error::SubrosaError;
use crate::group::{ReceiverKeys, SenderKey};
use crate::omemo::{OmemoAccount, OmemoSession, OmemoVersion};
use crate::plain::Address;
use crate::repair::RepairLog;
use crate::session::Session;

/// One change to a store.
#[derive(uniffi::Object)]
pub struct Write(pub(crate) core::Write);

#[uniffi::export]
impl Write {
    /// The row's key.
    pub fn key(&self) -> Vec<u8> {
        self.0.key.clone()
    }

    /// The record to put under it, which holds secrets; none deletes the row.
    pub fn record(&self) -> Option<Vec<u8>> {
        self.0.record.as_ref().map(|record| record.to_vec())
    }

    /// The generation of the state in the record. The row in the store must have the one before, or be absent for 1;
    /// if it has not, refuse the whole transaction.
    pub fn generation(&self) -> Option<u64> {
        self.0.generation
    }
}

/// A row of a store.
#[derive(uniffi::Object)]
pub struct Row(core::Row);

#[uniffi::export]
impl Row {
    /// A row that was read from a real store.
    #[uniffi::constructor]
    pub fn new(key: Vec<u8>, record: Vec<u8>, generation: Option<u64>) -> Arc<Self> {
        Arc::new(Self(core::Row { key, record: Zeroizing::new(record), generation }))
    }

    /// The key.
    pub fn key(&self) -> Vec<u8> {
        self.0.key.clone()
    }

    /// The record, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record.to_vec()
    }

    /// The generation of its state.
    pub fn generation(&self) -> Option<u64> {
        self.0.generation
    }
}

/// A store in memory: for tests and prototypes, and to read states from rows of a real store.
#[derive(uniffi::Object)]
pub struct Store(pub(crate) core::Store);

#[uniffi::export]
impl Store {
    /// An empty store.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(core::Store::new()))
    }

    /// A store of rows that were read from a real one.
    #[uniffi::constructor]
    pub fn of_rows(rows: Vec<Arc<Row>>) -> Arc<Self> {
        Arc::new(Self(core::Store::of_rows(rows.iter().map(|row| row.0.clone()))))
    }

    /// Puts a row that was read from a real store.
    pub fn put_row(&self, row: &Row) {
        self.0.put_row(row.0.clone());
    }

    /// All rows in bytes, which `from_bytes` takes. They hold secrets.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.to_bytes()?.to_vec())
    }

    /// A store of rows in bytes.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::Store::from_bytes(&Zeroizing::new(bytes))?)))
    }

    /// Makes all these writes, or none: those of one stage, or of several. The stages are still to be committed.
    pub fn apply(&self, writes: Vec<Arc<Write>>) -> Result<(), SubrosaError> {
        Ok(self.0.apply_writes(writes.iter().map(|write| write.0.clone()).collect())?)
    }

    /// All rows.
    pub fn rows(&self) -> Vec<Arc<Row>> {
        self.0.rows().into_iter().map(|row| Arc::new(Row(row))).collect()
    }

    /// The account, if one is stored.
    pub fn account(
        &self,
        address: Address,
        options: Option<AccountOptions>,
    ) -> Result<Option<Arc<Account>>, SubrosaError> {
        let options = options.map(Into::into).unwrap_or_default();
        Ok(self.0.account(&address.into(), &options)?.map(|account| Arc::new(Account(account))))
    }

    /// The sessions of an account with a device; empty if none are stored.
    pub fn session(&self, account: &Account, remote: Address) -> Result<Arc<Session>, SubrosaError> {
        Ok(Arc::new(Session(self.0.session(&account.0, &remote.into())?)))
    }

    /// The identity key that is pinned for an account, 33 bytes.
    pub fn identity(&self, name: String) -> Result<Option<Vec<u8>>, SubrosaError> {
        Ok(self.0.identity(&name)?)
    }

    /// Our sender key of a distribution, if one is stored.
    pub fn sender_key(
        &self,
        distribution_id: Option<String>,
    ) -> Result<Option<Arc<SenderKey>>, SubrosaError> {
        Ok(self.0.sender_key(distribution_id.as_deref())?.map(|key| Arc::new(SenderKey(key))))
    }

    /// The sender keys of a device; empty if none are stored.
    pub fn receiver_keys(
        &self,
        sender: Address,
        distribution_id: Option<String>,
    ) -> Result<Arc<ReceiverKeys>, SubrosaError> {
        Ok(Arc::new(ReceiverKeys(self.0.receiver_keys(&sender.into(), distribution_id.as_deref())?)))
    }

    /// The repair log of a device; empty if none is stored.
    pub fn repair_log(&self, peer: Address) -> Result<Arc<RepairLog>, SubrosaError> {
        Ok(Arc::new(RepairLog(self.0.repair_log(&peer.into())?)))
    }

    /// The devices with which there are sessions.
    pub fn peers(&self) -> Result<Vec<Address>, SubrosaError> {
        Ok(self.0.peers()?.into_iter().map(Into::into).collect())
    }

    /// The OMEMO account of a version, if one is stored.
    pub fn omemo_account(&self, version: OmemoVersion) -> Result<Option<Arc<OmemoAccount>>, SubrosaError> {
        Ok(self.0.omemo_account(version.into())?.map(|account| Arc::new(OmemoAccount(account))))
    }

    /// The OMEMO sessions of a version with a device; empty if none are stored.
    pub fn omemo_session(
        &self,
        version: OmemoVersion,
        remote: Address,
    ) -> Result<Arc<OmemoSession>, SubrosaError> {
        Ok(Arc::new(OmemoSession(self.0.omemo_session(version.into(), &remote.into())?)))
    }

    /// Deletes the session of a device that is no more.
    pub fn delete_session(&self, peer: Address) {
        self.0.delete_session(&peer.into());
    }
}

/// A key that seals records, for a store that others can read. Kept apart from it.
#[derive(uniffi::Object)]
pub struct RecordKey(core::RecordKey);

#[uniffi::export]
impl RecordKey {
    /// A fresh key.
    #[uniffi::constructor]
    pub fn generate() -> Arc<Self> {
        Arc::new(Self(core::RecordKey::generate()))
    }

    /// A key of 32 bytes.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::RecordKey::from_bytes(&Zeroizing::new(bytes))?)))
    }

    /// The 32 bytes, for the place where the key is kept: a copy that is the caller's to wipe.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// Seals the record of a row.
    pub fn seal(&self, key: Vec<u8>, record: Vec<u8>) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.seal(&key, &Zeroizing::new(record))?)
    }

    /// Opens the record of a row.
    pub fn open(&self, key: Vec<u8>, sealed: Vec<u8>) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.open(&key, &sealed)?.to_vec())
    }
}
