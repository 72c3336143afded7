// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own records: written and read again, damaged, sealed, moved.

use hex_literal::hex;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::record::{
    HEADER_LEN, Record, RecordError, RecordKey, RecordKind, RecordReader, RecordWriter, SEALED_OVERHEAD,
};

const KINDS: [RecordKind; 15] = RecordKind::ALL;

fn record(kind: RecordKind, content: &[u8]) -> Record {
    let mut writer = RecordWriter::new(kind, 1, content.len());
    writer.put_array(content);
    writer.finish()
}

fn open(kind: RecordKind, newest: u8, bytes: &[u8]) -> Result<u8, RecordError> {
    RecordReader::open(kind, newest, bytes).map(|(_, version)| version)
}

#[test]
fn known_record() {
    let mut writer = RecordWriter::new(RecordKind::Session, 3, 0);
    writer.put_u8(0x11);
    writer.put_u16(0x2221);
    writer.put_u32(0x3433_3231);
    writer.put_u64(0x4847_4645_4443_4241);
    writer.put_flag(true);
    writer.put_array(b"array");
    writer.put_bytes(b"bytes");
    writer.put_count(2);
    writer.put_array(b"abcd");
    let record = writer.finish();
    assert_eq!(record.kind(), RecordKind::Session);
    assert_eq!(record.as_ref(), record.as_bytes());
    assert_eq!(
        record.as_bytes(),
        hex!(
            "73720603 11 2122 31323334 4142434445464748 01 6172726179 05000000 6279746573 02000000 61626364"
        )
    );

    let (mut reader, version) = RecordReader::open(RecordKind::Session, 5, record.as_bytes()).unwrap();
    assert_eq!(version, 3);
    assert_eq!(reader.u8(), Ok(0x11));
    assert_eq!(reader.u16(), Ok(0x2221));
    assert_eq!(reader.u32(), Ok(0x3433_3231));
    assert_eq!(reader.u64(), Ok(0x4847_4645_4443_4241));
    assert_eq!(reader.flag(), Ok(true));
    assert_eq!(reader.array(), Ok(*b"array"));
    assert_eq!(reader.bytes(), Ok(&b"bytes"[..]));
    assert_eq!(reader.count(2), Ok(2));
    assert_eq!(reader.secret::<4>().unwrap().as_bytes(), b"abcd");
    assert_eq!(reader.u8(), Err(RecordError::Damaged));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn kinds_keep_their_numbers_and_never_read_as_each_other() {
    // 12 was in use before the first release.
    for (number, kind) in (1..).filter(|number| *number != 12).zip(KINDS) {
        assert_eq!((kind.to_u8(), RecordKind::from_u8(number)), (number, Some(kind)));
        let record = record(kind, b"");
        assert_eq!(record.as_bytes(), [b's', b'r', number, 1]);
        for other in KINDS {
            let expected = if other == kind { Ok(1) } else { Err(RecordError::WrongKind) };
            assert_eq!(open(other, 1, record.as_bytes()), expected);
        }
    }
}

#[test]
fn header_is_checked_from_left_to_right() {
    let kind = RecordKind::Session;
    for bytes in [&b""[..], b"s", b"sr", b"sr\x06", b"SR\x06\x01", b"sq\x06\x01", b"xr\x09\x09", b"\0\0\0\0"]
    {
        assert_eq!(open(kind, 1, bytes), Err(RecordError::NotARecord), "{bytes:?}");
    }
    assert_eq!(open(kind, 1, b"sr\x05\x09"), Err(RecordError::WrongKind));
    assert_eq!(open(kind, 1, b"sr\x07\x01"), Err(RecordError::WrongKind));
    assert_eq!(open(kind, 1, b"sr\x06\x02"), Err(RecordError::NewerVersion(2)));
    assert_eq!(open(kind, 1, b"sr\x06\xff"), Err(RecordError::NewerVersion(255)));
    assert_eq!(open(kind, 2, b"sr\x06\x02"), Ok(2));
    assert_eq!(open(kind, 1, b"sr\x06\x00"), Err(RecordError::Damaged));
}

fn reader(content: &[u8]) -> (Record, RecordKind) {
    (record(RecordKind::Session, content), RecordKind::Session)
}

#[test]
fn lengths_and_counts_beyond_the_end_are_damage() {
    for (content, smallest, count) in [
        (&hex!("02000000 0000")[..], 1, Ok(2)),
        (&hex!("02000000 0000"), 2, Err(RecordError::Damaged)),
        (&hex!("02000000 0000"), 0, Ok(2)),
        (&hex!("03000000 0000"), 0, Err(RecordError::Damaged)),
        (&hex!("ffffffff 0000"), 1, Err(RecordError::Damaged)),
        (&hex!("02000000 0000"), usize::MAX, Err(RecordError::Damaged)),
        (&hex!("00000000"), usize::MAX, Ok(0)),
        (&hex!("000000"), 1, Err(RecordError::Damaged)),
    ] {
        let (record, kind) = reader(content);
        let (mut reader, _) = RecordReader::open(kind, 1, record.as_bytes()).unwrap();
        assert_eq!(reader.count(smallest), count);
    }
    for content in [&hex!("02000000 00")[..], &hex!("ffffffff 00"), &hex!("0000")] {
        let (record, kind) = reader(content);
        let (mut reader, _) = RecordReader::open(kind, 1, record.as_bytes()).unwrap();
        assert_eq!(reader.bytes(), Err(RecordError::Damaged));
    }
}

#[test]
fn flags_are_0_or_1_and_nothing_may_follow() {
    for byte in 0..=u8::MAX {
        let (record, kind) = reader(&[byte]);
        let (mut reader, _) = RecordReader::open(kind, 1, record.as_bytes()).unwrap();
        let expected = if byte < 2 { Ok(byte == 1) } else { Err(RecordError::Damaged) };
        assert_eq!(reader.flag(), expected);
    }
    let (record, kind) = reader(b"x");
    let (reader, _) = RecordReader::open(kind, 1, record.as_bytes()).unwrap();
    assert_eq!(reader.finish(), Err(RecordError::Damaged));
}

#[test]
fn debug_shows_no_content() {
    let record = record(RecordKind::Session, b"secret");
    let (reader, _) = RecordReader::open(RecordKind::Session, 1, record.as_bytes()).unwrap();
    let shown = format!("{record:?} {reader:?} {:?}", RecordKey::from_bytes(&[7; 32]));
    assert_eq!(shown, "Record(Session, 10 bytes) RecordReader(6 bytes left) RecordKey(Secret<32>(..))");
}

/// A sealed record made with another library (Python's `cryptography` 48) from the description in
/// `docs/records.md`: key 00..1f, salt 80..9f, owner `alice.1`.
const SEALED: &[u8] = &hex!(
    "01808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fe01052a4d81084377d364316b8"
    "f407caaed145bdb786eeb64c8bd5"
);

#[test]
fn known_sealed_record() {
    let key = RecordKey::from_bytes(&core::array::from_fn(|i| u8::try_from(i).unwrap()));
    let opened = key.open(RecordKind::Session, b"alice.1", SEALED).unwrap();
    assert_eq!(opened.as_bytes(), [&b"sr\x06\x01"[..], b"content"].concat());
    assert_eq!(opened.kind(), RecordKind::Session);
}

/// A machine that was cloned draws the same again. What it seals then is sealed apart, unless it is the same.
#[test]
fn a_repeated_generator_seals_what_is_different_apart() {
    let key = RecordKey::from_bytes(&[7; 32]);
    let seal = |bytes: &[u8], owner: &[u8]| {
        key.seal_bytes(bytes, owner, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
    };
    let [one, other] = [&[0x11; 64][..], &[0x22; 64]].map(|bytes| seal(bytes, b"row"));
    let salt = |sealed: &[u8]| sealed[1..33].to_vec();
    assert_ne!(salt(&one), salt(&other));
    assert_ne!(salt(&one), salt(&seal(&[0x11; 64], b"another row")));
    let xor: Vec<u8> = one[33..97].iter().zip(&other[33..97]).map(|(a, b)| a ^ b).collect();
    assert_ne!(xor, [0x33; 64], "not the difference of what was sealed");
    assert_eq!(one, seal(&[0x11; 64], b"row"), "the same again shows no more than that");
}

#[test]
fn sealing_differs_each_time_and_always_opens() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = RecordKey::generate(&mut rng);
    let record = record(RecordKind::IdentityKeyPair, b"content");
    let first = key.seal(&record, b"me", &mut rng).unwrap();
    let second = key.seal(&record, b"me", &mut rng).unwrap();
    assert_eq!(first.len(), record.as_bytes().len() + SEALED_OVERHEAD);
    assert_eq!((first[0], second[0]), (1, 1));
    // Salt, ciphertext and tag: nowhere 4 bytes alike.
    assert!(first[1..].windows(4).zip(second[1..].windows(4)).all(|(a, b)| a != b));
    for sealed in [first, second] {
        let opened = key.open(record.kind(), b"me", &sealed).unwrap();
        assert_eq!(opened.as_bytes(), record.as_bytes());
    }
    let other = RecordKey::generate(&mut rng);
    let sealed = key.seal(&record, b"me", &mut rng).unwrap();
    assert_eq!(other.open(record.kind(), b"me", &sealed).unwrap_err(), RecordError::NotAuthentic);
    assert_eq!(
        RecordKey::from_bytes(key.as_bytes()).open(record.kind(), b"me", &sealed).unwrap().kind(),
        record.kind()
    );
}

#[test]
fn sealed_record_of_another_version_or_empty_is_refused() {
    let key = RecordKey::from_bytes(&[7; 32]);
    let open = |sealed: &[u8]| key.open(RecordKind::Session, b"", sealed).unwrap_err();
    assert_eq!(open(b""), RecordError::NotARecord);
    assert_eq!(open(&[0; 100]), RecordError::NotARecord);
    assert_eq!(open(&[2; 100]), RecordError::NewerVersion(2));
    assert_eq!(open(&[1; 100]), RecordError::NotAuthentic);
    assert_eq!(open(&[1; SEALED_OVERHEAD - 1]), RecordError::NotAuthentic);
    assert_eq!(open(record(RecordKind::Session, b"not sealed").as_bytes()), RecordError::NewerVersion(b's'));
}

/// Something written to a record.
#[derive(Clone, Debug)]
enum Item {
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    Flag(bool),
    Array([u8; 7]),
    Bytes(Vec<u8>),
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::U8(_) | Self::Flag(_) => 1,
            Self::U16(_) => 2,
            Self::U32(_) => 4,
            Self::U64(_) => 8,
            Self::Array(array) => array.len(),
            Self::Bytes(bytes) => 4 + bytes.len(),
        }
    }

    fn put(&self, writer: &mut RecordWriter) {
        match self {
            Self::U8(value) => writer.put_u8(*value),
            Self::U16(value) => writer.put_u16(*value),
            Self::U32(value) => writer.put_u32(*value),
            Self::U64(value) => writer.put_u64(*value),
            Self::Flag(value) => writer.put_flag(*value),
            Self::Array(array) => writer.put_array(array),
            Self::Bytes(bytes) => writer.put_bytes(bytes),
        }
    }

    /// Reads an item of this type, and says whether it is this one.
    fn is_next(&self, reader: &mut RecordReader<'_>) -> Result<bool, RecordError> {
        Ok(match self {
            Self::U8(value) => reader.u8()? == *value,
            Self::U16(value) => reader.u16()? == *value,
            Self::U32(value) => reader.u32()? == *value,
            Self::U64(value) => reader.u64()? == *value,
            Self::Flag(value) => reader.flag()? == *value,
            Self::Array(array) => reader.secret()?.as_bytes() == array,
            Self::Bytes(bytes) => reader.bytes()? == bytes,
        })
    }
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        any::<u8>().prop_map(Item::U8),
        any::<u16>().prop_map(Item::U16),
        any::<u32>().prop_map(Item::U32),
        any::<u64>().prop_map(Item::U64),
        any::<bool>().prop_map(Item::Flag),
        any::<[u8; 7]>().prop_map(Item::Array),
        proptest::collection::vec(any::<u8>(), 0..100).prop_map(Item::Bytes),
    ]
}

