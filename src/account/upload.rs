// SPDX-License-Identifier: MIT OR Apache-2.0

//! Uploads to the service.

use alloc::vec::Vec;

use super::Account;
use super::backup::BackupToken;
use super::change::AccountChange;
use super::inventory::Inventory;
use super::keys::Keys;
use super::states::Stage;
use crate::identity::IdentityKey;
use crate::ids::DeviceId;
use crate::lease::Busy;
use crate::prekey::byte_form::{KEM_LEN, ONE_TIME_LEN, Owner, Published};
use crate::prekey::{
    KemPreKeyPublic, OneTimeKemPreKey, OneTimePreKeyPublic, PreKeyBundle, SignedPreKeyPublic,
};
use crate::record::{RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// Newest format of uploads in bytes.
const RECORD_VERSION: u8 = 1;

/// An upload: the public halves of all keys that the service has not confirmed yet.
///
/// An upload may be made again, if its confirmation was lost. Ids only grow, so the service takes one-time prekeys with
/// ids above those that it has seen and passes over the others; otherwise it would give out a key twice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upload {
    /// The device.
    pub device: DeviceId,
    /// The account's identity key.
    pub identity_key: IdentityKey,
    /// The device's registration id.
    pub registration_id: u32,
    /// A new signed prekey, to take the place of the one before.
    pub signed_pre_key: Option<SignedPreKeyPublic>,
    /// A new last-resort KEM prekey, to take the place of the one before.
    pub last_resort_kem_pre_key: Option<KemPreKeyPublic>,
    /// One-time prekeys.
    pub one_time_pre_keys: Vec<OneTimePreKeyPublic>,
    /// One-time KEM prekeys.
    pub one_time_kem_pre_keys: Vec<KemPreKeyPublic>,
    /// Whether the service must drop all one-time prekeys of both kinds that it has, and give out these alone.
    pub replace_one_time: bool,
    /// The token to keep at the service, or wherever [`Account::check`] gets it from, in the place of an older one.
    pub token: BackupToken,
}

impl Upload {
    /// Returns whether there is nothing in it for the service to do: no key, and none to drop.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.replace_one_time
            && self.signed_pre_key.is_none()
            && self.last_resort_kem_pre_key.is_none()
            && self.one_time_pre_keys.is_empty()
            && self.one_time_kem_pre_keys.is_empty()
    }

    /// Encodes the upload, for a service of one's own. Nothing in it is secret.
    ///
    /// ```text
    /// upload = header || registration id (4) || device (4) || identity key (32)
    ///          || flag (1) [|| signed] || flag (1) [|| last-resort KEM] || count (4) || one-time … || count (4) || KEM …
    ///          || replace (1) || token (36)                            numbers are little endian
    /// ```
    ///
    /// Each key is as in a [bundle](PreKeyBundle::to_bytes). The header is that of a [record](crate::Record), of kind
    /// 16.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (one_time, kem) = (self.one_time_pre_keys.len(), self.one_time_kem_pre_keys.len());
        let capacity = 1_024 + one_time * ONE_TIME_LEN + (1 + kem) * KEM_LEN;
        let mut out = RecordWriter::new(RecordKind::Upload, RECORD_VERSION, capacity);
        let (registration_id, device, identity_key) = (self.registration_id, self.device, self.identity_key);
        Owner { registration_id, device, identity_key }.write(&mut out);
        Published::write_optional(self.signed_pre_key.as_ref(), &mut out);
        Published::write_optional(self.last_resort_kem_pre_key.as_ref(), &mut out);
        Published::write_all(&self.one_time_pre_keys, &mut out);
        Published::write_all(&self.one_time_kem_pre_keys, &mut out);
        out.put_flag(self.replace_one_time);
        out.put_array(&self.token.to_bytes());
        out.finish().as_bytes().to_vec()
    }

    /// Reads the [byte form](Self::to_bytes).
    ///
    /// # Errors
    /// [`RecordError`] for something else, a newer format, or damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::Upload, RECORD_VERSION, bytes)?;
        let Owner { registration_id, device, identity_key } = Owner::read(&mut reader)?;
        let upload = Self {
            device,
            identity_key,
            registration_id,
            signed_pre_key: Published::read_optional(&mut reader)?,
            last_resort_kem_pre_key: Published::read_optional(&mut reader)?,
            one_time_pre_keys: Published::read_all(&mut reader, ONE_TIME_LEN)?,
            one_time_kem_pre_keys: Published::read_all(&mut reader, KEM_LEN)?,
            replace_one_time: reader.flag()?,
            token: BackupToken::from_bytes(&reader.array()?),
        };
        reader.finish()?;
        Ok(upload)
    }

    /// Takes out a bundle as the service would: with a one-time prekey of each kind for as long as there are any, and
    /// with the last-resort KEM prekey then. None without a signed prekey.
    ///
    /// For tests, prototypes and small services; a service keeps the keys of all uploads.
    pub fn next_bundle(&mut self) -> Option<PreKeyBundle> {
        let signed_pre_key = self.signed_pre_key.clone()?;
        Some(PreKeyBundle {
            registration_id: self.registration_id,
            device_id: self.device,
            identity_key: self.identity_key,
            signed_pre_key,
            one_time_pre_key: self.one_time_pre_keys.pop(),
            kem_pre_key: self.one_time_kem_pre_keys.pop().or_else(|| self.last_resort_kem_pre_key.clone()),
        })
    }
}

