// SPDX-License-Identifier: MIT OR Apache-2.0

//! Incremental MACs. The known answers are the deployed protocol's.

use std::io::{self, BufWriter, ErrorKind, Read, Write};

use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::attachment::{
    AttachmentError, ChunkSize, IncrementalMac, IncrementalMacBuilder, IncrementalMacReader,
    IncrementalMacVerifier, IncrementalMacWriter,
};
use subrosa::hazmat::crypto::kdf::MacKey;

const KEY: [u8; 32] = [0x61; 32];

fn size(bytes: u32) -> ChunkSize {
    ChunkSize::new(bytes).unwrap()
}

/// The bytes 0, 1, …
fn counting(len: u8) -> Vec<u8> {
    (0..len).collect()
}

fn digest(data: &[u8], chunk_size: u32) -> IncrementalMac {
    let mut builder = IncrementalMacBuilder::new(&KEY, size(chunk_size));
    builder.update(data);
    builder.finish()
}

fn hmac(data: &[u8]) -> [u8; 32] {
    MacKey::new(&KEY).tag(&[data])
}

/// What validating gives: the count of each update, and that of the end.
fn validate(expected: &IncrementalMac, pieces: &[&[u8]]) -> Result<(Vec<u64>, u32), AttachmentError> {
    let mut verifier = IncrementalMacVerifier::new(&KEY, expected.clone());
    let counts = pieces.iter().map(|piece| verifier.update(piece)).collect::<Result<_, _>>()?;
    Ok((counts, verifier.finish()?))
}

/// A list with its MACs changed.
fn changed(list: &IncrementalMac, change: impl FnOnce(&mut Vec<[u8; 32]>)) -> IncrementalMac {
    let mut macs = list.as_bytes().as_chunks().0.to_vec();
    change(&mut macs);
    IncrementalMac::from_bytes(list.chunk_size(), macs.as_flattened()).unwrap()
}

#[test]
fn known_answer() {
    let list = digest(&counting(100), 32);
    let macs = [
        hex!("9ea26b149a8e300ac8ddbf69ca0b0d789aca31c84f2dc3481c0a65b6ce38b68d"),
        hex!("f30ee4d6827a7040ec42a1a25da53c6806ef1600d58a2c3669410b4b7421b08f"),
        hex!("fa23471f490710c6eee985ae5cacd8f061f6ec0222b73c7c133bf45b1d07131a"),
        hex!("76f78a77a54db8c4907417cc5eb0f038d7e0b10a33eb03855b9ca84c91e10c93"),
    ];
    assert_eq!(list.as_bytes(), macs.as_flattened());
    let of_nothing = hex!("a5c44c366680c9ae1d4986d2499755aac34c67ab95dd1214e4f3c2de516db03f");
    assert_eq!(digest(&[], 32).as_bytes(), of_nothing);
}

