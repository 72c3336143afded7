// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekeys, which a device publishes so that others can begin a session while it is away.
//!
//! One-time, signed, one-time KEM and last-resort KEM prekeys are different types, so that none can be
//! used in another's place.

mod bundle;
pub(crate) mod byte_form;
mod kem;
mod kem_use;
mod one_time;
mod public;
mod signed;
#[cfg(feature = "libsignal")]
mod stored;

pub use bundle::{BundleError, PreKeyBundle, VerifiedBundle};
pub use kem::{LastResortKemPreKey, OneTimeKemPreKey};
pub use kem_use::KemPreKeyUse;
pub use one_time::OneTimePreKey;
pub use public::{KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
pub use signed::SignedPreKey;

pub use crate::ids::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
