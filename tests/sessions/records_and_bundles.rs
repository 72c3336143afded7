// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekey records and bundles, and the records of sessions.
//!
//! Made impossible by the types, so without a test:
//!
//! * C3, a bundle with a one-time id but no key, or the reverse: `PreKeyBundle::one_time_pre_key` holds both
//!   or neither.
//! * C2, second half, a record that decodes but fails when its key is asked for: records are read whole.
//! * J1 to J4, undecodable keys inside a stored session: the same, a damaged session record is a `RecordError`
//!   and never "session not found"; `j_*` below shows it. Every 32 bytes are a curve key. In libsignal's own
//!   records, which can be read too, there are such keys; so `j1` to `j4` are shown with these.

use crate::device::{Device, Failure, KemOffer, Offer, START, TrustRule};
use crate::setting::open;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::crypto::kdf::Label;
use subrosa::hazmat::ratchet::chain::MessageKeySeed;
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::hazmat::wire::stored::StoredSessionRecord;
use subrosa::keys::Secret;
use subrosa::libsignal::LibsignalError;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::session::{Forgery, Policy};
use subrosa::store::RecordKind;
use subrosa::{
    Address, BundleError, DecryptError, DeviceId, EncryptError, IdentityKeyPair, MessageKind, PreKeyBundle,
    RecordError, Session, Timestamp, Trust,
};

/// A record of each kind of key.
fn key_records() -> [Vec<u8>; 5] {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let identity = IdentityKeyPair::generate(&mut rng);
    let kem = KemPreKeyId(3);
    [
        identity.record(),
        OneTimePreKey::generate(OneTimePreKeyId(u32::MAX), &mut rng).record(),
        SignedPreKey::generate(SignedPreKeyId(2), &identity, START, &mut rng).record(),
        OneTimeKemPreKey::generate(kem, &identity, START, &mut rng).record(),
        LastResortKemPreKey::generate(kem, &identity, START, &mut rng).record(),
    ]
    .map(|record| record.as_bytes().to_vec())
}

/// Reads `bytes` as each of the kinds of [`key_records`].
fn read_as(kind: usize, bytes: &[u8]) -> Result<Vec<u8>, RecordError> {
    let record = match kind {
        0 => IdentityKeyPair::from_record(bytes)?.record(),
        1 => OneTimePreKey::from_record(bytes)?.record(),
        2 => SignedPreKey::from_record(bytes)?.record(),
        3 => OneTimeKemPreKey::from_record(bytes)?.record(),
        _ => LastResortKemPreKey::from_record(bytes)?.record(),
    };
    Ok(record.as_bytes().to_vec())
}

#[test]
fn prekey_records_round_trip() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let identity = IdentityKeyPair::generate(&mut rng);
    let again = IdentityKeyPair::from_record(identity.record().as_bytes()).unwrap();
    assert_eq!(again.public(), identity.public());
    assert_eq!(again.private().as_bytes(), identity.private().as_bytes());

    for id in [0, 1, u32::MAX] {
        let key = OneTimePreKey::generate(OneTimePreKeyId(id), &mut rng);
        let again = OneTimePreKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!(again.id(), OneTimePreKeyId(id));
        assert_eq!(again.public(), key.public());
        assert_eq!(again.key_pair().private().as_bytes(), key.key_pair().private().as_bytes());

        let made = Timestamp::from_millis(u64::MAX - u64::from(id));
        let key = SignedPreKey::generate(SignedPreKeyId(id), &identity, made, &mut rng);
        let again = SignedPreKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!((again.id(), again.created()), (SignedPreKeyId(id), made));
        assert_eq!(again.public(), key.public());
        assert_eq!(again.key_pair().private().as_bytes(), key.key_pair().private().as_bytes());

        let key = OneTimeKemPreKey::generate(KemPreKeyId(id), &identity, made, &mut rng);
        let again = OneTimeKemPreKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!((again.id(), again.created(), again.public()), (key.id(), made, key.public()));
        let [secret, read] = [key.key_pair(), again.key_pair()].map(|pair| pair.secret().encode());
        assert_eq!(read.as_bytes(), secret.as_bytes());
        let key = LastResortKemPreKey::generate(KemPreKeyId(id), &identity, made, &mut rng);
        let again = LastResortKemPreKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!((again.id(), again.created(), again.public()), (key.id(), made, key.public()));
        let [secret, read] = [key.key_pair(), again.key_pair()].map(|pair| pair.secret().encode());
        assert_eq!(read.as_bytes(), secret.as_bytes());
    }
}

