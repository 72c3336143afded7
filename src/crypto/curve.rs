// SPDX-License-Identifier: MIT OR Apache-2.0

//! Curve25519 keys and X25519 agreement (RFC 7748), with the deployed encoding and refusals.

mod point;
mod x25519;

use alloc::vec::Vec;
use core::fmt;

use curve25519_dalek::constants::X25519_BASEPOINT;
use curve25519_dalek::scalar::clamp_integer;
use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};

use super::key_error::KeyError;
use super::secret::Secret;
use super::stack;
pub(super) use point::Point;

/// The type byte in front of an encoded public key.
const KEY_TYPE: u8 = 0x05;

/// The shared secret is zero: the public key has low order and contributes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key has low order")]
pub struct NonContributory;

/// A Curve25519 public key: 32 bytes of Montgomery u-coordinate, kept exactly as received.
///
/// Two encodings of one point are two different keys. Comparison is in constant time.
#[derive(Clone, Copy)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Length of the encoded form: the type byte `0x05` and the u-coordinate.
    pub const ENCODED_LEN: usize = 33;

    /// A key from its bare u-coordinate. Every value is accepted.
    #[must_use]
    pub const fn from_bytes(u: [u8; 32]) -> Self {
        Self(u)
    }

    /// Reads the encoded form. As deployed: bytes after the 33rd are ignored, and neither range nor
    /// order of the point is checked.
    ///
    /// # Errors
    /// [`KeyError`] for empty input, another type byte, or fewer than 33 bytes, in this order.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let (&kind, rest) = bytes.split_first().ok_or(KeyError::NoKeyType)?;
        if kind != KEY_TYPE {
            return Err(KeyError::BadKeyType(kind));
        }
        rest.first_chunk().map(|u| Self(*u)).ok_or(KeyError::BadKeyLength(bytes.len()))
    }

    /// The encoded form, 33 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::ENCODED_LEN] {
        let mut out = [KEY_TYPE; Self::ENCODED_LEN];
        out[1..].copy_from_slice(&self.0);
        out
    }

    /// The bare u-coordinate, 32 bytes, little endian.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns whether the u-coordinate is reduced and the point lies in the prime-order subgroup.
    ///
    /// The protocol asks this of one key only: the base key of a message that starts a session.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.prepare().is_canonical()
    }

    /// The key, prepared for X25519.
    #[must_use]
    pub fn prepare(&self) -> PreparedKey {
        PreparedKey { key: *self, prepared: x25519::Prepared::new(self.0) }
    }

    /// Returns whether bit 255 is clear and the integer is below 2^255 − 19.
    pub(crate) fn is_reduced(&self) -> bool {
        let [low, middle @ .., high] = &self.0;
        let at_least_p = *high == 0x7F && middle.iter().all(|byte| *byte == 0xFF) && *low >= 0xED;
        *high < 0x80 && !at_least_p
    }
}

/// A public key, prepared for X25519. Where there are neither lanes nor assembly for it, preparing a key that is used more
/// than once saves a sixth of each further agreement.
#[derive(Clone, Copy)]
pub struct PreparedKey {
    key: PublicKey,
    prepared: x25519::Prepared,
}

impl PreparedKey {
    /// The base point, with which an agreement gives a public key.
    pub(crate) const BASE: Self =
        Self { key: PublicKey(X25519_BASEPOINT.0), prepared: x25519::Prepared::BASE };

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The point with the key's u-coordinate whose sign bit is 0, if that is on the curve and not on its twist.
    pub(super) fn point(&self) -> Option<Point> {
        Point::of(&self.prepared)
    }

    /// [`PublicKey::is_canonical`].
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.key.is_reduced() && self.point().is_some_and(|point| point.is_torsion_free())
    }
}

impl fmt::Debug for PreparedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, prepared: _ } = self;
        f.debug_tuple("PreparedKey").field(key).finish()
    }
}

impl ConstantTimeEq for PublicKey {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for PublicKey {}

impl core::hash::Hash for PublicKey {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A Curve25519 private key: 32 clamped bytes.
pub struct PrivateKey(Secret<32>);

impl PrivateKey {
    /// Length of the stored form in bytes.
    pub const ENCODED_LEN: usize = 32;

    /// A fresh key: 32 bytes from `rng`, clamped.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_secret(&Secret::random(rng))
    }

    /// Clamps `bytes` to a private key.
    #[must_use]
    pub fn from_secret(bytes: &Secret<32>) -> Self {
        Self(Secret::new(clamp_integer(*bytes.as_bytes())))
    }

    /// Reads the stored form and clamps it.
    ///
    /// # Errors
    /// [`KeyError::BadKeyLength`] unless there are exactly 32 bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        Secret::try_from(bytes)
            .map(|secret| Self::from_secret(&secret))
            .map_err(|_| KeyError::BadKeyLength(bytes.len()))
    }

