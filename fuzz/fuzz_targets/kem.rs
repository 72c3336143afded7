// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM-1024 and Kyber-1024 in one piece, as prekeys have them, and ML-KEM-768 in two halves, as the braid has
//! it, beside the crate `ml-kem`: the same keys, ciphertexts, secrets and refusals, for keys from seeds, for
//! damaged keys, and for ciphertexts that are damaged or anything. Kyber is `ml-kem` with the third round's hashing
//! around it.
//!
//! The differences that are meant:
//!
//! * Prekeys whose coefficients are not reduced are taken, as deployed; `ml-kem` refuses them, as FIPS 203 §7.2 says.
//! * Secret keys with a wrong hash or such a public half are taken, as deployed; `ml-kem` refuses them (§7.3).
//! * Kyber's keys come from the seed without the rank, so that a seed gives other keys: they are compared as keys,
//!   not by seed.

#![no_main]
#![allow(deprecated, reason = "the expanded form of secret keys is the one that is deployed")]

#[path = "../support/kem1024.rs"]
mod kem1024;
#[path = "../support/kem768.rs"]
mod kem768;
#[path = "../../tests/support/kyber.rs"]
mod kyber;
#[path = "../support/patches.rs"]
mod patches;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input {
    OnePiece(kem1024::Input),
    Halves(kem768::Input),
}

fuzz_target!(|input: Input| match input {
    Input::OnePiece(input) => kem1024::check(&input),
    Input::Halves(input) => kem768::check(&input),
});
