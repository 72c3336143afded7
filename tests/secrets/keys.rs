// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys and records are wiped when they are dropped, and while they grow.

use std::collections::HashSet;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::block_api::compress256;
use subrosa::attachment::{ChunkSize, IncrementalMacBuilder};
use subrosa::hazmat::crypto::kdf::MacKey;
use subrosa::hazmat::record::{RecordReader, RecordWriter};
use subrosa::keys::{KemKeyPair, KemSecretKey, KemType, KeyPair, PrivateKey, Secret};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::store::{Key, RecordKind, Write, Writes};
use subrosa::{Address, IdentityKeyPair, RecordKey, Timestamp};

use super::heap::Watch;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Looks for the secret parts of an encoded KEM key: not for the public key that it holds.
pub fn watch_kem(watch: &Watch, key: &KemSecretKey) {
    let encoded = key.encode();
    watch.secret("KEM secret key", &encoded.as_bytes()[1..=1536]);
    watch.secret("KEM rejection secret", encoded.as_bytes().last_chunk::<32>().unwrap());
}

#[test]
fn the_observer_finds_what_is_not_wiped() {
    let watch = Watch::begin();
    let secret: [u8; 32] = *b"what nobody may know, ever, here";
    watch.secret("secret", &secret);
    // A plain vector.
    watch.over(|| drop(std::hint::black_box(secret.to_vec())));
    assert_eq!(watch.findings(), 1);
    // A vector that grows, which leaves its old block behind; and one that was wiped.
    watch.over(|| {
        let mut bytes = secret.to_vec();
        bytes.reserve_exact(1000);
        bytes.fill(0);
        drop(std::hint::black_box(bytes));
    });
    assert_eq!(watch.findings(), 1);
    // Not aligned, and cut short.
    watch.over(|| drop(std::hint::black_box([&[1], &secret[8..25]].concat())));
    assert_eq!(watch.findings(), 1);
    // Freed after the observation, and in use until then.
    let block = watch.over(|| std::hint::black_box(secret.to_vec()));
    let pieces = HashSet::from([*secret.first_chunk().unwrap()]);
    assert!(watch.is_live(&pieces));
    drop(block);
    assert!(!watch.is_live(&pieces));
    assert_eq!(watch.findings(), 1);
    // Elsewhere.
    drop(std::hint::black_box(secret.to_vec()));
    assert_eq!(watch.findings(), 0);
}

#[test]
fn keys_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    watch.over(|| {
        let identity = Box::new(IdentityKeyPair::generate(&mut rng));
        watch.secret("identity", identity.private().as_bytes());
        let private = Box::new(PrivateKey::generate(&mut rng));
        watch.secret("private key", private.as_bytes());
        let pair = Box::new(KeyPair::generate(&mut rng));
        watch.secret("key pair", pair.private().as_bytes());
        let secret = Box::new(Secret::<48>::random(&mut rng));
        watch.secret("secret", secret.as_bytes());
        let shared = Box::new(private.diffie_hellman(pair.public()).unwrap());
        watch.secret("shared secret", shared.as_bytes());
        let kem = Box::new(KemKeyPair::generate(KemType::Kyber1024, &mut rng));
        watch_kem(&watch, kem.secret());
        let again = Box::new(KemSecretKey::decode(kem.secret().encode().as_bytes()).unwrap());
        let (ciphertext, shared_kem) = kem.public().encapsulate(&mut rng);
        watch.secret("KEM shared secret", shared_kem.as_bytes());
        let shared_kem = Box::new(shared_kem);
        let decapsulated = Box::new(again.decapsulate(&ciphertext).unwrap());
        assert_eq!(decapsulated, shared_kem);
        drop(identity.sign(&[b"message"], &mut rng).to_vec());
        drop((identity, private, pair, secret, shared, kem, again, shared_kem, decapsulated));
    });
    watch.assert_nothing_freed();
}

