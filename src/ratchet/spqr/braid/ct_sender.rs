// SPDX-License-Identifier: MIT OR Apache-2.0

//! The states of the other party: it receives an encapsulation key and sends a ciphertext.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use crate::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use crate::crypto::kem768::{HEADER_LEN, encapsulate1, encapsulate2};
use crate::crypto::secret::Secret;
use crate::ratchet::spqr::error::SpqrError;

use super::collected::Collected;
use super::epoch::Epoch;

/// Collects the header and its MAC.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct NoHeaderReceived {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) header: Decoder<3>,
}

impl NoHeaderReceived {
    pub(in crate::ratchet::spqr) const fn new(epoch: Epoch) -> Self {
        Self { epoch, header: Decoder::new() }
    }

    pub(in crate::ratchet::spqr) fn receive_hdr(
        &self,
        chunk: Chunk,
    ) -> Result<Collected<HeaderReceived>, SpqrError> {
        let Self { epoch, header } = self;
        let Some(header_and_mac) = header.decode_with(chunk) else {
            return Ok(Collected::More(chunk));
        };
        let (header, mac) = header_and_mac.split();
        if !epoch.authenticator.verify_header(epoch.number, &header, &mac) {
            return Err(SpqrError::HeaderMac);
        }
        Ok(Collected::complete(HeaderReceived { epoch: epoch.duplicate(), header }))
    }
}

/// Has the header, and has not sent since.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct HeaderReceived {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) header: [u8; HEADER_LEN],
}

impl HeaderReceived {
    /// Makes the first half of the ciphertext, and with it the epoch secret, and begins to send it. Draws 32
    /// bytes.
    pub(in crate::ratchet::spqr) fn send(&self, rng: &mut impl CryptoRng) -> (Ct1Sampled, Chunk, Secret<32>) {
        let Self { epoch, header } = self;
        let mut epoch = epoch.duplicate();
        let random = Secret::random(rng);
        let (ct1, shared_secret) = encapsulate1(header, &random);
        let secret = epoch.agree(&shared_secret);
        let mut ct1 = Encoder::new(ByteString::join(&ct1, &[]));
        let chunk = ct1.next_chunk();
        (Ct1Sampled { epoch, header: *header, random, ct1, ek: Decoder::new() }, chunk, secret)
    }
}

/// Sends `ct1` and collects the `ek_vector`.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct Ct1Sampled {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) header: [u8; HEADER_LEN],
    pub(in crate::ratchet::spqr) random: Secret<32>,
    pub(in crate::ratchet::spqr) ct1: Encoder<30>,
    pub(in crate::ratchet::spqr) ek: Decoder<36>,
}

impl Ct1Sampled {
    pub(in crate::ratchet::spqr) fn receive_ek(
        &self,
        chunk: Chunk,
    ) -> Result<Collected<EkReceivedCt1Sampled>, SpqrError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let Some(ek) = ek.decode_with(chunk) else {
            return Ok(Collected::More(chunk));
        };
        let ct2 = finish(epoch, header, random, ct1.data(), &ek)?;
        Ok(Collected::complete(EkReceivedCt1Sampled { epoch: epoch.duplicate(), ct1: ct1.clone(), ct2 }))
    }

    /// Takes a chunk of the `ek_vector`; the other side has all of `ct1`.
    pub(in crate::ratchet::spqr) fn receive_ek_ct1_ack(
        &self,
        chunk: Chunk,
    ) -> Result<Acknowledged, SpqrError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let mut next = Ct1Acknowledged {
            epoch: epoch.duplicate(),
            header: *header,
            random: random.duplicate(),
            ct1: ct1.data().clone(),
            ek: ek.clone(),
        };
        if let Collected::Complete(complete) = next.receive_ek(chunk)? {
            return Ok(Acknowledged::Complete(complete));
        }
        next.ek.add(chunk);
        Ok(Acknowledged::Incomplete(Box::new(next)))
    }
}

/// The state after `ct1` was acknowledged, with the whole `ek_vector` or without.
pub(in crate::ratchet::spqr) enum Acknowledged {
    Incomplete(Box<Ct1Acknowledged>),
    Complete(Box<Ct2Sampled>),
}

/// Has the whole key, so the rest of the ciphertext is made; keeps sending `ct1` until it is acknowledged.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct EkReceivedCt1Sampled {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) ct1: Encoder<30>,
    pub(in crate::ratchet::spqr) ct2: ByteString<5>,
}

impl EkReceivedCt1Sampled {
    pub(in crate::ratchet::spqr) fn receive_ct1_ack(&self) -> Ct2Sampled {
        let Self { epoch, ct1: _, ct2 } = self;
        Ct2Sampled { epoch: epoch.duplicate(), ct2: Encoder::new(ct2.clone()) }
    }
}

/// `ct1` has arrived, but not all of the `ek_vector` is here. Sends nothing.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct Ct1Acknowledged {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) header: [u8; HEADER_LEN],
    pub(in crate::ratchet::spqr) random: Secret<32>,
    pub(in crate::ratchet::spqr) ct1: ByteString<30>,
    pub(in crate::ratchet::spqr) ek: Decoder<36>,
}

impl Ct1Acknowledged {
    pub(in crate::ratchet::spqr) fn receive_ek(
        &self,
        chunk: Chunk,
    ) -> Result<Collected<Ct2Sampled>, SpqrError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let Some(ek) = ek.decode_with(chunk) else {
            return Ok(Collected::More(chunk));
        };
        let ct2 = finish(epoch, header, random, ct1, &ek)?;
        Ok(Collected::complete(Ct2Sampled { epoch: epoch.duplicate(), ct2: Encoder::new(ct2) }))
    }
}

/// Sends the rest of the ciphertext and its MAC until the other side is in the next epoch.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct Ct2Sampled {
    pub(in crate::ratchet::spqr) epoch: Epoch,
    pub(in crate::ratchet::spqr) ct2: Encoder<5>,
}

impl Ct2Sampled {
    /// The next epoch, which begins with the first message of it.
    pub(in crate::ratchet::spqr) fn next_epoch(&self) -> Epoch {
        self.epoch.duplicate().next()
    }
}

/// `ct2` and the MAC of the whole ciphertext.
fn finish(
    epoch: &Epoch,
    header: &[u8; HEADER_LEN],
    random: &Secret<32>,
    ct1: &ByteString<30>,
    ek: &ByteString<36>,
) -> Result<ByteString<5>, SpqrError> {
    let ct2 = encapsulate2(header, &ek.to_array(), random)?;
    let mac = epoch.authenticator.ciphertext_mac(epoch.number, &ct1.to_array(), &ct2);
    Ok(ByteString::join(&ct2, &mac))
}
