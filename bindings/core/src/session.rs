// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions.

use std::fmt;

use subrosa::session::Requirements;
use subrosa::{Timestamp, os_rng};
use zeroize::Zeroizing;

use crate::account::Account;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::plain::{Address, Outgoing, Pinned};
use crate::stage::Stage;
use crate::state::Shared;

/// The sessions with one remote device: the current one and archived ones.
#[derive(Clone)]
pub struct Session(pub(crate) Shared<subrosa::Session>);

impl Session {
    pub(crate) fn of(session: subrosa::Session) -> Self {
        Self(Shared::new(session))
    }

    /// Reads a stored record, for a session of this account with the same device.
    pub fn from_record(record: &[u8], account: &Account, remote: &Address) -> Result<Self, Error> {
        let account = account.0.lock();
        let session = subrosa::Session::from_record(record, account.address().clone(), remote.to_subrosa())?;
        Ok(Self::of(session.with_policy(account.config().policy)))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// This device.
    pub fn local(&self) -> Address {
        self.0.lock().local().into()
    }

    /// The remote device.
    pub fn remote(&self) -> Address {
        self.0.lock().remote().into()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.lock().generation()
    }

    /// The version of the current session: 4 (PQXDH), or 3 (X3DH); none without one.
    pub fn version(&self) -> Option<u8> {
        self.0.lock().version()
    }

    /// The identity key that the current session is with, 33 bytes.
    pub fn remote_identity(&self) -> Option<Vec<u8>> {
        self.0.lock().remote_identity().map(|key| key.encode().into())
    }

    /// The registration id of the remote device in the current session.
    pub fn remote_registration_id(&self) -> Option<u32> {
        self.0.lock().remote_registration_id()
    }

    /// Returns whether a message can be sent; if not, fetch a bundle.
    pub fn is_usable(&self, now_ms: u64) -> bool {
        self.0.lock().is_usable(Timestamp::from_millis(now_ms), Requirements::default())
    }

    /// Verifies a bundle and begins a session from it.
    pub fn initiate(
        &self,
        account: &Account,
        bundle: &Bundle,
        pinned: Option<&[u8]>,
        now_ms: u64,
    ) -> Result<Stage<()>, Error> {
        let bundle = bundle.0.clone().verify(Pinned::new(pinned)?.trust())?;
        let (account, mut session) = (account.0.lock(), self.0.lock());
        let now = Timestamp::from_millis(now_ms);
        let staged = session.initiate(&account.config(), bundle, now, &mut os_rng())?;
        Ok(Stage::of(staged, &self.0, |()| ()))
    }

    /// Encrypts a text for the remote device.
    pub fn encrypt(&self, text: &[u8], pinned: Option<&[u8]>, now_ms: u64) -> Result<Stage<Outgoing>, Error> {
        let pinned = Pinned::new(pinned)?;
        let (mut session, now) = (self.0.lock(), Timestamp::from_millis(now_ms));
        let staged = session.encrypt(text, pinned.trust(), now, &mut os_rng())?;
        Ok(Stage::of(staged, &self.0, |message| message.into()))
    }

    /// Archives the current session: the next message begins another one.
    pub fn archive(&self) -> Result<Stage<()>, Error> {
        Ok(Stage::of(self.0.lock().archive()?, &self.0, |()| ()))
    }

    /// Archives all sessions for good.
    pub fn retire(&self) -> Result<Stage<()>, Error> {
        Ok(Stage::of(self.0.lock().retire()?, &self.0, |()| ()))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0.lock(), f)
    }
}