#[test]
fn prekeys_and_their_records_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    watch.over(|| {
        let identity = Box::new(IdentityKeyPair::generate(&mut rng));
        watch.secret("identity", identity.private().as_bytes());
        let signed = Box::new(SignedPreKey::generate(SignedPreKeyId(1), &identity, NOW, &mut rng));
        watch.secret("signed prekey", signed.key_pair().private().as_bytes());
        let one_time = Box::new(OneTimePreKey::generate(OneTimePreKeyId(1), &mut rng));
        watch.secret("one-time prekey", one_time.key_pair().private().as_bytes());
        let kem = Box::new(OneTimeKemPreKey::generate(KemPreKeyId(1), &identity, NOW, &mut rng));
        watch_kem(&watch, kem.key_pair().secret());
        let last = Box::new(LastResortKemPreKey::generate(KemPreKeyId(2), &identity, NOW, &mut rng));
        watch_kem(&watch, last.key_pair().secret());

        let read = |record: &[u8]| Box::new(IdentityKeyPair::from_record(record).unwrap());
        drop(read(identity.record().as_bytes()));
        drop(Box::new(SignedPreKey::from_record(signed.record().as_bytes()).unwrap()));
        drop(Box::new(OneTimePreKey::from_record(one_time.record().as_bytes()).unwrap()));
        drop(Box::new(OneTimeKemPreKey::from_record(kem.record().as_bytes()).unwrap()));
        drop(Box::new(LastResortKemPreKey::from_record(last.record().as_bytes()).unwrap()));
        // Records that are cut short are read in part.
        let record = last.record();
        for len in [100, 2_000, 4_700, record.as_bytes().len() - 1] {
            assert!(LastResortKemPreKey::from_record(&record.as_bytes()[..len]).is_err());
        }
        drop((identity, signed, one_time, kem, last));
    });
    watch.assert_nothing_freed();
}

#[test]
fn writes_in_bytes_are_wiped_however_long_their_keys_are() {
    let watch = Watch::begin();
    let secret: Vec<u8> = (0..250_u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    watch.secret("content", &secret);
    watch.over(|| {
        let mut writes = Writes::default();
        for device in 1..4 {
            let mut content = RecordWriter::new(RecordKind::Session, 1, secret.len());
            content.put_array(&secret);
            let key = Key::Session(Address::new("x".repeat(2_000), device));
            writes.extend([Write::Put { key, record: content.finish(), generation: Some(1) }]);
        }
        let bytes = writes.to_bytes();
        drop(Writes::from_bytes(&bytes).unwrap());
        drop((bytes, writes));
    });
    watch.assert_nothing_freed();
}

#[test]
fn records_are_wiped_also_while_they_grow() {
    let watch = Watch::begin();
    let secret: Vec<u8> =
        (0..1000u32).flat_map(|at| (at.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    watch.secret("content", &secret);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    watch.over(|| {
        let mut writer = RecordWriter::new(RecordKind::Session, 1, 1);
        secret.chunks(7).for_each(|chunk| writer.put_bytes(chunk));
        writer.put_array(&secret);
        let record = writer.finish();
        let key = Box::new(RecordKey::generate(&mut rng));
        watch.secret("record key", key.as_bytes());
        let mut sealed = key.seal(&record, b"owner", &mut rng).unwrap();
        let opened = key.open(RecordKind::Session, b"owner", &sealed).unwrap();
        assert_eq!(opened.as_bytes(), record.as_bytes());
        let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, opened.as_bytes()).unwrap();
        drop(Box::new(reader.secret::<64>().unwrap()));
        sealed[100] ^= 1;
        assert!(key.open(RecordKind::Session, b"owner", &sealed).is_err());
        drop(RecordWriter::new(RecordKind::Session, 1, 1));
        drop((key, record, opened, sealed));
        let mut unfinished = RecordWriter::new(RecordKind::Session, 1, 1);
        unfinished.put_array(&secret);
        drop(unfinished);
    });
    watch.assert_nothing_freed();
}

/// SHA-256 after one more block, as it lies in memory.
fn after(mut state: [u32; 8], block: [u8; 64]) -> ([u32; 8], Vec<u8>) {
    compress256(&mut state, &[block]);
    (state, state.iter().flat_map(|word| word.to_ne_bytes()).collect())
}

#[test]
fn mac_keys_and_what_is_hashed_with_them_are_wiped() {
    const INITIAL: [u32; 8] = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let (key, mut data) = (*Secret::<32>::random(&mut rng).as_bytes(), [0; 100]);
    rng.fill_bytes(&mut data);
    let pad = |with: u8| std::array::from_fn(|at| with ^ key.get(at).unwrap_or(&0));
    let (state, inner) = after(INITIAL, pad(0x36));
    let (_, outer) = after(INITIAL, pad(0x5C));
    let (_, begun) = after(state, *data.first_chunk().unwrap());
    for (name, secret) in [("key", &key[..]), ("inner", &inner), ("outer", &outer), ("begun", &begun)] {
        watch.secret(name, secret);
    }
    watch.secret("data", &data);
    watch.over(|| {
        let mac = Box::new(MacKey::new(&key));
        assert_eq!(mac.mac(&[&data]), MacKey::of(&key).mac(&[&data[..50], &data[50..]]));
        drop(mac);
        for len in [0, 60, 100] {
            let mut builder = Box::new(IncrementalMacBuilder::new(&key, ChunkSize::new(1_000).unwrap()));
            builder.update(&data[..len]);
            drop(builder);
        }
    });
    watch.assert_nothing_freed();
    assert!(watch.freed() >= 4);
}
