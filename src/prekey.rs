// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekeys: what a device publishes so that others can start a session while it is away.
//!
//! One-time, signed, one-time KEM and last-resort KEM prekeys are different types, so that none can be
//! used in another's place.

mod bundle;
mod kem;
mod one_time;
mod signed;
mod stored;

pub use bundle::{
    BundleError, KemPreKeyPublic, OneTimePreKeyPublic, PreKeyBundle, SignedPreKeyPublic, VerifiedBundle,
};
pub use kem::{KemPreKey, KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey};
pub use one_time::{OneTimePreKey, OneTimePreKeyId};
pub use signed::{SignedPreKey, SignedPreKeyId};
