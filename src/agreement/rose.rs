// SPDX-License-Identifier: MIT OR Apache-2.0

//! The agreement of the rose profile (rose 31 §6): X3DH without a signed prekey beside a one-time one, two KEM secrets,
//! and the whole transcript in the derivation.
//!
//! ```text
//! o = HKDF(salt = TH, ikm = FF×32 || DH1 || DH2 || DH3 || ss_K || ss_I, "rose1.agree\0", 160)
//! RK || HKA || NHKB || PQR || SX = o
//! ```

use super::{Agreements, Responder, SecretInput};
use crate::crypto::curve::NonContributory;
use crate::crypto::kdf::HkdfSalt;
use crate::crypto::secret::Secret;
use crate::profile::ROSE;

/// The results of an agreement that the ratchet begins with.
#[derive(Debug)]
pub(crate) struct Agreed {
    /// `RK`.
    pub(crate) root: Secret<32>,
    /// `HKA`: header key of A's first chain.
    pub(crate) header_a: Secret<32>,
    /// `NHKB`: header key of B's first chain.
    pub(crate) header_b: Secret<32>,
    /// `PQR`.
    pub(crate) braid: Secret<32>,
}

/// The KEM secrets: `ss_K` of the prekey, and `ss_I` of B's identity.
pub(crate) type KemSecrets = [Secret<32>; 2];

/// The initiator's side: what the ratchet begins with, and `SX`.
pub(crate) fn initiate(
    agreements: &Agreements,
    transcript: &[u8; 32],
    secrets: &KemSecrets,
) -> (Agreed, Secret<32>) {
    derive(agreements.input.duplicate(), transcript, secrets)
}

/// The responder's side. The caller has checked the base key.
///
/// # Errors
/// [`NonContributory`].
pub(crate) fn respond(
    responder: &Responder<'_>,
    transcript: &[u8; 32],
    secrets: &KemSecrets,
) -> Result<(Agreed, Secret<32>), NonContributory> {
    let base_key = responder.their_base_key.prepare();
    Ok(derive(responder.secret_input(&base_key)?, transcript, secrets))
}

fn derive(mut input: SecretInput, transcript: &[u8; 32], secrets: &KemSecrets) -> (Agreed, Secret<32>) {
    for secret in secrets {
        input.append(secret);
    }
    let keys: Secret<160> = HkdfSalt::new(transcript).derive(&[input.as_bytes()], (&[], ROSE.agreement, &[]));
    let (first, rest) = keys.split::<64, 96>();
    let (root, header_a) = first.split();
    let (header_b, rest) = rest.split::<32, 64>();
    let (braid, session) = rest.split();
    (Agreed { root, header_a, header_b, braid }, session)
}
