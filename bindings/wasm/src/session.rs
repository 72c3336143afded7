// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::account::Account;
use crate::bundle::Bundle;
use crate::error::{Fallible, thrown};
use crate::object::{count, millis};
use crate::plain::Address;
use crate::stage::{StagedChange, StagedMessage};

/// The sessions with one remote device: the current one and archived ones.
#[wasm_bindgen]
pub struct Session(pub(crate) core::Session);

#[wasm_bindgen]
impl Session {
    /// Reads a stored record, for a session of this account with the same device.
    #[wasm_bindgen(js_name = fromRecord)]
    pub fn from_record(record: &[u8], account: &Account, remote: &Address) -> Fallible<Self> {
        Ok(Self(core::Session::from_record(record, &account.0, &remote.0).map_err(thrown)?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// An empty session between two addresses, to move another one to: `account.newSession` knows the account's present
    /// address alone.
    pub fn empty(local: &Address, remote: &Address) -> Self {
        Self(core::Session::empty(&local.0, &remote.0))
    }

    /// Moves all sessions to another address of the same device, or of this one. `to` is what is stored under the new
    /// address, or an empty session with it: after the commit it has them all, and this one has none. `pinned` is the
    /// identity key that is pinned for the new name. Messages of version 4 between service ids carry both: such sessions
    /// are `Bound` to them.
    #[wasm_bindgen(js_name = moveTo)]
    pub fn move_to(
        &self,
        account: &Account,
        to: &Session,
        pinned: Option<Vec<u8>>,
    ) -> Fallible<StagedChange> {
        self.0.move_to(&account.0, &to.0, pinned.as_deref()).map(StagedChange).map_err(thrown)
    }

    /// This device.
    #[wasm_bindgen(getter)]
    pub fn local(&self) -> Address {
        Address(self.0.local())
    }

    /// The remote device.
    #[wasm_bindgen(getter)]
    pub fn remote(&self) -> Address {
        Address(self.0.remote())
    }

    /// Number of changes that were committed.
    #[wasm_bindgen(getter)]
    pub fn generation(&self) -> f64 {
        count(self.0.generation())
    }

    /// The version of the current session: 4 (PQXDH), or 3 (X3DH).
    #[wasm_bindgen(getter)]
    pub fn version(&self) -> Option<u8> {
        self.0.version()
    }

    /// The identity key that the current session is with, 33 bytes.
    #[wasm_bindgen(getter, js_name = remoteIdentity)]
    pub fn remote_identity(&self) -> Option<Vec<u8>> {
        self.0.remote_identity()
    }

    /// The registration id of the remote device in the current session.
    #[wasm_bindgen(getter, js_name = remoteRegistrationId)]
    pub fn remote_registration_id(&self) -> Option<u32> {
        self.0.remote_registration_id()
    }

    /// Whether a message can be sent; if not, fetch a bundle.
    #[wasm_bindgen(js_name = isUsable)]
    pub fn is_usable(&self, now: f64) -> Fallible<bool> {
        Ok(self.0.is_usable(millis(now)?))
    }

    /// Verifies a bundle and begins a session from it. `pinned` is the identity key that is pinned for the peer's
    /// account, undefined at a first contact.
    pub fn initiate(
        &self,
        account: &Account,
        bundle: &Bundle,
        now: f64,
        pinned: Option<Vec<u8>>,
    ) -> Fallible<StagedChange> {
        let staged = self.0.initiate(&account.0, &bundle.0, pinned.as_deref(), millis(now)?);
        staged.map(StagedChange).map_err(thrown)
    }

    /// Encrypts a text for the remote device.
    pub fn encrypt(&self, text: &[u8], now: f64, pinned: Option<Vec<u8>>) -> Fallible<StagedMessage> {
        self.0.encrypt(text, pinned.as_deref(), millis(now)?).map(StagedMessage).map_err(thrown)
    }

    /// Archives the current session: the next message begins another one.
    pub fn archive(&self) -> Fallible<StagedChange> {
        self.0.archive().map(StagedChange).map_err(thrown)
    }

    /// Archives all sessions for good.
    pub fn retire(&self) -> Fallible<StagedChange> {
        self.0.retire().map(StagedChange).map_err(thrown)
    }
}
