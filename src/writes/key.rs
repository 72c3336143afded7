// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys of records.

use alloc::vec::Vec;

#[cfg(feature = "omemo")]
use super::omemo_key::OmemoKey;
#[cfg(feature = "rose")]
use super::rose_key::RoseKey;
use crate::address::{AccountName, Address};
use crate::prekey::{KemPreKeyId, KemPreKeyUse, OneTimePreKeyId, SignedPreKeyId};
#[cfg(feature = "omemo")]
use crate::record::OmemoKind;
use crate::record::{RecordError, RecordKind};
use crate::wire::distribution_id::{DistributionId, Format};
#[cfg(feature = "omemo")]
use crate::wire::omemo::Version;

/// The key of a record, within the store of one account on one device.
///
/// Its [bytes](Self::to_bytes) are different for different keys, so that the simplest store is one table of byte
/// strings. They are also the *owner* to [seal](crate::RecordKey::seal) a record for. Their first byte is below 128, so
/// that a messenger's own rows may lie in the same table under keys that begin with a larger one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key {
    /// The account, without its prekeys.
    Account,
    /// A one-time prekey.
    OneTimePreKey(OneTimePreKeyId),
    /// A signed prekey.
    SignedPreKey(SignedPreKeyId),
    /// A one-time KEM prekey.
    OneTimeKemPreKey(KemPreKeyId),
    /// A last-resort KEM prekey.
    LastResortKemPreKey(KemPreKeyId),
    /// The uses of a last-resort KEM prekey, for an account.
    LastResortUses(KemPreKeyId),
    /// One use of a last-resort KEM prekey, for those without an account.
    KemPreKeyUse(KemPreKeyUse),
    /// The identity key that is pinned for a peer's account: for all its devices. There is none for a single device, by
    /// which a service could have another one trusted on first use:
    ///
    /// ```compile_fail,E0308
    /// let _ = subrosa::store::Key::Identity(subrosa::Address::new("alice", 2));
    /// ```
    Identity(AccountName),
    /// The sessions with a device.
    Session(Address),
    /// Our own sender key.
    SenderKey(Format),
    /// The sender keys of a device.
    ReceiverKeys(Address, Format),
    /// The repair log of a device.
    RepairLog(Address),
    /// A record of OMEMO.
    #[cfg(feature = "omemo")]
    Omemo(OmemoKey),
    /// A record of the rose profile.
    #[cfg(feature = "rose")]
    Rose(RoseKey),
}

