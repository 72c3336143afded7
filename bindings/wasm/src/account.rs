// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::bundle::Upload;
use crate::error::{Fallible, thrown};
use crate::object::{self, count, millis};
use crate::plain::Address;
use crate::sealed::{CertificateTrust, SealedContent, UnverifiedContent};
use crate::session::Session;
use crate::stage::{StagedAccount, StagedChange, StagedText, StagedUpload};

#[wasm_bindgen(typescript_custom_section)]
const OPTIONS: &str = r"
/** Settings of an account. Not stored: given whenever an account is made or read. */
export interface AccountOptions {
    /** Number of one-time prekeys of each kind that are made at once. 100. */
    batch?: number;
    /** Stock below which new ones are made. 20. */
    low?: number;
    /** Whether the account has KEM prekeys. Yes; no for deployments of version 3. */
    kemPreKeys?: boolean;
    /** The highest prekey id. 2^24 - 1. */
    maxId?: number;
    /** Whether sessions of version 3 may be begun. No. */
    allowVersion3?: boolean;
    /** Whether a session is begun with one-time prekeys or not at all. No. */
    requireOneTime?: boolean;
    /** Length in bytes of the longest message that is received, without its envelope. 262,144. */
    messageLen?: number;
    /** Number of messages that one from another device of the own account may skip. 1,048,576. */
    ownJump?: number;
}
";

#[wasm_bindgen]
extern "C" {
    /// Settings.
    #[wasm_bindgen(typescript_type = "AccountOptions")]
    pub type AccountOptions;
}

/// Reads settings; what is not given is as usual.
pub fn options(given: Option<AccountOptions>) -> Fallible<core::AccountOptions> {
    let usual = core::AccountOptions::default();
    let Some(given) = given.map(JsValue::from) else { return Ok(usual) };
    let number = |name, usual| Ok::<_, JsValue>(object::optional_number(&given, name)?.unwrap_or(usual));
    let flag = |name, usual| object::get(&given, name).map_or(usual, |value| value.is_truthy());
    Ok(core::AccountOptions {
        batch: number("batch", usual.batch)?,
        low: number("low", usual.low)?,
        kem_pre_keys: flag("kemPreKeys", usual.kem_pre_keys),
        max_id: number("maxId", usual.max_id)?,
        allow_version_3: flag("allowVersion3", usual.allow_version_3),
        require_one_time: flag("requireOneTime", usual.require_one_time),
        message_len: number("messageLen", usual.message_len)?,
        own_jump: number("ownJump", usual.own_jump)?,
    })
}

/// The identity key pair, registration id, and all prekeys of a device.
#[wasm_bindgen]
pub struct Account(pub(crate) core::Account);

#[wasm_bindgen]
impl Account {
    /// A new account, without prekeys yet.
    pub fn generate(address: &Address, options: Option<AccountOptions>) -> Fallible<StagedAccount> {
        core::Account::generate(&address.0, &self::options(options)?).map(StagedAccount).map_err(thrown)
    }

