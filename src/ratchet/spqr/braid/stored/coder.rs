// SPDX-License-Identifier: MIT OR Apache-2.0

//! The coders of the erasure code as libsignal stores them: by lanes, as points or polynomials.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::crypto::erasure::{ByteString, CHUNK_LEN, Chunk, Decoder, Encoder};
use crate::crypto::gf16::Gf16;
use crate::wire::protobuf::{Encode, Fields, Merge};
use crate::wire::stored::{StoredDecoder, StoredEncoder};

/// Number of lanes of a chunk.
const LANES: usize = CHUNK_LEN / 2;

/// Reads an encoder of `N` chunks.
pub(super) fn encoder<const N: usize>(bytes: Option<&[u8]>) -> Option<Encoder<N>> {
    let stored = StoredEncoder::from_fields(Fields::new(bytes?)).ok()?;
    let [low, high, ..] = stored.counter.to_le_bytes();
    let next = u16::from_le_bytes([low, high]);
    let data = match (&stored.points[..], &stored.coefficients[..]) {
        (points, []) => from_lanes(points, |lane| Some(*lane))?,
        ([], coefficients) => from_lanes(coefficients, |lane| Some(evaluate(lane)))?,
        _ => return None,
    };
    Some(Encoder::resume(data, next))
}

/// The byte string whose lanes `values` reads from 16 lists of `N` elements.
fn from_lanes<const N: usize>(
    lanes: &[&[u8]],
    values: impl Fn(&[[u8; 2]; N]) -> Option<[[u8; 2]; N]>,
) -> Option<ByteString<N>> {
    let lanes: &[&[u8]; LANES] = lanes.try_into().ok()?;
    let mut rows = Box::new([[0; CHUNK_LEN]; N]);
    for (number, lane) in lanes.iter().enumerate() {
        let (elements, []) = lane.as_chunks::<2>() else {
            return None;
        };
        for (row, element) in rows.iter_mut().zip(values(elements.try_into().ok()?)?) {
            *row.as_chunks_mut::<2>().0.get_mut(number)? = element;
        }
    }
    Some(ByteString::from_rows(rows))
}

/// The values of a polynomial at `0, …, N − 1`. Its coefficients come with the lowest first.
fn evaluate<const N: usize>(coefficients: &[[u8; 2]; N]) -> [[u8; 2]; N] {
    let mut positions = 0u16..;
    coefficients.map(|_| {
        let x = Gf16::new(positions.next().unwrap_or_default());
        let value = coefficients
            .iter()
            .rev()
            .fold(Gf16::ZERO, |value, coefficient| value * x + Gf16::new(u16::from_be_bytes(*coefficient)));
        value.to_u16().to_be_bytes()
    })
}

/// The stored form of an encoder, as points.
pub(super) fn stored_encoder<const N: usize>(encoder: &Encoder<N>) -> Vec<u8> {
    let lanes = lanes(encoder.data().rows().iter().map(|row| (None, *row)));
    encode(&StoredEncoder {
        counter: encoder.next_index().into(),
        points: lanes.iter().map(Vec::as_slice).collect(),
        coefficients: Vec::new(),
    })
}

/// Reads a decoder of `N` chunks that is not complete.
pub(super) fn decoder<const N: usize>(bytes: Option<&[u8]>) -> Option<Decoder<N>> {
    let stored = StoredDecoder::from_fields(Fields::new(bytes?)).ok()?;
    let lanes: &[&[u8]; LANES] = stored.points.as_slice().try_into().ok()?;
    if usize::try_from(stored.needed).ok()? != N * LANES {
        return None;
    }
    let mut decoder = Decoder::new();
    let count = lanes.first()?.len() / 4;
    if count >= N || lanes.iter().any(|lane| lane.len() != 4 * count) {
        return None;
    }
    for position in 0..count {
        decoder.add(chunk(lanes, position)?);
    }
    (decoder.chunks().len() == count).then_some(decoder)
}

/// The chunk made of the points at the same place of all lists, which must be of the same position.
fn chunk(lanes: &[&[u8]; LANES], place: usize) -> Option<Chunk> {
    let mut index = None;
    let mut data = [0; CHUNK_LEN];
    for (lane, element) in lanes.iter().zip(data.as_chunks_mut::<2>().0) {
        let [x_high, x_low, high, low] = *lane.as_chunks::<4>().0.get(place)?;
        let x = u16::from_be_bytes([x_high, x_low]);
        if *index.get_or_insert(x) != x {
            return None;
        }
        *element = [high, low];
    }
    Some(Chunk { index: index?, data })
}

/// The stored form of a decoder.
pub(super) fn stored_decoder<const N: usize>(decoder: &Decoder<N>) -> Vec<u8> {
    let mut chunks: Vec<&Chunk> = decoder.chunks().iter().collect();
    chunks.sort_unstable_by_key(|chunk| chunk.index);
    let lanes = lanes(chunks.iter().map(|chunk| (Some(chunk.index), chunk.data)));
    encode(&StoredDecoder {
        needed: u32::try_from(N * LANES).unwrap_or(u32::MAX),
        points: lanes.iter().map(Vec::as_slice).collect(),
    })
}

/// The elements of each lane, behind the position of their chunk if there is one.
fn lanes(chunks: impl Iterator<Item = (Option<u16>, [u8; CHUNK_LEN])>) -> [Vec<u8>; LANES] {
    let mut lanes = [const { Vec::new() }; LANES];
    for (index, data) in chunks {
        for (lane, element) in lanes.iter_mut().zip(data.as_chunks::<2>().0) {
            lane.extend(index.into_iter().flat_map(u16::to_be_bytes));
            lane.extend(element);
        }
    }
    lanes
}

/// The coded data is public, so the buffer need not be wiped.
fn encode(coder: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    coder.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decoder of 3 chunks with `count` of them, and its first lane cut by some bytes.
    fn stored(count: u16, cut: usize) -> Vec<u8> {
        let chunks = (0..count).map(|index| (Some(index), [9; CHUNK_LEN]));
        let mut lanes = lanes(chunks);
        let len = lanes[0].len() - cut;
        lanes[0].truncate(len);
        encode(&StoredDecoder { needed: 48, points: lanes.iter().map(Vec::as_slice).collect() })
    }

    #[test]
    fn a_decoder_is_not_complete_and_its_lanes_are_alike() {
        for count in 0..5 {
            let decoder = decoder::<3>(Some(&stored(count, 0)));
            let chunks = decoder.map(|decoder| decoder.chunks().len());
            assert_eq!(chunks, (count < 3).then_some(count.into()), "{count}");
        }
        for cut in 1..9 {
            assert!(decoder::<3>(Some(&stored(2, cut))).is_none(), "{cut}");
        }
    }
}