impl Account {
    /// The upload that is due. Until it is [confirmed](Self::confirm_uploaded) the same keys are offered again, and no
    /// others are generated in their place.
    #[must_use]
    pub fn upload(&self) -> Upload {
        self.upload_of(&self.inventory, None, self.token())
    }

    /// The upload that is due after `change`.
    pub(super) fn upload_after(&self, change: &AccountChange) -> Upload {
        let generation = self.inventory.generation.wrapping_add(1);
        self.upload_of(&change.inventory, Some(&change.new), BackupToken::of(&change.inventory, generation))
    }

    fn upload_of(&self, inventory: &Inventory, new: Option<&Keys>, token: BackupToken) -> Upload {
        let keys = || [Some(&self.keys), new].into_iter().flatten();
        let signed = inventory
            .signed
            .at(Stage::Generated)
            .filter_map(|(id, _)| keys().find_map(|keys| keys.signed.get(&id)));
        let last_resort = inventory
            .last_resort
            .at(Stage::Generated)
            .filter_map(|(id, _)| keys().find_map(|keys| keys.last_resort.get(&id)));
        let one_time = inventory
            .one_time
            .at(Stage::Generated)
            .filter_map(|(id, _)| keys().find_map(|keys| keys.one_time.get(&id)));
        let kem = inventory
            .one_time_kem
            .at(Stage::Generated)
            .filter_map(|(id, _)| keys().find_map(|keys| keys.one_time_kem.get(&id)));
        Upload {
            device: self.address.device(),
            identity_key: *self.identity.public(),
            registration_id: inventory.registration_id,
            signed_pre_key: signed.last().map(|key| key.public()),
            last_resort_kem_pre_key: last_resort.last().map(|last_resort| last_resort.key.public()),
            one_time_pre_keys: one_time.map(|key| key.public()).collect(),
            one_time_kem_pre_keys: kem.map(OneTimeKemPreKey::public).collect(),
            replace_one_time: inventory.replace,
            token,
        }
    }

    /// Notes that the service has confirmed `upload`. Keys that were replaced by it retire now. Noting it twice
    /// does nothing more. Times that are kept and later than `now` are set to that.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn confirm_uploaded(&mut self, upload: &Upload, now: Timestamp) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        let mut change = self.draft();
        let inventory = &mut change.inventory;
        inventory.believe(now);
        if let Some(key) = &upload.signed_pre_key {
            inventory.signed.replace(key.id, now);
        }
        if let Some(key) = &upload.last_resort_kem_pre_key {
            inventory.last_resort.replace(key.id, now);
        }
        if inventory.replace && upload.replace_one_time && upload.token.store == inventory.store {
            inventory.replace = false;
            inventory.one_time.advance(Stage::Uploaded, Stage::Retired, now);
            inventory.one_time_kem.advance(Stage::Uploaded, Stage::Retired, now);
        }
        inventory.one_time.confirm(upload.one_time_pre_keys.iter().map(|key| key.id), now);
        inventory.one_time_kem.confirm(upload.one_time_kem_pre_keys.iter().map(|key| key.id), now);
        Ok(Staged::of(self, change, ()))
    }
}
