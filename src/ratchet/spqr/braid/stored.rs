// SPDX-License-Identifier: MIT OR Apache-2.0

//! The braid's states as libsignal stores them.
//!
//! In three states libsignal keeps the intermediate values of its encapsulation for the second half of the ciphertext:
//! secret polynomials, their errors, and the random bytes behind them. The random bytes suffice, with the header, in
//! `Ct1Sampled` and `Ct1Acknowledged`. In `EkReceivedCt1Sampled` there is no header but the whole key, so the second
//! half is made at once when the state is read. When this state is written, only the second half remains, and is stored
//! as an encapsulation that gives it: no polynomials, any key, and errors that are the second half itself.

mod coder;

use alloc::boxed::Box;

use super::authenticator::{Authenticator, MAC_LEN};
use super::ct_sender::{
    Ct1Acknowledged, Ct1Sampled, Ct2Sampled, EkReceivedCt1Sampled, HeaderReceived, NoHeaderReceived,
};
use super::ek_sender::{Ct1Received, EkSentCt1Received, HeaderSent, KeysSampled, KeysUnsampled};
use super::epoch::Epoch;
use super::state::State;
use crate::crypto::erasure::{ByteString, Decoder};
use crate::crypto::kem768::{
    CT1_LEN, CT2_LEN, DecapsulationKey, EK_VECTOR_LEN, ENCAPSULATION_STATE_LEN, EXPANDED_LEN, ExpandedKey,
    HEADER_LEN, encapsulate1, encapsulation_state, encapsulation_that_gives, finish_encapsulation,
};
use crate::crypto::secret::Secret;
use crate::wire::stored::StoredState;

use coder::{decoder, encoder, stored_decoder, stored_encoder};

impl State {
    /// Hands the stored form, which borrows temporary values, to `then`.
    pub(in crate::ratchet::spqr) fn with_stored<T>(&self, then: impl FnOnce(StoredState<'_>) -> T) -> T {
        match self {
            Self::KeysSampled(state) => {
                let KeysSampled { epoch: _, key, header } = &**state;
                let (key, header) = (key.expand(), stored_encoder(header));
                then(self.stored([&key.ek_vector(), key.as_bytes(), &[]], [Some(&header), None]))
            }
            Self::HeaderSent(state) => {
                let HeaderSent { epoch: _, key, ek, ct1 } = &**state;
                let (key, ek, ct1) = (key.expand(), stored_encoder(ek), stored_decoder(ct1));
                then(self.stored([key.as_bytes(), &[], &[]], [Some(&ek), Some(&ct1)]))
            }
            Self::Ct1Received(state) => {
                let Ct1Received { epoch: _, key, ek, ct1 } = &**state;
                let (key, ek) = (key.expand(), stored_encoder(ek));
                then(self.stored([key.as_bytes(), ct1.as_bytes(), &[]], [Some(&ek), None]))
            }
            Self::EkSentCt1Received(state) => {
                let EkSentCt1Received { epoch: _, key, ct1, ct2 } = &**state;
                let (key, ct2) = (key.expand(), stored_decoder(ct2));
                // The only state whose first coder has the number of a second one.
                then(self.stored([key.as_bytes(), ct1.as_bytes(), &[]], [None, Some(&ct2)]))
            }
            _ => self.with_stored_ct_sender(then),
        }
    }

    /// The same for the states of the party that does not own the key, and for the one in which there is none.
    fn with_stored_ct_sender<T>(&self, then: impl FnOnce(StoredState<'_>) -> T) -> T {
        match self {
            Self::NoHeaderReceived(state) => {
                let NoHeaderReceived { epoch: _, header } = &**state;
                then(self.stored([&[]; 3], [Some(&stored_decoder(header)), None]))
            }
            Self::HeaderReceived(state) => {
                let HeaderReceived { epoch: _, header } = &**state;
                let ek = stored_decoder(&Decoder::<36>::new());
                then(self.stored([header, &[], &[]], [Some(&ek), None]))
            }
            Self::Ct1Sampled(state) => {
                let Ct1Sampled { epoch: _, header, random, ct1, ek } = &**state;
                let encapsulation = encapsulation_state(header, random);
                let parts = [&header[..], encapsulation.as_bytes(), ct1.data().as_bytes()];
                then(self.stored(parts, [Some(&stored_encoder(ct1)), Some(&stored_decoder(ek))]))
            }
            Self::EkReceivedCt1Sampled(state) => {
                let EkReceivedCt1Sampled { epoch: _, ct1, ct2 } = &**state;
                let (ct2, _) = ct2.split::<CT2_LEN, MAC_LEN>();
                let encapsulation = encapsulation_that_gives(&ct2);
                let parts = [&encapsulation[..], &[0; EK_VECTOR_LEN], ct1.data().as_bytes()];
                then(self.stored(parts, [Some(&stored_encoder(ct1)), None]))
            }
            Self::Ct1Acknowledged(state) => {
                let Ct1Acknowledged { epoch: _, header, random, ct1, ek } = &**state;
                let encapsulation = encapsulation_state(header, random);
                let parts = [&header[..], encapsulation.as_bytes(), ct1.as_bytes()];
                then(self.stored(parts, [Some(&stored_decoder(ek)), None]))
            }
            Self::Ct2Sampled(state) => {
                let Ct2Sampled { epoch: _, ct2 } = &**state;
                then(self.stored([&[]; 3], [Some(&stored_encoder(ct2)), None]))
            }
            // `KeysUnsampled`, which holds nothing yet.
            _ => then(self.stored([&[]; 3], [None; 2])),
        }
    }

    fn stored<'a>(&'a self, parts: [&'a [u8]; 3], coders: [Option<&'a [u8]>; 2]) -> StoredState<'a> {
        let Epoch { number, authenticator } = self.epoch();
        StoredState {
            number: self.tag().into(),
            epoch: *number,
            root: authenticator.root().as_bytes(),
            mac: authenticator.mac().as_bytes(),
            parts,
            coders,
        }
    }