impl Key {
    /// The kind of the record that is stored under the key.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Account => RecordKind::Account,
            Self::OneTimePreKey(_) => RecordKind::OneTimePreKey,
            Self::SignedPreKey(_) => RecordKind::SignedPreKey,
            Self::OneTimeKemPreKey(_) => RecordKind::OneTimeKemPreKey,
            Self::LastResortKemPreKey(_) => RecordKind::LastResortKemPreKey,
            Self::LastResortUses(_) => RecordKind::LastResortUses,
            Self::KemPreKeyUse(_) => RecordKind::KemPreKeyUse,
            Self::Identity(_) => RecordKind::Identity,
            Self::Session(_) => RecordKind::Session,
            Self::SenderKey(_) => RecordKind::SenderKey,
            Self::ReceiverKeys(..) => RecordKind::ReceiverKeys,
            Self::RepairLog(_) => RecordKind::RepairLog,
            #[cfg(feature = "omemo")]
            Self::Omemo(key) => RecordKind::Omemo(key.kind()),
            #[cfg(feature = "rose")]
            Self::Rose(key) => RecordKind::Rose(key.kind()),
        }
    }

    /// Encodes the key: the number of its kind, then its parts. Numbers are big endian, so that byte strings sort as
    /// the keys of a kind do.
    ///
    /// ```text
    /// kind (1) || id (4)                                   prekeys and uses
    /// kind (1) || KEM id (4) || signed id (4) || base key (32)   one use
    /// kind (1) || name                                     identity
    /// kind (1) || len (4) || name || device (4)            session, repair log
    /// kind (1) || format                                   sender key
    /// kind (1) || len (4) || name || device (4) || format  receiver keys
    /// format = 01 || distribution id (16), or 00
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.push(self.kind().to_u8());
        match self {
            Self::Account => {}
            Self::OneTimePreKey(id) => out.extend_from_slice(&id.0.to_be_bytes()),
            Self::SignedPreKey(id) => out.extend_from_slice(&id.0.to_be_bytes()),
            Self::OneTimeKemPreKey(id) | Self::LastResortKemPreKey(id) | Self::LastResortUses(id) => {
                out.extend_from_slice(&id.0.to_be_bytes());
            }
            Self::KemPreKeyUse(used) => out.extend_from_slice(&used.to_bytes()),
            Self::Identity(name) => out.extend_from_slice(name.canonical().as_bytes()),
            Self::Session(address) | Self::RepairLog(address) => put_address(&mut out, address),
            Self::SenderKey(format) => put_format(&mut out, *format),
            Self::ReceiverKeys(address, format) => {
                put_address(&mut out, address);
                put_format(&mut out, *format);
            }
            #[cfg(feature = "omemo")]
            Self::Omemo(key) => {
                out.push(key.version().to_u8());
                if let OmemoKey::Session(_, address) = key {
                    put_address(&mut out, address);
                }
            }
            #[cfg(feature = "rose")]
            Self::Rose(key) => key.write(&mut out),
        }
        out
    }

    /// Reads [the bytes](Self::to_bytes) of a key.
    ///
    /// # Errors
    /// [`RecordError`]: `WrongKind` for a kind that has no key; `Damaged`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let (kind, rest) = bytes.split_first().ok_or(RecordError::Damaged)?;
        let id = || rest.try_into().map(u32::from_be_bytes).map_err(|_| RecordError::Damaged);
        Ok(match RecordKind::from_u8(*kind).ok_or(RecordError::WrongKind)? {
            RecordKind::Account if rest.is_empty() => Self::Account,
            RecordKind::OneTimePreKey => Self::OneTimePreKey(OneTimePreKeyId(id()?)),
            RecordKind::SignedPreKey => Self::SignedPreKey(SignedPreKeyId(id()?)),
            RecordKind::OneTimeKemPreKey => Self::OneTimeKemPreKey(KemPreKeyId(id()?)),
            RecordKind::LastResortKemPreKey => Self::LastResortKemPreKey(KemPreKeyId(id()?)),
            RecordKind::LastResortUses => Self::LastResortUses(KemPreKeyId(id()?)),
            RecordKind::KemPreKeyUse => Self::KemPreKeyUse(KemPreKeyUse::from_bytes(
                rest.try_into().map_err(|_| RecordError::Damaged)?,
            )),
            RecordKind::Identity => Self::Identity(take_name(rest)?),
            RecordKind::Session => Self::Session(whole(take_address(rest)?)?),
            RecordKind::RepairLog => Self::RepairLog(whole(take_address(rest)?)?),
            RecordKind::SenderKey => Self::SenderKey(take_format(rest)?),
            RecordKind::ReceiverKeys => {
                let (address, rest) = take_address(rest)?;
                Self::ReceiverKeys(address, take_format(rest)?)
            }
            #[cfg(feature = "omemo")]
            RecordKind::Omemo(kind) => Self::Omemo(take_omemo(kind, rest)?),
            #[cfg(feature = "rose")]
            RecordKind::Rose(kind) => Self::Rose(RoseKey::read(kind, rest)?),
            RecordKind::Account => return Err(RecordError::Damaged),
            RecordKind::IdentityKeyPair | RecordKind::PreKeyBundle | RecordKind::Upload => {
                return Err(RecordError::WrongKind);
            }
        })
    }
}

fn put_address(out: &mut Vec<u8>, address: &Address) {
    let name = address.name().canonical();
    out.extend_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&address.device().get().to_be_bytes());
}

fn put_format(out: &mut Vec<u8>, format: Format) {
    match format.distribution_id() {
        None => out.push(0),
        Some(id) => {
            out.push(1);
            out.extend_from_slice(id.as_bytes());
        }
    }
}

/// Reads a name, which must be in canonical form.
fn take_name(bytes: &[u8]) -> Result<AccountName, RecordError> {
    let text = core::str::from_utf8(bytes).map_err(|_| RecordError::Damaged)?;
    Some(AccountName::new(text)).filter(|name| name.canonical() == text).ok_or(RecordError::Damaged)
}

fn take_address(bytes: &[u8]) -> Result<(Address, &[u8]), RecordError> {
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(RecordError::Damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| RecordError::Damaged)?;
    let (name, rest) = rest.split_at_checked(len).ok_or(RecordError::Damaged)?;
    let (device, rest) = rest.split_first_chunk().ok_or(RecordError::Damaged)?;
    Ok((Address::new(take_name(name)?, u32::from_be_bytes(*device)), rest))
}

#[cfg(feature = "omemo")]
fn take_omemo(kind: OmemoKind, bytes: &[u8]) -> Result<OmemoKey, RecordError> {
    let (version, rest) = bytes.split_first().ok_or(RecordError::Damaged)?;
    let version = Version::from_u8(*version).ok_or(RecordError::Damaged)?;
    match kind {
        OmemoKind::Account if rest.is_empty() => Ok(OmemoKey::Account(version)),
        OmemoKind::Account => Err(RecordError::Damaged),
        OmemoKind::Session => Ok(OmemoKey::Session(version, whole(take_address(rest)?)?)),
    }
}

fn whole<T>((value, rest): (T, &[u8])) -> Result<T, RecordError> {
    if rest.is_empty() { Ok(value) } else { Err(RecordError::Damaged) }
}

fn take_format(bytes: &[u8]) -> Result<Format, RecordError> {
    match bytes.split_first() {
        Some((0, [])) => Ok(Format::WithoutId),
        Some((1, id)) => {
            let uuid = id.try_into().map_err(|_| RecordError::Damaged)?;
            Ok(Format::WithId(DistributionId::from_bytes(uuid)))
        }
        _ => Err(RecordError::Damaged),
    }
}
