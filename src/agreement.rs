// SPDX-License-Identifier: MIT OR Apache-2.0

//! L3: key agreement. X3DH (version 3) and PQXDH (version 4) begin with the same Diffie-Hellman results; the latter
//! adds a KEM secret.
//!
//! ```text
//! S = FF×32 || DH(IK_A, SPK_B) || DH(EK_A, IK_B) || DH(EK_A, SPK_B) [|| DH(EK_A, OPK_B)] [|| ss]
//! ```

#[cfg(feature = "omemo")]
pub(crate) mod omemo;
pub mod pqxdh;
#[cfg(feature = "rose")]
pub(crate) mod rose;
pub mod x3dh;

use alloc::vec::Vec;

use crate::crypto::curve::{Agreed, NonContributory, PreparedKey, PrivateKey, PublicKey};
use crate::crypto::key_error::KeyError;
use crate::crypto::secret::Secret;

/// The reason that a key agreement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The initiator's base key is not reduced, has its top bit set, or has a torsion component.
    #[error("incoming base key is invalid")]
    BaseKeyNotCanonical,
    /// A Diffie-Hellman agreement came out as zero.
    #[error(transparent)]
    Zero(#[from] NonContributory),
    /// The KEM ciphertext is not one, or of another mechanism than the prekey.
    #[error(transparent)]
    Kem(#[from] KeyError),
}

/// The initiator's (A) part of the agreement.
#[derive(Debug)]
pub struct Initiator<'a> {
    /// `IK_A`.
    pub identity: &'a PrivateKey,
    /// `EK_A`, made for this session alone.
    pub base_key: &'a PrivateKey,
    /// `DHs`, the first ratchet key.
    pub ratchet_key: &'a PrivateKey,
    /// `IK_B`.
    pub their_identity: &'a PreparedKey,
    /// `SPK_B`, its signature verified.
    pub their_signed_pre_key: &'a PreparedKey,
    /// `OPK_B`, if the bundle had one.
    pub their_one_time_pre_key: Option<&'a PublicKey>,
}

impl Initiator<'_> {
    /// Agrees, and computes both public keys: six or seven products, at once where the processor has lanes for them.
    ///
    /// # Errors
    /// [`NonContributory`] if one of their keys is of low order.
    pub fn agree(&self) -> Result<Agreements, NonContributory> {
        let three = [
            (self.identity, self.their_signed_pre_key),
            (self.base_key, self.their_identity),
            (self.base_key, self.their_signed_pre_key),
        ];
        let one_time = self.their_one_time_pre_key.map(PublicKey::prepare);
        let one_time = one_time.as_ref().map(|one_time| (self.base_key, one_time));
        // The public keys last: they are what is cheap by itself, where four lanes are full without.
        let ratchet = [
            (self.ratchet_key, self.their_signed_pre_key),
            (self.ratchet_key, &PreparedKey::BASE),
            (self.base_key, &PreparedKey::BASE),
        ];
        let products: Vec<_> = three.into_iter().chain(one_time).chain(ratchet).collect();
        let products = Agreed::all(&products)?;
        let [parts @ .., ratchet, ratchet_key, base_key] = products.as_slice() else {
            return Err(NonContributory);
        };
        let [base_key, ratchet_key] =
            [base_key, ratchet_key].map(|key| PublicKey::from_bytes(*key.as_bytes()));
        Ok(Agreements { base_key, ratchet_key, ratchet: ratchet.duplicate(), input: SecretInput::of(parts) })
    }
}

/// What the initiator computed: both public keys, and all Diffie-Hellman results.
#[derive(Debug)]
pub struct Agreements {
    /// `EK_A`.
    pub base_key: PublicKey,
    /// `DHs`.
    pub ratchet_key: PublicKey,
    /// `DH(DHs, SPK_B)`, from which the first sending chain comes.
    pub ratchet: Secret<32>,
    input: SecretInput,
}

/// The responder's (B) part of the agreement.
#[derive(Debug)]
pub struct Responder<'a> {
    /// `IK_B`.
    pub identity: &'a PrivateKey,
    /// `SPK_B`, as named by the message.
    pub signed_pre_key: &'a PrivateKey,
    /// `OPK_B`, if the message names one.
    pub one_time_pre_key: Option<&'a PrivateKey>,
    /// `IK_A`.
    pub their_identity: &'a PublicKey,
    /// `EK_A`.
    pub their_base_key: &'a PublicKey,
}

impl Responder<'_> {
    fn secret_input(&self, their_base_key: &PreparedKey) -> Result<SecretInput, NonContributory> {
        let three = [
            (self.signed_pre_key, &self.their_identity.prepare()),
            (self.identity, their_base_key),
            (self.signed_pre_key, their_base_key),
        ];
        let one_time = self.one_time_pre_key.map(|one_time| (one_time, their_base_key));
        let pairs: Vec<_> = three.into_iter().chain(one_time).collect();
        Ok(SecretInput::of(Agreed::all(&pairs)?.as_slice()))
    }
}

/// `S`, built up part by part: at most `FF×32`, four Diffie-Hellman results and a KEM secret.
#[derive(Debug)]
struct SecretInput {
    bytes: Secret<192>,
    len: usize,
}

impl SecretInput {
    /// With all Diffie-Hellman results, in their order.
    fn of(results: &[Secret<32>]) -> Self {
        let mut input = Self { bytes: Secret::new([0xFF; 192]), len: 32 };
        for part in results {
            input.append(part);
        }
        input
    }

    const fn duplicate(&self) -> Self {
        Self { bytes: self.bytes.duplicate(), len: self.len }
    }

    fn append(&mut self, part: &Secret<32>) {
        for (slot, byte) in self.bytes.as_bytes_mut().iter_mut().skip(self.len).zip(part.as_bytes()) {
            *slot = *byte;
        }
        self.len += 32;
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.as_bytes().split_at_checked(self.len).map_or(&[], |(filled, _)| filled)
    }
}
