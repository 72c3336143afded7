// SPDX-License-Identifier: MIT OR Apache-2.0

//! The erasure code of the ML-KEM Braid: a byte string of `N` chunks becomes 65,536 chunks, of which any
//! `N` give the string back.
//!
//! A chunk is a row of 16 elements of GF(2^16), big endian. For each of the 16 lanes there is one polynomial
//! of degree below `N` that takes the lane's elements of the data at `0, …, N − 1`; chunk `x` holds its values
//! at `x`. So the first `N` chunks are the data themselves. All lanes share their positions, so one vector of
//! Lagrange coefficients serves them all and no polynomial is kept:
//!
//! ```text
//! chunk(x) = Σ c_k · chunk(x_k)        c_k = Π_(l≠k) (x + x_l) / (x_k + x_l)
//! ```
//!
//! The coded data is public: encapsulation keys and ciphertexts.

mod byte_string;
mod lagrange;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::gf16::{Row, combine};

pub use byte_string::ByteString;
use lagrange::{SystematicWeights, coefficients, weights};

/// Length of a chunk in bytes.
pub const CHUNK_LEN: usize = 32;

/// One chunk with its position.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The position.
    pub index: u16,
    /// The 16 elements of the row, big endian.
    pub data: [u8; CHUNK_LEN],
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, data: _ } = self;
        write!(f, "Chunk({index}, ..)")
    }
}

/// Gives the chunks of a byte string of `N` times 32 bytes, one after the other and without end.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoder<const N: usize> {
    data: ByteString<N>,
    next: u16,
}

impl<const N: usize> Encoder<N> {
    /// Begins at chunk 0.
    #[must_use]
    pub const fn new(data: ByteString<N>) -> Self {
        Self::resume(data, 0)
    }

    /// Goes on at chunk `next`.
    #[must_use]
    pub const fn resume(data: ByteString<N>, next: u16) -> Self {
        Self { data, next }
    }

    /// The byte string.
    #[must_use]
    pub const fn data(&self) -> &ByteString<N> {
        &self.data
    }

    /// The position of the chunk that comes next.
    #[must_use]
    pub const fn next_index(&self) -> u16 {
        self.next
    }

    /// The next chunk. After chunk 65,535 comes chunk 0.
    pub fn next_chunk(&mut self) -> Chunk {
        let chunk = self.chunk(self.next);
        self.advance();
        chunk
    }

    /// Goes on to the chunk after the next.
    pub const fn advance(&mut self) {
        self.next = self.next.wrapping_add(1);
    }

    /// The chunk at a position. One of the data costs nothing, another `4·N` and `16·N` multiplications.
    #[must_use]
    pub fn chunk(&self, index: u16) -> Chunk {
        let data = self.data.rows().get(usize::from(index)).copied().unwrap_or_else(|| self.parity(index));
        Chunk { index, data }
    }

    fn parity(&self, index: u16) -> [u8; CHUNK_LEN] {
        let coefficients =
            coefficients(index, &SystematicWeights::<N>::POSITIONS, &SystematicWeights::<N>::WEIGHTS);
        to_bytes(combine(&coefficients, &self.data.rows().map(from_bytes)))
    }
}

impl<const N: usize> fmt::Debug for Encoder<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data: _, next } = self;
        write!(f, "Encoder<{N}>(next {next}, ..)")
    }
}

/// Collects chunks of a byte string of `N` times 32 bytes until it is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Decoder<const N: usize> {
    chunks: Vec<Chunk>,
}

impl<const N: usize> Decoder<N> {
    /// Has no chunk yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// The chunks so far, at most `N`, in the order in which their positions first came.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Takes a chunk. One at a position that is there already replaces it and does not count again; one that comes when
    /// `N` are there is dropped.
    pub fn add(&mut self, chunk: Chunk) {
        if let Some(known) = self.chunks.iter_mut().find(|known| known.index == chunk.index) {
            known.data = chunk.data;
        } else if self.chunks.len() < N {
            self.chunks.push(chunk);
        }
    }

    /// The byte string, if `chunk` is the last one that it takes. Nothing is added.
    #[must_use]
    pub fn decode_with(&self, chunk: Chunk) -> Option<ByteString<N>> {
        if self.chunks.len() + 1 != N || self.chunks.iter().any(|known| known.index == chunk.index) {
            return None;
        }
        let mut complete = self.clone();
        complete.add(chunk);
        complete.decode()
    }

    /// The byte string, once `N` chunks are there.
    ///
    /// Data chunks are copied. If `m` of them are missing it takes `(4 + 16)·N·m` multiplications, and about
    /// `N²` for the weights: fewer than 28,000 for all of 36.
    #[must_use]
    pub fn decode(&self) -> Option<ByteString<N>> {
        let chunks: &[Chunk; N] = self.chunks.as_slice().try_into().ok()?;
        let mut data = Box::new([[0; CHUNK_LEN]; N]);
        let mut known = [false; N];
        for chunk in chunks {
            let index = usize::from(chunk.index);
            if let (Some(slot), Some(known)) = (data.get_mut(index), known.get_mut(index)) {
                *slot = chunk.data;
                *known = true;
            }
        }
        if known.contains(&false) {
            interpolate(chunks, &known, &mut data);
        }
        Some(ByteString::from_rows(data))
    }
}

