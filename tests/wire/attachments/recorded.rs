// SPDX-License-Identifier: MIT OR Apache-2.0

//! Incremental MACs as the official client makes and judges them.

use serde::Deserialize;
use subrosa::attachment::{
    AttachmentError, ChunkSize, IncrementalMac, IncrementalMacBuilder, IncrementalMacVerifier,
};

const RECORDED: &str = include_str!("../../vectors/libsignal-0.103.0/incremental-macs.json");

#[derive(Deserialize)]
struct File {
    /// Lengths of data, and the chunk size for each.
    chunk_sizes: Vec<(u64, u32)>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    len: usize,
    chunk_size: u32,
    key: String,
    macs: String,
    trials: Vec<Trial>,
}

/// One change of the list or of the data, and whether they still fit.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Trial {
    macs_kept: Option<usize>,
    last_mac_again: bool,
    first_mac_dropped: bool,
    flipped_mac: Option<usize>,
    flipped_byte: Option<usize>,
    len: Option<usize>,
    valid: bool,
}

impl Trial {
    fn apply(&self, macs: &mut Vec<u8>, data: &mut Vec<u8>) {
        macs.truncate(self.macs_kept.map_or(macs.len(), |count| 32 * count));
        if self.last_mac_again {
            macs.extend_from_within(macs.len() - 32..);
        }
        if self.first_mac_dropped {
            macs.drain(..32);
        }
        if let Some(number) = self.flipped_mac {
            macs[32 * number] ^= 1;
        }
        if let Some(at) = self.flipped_byte {
            data[at] ^= 1;
        }
        *data = self.len.map_or_else(|| std::mem::take(data), recorded_data);
    }
}

/// What the recorder's data was.
fn recorded_data(len: usize) -> Vec<u8> {
    (0..len).map(|at| (31 * at + (at >> 8)) as u8).collect()
}

fn validate(key: &[u8], expected: IncrementalMac, data: &[u8]) -> Result<(), AttachmentError> {
    let mut verifier = IncrementalMacVerifier::new(key, expected);
    let mut validated = 0;
    for piece in data.chunks(997) {
        validated += verifier.update(piece)?;
    }
    validated += u64::from(verifier.finish()?);
    assert_eq!(validated, data.len() as u64);
    Ok(())
}

#[test]
fn recorded_incremental_macs() {
    let file: File = serde_json::from_str(RECORDED).unwrap();
    for (len, size) in file.chunk_sizes {
        assert_eq!(ChunkSize::for_len(len).get(), size, "{len} bytes");
    }
    let mut trials = 0;
    for Case { len, chunk_size, key, macs, trials: of_case } in file.cases {
        let name = format!("{len} bytes in chunks of {chunk_size}");
        let (data, size) = (recorded_data(len), ChunkSize::new(chunk_size).unwrap());
        let [key, recorded] = [key, macs].map(|text| hex::decode(text).unwrap());
        let mut builder = IncrementalMacBuilder::new(&key, size);
        data.chunks(997).for_each(|piece| builder.update(piece));
        assert_eq!(builder.finish().as_bytes(), recorded, "{name}");
        for trial in of_case {
            let (mut macs, mut data) = (recorded.clone(), data.clone());
            trial.apply(&mut macs, &mut data);
            let outcome = validate(&key, IncrementalMac::from_bytes(size, &macs).unwrap(), &data);
            assert_eq!(outcome.is_ok(), trial.valid, "{name}, {trial:?}: {outcome:?}");
            trials += 1;
        }
    }
    assert!(trials > 200);
}