#[test]
fn damaged_records_fail() {
    for (kind, record) in key_records().iter().enumerate() {
        assert_eq!(read_as(kind, record).as_ref(), Ok(record));
        for garbage in [&b""[..], b"sr", b"garbage, not a record"] {
            assert_eq!(read_as(kind, garbage), Err(RecordError::NotARecord));
        }
        for len in 0..record.len() {
            let expected = if len < 4 { RecordError::NotARecord } else { RecordError::Damaged };
            assert_eq!(read_as(kind, &record[..len]), Err(expected), "cut to {len} bytes");
        }
        let longer = [record.as_slice(), &[0]].concat();
        assert_eq!(read_as(kind, &longer), Err(RecordError::Damaged));
        let mut newer = record.clone();
        newer[3] += 1;
        assert_eq!(read_as(kind, &newer), Err(RecordError::NewerVersion(record[3] + 1)));
        newer[3] = 0;
        assert_eq!(read_as(kind, &newer), Err(RecordError::Damaged));
        for other in (0..5).filter(|other| *other != kind) {
            assert_eq!(read_as(other, record), Err(RecordError::WrongKind));
        }
    }
}

#[test]
fn damaged_kem_key_types_fail() {
    for (kind, record) in key_records().iter().enumerate().skip(3) {
        let public_type = 4 + 4 + 8;
        for at in [public_type, public_type + 1569] {
            assert_eq!(record[at], 0x08);
            for byte in [0x00, 0x07, 0x0A] {
                let mut damaged = record.clone();
                damaged[at] = byte;
                assert_eq!(read_as(kind, &damaged), Err(RecordError::Damaged));
            }
        }
    }
}

#[test]
fn all_ids_zero() {
    let [mut alice, mut bob] = Device::pair(4);
    let bundle = bob.bundle(Offer { one_time: true, kem: KemOffer::LastResort });
    alice.initiate(&bob.address, bundle).unwrap();
    let letter = alice.tell(&mut bob, b"all zero");
    let message = letter.pre_key();
    assert_eq!(message.pre_key_id(), Some(OneTimePreKeyId(0)));
    assert_eq!(message.signed_pre_key_id(), SignedPreKeyId(0));
    assert_eq!(message.kyber().unwrap().pre_key_id, KemPreKeyId(0));
    assert_eq!(bob.store.count(RecordKind::OneTimePreKey), 0);
    bob.tell(&mut alice, b"indeed");
}

#[test]
fn without_one_time_prekey() {
    for kem in [KemOffer::OneTime, KemOffer::LastResort] {
        let [mut alice, mut bob] = Device::pair(5);
        bob.bundle(Offer::FULL);
        let bundle = bob.bundle(Offer { one_time: false, kem });
        assert_eq!(bundle.one_time_pre_key, None);
        alice.initiate(&bob.address, bundle).unwrap();
        let letter = alice.tell(&mut bob, b"none left");
        assert_eq!(letter.pre_key().pre_key_id(), None);
        assert_eq!(bob.store.count(RecordKind::OneTimePreKey), 1, "the one that was not used stays");
        bob.tell(&mut alice, b"works");
    }
}

#[test]
fn any_flipped_bit_of_the_signed_prekeys_signature() {
    let [mut alice, mut bob] = Device::pair(6);
    let bundle = bob.bundle(Offer::FULL);
    for bit in 0..512 {
        let mut flipped = bundle.clone();
        flipped.signed_pre_key.signature[bit / 8] ^= 1 << (bit % 8);
        let failure = alice.initiate(&bob.address, flipped).unwrap_err();
        assert_eq!(failure, Failure::Bundle(BundleError::SignedPreKeySignature), "bit {bit}");
    }
    assert!(alice.store.sessions.is_empty() && alice.store.identities.is_empty());
    alice.initiate(&bob.address, bundle).unwrap();
    alice.tell(&mut bob, b"untouched");
}

