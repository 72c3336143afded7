// SPDX-License-Identifier: MIT OR Apache-2.0

//! Symmetric-key chains (Double Ratchet §3.5, `KDF_CK`).

use crate::crypto::kdf::MacKey;
use crate::crypto::secret::Secret;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// A chain reached its last counter, 2^32 − 1, and is not used further. A new ratchet step begins another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chain has no counters left")]
pub struct ChainExhausted;

/// The seed of the keys of one message, 32 bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct MessageKeySeed(Secret<32>);

impl MessageKeySeed {
    /// A seed as derived or stored.
    #[cfg(any(test, feature = "hazmat"))]
    #[must_use]
    pub const fn new(seed: Secret<32>) -> Self {
        Self(seed)
    }

    /// A zeroed seed to fill in place; returning one by value would leave copies on the stack.
    #[must_use]
    pub const fn to_be_filled() -> Self {
        Self(Secret::zero())
    }

    pub(super) const fn fill(&mut self, bytes: &[u8; 32]) {
        self.0.as_bytes_mut().copy_from_slice(bytes);
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// A chain key, `CKs` or `CKr`, and the counter of the message whose seed it gives, `Ns` or `Nr`.
#[derive(Debug, PartialEq, Eq)]
pub struct ChainKey {
    key: Secret<32>,
    index: u32,
}

impl ChainKey {
    /// A chain key as derived or stored.
    #[must_use]
    pub const fn new(key: Secret<32>, index: u32) -> Self {
        Self { key, index }
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The counter of the next message, from 0.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The next message's seed, and the chain key after it.
    ///
    /// ```text
    /// seed = HMAC(chain key, 01)    chain key' = HMAC(chain key, 02)
    /// ```
    ///
    /// # Errors
    /// [`ChainExhausted`] at counter 2^32 − 1.
    pub fn step(&self) -> Result<(MessageKeySeed, Self), ChainExhausted> {
        let mut seed = MessageKeySeed::to_be_filled();
        let next = self.step_into(&mut seed)?;
        Ok((seed, next))
    }

    /// [`Self::step`], with a place for the seed.
    ///
    /// # Errors
    /// [`ChainExhausted`] at counter 2^32 − 1.
    pub fn step_into(&self, seed: &mut MessageKeySeed) -> Result<Self, ChainExhausted> {
        let mac = MacKey::new(self.as_bytes());
        seed.0 = mac.mac(&[&[0x01]]);
        self.after(&mac)
    }

    /// The chain key of message `counter`, if that is not behind. No seeds on the way are derived.
    ///
    /// # Errors
    /// [`ChainExhausted`] at counter 2^32 − 1.
    pub fn skip_to(&self, counter: u32) -> Result<Self, ChainExhausted> {
        let mut chain = Self { key: self.key.duplicate(), index: self.index };
        while chain.index < counter {
            chain = chain.after(&MacKey::new(chain.as_bytes()))?;
        }
        Ok(chain)
    }

    /// A chain key of zeros, to be replaced.
    #[cfg(feature = "omemo")]
    pub(crate) const fn nothing() -> Self {
        Self { key: Secret::zero(), index: 0 }
    }

    pub(crate) fn write(&self, writer: &mut RecordWriter) {
        writer.put_u32(self.index);
        writer.put_array(self.as_bytes());
    }

    pub(crate) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let index = reader.u32()?;
        Ok(Self::new(reader.secret()?, index))
    }

    fn after(&self, mac: &MacKey) -> Result<Self, ChainExhausted> {
        let index = self.index.checked_add(1).ok_or(ChainExhausted)?;
        Ok(Self { key: mac.mac(&[&[0x02]]), index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn d16_chain_key_known_answer() {
        let key = Secret::new(core::array::from_fn(|at| u8::try_from(at).unwrap()));
        let (seed, next) = ChainKey::new(key, 7).step().unwrap();
        let seed_bytes = hex!("9b4c8120a4823a95f47cde17a244f4507244ee6e3957d1fab9fa29b44d3829b7");
        assert_eq!(seed.as_bytes(), &seed_bytes);
        assert_eq!(
            next.as_bytes(),
            &hex!("4304c22c84a53755ab08ead8d97a8d429be5efa480682d7ad1da27f73e1fbe1d")
        );
        assert_eq!(next.index(), 8);
    }

    #[test]
    fn the_last_counter_is_never_used() {
        assert!(ChainKey::new(Secret::zero(), u32::MAX - 1).step().is_ok());
        let last = ChainKey::new(Secret::zero(), u32::MAX);
        assert_eq!(last.step().unwrap_err(), ChainExhausted);
    }
}
