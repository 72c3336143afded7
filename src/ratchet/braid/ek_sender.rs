// SPDX-License-Identifier: MIT OR Apache-2.0

//! The states of the party that owns the key of the epoch: it sends an encapsulation key and receives
//! a ciphertext.

use rand_core::CryptoRng;

use crate::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use crate::crypto::kem768::{DecapsulationKey, KeySeed};

use super::ct_sender::NoHeaderReceived;
use super::epoch::Epoch;
use super::error::BraidError;
use super::state::{Received, Step};

/// Nothing of this epoch exists yet.
#[derive(Debug)]
pub(super) struct KeysUnsampled {
    pub(super) epoch: Epoch,
}

impl KeysUnsampled {
    /// Makes the key, and begins to send header and MAC. Draws 64 bytes.
    pub(super) fn send(&self, rng: &mut impl CryptoRng) -> (KeysSampled, Chunk) {
        let Self { epoch } = self;
        let seed = KeySeed::generate(rng);
        let header = seed.expand().header();
        let mac = epoch.authenticator.header_mac(epoch.number, &header);
        let mut header = Encoder::new(ByteString::join(&header, &mac));
        let chunk = header.next_chunk();
        (KeysSampled { epoch: epoch.duplicate(), key: DecapsulationKey::Seed(seed), header }, chunk)
    }
}

/// Sends the header until a chunk of `ct1` tells that it has arrived.
#[derive(Debug)]
pub(super) struct KeysSampled {
    pub(super) epoch: Epoch,
    pub(super) key: DecapsulationKey,
    pub(super) header: Encoder<3>,
}

impl KeysSampled {
    /// The first chunk of `ct1`: the header has arrived, so the `ek_vector` is next.
    pub(super) fn receive_ct1(&self, chunk: Chunk) -> HeaderSent {
        let Self { epoch, key, header: _ } = self;
        let ek = Encoder::new(ByteString::join(&key.expand().ek_vector(), &[]));
        let mut ct1 = Decoder::new();
        ct1.add(chunk);
        HeaderSent { epoch: epoch.duplicate(), key: key.duplicate(), ek, ct1 }
    }
}

/// Sends the `ek_vector` and collects `ct1`.
#[derive(Debug)]
pub(super) struct HeaderSent {
    pub(super) epoch: Epoch,
    pub(super) key: DecapsulationKey,
    pub(super) ek: Encoder<36>,
    pub(super) ct1: Decoder<30>,
}

impl HeaderSent {
    pub(super) fn receive_ct1(&self, chunk: Chunk) -> Step {
        let Self { epoch, key, ek, ct1 } = self;
        match ct1.decode_with(chunk) {
            None => Step::Collected(chunk),
            Some(ct1) => {
                Ct1Received { epoch: epoch.duplicate(), key: key.duplicate(), ek: ek.clone(), ct1 }.into()
            }
        }
    }
}

/// Goes on sending the `ek_vector`, and says with each chunk that it has all of `ct1`.
#[derive(Debug)]
pub(super) struct Ct1Received {
    pub(super) epoch: Epoch,
    pub(super) key: DecapsulationKey,
    pub(super) ek: Encoder<36>,
    pub(super) ct1: ByteString<30>,
}

impl Ct1Received {
    /// The first chunk of `ct2`: the `ek_vector` has arrived.
    pub(super) fn receive_ct2(&self, chunk: Chunk) -> EkSentCt1Received {
        let Self { epoch, key, ek: _, ct1 } = self;
        let mut ct2 = Decoder::new();
        ct2.add(chunk);
        EkSentCt1Received { epoch: epoch.duplicate(), key: key.duplicate(), ct1: ct1.clone(), ct2 }
    }
}

/// Collects `ct2` and its MAC. Sends only that it has all of `ct1`.
#[derive(Debug)]
pub(super) struct EkSentCt1Received {
    pub(super) epoch: Epoch,
    pub(super) key: DecapsulationKey,
    pub(super) ct1: ByteString<30>,
    pub(super) ct2: Decoder<5>,
}

impl EkSentCt1Received {
    /// With the fifth chunk of `ct2` the epoch secret is known and the next epoch begins.
    pub(super) fn receive_ct2(&self, chunk: Chunk) -> Result<Received, BraidError> {
        let Self { epoch, key, ct1, ct2 } = self;
        let Some(ct2_and_mac) = ct2.decode_with(chunk) else {
            return Ok(Received { step: Step::Collected(chunk), secret: None });
        };
        let mut epoch = epoch.duplicate();
        let (ct1, (ct2, mac)) = (ct1.to_array(), ct2_and_mac.split());
        let secret = epoch.agree(&key.expand().decapsulate(&ct1, &ct2));
        if !epoch.authenticator.verify_ciphertext(epoch.number, &ct1, &ct2, &mac) {
            return Err(BraidError::CiphertextMac);
        }
        Ok(Received { step: NoHeaderReceived::new(epoch.next()).into(), secret: Some(secret) })
    }
}