/// RFC 4231, test cases 1, 2, 6 and 7: keys of 20, 4 and 131 bytes.
#[test]
fn mac_key_may_have_any_length() {
    let long = [0xAA; 131];
    let cases: [(&[u8], &[u8], [u8; 32]); 4] = [
        (&[0x0B; 20], b"Hi There", hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")),
        (b"Jefe", b"what do ya want for nothing?", hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")),
        (&long, b"Test Using Larger Than Block-Size Key - Hash Key First", hex!("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")),
        (&long, b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.", hex!("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2")),
    ];
    for (key, data, mac) in cases {
        let mut builder = IncrementalMacBuilder::new(key, ChunkSize::SMALLEST);
        builder.update(data);
        assert_eq!(builder.finish().as_bytes(), mac);
    }
}

#[test]
fn last_mac_is_the_hmac_of_all_data_for_any_cut() {
    let data = counting(200);
    for cut in 1..=data.len() {
        let mut builder = IncrementalMacBuilder::new(&KEY, size(17));
        data.chunks(cut).for_each(|piece| builder.update(piece));
        let list = builder.finish();
        assert_eq!(list, digest(&data, 17));
        assert_eq!(list.as_bytes()[list.as_bytes().len() - 32..], hmac(&data));
    }
}

#[test]
fn list_holds_macs_of_growing_prefixes() {
    let data = counting(99);
    for chunk_size in [1, 2, 16, 31, 32, 33, 98, 99, 100, 1_000] {
        let wanted = usize::try_from(chunk_size).unwrap();
        let ends = (1..=data.len() / wanted).map(|chunk| chunk * wanted).chain([data.len()]);
        let macs: Vec<[u8; 32]> = ends.map(|end| hmac(&data[..end])).collect();
        assert_eq!(digest(&data, chunk_size).as_bytes(), macs.as_flattened());
    }
}

#[test]
fn right_list_is_accepted_and_wrong_ones_refused() {
    use AttachmentError::{DataTooLong, DataTooShort, Mismatch};
    let data = counting(100);
    let list = digest(&data, 32);
    assert_eq!(validate(&list, &[&data]), Ok((vec![96], 4)));
    for number in 0..4 {
        for (byte, bit) in [(0, 1), (31, 0x80)] {
            let wrong = changed(&list, |macs| macs[number][byte] ^= bit);
            assert_eq!(validate(&wrong, &[&data]), Err(Mismatch));
        }
    }
    assert_eq!(validate(&changed(&list, |macs| macs.truncate(3)), &[&data]), Err(DataTooLong));
    assert_eq!(validate(&changed(&list, |macs| *macs = macs.split_off(1)), &[&data]), Err(Mismatch));
    assert_eq!(validate(&changed(&list, |macs| macs.swap(0, 1)), &[&data]), Err(Mismatch));
    assert_eq!(validate(&changed(&list, |macs| macs.push(macs[3])), &[&data]), Err(DataTooShort));
    assert_eq!(validate(&changed(&list, Vec::clear), &[&data]), Err(DataTooLong));
    assert_eq!(validate(&changed(&list, Vec::clear), &[]), Err(DataTooLong));
    // A list of whole chunks only, and then of the last MAC in the place of a chunk's.
    assert_eq!(validate(&changed(&list, |macs| macs.truncate(3)), &[&data[..96]]), Err(DataTooLong));
    assert_eq!(validate(&digest(&data[..95], 96), &[&data[..96]]), Err(Mismatch));

    let mut verifier = IncrementalMacVerifier::new(&KEY, changed(&list, |macs| macs[1][0] ^= 1));
    assert_eq!(verifier.update(&data[..32]), Ok(32));
    assert_eq!(verifier.update(&data[32..96]), Err(Mismatch));
    assert_eq!(verifier.update(&data[96..]), Err(Mismatch), "once failed is failed for ever");
    assert_eq!(verifier.finish(), Err(Mismatch));
}

#[test]
fn wrong_data_is_refused() {
    use AttachmentError::{DataTooLong, DataTooShort, Mismatch};
    let data = counting(100);
    let list = digest(&data, 32);
    for at in 0..data.len() {
        let mut damaged = data.clone();
        damaged[at] ^= 1;
        assert_eq!(validate(&list, &[&damaged]), Err(Mismatch));
        let error = if at < 96 { DataTooShort } else { Mismatch };
        assert_eq!(validate(&list, &[&data[..at]]), Err(error));
    }
    let longer = |by: usize| [data.clone(), vec![0; by]].concat();
    assert_eq!(validate(&list, &[&longer(1)]), Err(Mismatch));
    assert_eq!(validate(&list, &[&longer(28)]), Err(Mismatch));
    let exact = digest(&data[..96], 32);
    assert_eq!(validate(&exact, &[&data[..96], &data[..32]]), Err(Mismatch));
    // The MAC that is left is the one of the end, which comes twice.
    let three = changed(&exact, |macs| macs.truncate(3));
    assert_eq!(validate(&three, &[&data]), Err(DataTooLong));
    let swapped = [&data[32..64], &data[..32], &data[64..]].concat();
    assert_eq!(validate(&list, &[&swapped]), Err(Mismatch));
    let mut other_key = IncrementalMacVerifier::new(&[0x62; 32], list);
    assert_eq!(other_key.update(&data), Err(Mismatch));
}

#[test]
fn counts_of_macs() {
    let data = counting(45);
    let list = digest(&data, 32);
    assert_eq!(validate(&list, &[&data[..15], &data[15..33], &data[33..]]), Ok((vec![0, 32, 0], 13)));
    let data = counting(128);
    let pieces: [&[u8]; 5] = [&data[..31], &data[31..32], &[], &data[32..97], &data[97..]];
    assert_eq!(validate(&digest(&data, 32), &pieces), Ok((vec![0, 32, 0, 64, 32], 0)));
}

#[test]
fn random_cuts() {
    let mut rng = ChaCha20Rng::seed_from_u64(82);
    for _ in 0..300 {
        let mut data = vec![0; rng.next_u32() as usize % 5_000];
        rng.fill_bytes(&mut data);
        let chunk_size = 1 + rng.next_u32() % 700;
        let mut cut = |data: &[u8]| {
            let mut lens = Vec::new();
            while lens.iter().sum::<usize>() < data.len() {
                let left = data.len() - lens.iter().sum::<usize>();
                lens.push((rng.next_u32() as usize % 900).min(left));
            }
            lens
        };
        let mut builder = IncrementalMacBuilder::new(&KEY, size(chunk_size));
        let mut rest = data.as_slice();
        for len in cut(&data) {
            builder.update(rest.split_off(..len).unwrap());
        }
        let list = builder.finish();
        let mut rest = data.as_slice();
        let pieces: Vec<&[u8]> = cut(&data).into_iter().map(|len| rest.split_off(..len).unwrap()).collect();
        let (counts, end) = validate(&list, &pieces).unwrap();
        assert_eq!(counts.iter().sum::<u64>() + u64::from(end), data.len() as u64);
        assert!(end < chunk_size);
    }
}

#[test]
fn bad_chunk_sizes_are_refused() {
    assert_eq!(ChunkSize::new(0), Err(AttachmentError::ZeroChunkSize));
    for len in [1, 31, 33, 63] {
        assert_eq!(
            IncrementalMac::from_bytes(size(1), &vec![0; len]),
            Err(AttachmentError::NotAnIncrementalMac)
        );
    }
    for len in [0, 32, 64] {
        let macs: Vec<u8> = counting(len);
        assert_eq!(IncrementalMac::from_bytes(size(1), &macs).unwrap().as_bytes(), macs);
    }
    // A reader would have to keep so much in memory.
    let large = IncrementalMac::from_bytes(size((2 << 20) + 1), &[]).unwrap();
    let refused = IncrementalMacReader::new(io::empty(), &KEY, large).map(drop);
    assert_eq!(refused, Err(AttachmentError::ChunkTooLarge((2 << 20) + 1)));
}

/// Gives as many bytes at a time as its lengths say, in turn.
struct Pieces<R>(R, Vec<usize>, usize);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.2 += 1;
        let len = self.1[self.2 % self.1.len()].min(out.len());
        self.0.read(&mut out[..len])
    }
}

/// What comes out of a validating reader, and the error that ends it.
fn read_all(source: impl Read, key: &[u8], list: &IncrementalMac) -> (Vec<u8>, Option<AttachmentError>) {
    let mut reader = IncrementalMacReader::new(source, key, list.clone()).unwrap();
    let (mut out, mut buffer) = (Vec::new(), [0; 7_001]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return (out, None),
            Ok(count) => out.extend_from_slice(&buffer[..count]),
            Err(error) => {
                let again = reader.read(&mut buffer).unwrap_err();
                assert_eq!((error.kind(), again.kind()), (ErrorKind::InvalidData, ErrorKind::InvalidData));
                return (out, error.get_ref().unwrap().downcast_ref().copied());
            }
        }
    }
}

