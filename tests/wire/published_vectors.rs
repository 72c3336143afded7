// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0 against vectors that others published: RFCs, NIST and Wycheproof; and against a second
//! implementation of ML-KEM.

mod cipher;
mod curve;
mod kdf;
mod kem;
mod xwing;
