// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts.

use std::fmt;

use subrosa::account::{BackupCheck, BackupToken, Counts, Limits};
use subrosa::sealed::Body;
use subrosa::session::{Policy, ReceiveLimits};
use subrosa::{Timestamp, os_rng};
use zeroize::Zeroizing;

use crate::bundle::Upload;
use crate::error::{Code, Error};
use crate::plain::{Address, Pinned, array, message};
use crate::sealed::SealedContent;
use crate::session::Session;
use crate::stage::Stage;
use crate::state::Shared;

/// Settings of an account. Not stored: given whenever an account is made or read.
#[derive(Clone, Debug)]
pub struct AccountOptions {
    /// Number of one-time prekeys of each kind that are made at once. 100.
    pub batch: u32,
    /// Stock below which new ones are made. 20.
    pub low: u32,
    /// Whether the account has KEM prekeys. Yes; no for deployments of version 3.
    pub kem_pre_keys: bool,
    /// The highest prekey id. 2^24 - 1, as in Signal's clients.
    pub max_id: u32,
    /// Whether sessions of version 3 may be begun. No.
    pub allow_version_3: bool,
    /// Whether a session is begun with one-time prekeys or not at all. No.
    pub require_one_time: bool,
    /// Length in bytes of the longest message that is received, without its envelope. 262,144.
    pub message_len: u32,
    /// Number of messages that one from another device of our own account may skip. 1,048,576.
    pub own_jump: u32,
}

impl Default for AccountOptions {
    fn default() -> Self {
        let Limits { batch, low, kem_pre_keys, max_id, .. } = Limits::default();
        let ReceiveLimits { message_len, own_jump } = ReceiveLimits::default();
        Self {
            batch,
            low,
            kem_pre_keys,
            max_id,
            allow_version_3: false,
            require_one_time: false,
            message_len: u32::try_from(message_len).unwrap_or(u32::MAX),
            own_jump,
        }
    }
}

impl AccountOptions {
    pub(crate) fn limits(&self) -> Limits {
        let Self { batch, low, kem_pre_keys, max_id, .. } = *self;
        Limits { batch, low, kem_pre_keys, max_id, ..Limits::default() }
    }

    fn receive_limits(&self) -> ReceiveLimits {
        let message_len = usize::try_from(self.message_len).unwrap_or(usize::MAX);
        ReceiveLimits { message_len, own_jump: self.own_jump }
    }
}

/// The identity key pair, registration id, and all prekeys of a device.
#[derive(Clone)]
pub struct Account(pub(crate) Shared<subrosa::Account>);

impl Account {
    pub(crate) fn of(account: subrosa::Account, options: &AccountOptions) -> Self {
        let policy = if options.allow_version_3 { Policy::AllowVersion3 } else { Policy::PostQuantum };
        let account = account.with_policy(policy).with_receive_limits(options.receive_limits());
        Self(Shared::new(if options.require_one_time { account.requiring_one_time() } else { account }))
    }

    /// A new account, without prekeys yet.
    pub fn generate(address: &Address, options: &AccountOptions) -> Result<Stage<Self>, Error> {
        let staged = subrosa::Account::generate(address.to_subrosa(), options.limits(), &mut os_rng())?;
        Ok(Stage::of_new(&staged.writes(), Self::of(staged.commit(), options)))
    }

    /// The address of this device.
    pub fn address(&self) -> Address {
        self.0.lock().address().into()
    }

    /// The public identity key, 33 bytes.
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.lock().identity_key().encode().into()
    }

    /// The registration id.
    pub fn registration_id(&self) -> u32 {
        self.0.lock().registration_id()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.lock().generation()
    }

    /// An empty session with another device.
    pub fn new_session(&self, peer: &Address) -> Session {
        Session::of(self.0.lock().new_session(&peer.to_subrosa()))
    }

    /// All the upkeep that is due: deletes expired keys, replaces old ones, makes new ones where few are left. Every
    /// day, and when the service says that keys run low. `one_time` and `one_time_kem` are its stock.
    pub fn maintain(&self, one_time: u32, one_time_kem: u32, now_ms: u64) -> Result<Stage<Upload>, Error> {
        let (counts, now) = (Counts { one_time, one_time_kem }, Timestamp::from_millis(now_ms));
        Ok(Stage::of(self.0.lock().maintain(counts, now, &mut os_rng())?, &self.0, Upload::of))
    }

    /// Notes that the service has an upload.
    pub fn confirm_uploaded(&self, upload: &Upload, now_ms: u64) -> Result<Stage<()>, Error> {
        let mut account = self.0.lock();
        let staged =
            upload.with(|upload| account.confirm_uploaded(upload, Timestamp::from_millis(now_ms)))?;
        Ok(Stage::of(staged, &self.0, |()| ()))
    }

    /// What the service has not confirmed yet.
    pub fn upload(&self) -> Upload {
        Upload::of(&self.0.lock().upload())
    }

    /// The token to keep elsewhere, by which [`is_restored`](Self::is_restored) tells; 36 bytes.
    pub fn backup_token(&self) -> Vec<u8> {
        self.0.lock().token().to_bytes().into()
    }

    /// Returns whether the store was restored from a backup since `token` was kept. Call [`recover`](Self::recover)
    /// then.
    pub fn is_restored(&self, token: &[u8]) -> Result<bool, Error> {
        let token = BackupToken::from_bytes(&array(token, "a backup token")?);
        Ok(self.0.lock().check(&token) == BackupCheck::Restored)
    }

    /// Makes all prekeys anew, after a restore.
    pub fn recover(&self, token: Option<&[u8]>, now_ms: u64) -> Result<Stage<Upload>, Error> {
        let token = token.map(|token| array(token, "a backup token")).transpose()?;
        let token = token.map(|token| BackupToken::from_bytes(&token));
        let mut account = self.0.lock();
        let staged = account.recover(token.as_ref(), Timestamp::from_millis(now_ms), &mut os_rng())?;
        Ok(Stage::of(staged, &self.0, Upload::of))
    }

    /// Decrypts a message of a session, first or later. Store the text in the transaction of the writes: the message
    /// can't be decrypted again.
    pub fn receive(
        &self,
        session: &Session,
        kind: u8,
        bytes: &[u8],
        pinned: Option<&[u8]>,
    ) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        self.receive_message(session, &message(kind, bytes)?, pinned)
    }

    /// Decrypts the message in an envelope. `session` is the one with the certified sender, which is checked.
    pub fn receive_sealed(
        &self,
        session: &Session,
        content: &SealedContent,
        pinned: Option<&[u8]>,
    ) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        match content.body()? {
            Body::Session(message) => self.receive_message(session, &message, pinned),
            _ => Err(Error::new(Code::OtherKind, "the envelope holds no message of a session".into(), None)),
        }
    }

    fn receive_message(
        &self,
        session: &Session,
        message: &subrosa::Message<'_>,
        pinned: Option<&[u8]>,
    ) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        let pinned = Pinned::new(pinned)?;
        let (mut account, mut locked) = (self.0.lock(), session.0.lock());
        let staged = account.receive(&mut locked, message, pinned.trust(), &mut os_rng())?;
        Ok(Stage::of_two(staged, (&self.0, &session.0), |text| Zeroizing::new(text.to_vec())))
    }

    /// Signs bytes with the identity key; 64 bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.lock().identity().sign(&[bytes], &mut os_rng()).into()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0.lock(), f)
    }
}