#[test]
fn streams_of_10_mib() {
    use AttachmentError::Mismatch;
    let mut rng = ChaCha20Rng::seed_from_u64(85);
    let mut data = vec![0; 10 << 20];
    rng.fill_bytes(&mut data);
    let chunk_size = ChunkSize::for_len(data.len() as u64);
    let mut writer = IncrementalMacWriter::new(Vec::new(), &KEY, chunk_size);
    let mut source = Pieces(data.as_slice(), vec![1, 17, 1_023, 65_537, 4_099], 0);
    let mut buffer = vec![0; 70_000];
    loop {
        match source.read(&mut buffer).unwrap() {
            0 => break,
            count => writer.write_all(&buffer[..count]).unwrap(),
        }
    }
    writer.flush().unwrap();
    let (passed, list) = writer.finish();
    assert!(passed == data);
    assert_eq!(list.as_bytes().len(), 161 * 32);

    let pieces = || vec![3, 16_411, 29, 70_001, 1, 8_191];
    let (out, error) = read_all(Pieces(data.as_slice(), pieces(), 0), &KEY, &list);
    assert!(out == data && error.is_none());
    let (out, error) = read_all(Pieces(data.as_slice(), pieces(), 0), &[0x62; 32], &list);
    assert_eq!((out.len(), error), (0, Some(Mismatch)), "wrong key");
    let (out, error) =
        read_all(Pieces([&[0], data.as_slice()].concat().as_slice(), pieces(), 0), &KEY, &list);
    assert_eq!((out.len(), error), (0, Some(Mismatch)), "more at the front");
    let (out, error) =
        read_all(Pieces([&data, [0].as_slice()].concat().as_slice(), pieces(), 0), &KEY, &list);
    assert_eq!((out.len(), error), (10 << 20, Some(Mismatch)), "more at the end");
    let (out, error) = read_all(Pieces(&data[..data.len() - 1], pieces(), 0), &KEY, &list);
    assert!(data.starts_with(&out));
    assert_eq!((out.len(), error), ((10 << 20) - (64 << 10), Some(AttachmentError::DataTooShort)));
}