#[test]
fn any_flipped_bit_of_the_kem_prekeys_signature() {
    let [mut alice, mut bob] = Device::pair(7);
    let bundle = bob.bundle(Offer::FULL);
    for bit in 0..512 {
        let mut flipped = bundle.clone();
        flipped.kem_pre_key.as_mut().unwrap().signature[bit / 8] ^= 1 << (bit % 8);
        let failure = alice.initiate(&bob.address, flipped).unwrap_err();
        assert_eq!(failure, Failure::Bundle(BundleError::KemPreKeySignature), "bit {bit}");
    }
    assert!(alice.store.sessions.is_empty() && alice.store.identities.is_empty());
    alice.initiate(&bob.address, bundle).unwrap();
}

#[test]
fn another_identity_key_in_the_bundle() {
    let [mut alice, mut bob] = Device::pair(8);
    let mut bundle = bob.bundle(Offer::FULL);
    bundle.identity_key = *alice.identity.public();
    let failure = alice.initiate(&bob.address, bundle).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::SignedPreKeySignature));
    assert!(alice.store.sessions.is_empty() && alice.store.identities.is_empty());
}

#[test]
fn swapped_keys_in_the_bundle() {
    let [mut alice, mut bob] = Device::pair(9);
    let bundle = bob.bundle(Offer::FULL);
    let mut swapped = bundle.clone();
    swapped.signed_pre_key.key = bundle.one_time_pre_key.as_ref().unwrap().key;
    let failure = alice.initiate(&bob.address, swapped).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::SignedPreKeySignature));
    let mut swapped = bundle.clone();
    swapped.kem_pre_key.as_mut().unwrap().signature = bundle.signed_pre_key.signature;
    let failure = alice.initiate(&bob.address, swapped).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::KemPreKeySignature));
}

#[test]
fn untrusted_identity_comes_before_anything_else() {
    let [mut alice, mut bob] = Device::pair(10);
    let mut bundle = bob.bundle(Offer::FULL);
    // Everything else is wrong too.
    bundle.signed_pre_key.signature[0] ^= 1;
    bundle.kem_pre_key.as_mut().unwrap().signature[0] ^= 1;
    alice.store.identities.insert(bob.address.clone(), *alice.identity.public());
    let before = alice.store.clone();
    let failure = alice.initiate(&bob.address, bundle.clone()).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::UntrustedIdentity));
    alice.sending = TrustRule::Nobody;
    assert_eq!(alice.initiate(&bob.address, bundle), Err(Failure::Bundle(BundleError::UntrustedIdentity)));
    alice.store.assert_same(&before);
}

#[test]
fn a_bundles_kem_key_must_be_of_the_deployed_mechanism() {
    use subrosa::keys::{KemKeyPair, KemType};
    let [mut alice, mut bob] = Device::pair(11);
    let mut bundle = bob.bundle(Offer::FULL);
    let pair = KemKeyPair::generate(KemType::MlKem1024, &mut bob.rng);
    let kem = bundle.kem_pre_key.as_mut().unwrap();
    kem.key = pair.public().clone();
    kem.signature = bob.identity.sign(&[&kem.key.encode()], &mut bob.rng);
    let failure = alice.initiate(&bob.address, bundle).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::KemType(0x0A)));
}

/// A session record with much in it: a current session with skipped keys and five receiving chains, and two
/// archived ones, the newer still known to both.
fn rich_pair() -> [Device; 2] {
    let [mut alice, mut bob] = Device::acquainted(12);
    alice.greet(&mut bob, Offer::LAST_RESORT);
    alice.greet(&mut bob, Offer::FULL);
    for _ in 0..6 {
        bob.send(&alice.address, b"held back");
        bob.tell(&mut alice, b"there");
        alice.tell(&mut bob, b"and back");
    }
    [alice, bob]
}

fn read_session(record: &[u8], device: &Device) -> Result<Session, RecordError> {
    let bob = Address::new(crate::device::BOB, DeviceId::PRIMARY);
    Session::from_record(record, device.address.clone(), bob)
}

#[test]
fn j_damaged_session_records_fail_and_never_count_as_absent() {
    let [mut alice, bob] = rich_pair();
    let record = alice.record(&bob.address).to_vec();
    for len in 0..record.len() {
        let expected = if len < 4 { RecordError::NotARecord } else { RecordError::Damaged };
        assert_eq!(read_session(&record[..len], &alice).map(drop), Err(expected), "cut to {len} bytes");
    }
    let longer = [record.as_slice(), &[0]].concat();
    assert_eq!(read_session(&longer, &alice).map(drop), Err(RecordError::Damaged));
    let mut newer = record.clone();
    newer[3] += 1;
    let expected = RecordError::NewerVersion(record[3] + 1);
    assert_eq!(read_session(&newer, &alice).map(drop), Err(expected));
    assert_eq!(
        read_session(alice.identity.record().as_bytes(), &alice).map(drop),
        Err(RecordError::WrongKind)
    );

    alice.store.sessions.insert(bob.address.clone(), record[..100].to_vec());
    let before = alice.store.clone();
    assert_eq!(alice.encrypt(&bob.address, b"no"), Err(Failure::Record(RecordError::Damaged)));
    alice.store.assert_same(&before);
}

