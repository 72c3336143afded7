// SPDX-License-Identifier: MIT OR Apache-2.0

//! Published prekeys in bytes.

use alloc::vec::Vec;

use super::bundle::PreKeyBundle;
use super::public::{KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use crate::crypto::curve::PublicKey;
use crate::crypto::kem::KemPublicKey;
use crate::identity::IdentityKey;
use crate::ids::{DeviceId, KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::record::{RecordError, RecordKind, RecordReader, RecordWriter};

/// Newest format of bundles in bytes.
const RECORD_VERSION: u8 = 1;
/// Length in bytes of a signed prekey.
const SIGNED_LEN: usize = 4 + 32 + 64;
/// Length in bytes of a one-time prekey.
pub(crate) const ONE_TIME_LEN: usize = 4 + 32;
/// Length in bytes of a KEM prekey, of the type that is in use.
pub(crate) const KEM_LEN: usize = 4 + 4 + 1_569 + 64;
/// Length in bytes of the owner.
pub(crate) const OWNER_LEN: usize = 4 + 4 + 32;

/// Published keys as parts of a record.
pub(crate) trait Published: Sized {
    fn write(&self, out: &mut RecordWriter);
    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError>;

    fn write_optional(value: Option<&Self>, out: &mut RecordWriter) {
        out.put_flag(value.is_some());
        if let Some(value) = value {
            value.write(out);
        }
    }

    fn read_optional(reader: &mut RecordReader<'_>) -> Result<Option<Self>, RecordError> {
        if reader.flag()? { Self::read(reader).map(Some) } else { Ok(None) }
    }

    fn write_all(values: &[Self], out: &mut RecordWriter) {
        out.put_count(values.len());
        for value in values {
            value.write(out);
        }
    }

    /// `smallest` is the length of the shortest.
    fn read_all(reader: &mut RecordReader<'_>, smallest: usize) -> Result<Vec<Self>, RecordError> {
        (0..reader.count(smallest)?).map(|_| Self::read(reader)).collect()
    }
}

impl Published for SignedPreKeyPublic {
    fn write(&self, out: &mut RecordWriter) {
        out.put_u32(self.id.0);
        out.put_array(self.key.as_bytes());
        out.put_array(&self.signature);
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let (id, key) = (SignedPreKeyId(reader.u32()?), PublicKey::from_bytes(reader.array()?));
        Ok(Self { id, key, signature: reader.array()? })
    }
}

impl Published for OneTimePreKeyPublic {
    fn write(&self, out: &mut RecordWriter) {
        out.put_u32(self.id.0);
        out.put_array(self.key.as_bytes());
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { id: OneTimePreKeyId(reader.u32()?), key: PublicKey::from_bytes(reader.array()?) })
    }
}

impl Published for KemPreKeyPublic {
    fn write(&self, out: &mut RecordWriter) {
        out.put_u32(self.id.0);
        out.put_bytes(&self.key.encode());
        out.put_array(&self.signature);
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let id = KemPreKeyId(reader.u32()?);
        let key = KemPublicKey::decode(reader.bytes()?).map_err(|_| RecordError::Damaged)?;
        Ok(Self { id, key, signature: reader.array()? })
    }
}

/// The owner of published keys.
pub(crate) struct Owner {
    pub(crate) registration_id: u32,
    pub(crate) device: DeviceId,
    pub(crate) identity_key: IdentityKey,
}

impl Published for Owner {
    fn write(&self, out: &mut RecordWriter) {
        out.put_u32(self.registration_id);
        out.put_u32(self.device.get());
        out.put_array(self.identity_key.public_key().as_bytes());
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            registration_id: reader.u32()?,
            device: DeviceId::new(reader.u32()?),
            identity_key: IdentityKey::new(PublicKey::from_bytes(reader.array()?)),
        })
    }
}

impl PreKeyBundle {
    /// Encodes the bundle, in about 1,900 bytes with a KEM prekey, for a service of one's own; deployed services have
    /// forms of their own. Nothing in it is secret.
    ///
    /// ```text
    /// bundle   = header || registration id (4) || device (4) || identity key (32) || signed
    ///            || flag (1) [|| one-time] || flag (1) [|| KEM]        numbers are little endian
    /// signed   = id (4) || key (32) || signature (64)
    /// one-time = id (4) || key (32)
    /// KEM      = id (4) || length (4) || encoded key (1,569) || signature (64)
    /// ```
    ///
    /// The header is that of a [record](crate::Record), of kind 15.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let capacity = OWNER_LEN + SIGNED_LEN + 1 + ONE_TIME_LEN + 1 + KEM_LEN;
        let mut out = RecordWriter::new(RecordKind::PreKeyBundle, RECORD_VERSION, capacity);
        let Self { registration_id, device_id, identity_key, signed_pre_key, one_time_pre_key, kem_pre_key } =
            self;
        let (registration_id, device, identity_key) = (*registration_id, *device_id, *identity_key);
        Owner { registration_id, device, identity_key }.write(&mut out);
        signed_pre_key.write(&mut out);
        Published::write_optional(one_time_pre_key.as_ref(), &mut out);
        Published::write_optional(kem_pre_key.as_ref(), &mut out);
        out.finish().as_bytes().to_vec()
    }

    /// Reads the [byte form](Self::to_bytes). Nothing in it is verified.
    ///
    /// # Errors
    /// [`RecordError`] for something else, a newer format, or damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::PreKeyBundle, RECORD_VERSION, bytes)?;
        let Owner { registration_id, device, identity_key } = Owner::read(&mut reader)?;
        let bundle = Self {
            registration_id,
            device_id: device,
            identity_key,
            signed_pre_key: Published::read(&mut reader)?,
            one_time_pre_key: Published::read_optional(&mut reader)?,
            kem_pre_key: Published::read_optional(&mut reader)?,
        };
        reader.finish()?;
        Ok(bundle)
    }
}
