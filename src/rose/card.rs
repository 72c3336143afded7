// SPDX-License-Identifier: MIT OR Apache-2.0

//! Device cards, and the keys of a device (rose 31 §1, §2).
//!
//! ```text
//! card = suite (2) || account (17) || device (1) || profiles (4) || made at (8) || IK (32) || KIK (1,184) || signature (64)
//! ```

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::ml_kem::{CIPHERTEXT_768_LEN, PUBLIC_768_LEN, ml_kem_768};
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa;
use crate::identity;
use crate::ids::DeviceName;
use crate::timestamp::Timestamp;

/// Length of a card in bytes.
pub const CARD_LEN: usize = 1312;

/// Profile flag: the device speaks the rose profile.
pub const SPEAKS_ROSE: u32 = 1;
/// Profile flag: the device speaks version 4 of the Signal protocol.
pub const SPEAKS_SIGNAL_4: u32 = 1 << 8;

pub(super) const SUITE: [u8; 2] = [0, 1];
const SIGNED_LEN: usize = CARD_LEN - 64;
const LABEL: &[u8] = b"subrosa-rose-1 card\0";
const CROSS: &[u8] = b"subrosa-rose-1 cross\0";
const DAY: u64 = 86_400;

/// The bytes are no sound card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad card")]
pub struct BadCard;

/// An identity key of the rose profile: X25519, with XEdDSA. The same on all devices of an account.
///
/// It is another type than the Signal profile's [`IdentityKey`](crate::IdentityKey), so that a key of one profile cannot
/// serve the other:
///
/// ```compile_fail,E0308
/// fn pin(key: subrosa::rose::IdentityKey) -> subrosa::IdentityKey {
///     key
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdentityKey(PublicKey);

impl IdentityKey {
    /// A key from its u-coordinate, 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(PublicKey::from_bytes(bytes))
    }

    /// The u-coordinate, 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(super) const fn public_key(&self) -> &PublicKey {
        &self.0
    }

    /// Returns whether `cross` says that this key and a Signal identity key are of one account: 64 bytes signed by that
    /// key, then 64 by this one. Who compared the other key has this one as vouched for, not as compared.
    #[must_use]
    pub fn is_vouched_for(
        &self,
        signal: &identity::IdentityKey,
        account: &[u8; 17],
        cross: &[u8; 128],
    ) -> bool {
        let mut signatures = [[0; 64]; 2];
        signatures.as_flattened_mut().copy_from_slice(cross);
        let (ours, theirs) = (self.as_bytes(), signal.public_key());
        xeddsa::verify_strict(theirs, &[CROSS, account, ours], &signatures[0])
            && xeddsa::verify_strict(&self.0, &[CROSS, account, theirs.as_bytes()], &signatures[1])
    }
}

/// A device card whose signature was verified: 1,312 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Card(Box<[u8; CARD_LEN]>);

impl Card {
    /// Reads a card: length, suite, device 1 to 127, canonical `IK`, modulus check of `KIK`, signature.
    ///
    /// # Errors
    /// [`BadCard`].
    pub fn verify(bytes: &[u8]) -> Result<Self, BadCard> {
        let card = Self::unverified(bytes)?;
        let (signed, signature) = card.0.split_last_chunk().ok_or(BadCard)?;
        let fits = card.0.starts_with(&SUITE)
            && (1..=127).contains(&card.name().device())
            && card.identity().0.is_reduced()
            && ml_kem_768::is_reduced(card.kem_identity())
            && xeddsa::verify_strict(&card.identity().0, &[LABEL, signed], signature);
        if fits { Ok(card) } else { Err(BadCard) }
    }

    /// A card of which only the length is checked.
    pub(super) fn unverified(bytes: &[u8]) -> Result<Self, BadCard> {
        <[u8; CARD_LEN]>::try_from(bytes).map(|bytes| Self(Box::new(bytes))).map_err(|_| BadCard)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; CARD_LEN] {
        &self.0
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }

    /// Account and device.
    #[must_use]
    pub fn name(&self) -> DeviceName {
        DeviceName::from_bytes(self.part(2))
    }

    /// The profiles that the device speaks: [`SPEAKS_ROSE`], [`SPEAKS_SIGNAL_4`].
    #[must_use]
    pub fn profiles(&self) -> u32 {
        u32::from_be_bytes(self.part(20))
    }

    /// `IK`.
    #[must_use]
    pub fn identity(&self) -> IdentityKey {
        IdentityKey::from_bytes(self.part(32))
    }

    /// `KIK`, 1,184 bytes.
    #[must_use]
    pub fn kem_identity(&self) -> &[u8; PUBLIC_768_LEN] {
        let (_, rest) = self.0.split_at(64);
        rest.first_chunk().unwrap_or(&[0; PUBLIC_768_LEN])
    }