#[test]
fn j_no_changed_byte_of_a_session_record_makes_reading_or_using_it_panic() {
    let [mut alice, mut bob] = rich_pair();
    let record = alice.record(&bob.address).to_vec();
    let letter = bob.send(&alice.address, b"who knows");
    for at in 0..record.len() {
        for mask in [0x01, 0xFF] {
            let mut changed = record.clone();
            changed[at] ^= mask;
            alice.store.sessions.insert(bob.address.clone(), changed);
            // The kit asserts that failures change nothing and that what was read is written alike.
            let received = alice.receive(&bob.address, &letter);
            if let Ok(plaintext) = received {
                assert_eq!(plaintext, b"who knows", "byte {at}");
            }
        }
    }
}

#[test]
fn j_a_session_record_holds_no_more_than_what_is_ever_written() {
    let [mut alice, mut bob] = Device::pair(13);
    for _ in 0..41 {
        alice.begin_with(&mut bob, Offer::LAST_RESORT);
    }
    alice.archive(&bob.address).unwrap();
    let record = alice.record(&bob.address).to_vec();
    // Header, generation, mark of the addresses, no current session, number of archived ones.
    assert_eq!(record[4 + 16..][..2], [0, 40]);
    assert_eq!(read_session(&record, &alice).unwrap().archived_len(), 40);
    let one = (record.len() - 22) / 40;
    let mut more = [record.as_slice(), &record[22..22 + one]].concat();
    more[21] = 41;
    assert_eq!(read_session(&more, &alice).map(drop), Err(RecordError::Damaged));
}

/// Found by fuzzing: a record whose limits had become endless, and a message that took as long.
#[test]
fn j_limits_of_a_session_are_those_of_its_devices() {
    let limits = |jump: u32, old_keys: u32| [jump.to_le_bytes(), old_keys.to_le_bytes()].concat();
    let changed_to = |record: &[u8], jump, old_keys| {
        let at = record.windows(8).position(|window| window == limits(25_000, 2_000)).unwrap();
        [&record[..at], &limits(jump, old_keys), &record[at + 8..]].concat()
    };
    let [mut alice, mut bob] = Device::pair(14);
    alice.begin_with(&mut bob, Offer::FULL);
    let record = alice.record(&bob.address).to_vec();
    for (jump, old_keys) in [(25_001, 2_000), (u32::MAX, 2_000), (25_000, 2_001), (25_000, u32::MAX)] {
        let changed = changed_to(&record, jump, old_keys);
        assert_eq!(read_session(&changed, &alice).map(drop), Err(RecordError::Damaged), "{jump}, {old_keys}");
        // Archived, too, which follows header, generation, no current session, and their number.
        let archived = [&record[..20], &[0, 1], &changed[21..changed.len() - 1]].concat();
        assert_eq!(
            read_session(&archived, &alice).map(drop),
            Err(RecordError::Damaged),
            "{jump}, {old_keys}"
        );
    }
    let narrower = changed_to(&record, 24_999, 1_999);
    assert_eq!(read_session(&narrower, &alice).map(drop), Ok(()));

    // libsignal's. Its limits have no field where they are the usual ones.
    let session = read_session(&narrower, &alice).unwrap();
    let stored = session.to_libsignal_record();
    let at =
        stored.windows(7).position(|window| window == [0x08, 0xA7, 0xC3, 0x01, 0x10, 0xCF, 0x0F]).unwrap();
    let read = |bytes: &[u8]| {
        Session::from_libsignal_record(bytes, alice.address.clone(), bob.address.clone()).map(drop)
    };
    assert_eq!(read(&stored), Ok(()));
    for changed in [[0x08, 0xA9, 0xC3, 0x01, 0x10, 0xCF, 0x0F], [0x08, 0xA7, 0xC3, 0x01, 0x10, 0xD1, 0x0F]] {
        let changed = [&stored[..at], &changed[..], &stored[at + 7..]].concat();
        assert_eq!(read(&changed), Err(LibsignalError::Unsound));
    }

    // Between devices of one account any jump is as it should be.
    let mut tablet = alice.sibling(2, 15);
    alice.begin_with(&mut tablet, Offer::FULL);
    let record = alice.record(&tablet.address);
    assert!(record.windows(8).any(|window| window == limits(u32::MAX, 2_000)));
    let own = Session::from_record(record, alice.address.clone(), tablet.address.clone());
    assert_eq!(own.map(drop), Ok(()));
}

