// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a stanza says, for all devices at once.

use std::fmt;

use subrosa::omemo::payload;
use subrosa::os_rng;
use zeroize::Zeroizing;

use super::OmemoVersion;
use crate::error::Error;

/// The payload of a stanza, and the key material that each device gets through its session.
#[derive(Clone, PartialEq, Eq)]
pub struct OmemoPayload {
    /// The content of `<payload>`, before base64; empty for an empty message, which has none.
    pub payload: Vec<u8>,
    /// Legacy: the content of `<iv>`, 12 bytes; empty in version 2.
    pub iv: Vec<u8>,
    /// What [`omemo_encrypt_each`](super::omemo_encrypt_each) encrypts. Secret.
    pub key_material: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for OmemoPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OmemoPayload({} bytes)", self.payload.len())
    }
}

/// Seals what a stanza says: an SCE envelope in version 2, a text in the legacy one.
pub fn omemo_seal(version: OmemoVersion, plaintext: &[u8]) -> OmemoPayload {
    let payload::Sealed { payload, key_material, iv } = match version {
        OmemoVersion::Two => payload::Two::seal(plaintext, &mut os_rng()),
        OmemoVersion::Legacy => payload::Legacy::seal(plaintext, &mut os_rng()),
    };
    OmemoPayload { payload, iv: iv.map(Vec::from).unwrap_or_default(), key_material }
}

/// An empty message: the answer that is due after a key exchange.
pub fn omemo_empty(version: OmemoVersion) -> OmemoPayload {
    let (iv, key_material) = match version {
        OmemoVersion::Two => (Vec::new(), Zeroizing::new(payload::Two::EMPTY.to_vec())),
        OmemoVersion::Legacy => {
            let (iv, key_material) = payload::Legacy::empty(&mut os_rng());
            (iv.into(), key_material)
        }
    };
    OmemoPayload { payload: Vec::new(), iv, key_material }
}

/// Opens a payload with the key material that came through a session. `iv` is empty in version 2.
pub fn omemo_open(
    version: OmemoVersion,
    payload: &[u8],
    iv: &[u8],
    key_material: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(match version {
        OmemoVersion::Two => payload::Two::open(payload, key_material)?,
        OmemoVersion::Legacy => payload::Legacy::open(payload, iv, key_material)?,
    })
}

/// The text of SCE's `<rpad/>` for an envelope of `len` bytes without it: up to `minimum`, and 0 to 200 characters more.
pub fn omemo_padding(len: u32, minimum: u32) -> String {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    payload::padding(size(len), size(minimum), &mut os_rng())
}
