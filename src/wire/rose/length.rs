// SPDX-License-Identifier: MIT OR Apache-2.0

//! The lengths of messages on the wire (rose 33 §4).

/// The lengths below the first padded one.
const SHORT: [usize; 6] = [384, 768, 1536, 3072, 6144, 12_288];
/// The longest of `SHORT`.
const LONGEST_SHORT: usize = 12_288;
/// Length of the longest message in bytes.
pub const MAX_LEN: usize = 1_048_576;

/// A message would be longer than 1,048,576 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too long for a message; send an attachment")]
pub struct TooLong;

/// The least wire length of at least `len` bytes.
///
/// ```text
/// W = { 384, 768, 1536, 3072, 6144, 12288 } and each L of up to 1,048,576 with padme(L) = L
/// padme(L): e = floor(log2 L);  s = floor(log2 e) + 1;  m = 2^(e−s) − 1;  (L + m) & ~m
/// ```
///
/// # Errors
/// [`TooLong`].
pub fn wire_length(len: usize) -> Result<usize, TooLong> {
    let wire = SHORT.into_iter().find(|short| *short >= len);
    wire.or_else(|| padme(len)).filter(|wire| *wire <= MAX_LEN).ok_or(TooLong)
}

/// Returns whether a message may have this length.
#[must_use]
pub fn is_wire_length(len: usize) -> bool {
    SHORT.contains(&len) || ((LONGEST_SHORT + 1..=MAX_LEN).contains(&len) && padme(len) == Some(len))
}

fn padme(len: usize) -> Option<usize> {
    let e = len.checked_ilog2()?;
    let s = e.checked_ilog2()? + 1;
    let m = (1_usize << (e - s)) - 1;
    Some(len.checked_add(m)? & !m)
}
