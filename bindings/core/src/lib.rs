// SPDX-License-Identifier: MIT OR Apache-2.0

//! [`subrosa`] in plain types, for bindings to other languages: bytes, strings, numbers, and owned stages.
//!
//! The faces - WebAssembly, C, Python and others - are thin layers over this crate, and offer the same:
//!
//! * States ([`Account`], [`Session`], [`SenderKey`], [`ReceiverKeys`], [`RepairLog`]) are handles: cheap to clone,
//!   safe to share between threads. Dropping the last one wipes the secrets.
//! * Whatever changes a state gives a [`Stage`]: `writes` are stored in one transaction, then `commit` gives the
//!   output. Before that the output can't be had, but for the transaction itself. While a stage is open its states are
//!   `Busy`. A stage that is dropped changes nothing.
//! * A key that is pinned for the peer is passed as its 33 bytes; none stands for a first contact.
//! * There is one [`Error`], with a [`Code`] whose name and number are the same in every language.

mod account;
mod attachment;
mod bundle;
mod delivery;
mod error;
mod fingerprint;
mod group;
mod moved;
#[cfg(feature = "omemo")]
mod omemo;
mod plain;
mod repair;
mod sealed;
mod session;
mod stage;
mod state;
mod store;

pub use account::{Account, AccountOptions};
pub use attachment::{
    AttachmentDecryptor, AttachmentEncryptor, Manifest, decrypt_attachment, encrypt_attachment,
};
pub use bundle::{Bundle, BundleParts, SignedKey, Upload};
pub use delivery::{Answer, Correction, Delivery, DeviceFailure, DeviceMessage, Each, archive, encrypt_each};
pub use error::{Code, Error};
pub use fingerprint::{Fingerprint, Party};
pub use group::{ReceiverKeys, SenderKey, distribution_id_of, generate_distribution_id};
#[cfg(feature = "omemo")]
pub use omemo::{
    OmemoAccount, OmemoBundle, OmemoMessage, OmemoPayload, OmemoPreKey, OmemoReceived, OmemoSession,
    OmemoVersion, omemo_empty, omemo_encrypt_each, omemo_fingerprint, omemo_open, omemo_padding, omemo_seal,
    omemo_verify_label,
};
pub use plain::{Address, Failure, KeyPair, Outgoing, Show};
pub use repair::{Advice, RepairLog, Resend, ResendRequest};
pub use sealed::{
    CertificateTrust, LeftOut, ManySealed, SealedContent, SealedSender, SenderClaims, ServerRecipient,
    UnverifiedContent, issue_sender_certificate, issue_server_certificate, sender_claims, split_for_many,
};
pub use session::Session;
pub use stage::Stage;
pub use store::{RecordKey, Row, Store, Write};
