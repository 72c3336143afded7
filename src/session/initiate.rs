// SPDX-License-Identifier: MIT OR Apache-2.0

//! Beginning a session from a peer's bundle.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::config::{Config, Policy};
use super::secrecy::InitialSecrecy;
use super::state::{Pending, PendingKem, SessionState, Version, new_braid};
use super::{Change, Session, SessionChange};
use crate::agreement::{Initiator, pqxdh, x3dh};
use crate::crypto::curve::{KeyPair, PrivateKey};
use crate::crypto::stack;
use crate::prekey::{BundleError, VerifiedBundle};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::double::DoubleRatchet;
use crate::ratchet::root::RootKey;
use crate::ratchet::spqr::{Direction, Spqr};
use crate::ratchet::triple::TripleRatchet;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

impl Session {
    /// Begins a session from a peer's bundle. It becomes the current one; the one before is archived, whatever its
    /// state. Messages are of kind `PreKey` until the peer answers.
    ///
    /// The bundle is consumed, so that its one-time prekey is used once:
    ///
    /// ```compile_fail,E0382
    /// # use subrosa::session::Config;
    /// # use subrosa::{Session, Timestamp, VerifiedBundle};
    /// # fn twice(a: &mut Session, b: &mut Session, config: &Config<'_>, bundle: VerifiedBundle, rng: &mut impl subrosa::rand_core::CryptoRng) {
    /// # let now = Timestamp::from_millis(0);
    /// let first = a.initiate(config, bundle, now, rng);
    /// let second = b.initiate(config, bundle, now, rng);
    /// # }
    /// ```
    ///
    /// and it must have been verified:
    ///
    /// ```compile_fail,E0308
    /// # use subrosa::session::Config;
    /// # use subrosa::{PreKeyBundle, Session, Timestamp};
    /// # fn unverified(a: &mut Session, config: &Config<'_>, bundle: PreKeyBundle, rng: &mut impl subrosa::rand_core::CryptoRng) {
    /// let staged = a.initiate(config, bundle, Timestamp::from_millis(0), rng);
    /// # }
    /// ```
    ///
    /// Draws 32 bytes each for the base key, the KEM encapsulation (version 4 only) and the first ratchet
    /// key, in this order. Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`BundleError`]: `Busy`, `OtherDevice`, `Version3Refused`, `NoOneTimePreKey`, `NonContributory`, in this order.
    pub fn initiate(
        &mut self,
        config: &Config<'_>,
        bundle: VerifiedBundle,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, ()>, BundleError> {
        self.lease.free()?;
        let pinned = bundle.is_pinned();
        // The change is made outside: it is an enum, whose unused part would take along what lies on the stack.
        let begin = || self.begin(config, bundle, now, rng).map(Box::new);
        let state = stack::wiped(stack::OPERATION, begin)?;
        let identity = (!pinned).then_some(state.remote_identity);
        let change = SessionChange::new(Change::Begin { state, leads: true });
        let change = SessionChange { identity, ..change };
        Ok(Staged::of(self, change, ()))
    }

    fn begin(
        &self,
        config: &Config<'_>,
        bundle: VerifiedBundle,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<SessionState, BundleError> {
        let (bundle, their_identity) = bundle.into_parts();
        if bundle.device_id != self.remote.device() {
            return Err(BundleError::OtherDevice(bundle.device_id));
        }
        if bundle.kem_pre_key.is_none() && config.policy != Policy::AllowVersion3 {
            return Err(BundleError::Version3Refused);
        }
        if bundle.one_time_pre_key.is_none() && config.require_one_time {
            return Err(BundleError::NoOneTimePreKey);
        }
        let base_key = PrivateKey::generate(rng);
        let encapsulated = bundle.kem_pre_key.map(|kem| (kem.id, kem.key.encapsulate(rng)));
        let ratchet_key = PrivateKey::generate(rng);
        let agreements = Initiator {
            identity: config.identity.private(),
            base_key: &base_key,
            ratchet_key: &ratchet_key,
            their_identity: &their_identity,
            their_signed_pre_key: &bundle.signed_pre_key.key.prepare(),
            their_one_time_pre_key: bundle.one_time_pre_key.as_ref().map(|one_time| &one_time.key),
        }
        .agree()?;
        let (version, kem, root, chain, braid) = match encapsulated {
            None => {
                let secrets = x3dh::initiate(&agreements);
                (Version::V3, None, secrets.root, secrets.chain, Spqr::off())
            }
            Some((id, (ciphertext, shared))) => {
                let secrets = pqxdh::initiate(&agreements, &shared);
                let ours = (config.identity.public(), &self.local);
                let braid =
                    new_braid(Direction::A2B, &secrets.braid, ours, (&bundle.identity_key, &self.remote));
                let kem = PendingKem { id, ciphertext };
                (Version::V4, Some(kem), secrets.root, secrets.chain, braid)
            }
        };
        let pair = KeyPair::from_parts(ratchet_key, agreements.ratchet_key);
        let first = (ChainKey::new(chain, 0), bundle.signed_pre_key.key);
        let double = DoubleRatchet::initiator(&RootKey::new(root), first, pair, &agreements.ratchet);
        Ok(SessionState {
            version,
            local_identity: *config.identity.public(),
            remote_identity: bundle.identity_key,
            local_registration_id: config.registration_id,
            remote_registration_id: bundle.registration_id,
            base_key: agreements.base_key,
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
