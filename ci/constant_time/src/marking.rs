// SPDX-License-Identifier: MIT OR Apache-2.0

//! Secrets that are marked: random numbers, keys, and whatever in a record is not public.

use std::collections::HashSet;
use std::convert::Infallible;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use subrosa::keys::{PrivateKey, PublicKey, Secret};
use subrosa::{IdentityKeyPair, Plaintext, Staged};

use crate::memcheck::{declassify_value, mark};

/// Repeatable bytes, not marked.
pub fn plain(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A generator whose bytes are marked.
pub struct Marked(ChaCha20Rng);

impl Marked {
    pub fn new(seed: u64) -> Self {
        Self(plain(seed))
    }

    /// Marked bytes as a secret.
    pub fn secret<const N: usize>(&mut self) -> Secret<N> {
        Secret::random(self)
    }

    /// A marked private key.
    pub fn private_key(&mut self) -> PrivateKey {
        PrivateKey::generate(self)
    }
}

impl TryRng for Marked {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        mark(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Marked {}

/// An identity whose private key is marked, and whose public key is not.
pub fn identity(seed: u64) -> IdentityKeyPair {
    let pair = IdentityKeyPair::generate(&mut plain(seed));
    let mut record = pair.record().as_bytes().to_vec();
    mark_in(&mut record, &[pair.private().as_bytes()]);
    IdentityKeyPair::from_record(&record).unwrap()
}

/// Marks the places of `secrets` in `bytes`.
pub fn mark_in(bytes: &mut [u8], secrets: &[&[u8]]) {
    let place = |secret: &&[u8]| bytes.windows(secret.len()).position(|window| window == *secret).unwrap();
    let places: Vec<usize> = secrets.iter().map(place).collect();
    for (at, secret) in places.into_iter().zip(secrets) {
        mark(&mut bytes[at..at + secret.len()]);
    }
}

/// Everything public of a conversation, in pieces of four bytes.
#[derive(Default)]
pub struct PublicBytes(HashSet<[u8; 4]>);

impl PublicBytes {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.extend(bytes.windows(4).map(|window| <[u8; 4]>::try_from(window).unwrap()));
    }

    /// Marks what is secret in a record: what differs from the same record of other random numbers, and was
    /// never sent. Gives the number of marked bytes.
    pub fn mark_secrets(&self, record: &mut [u8], others: &[Vec<u8>]) -> usize {
        assert!(others.iter().all(|other| other.len() == record.len()), "other lengths");
        let mut secret: Vec<bool> =
            (0..record.len()).map(|at| others.iter().any(|other| other[at] != record[at])).collect();
        for (at, window) in record.windows(4).enumerate() {
            if self.0.contains(window) {
                secret[at..at + 4].fill(false);
            }
        }
        for (byte, _) in record.chunks_mut(1).zip(&secret).filter(|(_, secret)| **secret) {
            mark(byte);
        }
        secret.iter().filter(|secret| **secret).count()
    }
}

/// A peer's public key.
pub fn peer(seed: u64) -> PublicKey {
    PrivateKey::generate(&mut plain(seed)).public_key()
}

/// All that is to be stored of a stage.
pub fn writes<T>(staged: &Staged<'_, T>) -> Vec<u8> {
    staged.writes().to_bytes().to_vec()
}

/// A plaintext's bytes. Its length, which comes from the padding, is public from here on.
pub fn text(mut plaintext: Plaintext) -> Vec<u8> {
    declassify_value(&mut plaintext);
    plaintext.to_vec()
}
