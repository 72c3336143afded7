// SPDX-License-Identifier: MIT OR Apache-2.0

//! The erasure code beside a textbook's: the chunks are the same, and any that are enough, in any order, some
//! repeated and some wrong at first, decode to what was encoded; or, if some stay wrong, to what the textbook makes
//! of them.

#![no_main]

#[path = "../support/lagrange.rs"]
mod lagrange;

use arbitrary::{Arbitrary, Result, Unstructured};
use lagrange::chunk_at;
use libfuzzer_sys::fuzz_target;
use subrosa::hazmat::crypto::erasure::{ByteString, CHUNK_LEN, Chunk, Decoder, Encoder};

#[derive(Debug)]
struct Input {
    /// Which of the lengths that the braid has, in chunks: 3, 5, 30, 36.
    len: u8,
    seed: [u8; CHUNK_LEN],
    /// Where the encoder goes on.
    next: u16,
    steps: Vec<Step>,
}

/// What comes in.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// A chunk of the data, modulo their number.
    Data(u8),
    /// A chunk at any position.
    At(u16),
    /// The encoder's next one.
    Next,
    /// The encoder's next one does not come.
    Lost,
    /// One of those that came comes again.
    Again(u8),
    /// A chunk at any position that was damaged.
    Damaged { at: u16, byte: u8, bit: u8 },
    /// As many of the encoder's next ones as there are data.
    Run,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (len, seed, next) = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
        let mut steps = Vec::new();
        while !u.is_empty() && steps.len() < 100 {
            steps.push(u.arbitrary()?);
        }
        Ok(Self { len, seed, next, steps })
    }
}

fuzz_target!(|input: Input| match input.len % 4 {
    0 => check::<3>(&input),
    1 => check::<5>(&input),
    2 => check::<30>(&input),
    _ => check::<36>(&input),
});

/// Rows that differ in all elements, and are all zero if the seed is.
fn rows<const N: usize>(seed: &[u8; CHUNK_LEN]) -> Box<[[u8; CHUNK_LEN]; N]> {
    let mut rows = Box::new([*seed; N]);
    for (number, byte) in rows.as_flattened_mut().iter_mut().enumerate() {
        *byte = byte.wrapping_mul(2 * (number / CHUNK_LEN) as u8 + 1).rotate_left((number / 64) as u32);
    }
    rows
}

fn check<const N: usize>(input: &Input) {
    let rows = rows::<N>(&input.seed);
    let data: Vec<_> = (0..).zip(*rows).collect();
    let mut encoder = Encoder::<N>::resume(ByteString::from_rows(rows.clone()), input.next);
    let mut decoder = Decoder::<N>::new();
    // What should have come in: of each position the last, no new one once there are enough.
    let mut expected: Vec<(u16, [u8; CHUNK_LEN])> = Vec::new();
    for step in &input.steps {
        let came = match *step {
            Step::Data(at) => vec![encoder.chunk(u16::from(at) % N as u16)],
            Step::At(at) => vec![encoder.chunk(at)],
            Step::Next => vec![next(&mut encoder)],
            Step::Lost => {
                encoder.advance();
                vec![]
            }
            Step::Again(_) if expected.is_empty() => vec![],
            Step::Again(which) => vec![encoder.chunk(expected[usize::from(which) % expected.len()].0)],
            Step::Damaged { at, byte, bit } => {
                let mut chunk = encoder.chunk(at);
                chunk.data[usize::from(byte) % CHUNK_LEN] ^= 1 << (bit % 8);
                vec![chunk]
            }
            Step::Run => (0..N).map(|_| next(&mut encoder)).collect(),
        };
        for chunk in came {
            take(&mut decoder, &mut expected, chunk);
        }
    }
    let held: Vec<_> = decoder.chunks().iter().map(|chunk| (chunk.index, chunk.data)).collect();
    assert_eq!(held, expected);
    let decoded = decoder.decode();
    assert_eq!(decoded.is_some(), expected.len() == N);
    let Some(decoded) = decoded else { return };
    // Some by the textbook: all of them would take too long.
    for at in &input.seed[..4] {
        let position = usize::from(*at) % N;
        let row = chunk_at(position as u16, &expected);
        assert_eq!(decoded.rows()[position], row, "row {position} of {N}");
    }
    let sound = expected.iter().all(|(index, chunk)| encoder.chunk(*index).data == *chunk);
    assert_eq!(decoded.rows() == &*rows, sound);
    let (index, _) = expected[usize::from(input.seed[0]) % N];
    assert_eq!(encoder.chunk(index).data, chunk_at(index, &data), "chunk {index} of {N}");
}

/// The next chunk is the one at its position.
fn next<const N: usize>(encoder: &mut Encoder<N>) -> Chunk {
    let expected = encoder.chunk(encoder.next_index());
    let chunk = encoder.next_chunk();
    assert_eq!(chunk, expected);
    assert_eq!(encoder.next_index(), chunk.index.wrapping_add(1));
    chunk
}

fn take<const N: usize>(decoder: &mut Decoder<N>, expected: &mut Vec<(u16, [u8; CHUNK_LEN])>, chunk: Chunk) {
    let known = expected.iter().any(|(index, _)| *index == chunk.index);
    let early = decoder.decode_with(chunk);
    assert_eq!(early.is_some(), !known && expected.len() + 1 == N);
    decoder.add(chunk);
    if let Some(early) = early {
        assert_eq!(decoder.decode(), Some(early));
    }
    if let Some((_, data)) = expected.iter_mut().find(|(index, _)| *index == chunk.index) {
        *data = chunk.data;
    } else if expected.len() < N {
        expected.push((chunk.index, chunk.data));
    }
}
