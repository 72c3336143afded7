// SPDX-License-Identifier: MIT OR Apache-2.0

//! Wiping of the stack that an operation used.
//!
//! A value that Rust moves is copied, and its old place is not wiped; nor do the crates below us wipe all that they
//! spill. So operations on secrets run through [`wiped`], which overwrites the stack that they used.

use zeroize::optimization_barrier;

/// `bytes` where wide vectors are used, which take most of it; a quarter elsewhere.
const fn with_vectors(bytes: usize) -> usize {
    if cfg!(target_arch = "x86_64") { bytes } else { bytes / 4 }
}

/// The stack depth of an operation.
pub(crate) struct Depth<const BYTES: usize>;

/// AES in modes that encrypt a block at a time.
pub(crate) const AES: Depth<{ with_vectors(4 * 1024) }> = Depth;
/// AES in modes that take many blocks at once.
pub(crate) const AES_WIDE: Depth<{ with_vectors(13 * 1024) }> = Depth;
/// X25519, and XEdDSA.
pub(crate) const CURVE: Depth<{ with_vectors(7 * 1024) }> = Depth;
/// Key encapsulation. Much the same on all targets, because polynomials take most of it.
pub(crate) const KEM: Depth<{ 44 * 1024 }> = Depth;
/// Decapsulation with a key that is made from its seed in the same place.
#[cfg(feature = "rose")]
pub(crate) const KEM_OF_SEED: Depth<{ 56 * 1024 }> = Depth;
/// A message of the rose profile: several AES in wide modes below our own frames.
#[cfg(feature = "rose")]
pub(crate) const ROSE: Depth<{ with_vectors(13 * 1024) + 6 * 1024 }> = Depth;
/// Our own frames above those: sending or receiving a message, beginning a session.
pub(crate) const OPERATION: Depth<{ 6 * 1024 }> = Depth;

/// Runs `operation`, and overwrites as much of the stack below its caller's frame as it uses.
///
/// Values that `operation` takes and returns may be copied to that frame itself: it should take references.
pub(crate) fn wiped<const BYTES: usize, T>(_: Depth<BYTES>, operation: impl FnOnce() -> T) -> T {
    let result = below(operation);
    wipe::<BYTES>();
    result
}

/// Runs `operation` in a frame of its own, with all that is inlined into it.
#[inline(never)]
fn below<T>(operation: impl FnOnce() -> T) -> T {
    operation()
}

#[inline(never)]
fn wipe<const BYTES: usize>() {
    // Not in one expression, which would be a constant elsewhere.
    let area = [0_u8; BYTES];
    optimization_barrier(&area);
}
