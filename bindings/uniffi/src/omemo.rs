// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO.

use std::sync::Arc;

use subrosa_binding as core;
use zeroize::Zeroizing;

use crate::bundle::PublicPreKey;
use crate::delivery::DeviceFailure;
use crate::error::SubrosaError;
use crate::plain::Address;
use crate::stage::{StagedChange, StagedOmemoMessages, StagedOmemoText};

/// A version of OMEMO. They share nothing on the wire.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum OmemoVersion {
    /// `eu.siacs.conversations.axolotl`.
    Legacy,
    /// `urn:xmpp:omemo:2`.
    Two,
}

impl From<OmemoVersion> for core::OmemoVersion {
    fn from(version: OmemoVersion) -> Self {
        match version {
            OmemoVersion::Legacy => Self::Legacy,
            OmemoVersion::Two => Self::Two,
        }
    }
}

/// The XML namespace of a version.
#[uniffi::export]
pub fn omemo_namespace(version: OmemoVersion) -> String {
    core::OmemoVersion::from(version).namespace().to_owned()
}

/// What a device publishes.
#[derive(uniffi::Record)]
pub struct OmemoBundle {
    /// The number of the device.
    pub device: u32,
    /// The identity key: 32 bytes, legacy 33.
    pub identity_key: Vec<u8>,
    /// The signed prekey, 32 bytes, legacy 33, with its signature, 64 bytes.
    pub signed_pre_key: PublicPreKey,
    /// One-time prekeys, which have no signature: about 100, at least 25 (legacy 20).
    pub pre_keys: Vec<PublicPreKey>,
}

impl From<core::OmemoBundle> for OmemoBundle {
    fn from(bundle: core::OmemoBundle) -> Self {
        let core::OmemoBundle { device, identity_key, signed_pre_key, signature, pre_keys } = bundle;
        let plain = |pre_key: core::OmemoPreKey, signature| PublicPreKey {
            id: pre_key.id,
            key: pre_key.key,
            signature,
        };
        Self {
            device,
            identity_key,
            signed_pre_key: plain(signed_pre_key, signature),
            pre_keys: pre_keys.into_iter().map(|pre_key| plain(pre_key, Vec::new())).collect(),
        }
    }
}

impl From<OmemoBundle> for core::OmemoBundle {
    fn from(bundle: OmemoBundle) -> Self {
        let OmemoBundle { device, identity_key, signed_pre_key, pre_keys } = bundle;
        let PublicPreKey { id, key, signature } = signed_pre_key;
        let plain = |pre_key: PublicPreKey| core::OmemoPreKey { id: pre_key.id, key: pre_key.key };
        Self {
            device,
            identity_key,
            signed_pre_key: core::OmemoPreKey { id, key },
            signature,
            pre_keys: pre_keys.into_iter().map(plain).collect(),
        }
    }
}

/// Our device in one version: its identity and prekeys.
#[derive(uniffi::Object)]
pub struct OmemoAccount(pub(crate) core::OmemoAccount);

#[uniffi::export]
impl OmemoAccount {
    /// A device with a fresh identity, without prekeys. Its number is random, 1 to 2^31 - 1, and unique in the account.
    /// It is stored with its first prekeys.
    #[uniffi::constructor]
    pub fn generate(version: OmemoVersion, device: u32) -> Arc<Self> {
        Arc::new(Self(core::OmemoAccount::generate(version.into(), device)))
    }

    /// A device with the identity of another account, as the two versions share it: a seed of 32 bytes.
    #[uniffi::constructor]
    pub fn from_seed(version: OmemoVersion, device: u32, seed: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        let account = core::OmemoAccount::from_seed(version.into(), device, &Zeroizing::new(seed))?;
        Ok(Arc::new(Self(account)))
    }

    /// The seed of the identity, 32 bytes, for an account of the other version. Secret.
    pub fn seed(&self) -> Option<Vec<u8>> {
        self.0.seed().map(|seed| seed.to_vec())
    }