/// Where `needle` lies in a record; it must be there once.
fn find(record: &[u8], needle: &[u8]) -> usize {
    let mut found = record.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle);
    let (at, _) = found.next().unwrap();
    assert!(found.next().is_none(), "found twice");
    at
}

/// Damages the chain key of the receiving chain that `letter` belongs to: it follows the ratchet key and the
/// index.
fn damage_chain_of(record: &mut [u8], letter: &crate::device::Letter) {
    let at = find(record, letter.signal().ratchet_key().as_bytes());
    record[at + 32 + 4] ^= 1;
}

#[test]
fn a_damaged_chain_key_of_the_matching_chain() {
    let [mut alice, mut bob] = Device::acquainted(14);
    let first = bob.tell(&mut alice, b"first");
    let second = bob.send(&alice.address, b"second");
    let good = alice.store.clone();
    damage_chain_of(alice.store.sessions.get_mut(&bob.address).unwrap(), &first);
    let failure = alice.refuse(&bob.address, &second);
    assert_eq!(failure, Failure::Decrypt(DecryptError::Forged(Forgery::Mac)));
    alice.store = good;
    alice.hear(&bob, &second, b"second");
}

#[test]
fn a_damaged_chain_key_of_another_receiving_chain() {
    let [mut alice, mut bob] = Device::acquainted(15);
    let old = bob.tell(&mut alice, b"first");
    alice.tell(&mut bob, b"turn");
    bob.tell(&mut alice, b"new chain");
    damage_chain_of(alice.store.sessions.get_mut(&bob.address).unwrap(), &old);
    alice.tell(&mut bob, b"sending needs no receiving chain");
    bob.tell(&mut alice, b"and receiving only its own");
}

/// libsignal-protocol-c and -java stored skipped keys ready-made, without their seed.
#[test]
fn ready_made_keys_of_older_implementations_are_read() {
    let [mut alice, mut bob] = Device::pair(22);
    (alice.policy, bob.policy) = (Policy::AllowVersion3, Policy::AllowVersion3);
    alice.greet(&mut bob, Offer::VERSION_3);
    let late: Vec<_> = [b"one", b"two"].map(|text| alice.send(&bob.address, text)).into();
    alice.tell(&mut bob, b"three");
    let record = bob.session(&alice.address).unwrap().to_libsignal_record();
    let outer = StoredSessionRecord::parse(&record).unwrap();
    let mut session = outer.current.clone().unwrap();
    let keys: Vec<_> = session
        .receiver_chains
        .iter()
        .flat_map(|chain| &chain.message_keys)
        .map(|key| (key.index, hazmat_keys(key.seed)))
        .collect();
    assert_eq!(keys.len(), 2);
    for key in session.receiver_chains.iter_mut().flat_map(|chain| &mut chain.message_keys) {
        let (_, made) = keys.iter().find(|(index, _)| *index == key.index).unwrap();
        key.seed = &[];
        key.cipher_key = made.cipher_key.as_bytes();
        key.mac_key = made.mac_key.as_bytes();
        key.iv = made.iv.as_bytes();
    }
    let older = StoredSessionRecord { current: Some(session), archived: vec![] }.encode();
    let (local, remote) = (bob.address.clone(), alice.address.clone());
    let session = Session::from_libsignal_record(&older, local.clone(), remote.clone()).unwrap();
    assert_eq!(*session.to_libsignal_record(), *older, "and given back");
    // They are in our own record, too, and each reads its message once.
    bob.store.sessions.insert(remote, session.record().as_bytes().to_vec());
    for (letter, text) in late.iter().zip([b"one", b"two"]).rev() {
        bob.hear(&alice, letter, text);
        assert_eq!(bob.refuse(&alice.address, letter), Failure::Decrypt(DecryptError::Duplicate));
    }
}

