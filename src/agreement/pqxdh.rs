// SPDX-License-Identifier: MIT OR Apache-2.0

//! PQXDH, as session version 4 uses it (PQXDH §3.3, §3.4).
//!
//! ```text
//! root || chain || pqr = HKDF(0×32, S, "WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024", 96)
//! ```

use super::{AgreementError, Agreements, Responder, SecretInput};
use crate::crypto::kdf::hkdf;
use crate::crypto::kem::{KemCiphertext, KemSecretKey};
use crate::crypto::secret::Secret;
use crate::profile::SIGNAL_4;

/// The secrets that both sides share.
#[derive(Debug)]
pub struct PqxdhSecrets {
    /// The first root key.
    pub root: Secret<32>,
    /// The chain key of the responder's first sending chain.
    pub chain: Secret<32>,
    /// The authentication key of the post-quantum ratchet.
    pub braid: Secret<32>,
}

/// The initiator's side. `shared` is the secret that was encapsulated for the responder's KEM prekey.
#[must_use]
pub fn initiate(agreements: &Agreements, shared: &Secret<32>) -> PqxdhSecrets {
    let mut input = agreements.input.duplicate();
    input.append(shared);
    derive(&input)
}

/// The responder's side. `kem_ciphertext` is the encoded one of the message.
///
/// # Errors
/// [`AgreementError`]: base key not canonical, zero agreement, undecodable or foreign ciphertext, in this
/// order.
pub fn respond(
    responder: &Responder<'_>,
    kem_pre_key: &KemSecretKey,
    kem_ciphertext: &[u8],
) -> Result<PqxdhSecrets, AgreementError> {
    let their_base_key = responder.their_base_key.prepare();
    if !their_base_key.is_canonical() {
        return Err(AgreementError::BaseKeyNotCanonical);
    }
    let mut input = responder.secret_input(&their_base_key)?;
    input.append(&kem_pre_key.decapsulate(&KemCiphertext::decode(kem_ciphertext)?)?);
    Ok(derive(&input))
}

fn derive(input: &SecretInput) -> PqxdhSecrets {
    let (root, rest) = hkdf::<96>(None, input.as_bytes(), SIGNAL_4.agreement).split::<32, 64>();
    let (chain, braid) = rest.split();
    PqxdhSecrets { root, chain, braid }
}
