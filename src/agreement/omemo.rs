// SPDX-License-Identifier: MIT OR Apache-2.0

//! X3DH as OMEMO uses it (OMEMO facts §5): the root key alone, and no first receiving chain.
//!
//! ```text
//! SK = HKDF(0×32, S, info, 32)
//! ```

use super::{Agreements, Responder};
use crate::crypto::curve::NonContributory;
use crate::crypto::kdf::{Label, hkdf};
use crate::crypto::secret::Secret;

/// The initiator's side.
pub(crate) fn initiate(agreements: &Agreements, info: Label) -> Secret<32> {
    hkdf(None, agreements.input.as_bytes(), info)
}

/// The responder's side. The base key need not be canonical.
///
/// # Errors
/// [`NonContributory`].
pub(crate) fn respond(responder: &Responder<'_>, info: Label) -> Result<Secret<32>, NonContributory> {
    let input = responder.secret_input(&responder.their_base_key.prepare())?;
    Ok(hkdf(None, input.as_bytes(), info))
}
