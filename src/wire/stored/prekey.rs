// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stored prekeys.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const ID: u32 = 1;
const PUBLIC_KEY: u32 = 2;
const PRIVATE_KEY: u32 = 3;
const SIGNATURE: u32 = 4;
const TIMESTAMP: u32 = 5;

/// A one-time prekey.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredPreKey<'a> {
    /// The id; 0 is a valid one.
    pub id: u32,
    /// The public key, 33 bytes.
    pub public_key: &'a [u8],
    /// The private key, 32 bytes.
    pub private_key: &'a [u8],
}

impl<'a> StoredPreKey<'a> {
    /// Reads a prekey. The keys are not decoded.
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

impl<'a> Merge<'a> for StoredPreKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                ID => self.id = field.uint32()?,
                PUBLIC_KEY => self.public_key = field.bytes()?,
                PRIVATE_KEY => self.private_key = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredPreKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(ID, self.id);
        out.bytes_unless_empty(PUBLIC_KEY, self.public_key);
        out.bytes_unless_empty(PRIVATE_KEY, self.private_key);
    }
}

impl fmt::Debug for StoredPreKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, public_key: _, private_key: _ } = self;
        write!(f, "StoredPreKey({id}, ..)")
    }
}

/// A signed prekey, or a Kyber prekey, whose message is the same. Nothing distinguishes a one-time Kyber prekey from a
/// last-resort one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredSignedPreKey<'a> {
    /// The id; 0 is a valid one.
    pub id: u32,
    /// The public key: 33 bytes, or of a Kyber prekey 1,569.
    pub public_key: &'a [u8],
    /// The private key: 32 bytes, or of a Kyber prekey 3,169.
    pub private_key: &'a [u8],
    /// The signature over the public key, 64 bytes. Not verified again.
    pub signature: &'a [u8],
    /// When the prekey was made, in milliseconds since 1970.
    pub timestamp: u64,
}

impl<'a> StoredSignedPreKey<'a> {
    /// Reads a prekey. The keys are not decoded.
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

impl<'a> Merge<'a> for StoredSignedPreKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                ID => self.id = field.uint32()?,
                PUBLIC_KEY => self.public_key = field.bytes()?,
                PRIVATE_KEY => self.private_key = field.bytes()?,
                SIGNATURE => self.signature = field.bytes()?,
                TIMESTAMP => self.timestamp = field.fixed64()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredSignedPreKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(ID, self.id);
        out.bytes_unless_empty(PUBLIC_KEY, self.public_key);
        out.bytes_unless_empty(PRIVATE_KEY, self.private_key);
        out.bytes_unless_empty(SIGNATURE, self.signature);
        if self.timestamp != 0 {
            out.fixed64(TIMESTAMP, self.timestamp);
        }
    }
}

impl fmt::Debug for StoredSignedPreKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, public_key: _, private_key: _, signature: _, timestamp } = self;
        write!(f, "StoredSignedPreKey({id}, made at {timestamp}, ..)")
    }
}
