// SPDX-License-Identifier: MIT OR Apache-2.0

//! The block of a first contact, `K`, its hashes, and the envelope around it (rose 31 §5, §10).
//!
//! ```text
//! K = suite (2) || class (1) || session flags (1) || prekey id (4) || B's card hash (32)
//!     || EK_A (32) || CT_K (1,568) || CT_I (1,088) || A's card (1,312)
//! content = K || certificate (108) || i (4) || inner message (i) || zeros
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::card::{CARD_LEN, IdentityKey, SUITE};
use super::certificate::{CERTIFICATE_LEN, Certificate};
use super::error::ReceiveError;
use super::prekey::SealingPreKey;
use crate::crypto::gcm::NotAuthentic;
use crate::crypto::kdf::{Label, MacKey, expand};
use crate::crypto::ml_kem::{CIPHERTEXT_768_LEN, CIPHERTEXT_1024_LEN};
use crate::crypto::secret::Secret;
use crate::crypto::xwing::{OVERHEAD, XWingPublicKey};
use crate::ids::DeviceName;
use crate::wire::rose::length::{TooLong, is_wire_length, wire_length};

/// Length of `K` in bytes.
pub(super) const BLOCK_LEN: usize = 4040;
/// Length of the content before the inner message.
const PREFIX_LEN: usize = BLOCK_LEN + CERTIFICATE_LEN + 4;
/// Length of the shortest first contact.
pub(super) const MIN_ENVELOPE_LEN: usize = 6144;

const ENVELOPE: &[u8] = b"rose1.envelope\0";
const ESEED: Label = Label::new("rose1.eseed\0");
const AGREEMENT: &[u8] = b"subrosa-rose-1 agreement\0";

/// `K`.
#[derive(Clone)]
pub(super) struct Block(pub(super) Box<[u8; BLOCK_LEN]>);

impl Block {
    /// The block of its parts, in their order.
    pub(super) fn join(parts: &[&[u8]]) -> Self {
        let mut out = Box::new([0; BLOCK_LEN]);
        out.iter_mut().zip(parts.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
        Self(out)
    }

    pub(super) fn suite(&self) -> [u8; 2] {
        self.part(0)
    }

    pub(super) fn class(&self) -> u8 {
        let [class] = self.part(2);
        class
    }

    pub(super) fn session_flags(&self) -> u8 {
        let [flags] = self.part(3);
        flags
    }

    pub(super) fn prekey_id(&self) -> u32 {
        u32::from_be_bytes(self.part(4))
    }

    pub(super) fn card_hash(&self) -> [u8; 32] {
        self.part(8)
    }

    /// `EK_A`.
    pub(super) fn base_key(&self) -> [u8; 32] {
        self.part(40)
    }

    /// `CT_K`.
    pub(super) fn prekey_ciphertext(&self) -> [u8; CIPHERTEXT_1024_LEN] {
        self.part(72)
    }

    /// `CT_I`.
    pub(super) fn identity_ciphertext(&self) -> [u8; CIPHERTEXT_768_LEN] {
        self.part(1640)
    }

    /// A's card, not verified.
    pub(super) fn card(&self) -> &[u8] {
        self.0.split_at(BLOCK_LEN - CARD_LEN).1
    }

    /// `KH = SHA-256(K)`.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_slice()).into()
    }

    /// `TH = SHA-256("subrosa-rose-1 agreement\0" || KH || bytes 0..1613 of the hybrid prekey)`.
    pub(super) fn transcript(&self, signed_prekey: &[u8]) -> [u8; 32] {
        let hash = Sha256::new_with_prefix(AGREEMENT).chain_update(self.hash()).chain_update(signed_prekey);
        hash.finalize().into()
    }

    fn part<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut out = [0; N];
        out.iter_mut().zip(self.0.iter().skip(offset)).for_each(|(to, from)| *to = *from);
        out
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Block(..)")
    }
}

/// HPKE's `info`: whom an envelope is for.
fn info(name: &DeviceName, identity: &IdentityKey) -> Vec<u8> {
    [ENVELOPE, name.as_bytes(), identity.as_bytes()].concat()
}