    /// Reads a stored state. None if it is not sound.
    pub(in crate::ratchet::spqr) fn from_stored(stored: &StoredState<'_>) -> Option<Self> {
        let authenticator =
            Authenticator::from_keys(stored.root.try_into().ok()?, stored.mac.try_into().ok()?);
        let epoch = Epoch { number: Some(stored.epoch).filter(|number| *number > 0)?, authenticator };
        let [first, second, _] = stored.parts;
        let [coder, other] = stored.coders;
        Some(match stored.number {
            1 => KeysUnsampled { epoch }.into(),
            2 => KeysSampled { epoch, key: key(second)?, header: encoder(coder)? }.into(),
            3 => HeaderSent { epoch, key: key(first)?, ek: encoder(coder)?, ct1: decoder(other)? }.into(),
            4 => Ct1Received {
                epoch,
                key: key(first)?,
                ek: encoder(coder)?,
                ct1: byte_string::<CT1_LEN, 30>(second)?,
            }
            .into(),
            5 => EkSentCt1Received {
                epoch,
                key: key(first)?,
                ct1: byte_string::<CT1_LEN, 30>(second)?,
                ct2: decoder(other)?,
            }
            .into(),
            6 => NoHeaderReceived { epoch, header: decoder(coder)? }.into(),
            7 => HeaderReceived { epoch, header: first.try_into().ok()? }.into(),
            8 => {
                let Encapsulation { header, random, ct1 } = Encapsulation::from_stored(stored)?;
                let ct1 = encoder(coder).filter(|encoder| *encoder.data() == ct1)?;
                Ct1Sampled { epoch, header, random, ct1, ek: decoder(other)? }.into()
            }
            9 => finish(epoch, stored)?.into(),
            10 => {
                let Encapsulation { header, random, ct1 } = Encapsulation::from_stored(stored)?;
                Ct1Acknowledged { epoch, header, random, ct1, ek: decoder(coder)? }.into()
            }
            11 => Ct2Sampled { epoch, ct2: encoder(coder)? }.into(),
            _ => return None,
        })
    }
}

/// The common part of the two states in the middle of an encapsulation.
struct Encapsulation {
    header: [u8; HEADER_LEN],
    random: Secret<32>,
    ct1: ByteString<30>,
}

impl Encapsulation {
    fn from_stored(stored: &StoredState<'_>) -> Option<Self> {
        let [header, encapsulation, ct1] = stored.parts;
        let header = header.try_into().ok()?;
        let encapsulation: &[u8; ENCAPSULATION_STATE_LEN] = encapsulation.try_into().ok()?;
        let random = Secret::new(*encapsulation.last_chunk()?);
        let ct1: [u8; CT1_LEN] = ct1.try_into().ok()?;
        (encapsulate1(&header, &random).0 == ct1).then(|| Self {
            header,
            random,
            ct1: ByteString::join(&ct1, &[]),
        })
    }
}

/// Makes the second half of the ciphertext of a stored `EkReceivedCt1Sampled`.
fn finish(epoch: Epoch, stored: &StoredState<'_>) -> Option<EkReceivedCt1Sampled> {
    let [encapsulation, ek_vector, ct1] = stored.parts;
    let ct2 = finish_encapsulation(encapsulation.try_into().ok()?, ek_vector.try_into().ok()?)?;
    let mac = epoch.authenticator.ciphertext_mac(epoch.number, ct1.try_into().ok()?, &ct2);
    let ct1 = encoder(stored.coders[0]).filter(|encoder| encoder.data().as_bytes() == ct1)?;
    Some(EkReceivedCt1Sampled { epoch, ct1, ct2: ByteString::join(&ct2, &mac) })
}

fn key(bytes: &[u8]) -> Option<DecapsulationKey> {
    let bytes: &[u8; EXPANDED_LEN] = bytes.try_into().ok()?;
    let mut key = Box::new(Secret::zero());
    key.as_bytes_mut().copy_from_slice(bytes);
    Some(DecapsulationKey::Expanded(ExpandedKey::new(key)))
}

fn byte_string<const LEN: usize, const N: usize>(bytes: &[u8]) -> Option<ByteString<N>> {
    let bytes: &[u8; LEN] = bytes.try_into().ok()?;
    Some(ByteString::join(bytes, &[]))
}
