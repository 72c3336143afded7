// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own device in one version: its identity and prekeys (OMEMO facts §4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::bundle::Bundle;
use super::identity::{IdentityKey, IdentityKeyPair};
use crate::crypto::curve::{KeyPair, PrivateKey};
use crate::lease::{Busy, Lease};
use crate::record::{OmemoKind, Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State};
use crate::wire::omemo::{self as wire, Version};
use crate::writes::{Key, OmemoKey, Writes};

const RECORD_VERSION: u8 = 1;

/// The reason that prekeys can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PreKeyError {
    /// An owned stage is open.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The first prekeys need a signed one.
    #[error("there is no signed prekey yet")]
    NoSignedPreKey,
    /// A number is not 1 to 2^31 − 1, or in use.
    #[error("a prekey's number is out of range or in use")]
    BadId,
}

#[derive(Debug)]
struct SignedPreKey {
    id: u32,
    pair: KeyPair,
    signature: [u8; 64],
}

impl SignedPreKey {
    const fn duplicate(&self) -> Self {
        Self { id: self.id, pair: self.pair.duplicate(), signature: self.signature }
    }

    fn write(&self, writer: &mut RecordWriter) {
        writer.put_u32(self.id);
        write_pair(&self.pair, writer);
        writer.put_array(&self.signature);
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { id: reader.u32()?, pair: read_pair(reader)?, signature: reader.array()? })
    }
}

fn write_pair(pair: &KeyPair, writer: &mut RecordWriter) {
    writer.put_array(pair.public().as_bytes());
    writer.put_array(pair.private().as_bytes());
}

fn read_pair(reader: &mut RecordReader<'_>) -> Result<KeyPair, RecordError> {
    let public = reader.array()?;
    let private = PrivateKey::from_secret(&reader.secret()?);
    Ok(KeyPair::from_parts(private, crate::crypto::curve::PublicKey::from_bytes(public)))
}

#[derive(Debug)]
struct PreKey {
    id: u32,
    pair: KeyPair,
}

/// All prekeys. Boxed, so that removing one moves no secrets.
#[derive(Debug, Default)]
pub(crate) struct PreKeys {
    signed: Option<Box<SignedPreKey>>,
    /// The one before, which is still read.
    old: Option<Box<SignedPreKey>>,
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    one_time: Vec<Box<PreKey>>,
    /// The highest number that was ever given to a one-time prekey.
    last_id: u32,
}

impl PreKeys {
    fn duplicate(&self) -> Self {
        let signed =
            |pre_key: &Option<Box<SignedPreKey>>| pre_key.as_ref().map(|key| Box::new(key.duplicate()));
        let one_time = |key: &PreKey| Box::new(PreKey { id: key.id, pair: key.pair.duplicate() });
        Self {
            signed: signed(&self.signed),
            old: signed(&self.old),
            one_time: self.one_time.iter().map(|key| one_time(key)).collect(),
            last_id: self.last_id,
        }
    }

    fn write(&self, without: &[u32], writer: &mut RecordWriter) {
        for signed in [&self.signed, &self.old] {
            writer.put_flag(signed.is_some());
            if let Some(signed) = signed {
                signed.write(writer);
            }
        }
        writer.put_u32(self.last_id);
        let kept = || self.one_time.iter().filter(|key| !without.contains(&key.id));
        writer.put_count(kept().count());
        for key in kept() {
            writer.put_u32(key.id);
            write_pair(&key.pair, writer);
        }
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let signed = if reader.flag()? { Some(Box::new(SignedPreKey::read(reader)?)) } else { None };
        let old = if reader.flag()? { Some(Box::new(SignedPreKey::read(reader)?)) } else { None };
        if signed.is_none() && old.is_some() {
            return Err(RecordError::Damaged);
        }
        let last_id = reader.u32()?;
        let count = reader.count(4 + 64)?;
        let mut one_time = Vec::with_capacity(count);
        for _ in 0..count {
            one_time.push(Box::new(PreKey { id: reader.u32()?, pair: read_pair(reader)? }));
        }
        Ok(Self { signed, old, one_time, last_id })
    }
}

