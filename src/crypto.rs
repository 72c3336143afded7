// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0: primitives. Fixed-size arrays in and out; knows no protocol.

pub mod cbc;
pub mod curve;
pub mod gcm;
pub mod kdf;
pub mod kem;
pub mod secret;
pub mod xeddsa;
