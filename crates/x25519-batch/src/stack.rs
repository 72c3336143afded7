// SPDX-License-Identifier: MIT OR Apache-2.0

//! Wiping of the stack that an operation used: of what the compiler puts there for want of registers, and leaves.

use zeroize::optimization_barrier;

/// More than any backend uses, with all that it calls.
const DEPTH: usize =
    if cfg!(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64")) {
        16 * 1024
    } else {
        3 * 1024
    };

/// Runs `operation`, and overwrites as much of the stack below its caller's frame as it uses.
pub(crate) fn wiped(operation: impl FnOnce()) {
    below(operation);
    wipe();
}

/// Runs `operation` in a frame of its own, with all that is inlined into it.
#[inline(never)]
fn below(operation: impl FnOnce()) {
    operation();
}

#[inline(never)]
fn wipe() {
    // Not in one expression, which would be a constant elsewhere.
    let area = [0_u8; DEPTH];
    optimization_barrier(&area);
}
