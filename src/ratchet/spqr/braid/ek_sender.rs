// SPDX-License-Identifier: MIT OR Apache-2.0

//! The states of the party that owns the key of the epoch: it sends an encapsulation key and receives
//! a ciphertext.

use rand_core::CryptoRng;

use crate::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use crate::crypto::kem768::{DecapsulationKey, KeySeed};
use crate::crypto::secret::Secret;
use crate::ratchet::spqr::error::SpqrError;

use super::collected::Collected;
use super::epoch::Epoch;

/// Nothing of this epoch exists yet.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct KeysUnsampled {
    pub(in crate::ratchet::spqr) epoch: Epoch,
}

impl KeysUnsampled {
    /// Makes the key, and begins to send header and MAC. Draws 64 bytes.
    pub(in crate::ratchet::spqr) fn send(&self, rng: &mut impl CryptoRng) -> (KeysSampled, Chunk) {
        let Self { epoch } = self;
        let seed = KeySeed::generate(rng);
        let header = seed.expand().header();
        let mac = epoch.authenticator.header_mac(epoch.number, &header);
        let mut header = Encoder::new(ByteString::join(&header, &mac));
        let chunk = header.next_chunk();
        (KeysSampled { epoch: epoch.duplicate(), key: DecapsulationKey::Seed(seed), header }, chunk)
    }
}

/// Sends the header until a chunk of `ct1` shows that it has arrived.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct KeysSampled {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) key: DecapsulationKey,
    pub(in crate::ratchet::spqr) header: Encoder<3>,
}

impl KeysSampled {
    /// The first chunk of `ct1`: the header has arrived, so the `ek_vector` is next.
    pub(in crate::ratchet::spqr) fn receive_ct1(&self, chunk: Chunk) -> HeaderSent {
        let Self { epoch, key, header: _ } = self;
        let ek = Encoder::new(ByteString::join(&key.expand().ek_vector(), &[]));
        let mut ct1 = Decoder::new();
        ct1.add(chunk);
        HeaderSent { epoch: epoch.duplicate(), key: key.duplicate(), ek, ct1 }
    }
}

/// Sends the `ek_vector` and collects `ct1`.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct HeaderSent {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) key: DecapsulationKey,
    pub(in crate::ratchet::spqr) ek: Encoder<36>,
    pub(in crate::ratchet::spqr) ct1: Decoder<30>,
}

impl HeaderSent {
    pub(in crate::ratchet::spqr) fn receive_ct1(&self, chunk: Chunk) -> Collected<Ct1Received> {
        let Self { epoch, key, ek, ct1 } = self;
        match ct1.decode_with(chunk) {
            None => Collected::More(chunk),
            Some(ct1) => Collected::complete(Ct1Received {
                epoch: epoch.duplicate(),
                key: key.duplicate(),
                ek: ek.clone(),
                ct1,
            }),
        }
    }
}

/// Keeps sending the `ek_vector`, and says with each chunk that it has all of `ct1`.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct Ct1Received {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) key: DecapsulationKey,
    pub(in crate::ratchet::spqr) ek: Encoder<36>,
    pub(in crate::ratchet::spqr) ct1: ByteString<30>,
}

impl Ct1Received {
    /// The first chunk of `ct2`: the `ek_vector` has arrived.
    pub(in crate::ratchet::spqr) fn receive_ct2(&self, chunk: Chunk) -> EkSentCt1Received {
        let Self { epoch, key, ek: _, ct1 } = self;
        let mut ct2 = Decoder::new();
        ct2.add(chunk);
        EkSentCt1Received { epoch: epoch.duplicate(), key: key.duplicate(), ct1: ct1.clone(), ct2 }
    }
}

/// The end of an epoch: its secret, and the next epoch.
pub(in crate::ratchet::spqr) struct Agreed {
    pub(in crate::ratchet::spqr) next: Epoch,
    pub(in crate::ratchet::spqr) secret: Secret<32>,
}

/// Collects `ct2` and its MAC. Sends only that it has all of `ct1`.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct EkSentCt1Received {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) key: DecapsulationKey,
    pub(in crate::ratchet::spqr) ct1: ByteString<30>,
    pub(in crate::ratchet::spqr) ct2: Decoder<5>,
}

impl EkSentCt1Received {
    /// With the fifth chunk of `ct2` the epoch secret is known and the next epoch begins.
    pub(in crate::ratchet::spqr) fn receive_ct2(&self, chunk: Chunk) -> Result<Collected<Agreed>, SpqrError> {
        let Self { epoch, key, ct1, ct2 } = self;
        let Some(ct2_and_mac) = ct2.decode_with(chunk) else {
            return Ok(Collected::More(chunk));
        };
        let mut epoch = epoch.duplicate();
        let (ct1, (ct2, mac)) = (ct1.to_array(), ct2_and_mac.split());
        let secret = epoch.agree(&key.expand().decapsulate(&ct1, &ct2));
        if !epoch.authenticator.verify_ciphertext(epoch.number, &ct1, &ct2, &mac) {
            return Err(SpqrError::CiphertextMac);
        }
        Ok(Collected::complete(Agreed { next: epoch.next(), secret }))
    }
}
