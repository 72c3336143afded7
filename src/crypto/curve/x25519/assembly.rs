// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519 by `graviola`: the routines of s2n-bignum, as inline assembly.
//!
//! `graviola` panics on a processor that lacks what it needs, so that is asked here before each call; the standard library
//! keeps the answer. It wipes its keys and the vector registers; [`stack::wiped`](crate::crypto::stack::wiped) around it
//! wipes the rest.

use graviola::key_agreement::x25519::{PublicKey, StaticPrivateKey};

use crate::crypto::secret::Secret;

/// Returns whether this processor has all the instructions that `graviola` asks for.
///
/// `--cfg subrosa_curve="portable"` says no to all of them. `"assembly"` does not ask for ADX: valgrind knows these
/// instructions, but denies it (and `graviola` must be built with `VALGRIND_BUG_494162` in the environment, then).
#[cfg(target_arch = "x86_64")]
pub(super) fn is_there() -> bool {
    use std::arch::is_x86_feature_detected as has;
    cfg!(not(subrosa_curve = "portable"))
        && (has!("adx") || cfg!(subrosa_curve = "assembly"))
        && has!("aes")
        && has!("avx")
        && has!("avx2")
        && has!("bmi1")
        && has!("bmi2")
        && has!("pclmulqdq")
}

/// Returns whether this processor has all the instructions that `graviola` asks for.
///
/// `--cfg subrosa_curve="portable"` says no to all of them.
#[cfg(target_arch = "aarch64")]
pub(super) fn is_there() -> bool {
    use std::arch::is_aarch64_feature_detected as has;
    cfg!(not(subrosa_curve = "portable")) && has!("aes") && has!("neon") && has!("pmull") && has!("sha2")
}

/// The public key of a private one; none without the processor.
pub(super) fn public_key(private: &Secret<32>) -> Option<[u8; 32]> {
    is_there().then(|| StaticPrivateKey::from_array(private.as_bytes()).public_key().as_bytes())
}

/// X25519; all zero if the public key is of low order, and none without the processor.
pub(super) fn agree(private: &Secret<32>, theirs: &[u8; 32]) -> Option<Secret<32>> {
    is_there().then(|| {
        let private = StaticPrivateKey::from_array(private.as_bytes());
        // The only error is that the result is zero.
        let shared = private.diffie_hellman(&PublicKey::from_array(theirs));
        shared.map_or_else(|_| Secret::zero(), |shared| Secret::new(shared.0))
    })
}