    /// Reads a stored record.
    #[uniffi::constructor]
    pub fn from_record(record: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::OmemoAccount::from_record(&Zeroizing::new(record))?)))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// The number of the device.
    pub fn device(&self) -> u32 {
        self.0.device()
    }

    /// The public identity key: 32 bytes, legacy 33.
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// Makes prekeys: a signed one, at first and once a week to once a month, of which the one before stays; and as many
    /// one-time ones as there are less than `stock`. Publish the bundle after the commit.
    #[uniffi::method(default(stock = 100))]
    pub fn renew(&self, signed: bool, stock: u32) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.renew(signed, stock)?)))
    }

    /// The numbers of the one-time prekeys that are here.
    pub fn pre_key_ids(&self) -> Vec<u32> {
        self.0.pre_key_ids()
    }

    /// Removes one-time prekeys that were kept while the archive was read.
    pub fn remove_pre_keys(&self, ids: Vec<u32>) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.remove_pre_keys(&ids)?)))
    }

    /// What to publish; none before the first prekeys.
    pub fn bundle(&self) -> Option<OmemoBundle> {
        self.0.bundle().map(Into::into)
    }

    /// Signs the label of this device, for version 2; 64 bytes.
    pub fn sign_label(&self, label: String) -> Vec<u8> {
        self.0.sign_label(&label)
    }
}

/// The fingerprint of an identity key, to compare: eight groups of eight hex digits, the same in both versions.
#[uniffi::export]
pub fn omemo_fingerprint(version: OmemoVersion, identity_key: Vec<u8>) -> Result<String, SubrosaError> {
    Ok(core::omemo_fingerprint(version.into(), &identity_key)?)
}

/// Whether the device of an identity signed its label. Version 2 only: a label is ignored otherwise.
#[uniffi::export]
pub fn omemo_verify_label(
    identity_key: Vec<u8>,
    label: String,
    signature: Vec<u8>,
) -> Result<bool, SubrosaError> {
    Ok(core::omemo_verify_label(&identity_key, &label, &signature)?)
}

/// A message for one device.
#[derive(uniffi::Record)]
pub struct OmemoMessage {
    /// The device.
    pub address: Address,
    /// Whether the XML says that it has a key exchange: `kex`, legacy `prekey`.
    pub key_exchange: bool,
    /// The bytes, for base64.
    pub bytes: Vec<u8>,
}

impl From<core::OmemoMessage> for OmemoMessage {
    fn from(core::OmemoMessage { address, key_exchange, bytes }: core::OmemoMessage) -> Self {
        Self { address: address.into(), key_exchange, bytes }
    }
}

/// What a message of a device said.
#[derive(uniffi::Object)]
pub struct OmemoReceived(pub(crate) core::OmemoReceived);

#[uniffi::export]
impl OmemoReceived {
    /// The key material, which opens the payload. Secret.
    pub fn key_material(&self) -> Vec<u8> {
        self.0.key_material.to_vec()
    }

    /// Whether it began a session: publish the bundle anew then, since a one-time prekey is used.
    pub fn began(&self) -> bool {
        self.0.began
    }

    /// Whether an empty message is due, unless something else is sent.
    pub fn answer_due(&self) -> bool {
        self.0.answer_due
    }
}

/// The sessions with one device.
#[derive(uniffi::Object)]
pub struct OmemoSession(pub(crate) core::OmemoSession);

#[uniffi::export]
impl OmemoSession {
    /// No session yet with a device: its account's bare address, and its number.
    #[uniffi::constructor]
    pub fn new(version: OmemoVersion, remote: Address) -> Arc<Self> {
        Arc::new(Self(core::OmemoSession::new(version.into(), &remote.into())))
    }