/// Fills the rows of `data` that are not `known` yet.
fn interpolate<const N: usize>(chunks: &[Chunk; N], known: &[bool; N], data: &mut [[u8; CHUNK_LEN]; N]) {
    let positions = chunks.map(|chunk| chunk.index);
    let rows = chunks.map(|chunk| from_bytes(chunk.data));
    let weights = weights(&positions);
    for ((index, slot), known) in (0..).zip(data).zip(known) {
        if !known {
            *slot = to_bytes(combine(&coefficients(index, &positions, &weights), &rows));
        }
    }
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Decoder<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chunks } = self;
        write!(f, "Decoder({} of {N} chunks)", chunks.len())
    }
}

fn from_bytes(bytes: [u8; CHUNK_LEN]) -> Row {
    let mut row = [0; 16];
    for (element, pair) in row.iter_mut().zip(bytes.as_chunks().0) {
        *element = u16::from_be_bytes(*pair);
    }
    row
}

fn to_bytes(row: Row) -> [u8; CHUNK_LEN] {
    let mut bytes = [0; CHUNK_LEN];
    for (pair, element) in bytes.as_chunks_mut().0.iter_mut().zip(row) {
        *pair = element.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::gf16::multiplications_in;
    use super::*;

    fn encoder<const N: usize>() -> Encoder<N> {
        let mut data = Box::new([[0; CHUNK_LEN]; N]);
        for (k, byte) in data.as_flattened_mut().iter_mut().enumerate() {
            *byte = u8::try_from(k % 251).unwrap();
        }
        Encoder::new(ByteString::from_rows(data))
    }

    fn decode<const N: usize>(indices: impl Iterator<Item = u16>) -> Option<ByteString<N>> {
        let (encoder, mut decoder) = (encoder::<N>(), Decoder::new());
        for index in indices {
            decoder.add(encoder.chunk(index));
        }
        decoder.decode()
    }

    #[test]
    fn known_answers() {
        let encoder = encoder::<3>();
        assert_eq!(
            encoder.chunk(3).data,
            hex_literal::hex!("606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f")
        );
        assert_eq!(
            encoder.chunk(65_535).data,
            hex_literal::hex!("cde1cfe3c9e5cbe7c5e9c7ebc1edc3efddf1dff3d9f5dbf7d5f9d7fbd1fdd3ff")
        );
    }

    #[test]
    fn scenario_43_any_n_different_chunks_decode_and_fewer_never_do() {
        let data = encoder::<5>().data;
        for indices in [[0, 1, 2, 3, 4], [4, 0, 3, 1, 2], [5, 6, 7, 8, 9], [65_535, 3, 700, 0, 65_534]] {
            assert_eq!(decode(indices.into_iter()).as_ref(), Some(&data), "{indices:?}");
            assert_eq!(decode::<5>(indices.into_iter().take(4)), None);
            assert_eq!(decode::<5>(indices.into_iter().take(4).chain([indices[3]; 5])), None);
        }
    }

    #[test]
    fn scenario_44_interpolating_the_interpolated_gives_the_same_polynomial() {
        let first = encoder::<30>();
        let mut decoder = Decoder::<30>::new();
        (30..60).for_each(|index| decoder.add(first.chunk(index)));
        let second = Encoder::new(decoder.decode().unwrap());
        assert!((0..2_000).all(|index| first.chunk(index) == second.chunk(index)));
    }

    #[test]
    fn scenario_45_after_chunk_65535_comes_chunk_0() {
        let mut encoder = Encoder { next: 65_535, ..encoder::<3>() };
        assert_eq!(encoder.next_chunk().index, 65_535);
        assert_eq!(encoder.next_chunk(), encoder.chunk(0));
    }

    #[test]
    fn a_duplicate_replaces_and_does_not_count() {
        let encoder = encoder::<3>();
        let mut decoder = Decoder::<3>::new();
        decoder.add(Chunk { data: [0; CHUNK_LEN], ..encoder.chunk(7) });
        for index in [7, 7, 8] {
            decoder.add(encoder.chunk(index));
            assert_eq!(decoder.decode(), None);
        }
        decoder.add(encoder.chunk(0));
        assert_eq!(decoder.decode(), Some(encoder.data));
    }

    #[test]
    fn what_comes_when_all_are_there_is_dropped() {
        let (encoder, mut decoder) = (encoder::<3>(), Decoder::<3>::new());
        for index in [5, 1, 9, 2] {
            decoder.add(encoder.chunk(index));
        }
        assert_eq!(decoder.chunks().len(), 3);
        assert_eq!(decoder.decode(), Some(encoder.data.clone()));
        for index in [2, 9] {
            assert_eq!(
                decoder.decode_with(encoder.chunk(index)),
                None,
                "{index} is not the last one that it takes"
            );
        }
    }

    /// Each of the 36 rows is a sum of 36 products of 16 elements, 20,736 in all; its coefficients take four
    /// multiplications each, 5,184; the weights take 36·36 and one batched inversion.
    #[test]
    fn a_full_parity_decode_stays_under_30_000_multiplications() {
        let (encoder, mut decoder) = (encoder::<36>(), Decoder::<36>::new());
        (1_000..1_036).for_each(|index| decoder.add(encoder.chunk(index)));
        let (count, data) = multiplications_in(|| decoder.decode());
        assert_eq!(data, Some(encoder.data));
        assert!((20_736..28_000).contains(&count), "{count}");
    }

    #[test]
    fn data_chunks_cost_no_multiplication() {
        let encoder = encoder::<36>();
        let (count, data) = multiplications_in(|| {
            let mut decoder = Decoder::<36>::new();
            (0..36).rev().for_each(|index| decoder.add(encoder.chunk(index)));
            decoder.decode()
        });
        assert_eq!((count, data), (0, Some(encoder.data)));
    }
}
