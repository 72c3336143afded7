// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is known of a contact's account, over all its devices (rose 31 §8).

use super::card::{Card, IdentityKey};
use crate::ids::ACCOUNT_LEN;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter, RoseKind};
use crate::timestamp::Timestamp;

const RECORD_VERSION: u8 = 1;

/// The strength of a session's authentication of the peer. It only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerAuthentication {
    /// By Diffie-Hellman, or not at all before the first answer: no proof against quantum computers.
    Classical,
    /// By the private half of the `KIK` in the peer's card too.
    Hybrid,
}

/// The reason to believe that a `KIK` is the contact's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KemIdentity {
    /// `IK` signed it: as good as signatures are.
    Signed,
    /// It was the same since then.
    Pinned {
        /// The first time that it was seen.
        since: Timestamp,
    },
    /// Users compared it: by a short authentication string, or a fingerprint.
    Compared,
}

/// What is kept of a contact's account. Public keys and what the user decided; no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub(super) identity: IdentityKey,
    pub(super) kem_identity_hash: [u8; 32],
    pub(super) kem_identity: KemIdentity,
    pub(super) was_hybrid: bool,
}

impl Contact {
    /// The contact of a card, not pinned.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        Self {
            identity: card.identity(),
            kem_identity_hash: card.kem_identity_hash(),
            kem_identity: KemIdentity::Signed,
            was_hybrid: false,
        }
    }

    /// The contact, with both keys pinned.
    #[must_use]
    pub fn pinned(self, since: Timestamp) -> Self {
        match self.kem_identity {
            KemIdentity::Signed => Self { kem_identity: KemIdentity::Pinned { since }, ..self },
            _ => self,
        }
    }

    /// The contact, after the user compared: a short authentication string, or a fingerprint over `IK` and `KIK`.
    #[must_use]
    pub fn compared(self) -> Self {
        Self { kem_identity: KemIdentity::Compared, ..self }
    }

    /// `IK`.
    #[must_use]
    pub const fn identity(&self) -> IdentityKey {
        self.identity
    }

    /// SHA-256 of `KIK`.
    #[must_use]
    pub const fn kem_identity_hash(&self) -> &[u8; 32] {
        &self.kem_identity_hash
    }

    /// The reason to believe in `KIK`.
    #[must_use]
    pub const fn kem_identity(&self) -> KemIdentity {
        self.kem_identity
    }

    /// Returns whether a state with any device of the account was Hybrid.
    #[must_use]
    pub const fn was_hybrid(&self) -> bool {
        self.was_hybrid
    }

    /// The stored form.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::Rose(RoseKind::Contact), RECORD_VERSION, 80);
        self.write(&mut writer);
        writer.put_flag(self.was_hybrid);
        writer.finish()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let kind = RecordKind::Rose(RoseKind::Contact);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let contact = Self::read(&mut reader)?;
        let was_hybrid = reader.flag()?;
        reader.finish()?;
        Ok(Self { was_hybrid, ..contact })
    }

    /// Writes all but `was_hybrid`.
    pub(super) fn write(&self, writer: &mut RecordWriter) {
        let (state, since) = match self.kem_identity {
            KemIdentity::Signed => (0, 0),
            KemIdentity::Pinned { since } => (1, since.as_millis()),
            KemIdentity::Compared => (2, 0),
        };
        writer.put_array(self.identity.as_bytes());
        writer.put_array(&self.kem_identity_hash);
        writer.put_u8(state);
        writer.put_u64(since);
    }

    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let (identity, kem_identity_hash) = (IdentityKey::from_bytes(reader.array()?), reader.array()?);
        let kem_identity = match (reader.u8()?, reader.u64()?) {
            (0, 0) => KemIdentity::Signed,
            (1, since) => KemIdentity::Pinned { since: Timestamp::from_millis(since) },
            (2, 0) => KemIdentity::Compared,
            _ => return Err(RecordError::Damaged),
        };
        Ok(Self { identity, kem_identity_hash, kem_identity, was_hybrid: false })
    }
}

/// The caller's trust in a contact's keys.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Whoever it is, and pin the keys.
    Anyone,
    /// This contact alone.
    Contact(&'a Contact),
    /// Nobody.
    Nobody,
}

/// The keys are not trusted.
pub(super) enum Untrusted {
    Identity,
    KemIdentity,
}

impl<'a> Trust<'a> {
    /// Trust on first use: the contact that is stored, or anyone.
    #[must_use]
    pub const fn on_first_use(contact: Option<&'a Contact>) -> Self {
        match contact {
            Some(contact) => Self::Contact(contact),
            None => Self::Anyone,
        }
    }

    /// What is known of the account afterwards.
    pub(super) fn check(self, card: &Card, now: Timestamp) -> Result<Contact, Untrusted> {
        match self {
            Self::Nobody => Err(Untrusted::Identity),
            Self::Anyone => Ok(Contact::of(card).pinned(now)),
            Self::Contact(contact) if contact.identity != card.identity() => Err(Untrusted::Identity),
            Self::Contact(contact) if contact.kem_identity_hash != card.kem_identity_hash() => {
                Err(Untrusted::KemIdentity)
            }
            Self::Contact(contact) => Ok(contact.clone()),
        }
    }
}

/// The account of a device, as a key of contacts.
pub(super) type AccountName = [u8; ACCOUNT_LEN];
