// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions.

use std::sync::Arc;

use subrosa_binding as core;

use crate::account::Account;
use crate::bundle::Bundle;
use crate::error::SubrosaError;
use crate::plain::Address;
use crate::stage::{StagedChange, StagedMessage};

/// The sessions with one remote device: the current one and archived ones.
#[derive(uniffi::Object)]
pub struct Session(pub(crate) core::Session);

#[uniffi::export]
impl Session {
    /// Reads a stored record, for a session of this account with the same device.
    #[uniffi::constructor]
    pub fn from_record(
        record: Vec<u8>,
        account: &Account,
        remote: Address,
    ) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::Session::from_record(&record, &account.0, &remote.into())?)))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// An empty session between two addresses, to move another one to: `account.new_session` knows the account's present
    /// address alone.
    #[uniffi::constructor]
    pub fn empty(local: Address, remote: Address) -> Arc<Self> {
        Arc::new(Self(core::Session::empty(&local.into(), &remote.into())))
    }

    /// Moves all sessions to another address of the same device, or of this one. `to` is what is stored under the new
    /// address, or an empty session with it: after the commit it has them all, and this one has none. `pinned` is the
    /// identity key that is pinned for the new name. Messages of version 4 between service ids carry both: such sessions
    /// are `Bound` to them.
    #[uniffi::method(default(pinned = None))]
    pub fn move_to(
        &self,
        account: &Account,
        to: &Session,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.move_to(&account.0, &to.0, pinned.as_deref())?)))
    }

    /// This device.
    pub fn local(&self) -> Address {
        self.0.local().into()
    }

    /// The remote device.
    pub fn remote(&self) -> Address {
        self.0.remote().into()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// The version of the current session: 4 (PQXDH), or 3 (X3DH).
    pub fn version(&self) -> Option<u8> {
        self.0.version()
    }

    /// The identity key that the current session is with, 33 bytes.
    pub fn remote_identity(&self) -> Option<Vec<u8>> {
        self.0.remote_identity()
    }

    /// The registration id of the remote device in the current session.
    pub fn remote_registration_id(&self) -> Option<u32> {
        self.0.remote_registration_id()
    }

    /// Whether a message can be sent; if not, fetch a bundle.
    pub fn is_usable(&self, now_ms: u64) -> bool {
        self.0.is_usable(now_ms)
    }

    /// Verifies a bundle and begins a session from it. `pinned` is the identity key that is pinned for the peer's
    /// account, none at a first contact.
    #[uniffi::method(default(pinned = None))]
    pub fn initiate(
        &self,
        account: &Account,
        bundle: &Bundle,
        now_ms: u64,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedChange>, SubrosaError> {
        let staged = self.0.initiate(&account.0, &bundle.0, pinned.as_deref(), now_ms)?;
        Ok(Arc::new(StagedChange(staged)))
    }

    /// Encrypts a text for the remote device.
    #[uniffi::method(default(pinned = None))]
    pub fn encrypt(
        &self,
        text: Vec<u8>,
        now_ms: u64,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedMessage>, SubrosaError> {
        Ok(Arc::new(StagedMessage(self.0.encrypt(&text, pinned.as_deref(), now_ms)?)))
    }

    /// Archives the current session: the next message begins another one.
    pub fn archive(&self) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.archive()?)))
    }

    /// Archives all sessions for good.
    pub fn retire(&self) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.retire()?)))
    }
}
