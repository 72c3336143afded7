// SPDX-License-Identifier: MIT OR Apache-2.0

//! Identity keys (OMEMO facts §2, §3, §14.4).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::ed25519::{self, EdwardsKey};
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa::Signature;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::omemo::{self as wire, Version};

/// The bytes are no identity key: of another length or type, not on the curve, or not of prime order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid identity key")]
pub struct InvalidIdentity;

/// A device's public identity in one version: Ed25519 with its true sign, or Curve25519 in canonical form.
#[derive(Clone, Copy)]
pub struct IdentityKey {
    version: Version,
    /// The Edwards form, or the u-coordinate.
    bytes: [u8; 32],
    curve: PublicKey,
}

impl PartialEq for IdentityKey {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.bytes == other.bytes
    }
}

impl Eq for IdentityKey {}

impl IdentityKey {
    /// Reads the form that `version` has on the wire: 32 bytes, or `05` and 32 more. A legacy key is taken in canonical
    /// form.
    ///
    /// # Errors
    /// [`InvalidIdentity`].
    pub fn decode(version: Version, bytes: &[u8]) -> Result<Self, InvalidIdentity> {
        let bytes = wire::decode_key(version, bytes).map_err(|_| InvalidIdentity)?;
        Self::from_wire(version, bytes)
    }

    pub(super) fn from_wire(version: Version, bytes: [u8; 32]) -> Result<Self, InvalidIdentity> {
        let curve = match version {
            Version::Two => ed25519::to_curve(&bytes),
            Version::Legacy => ed25519::canonical(&PublicKey::from_bytes(bytes)),
        };
        let curve = curve.ok_or(InvalidIdentity)?;
        let bytes = if version == Version::Two { bytes } else { *curve.as_bytes() };
        Ok(Self { version, bytes, curve })
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The form on the wire: 32 bytes of Ed25519, or `05` and 32 bytes of Curve25519.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode_key(self.version, &self.bytes)
    }

    /// The Curve25519 form, which is the same in both versions.
    #[must_use]
    pub const fn curve(&self) -> &PublicKey {
        &self.curve
    }

    pub(super) const fn wire_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The fingerprint for display: eight groups of eight lower-case hex digits of the Curve25519 form, so the same in
    /// both versions.
    #[must_use]
    pub fn fingerprint(&self) -> [String; 8] {
        fingerprint(&self.curve)
    }

    /// Returns whether the device of this identity signed its label. A label without a valid signature is ignored.
    /// Version 2 only: a legacy identity signs none.
    #[must_use]
    pub fn verify_label(&self, label: &str, signature: &[u8]) -> bool {
        self.version == Version::Two && ed25519::verify(&self.bytes, &[label.as_bytes()], signature)
    }

    /// Verifies the signature of a signed prekey; a legacy one brings the identity's sign with it.
    pub(super) fn verify_pre_key(&self, signed: &[u8], signature: &[u8]) -> bool {
        let Ok(mut signature) = Signature::try_from(signature) else { return false };
        match self.version {
            Version::Two => ed25519::verify(&self.bytes, &[signed], &signature),
            Version::Legacy => {
                let sign = signature[63] >> 7;
                signature[63] &= 0x7F;
                ed25519::from_curve(&self.curve, sign)
                    .is_some_and(|edwards| ed25519::verify(&edwards, &[signed], &signature))
            }
        }
    }

    pub(super) fn write(&self, writer: &mut RecordWriter) {
        writer.put_array(&self.bytes);
        writer.put_array(self.curve.as_bytes());
    }

    pub(super) fn read(version: Version, reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { version, bytes: reader.array()?, curve: PublicKey::from_bytes(reader.array()?) })
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, bytes: _, curve } = self;
        write!(f, "IdentityKey({version:?}, {curve:?})")
    }
}

fn fingerprint(curve: &PublicKey) -> [String; 8] {
    let mut groups: [String; 8] = Default::default();
    for (group, bytes) in groups.iter_mut().zip(curve.as_bytes().chunks(4)) {
        for byte in bytes {
            // Writing to a text can't fail.
            let _ = fmt::Write::write_fmt(group, format_args!("{byte:02x}"));
        }
    }
    groups
}

/// Whom a key exchange or a bundle may come from.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// The identity that is known for the device; another one is refused.
    Pinned(&'a IdentityKey),
    /// Anyone: the caller stores the identity, and decides on it before it sends anything but empty messages.
    Anyone,
    /// Nobody.
    Nobody,
}

impl Trust<'_> {
    pub(super) fn accepts(self, identity: &IdentityKey) -> bool {
        match self {
            Self::Pinned(known) => known == identity,
            Self::Anyone => true,
            Self::Nobody => false,
        }
    }
}

/// A device's identity: one key pair for both versions.
#[derive(Debug)]
pub struct IdentityKeyPair {
    seed: Option<Secret<32>>,
    pair: KeyPair,
    edwards: EdwardsKey,
}

impl IdentityKeyPair {
    /// A fresh identity; draws a seed of 32 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_secret_seed(Secret::random(rng))
    }

    /// The identity of an Ed25519 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::from_secret_seed(Secret::new(*seed))
    }

    fn from_secret_seed(seed: Secret<32>) -> Self {
        let mut identity = Self::from_private(ed25519::scalar_of_seed(&seed));
        identity.seed = Some(seed);
        identity
    }

    /// The identity of an existing Curve25519 key. Its Edwards form keeps the true sign.
    #[must_use]
    pub fn from_private(private: PrivateKey) -> Self {
        let edwards = ed25519::public_of(&private);
        Self { seed: None, pair: KeyPair::from_private(private), edwards }
    }

    /// The public identity in one version.
    #[must_use]
    pub const fn public(&self, version: Version) -> IdentityKey {
        let curve = *self.pair.public();
        let bytes = match version {
            Version::Two => self.edwards,
            Version::Legacy => *curve.as_bytes(),
        };
        IdentityKey { version, bytes, curve }
    }

    /// The private key, 32 clamped bytes.
    #[must_use]
    pub const fn private(&self) -> &PrivateKey {
        self.pair.private()
    }

    /// The Ed25519 seed, if it was made from one.
    #[must_use]
    pub fn seed(&self) -> Option<&[u8; 32]> {
        self.seed.as_ref().map(Secret::as_bytes)
    }

    /// Signs a label of this device, for version 2. Draws 64 bytes. Fewer than 53 code points are recommended.
    pub fn sign_label(&self, label: &str, rng: &mut impl CryptoRng) -> [u8; 64] {
        ed25519::sign(self.private(), &[label.as_bytes()], rng)
    }

    /// Signs a prekey in the form that `version` has on the wire. Draws 64 bytes.
    pub(super) fn sign_pre_key(&self, version: Version, signed: &[u8], rng: &mut impl CryptoRng) -> [u8; 64] {
        let mut signature = ed25519::sign(self.private(), &[signed], rng);
        if version == Version::Legacy {
            signature[63] |= self.edwards[31] & 0x80;
        }
        signature
    }

    pub(super) fn write(&self, writer: &mut RecordWriter) {
        writer.put_flag(self.seed.is_some());
        writer.put_array(self.seed().unwrap_or_else(|| self.private().as_bytes()));
    }

    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let is_seed = reader.flag()?;
        let secret = reader.secret()?;
        Ok(if is_seed {
            Self::from_secret_seed(secret)
        } else {
            Self::from_private(PrivateKey::from_secret(&secret))
        })
    }
}
