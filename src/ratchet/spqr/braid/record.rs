// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of the braid's states.
//!
//! ```text
//! state   = tag (1) || epoch (8) || authenticator's root key (32) || its MAC key (32) || content
//! key     = flag (1) || (seed (64) if 0, expanded key (2,400) if 1)
//! encoder = next index (2) || byte string
//! decoder = number of chunks (1) || (index (2) || chunk (32))*
//! ```
//!
//! | tag | state | content |
//! | --- | --- | --- |
//! | 1 | `KeysUnsampled` | – |
//! | 2 | `KeysSampled` | key, header encoder (96) |
//! | 3 | `HeaderSent` | key, ek encoder (1,152), ct1 decoder |
//! | 4 | `Ct1Received` | key, ek encoder (1,152), ct1 (960) |
//! | 5 | `EkSentCt1Received` | key, ct1 (960), ct2 decoder |
//! | 6 | `NoHeaderReceived` | header decoder |
//! | 7 | `HeaderReceived` | header (64) |
//! | 8 | `Ct1Sampled` | header (64), random (32), ct1 encoder (960), ek decoder |
//! | 9 | `EkReceivedCt1Sampled` | ct1 encoder (960), ct2 and MAC (160) |
//! | 10 | `Ct1Acknowledged` | header (64), random (32), ct1 (960), ek decoder |
//! | 11 | `Ct2Sampled` | ct2 encoder (160) |

use alloc::boxed::Box;

use crate::crypto::erasure::{ByteString, CHUNK_LEN, Chunk, Decoder, Encoder};
use crate::crypto::kem768::{DecapsulationKey, ExpandedKey, KeySeed};
use crate::ratchet::spqr::profile::Profile;
use crate::record::{RecordError, RecordReader, RecordWriter};

use super::authenticator::Authenticator;
use super::ct_sender::{
    Ct1Acknowledged, Ct1Sampled, Ct2Sampled, EkReceivedCt1Sampled, HeaderReceived, NoHeaderReceived,
};
use super::ek_sender::{Ct1Received, EkSentCt1Received, HeaderSent, KeysSampled, KeysUnsampled};
use super::epoch::Epoch;
use super::state::{State, Step};

impl State {
    /// The state's number in records.
    pub(in crate::ratchet::spqr) const fn tag(&self) -> u8 {
        match self {
            Self::KeysUnsampled(_) => 1,
            Self::KeysSampled(_) => 2,
            Self::HeaderSent(_) => 3,
            Self::Ct1Received(_) => 4,
            Self::EkSentCt1Received(_) => 5,
            Self::NoHeaderReceived(_) => 6,
            Self::HeaderReceived(_) => 7,
            Self::Ct1Sampled(_) => 8,
            Self::EkReceivedCt1Sampled(_) => 9,
            Self::Ct1Acknowledged(_) => 10,
            Self::Ct2Sampled(_) => 11,
        }
    }

    /// Writes the state as it will be after `step`.
    pub(in crate::ratchet::spqr) fn write(&self, step: &Step, out: &mut RecordWriter) {
        if let Step::Next(state) = step {
            return state.write(&Step::Same, out);
        }
        let Epoch { number, authenticator } = self.epoch();
        out.put_u8(self.tag());
        out.put_u64(*number);
        out.put_array(authenticator.root().as_bytes());
        out.put_array(authenticator.mac().as_bytes());
        self.write_content(step, out);
    }

