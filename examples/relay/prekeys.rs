// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of prekeys and of what is made of them.

use subrosa::PreKeyBundle;
use subrosa::keys::KemPublicKey;
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyPublic, OneTimePreKeyId, OneTimePreKeyPublic, SignedPreKeyId, SignedPreKeyPublic,
};

use super::codec::{Field, Malformed, Reader};
use super::published::Published;

impl Field for Published {
    fn put(&self, out: &mut Vec<u8>) {
        (self.registration_id, self.identity_key).put(out);
        self.signed_pre_key.put(out);
        self.last_resort_kem_pre_key.put(out);
        self.one_time_pre_keys.iter().cloned().collect::<Vec<_>>().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (registration_id, identity_key) = from.field()?;
        Ok(Self {
            registration_id,
            identity_key,
            signed_pre_key: from.field()?,
            last_resort_kem_pre_key: from.field()?,
            one_time_pre_keys: from.field::<Vec<_>>()?.into(),
        })
    }
}

impl Field for PreKeyBundle {
    fn put(&self, out: &mut Vec<u8>) {
        (self.registration_id, (self.device_id, self.identity_key)).put(out);
        self.signed_pre_key.put(out);
        self.one_time_pre_key.put(out);
        self.kem_pre_key.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (registration_id, (device_id, identity_key)) = from.field()?;
        Ok(Self {
            registration_id,
            device_id,
            identity_key,
            signed_pre_key: from.field()?,
            one_time_pre_key: from.field()?,
            kem_pre_key: from.field()?,
        })
    }
}

impl Field for SignedPreKeyPublic {
    fn put(&self, out: &mut Vec<u8>) {
        (self.id.0, (self.key, self.signature)).put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (id, (key, signature)) = from.field()?;
        Ok(Self { id: SignedPreKeyId(id), key, signature })
    }
}

impl Field for OneTimePreKeyPublic {
    fn put(&self, out: &mut Vec<u8>) {
        (self.id.0, self.key).put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (id, key) = from.field()?;
        Ok(Self { id: OneTimePreKeyId(id), key })
    }
}

impl Field for KemPreKeyPublic {
    fn put(&self, out: &mut Vec<u8>) {
        (self.id.0, (self.key.encode(), self.signature)).put(out);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (id, (key, signature)) = from.field::<(u32, ([u8; KemPublicKey::ENCODED_LEN], _))>()?;
        let key = KemPublicKey::decode(&key).map_err(|_| Malformed)?;
        Ok(Self { id: KemPreKeyId(id), key, signature })
    }
}