    /// The address of this device.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> Address {
        Address(self.0.address())
    }

    /// Moves the account to another address of this device: from a telephone number to a service id, say. After the
    /// commit this object is at the new address. Sessions and the keys of groups move by themselves, with a stage each:
    /// store the writes of all of them in one transaction, then commit each.
    #[wasm_bindgen(js_name = moveTo)]
    pub fn move_to(&self, address: &Address) -> Fallible<StagedChange> {
        self.0.move_to(&address.0).map(StagedChange).map_err(thrown)
    }

    /// The public identity key, 33 bytes.
    #[wasm_bindgen(getter, js_name = identityKey)]
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key()
    }

    /// The registration id.
    #[wasm_bindgen(getter, js_name = registrationId)]
    pub fn registration_id(&self) -> u32 {
        self.0.registration_id()
    }

    /// Number of changes that were committed.
    #[wasm_bindgen(getter)]
    pub fn generation(&self) -> f64 {
        count(self.0.generation())
    }

    /// An empty session with another device.
    #[wasm_bindgen(js_name = newSession)]
    pub fn new_session(&self, peer: &Address) -> Session {
        Session(self.0.new_session(&peer.0))
    }

    /// All the upkeep that is due: every day, and when the service says that keys run low. `oneTime` and `oneTimeKem`
    /// are its stock, `now` is `Date.now()`.
    pub fn maintain(&self, one_time: u32, one_time_kem: u32, now: f64) -> Fallible<StagedUpload> {
        self.0.maintain(one_time, one_time_kem, millis(now)?).map(StagedUpload).map_err(thrown)
    }

    /// Notes that the service has an upload.
    #[wasm_bindgen(js_name = confirmUploaded)]
    pub fn confirm_uploaded(&self, upload: &Upload, now: f64) -> Fallible<StagedChange> {
        self.0.confirm_uploaded(&upload.0, millis(now)?).map(StagedChange).map_err(thrown)
    }

    /// What the service has not confirmed yet.
    pub fn upload(&self) -> Upload {
        Upload(self.0.upload())
    }

    /// The token to keep elsewhere, by which `isRestored` tells; 36 bytes.
    #[wasm_bindgen(getter, js_name = backupToken)]
    pub fn backup_token(&self) -> Vec<u8> {
        self.0.backup_token()
    }

    /// Whether the store was restored from a backup since `token` was kept. Call `recover` then.
    #[wasm_bindgen(js_name = isRestored)]
    pub fn is_restored(&self, token: &[u8]) -> Fallible<bool> {
        self.0.is_restored(token).map_err(thrown)
    }

    /// Makes all prekeys anew, after a restore.
    pub fn recover(&self, token: Option<Vec<u8>>, now: f64) -> Fallible<StagedUpload> {
        self.0.recover(token.as_deref(), millis(now)?).map(StagedUpload).map_err(thrown)
    }

    /// Decrypts a message of a session, first or later. `pinned` is the identity key that is pinned for the sender,
    /// undefined at a first contact.
    pub fn receive(
        &self,
        session: &Session,
        kind: u8,
        bytes: &[u8],
        pinned: Option<Vec<u8>>,
    ) -> Fallible<StagedText> {
        self.0.receive(&session.0, kind, bytes, pinned.as_deref()).map(StagedText).map_err(thrown)
    }

    /// Decrypts the message in an envelope. `session` is the one with the certified sender, which is checked.
    #[wasm_bindgen(js_name = receiveSealed)]
    pub fn receive_sealed(
        &self,
        session: &Session,
        content: &SealedContent,
        pinned: Option<Vec<u8>>,
    ) -> Fallible<StagedText> {
        self.0.receive_sealed(&session.0, &content.0, pinned.as_deref()).map(StagedText).map_err(thrown)
    }

    /// Opens an envelope and verifies its sender. `taken` is when the service took it, as it says; `e164` our own
    /// phone number, if certificates name those.
    #[wasm_bindgen(js_name = openSealed)]
    pub fn open_sealed(
        &self,
        envelope: &[u8],
        trust: &CertificateTrust,
        taken: f64,
        e164: Option<String>,
    ) -> Fallible<SealedContent> {
        let opened = self.0.open_sealed(envelope, &trust.0, e164.as_deref(), millis(taken)?);
        opened.map(SealedContent).map_err(thrown)
    }

    /// Opens an envelope without verifying its sender, for advice about one that `openSealed` refused: say since the
    /// certificate has expired.
    #[wasm_bindgen(js_name = openUnverified)]
    pub fn open_unverified(&self, envelope: &[u8]) -> Fallible<UnverifiedContent> {
        self.0.open_unverified(envelope).map(UnverifiedContent).map_err(thrown)
    }

    /// Signs bytes with the identity key; 64 bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes)
    }
}