fn any_kind() -> impl Strategy<Value = RecordKind> {
    prop::sample::select(KINDS.to_vec())
}

proptest! {
    #[test]
    fn round_trip(
        kind in any_kind(),
        version in 1..=u8::MAX,
        items in proptest::collection::vec(item(), 0..20),
        exact in any::<bool>(),
    ) {
        let len: usize = items.iter().map(Item::len).sum();
        let mut writer = RecordWriter::new(kind, version, if exact { len } else { 0 });
        for item in &items {
            item.put(&mut writer);
        }
        let record = writer.finish();
        prop_assert_eq!(record.as_bytes().len(), HEADER_LEN + len);

        let (mut reader, read) = RecordReader::open(kind, version, record.as_bytes()).unwrap();
        prop_assert_eq!(read, version);
        for item in &items {
            prop_assert_eq!(item.is_next(&mut reader), Ok(true));
        }
        prop_assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn cut_short_is_damage(items in proptest::collection::vec(item(), 1..20), cut in any::<prop::sample::Index>()) {
        let mut writer = RecordWriter::new(RecordKind::Session, 1, 0);
        for item in &items {
            item.put(&mut writer);
        }
        let record = writer.finish();
        let bytes = &record.as_bytes()[..HEADER_LEN + cut.index(record.as_bytes().len() - HEADER_LEN)];
        let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, bytes).unwrap();
        let read = items.iter().try_for_each(|item| item.is_next(&mut reader).map(|_| ()));
        prop_assert_eq!(read, Err(RecordError::Damaged));
    }

    #[test]
    fn sealed_round_trip(
        kind in any_kind(),
        content in proptest::collection::vec(any::<u8>(), 0..300),
        owner in proptest::collection::vec(any::<u8>(), 0..40),
        (key, seed) in any::<([u8; 32], u64)>(),
    ) {
        let key = RecordKey::from_bytes(&key);
        let record = record(kind, &content);
        let sealed = key.seal(&record, &owner, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        prop_assert_eq!(sealed.len(), sealed.capacity());
        let opened = key.open(kind, &owner, &sealed).unwrap();
        prop_assert_eq!(opened.as_bytes(), record.as_bytes());
        prop_assert_eq!(opened.kind(), kind);
        for other in KINDS {
            prop_assert_eq!(key.open(other, &owner, &sealed).is_ok(), other == kind);
        }
    }

    #[test]
    fn sealed_record_opens_for_its_owner_only(
        owner in proptest::collection::vec(any::<u8>(), 0..8),
        other in proptest::collection::vec(any::<u8>(), 0..8),
        seed in any::<u64>(),
    ) {
        let key = RecordKey::from_bytes(&[7; 32]);
        let sealed =
            key.seal(&record(RecordKind::Session, b"x"), &owner, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        prop_assert_eq!(key.open(RecordKind::Session, &other, &sealed).is_ok(), owner == other);
        let longer = [&owner[..], &[0]].concat();
        prop_assert_eq!(key.open(RecordKind::Session, &longer, &sealed).unwrap_err(), RecordError::NotAuthentic);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_sealed_record_is_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let key = RecordKey::generate(&mut rng);
    let record = record(RecordKind::SignedPreKey, &[0x5A; 40]);
    let sealed = key.seal(&record, b"bob.2", &mut rng).unwrap();
    let open = |sealed: &[u8]| key.open(RecordKind::SignedPreKey, b"bob.2", sealed);
    assert!(open(&sealed).is_ok());
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = open(&changed).unwrap_err();
        match bit {
            0 => assert_eq!(error, RecordError::NotARecord),
            1..8 => assert_eq!(error, RecordError::NewerVersion(1 | 1 << bit)),
            _ => assert_eq!(error, RecordError::NotAuthentic, "bit {bit}"),
        }
    }
    for len in 0..sealed.len() {
        assert!(open(&sealed[..len]).is_err(), "cut to {len}");
        assert!(open(&sealed[sealed.len() - len..]).is_err(), "the last {len}");
    }
    assert_eq!(open(&[&sealed[..], &[0]].concat()).unwrap_err(), RecordError::NotAuthentic);
}
