// SPDX-License-Identifier: MIT OR Apache-2.0

#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
// Without the feature nobody sees what only researchers use; with it, everything unused is reported.
#![cfg_attr(not(feature = "hazmat"), allow(dead_code, unused_imports))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "hazmat")]
pub mod hazmat;

mod account;
mod address;
mod agreement;
mod attachment;
mod crypto;
mod delivery;
mod fingerprint;
mod group;
mod identity;
mod plaintext;
mod prekey;
mod ratchet;
mod record;
mod repair;
mod sealed;
mod session;
mod staged;
mod timestamp;
mod wire;

pub use account::{
    Account, AccountChange, AccountEffects, AccountError, AccountImport, AccountLimits, AccountRow,
    FirstMessage, FirstMessageError, IdSpace, IdsExhausted, ImportError, NamedPreKey, NewAccount,
    PreKeyUpload, RefillPlan, ServiceCounts, StoreCheck, StoreToken,
};
pub use address::{Address, DeviceId, InvalidDeviceId, NotAServiceId, ServiceId, ServiceIdKind};
pub use agreement::AgreementError;
pub use attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentEnd, AttachmentError, AttachmentKey,
    AttachmentManifest, AttachmentVerifier, ChunkSize, ChunkTooLarge, IncrementalMac, IncrementalMacBuilder,
    IncrementalMacError, IncrementalMacVerifier, NotAnIncrementalMac, UnfinishedAttachment, ZeroChunkSize,
};
#[cfg(feature = "std")]
pub use attachment::{AttachmentReader, AttachmentWriter, IncrementalMacReader, IncrementalMacWriter};
pub use crypto::curve::{KeyError, KeyPair, PrivateKey, PublicKey, ZeroAgreement};
pub use crypto::kem::{KemCiphertext, KemError, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
pub use crypto::secret::Secret;
pub use crypto::xeddsa::{SIGNATURE_LEN, Signature};
pub use delivery::{Correction, Delivery, DeviceFailure, DeviceMessage, GaveUp, ServiceAnswer, encrypt_each};
pub use fingerprint::{
    CompareError, DisplayableFingerprint, Fingerprint, FingerprintHash, FingerprintIterations,
    FingerprintVersion, InvalidIterationCount, ScannableFingerprint, ScannableFingerprintError,
};
pub use group::{
    GroupDecryptError, GroupEncryptError, LearnError, ReceiverKeys, ReceiverKeysChange, SenderKey,
    SenderKeyChange, StoredSenderKeyError,
};
pub use identity::{IdentityAgreement, IdentityKey, IdentityKeyPair, StoredKeyError, Trust};
pub use plaintext::Plaintext;
pub use prekey::{
    BundleError, KemPreKey, KemPreKeyId, KemPreKeyPublic, LastResortKemPreKey, OneTimeKemPreKey,
    OneTimePreKey, OneTimePreKeyId, OneTimePreKeyPublic, PreKeyBundle, SignedPreKey, SignedPreKeyId,
    SignedPreKeyPublic, VerifiedBundle,
};
pub use rand_core;
pub use ratchet::braid::BraidError;
pub use ratchet::chain::ChainExhausted;
pub use ratchet::double::DoubleRatchetError;
pub use ratchet::triple::{ReceiveError, SendError};
pub use record::{Record, RecordError, RecordKey, RecordKind};
pub use repair::{
    Advice, Failure, Rate, RepairAnswer, RepairChange, RepairLog, RepairPolicy, RepairRefused, Resend,
    ResendRequest, Show,
};
pub use sealed::certificate::{
    CertificateAuthority, CertificateError, CertificateMemory, CertificateRefused, DEPLOYED_REVOKED,
    SenderCertificate, SenderDetails, ServerCertificate, Signer, VerifiedSenderCertificate,
    deployed_server_certificates,
};
pub use sealed::content::{LocalDevice, SenderRefused, UnverifiedContent, VerifiedContent};
pub use sealed::envelope::{OpenError, SealError};
pub use sealed::many::{RecipientError, SealManyError, SealedForMany, SealedRecipient};
pub use sealed::receive::{
    NewSealedSession, SealedAdmission, SealedMessage, SealedReceiveError, SessionMessage, Unsealed,
};
pub use sealed::sender::{ForeignCertificate, SealedEncryptError, SealedSender};
pub use sealed::sent::{Devices, ReceivedParts, Recipient, SentMessage, SentMessageError};
pub use session::{
    AcceptError, AcceptFailure, Admission, AdmitError, AppendedCiphertext, DecryptError, DecryptInPlaceError,
    DecryptedInPlace, EncryptError, InitialSecrecy, InitiateError, KemKey, KemPreKeyEffect, KemPreKeyUse,
    KnownSession, Local, NeededPreKeys, NewSession, PlaintextMut, Policy, Requirements, ResponderKeys,
    Session, SessionChange, SessionEffects, StoredSessionError, Undecryptable,
};
pub use staged::{InPlace, Received, Staged, StagedAll, StagedInPlace, State, Stored};
pub use timestamp::Timestamp;
pub use wire::ciphertext::Ciphertext;
pub use wire::decryption_error::{DecryptionErrorMessage, DecryptionErrorMessageError};
pub use wire::distribution_id::{DistributionId, NotADistributionId, SenderKeyFormat};
pub use wire::message::{MessageKind, ParseError};
pub use wire::plaintext_content::{PlaintextContent, PlaintextContentError};
pub use wire::prekey_message::PreKeySignalMessage;
pub use wire::sealed_content::ContentHint;
pub use wire::sender_key_distribution::SenderKeyDistributionMessage;
pub use wire::sender_key_message::SenderKeyMessage;
pub use wire::signal_message::SignalMessage;
