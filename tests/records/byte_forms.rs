// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is handed over in bytes: keys and writes of a store, bundles, uploads, sealed texts.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Limits, Upload};
use subrosa::group::{DistributionId, Format};
use subrosa::keys::PublicKey;
use subrosa::prekey::{KemPreKeyId, KemPreKeyUse, OneTimePreKeyId, SignedPreKeyId};
use subrosa::store::{Key, Memory, RecordKind, StaleStage, Write, Writes};
use subrosa::{Account, Address, PreKeyBundle, Record, RecordError, RecordKey, Timestamp};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// An account of 3 + 3 one-time prekeys, its store, and its first upload.
fn account() -> (Memory, Upload) {
    let (mut rng, mut store) = (rng(), Memory::new());
    let limits = Limits { batch: 3, low: 1, ..Limits::default() };
    let staged = Account::generate(Address::new("bob", 7), limits, &mut rng).unwrap();
    let mut account = staged.commit_with(|writes| store.apply(writes)).unwrap();
    let staged = account.maintain(Counts::default(), Timestamp::from_secs(1_700_000_000), &mut rng).unwrap();
    let upload = staged.commit_with(|writes| store.apply(writes)).unwrap();
    (store, upload)
}

#[test]
fn known_keys() {
    let uuid = Address::new("A1B2C3D4-0001-4002-8003-00000000000A", 258);
    let name = "a1b2c3d4-0001-4002-8003-00000000000a";
    let used = KemPreKeyUse {
        kem: KemPreKeyId(1),
        signed: SignedPreKeyId(2),
        base_key: PublicKey::from_bytes([9; 32]),
    };
    let session = [&[6, 0, 0, 0, 36][..], name.as_bytes(), &[0, 0, 1, 2]].concat();
    let format = [&[1][..], &[0xD1; 16]].concat();
    let id = DistributionId::from_bytes([0xD1; 16]);
    let known = [
        (Key::Account, vec![9]),
        (Key::OneTimePreKey(OneTimePreKeyId(0x0102_0304)), vec![2, 1, 2, 3, 4]),
        (Key::SignedPreKey(SignedPreKeyId(5)), vec![3, 0, 0, 0, 5]),
        (Key::OneTimeKemPreKey(KemPreKeyId(6)), vec![4, 0, 0, 0, 6]),
        (Key::LastResortKemPreKey(KemPreKeyId(7)), vec![5, 0, 0, 0, 7]),
        (Key::LastResortUses(KemPreKeyId(7)), vec![10, 0, 0, 0, 7]),
        (Key::KemPreKeyUse(used), [&[14, 0, 0, 0, 1, 0, 0, 0, 2][..], &[9; 32]].concat()),
        (Key::Identity(uuid.name().clone()), [&[13][..], name.as_bytes()].concat()),
        (Key::Session(uuid.clone()), session.clone()),
        (Key::RepairLog(uuid.clone()), [&[11][..], &session[1..]].concat()),
        (Key::SenderKey(Format::WithoutId), vec![7, 0]),
        (Key::SenderKey(id.into()), [&[7][..], &format].concat()),
        (Key::ReceiverKeys(uuid, id.into()), [&[8][..], &session[1..], &format].concat()),
    ];
    for (key, bytes) in known {
        assert_eq!(key.to_bytes(), bytes, "{key:?}");
        assert!(bytes[0] < 128, "the rest is free for others");
        assert_eq!(Key::from_bytes(&bytes), Ok(key));
        for len in 0..bytes.len() {
            let shorter = Key::from_bytes(&bytes[..len]);
            assert!(shorter.is_err() || bytes[0] == 13, "{shorter:?}");
        }
    }
    // A name is written as it is compared, so that no account has two keys.
    let capitals = [&[13][..], name.to_uppercase().as_bytes()].concat();
    assert_eq!(Key::from_bytes(&capitals), Err(RecordError::Damaged));
    for kind in [RecordKind::IdentityKeyPair, RecordKind::PreKeyBundle, RecordKind::Upload] {
        assert_eq!(Key::from_bytes(&[kind.to_u8()]), Err(RecordError::WrongKind));
    }
}

fn any_address() -> impl Strategy<Value = Address> {
    ("[a-zA-Z0-9 ä.]{0,20}", any::<u32>()).prop_map(|(name, device)| Address::new(name, device))
}

fn any_key() -> impl Strategy<Value = Key> {
    let format = any::<Option<[u8; 16]>>()
        .prop_map(|id| id.map_or(Format::WithoutId, |id| DistributionId::from_bytes(id).into()));
    let id = any::<u32>();
    prop_oneof![
        Just(Key::Account),
        id.prop_map(|id| Key::OneTimePreKey(OneTimePreKeyId(id))),
        id.prop_map(|id| Key::LastResortUses(KemPreKeyId(id))),
        any_address().prop_map(|address| Key::Identity(address.name().clone())),
        any_address().prop_map(Key::Session),
        any_address().prop_map(Key::RepairLog),
        format.clone().prop_map(Key::SenderKey),
        (any_address(), format).prop_map(|(address, format)| Key::ReceiverKeys(address, format)),
    ]
}

