// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender certificates (rose 31 §4): the service knows this device by this card.
//!
//! ```text
//! certificate = issuer key id (4) || expires, ms (8) || card hash (32) || signature (64)
//! ```

use alloc::vec::Vec;

use rand_core::CryptoRng;

use crate::crypto::curve::{PrivateKey, PublicKey};
use crate::crypto::xeddsa;
use crate::timestamp::Timestamp;

/// Length of a certificate in bytes.
pub const CERTIFICATE_LEN: usize = 108;
/// Number of issuer keys that are held.
const MAX_ISSUERS: usize = 16;
const LABEL: &[u8] = b"subrosa-rose-1 certificate\0";

/// A sender certificate. A device fetches one a day, and puts it into its first contacts.
pub type Certificate = [u8; CERTIFICATE_LEN];

/// Issues a certificate for a card, by the service. `expires` is a whole day. Draws 64.
pub fn issue(
    issuer: (u32, &PrivateKey),
    expires: Timestamp,
    card_hash: &[u8; 32],
    rng: &mut impl CryptoRng,
) -> Certificate {
    let mut out = [0; CERTIFICATE_LEN];
    let parts: [&[u8]; 3] = [&issuer.0.to_be_bytes(), &expires.as_millis().to_be_bytes(), card_hash];
    out.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
    let (signed, signature) = out.split_at_mut(CERTIFICATE_LEN - 64);
    signature.copy_from_slice(&xeddsa::sign(issuer.1, &[LABEL, signed], rng));
    out
}

/// The issuers' keys by id, up to 16. The first ones go when there are more.
#[derive(Clone, Debug, Default)]
pub struct Issuers(Vec<(u32, PublicKey)>);

impl Issuers {
    /// Adds a key, or replaces the one of this id.
    pub fn add(&mut self, id: u32, key: [u8; 32]) {
        self.0.retain(|(known, _)| *known != id);
        if self.0.len() >= MAX_ISSUERS {
            self.0.remove(0);
        }
        self.0.push((id, PublicKey::from_bytes(key)));
    }

    /// Returns whether a certificate is good for a card at `now`: when the service took the message, if that is known.
    pub(super) fn is_good(&self, certificate: &Certificate, card_hash: &[u8; 32], now: Timestamp) -> bool {
        let [a, b, c, d, rest @ ..] = certificate;
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        let Some((_, key)) = self.0.iter().find(|(known, _)| *known == id) else { return false };
        let Some((signed, signature)) = certificate.split_last_chunk() else { return false };
        let (expires, hash) = rest.split_at(8);
        let expires = expires.first_chunk().map_or(0, |expires| u64::from_be_bytes(*expires));
        xeddsa::verify_strict(key, &[LABEL, signed], signature)
            && now.as_millis() <= expires
            && hash.starts_with(card_hash)
    }
}