/// What was written is with the writer inside, and flushed there.
#[test]
fn flush_reaches_the_inner_writer() {
    let mut writer = IncrementalMacWriter::new(BufWriter::new(Vec::new()), &KEY, size(32));
    writer.write_all(&counting(100)).unwrap();
    writer.flush().unwrap();
    let (passed, list) = writer.finish();
    assert_eq!((passed.get_ref(), list), (&counting(100), digest(&counting(100), 32)));
}

/// What is shown of lists and of what works with them: numbers, and no key.
#[test]
fn debug_shows_counts() {
    let list = digest(&counting(100), 32);
    assert_eq!(format!("{list:?}"), "IncrementalMac(4 MACs, chunks of 32 bytes)");
    let mut verifier = IncrementalMacVerifier::new(&KEY, list.clone());
    verifier.update(&counting(64)).unwrap();
    let shown = format!("{verifier:?}");
    assert!(shown.contains("matched: 2") && shown.contains("failed: "), "{shown}");
    let writer = IncrementalMacWriter::new(io::sink(), &KEY, size(32));
    assert!(format!("{writer:?}").contains("IncrementalMacBuilder(0 MACs so far)"));
    let reader = IncrementalMacReader::new(io::empty(), &KEY, list).unwrap();
    assert!(format!("{reader:?}").contains("ended: false"));
}

#[test]
fn whole_chunks_repeat_the_last_mac() {
    let data = counting(96);
    let list = digest(&data, 32);
    let macs: &[[u8; 32]] = list.as_bytes().as_chunks().0;
    assert_eq!((macs.len(), macs[2]), (4, macs[3]));
    assert_eq!(validate(&list, &[&data]), Ok((vec![96], 0)));
    let once = changed(&list, |macs| macs.truncate(3));
    assert_eq!(validate(&once, &[&data]), Err(AttachmentError::DataTooLong));
}