/// A change of the prekeys.
#[derive(Debug)]
pub(crate) enum AccountChange {
    /// Other prekeys.
    Renewed(Box<PreKeys>),
    /// One-time prekeys go.
    Removed(Vec<u32>),
}

/// Our own device in one version. A client that speaks both has two, with the same identity.
pub struct Account {
    version: Version,
    device: u32,
    identity: IdentityKeyPair,
    pre_keys: Box<PreKeys>,
    generation: u64,
    lease: Lease,
}

impl Account {
    /// A device without prekeys. `device` is random, 1 to 2^31 − 1, and unique in the account. Nothing is stored before
    /// the first prekeys are.
    #[must_use]
    pub fn new(version: Version, device: u32, identity: IdentityKeyPair) -> Self {
        Self { version, device, identity, pre_keys: Box::default(), generation: 0, lease: Lease::new() }
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The number of the device.
    #[must_use]
    pub const fn device(&self) -> u32 {
        self.device
    }

    /// Our identity.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKeyPair {
        &self.identity
    }

    /// Our public identity in this version.
    #[must_use]
    pub const fn public_identity(&self) -> IdentityKey {
        self.identity.public(self.version)
    }

    /// Rises by one with each committed change.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The next `count` numbers of one-time prekeys that were never used.
    #[must_use]
    pub fn next_pre_key_ids(&self, count: u32) -> Vec<u32> {
        let first = self.pre_keys.last_id.saturating_add(1);
        (first..first.saturating_add(count)).collect()
    }

    /// The numbers of the one-time prekeys that are here.
    #[must_use]
    pub fn pre_key_ids(&self) -> Vec<u32> {
        self.pre_keys.one_time.iter().map(|key| key.id).collect()
    }

    /// The numbers of the signed prekeys that are here: the present one, and the one before.
    #[must_use]
    pub fn signed_pre_key_ids(&self) -> Vec<u32> {
        [&self.pre_keys.signed, &self.pre_keys.old].into_iter().flatten().map(|key| key.id).collect()
    }

    /// Makes prekeys: a signed one, where a number is given for it, of which the one before stays; then one-time ones.
    /// Publish the [bundle](Self::bundle) after the commit. Draws 32 and 64 bytes for the signed prekey and 32 for each
    /// one-time prekey, in this order.
    ///
    /// # Errors
    /// [`PreKeyError`].
    pub fn renew(
        &mut self,
        signed_id: Option<u32>,
        one_time_ids: &[u32],
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, ()>, PreKeyError> {
        self.lease.free()?;
        let mut pre_keys = Box::new(self.pre_keys.duplicate());
        if let Some(id) = signed_id {
            if !is_id(id) || self.signed_pre_key_ids().contains(&id) {
                return Err(PreKeyError::BadId);
            }
            let pair = KeyPair::generate(rng);
            let signed = wire::encode_key(self.version, pair.public().as_bytes());
            let signature = self.identity.sign_pre_key(self.version, &signed, rng);
            pre_keys.old = pre_keys.signed.take();
            pre_keys.signed = Some(Box::new(SignedPreKey { id, pair, signature }));
        }
        if pre_keys.signed.is_none() {
            return Err(PreKeyError::NoSignedPreKey);
        }
        for id in one_time_ids {
            if !is_id(*id) || pre_keys.one_time.iter().any(|key| key.id == *id) {
                return Err(PreKeyError::BadId);
            }
            pre_keys.one_time.push(Box::new(PreKey { id: *id, pair: KeyPair::generate(rng) }));
            pre_keys.last_id = pre_keys.last_id.max(*id);
        }
        Ok(Staged::of(self, AccountChange::Renewed(pre_keys), ()))
    }

    /// Removes one-time prekeys, as after the catch-up with an archive.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn remove_pre_keys(&mut self, ids: &[u32]) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, AccountChange::Removed(ids.to_vec()), ()))
    }

    /// What to publish; nothing before the first prekeys. Fill up one-time prekeys to 100 before.
    #[must_use]
    pub fn bundle(&self) -> Option<Bundle> {
        let signed = self.pre_keys.signed.as_ref()?;
        let encode = |pair: &KeyPair| wire::encode_key(self.version, pair.public().as_bytes());
        Some(Bundle {
            version: self.version,
            device: self.device,
            identity: self.public_identity().encode(),
            signed_pre_key_id: signed.id,
            signed_pre_key: encode(&signed.pair),
            signature: signed.signature.to_vec(),
            pre_keys: self.pre_keys.one_time.iter().map(|key| (key.id, encode(&key.pair))).collect(),
        })
    }

