// SPDX-License-Identifier: MIT OR Apache-2.0

//! Digits for people.

use core::fmt;

use subtle::ConstantTimeEq;

use super::hash::FingerprintHash;

/// Digits for one party.
const HALF_LEN: usize = 30;
/// Digits in a group.
const GROUP_LEN: usize = 5;
/// Groups in a line of the alternate form.
const LINE_GROUPS: usize = 4;

/// 60 decimal digits that people compare. They are the same on both sides.
///
/// `{}` shows them in one piece, `{:#}` as people read them, in three lines of four groups of five:
///
/// ```
/// # use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintVersion};
/// # let [ours, theirs] = [1, 2].map(|byte| FingerprintHash::from_bytes([byte; 64]));
/// # let displayable = Fingerprint::new(FingerprintVersion::ACCOUNT, ours, theirs).displayable();
/// let shown = "10305 10305 10305 10305\n\
///              10305 10305 20610 20610\n\
///              20610 20610 20610 20610";
/// assert_eq!(format!("{displayable:#}"), shown);
/// ```
#[derive(Clone, Copy)]
pub struct DisplayableFingerprint([u8; Self::LEN]);

impl DisplayableFingerprint {
    /// The number of digits.
    pub const LEN: usize = 2 * HALF_LEN;

    pub(super) fn new(ours: &FingerprintHash, theirs: &FingerprintHash) -> Self {
        let [ours, theirs] = [ours, theirs].map(half);
        let (lesser, greater) = if ours < theirs { (ours, theirs) } else { (theirs, ours) };
        let mut digits = [0; Self::LEN];
        let (left, right) = digits.split_at_mut(HALF_LEN);
        left.copy_from_slice(&lesser);
        right.copy_from_slice(&greater);
        Self(digits)
    }

    /// The 60 digits in one piece.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The digits in twelve groups of five, for a layout of one's own.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.chunks_exact(GROUP_LEN).map(text)
    }
}

/// The digits of one party.
///
/// ```text
/// of each 5 bytes of the first 30 of the hash:  big-endian number mod 100,000, in five digits
/// ```
fn half(hash: &FingerprintHash) -> [u8; HALF_LEN] {
    let mut digits = hash.first::<HALF_LEN>();
    for group in digits.chunks_exact_mut(GROUP_LEN) {
        let mut number = group.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        for digit in group.iter_mut().rev() {
            let [units, ..] = (number % 10).to_le_bytes();
            *digit = b'0' + units;
            number /= 10;
        }
    }
    digits
}

/// ASCII digits as text.
fn text(digits: &[u8]) -> &str {
    core::str::from_utf8(digits).unwrap_or_default()
}

/// In constant time.
impl PartialEq for DisplayableFingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for DisplayableFingerprint {}

impl fmt::Display for DisplayableFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return f.pad(self.as_str());
        }
        for (at, group) in self.groups().enumerate() {
            f.write_str(match at % LINE_GROUPS {
                0 if at == 0 => "",
                0 => "\n",
                _ => " ",
            })?;
            f.write_str(group)?;
        }
        Ok(())
    }
}

impl fmt::Debug for DisplayableFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisplayableFingerprint({})", self.as_str())
    }
}
