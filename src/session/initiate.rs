// SPDX-License-Identifier: MIT OR Apache-2.0

//! Beginning a session from a peer's bundle.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::policy::{Local, Policy};
use super::secrecy::InitialSecrecy;
use super::state::{Pending, PendingKem, SessionState, Version, new_braid};
use super::{Change, Session, SessionChange, SessionEffects};
use crate::agreement::{AgreementError, Initiator, pqxdh, x3dh};
use crate::crypto::curve::{KeyPair, ZeroAgreement};
use crate::crypto::stack;
use crate::prekey::VerifiedBundle;
use crate::ratchet::braid::{Braid, Direction};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::double::DoubleRatchet;
use crate::ratchet::root::RootKey;
use crate::ratchet::triple::TripleRatchet;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// Why no session could be begun from a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InitiateError {
    /// The bundle has no KEM prekey, and the [policy](Policy) does not allow version 3. The caller's to decide.
    #[error("the bundle has no KEM prekey")]
    Version3Refused,
    /// The bundle has no one-time prekey, and the caller
    /// [requires](super::Local::requiring_one_time) one. Perhaps the service has run out of them.
    #[error("the bundle has no one-time prekey")]
    NoOneTimePreKey,
    /// A key in the bundle is of low order. The peer's, or the service's, fault.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
}

impl From<ZeroAgreement> for InitiateError {
    fn from(error: ZeroAgreement) -> Self {
        Self::Agreement(error.into())
    }
}

impl Session {
    /// Begins a session from a peer's bundle. It becomes the current one; the one before, however good, is
    /// archived. Messages are of kind `PreKey` until the peer answers.
    ///
    /// The bundle is consumed, so that its one-time prekey is used once:
    ///
    /// ```compile_fail,E0382
    /// # use subrosa::{Local, Session, Timestamp, VerifiedBundle};
    /// # fn twice(a: &mut Session, b: &mut Session, local: &Local<'_>, bundle: VerifiedBundle, rng: &mut impl subrosa::rand_core::CryptoRng) {
    /// # let now = Timestamp::from_millis(0);
    /// let first = a.initiate(local, bundle, now, rng);
    /// let second = b.initiate(local, bundle, now, rng);
    /// # }
    /// ```
    ///
    /// and it must have been verified:
    ///
    /// ```compile_fail,E0308
    /// # use subrosa::{Local, PreKeyBundle, Session, Timestamp};
    /// # fn unverified(a: &mut Session, local: &Local<'_>, bundle: PreKeyBundle, rng: &mut impl subrosa::rand_core::CryptoRng) {
    /// let staged = a.initiate(local, bundle, Timestamp::from_millis(0), rng);
    /// # }
    /// ```
    ///
    /// Draws 32 bytes each for the base key, the KEM encapsulation (version 4 only) and the first ratchet
    /// key, in this order. Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`InitiateError`], in the order of its variants.
    pub fn initiate(
        &mut self,
        local: &Local<'_>,
        bundle: VerifiedBundle,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Self, ()>, InitiateError> {
        stack::wiped(stack::OPERATION, move || {
            let state = self.begin(local, bundle, now, rng)?;
            let effects = SessionEffects::of(state.remote_identity);
            Ok(self.stage(SessionChange(Change::Begin(Box::new(state))), effects, ()))
        })
    }

    fn begin(
        &self,
        local: &Local<'_>,
        bundle: VerifiedBundle,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<SessionState, InitiateError> {
        let (bundle, their_identity) = bundle.into_parts();
        if bundle.kem_pre_key.is_none() && local.policy != Policy::AllowVersion3 {
            return Err(InitiateError::Version3Refused);
        }
        if bundle.one_time_pre_key.is_none() && local.require_one_time {
            return Err(InitiateError::NoOneTimePreKey);
        }
        let base_key = KeyPair::generate(rng);
        let signed_pre_key = bundle.signed_pre_key.key.prepare();
        let initiator = Initiator {
            identity: local.identity.private(),
            base_key: base_key.private(),
            their_identity: &their_identity,
            their_signed_pre_key: &signed_pre_key,
            their_one_time_pre_key: bundle.one_time_pre_key.as_ref().map(|one_time| &one_time.key),
        };
        let (version, kem, root, chain, braid) = match bundle.kem_pre_key {
            None => {
                let secrets = x3dh::initiate(&initiator)?;
                (Version::V3, None, secrets.root, secrets.chain, Braid::off())
            }
            Some(kem) => {
                let (secrets, ciphertext) = pqxdh::initiate(&initiator, &kem.key, rng)?;
                let ours = (local.identity.public(), &self.local);
                let braid =
                    new_braid(Direction::A2B, &secrets.braid, ours, (&bundle.identity_key, &self.remote));
                let kem = PendingKem { id: kem.id, ciphertext };
                (Version::V4, Some(kem), secrets.root, secrets.chain, braid)
            }
        };
        let chain = ChainKey::new(chain, 0);
        let double =
            DoubleRatchet::initiator(&RootKey::new(root), chain, KeyPair::generate(rng), &signed_pre_key)?;
        Ok(SessionState {
            version,
            local_identity: *local.identity.public(),
            remote_identity: bundle.identity_key,
            local_registration_id: local.registration_id,
            remote_registration_id: bundle.registration_id,
            base_key: *base_key.public(),
            initial_secrecy: InitialSecrecy::of(bundle.one_time_pre_key.is_some(), false),
            retired: false,
            pending: Some(Box::new(Pending {
                created: now,
                signed_pre_key_id: bundle.signed_pre_key.id,
                one_time_pre_key_id: bundle.one_time_pre_key.map(|one_time| one_time.id),
                kem,
            })),
            ratchet: TripleRatchet::new(double, braid),
        })
    }
}
