// SPDX-License-Identifier: MIT OR Apache-2.0

//! The caller's buffer, and a few bytes that are ready but did not fit.

use zeroize::Zeroizing;

/// The caller's buffer while it is filled.
pub(super) struct Buffer<'a> {
    out: &'a mut [u8],
    written: usize,
}

impl<'a> Buffer<'a> {
    pub(super) const fn new(out: &'a mut [u8]) -> Self {
        Self { out, written: 0 }
    }

    /// Number of bytes written.
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    pub(super) const fn is_full(&self) -> bool {
        self.written == self.out.len()
    }

    /// Where to write.
    pub(super) fn left(&mut self) -> &mut [u8] {
        self.out.get_mut(self.written..).unwrap_or_default()
    }

    /// Keeps the first `count` bytes that were written there, and gives them.
    pub(super) fn keep(&mut self, count: usize) -> &[u8] {
        let from = self.written;
        self.written = from.saturating_add(count).min(self.out.len());
        self.out.get(from..self.written).unwrap_or_default()
    }
}

/// Up to `N` bytes that are ready, handed out from the front; wiped when dropped.
pub(super) struct Ready<const N: usize> {
    bytes: Zeroizing<[u8; N]>,
    next: usize,
    end: usize,
}

impl<const N: usize> Ready<N> {
    pub(super) fn new() -> Self {
        Self { bytes: Zeroizing::new([0; N]), next: 0, end: 0 }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// The bytes that are still to be handed out.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.next..self.end).unwrap_or_default()
    }

    /// Replaces the bytes by `bytes`, at most `N`.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= N, "they fit");
        (self.next, self.end) = (0, bytes.len().min(N));
        copy(bytes, self.bytes.as_mut_slice());
    }

    /// Hands out as many bytes as there is room for.
    pub(super) fn drain(&mut self, buffer: &mut Buffer<'_>) {
        let count = copy(self.rest(), buffer.left());
        buffer.keep(count);
        self.next += count;
    }
}

/// Copies as much as fits, and gives the number of bytes.
pub(super) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    count
}