    /// Reads a stored record, of the same device.
    #[uniffi::constructor]
    pub fn from_record(record: Vec<u8>, remote: Address) -> Result<Arc<Self>, SubrosaError> {
        let session = core::OmemoSession::from_record(&Zeroizing::new(record), &remote.into())?;
        Ok(Arc::new(Self(session)))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// The device.
    pub fn remote(&self) -> Address {
        self.0.remote().into()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// Whether there is a session that can send.
    pub fn is_begun(&self) -> bool {
        self.0.is_begun()
    }

    /// The identity key of the session that sends.
    pub fn remote_identity(&self) -> Option<Vec<u8>> {
        self.0.remote_identity()
    }

    /// Verifies a bundle and begins a session from it. `known` is the identity key that is known for the device, none at
    /// a first contact.
    #[uniffi::method(default(known = None))]
    pub fn begin(
        &self,
        account: &OmemoAccount,
        bundle: OmemoBundle,
        known: Option<Vec<u8>>,
    ) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.begin(&account.0, &bundle.into(), known.as_deref())?)))
    }

    /// Decrypts the key material of a message of this device. The identity key that is `known` for it is asked for where
    /// the message has a key exchange. `keep` leaves the one-time prekey that it used, while the archive is read.
    #[uniffi::method(default(known = None, keep = false))]
    pub fn receive(
        &self,
        account: &OmemoAccount,
        key_exchange: bool,
        bytes: Vec<u8>,
        known: Option<Vec<u8>>,
        keep: bool,
    ) -> Result<Arc<StagedOmemoText>, SubrosaError> {
        let staged = self.0.receive(&account.0, (key_exchange, &bytes), known.as_deref(), keep)?;
        Ok(Arc::new(StagedOmemoText(staged)))
    }
}

/// Messages for many devices, and the devices that could not be encrypted for.
#[derive(uniffi::Record)]
pub struct OmemoEachResult {
    /// The stage of all that could be encrypted.
    pub stage: Arc<StagedOmemoMessages>,
    /// The others: look at them before the stage is committed.
    pub failures: Vec<DeviceFailure>,
}

/// Encrypts key material for many devices in one call and one stage.
#[uniffi::export]
pub fn omemo_encrypt_each(
    sessions: Vec<Arc<OmemoSession>>,
    key_material: Vec<u8>,
) -> Result<OmemoEachResult, SubrosaError> {
    let sessions: Vec<core::OmemoSession> = sessions.iter().map(|session| session.0.clone()).collect();
    let (stage, failures) = core::omemo_encrypt_each(&sessions, &Zeroizing::new(key_material))?;
    let failures = failures.into_iter().map(Into::into).collect();
    Ok(OmemoEachResult { stage: Arc::new(StagedOmemoMessages(stage)), failures })
}

/// The payload of a stanza, and the key material that each device gets through its session.
#[derive(uniffi::Object)]
pub struct OmemoPayload(core::OmemoPayload);

#[uniffi::export]
impl OmemoPayload {
    /// The content of `<payload>`, before base64; empty for an empty message, which has none.
    pub fn payload(&self) -> Vec<u8> {
        self.0.payload.clone()
    }

    /// Legacy: the content of `<iv>`, 12 bytes; empty in version 2.
    pub fn iv(&self) -> Vec<u8> {
        self.0.iv.clone()
    }

    /// What `omemo_encrypt_each` encrypts. Secret.
    pub fn key_material(&self) -> Vec<u8> {
        self.0.key_material.to_vec()
    }
}

/// Seals what a stanza says: an SCE envelope in version 2, a text in the legacy one.
#[uniffi::export]
pub fn omemo_seal(version: OmemoVersion, plaintext: Vec<u8>) -> Arc<OmemoPayload> {
    Arc::new(OmemoPayload(core::omemo_seal(version.into(), &Zeroizing::new(plaintext))))
}

/// An empty message: the answer that is due after a key exchange.
#[uniffi::export]
pub fn omemo_empty(version: OmemoVersion) -> Arc<OmemoPayload> {
    Arc::new(OmemoPayload(core::omemo_empty(version.into())))
}

/// Opens a payload with the key material that came through a session. `iv` is empty in version 2.
#[uniffi::export]
pub fn omemo_open(
    version: OmemoVersion,
    payload: Vec<u8>,
    iv: Vec<u8>,
    key_material: Vec<u8>,
) -> Result<Vec<u8>, SubrosaError> {
    Ok(core::omemo_open(version.into(), &payload, &iv, &Zeroizing::new(key_material))?.to_vec())
}

/// The text of SCE's `<rpad/>` for an envelope of `len` bytes without it: up to `minimum`, and 0 to 200 characters more.
#[uniffi::export]
pub fn omemo_padding(len: u32, minimum: u32) -> String {
    core::omemo_padding(len, minimum)
}
