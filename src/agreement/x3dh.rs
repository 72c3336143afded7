// SPDX-License-Identifier: MIT OR Apache-2.0

//! X3DH, as session version 3 uses it (X3DH §3.3, §3.4).
//!
//! ```text
//! root || chain = HKDF(0×32, S, "WhisperText", 64)
//! ```

use super::{AgreementError, Agreements, Responder, SecretInput};
use crate::crypto::kdf::hkdf;
use crate::crypto::secret::Secret;
use crate::profile::SIGNAL_3;

/// The secrets that both sides share.
#[derive(Debug)]
pub struct X3dhSecrets {
    /// The first root key.
    pub root: Secret<32>,
    /// The chain key of the responder's first sending chain.
    pub chain: Secret<32>,
}

/// The initiator's side.
#[must_use]
pub fn initiate(agreements: &Agreements) -> X3dhSecrets {
    derive(&agreements.input)
}

/// The responder's side. The base key need not be canonical: version 3 never checked it.
///
/// # Errors
/// [`AgreementError::Zero`].
pub fn respond(responder: &Responder<'_>) -> Result<X3dhSecrets, AgreementError> {
    Ok(derive(&responder.secret_input(&responder.their_base_key.prepare())?))
}

fn derive(input: &SecretInput) -> X3dhSecrets {
    let (root, chain) = hkdf::<64>(None, input.as_bytes(), SIGNAL_3.agreement).split();
    X3dhSecrets { root, chain }
}
