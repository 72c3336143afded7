// SPDX-License-Identifier: MIT OR Apache-2.0

//! Decrypted plaintexts.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use zeroize::Zeroizing;

/// A decrypted message: wiped when dropped, not shown by `Debug`.
#[derive(PartialEq, Eq)]
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    pub(crate) const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, which are wiped when dropped.
    #[must_use]
    pub fn into_zeroizing(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn all_ways_to_the_bytes_are_the_same() {
        let text = Plaintext::new(Zeroizing::new(vec![3, 1, 4]));
        assert_eq!((&*text, text.as_ref()), (&[3, 1, 4][..], &[3, 1, 4][..]));
        assert_eq!(*text.into_zeroizing(), [3, 1, 4]);
    }
}
