// SPDX-License-Identifier: MIT OR Apache-2.0

//! One session: the results of the agreement, and its ratchet.

use alloc::boxed::Box;

use super::config::Policy;
use super::secrecy::InitialSecrecy;
use crate::address::Address;
use crate::crypto::curve::PublicKey;
use crate::crypto::kem::KemCiphertext;
use crate::crypto::secret::Secret;
use crate::identity::IdentityKey;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::profile::{Profile, SIGNAL_3, SIGNAL_4};
use crate::ratchet::spqr::{Direction, Limits, Spqr};
use crate::ratchet::triple::{self, TripleRatchet};
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;
use crate::wire::message::first_byte;

/// The version of a session, and of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// X3DH and the Double Ratchet.
    V3,
    /// PQXDH.
    V4,
}

impl Version {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    pub(super) const fn from_number(number: u8) -> Option<Self> {
        match number {
            3 => Some(Self::V3),
            4 => Some(Self::V4),
            _ => None,
        }
    }

    pub(super) const fn profile(self) -> &'static Profile {
        match self {
            Self::V3 => &SIGNAL_3,
            Self::V4 => &SIGNAL_4,
        }
    }

    /// The policy that allows it.
    pub(super) const fn policy(self) -> Policy {
        match self {
            Self::V3 => Policy::AllowVersion3,
            Self::V4 => Policy::PostQuantum,
        }
    }

    /// The first byte of the messages.
    pub(super) const fn first_byte(self) -> u8 {
        first_byte(self.number())
    }
}

/// One session with the remote device.
#[derive(Debug)]
pub(super) struct SessionState {
    pub(super) version: Version,
    pub(super) local_identity: IdentityKey,
    pub(super) remote_identity: IdentityKey,
    pub(super) local_registration_id: u32,
    pub(super) remote_registration_id: u32,
    /// The initiator's base key, `EK_A`.
    pub(super) base_key: PublicKey,
    pub(super) initial_secrecy: InitialSecrecy,
    /// Never to be sent on again. Only archived sessions are.
    pub(super) retired: bool,
    /// The part that each message repeats until the peer answers. The initiator's alone.
    ///
    /// Boxed so that `None` does not carry stale stack bytes into long-lived memory.
    pub(super) pending: Option<Box<Pending>>,
    pub(super) ratchet: TripleRatchet,
}

/// The part that the initiator repeats in each message until the session is acknowledged.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) created: Timestamp,
    pub(super) signed_pre_key_id: SignedPreKeyId,
    pub(super) one_time_pre_key_id: Option<OneTimePreKeyId>,
    pub(super) kem: Option<PendingKem>,
}

/// The KEM prekey that was used, and the ciphertext.
#[derive(Debug)]
pub(super) struct PendingKem {
    pub(super) id: KemPreKeyId,
    pub(super) ciphertext: KemCiphertext,
}

impl SessionState {
    /// About how many bytes [`Self::write`] writes.
    pub(super) fn usual_len(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, |_| KemCiphertext::ENCODED_LEN);
        256 + pending + self.ratchet.usual_len()
    }

    /// Writes the session as it will be with another pending part, perhaps retired, and after a change of its
    /// ratchet.
    pub(super) fn write(
        &self,
        (pending, retired): (Option<&Pending>, bool),
        change: Option<&triple::Change>,
        writer: &mut RecordWriter,
    ) {
        writer.put_u8(self.version.number());
        writer.put_array(self.local_identity.public_key().as_bytes());
        writer.put_array(self.remote_identity.public_key().as_bytes());
        writer.put_u32(self.local_registration_id);
        writer.put_u32(self.remote_registration_id);
        writer.put_array(self.base_key.as_bytes());
        writer.put_u8(self.initial_secrecy.to_u8());
        writer.put_flag(retired);
        writer.put_flag(pending.is_some());
        if let Some(pending) = pending {
            pending.write(writer);
        }
        self.ratchet.write(change, writer);
    }

    /// Reads a session from a record of format `version`.
    pub(super) fn read(
        reader: &mut RecordReader<'_>,
        version: u8,
        local: &Address,
        remote: &Address,
    ) -> Result<Self, RecordError> {
        let state = Self {
            version: Version::from_number(reader.u8()?).ok_or(RecordError::Damaged)?,
            local_identity: IdentityKey::new(PublicKey::from_bytes(reader.array()?)),
            remote_identity: IdentityKey::new(PublicKey::from_bytes(reader.array()?)),
            local_registration_id: reader.u32()?,
            remote_registration_id: reader.u32()?,
            base_key: PublicKey::from_bytes(reader.array()?),
            initial_secrecy: match version {
                1 | 2 => InitialSecrecy::Unknown,
                _ => InitialSecrecy::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?,
            },
            retired: version > 2 && reader.flag()?,
            pending: if reader.flag()? { Some(Box::new(Pending::read(reader)?)) } else { None },
            ratchet: match version {
                1 => TripleRatchet::read_double_only(reader)?,
                _ => TripleRatchet::read(reader, version > 3)?,
            },
        };
        if state.is_bounded(local, remote) { Ok(state) } else { Err(RecordError::Damaged) }
    }

    /// Returns whether the limits of its post-quantum ratchet are those of a session between these devices. With wider
    /// ones a single message could cost any amount of work and memory.
    pub(super) fn is_bounded(&self, local: &Address, remote: &Address) -> bool {
        self.ratchet.braid().limits().is_none_or(|limits| {
            limits.within(Limits::default())
                || limits.within(limits_of((&self.local_identity, local), (&self.remote_identity, remote)))
        })
    }
}

