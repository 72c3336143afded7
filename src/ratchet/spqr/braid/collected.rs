// SPDX-License-Identifier: MIT OR Apache-2.0

//! The outcome of collecting chunks.

use alloc::boxed::Box;

use crate::crypto::erasure::Chunk;

/// The effect of a chunk on a state that collects them.
pub(in crate::ratchet::spqr) enum Collected<T> {
    /// It is one more, and others are needed.
    More(Chunk),
    /// It was the last one, and leads to another state. Boxed, because it has secrets that must not be moved.
    Complete(Box<T>),
}

impl<T> Collected<T> {
    pub(in crate::ratchet::spqr) fn complete(state: T) -> Self {
        Self::Complete(Box::new(state))
    }
}
