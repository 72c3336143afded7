// SPDX-License-Identifier: MIT OR Apache-2.0

//! The root chain (Double Ratchet §3.5, `KDF_RK`).

use super::chain::ChainKey;
use super::turns::Turns;
use crate::crypto::curve::{KeyPair, NonContributory, PublicKey};
use crate::crypto::kdf::{Label, hkdf};
use crate::crypto::secret::Secret;

/// A DH ratchet step.
pub(super) struct Turn {
    /// The root key after it.
    pub(super) root: RootKey,
    /// The chain of their new key.
    pub(super) receiving: ChainKey,
    /// Our fresh key pair.
    pub(super) pair: KeyPair,
    /// Its chain.
    pub(super) sending: ChainKey,
}

/// A root key, `RK`.
#[derive(Debug, PartialEq, Eq)]
pub struct RootKey(Secret<32>);

impl RootKey {
    /// A root key as agreed or stored.
    #[must_use]
    pub const fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The next root key, and a new chain.
    ///
    /// ```text
    /// root' || chain key = HKDF(root, dh, label, 64)
    /// ```
    #[must_use]
    pub fn step(&self, label: Label, dh: &Secret<32>) -> (Self, ChainKey) {
        let (root, chain) = hkdf::<64>(Some(self.as_bytes()), dh.as_bytes(), label).split();
        (Self(root), ChainKey::new(chain, 0))
    }

    /// The DH ratchet step to their new key (`DHRatchet`). `ours` is the key that it answers. Draws 32 bytes.
    ///
    /// ```text
    /// RK', CKr = KDF_RK(RK,  DH(DHs,  DHr))
    /// DHs'     = a fresh key pair
    /// RK'', CKs = KDF_RK(RK', DH(DHs', DHr))
    /// ```
    ///
    /// # Errors
    /// [`NonContributory`] if their key is of low order.
    pub(super) fn turn(
        &self,
        label: Label,
        (ours, theirs): (&KeyPair, &PublicKey),
        turns: &mut impl Turns,
    ) -> Result<Turn, NonContributory> {
        let mut agreed = [Secret::zero(), Secret::zero()];
        let pair = turns.turn(ours, theirs, &mut agreed)?;
        let [before, after] = &agreed;
        let (root, receiving) = self.step(label, before);
        let (root, sending) = root.step(label, after);
        Ok(Turn { root, receiving, pair, sending })
    }
}
