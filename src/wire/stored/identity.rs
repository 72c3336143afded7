// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored identity key pair.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const PUBLIC_KEY: u32 = 1;
const PRIVATE_KEY: u32 = 2;

/// An identity key pair: 69 bytes if well-formed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredIdentityKeyPair<'a> {
    /// The public key, 33 bytes.
    pub public_key: &'a [u8],
    /// The private key, 32 bytes.
    pub private_key: &'a [u8],
}

impl<'a> StoredIdentityKeyPair<'a> {
    /// Reads a pair. The keys are not decoded.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::from_fields(Fields::new(bytes))
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        self.encode_secret()
    }
}

impl<'a> Merge<'a> for StoredIdentityKeyPair<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                PUBLIC_KEY => self.public_key = field.bytes()?,
                PRIVATE_KEY => self.private_key = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredIdentityKeyPair<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes_unless_empty(PUBLIC_KEY, self.public_key);
        out.bytes_unless_empty(PRIVATE_KEY, self.private_key);
    }
}

impl fmt::Debug for StoredIdentityKeyPair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { public_key: _, private_key: _ } = self;
        f.write_str("StoredIdentityKeyPair(..)")
    }
}