fn hazmat_keys(seed: &[u8]) -> MessageKeys {
    MessageKeys::derive(
        Label::new("WhisperMessageKeys"),
        &MessageKeySeed::new(Secret::new(seed.try_into().unwrap())),
        None,
    )
}

/// A bundle is of one device, and begins a session with no other.
#[test]
fn a_bundle_of_another_device_is_refused() {
    let [mut alice, mut bob] = Device::pair(23);
    let mut bundle = bob.bundle(Offer::FULL);
    bundle.device_id = DeviceId::new(2);
    let before = alice.store.clone();
    let refused = alice.initiate(&bob.address, bundle);
    assert_eq!(refused, Err(Failure::Bundle(BundleError::OtherDevice(DeviceId::new(2)))));
    alice.store.assert_same(&before);
}

/// That an identity is pinned does not make the signatures of a bundle needless.
#[test]
fn forged_signatures_of_a_pinned_identity_are_refused() {
    let [alice, mut bob] = Device::acquainted(24);
    assert!(alice.store.identities.contains_key(&bob.address));
    let forgeries: [fn(&mut PreKeyBundle); 2] = [
        |bundle| bundle.kem_pre_key.as_mut().unwrap().signature[0] ^= 1,
        |bundle| bundle.signed_pre_key.signature[0] ^= 1,
    ];
    for forge in forgeries {
        let mut bundle = bob.bundle(Offer::FULL);
        forge(&mut bundle);
        let pinned = *bob.identity.public();
        assert!(bundle.clone().verify(Trust::Pinned(&pinned)).is_err());
        assert!(bundle.verify(Trust::Anyone).is_err());
    }
}

/// A record that was stored under another address is noticed.
#[test]
fn a_session_record_of_other_devices_is_refused() {
    let [alice, bob] = Device::acquainted(25);
    let record = alice.record(&bob.address);
    let other = Address::new(bob.address.name(), DeviceId::new(2));
    let read = |local: &Address, remote: &Address| {
        Session::from_record(record, local.clone(), remote.clone()).map(drop)
    };
    assert_eq!(read(&alice.address, &bob.address), Ok(()));
    let capitals = Address::new(bob.address.name().as_str().to_uppercase(), DeviceId::PRIMARY);
    assert_eq!(read(&alice.address, &capitals), Ok(()), "the same account");
    for (local, remote) in [(&alice.address, &other), (&other, &bob.address), (&bob.address, &alice.address)]
    {
        assert_eq!(read(local, remote), Err(RecordError::OtherOwner));
    }
}

#[test]
fn a_damaged_archived_session_is_passed_over() {
    let [mut alice, mut bob] = Device::acquainted(16);
    bob.tell(&mut alice, b"oldest");
    let wanted = bob.send(&alice.address, b"oldest again");
    alice.greet(&mut bob, Offer::FULL);
    let middle = bob.tell(&mut alice, b"middle");
    alice.greet(&mut bob, Offer::FULL);
    assert_eq!(alice.session(&bob.address).unwrap().archived_len(), 2);
    damage_chain_of(alice.store.sessions.get_mut(&bob.address).unwrap(), &middle);
    alice.hear(&bob, &wanted, b"oldest again");
}

/// Two devices with a version-3 session: alice has two receiving chains, and an archived session; bob's next
/// message is on the newer chain of the current one.
fn version_3_pair(seed: u64) -> [Device; 2] {
    let [mut alice, mut bob] = Device::pair(seed);
    alice.policy = Policy::AllowVersion3;
    bob.policy = Policy::AllowVersion3;
    alice.greet(&mut bob, Offer::VERSION_3);
    alice.greet(&mut bob, Offer::VERSION_3);
    alice.tell(&mut bob, b"turn");
    bob.tell(&mut alice, b"turn");
    [alice, bob]
}

/// The session of `device` with `peer`, by way of libsignal's record, which is to go on as the one that is kept.
fn moved(device: &Device, peer: &Device, kind: MessageKind) -> Session {
    let mut kept = device.session(&peer.address).unwrap();
    let bytes = kept.to_libsignal_record();
    let read = || {
        let session = Session::from_libsignal_record(&bytes, device.address.clone(), peer.address.clone());
        session.unwrap().with_policy(device.policy)
    };
    let next = [&mut kept, &mut read()].map(|session| {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        session.encrypt(b"next", Trust::Anyone, START, &mut rng).unwrap().commit()
    });
    assert_eq!(next[0], next[1]);
    assert_eq!(next[0].kind(), kind);
    read()
}

