// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of requests and answers: fields one after the other, numbers big endian.

use subrosa::address::AccountName;
use subrosa::delivery::ServiceAnswer;
use subrosa::keys::{KemPublicKey, PublicKey};
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyPublic, OneTimePreKeyId, OneTimePreKeyPublic, SignedPreKeyId, SignedPreKeyPublic,
};
use subrosa::{Address, DeviceId, IdentityKey, PreKeyBundle, Timestamp};

/// The bytes are not a field of the type that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

/// A field, or several.
pub trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// The bytes that are still to be read.
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

impl Field for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_be_bytes().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.array().map(Self::from_be_bytes)
    }
}

/// A count, and as many fields.
impl<F: Field> Field for Vec<F> {
    fn put(&self, out: &mut Vec<u8>) {
        u32::try_from(self.len()).unwrap_or(u32::MAX).put(out);
        for field in self {
            field.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count: u32 = from.field()?;
        (0..count).map(|_| from.field()).collect()
    }
}

/// None or one, like a list.
impl<F: Field> Field for Option<F> {
    fn put(&self, out: &mut Vec<u8>) {
        u32::from(self.is_some()).put(out);
        if let Some(field) = self {
            field.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(from.field::<Vec<F>>()?.pop())
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

/// A field that is written as another one.
macro_rules! field {
    ($type:ty as $bytes:ty, |$value:ident| $put:expr, |$read:ident| $take:expr) => {
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let $value = self;
                $put.put(out);
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                let $read: $bytes = from.field()?;
                $take
            }
        }
    };
}

field!(u8 as [u8; 1], |byte| [*byte], |bytes| Ok(bytes[0]));
field!(Timestamp as [u8; 8], |time| time.as_millis().to_be_bytes(), |bytes| Ok(Self::from_millis(
    u64::from_be_bytes(bytes)
)));
field!(DeviceId as u32, |id| id.get(), |id| Ok(Self::new(id)));
field!(AccountName as Vec<u8>, |name| name.as_str().as_bytes().to_vec(), |bytes| {
    String::from_utf8(bytes).map(Self::new).map_err(|_| Malformed)
});
field!(Address as (AccountName, DeviceId), |to| (to.name().clone(), to.device()), |to| Ok(Self::new(
    to.0, to.1
)));
field!(PublicKey as [u8; 33], |key| key.encode(), |key| Self::decode(&key).map_err(|_| Malformed));
field!(IdentityKey as PublicKey, |key| *key.public_key(), |key| Ok(Self::new(key)));
field!(KemPublicKey as [u8; Self::ENCODED_LEN], |key| key.encode(), |key| Self::decode(&key)
    .map_err(|_| Malformed));
field!(OneTimePreKeyPublic as (u32, PublicKey), |key| (key.id.0, key.key), |key| {
    Ok(Self { id: OneTimePreKeyId(key.0), key: key.1 })
});
field!(
    SignedPreKeyPublic as (u32, (PublicKey, [u8; 64])),
    |key| (key.id.0, (key.key, key.signature)),
    |key| Ok(Self { id: SignedPreKeyId(key.0), key: key.1.0, signature: key.1.1 })
);
field!(
    KemPreKeyPublic as (u32, (KemPublicKey, [u8; 64])),
    |key| (key.id.0, (key.key.clone(), key.signature)),
    |key| Ok(Self { id: KemPreKeyId(key.0), key: key.1.0, signature: key.1.1 })
);

impl Field for PreKeyBundle {
    fn put(&self, out: &mut Vec<u8>) {
        self.registration_id.put(out);
        self.device_id.put(out);
        self.identity_key.put(out);
        self.signed_pre_key.put(out);
        self.one_time_pre_key.put(out);
        self.kem_pre_key.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            registration_id: from.field()?,
            device_id: from.field()?,
            identity_key: from.field()?,
            signed_pre_key: from.field()?,
            one_time_pre_key: from.field()?,
            kem_pre_key: from.field()?,
        })
    }
}

/// The correction of a sender's list of an account's devices.
impl Field for ServiceAnswer {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Mismatched { missing, extra } => {
                out.push(1);
                missing.put(out);
                extra.put(out);
            }
            Self::Stale(devices) => {
                out.push(2);
                devices.put(out);
            }
            // There is no more to say of an account that the sender knows, or of one that is not there.
            _ => out.push(0),
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match from.field::<u8>()? {
            0 => Self::Accepted,
            1 => Self::Mismatched { missing: from.field()?, extra: from.field()? },
            2 => Self::Stale(from.field()?),
            _ => return Err(Malformed),
        })
    }
}