    /// The clamped bytes, which are also the stored form.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key that belongs to this private key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        stack::wiped(stack::CURVE, || PublicKey(x25519::public_key(&self.0)))
    }

    /// X25519 with `theirs`; bit 255 of their key is ignored and the rest reduced, as RFC 7748 says.
    ///
    /// # Errors
    /// [`NonContributory`] if the result is all zero (compared in constant time).
    pub fn diffie_hellman(&self, theirs: &PublicKey) -> Result<Secret<32>, NonContributory> {
        self.diffie_hellman_with(&theirs.prepare())
    }

    /// [`diffie_hellman`](Self::diffie_hellman) with a key that was prepared.
    ///
    /// # Errors
    /// [`NonContributory`] if the result is all zero (compared in constant time).
    pub fn diffie_hellman_with(&self, theirs: &PreparedKey) -> Result<Secret<32>, NonContributory> {
        let shared = stack::wiped(stack::CURVE, || x25519::agree(&self.0, &theirs.prepared));
        refuse_zero(&shared).map(|()| shared)
    }

    /// The agreements of a DH ratchet step, in `agreed`: ours so far with theirs, and a fresh one with theirs. Gives the
    /// fresh key pair. Draws 32 bytes.
    ///
    /// # Errors
    /// [`NonContributory`] if their key is of low order.
    pub(crate) fn turn(
        &self,
        theirs: &PublicKey,
        rng: &mut impl CryptoRng,
        agreed: &mut [Secret<32>; 2],
    ) -> Result<KeyPair, NonContributory> {
        let fresh = Self::generate(rng);
        let public = stack::wiped(stack::CURVE, || {
            let (theirs, mut shared) = (theirs.prepare(), [(); 3].map(|()| Secret::zero()));
            let pairs = [(self, &theirs), (&fresh, &theirs), (&fresh, &PreparedKey::BASE)];
            x25519::agree_each(&pairs, &mut shared);
            let [before, after, public] = &shared;
            for (to, from) in agreed.iter_mut().zip([before, after]) {
                to.as_bytes_mut().copy_from_slice(from.as_bytes());
            }
            PublicKey(*public.as_bytes())
        });
        let [before, after] = &*agreed;
        refuse_zero(before)?;
        refuse_zero(after)?;
        Ok(KeyPair::from_parts(fresh, public))
    }

    /// A second owner of the same key: a signed prekey is also the first ratchet key.
    pub(crate) const fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

/// Refuses what is all zero, in constant time.
pub(crate) fn refuse_zero(shared: &Secret<32>) -> Result<(), NonContributory> {
    if shared.ct_eq(&Secret::zero()).into() { Err(NonContributory) } else { Ok(()) }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("PrivateKey(..)")
    }
}

/// A private key, and the public key that it agrees with.
pub(crate) type Pair<'a> = (&'a PrivateKey, &'a PreparedKey);

/// Results of agreements that do not depend on each other. They stay where they are until they are wiped.
pub(crate) struct Agreed(Vec<Secret<32>>);

impl Agreed {
    /// Agrees, at once where the processor has lanes for it.
    pub(crate) fn of(pairs: &[Pair<'_>]) -> Self {
        let mut shared: Vec<_> = pairs.iter().map(|_| Secret::zero()).collect();
        stack::wiped(stack::CURVE, || x25519::agree_each(pairs, &mut shared));
        Self(shared)
    }

    /// [`of`](Self::of), if none is zero.
    pub(crate) fn all(pairs: &[Pair<'_>]) -> Result<Self, NonContributory> {
        let agreed = Self::of(pairs);
        for shared in &agreed.0 {
            refuse_zero(shared)?;
        }
        Ok(agreed)
    }

    /// What the pairs gave, in their order, be it zero or not.
    pub(crate) fn as_slice(&self) -> &[Secret<32>] {
        &self.0
    }

    /// The shared secrets, in the order of the pairs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Result<&Secret<32>, NonContributory>> {
        self.0.iter().map(|shared| refuse_zero(shared).map(|()| shared))
    }
}

/// The public keys of private ones.
pub(crate) fn public_keys(private: &[PrivateKey]) -> Vec<PublicKey> {
    let pairs: Vec<Pair<'_>> = private.iter().map(|private| (private, &PreparedKey::BASE)).collect();
    Agreed::of(&pairs).0.iter().map(|public| PublicKey(*public.as_bytes())).collect()
}

/// A private key beside its public key.
#[derive(Debug)]
pub struct KeyPair {
    private: PrivateKey,
    public: PublicKey,
}

impl KeyPair {
    /// A fresh pair; draws 32 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        stack::wiped(stack::CURVE, || Self::from_private(PrivateKey::generate(rng)))
    }

    /// The pair of a private key, whose public key is computed.
    #[must_use]
    pub fn from_private(private: PrivateKey) -> Self {
        let public = private.public_key();
        Self { private, public }
    }

    /// A pair from separately stored halves. They are not checked to belong together: that would cost
    /// a scalar multiplication each time a record is read.
    #[must_use]
    pub const fn from_parts(private: PrivateKey, public: PublicKey) -> Self {
        Self { private, public }
    }

    /// The private half.
    #[must_use]
    pub const fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A second owner of the same pair.
    pub(crate) const fn duplicate(&self) -> Self {
        Self { private: self.private.duplicate(), public: self.public }
    }
}
