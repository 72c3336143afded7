// SPDX-License-Identifier: MIT OR Apache-2.0

#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
// Without the feature nobody sees what only researchers use; with it, everything unused is reported.
#![cfg_attr(not(feature = "hazmat"), allow(dead_code, unused_imports))]

extern crate alloc;

#[cfg(feature = "hazmat")]
pub mod hazmat;

mod address;
mod agreement;
mod crypto;
mod fingerprint;
mod identity;
mod prekey;
mod ratchet;
mod record;
mod sealed;
mod session;
mod staged;
mod timestamp;
mod wire;

pub use address::{Address, DeviceId, InvalidDeviceId, NotAServiceId, ServiceId, ServiceIdKind};
pub use agreement::AgreementError;
pub use crypto::curve::{KeyError, KeyPair, PrivateKey, PublicKey, ZeroAgreement};
pub use crypto::kem::{KemCiphertext, KemError, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
pub use crypto::secret::Secret;
pub use crypto::xeddsa::{SIGNATURE_LEN, Signature};
pub use fingerprint::{
    CompareError, DisplayableFingerprint, Fingerprint, FingerprintHash, FingerprintIterations,
    FingerprintVersion, InvalidIterationCount, ScannableFingerprint, ScannableFingerprintError,
};
pub use identity::{IdentityKey, IdentityKeyPair, Trust};
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
pub use sealed::certificate::{
    CertificateAuthority, CertificateError, CertificateRefused, DEPLOYED_REVOKED, SenderCertificate,
    SenderDetails, ServerCertificate, Signer, VerifiedSenderCertificate, deployed_server_certificates,
};
pub use session::{
    AcceptError, AcceptFailure, Admission, AdmitError, Ciphertext, DecryptError, EncryptError, InitiateError,
    KemKey, KemPreKeyEffect, KemPreKeyUse, KnownSession, Local, NeededPreKeys, NewSession, Plaintext, Policy,
    Requirements, ResponderKeys, Session, SessionChange, SessionEffects, StoredSessionError, Undecryptable,
};
pub use staged::{Staged, State};
pub use timestamp::Timestamp;
pub use wire::decryption_error::{DecryptionErrorMessage, DecryptionErrorMessageError};
pub use wire::message::{MessageKind, ParseError};
pub use wire::plaintext_content::{PlaintextContent, PlaintextContentError};
pub use wire::prekey_message::PreKeySignalMessage;
pub use wire::signal_message::SignalMessage;
