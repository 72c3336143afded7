// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealing prekeys and hybrid prekeys of ours (rose 31 §3).
//!
//! ```text
//! sealing prekey = id (4) || made at (8) || X-Wing key (1,216) || signature (64)
//! hybrid prekey = id (4) || class (1) || made at (8) || X (32) || KPK (1,568) || signature (64)
//! ```

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::card::{DeviceKeys, day_of};
use crate::crypto::curve::KeyPair;
use crate::crypto::ml_kem::ml_kem_1024;
use crate::crypto::secret::Secret;
use crate::crypto::xwing::XWingKey;
use crate::timestamp::Timestamp;

/// Length of a sealing prekey in bytes.
pub const SEALING_LEN: usize = 1292;
/// Length of a hybrid prekey in bytes.
pub const HYBRID_LEN: usize = 1677;

pub(super) const SIGNED_HYBRID_LEN: usize = HYBRID_LEN - 64;
pub(super) const SEAL: &[u8] = b"subrosa-rose-1 seal\0";
pub(super) const PREKEY: &[u8] = b"subrosa-rose-1 prekey\0";

/// The class of a hybrid prekey. It is signed, so that a service cannot pass one off as the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Used once.
    OneTime,
    /// Used when no other is left: weaker forward secrecy, and a memory against replays.
    LastResort,
}

impl Class {
    pub(super) const fn to_u8(self) -> u8 {
        match self {
            Self::OneTime => 1,
            Self::LastResort => 2,
        }
    }

    pub(super) const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::OneTime),
            2 => Some(Self::LastResort),
            _ => None,
        }
    }
}

/// A sealing prekey of ours: opens first contacts.
pub(super) struct SealingPreKey {
    pub(super) key: XWingKey,
    pub(super) public: Box<[u8; SEALING_LEN]>,
    /// When another took its place, in seconds.
    pub(super) replaced: Option<u64>,
}

impl SealingPreKey {
    /// Draws 32 for the key and 64 for the signature.
    pub(super) fn generate(
        keys: &DeviceKeys,
        id: u32,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Box<Self> {
        let key = XWingKey::generate(rng);
        let mut public = Box::new([0; SEALING_LEN]);
        fill(&mut *public, &[&id.to_be_bytes(), &day_of(now).to_be_bytes(), &key.public().0]);
        let (signed, signature) = public.split_at_mut(SEALING_LEN - 64);
        signature.copy_from_slice(&keys.sign(&[SEAL, keys.name().as_bytes(), signed], rng));
        Box::new(Self { key, public, replaced: None })
    }

    pub(super) fn id(&self) -> u32 {
        be32(self.public.as_slice())
    }
}

impl fmt::Debug for SealingPreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingPreKey({})", self.id())
    }
}

/// A hybrid prekey of ours.
pub(super) struct HybridPreKey {
    pub(super) pair: KeyPair,
    pub(super) kem_seed: Secret<64>,
    pub(super) public: Box<[u8; HYBRID_LEN]>,
}

impl HybridPreKey {
    /// Draws 32 for `X`, 64 for `KPK` and 64 for the signature.
    pub(super) fn generate(
        keys: &DeviceKeys,
        (id, class): (u32, Class),
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Box<Self> {
        let (pair, kem_seed) = (KeyPair::generate(rng), Secret::random(rng));
        let mut public = Box::new([0; HYBRID_LEN]);
        let (id, made) = (id.to_be_bytes(), day_of(now).to_be_bytes());
        let kem = ml_kem_1024::public_key(&kem_seed);
        fill(&mut *public, &[&id, &[class.to_u8()], &made, pair.public().as_bytes(), &kem]);
        let (signed, signature) = public.split_at_mut(SIGNED_HYBRID_LEN);
        signature.copy_from_slice(&keys.sign(&[PREKEY, keys.name().as_bytes(), signed], rng));
        Box::new(Self { pair, kem_seed, public })
    }

    pub(super) fn id(&self) -> u32 {
        be32(self.public.as_slice())
    }

    pub(super) fn class(&self) -> Option<Class> {
        let (_, rest) = self.public.split_at(4);
        rest.first().and_then(|class| Class::from_u8(*class))
    }

    /// The signed part, which the transcript has.
    pub(super) fn signed(&self) -> &[u8] {
        self.public.split_at(SIGNED_HYBRID_LEN).0
    }
}

impl fmt::Debug for HybridPreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridPreKey({}, {:?})", self.id(), self.class())
    }
}

fn fill(out: &mut [u8], parts: &[&[u8]]) {
    out.iter_mut().zip(parts.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
}
