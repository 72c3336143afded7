// SPDX-License-Identifier: MIT OR Apache-2.0

//! Byte strings that are cut into chunks.

use alloc::boxed::Box;
use core::fmt;

use super::CHUNK_LEN;

/// `N` times 32 public bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ByteString<const N: usize>(Box<[[u8; CHUNK_LEN]; N]>);

impl<const N: usize> ByteString<N> {
    /// The string of the given data chunks.
    #[must_use]
    pub const fn from_rows(rows: Box<[[u8; CHUNK_LEN]; N]>) -> Self {
        Self(rows)
    }

    /// The data chunks.
    #[must_use]
    pub const fn rows(&self) -> &[[u8; CHUNK_LEN]; N] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_flattened()
    }

    /// `left || right`; `A + B` must be `32·N`, or it does not compile.
    #[must_use]
    pub fn join<const A: usize, const B: usize>(left: &[u8; A], right: &[u8; B]) -> Self {
        const { assert!(A + B == N * CHUNK_LEN, "the two parts make up the whole") };
        let mut rows = Box::new([[0; CHUNK_LEN]; N]);
        let (first, last) = rows.as_flattened_mut().split_at_mut(A);
        first.copy_from_slice(left);
        last.copy_from_slice(right);
        Self(rows)
    }

    /// The first `A` and the last `B` bytes; `A + B` must be `32·N`, or it does not compile.
    #[must_use]
    pub fn split<const A: usize, const B: usize>(&self) -> ([u8; A], [u8; B]) {
        const { assert!(A + B == N * CHUNK_LEN, "the two parts make up the whole") };
        let (mut left, mut right) = ([0; A], [0; B]);
        let (first, last) = self.as_bytes().split_at(A);
        left.copy_from_slice(first);
        right.copy_from_slice(last);
        (left, right)
    }

    /// All bytes; `A` must be `32·N`, or it does not compile.
    #[must_use]
    pub fn to_array<const A: usize>(&self) -> [u8; A] {
        let (whole, []) = self.split::<A, 0>();
        whole
    }
}

impl<const N: usize> fmt::Debug for ByteString<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rows) = self;
        write!(f, "ByteString({} bytes)", rows.as_flattened().len())
    }
}
