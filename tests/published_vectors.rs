// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0 against vectors that others published: RFCs, NIST and Wycheproof; and against a second
//! implementation of ML-KEM.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "published_vectors/cipher.rs"]
mod cipher;
#[path = "published_vectors/curve.rs"]
mod curve;
#[path = "published_vectors/kdf.rs"]
mod kdf;
#[path = "published_vectors/kem.rs"]
mod kem;
#[path = "support/kyber.rs"]
mod kyber;
#[allow(dead_code, reason = "shared with the interop peer, which uses all of it")]
#[path = "peer/src/rng.rs"]
mod rng;
