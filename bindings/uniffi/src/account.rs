// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts.

use std::sync::Arc;

use subrosa_binding as core;

use crate::bundle::Upload;
use crate::error::SubrosaError;
use crate::plain::Address;
use crate::sealed::{CertificateTrust, SealedContent, UnverifiedContent};
use crate::session::Session;
use crate::stage::{StagedAccount, StagedChange, StagedText, StagedUpload};

/// Settings of an account. Not stored: given whenever an account is made or read.
#[derive(uniffi::Record)]
pub struct AccountOptions {
    /// Number of one-time prekeys of each kind that are made at once.
    #[uniffi(default = 100)]
    pub batch: u32,
    /// Stock below which new ones are made.
    #[uniffi(default = 20)]
    pub low: u32,
    /// Whether the account has KEM prekeys; no for deployments of version 3.
    #[uniffi(default = true)]
    pub kem_pre_keys: bool,
    /// The highest prekey id.
    #[uniffi(default = 16777215)]
    pub max_id: u32,
    /// Whether sessions of version 3 may be begun.
    #[uniffi(default = false)]
    pub allow_version_3: bool,
    /// Whether a session is begun with one-time prekeys or not at all.
    #[uniffi(default = false)]
    pub require_one_time: bool,
    /// Length in bytes of the longest message that is received, without its envelope.
    #[uniffi(default = 262144)]
    pub message_len: u32,
    /// Number of messages that one from another device of the own account may skip.
    #[uniffi(default = 1048576)]
    pub own_jump: u32,
}

impl From<AccountOptions> for core::AccountOptions {
    fn from(options: AccountOptions) -> Self {
        Self {
            batch: options.batch,
            low: options.low,
            kem_pre_keys: options.kem_pre_keys,
            max_id: options.max_id,
            allow_version_3: options.allow_version_3,
            require_one_time: options.require_one_time,
            message_len: options.message_len,
            own_jump: options.own_jump,
        }
    }
}

/// The identity key pair, registration id, and all prekeys of a device.
#[derive(uniffi::Object)]
pub struct Account(pub(crate) core::Account);

/// A new account, without prekeys yet.
#[uniffi::export(default(options = None))]
pub fn generate_account(
    address: Address,
    options: Option<AccountOptions>,
) -> Result<Arc<StagedAccount>, SubrosaError> {
    let options = options.map(Into::into).unwrap_or_default();
    Ok(Arc::new(StagedAccount(core::Account::generate(&address.into(), &options)?)))
}

#[uniffi::export]
impl Account {
    /// The address of this device.
    pub fn address(&self) -> Address {
        self.0.address().into()
    }

    /// Moves the account to another address of this device: from a telephone number to a service id, say. After the
    /// commit this object is at the new address. Sessions and the keys of groups move by themselves, with a stage each:
    /// store the writes of all of them in one transaction, then commit each.
    pub fn move_to(&self, address: Address) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.move_to(&address.into())?)))
    }

    /// The public identity key, 33 bytes.
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key()
    }

    /// The registration id.
    pub fn registration_id(&self) -> u32 {
        self.0.registration_id()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// An empty session with another device.
    pub fn new_session(&self, peer: Address) -> Arc<Session> {
        Arc::new(Session(self.0.new_session(&peer.into())))
    }

    /// All the upkeep that is due: every day, and when the service says that keys run low. `one_time` and
    /// `one_time_kem` are its stock; times are milliseconds since 1970.
    pub fn maintain(
        &self,
        one_time: u32,
        one_time_kem: u32,
        now_ms: u64,
    ) -> Result<Arc<StagedUpload>, SubrosaError> {
        Ok(Arc::new(StagedUpload(self.0.maintain(one_time, one_time_kem, now_ms)?)))
    }

    /// Notes that the service has an upload.
    pub fn confirm_uploaded(&self, upload: &Upload, now_ms: u64) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.confirm_uploaded(&upload.0, now_ms)?)))
    }

    /// What the service has not confirmed yet.
    pub fn upload(&self) -> Arc<Upload> {
        Arc::new(Upload(self.0.upload()))
    }

    /// The token to keep elsewhere, by which `is_restored` tells; 36 bytes.
    pub fn backup_token(&self) -> Vec<u8> {
        self.0.backup_token()
    }

    /// Whether the store was restored from a backup since the token was kept. Call `recover` then.
    pub fn is_restored(&self, token: Vec<u8>) -> Result<bool, SubrosaError> {
        Ok(self.0.is_restored(&token)?)
    }

    /// Makes all prekeys anew, after a restore.
    pub fn recover(&self, token: Option<Vec<u8>>, now_ms: u64) -> Result<Arc<StagedUpload>, SubrosaError> {
        Ok(Arc::new(StagedUpload(self.0.recover(token.as_deref(), now_ms)?)))
    }

    /// Decrypts a message of a session, first or later. `pinned` is the identity key that is pinned for the sender,
    /// none at a first contact.
    #[uniffi::method(default(pinned = None))]
    pub fn receive(
        &self,
        session: &Session,
        kind: u8,
        bytes: Vec<u8>,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedText>, SubrosaError> {
        Ok(Arc::new(StagedText(self.0.receive(&session.0, kind, &bytes, pinned.as_deref())?)))
    }

    /// Decrypts the message in an envelope. `session` is the one with the certified sender, which is checked.
    #[uniffi::method(default(pinned = None))]
    pub fn receive_sealed(
        &self,
        session: &Session,
        content: &SealedContent,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedText>, SubrosaError> {
        Ok(Arc::new(StagedText(self.0.receive_sealed(&session.0, &content.0, pinned.as_deref())?)))
    }

    /// Opens an envelope and verifies its sender. `taken_ms` is when the service took it, as it says; `e164` our own
    /// phone number, if certificates name those.
    #[uniffi::method(default(e164 = None))]
    pub fn open_sealed(
        &self,
        envelope: Vec<u8>,
        trust: &CertificateTrust,
        taken_ms: u64,
        e164: Option<String>,
    ) -> Result<Arc<SealedContent>, SubrosaError> {
        let content = self.0.open_sealed(&envelope, &trust.0, e164.as_deref(), taken_ms)?;
        Ok(Arc::new(SealedContent(content)))
    }

    /// Opens an envelope without verifying its sender, for advice about one that `open_sealed` refused: say since the
    /// certificate has expired.
    pub fn open_unverified(&self, envelope: Vec<u8>) -> Result<Arc<UnverifiedContent>, SubrosaError> {
        Ok(Arc::new(UnverifiedContent(self.0.open_unverified(&envelope)?)))
    }

    /// Signs bytes with the identity key; 64 bytes.
    pub fn sign(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.sign(&bytes)
    }
}
