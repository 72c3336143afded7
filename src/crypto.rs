// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0: primitives. Fixed-size arrays in and out; knows no protocol.

pub mod cbc;
pub mod ctr;
pub mod curve;
#[cfg(feature = "omemo")]
pub mod ed25519;
pub mod erasure;
pub mod gcm;
#[cfg(feature = "omemo")]
pub mod gcm128;
pub mod gcm_siv;
pub mod gf16;
pub mod hpke;
pub mod kdf;
pub mod kem;
pub mod kem768;
pub(crate) mod key_error;
pub(crate) mod mac;
#[cfg(feature = "rose")]
pub mod ml_kem;
pub mod secret;
pub(crate) mod stack;
pub mod xeddsa;
#[cfg(feature = "rose")]
pub mod xwing;
