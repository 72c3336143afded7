// SPDX-License-Identifier: MIT OR Apache-2.0

//! The states of the other party: it receives an encapsulation key and sends a ciphertext.

use rand_core::CryptoRng;

use crate::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use crate::crypto::kem768::{HEADER_LEN, encapsulate1, encapsulate2};
use crate::crypto::secret::Secret;

use super::ek_sender::KeysUnsampled;
use super::epoch::Epoch;
use super::error::BraidError;
use super::state::{State, Step};

/// Collects the header and its MAC.
#[derive(Debug)]
pub(super) struct NoHeaderReceived {
    pub(super) epoch: Epoch,
    pub(super) header: Decoder<3>,
}

impl NoHeaderReceived {
    pub(super) const fn new(epoch: Epoch) -> Self {
        Self { epoch, header: Decoder::new() }
    }

    pub(super) fn receive_hdr(&self, chunk: Chunk) -> Result<Step, BraidError> {
        let Self { epoch, header } = self;
        let Some(header_and_mac) = header.decode_with(chunk) else {
            return Ok(Step::Collected(chunk));
        };
        let (header, mac) = header_and_mac.split();
        if !epoch.authenticator.verify_header(epoch.number, &header, &mac) {
            return Err(BraidError::HeaderMac);
        }
        Ok(HeaderReceived { epoch: epoch.duplicate(), header }.into())
    }
}

/// Has the header, and has not sent since.
#[derive(Debug)]
pub(super) struct HeaderReceived {
    pub(super) epoch: Epoch,
    pub(super) header: [u8; HEADER_LEN],
}

impl HeaderReceived {
    /// Makes the first half of the ciphertext, and with it the epoch secret, and begins to send it. Draws 32
    /// bytes.
    pub(super) fn send(&self, rng: &mut impl CryptoRng) -> (Ct1Sampled, Chunk, Secret<32>) {
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
pub(super) struct Ct1Sampled {
    pub(super) epoch: Epoch,
    pub(super) header: [u8; HEADER_LEN],
    pub(super) random: Secret<32>,
    pub(super) ct1: Encoder<30>,
    pub(super) ek: Decoder<36>,
}

impl Ct1Sampled {
    pub(super) fn receive_ek(&self, chunk: Chunk) -> Result<Step, BraidError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let Some(ek) = ek.decode_with(chunk) else {
            return Ok(Step::Collected(chunk));
        };
        let ct2 = finish(epoch, header, random, ct1.data(), &ek)?;
        Ok(EkReceivedCt1Sampled { epoch: epoch.duplicate(), ct1: ct1.clone(), ct2 }.into())
    }

    /// A chunk of the `ek_vector`, and the other side has all of `ct1`.
    pub(super) fn receive_ek_ct1_ack(&self, chunk: Chunk) -> Result<State, BraidError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let mut next = Ct1Acknowledged {
            epoch: epoch.duplicate(),
            header: *header,
            random: random.duplicate(),
            ct1: ct1.data().clone(),
            ek: ek.clone(),
        };
        if let Step::Next(complete) = next.receive_ek(chunk)? {
            return Ok(complete);
        }
        next.ek.add(chunk);
        Ok(next.into())
    }
}

/// Has the whole key, so that the rest of the ciphertext is made; goes on sending `ct1` until it is
/// acknowledged.
#[derive(Debug)]
pub(super) struct EkReceivedCt1Sampled {
    pub(super) epoch: Epoch,
    pub(super) ct1: Encoder<30>,
    pub(super) ct2: ByteString<5>,
}

impl EkReceivedCt1Sampled {
    pub(super) fn receive_ct1_ack(&self) -> Ct2Sampled {
        let Self { epoch, ct1: _, ct2 } = self;
        Ct2Sampled { epoch: epoch.duplicate(), ct2: Encoder::new(ct2.clone()) }
    }
}

/// `ct1` has arrived, but not all of the `ek_vector` is here. Sends nothing.
#[derive(Debug)]
pub(super) struct Ct1Acknowledged {
    pub(super) epoch: Epoch,
    pub(super) header: [u8; HEADER_LEN],
    pub(super) random: Secret<32>,
    pub(super) ct1: ByteString<30>,
    pub(super) ek: Decoder<36>,
}

impl Ct1Acknowledged {
    pub(super) fn receive_ek(&self, chunk: Chunk) -> Result<Step, BraidError> {
        let Self { epoch, header, random, ct1, ek } = self;
        let Some(ek) = ek.decode_with(chunk) else {
            return Ok(Step::Collected(chunk));
        };
        let ct2 = finish(epoch, header, random, ct1, &ek)?;
        Ok(Ct2Sampled { epoch: epoch.duplicate(), ct2: Encoder::new(ct2) }.into())
    }
}

/// Sends the rest of the ciphertext and its MAC until the other side is in the next epoch.
#[derive(Debug)]
pub(super) struct Ct2Sampled {
    pub(super) epoch: Epoch,
    pub(super) ct2: Encoder<5>,
}

impl Ct2Sampled {
    pub(super) fn receive_next_epoch(&self) -> KeysUnsampled {
        KeysUnsampled { epoch: self.epoch.duplicate().next() }
    }
}

/// `ct2` and the MAC of the whole ciphertext.
fn finish(
    epoch: &Epoch,
    header: &[u8; HEADER_LEN],
    random: &Secret<32>,
    ct1: &ByteString<30>,
    ek: &ByteString<36>,
) -> Result<ByteString<5>, BraidError> {
    let ct2 = encapsulate2(header, &ek.to_array(), random)?;
    let mac = epoch.authenticator.ciphertext_mac(epoch.number, &ct1.to_array(), &ct2);
    Ok(ByteString::join(&ct2, &mac))
}