#[test]
fn a_session_goes_through_libsignals_record_before_the_answer_and_with_skipped_keys() {
    for offer in [Offer::VERSION_3, Offer::FULL] {
        let [mut alice, mut bob] = Device::pair(19);
        (alice.policy, bob.policy) = (Policy::AllowVersion3, Policy::AllowVersion3);
        alice.begin_with(&mut bob, offer);
        moved(&alice, &bob, MessageKind::PreKey);
        let first = alice.send(&bob.address, b"first");
        moved(&alice, &bob, MessageKind::PreKey);
        bob.hear(&alice, &first, b"first");
        moved(&bob, &alice, MessageKind::Whisper);
        bob.tell(&mut alice, b"answer");
        moved(&alice, &bob, MessageKind::Whisper);

        let held = [b"one", b"two"].map(|text| alice.send(&bob.address, text));
        alice.tell(&mut bob, b"three");
        let mut bob = moved(&bob, &alice, MessageKind::Whisper);
        for (letter, text) in held.iter().zip([b"one", b"two"]).rev() {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let message = letter.message();
            assert_eq!(open(&mut bob, &message, &mut rng).commit().as_ref(), text);
        }
    }
}

/// Reads alice's session with bob back from libsignal's record of it, changed by `change`.
fn from_libsignal(
    alice: &Device,
    bob: &Device,
    change: impl FnOnce(&mut StoredSessionRecord<'_>),
) -> Result<Session, LibsignalError> {
    let bytes = alice.session(&bob.address).unwrap().to_libsignal_record();
    let mut record = StoredSessionRecord::parse(&bytes).unwrap();
    change(&mut record);
    Session::from_libsignal_record(&record.encode(), alice.address.clone(), bob.address.clone())
}

#[test]
fn an_undecodable_remote_identity_is_not_no_session() {
    let [alice, bob] = version_3_pair(18);
    for identity in [&[0x06; 33][..], &[0x05; 32], &[]] {
        let changed = from_libsignal(&alice, &bob, |record| {
            record.current.as_mut().unwrap().remote_identity = identity;
        });
        assert_eq!(changed.map(drop), Err(LibsignalError::Unsound));
    }
}

#[test]
fn an_undecodable_receiving_chain_is_passed_over() {
    let [mut alice, mut bob] = version_3_pair(19);
    let changed = from_libsignal(&alice, &bob, |record| {
        record.current.as_mut().unwrap().receiver_chains[0].ratchet_key = &[0x06; 33];
    });
    let record = changed.unwrap().record();
    alice.store.sessions.insert(bob.address.clone(), record.as_bytes().to_vec());
    bob.tell(&mut alice, b"on the other chain");
    alice.tell(&mut bob, b"sending needs none");
    // Nor does sending need any at all.
    let changed = from_libsignal(&alice, &bob, |record| {
        let chains = &mut record.current.as_mut().unwrap().receiver_chains;
        for chain in chains {
            chain.ratchet_key = &[];
        }
    });
    let record = changed.unwrap().record();
    alice.store.sessions.insert(bob.address.clone(), record.as_bytes().to_vec());
    alice.tell(&mut bob, b"none at all");
}

#[test]
fn an_undecodable_archived_session_is_passed_over() {
    let [mut alice, mut bob] = version_3_pair(20);
    let letter = bob.send(&alice.address, b"to an archived session");
    alice.archive(&bob.address).unwrap();
    let changed = from_libsignal(&alice, &bob, |record| {
        record.archived.insert(0, b"not protobuf");
        record.archived.insert(1, b"");
    });
    let session = changed.unwrap();
    assert_eq!(session.archived_len(), 2);
    alice.store.sessions.insert(bob.address.clone(), session.record().as_bytes().to_vec());
    alice.hear(&bob, &letter, b"to an archived session");
}

#[test]
fn no_record_at_all_is_no_session() {
    let [mut alice, mut bob] = Device::acquainted(17);
    let letter = bob.send(&alice.address, b"gone");
    assert_eq!(letter.kind, MessageKind::Whisper);
    alice.store.sessions.clear();
    assert_eq!(alice.refuse(&bob.address, &letter), Failure::Decrypt(DecryptError::NoSession));
    assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::NoSession)));
}
