// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions in libsignal's form: for moving over from it, and back.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::Session;
use super::archive::MAX_ARCHIVED;
use super::secrecy::InitialSecrecy;
use super::state::{Pending, PendingKem, SessionState, Version};
use crate::address::Address;
use crate::crypto::curve::PublicKey;
use crate::crypto::kem::KemCiphertext;
use crate::identity::IdentityKey;
use crate::libsignal::LibsignalError;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::ratchet::double::StoredKeys;
use crate::ratchet::triple::TripleRatchet;
use crate::timestamp::Timestamp;
use crate::wire::stored::{
    StoredPendingKyberPreKey, StoredPendingPreKey, StoredSession, StoredSessionRecord,
};

impl Session {
    /// Reads a session record of libsignal, for the same two devices. An archived session that does not decode is
    /// skipped, as in libsignal.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(
        bytes: &[u8],
        local: Address,
        remote: Address,
    ) -> Result<Self, LibsignalError> {
        let record = StoredSessionRecord::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let sound = |stored: &StoredSession<'_>| {
            SessionState::from_stored(stored).filter(|state| state.is_bounded(&local, &remote)).map(Box::new)
        };
        let current = match &record.current {
            None => None,
            Some(stored) => Some(sound(stored).ok_or(LibsignalError::Unsound)?),
        };
        let archived = record.archived.iter().take(MAX_ARCHIVED);
        let archived =
            archived.filter_map(|stored| StoredSession::parse(stored).ok().as_ref().and_then(sound));
        let archived = archived.collect::<VecDeque<_>>();
        Ok(Self { current, archived, ..Self::new(local, remote) })
    }

    /// The session record that libsignal would store. [Retired](Self::retire) sessions are left out, since
    /// libsignal would send on them again; and it does not know [initial secrecy](Self::initial_secrecy).
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is for one lifetime only")]
        let archived: Vec<Zeroizing<Vec<u8>>> = self
            .archived
            .iter()
            .filter(|state| !state.retired)
            .map(|state| state.with_stored(|stored| stored.encode()))
            .collect();
        let archived = archived.iter().map(|stored| stored.as_slice()).collect();
        match &self.current {
            None => StoredSessionRecord { current: None, archived }.encode(),
            Some(state) => state.with_stored(|stored| {
                StoredSessionRecord { current: Some(stored.clone()), archived }.encode()
            }),
        }
    }
}

impl SessionState {
    fn from_stored(stored: &StoredSession<'_>) -> Option<Self> {
        let pending = match &stored.pending_pre_key {
            None => None,
            Some(pending) => {
                Some(Box::new(Pending::from_stored(pending, stored.pending_kyber_pre_key.as_ref())?))
            }
        };
        Some(Self {
            version: u8::try_from(stored.version).ok().and_then(Version::from_number)?,
            local_identity: IdentityKey::decode(stored.local_identity).ok()?,
            remote_identity: IdentityKey::decode(stored.remote_identity).ok()?,
            local_registration_id: stored.local_registration_id,
            remote_registration_id: stored.remote_registration_id,
            base_key: PublicKey::decode(stored.base_key).ok()?,
            initial_secrecy: InitialSecrecy::Unknown,
            retired: false,
            pending,
            ratchet: TripleRatchet::from_stored(stored)?,
        })
    }

    /// Hands the stored form, which borrows encoded keys, to `then`.
    fn with_stored<T>(&self, then: impl FnOnce(&StoredSession<'_>) -> T) -> T {
        let (local, remote) = (self.local_identity.encode(), self.remote_identity.encode());
        let base_key = self.base_key.encode();
        let keys = StoredKeys::of(self.ratchet.double());
        let post_quantum = self.ratchet.braid().to_stored();
        let kem = self.pending.as_ref().and_then(|pending| pending.kem.as_ref());
        let ciphertext = kem.map(|kem| kem.ciphertext.encode());
        let mut stored = StoredSession {
            version: u32::from(self.version.number()),
            local_identity: &local,
            remote_identity: &remote,
            pending_pre_key: self.pending.as_ref().map(|pending| pending.stored(&base_key)),
            remote_registration_id: self.remote_registration_id,
            local_registration_id: self.local_registration_id,
            base_key: &base_key,
            pending_kyber_pre_key: kem
                .zip(ciphertext.as_ref())
                .map(|(kem, ciphertext)| StoredPendingKyberPreKey { pre_key_id: kem.id.0, ciphertext }),
            pq_ratchet: &post_quantum,
            ..StoredSession::default()
        };
        self.ratchet.double().store(&keys, &mut stored);
        then(&stored)
    }
}

impl Pending {
    fn from_stored(
        pending: &StoredPendingPreKey<'_>,
        kyber: Option<&StoredPendingKyberPreKey<'_>>,
    ) -> Option<Self> {
        let kem = match kyber {
            None => None,
            Some(kyber) => Some(PendingKem {
                id: KemPreKeyId(kyber.pre_key_id),
                ciphertext: KemCiphertext::decode(kyber.ciphertext).ok()?,
            }),
        };
        Some(Self {
            created: Timestamp::from_secs(pending.created),
            signed_pre_key_id: SignedPreKeyId(pending.signed_pre_key_id.cast_unsigned()),
            one_time_pre_key_id: pending.pre_key_id.map(OneTimePreKeyId),
            kem,
        })
    }

    fn stored<'a>(&self, base_key: &'a [u8]) -> StoredPendingPreKey<'a> {
        StoredPendingPreKey {
            pre_key_id: self.one_time_pre_key_id.map(|id| id.0),
            base_key,
            signed_pre_key_id: self.signed_pre_key_id.0.cast_signed(),
            created: self.created.as_secs(),
        }
    }
}
