// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of requests and answers: fields one after the other, numbers big endian.

use subrosa::keys::PublicKey;
use subrosa::{DeviceId, IdentityKey, ServiceId};

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

/// A field, or a group of them.
pub trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// What was not read yet.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads a field of the type that is asked for.
    pub fn field<F: Field>(&mut self) -> Result<F, Malformed> {
        F::take(self)
    }

    /// All that is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }
}

impl<const N: usize> Field for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.array()
    }
}

impl Field for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_be_bytes().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.array().map(Self::from_be_bytes)
    }
}

impl Field for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_be_bytes().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.array().map(Self::from_be_bytes)
    }
}

impl Field for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_be_bytes().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.array().map(Self::from_be_bytes)
    }
}

/// A number of fields, and they.
impl<F: Field> Field for Vec<F> {
    fn put(&self, out: &mut Vec<u8>) {
        u16::try_from(self.len()).unwrap_or(u16::MAX).put(out);
        for field in self {
            field.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count: u16 = from.field()?;
        (0..count).map(|_| from.field()).collect()
    }
}

/// Whether there is one, and then the field.
impl<F: Field> Field for Option<F> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.is_some().into());
        if let Some(field) = self {
            field.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.array()? {
            [0] => Ok(None),
            [1] => from.field().map(Some),
            _ => Err(Malformed),
        }
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok((from.field()?, from.field()?))
    }
}

impl Field for ServiceId {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_fixed().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::from_fixed(&from.array::<{ Self::FIXED_LEN }>()?).map_err(|_| Malformed)
    }
}

impl Field for DeviceId {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.get());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [id] = from.array()?;
        Self::new(id.into()).map_err(|_| Malformed)
    }
}

impl Field for PublicKey {
    fn put(&self, out: &mut Vec<u8>) {
        self.encode().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::decode(&from.array::<{ Self::ENCODED_LEN }>()?).map_err(|_| Malformed)
    }
}

impl Field for IdentityKey {
    fn put(&self, out: &mut Vec<u8>) {
        self.public_key().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.field().map(Self::new)
    }
}