fn any_write() -> impl Strategy<Value = Write> {
    let record = (any_key(), proptest::collection::vec(any::<u8>(), 0..40), any::<Option<u64>>());
    let put = record.prop_map(|(key, content, generation)| {
        let bytes = [&[b's', b'r', key.kind().to_u8(), 1][..], &content].concat();
        Write::Put { record: Record::parse(key.kind(), &bytes).unwrap(), key, generation }
    });
    prop_oneof![3 => put, 1 => any_key().prop_map(|key| Write::Delete { key })]
}

proptest! {
    #[test]
    fn keys_round_trip_and_differ(one in any_key(), other in any_key()) {
        prop_assert_eq!(&Key::from_bytes(&one.to_bytes()).unwrap(), &one);
        prop_assert_eq!(one == other, one.to_bytes() == other.to_bytes());
    }

    #[test]
    fn writes_round_trip(list in proptest::collection::vec(any_write(), 0..6)) {
        let shown: Vec<String> = list.iter().map(|write| format!("{write:?}")).collect();
        let mut writes = Writes::default();
        writes.extend(list);
        let bytes = writes.to_bytes();
        let read = Writes::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.iter().map(|write| format!("{write:?}")).collect::<Vec<_>>(), shown);
        prop_assert_eq!(read.to_bytes(), bytes.clone());
        for len in 0..bytes.len() {
            prop_assert!(Writes::from_bytes(&bytes[..len]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(Writes::from_bytes(&longer).map(drop), Err(RecordError::Damaged));
    }
}

#[test]
fn bundles_and_uploads_round_trip() {
    let (_, mut upload) = account();
    let bytes = upload.to_bytes();
    assert_eq!(
        bytes[..12],
        *b"sr\x10\x01"
            .iter()
            .chain(&upload.registration_id.to_le_bytes())
            .chain(&[7, 0, 0, 0])
            .copied()
            .collect::<Vec<u8>>()
    );
    assert_eq!(Upload::from_bytes(&bytes).as_ref(), Ok(&upload));
    let full = upload.next_bundle().unwrap();
    let [mut bare, mut classic] = [full.clone(), full.clone()];
    bare.one_time_pre_key = None;
    classic.kem_pre_key = None;
    for bundle in [full, bare, classic] {
        let bytes = bundle.to_bytes();
        assert_eq!(
            (&bytes[..4], &bytes[12..44]),
            (&b"sr\x0f\x01"[..], &bundle.identity_key.public_key().as_bytes()[..])
        );
        assert_eq!(PreKeyBundle::from_bytes(&bytes), Ok(bundle));
        for len in 0..bytes.len() {
            assert!(PreKeyBundle::from_bytes(&bytes[..len]).is_err(), "cut to {len}");
        }
        assert_eq!(PreKeyBundle::from_bytes(&[&bytes[..], &[0]].concat()), Err(RecordError::Damaged));
    }
    for len in 0..bytes.len() {
        assert!(Upload::from_bytes(&bytes[..len]).is_err(), "cut to {len}");
    }
    // Emptied by the service it is another upload, of no bundle.
    upload.signed_pre_key = None;
    assert_eq!(Upload::from_bytes(&upload.to_bytes()), Ok(upload));
}

#[test]
fn memory_equals_its_rows() {
    let (store, _) = account();
    let rows = |store: &Memory| -> Vec<(Key, Vec<u8>)> {
        store.keys().map(|key| (key.clone(), store.get(key).unwrap().as_bytes().to_vec())).collect()
    };
    let read = store.keys().map(|key| Write::Put {
        key: key.clone(),
        record: Record::parse(key.kind(), store.get(key).unwrap().as_bytes()).unwrap(),
        generation: (*key == Key::Account).then_some(1),
    });
    let mut again: Memory = read.collect();
    assert_eq!(rows(&again), rows(&store));
    // Its generations are checked from then on.
    let mut account = again.account(&Address::new("bob", 7), Limits::default()).unwrap().unwrap();
    let next = account.advance().unwrap().writes();
    let stale = account.advance().unwrap().writes();
    assert_eq!(again.apply(next), Ok(()));
    assert_eq!(again.apply(stale), Err(StaleStage));
}

#[test]
fn sealed_bytes_do_not_open_as_a_record() {
    let (key, mut rng) = (RecordKey::generate(&mut rng()), rng());
    let sealed = key.seal_bytes(b"a text", b"row 7", &mut rng).unwrap();
    assert_eq!(**key.open_bytes(b"row 7", &sealed).unwrap(), *b"a text");
    assert_eq!(key.open_bytes(b"row 8", &sealed), Err(RecordError::NotAuthentic));
    let record = Record::parse(RecordKind::Session, b"sr\x06\x01").unwrap();
    let of_record = key.seal(&record, b"row 7", &mut rng).unwrap();
    assert_eq!(key.open_bytes(b"row 7", &of_record), Err(RecordError::NotAuthentic));
    assert_eq!(key.open(RecordKind::Session, b"row 7", &sealed).map(drop), Err(RecordError::NotAuthentic));
}