/// Puts an inner message into an envelope with the block. `session` is `SX`. Draws 64.
///
/// ```text
/// eseed = Expand(prk = SX, "rose1.eseed\0" || SHA-256(draw (64) || content), 64)
/// ```
///
/// # Errors
/// [`TooLong`].
pub(super) fn seal(
    (block, certificate, inner): (&Block, &Certificate, &[u8]),
    session: &Secret<32>,
    (seal, name, identity): (&XWingPublicKey, &DeviceName, &IdentityKey),
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, TooLong> {
    let len = wire_length(OVERHEAD + PREFIX_LEN + inner.len())? - OVERHEAD;
    let inner_len = u32::try_from(inner.len()).map_err(|_| TooLong)?;
    let mut content = Zeroizing::new(Vec::with_capacity(len));
    content.extend_from_slice(block.0.as_slice());
    content.extend_from_slice(certificate);
    content.extend_from_slice(&inner_len.to_be_bytes());
    content.extend_from_slice(inner);
    content.resize(len, 0);
    let draw = Secret::<64>::random(rng);
    let hash = Sha256::new_with_prefix(draw.as_bytes()).chain_update(&*content).finalize();
    let eseed = expand(&MacKey::new(session.as_bytes()), (&[], ESEED, &hash));
    // The bundle's X-Wing key was used before: `NotAuthentic` means that the content is too long.
    seal.seal(&info(name, identity), &content, &eseed).map_err(|NotAuthentic| TooLong)
}

/// An envelope that was opened: its content has the right form, and nothing is verified.
pub(super) struct OpenedEnvelope {
    pub(super) block: Block,
    pub(super) certificate: Certificate,
    pub(super) inner: Vec<u8>,
}

/// Opens an envelope with the first key that fits.
///
/// # Errors
/// [`ReceiveError`]: `NotFound`, `UnknownSuite`, `BadContent`.
pub(super) fn open(
    message: &[u8],
    keys: &[Box<SealingPreKey>],
    (name, identity): (&DeviceName, &IdentityKey),
) -> Result<OpenedEnvelope, ReceiveError> {
    if message.len() < MIN_ENVELOPE_LEN || !is_wire_length(message.len()) {
        return Err(ReceiveError::NotFound);
    }
    let info = info(name, identity);
    let content = keys
        .iter()
        .find_map(|sealing| sealing.key.open(&info, message).ok())
        .ok_or(ReceiveError::NotFound)?;
    let (block, rest) = content.split_first_chunk().ok_or(ReceiveError::BadContent)?;
    let (certificate, rest) = rest.split_first_chunk().ok_or(ReceiveError::BadContent)?;
    let (len, rest) = rest.split_first_chunk().ok_or(ReceiveError::BadContent)?;
    let block = Block(Box::new(*block));
    if block.suite() != SUITE {
        return Err(ReceiveError::UnknownSuite);
    }
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| ReceiveError::BadContent)?;
    let (inner, padding) = rest.split_at_checked(len).ok_or(ReceiveError::BadContent)?;
    let fits = matches!(block.class(), 1 | 2)
        && block.session_flags() <= 1
        && is_wire_length(len)
        && padding.iter().fold(0, |all, byte| all | byte) == 0;
    if !fits {
        return Err(ReceiveError::BadContent);
    }
    Ok(OpenedEnvelope { block, certificate: *certificate, inner: inner.to_vec() })
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::rose::card::DeviceKeys;
    use crate::timestamp::Timestamp;

    #[test]
    fn what_anybody_may_seal_is_an_envelope_if_it_has_the_form_of_one() {
        let (now, mut rng) = (Timestamp::from_secs(1_795_000_000), ChaCha20Rng::seed_from_u64(1));
        let keys = DeviceKeys::generate(DeviceName::new([1; 17], 1), 1, now, &mut rng);
        let (name, identity) = (keys.name(), keys.card().identity());
        let sealing = [SealingPreKey::generate(&keys, 1, now, &mut rng)];
        let open = |content: &[u8]| {
            let eseed = Secret::new([7; 64]);
            let message = sealing[0].key.public().seal(&info(&name, &identity), content, &eseed).unwrap();
            open(&message, &sealing, (&name, &identity)).map(|opened| opened.inner.len())
        };
        let content = |wire: usize| {
            let mut content = alloc::vec![0; wire - OVERHEAD];
            content[..3].copy_from_slice(&[SUITE[0], SUITE[1], 1]);
            content[PREFIX_LEN - 4..PREFIX_LEN].copy_from_slice(&384_u32.to_be_bytes());
            content
        };
        for (wire, opened) in [
            (MIN_ENVELOPE_LEN - 1, Err(ReceiveError::NotFound)),
            (MIN_ENVELOPE_LEN, Ok(384)),
            (MIN_ENVELOPE_LEN + 1, Err(ReceiveError::NotFound)),
            (12_288, Ok(384)),
        ] {
            assert_eq!(open(&content(wire)), opened, "{wire}");
        }
        assert_eq!(open(&[0; 3_072 - OVERHEAD]), Err(ReceiveError::NotFound));
        let mut padded = content(MIN_ENVELOPE_LEN);
        padded.iter_mut().rev().take(2).for_each(|byte| *byte = 1);
        assert_eq!(open(&padded), Err(ReceiveError::BadContent));
    }
}