    /// SHA-256 of `KIK`.
    #[must_use]
    pub fn kem_identity_hash(&self) -> [u8; 32] {
        Sha256::digest(self.kem_identity()).into()
    }

    fn part<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut out = [0; N];
        out.iter_mut().zip(self.0.iter().skip(offset)).for_each(|(to, from)| *to = *from);
        out
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({:?})", self.name())
    }
}

/// The keys of our device: `IK` and `KIK` of the account, and the card. Neither private key is one of the Signal
/// profile's.
pub struct DeviceKeys {
    pub(super) identity: KeyPair,
    pub(super) kem_seed: Secret<64>,
    pub(super) card: Card,
}

impl DeviceKeys {
    /// A new account's first device. Draws `IK` (32), `KIK` (64), and 64 for the card's signature.
    pub fn generate(name: DeviceName, profiles: u32, now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        let identity = KeyPair::generate(rng);
        let kem_seed = Secret::random(rng);
        Self::with_card(name, profiles, now, (identity, kem_seed), rng)
    }

    /// Another device of the same account. Draws 64 for the card's signature.
    #[must_use]
    pub fn link(&self, device: u8, profiles: u32, now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        let name = DeviceName::new(self.card.name().account(), device);
        let keys = (self.identity.duplicate(), self.kem_seed.duplicate());
        Self::with_card(name, profiles, now, keys, rng)
    }

    fn with_card(
        name: DeviceName,
        profiles: u32,
        now: Timestamp,
        (identity, kem_seed): (KeyPair, Secret<64>),
        rng: &mut impl CryptoRng,
    ) -> Self {
        let card = make_card(name, profiles, now, (&identity, &kem_seed), rng);
        Self { identity, kem_seed, card }
    }

    /// A new card of the same device, with other profiles. Draws 64.
    pub(super) fn new_card(&self, profiles: u32, now: Timestamp, rng: &mut impl CryptoRng) -> Card {
        make_card(self.name(), profiles, now, (&self.identity, &self.kem_seed), rng)
    }

    pub(super) const fn from_parts(identity: KeyPair, kem_seed: Secret<64>, card: Card) -> Self {
        Self { identity, kem_seed, card }
    }

    /// The card.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// Account and device.
    #[must_use]
    pub fn name(&self) -> DeviceName {
        self.card.name()
    }

    /// Signs that this account's identities of both profiles belong together: 64 bytes by the Signal key, 64 by this
    /// one. Draws 64 twice.
    pub fn vouch(&self, signal: &identity::IdentityKeyPair, rng: &mut impl CryptoRng) -> [u8; 128] {
        let (account, ours) = (self.name().account(), self.identity.public());
        let theirs = signal.public().public_key();
        let first = xeddsa::sign(signal.private(), &[CROSS, &account, ours.as_bytes()], rng);
        let second = self.sign(&[CROSS, &account, theirs.as_bytes()], rng);
        let mut out = [0; 128];
        out.copy_from_slice([first, second].as_flattened());
        out
    }

    pub(super) const fn identity(&self) -> &PrivateKey {
        self.identity.private()
    }

    pub(super) fn sign(&self, message: &[&[u8]], rng: &mut impl CryptoRng) -> [u8; 64] {
        xeddsa::sign(self.identity.private(), message, rng)
    }

    /// `ss_A` of a ciphertext for our `KIK`.
    pub(super) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT_768_LEN]) -> Secret<32> {
        ml_kem_768::decapsulate(&self.kem_seed, ciphertext)
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: _, kem_seed: _, card } = self;
        write!(f, "DeviceKeys({card:?}, ..)")
    }
}

/// A device's card.
fn make_card(
    name: DeviceName,
    profiles: u32,
    now: Timestamp,
    (identity, kem_seed): (&KeyPair, &Secret<64>),
    rng: &mut impl CryptoRng,
) -> Card {
    let mut bytes = Box::new([0; CARD_LEN]);
    let kem_identity = ml_kem_768::public_key(kem_seed);
    let (profiles, made) = (profiles.to_be_bytes(), day_of(now).to_be_bytes());
    let parts: [&[u8]; 6] =
        [&SUITE, name.as_bytes(), &profiles, &made, identity.public().as_bytes(), &kem_identity];
    bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
    let (signed, signature) = bytes.split_at_mut(SIGNED_LEN);
    signature.copy_from_slice(&xeddsa::sign(identity.private(), &[LABEL, signed], rng));
    Card(bytes)
}

/// Seconds since 1970, rounded down to the day.
pub(super) const fn day_of(now: Timestamp) -> u64 {
    now.as_secs() / DAY * DAY
}