    /// Replaces all prekeys by others from elsewhere: the signed one and the one before with their signatures, and
    /// one-time ones.
    ///
    /// # Errors
    /// [`PreKeyError`].
    pub fn import_pre_keys(
        &mut self,
        signed: (u32, PrivateKey, [u8; 64]),
        old: Option<(u32, PrivateKey, [u8; 64])>,
        one_time: &[(u32, PrivateKey)],
    ) -> Result<Staged<'_, ()>, PreKeyError> {
        self.lease.free()?;
        let signed_pre_key = |(id, private, signature)| {
            Box::new(SignedPreKey { id, pair: KeyPair::from_private(private), signature })
        };
        let last_id = one_time.iter().map(|(id, _)| *id).max().unwrap_or_default();
        let pre_key = |(id, private): &(u32, PrivateKey)| {
            Box::new(PreKey { id: *id, pair: KeyPair::from_private(private.duplicate()) })
        };
        let pre_keys = PreKeys {
            signed: Some(signed_pre_key(signed)),
            old: old.map(signed_pre_key),
            one_time: one_time.iter().map(pre_key).collect(),
            last_id,
        };
        Ok(Staged::of(self, AccountChange::Renewed(Box::new(pre_keys)), ()))
    }

    pub(super) fn signed_pair(&self, id: u32) -> Option<&KeyPair> {
        let mut all = [&self.pre_keys.signed, &self.pre_keys.old].into_iter().flatten();
        all.find(|key| key.id == id).map(|key| &key.pair)
    }

    pub(super) fn one_time_pair(&self, id: u32) -> Option<&KeyPair> {
        self.pre_keys.one_time.iter().find(|key| key.id == id).map(|key| &key.pair)
    }

    pub(super) const fn lease_of(&self) -> &Lease {
        &self.lease
    }

    /// The state as a record.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, &self.pre_keys, &[])
    }

    fn write(&self, generation: u64, pre_keys: &PreKeys, without: &[u32]) -> Record {
        let capacity = 64 + 2 * 140 + 68 * pre_keys.one_time.len();
        let mut writer = RecordWriter::new(RecordKind::Omemo(OmemoKind::Account), RECORD_VERSION, capacity);
        writer.put_u64(generation);
        writer.put_u8(self.version.to_u8());
        writer.put_u32(self.device);
        self.identity.write(&mut writer);
        pre_keys.write(without, &mut writer);
        writer.finish()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let kind = RecordKind::Omemo(OmemoKind::Account);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        let version = Version::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?;
        let device = reader.u32()?;
        let identity = IdentityKeyPair::read(&mut reader)?;
        let pre_keys = Box::new(PreKeys::read(&mut reader)?);
        reader.finish()?;
        Ok(Self { version, device, identity, pre_keys, generation, lease: Lease::new() })
    }
}

const fn is_id(id: u32) -> bool {
    id > 0 && id <= i32::MAX.cast_unsigned()
}

impl State for Account {
    type Change = AccountChange;

    fn write_after(&self, change: &AccountChange, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let record = match change {
            AccountChange::Renewed(pre_keys) => self.write(generation, pre_keys, &[]),
            AccountChange::Removed(ids) => self.write(generation, &self.pre_keys, ids),
        };
        writes.put_state(Key::Omemo(OmemoKey::Account(self.version)), record, generation);
    }

    fn apply(&mut self, change: AccountChange) {
        self.generation = self.generation.wrapping_add(1);
        match change {
            AccountChange::Renewed(pre_keys) => self.pre_keys = pre_keys,
            AccountChange::Removed(ids) => self.pre_keys.one_time.retain(|key| !ids.contains(&key.id)),
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, device, identity: _, pre_keys, generation, lease: _ } = self;
        let count = pre_keys.one_time.len();
        write!(f, "Account({version:?}, device {device}, {count} one-time prekeys, generation {generation})")
    }
}
