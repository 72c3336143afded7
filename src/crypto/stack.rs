// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a function leaves on the stack below its caller.
//!
//! A value that Rust moves is copied, and the place that it came from is not wiped; nor do the crates below us wipe all
//! that they spill. So what works with secrets runs through [`wiped`], and the stack that it used is overwritten.

use zeroize::optimization_barrier;

/// As `bytes` where wide vectors are used, which take most of it; other code of the same purpose needs less.
const fn with_vectors(bytes: usize) -> usize {
    if cfg!(target_arch = "x86_64") { bytes } else { bytes / 4 }
}

/// How much of the stack an operation uses.
pub(crate) struct Depth<const BYTES: usize>;

/// AES in modes that encrypt a block at a time.
pub(crate) const AES: Depth<{ with_vectors(4 * 1024) }> = Depth;
/// AES in modes that take many blocks at once.
pub(crate) const AES_WIDE: Depth<{ with_vectors(13 * 1024) }> = Depth;
/// X25519, and XEdDSA.
pub(crate) const CURVE: Depth<{ with_vectors(7 * 1024) }> = Depth;
/// Key encapsulation. Much the same everywhere, as it is polynomials.
pub(crate) const KEM: Depth<{ 44 * 1024 }> = Depth;
/// Our own frames above those: of a message that is sent or received, or a session that begins.
pub(crate) const OPERATION: Depth<{ 6 * 1024 }> = Depth;

/// Runs `operation`, and overwrites as much of the stack below its caller's frame as it uses.
///
/// What `operation` takes and gives by value may be copied to that frame itself: it should take references.
pub(crate) fn wiped<const BYTES: usize, T>(_: Depth<BYTES>, operation: impl FnOnce() -> T) -> T {
    let result = below(operation);
    wipe::<BYTES>();
    result
}

/// Has a frame of its own, and so has all that is inlined into it.
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
