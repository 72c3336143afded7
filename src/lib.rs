// SPDX-License-Identifier: MIT OR Apache-2.0

#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
// Items that are public only with `hazmat` are neither without it.
#![cfg_attr(feature = "hazmat", warn(unreachable_pub, unnameable_types))]
#![cfg_attr(not(feature = "hazmat"), allow(unused_imports, reason = "exported only with `hazmat`"))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod account;
pub mod address;
pub mod attachment;
pub mod delivery;
pub mod fingerprint;
pub mod group;
#[cfg(feature = "hazmat")]
pub mod hazmat;
pub mod keys;
#[cfg(feature = "libsignal")]
pub mod libsignal;
#[cfg(feature = "omemo")]
pub mod omemo;
pub mod prekey;
pub mod repair;
#[cfg(feature = "rose")]
pub mod rose;
pub mod sealed;
pub mod session;
pub mod store;

mod agreement;
mod crypto;
mod failure;
mod identity;
mod ids;
mod lease;
mod memory;
mod message;
mod plaintext;
mod profile;
mod ratchet;
mod record;
mod staged;
mod timestamp;
mod wire;
mod writes;

pub use account::Account;
pub use address::{Address, ServiceId};
pub use identity::{IdentityKey, IdentityKeyPair, Trust};
pub use ids::DeviceId;
#[cfg(feature = "os-rng")]
pub use keys::os_rng;
pub use message::Message;
pub use plaintext::Plaintext;
pub use prekey::{BundleError, PreKeyBundle, VerifiedBundle};
pub use rand_core;
pub use record::{Record, RecordError, RecordKey};
pub use session::{DecryptError, EncryptError, Session};
#[cfg(target_has_atomic = "ptr")]
pub use staged::Detached;
pub use staged::Staged;
pub use timestamp::Timestamp;
pub use wire::ciphertext::Ciphertext;
pub use wire::message::{MessageKind, ParseError};

/// The programs of the changelog's migration section.
#[cfg(doctest)]
#[doc = include_str!("../CHANGELOG.md")]
struct Migration;