/// The post-quantum ratchet of a new session.
pub(super) fn new_braid(
    direction: Direction,
    auth_key: &Secret<32>,
    ours: (&IdentityKey, &Address),
    theirs: (&IdentityKey, &Address),
) -> Spqr {
    Spqr::new(direction, auth_key, limits_of(ours, theirs))
}

/// Returns whether two parties are devices of one account: equal identity keys, and names that are the same service id.
/// Devices are not compared; names that are no service ids never make one account.
pub(super) fn same_account(ours: (&IdentityKey, &Address), theirs: (&IdentityKey, &Address)) -> bool {
    ours.0 == theirs.0 && ours.1.name() == theirs.1.name() && ours.1.service_id().is_some()
}

/// Between devices of one account any number of messages may be skipped at once.
fn limits_of(ours: (&IdentityKey, &Address), theirs: (&IdentityKey, &Address)) -> Limits {
    if same_account(ours, theirs) { Limits::own_account() } else { Limits::default() }
}

impl Pending {
    fn write(&self, writer: &mut RecordWriter) {
        writer.put_u64(self.created.as_millis());
        writer.put_u32(self.signed_pre_key_id.0);
        writer.put_flag(self.one_time_pre_key_id.is_some());
        if let Some(id) = self.one_time_pre_key_id {
            writer.put_u32(id.0);
        }
        writer.put_flag(self.kem.is_some());
        if let Some(kem) = &self.kem {
            writer.put_u32(kem.id.0);
            writer.put_array(&kem.ciphertext.encode());
        }
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            created: Timestamp::from_millis(reader.u64()?),
            signed_pre_key_id: SignedPreKeyId(reader.u32()?),
            one_time_pre_key_id: if reader.flag()? { Some(OneTimePreKeyId(reader.u32()?)) } else { None },
            kem: if reader.flag()? { Some(PendingKem::read(reader)?) } else { None },
        })
    }
}

impl PendingKem {
    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let id = KemPreKeyId(reader.u32()?);
        let ciphertext = Box::new(reader.array::<{ KemCiphertext::ENCODED_LEN }>()?);
        let ciphertext = KemCiphertext::decode(ciphertext.as_slice()).map_err(|_| RecordError::Damaged)?;
        Ok(Self { id, ciphertext })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_has_one_key_and_one_service_id() {
        const ACI: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
        let [ours, other] = [1, 2].map(|byte| IdentityKey::new(PublicKey::from_bytes([byte; 32])));
        let (first, second) = (Address::new(ACI, 1), Address::new(ACI, 2));
        assert!(same_account((&ours, &first), (&ours, &second)));
        assert!(same_account((&ours, &first), (&ours, &Address::new(ACI.to_uppercase(), 3))));
        assert!(!same_account((&ours, &first), (&other, &second)), "another key");
        let pni = Address::new(alloc::format!("PNI:{ACI}"), 1);
        assert!(!same_account((&ours, &first), (&ours, &pni)), "another service id");
        let name = Address::new("bob", 1);
        assert!(!same_account((&ours, &name), (&ours, &name)), "no service id");
    }
}
