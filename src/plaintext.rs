// SPDX-License-Identifier: MIT OR Apache-2.0

//! Decrypted plaintexts.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use zeroize::Zeroizing;

use crate::crypto::curve::PublicKey;
use crate::identity::IdentityKey;

/// A decrypted message: wiped when dropped, not shown by `Debug`.
#[derive(PartialEq, Eq)]
pub struct Plaintext {
    bytes: Zeroizing<Vec<u8>>,
    /// Whoever it is: an `Option` would carry stale stack bytes along where it is none.
    identity: IdentityKey,
    is_known: bool,
}

impl Plaintext {
    pub(crate) const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        let identity = IdentityKey::new(PublicKey::from_bytes([0; 32]));
        Self { bytes, identity, is_known: false }
    }

    /// The same, sent by the holder of this identity key.
    pub(crate) fn sent_by(self, identity: Option<&IdentityKey>) -> Self {
        match identity {
            Some(identity) => Self { identity: *identity, is_known: true, ..self },
            None => self,
        }
    }

    /// The identity key that the message was decrypted with: its session's, or the one that distributed its sender key.
    /// None of an attachment, nor where a stored sender key does not tell.
    #[must_use]
    pub const fn identity(&self) -> Option<&IdentityKey> {
        if self.is_known { Some(&self.identity) } else { None }
    }

    /// The bytes, which are wiped when dropped.
    #[must_use]
    pub fn into_zeroizing(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, identity: _, is_known: _ } = self;
        write!(f, "Plaintext({} bytes)", bytes.len())
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