    fn write_content(&self, step: &Step, out: &mut RecordWriter) {
        match self {
            Self::KeysUnsampled(_) => {}
            Self::KeysSampled(state) => {
                let KeysSampled { epoch: _, key, header } = &**state;
                write_key(key, out);
                write_encoder(header, step, out);
            }
            Self::HeaderSent(state) => {
                let HeaderSent { epoch: _, key, ek, ct1 } = &**state;
                write_key(key, out);
                write_encoder(ek, step, out);
                write_decoder(ct1, step, out);
            }
            Self::Ct1Received(state) => {
                let Ct1Received { epoch: _, key, ek, ct1 } = &**state;
                write_key(key, out);
                write_encoder(ek, step, out);
                out.put_array(ct1.as_bytes());
            }
            Self::EkSentCt1Received(state) => {
                let EkSentCt1Received { epoch: _, key, ct1, ct2 } = &**state;
                write_key(key, out);
                out.put_array(ct1.as_bytes());
                write_decoder(ct2, step, out);
            }
            Self::NoHeaderReceived(state) => write_decoder(&state.header, step, out),
            Self::HeaderReceived(state) => out.put_array(&state.header),
            Self::Ct1Sampled(state) => {
                let Ct1Sampled { epoch: _, header, random, ct1, ek } = &**state;
                out.put_array(header);
                out.put_array(random.as_bytes());
                write_encoder(ct1, step, out);
                write_decoder(ek, step, out);
            }
            Self::EkReceivedCt1Sampled(state) => {
                let EkReceivedCt1Sampled { epoch: _, ct1, ct2 } = &**state;
                write_encoder(ct1, step, out);
                out.put_array(ct2.as_bytes());
            }
            Self::Ct1Acknowledged(state) => {
                let Ct1Acknowledged { epoch: _, header, random, ct1, ek } = &**state;
                out.put_array(header);
                out.put_array(random.as_bytes());
                out.put_array(ct1.as_bytes());
                write_decoder(ek, step, out);
            }
            Self::Ct2Sampled(state) => write_encoder(&state.ct2, step, out),
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(in crate::ratchet::spqr) fn read(
        profile: Profile,
        reader: &mut RecordReader<'_>,
    ) -> Result<Self, RecordError> {
        let tag = reader.u8()?;
        let number = reader.u64()?;
        let authenticator = Authenticator::with_keys(profile, reader.secret()?, reader.secret()?);
        if number == 0 {
            return Err(RecordError::Damaged);
        }
        Self::read_content(tag, Epoch { number, authenticator }, reader)
    }

    fn read_content(tag: u8, epoch: Epoch, reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        // The fields of a struct are read in the order in which they stand here.
        Ok(match tag {
            1 => KeysUnsampled { epoch }.into(),
            2 => KeysSampled { epoch, key: read_key(reader)?, header: read_encoder(reader)? }.into(),
            3 => HeaderSent {
                epoch,
                key: read_key(reader)?,
                ek: read_encoder(reader)?,
                ct1: read_decoder(reader)?,
            }
            .into(),
            4 => Ct1Received {
                epoch,
                key: read_key(reader)?,
                ek: read_encoder(reader)?,
                ct1: read_byte_string(reader)?,
            }
            .into(),
            5 => EkSentCt1Received {
                epoch,
                key: read_key(reader)?,
                ct1: read_byte_string(reader)?,
                ct2: read_decoder(reader)?,
            }
            .into(),
            6 => NoHeaderReceived { epoch, header: read_decoder(reader)? }.into(),
            7 => HeaderReceived { epoch, header: reader.array()? }.into(),
            8 => Ct1Sampled {
                epoch,
                header: reader.array()?,
                random: reader.secret()?,
                ct1: read_encoder(reader)?,
                ek: read_decoder(reader)?,
            }
            .into(),
            9 => EkReceivedCt1Sampled { epoch, ct1: read_encoder(reader)?, ct2: read_byte_string(reader)? }
                .into(),
            10 => Ct1Acknowledged {
                epoch,
                header: reader.array()?,
                random: reader.secret()?,
                ct1: read_byte_string(reader)?,
                ek: read_decoder(reader)?,
            }
            .into(),
            11 => Ct2Sampled { epoch, ct2: read_encoder(reader)? }.into(),
            _ => return Err(RecordError::Damaged),
        })
    }
}

fn write_key(key: &DecapsulationKey, out: &mut RecordWriter) {
    match key {
        DecapsulationKey::Seed(seed) => {
            out.put_flag(false);
            out.put_array(seed.seed().as_bytes());
        }
        DecapsulationKey::Expanded(expanded) => {
            out.put_flag(true);
            out.put_array(expanded.as_bytes());
        }
    }
}

fn read_key(reader: &mut RecordReader<'_>) -> Result<DecapsulationKey, RecordError> {
    Ok(if reader.flag()? {
        DecapsulationKey::Expanded(ExpandedKey::new(Box::new(reader.secret()?)))
    } else {
        DecapsulationKey::Seed(KeySeed::from_seed(reader.secret()?))
    })
}

fn write_encoder<const N: usize>(encoder: &Encoder<N>, step: &Step, out: &mut RecordWriter) {
    let advanced = u16::from(matches!(step, Step::Advanced));
    out.put_u16(encoder.next_index().wrapping_add(advanced));
    out.put_array(encoder.data().as_bytes());
}

fn read_encoder<const N: usize>(reader: &mut RecordReader<'_>) -> Result<Encoder<N>, RecordError> {
    let next = reader.u16()?;
    Ok(Encoder::resume(read_byte_string(reader)?, next))
}

fn read_byte_string<const N: usize>(reader: &mut RecordReader<'_>) -> Result<ByteString<N>, RecordError> {
    let mut rows = Box::new([[0; CHUNK_LEN]; N]);
    for row in rows.iter_mut() {
        *row = reader.array()?;
    }
    Ok(ByteString::from_rows(rows))
}

fn write_decoder<const N: usize>(decoder: &Decoder<N>, step: &Step, out: &mut RecordWriter) {
    let collected = if let Step::Collected(chunk) = step { Some(chunk) } else { None };
    let replaced = |chunk: &Chunk| collected.filter(|new| new.index == chunk.index);
    let added = collected.filter(|new| decoder.chunks().iter().all(|chunk| chunk.index != new.index));
    // There are fewer than 36 chunks.
    let count = decoder.chunks().len() + usize::from(added.is_some());
    out.put_u8(u8::try_from(count).unwrap_or(u8::MAX));
    let kept = decoder.chunks().iter().map(|chunk| replaced(chunk).unwrap_or(chunk));
    for Chunk { index, data } in kept.chain(added) {
        out.put_u16(*index);
        out.put_array(data);
    }
}

fn read_decoder<const N: usize>(reader: &mut RecordReader<'_>) -> Result<Decoder<N>, RecordError> {
    let count = usize::from(reader.u8()?);
    let mut decoder = Decoder::new();
    for _ in 0..count {
        decoder.add(Chunk { index: reader.u16()?, data: reader.array()? });
    }
    // A complete decoder has been used, and one with a repeated chunk was never written.
    if count >= N || decoder.chunks().len() != count {
        return Err(RecordError::Damaged);
    }
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordKind;

    /// Reads `NoHeaderReceived` with chunks at the given positions.
    fn read(epoch: u64, indices: &[u16]) -> Result<State, RecordError> {
        let mut writer = RecordWriter::new(RecordKind::Session, 1, 200);
        writer.put_u8(6);
        writer.put_u64(epoch);
        writer.put_array(&[7; 64]);
        writer.put_u8(u8::try_from(indices.len()).unwrap());
        for index in indices {
            writer.put_u16(*index);
            writer.put_array(&[1; CHUNK_LEN]);
        }
        let record = writer.finish();
        let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, record.as_bytes()).unwrap();
        State::read(Profile::Signal, &mut reader)
    }

    #[test]
    fn decoders_that_are_never_written_are_refused() {
        assert!(read(1, &[]).is_ok());
        assert!(read(1, &[9, 2]).is_ok());
        assert!(read(1, &[2, 2]).is_err(), "a chunk twice");
        assert!(read(1, &[1, 2, 3]).is_err(), "complete");
        assert!(read(0, &[]).is_err(), "no epoch 0");
    }
}
