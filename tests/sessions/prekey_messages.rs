// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of kind `PreKey` that must fail, or need care.
//!
//! This crate calls no store: an operation can be given up at the point where the store is asked, and nothing has
//! changed then.

use crate::device::{
    ALICE, BOB, CAROL, Device, Failure, KemOffer, Letter, Offer, START, Table, TrustRule, Wrapper,
};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::montgomery::MontgomeryPoint;
use subrosa::keys::{KeyPair, PublicKey};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::session::{Forgery, Policy, Requirements};
use subrosa::store::{Key, RecordKind};
use subrosa::{
    Address, DecryptError, DeviceId, IdentityKeyPair, MessageKind, ParseError, RecordError, Trust,
};

const fn refused(error: DecryptError) -> Failure {
    Failure::Decrypt(error)
}

const fn forged(reason: Forgery) -> Failure {
    refused(DecryptError::Forged(reason))
}

/// A first message from alice to bob, and both.
fn first_message(seed: u64, offer: Offer) -> ([Device; 2], Letter) {
    let [mut alice, mut bob] = Device::pair(seed);
    alice.begin_with(&mut bob, offer);
    let letter = alice.send(&bob.address, b"first");
    ([alice, bob], letter)
}

/// Flips a bit of the inner message's MAC.
fn corrupted(letter: &Letter) -> Letter {
    Wrapper::changed(letter, |wrapper| *wrapper.message.last_mut().unwrap() ^= 1)
}

#[test]
fn a_corrupted_inner_mac_changes_nothing() {
    for offer in [Offer::FULL, Offer::LAST_RESORT] {
        let ([alice, mut bob], letter) = first_message(1, offer);
        let failure = bob.refuse(&alice.address, &corrupted(&letter));
        assert_eq!(failure, forged(Forgery::Mac));
        assert!(bob.store.identities.is_empty() && bob.store.sessions.is_empty());
        assert_eq!(bob.store.count(RecordKind::KemPreKeyUse), 0);
        assert_eq!(bob.store.count(RecordKind::OneTimePreKey), usize::from(offer.one_time));

        bob.hear(&alice, &letter, b"first");
        assert!(
            bob.store.count(RecordKind::OneTimePreKey) == 0
                && bob.store.count(RecordKind::OneTimeKemPreKey) == 0
        );
    }
    // The one-time prekey is gone: another session can't begin with it.
    let ([mut alice, mut bob], letter) =
        first_message(1, Offer { one_time: true, kem: KemOffer::LastResort });
    bob.hear(&alice, &letter, b"first");
    bob.store.sessions.clear();
    assert_eq!(bob.refuse(&alice.address, &letter), Failure::Missing(Table::OneTimePreKeys, 0));
    let second = alice.send(&bob.address, b"second");
    assert_eq!(bob.refuse(&alice.address, &second), Failure::Missing(Table::OneTimePreKeys, 0));
}

#[test]
fn a_failure_on_an_archived_session_leaves_the_record_byte_identical() {
    let ([mut alice, mut bob], letter) = first_message(2, Offer::FULL);
    let second = alice.send(&bob.address, b"second");
    bob.hear(&alice, &letter, b"first");
    bob.archive(&alice.address).unwrap();
    let before = bob.record(&alice.address).to_vec();

    let failure = bob.refuse(&alice.address, &corrupted(&second));
    assert_eq!(failure, forged(Forgery::Mac));
    assert_eq!(bob.record(&alice.address), before);
    assert!(!bob.is_usable(&alice.address, Requirements::NONE), "still archived");

    bob.hear(&alice, &second, b"second");
    assert!(bob.is_usable(&alice.address, Requirements::default()));
}

#[test]
fn the_same_inner_message_with_a_random_base_key() {
    let ([mut alice, mut bob], letter) = first_message(3, Offer::LAST_RESORT);
    bob.hear(&alice, &letter, b"first");
    let before = bob.record(&alice.address).to_vec();
    let second = alice.send(&bob.address, b"second");
    let random = KeyPair::generate(&mut alice.rng);
    let rewrapped = Wrapper::changed(&second, |wrapper| {
        wrapper.base_key = random.public().encode().to_vec();
        wrapper.pre_key_id = None;
    });
    assert_eq!(bob.refuse(&alice.address, &rewrapped), forged(Forgery::Mac));
    assert_eq!(bob.record(&alice.address), before);
    bob.hear(&alice, &second, b"second");
}

#[test]
fn first_message_replayed_under_another_sender() {
    // Without service ids the message does not say whom it is from.
    let [mut alice, mut bob] = [Device::new("alice", 4), Device::new("bob", 5)];
    let mallory = Address::new("mallory", DeviceId::PRIMARY);
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    let letter = alice.tell(&mut bob, b"first");
    assert_eq!(bob.refuse(&mallory, &letter), refused(DecryptError::Replayed));
    assert!(!bob.store.sessions.contains_key(&mallory));

    // The same for a later message of that session.
    let second = alice.send(&bob.address, b"second");
    assert_eq!(bob.refuse(&mallory, &second), refused(DecryptError::Replayed));
    bob.hear(&alice, &second, b"second");

    // And for alice herself, once her session is gone.
    bob.store.sessions.clear();
    assert_eq!(bob.refuse(&alice.address, &letter), refused(DecryptError::Replayed));

    // Another session with the same prekey is fine.
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    alice.tell(&mut bob, b"another");
    assert_eq!(bob.store.count(RecordKind::KemPreKeyUse), 2);
}

#[test]
fn with_service_ids_the_message_says_whom_it_is_from() {
    let ([alice, mut bob], letter) = first_message(4, Offer::LAST_RESORT);
    bob.hear(&alice, &letter, b"first");
    let carol = Address::new(CAROL, DeviceId::PRIMARY);
    assert_eq!(bob.refuse(&carol, &letter), forged(Forgery::Addresses));
}

#[test]
fn a_wrapper_rewritten_as_version_3() {
    let ([alice, mut bob], letter) = first_message(5, Offer::FULL);
    let rewrite = |letter: &Letter| {
        Wrapper::changed(letter, |wrapper| {
            wrapper.version = 3;
            wrapper.kyber = None;
        })
    };
    let failure = bob.refuse(&alice.address, &rewrite(&letter));
    assert_eq!(failure, refused(DecryptError::Version3Refused));
    // Also once the session is there: it is none of version 3.
    bob.hear(&alice, &letter, b"first");
    let failure = bob.refuse(&alice.address, &rewrite(&letter));
    assert_eq!(failure, refused(DecryptError::Version3Refused));
}

#[test]
fn no_downgrade_even_where_version_3_is_allowed() {
    let ([alice, mut bob], letter) = first_message(5, Offer::FULL);
    bob.policy = Policy::AllowVersion3;
    let rewritten = Wrapper::changed(&letter, |wrapper| {
        wrapper.version = 3;
        wrapper.kyber = None;
    });
    assert_eq!(bob.refuse(&alice.address, &rewritten), forged(Forgery::Version(4)));
    // Nor with the Kyber part left in, which version 3 does not look at.
    let rewritten = Wrapper::changed(&letter, |wrapper| wrapper.version = 3);
    assert_eq!(bob.refuse(&alice.address, &rewritten), forged(Forgery::Version(4)));
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn base_keys_that_are_not_canonical() {
    let ([alice, mut bob], letter) = first_message(6, Offer::FULL);
    let base_key = *letter.pre_key().base_key();
    let mut bad = vec![];
    // Each of the seven torsion points that are not the identity, added to the point.
    let point = MontgomeryPoint(*base_key.as_bytes()).to_edwards(0).unwrap();
    bad.extend(EIGHT_TORSION[1..].iter().map(|torsion| (point + torsion).to_montgomery().to_bytes()));
    let mut top_bit = *base_key.as_bytes();
    top_bit[31] |= 0x80;
    // 0, of low order; p, p + 1 and 2^255 - 1, which are not reduced.
    let mut p = [0xFF; 32];
    (p[0], p[31]) = (0xED, 0x7F);
    let mut p_1 = p;
    p_1[0] += 1;
    let mut largest = [0xFF; 32];
    largest[31] = 0x7F;
    bad.extend([top_bit, [0; 32], p, p_1, largest]);
    for key in bad {
        let letter = Wrapper::changed(&letter, |wrapper| {
            wrapper.base_key = PublicKey::from_bytes(key).encode().to_vec();
        });
        let failure = bob.refuse(&alice.address, &letter);
        assert_eq!(failure, forged(Forgery::BaseKey), "{key:02x?}");
    }
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn identity_keys_of_low_order() {
    let ([alice, mut bob], letter) = first_message(6, Offer::FULL);
    let letter = Wrapper::changed(&letter, |wrapper| {
        wrapper.identity_key = PublicKey::from_bytes([0; 32]).encode().to_vec();
    });
    assert_eq!(bob.refuse(&alice.address, &letter), forged(Forgery::NonContributory));
}

#[test]
fn kem_ciphertexts_that_are_none() {
    let ([alice, mut bob], letter) = first_message(6, Offer::FULL);
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        Wrapper::changed(&letter, |wrapper| change(&mut wrapper.kyber.as_mut().unwrap().1))
    };
    for letter in [
        with(&|ciphertext| ciphertext.clear()),
        with(&|ciphertext| ciphertext.truncate(1568)),
        with(&|ciphertext| ciphertext.push(0)),
        with(&|ciphertext| ciphertext[0] = 0x0A),
        with(&|ciphertext| ciphertext[0] = 0x05),
    ] {
        assert_eq!(bob.refuse(&alice.address, &letter), forged(Forgery::Kem));
    }
    // Of the right form, but another secret inside.
    let letter = with(&|ciphertext| ciphertext[100] ^= 1);
    assert_eq!(bob.refuse(&alice.address, &letter), forged(Forgery::Mac));
}

#[test]
fn a_changed_identity() {
    let ([mut alice, mut bob], letter) = first_message(7, Offer::FULL);
    bob.hear(&alice, &letter, b"first");
    bob.tell(&mut alice, b"reply");

    let mut reinstalled = alice.reinstalled(77);
    reinstalled.begin_with(&mut bob, Offer::FULL);
    let letter = reinstalled.send(&bob.address, b"a new phone");
    assert_eq!(bob.refuse(&alice.address, &letter), refused(DecryptError::UntrustedIdentity));

    let replaced = bob.store.identities.insert(alice.address, *reinstalled.identity.public());
    assert_eq!(replaced.as_ref(), Some(alice.identity.public()));
    bob.hear(&reinstalled, &letter, b"a new phone");
    bob.tell(&mut reinstalled, b"congratulations");
}

#[test]
fn a_caller_that_accepts_a_change_is_told_the_new_identity() {
    let ([mut alice, mut bob], letter) = first_message(7, Offer::FULL);
    bob.hear(&alice, &letter, b"first");
    bob.tell(&mut alice, b"reply");
    let mut reinstalled = alice.reinstalled(77);
    reinstalled.begin_with(&mut bob, Offer::FULL);
    let letter = reinstalled.send(&bob.address, b"a new phone");
    bob.receiving = TrustRule::Anyone;
    bob.hear(&reinstalled, &letter, b"a new phone");
    assert_eq!(bob.store.identities[&alice.address], *reinstalled.identity.public());
    assert_eq!(bob.session(&alice.address).unwrap().archived_len(), 1);
}

#[test]
fn no_signed_prekey() {
    let ([alice, mut bob], letter) = first_message(8, Offer::FULL);
    let good = bob.store.clone();
    bob.store.rows.remove(&Key::SignedPreKey(SignedPreKeyId(0))).unwrap();
    assert_eq!(bob.refuse(&alice.address, &letter), Failure::Missing(Table::SignedPreKeys, 0));
    bob.store.rows.insert(Key::SignedPreKey(SignedPreKeyId(0)), b"garbage".to_vec());
    assert_eq!(bob.refuse(&alice.address, &letter), Failure::Record(RecordError::NotARecord));
    bob.store = good;
    for table in [Table::Sessions, Table::SignedPreKeys, Table::OneTimePreKeys, Table::KemPreKeys] {
        bob.faults.reads = vec![table];
        assert_eq!(bob.refuse(&alice.address, &letter), Failure::Store(table));
    }
    bob.faults.reads.clear();
    for table in [Table::Identities, Table::OneTimePreKeys, Table::KemPreKeys, Table::Sessions] {
        bob.faults.writes = vec![table];
        assert_eq!(bob.refuse(&alice.address, &letter), Failure::Store(table));
    }
    bob.faults.writes.clear();
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn another_signed_prekey_of_the_same_id() {
    let ([alice, mut bob], letter) = first_message(8, Offer::FULL);
    let other = SignedPreKey::generate(SignedPreKeyId(0), &bob.identity, START, &mut bob.rng);
    bob.store.rows.insert(Key::SignedPreKey(SignedPreKeyId(0)), other.record().as_bytes().to_vec());
    assert_eq!(bob.refuse(&alice.address, &letter), forged(Forgery::Mac));
}

#[test]
fn unknown_prekey_ids() {
    let ([alice, mut bob], letter) = first_message(9, Offer::FULL);
    let unknown = |change: &dyn Fn(&mut Wrapper)| Wrapper::changed(&letter, |wrapper| change(wrapper));
    for (letter, failure) in [
        (unknown(&|wrapper| wrapper.signed_pre_key_id = 9), Failure::Missing(Table::SignedPreKeys, 9)),
        (unknown(&|wrapper| wrapper.pre_key_id = Some(9)), Failure::Missing(Table::OneTimePreKeys, 9)),
        (
            unknown(&|wrapper| wrapper.kyber.as_mut().unwrap().0 = u32::MAX),
            Failure::Missing(Table::KemPreKeys, u32::MAX),
        ),
        // Known ones, but not those that were used.
        (unknown(&|wrapper| wrapper.pre_key_id = None), forged(Forgery::Mac)),
        (unknown(&|wrapper| wrapper.kyber.as_mut().unwrap().0 = 0), forged(Forgery::Mac)),
    ] {
        assert_eq!(bob.refuse(&alice.address, &letter), failure);
    }
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn other_prekeys_than_those_needed_are_refused() {
    let ([alice, mut bob], letter) = first_message(9, Offer::FULL);
    let message = letter.message();
    let signed = SignedPreKey::from_record(bob.store.newest(RecordKind::SignedPreKey)).unwrap();
    let other_signed = SignedPreKey::generate(SignedPreKeyId(1), &bob.identity, START, &mut bob.rng);
    let last_resort =
        LastResortKemPreKey::from_record(bob.store.newest(RecordKind::LastResortKemPreKey)).unwrap();
    let one_time = OneTimePreKey::from_record(bob.store.newest(RecordKind::OneTimePreKey)).unwrap();
    let one_time_kem = OneTimeKemPreKey::from_record(bob.store.newest(RecordKind::OneTimeKemPreKey)).unwrap();
    let kem = Some(KemKey::OneTime(&one_time_kem));
    let other_one_time = OneTimePreKey::generate(OneTimePreKeyId(1), &mut bob.rng);
    let mut session = bob.session(&alice.address).unwrap();
    let local = session::Config::new(&bob.identity, bob.registration_id);
    for keys in [
        PreKeys { signed: &other_signed, one_time: Some(&one_time), kem },
        PreKeys { signed: &signed, one_time: None, kem },
        PreKeys { signed: &signed, one_time: Some(&other_one_time), kem },
        PreKeys { signed: &signed, one_time: Some(&one_time), kem: None },
        PreKeys {
            signed: &signed,
            one_time: Some(&one_time),
            kem: Some(KemKey::LastResort { key: &last_resort, used_before: false }),
        },
    ] {
        let Admission::New(new) = session.receive(&local, &message, Trust::Anyone, &mut bob.rng).unwrap()
        else {
            unreachable!("there is no session")
        };
        let needed = new.needed();
        assert_eq!(needed.signed, SignedPreKeyId(0));
        assert_eq!(needed.one_time, Some(OneTimePreKeyId(0)));
        assert_eq!(needed.kem.unwrap().kem, KemPreKeyId(1));
        assert_eq!(&needed.kem.unwrap().base_key, letter.pre_key().base_key());
        assert_eq!(new.accept(&keys, &mut bob.rng).unwrap_err(), DecryptError::WrongPreKeys);
    }
}

#[test]
fn a_version_3_message_takes_no_kem_prekey() {
    let [mut alice, mut bob] = Device::pair(9);
    alice.policy = Policy::AllowVersion3;
    bob.policy = Policy::AllowVersion3;
    alice.begin_with(&mut bob, Offer::VERSION_3);
    let letter = alice.send(&bob.address, b"old");
    let message = letter.message();
    let signed = SignedPreKey::from_record(bob.store.newest(RecordKind::SignedPreKey)).unwrap();
    let one_time = OneTimePreKey::from_record(bob.store.newest(RecordKind::OneTimePreKey)).unwrap();
    let last_resort =
        LastResortKemPreKey::from_record(bob.store.newest(RecordKind::LastResortKemPreKey)).unwrap();
    let mut session = bob.session(&alice.address).unwrap();
    let local = session::Config::new(&bob.identity, 1).with_policy(Policy::AllowVersion3);
    let Admission::New(new) = session.receive(&local, &message, Trust::Anyone, &mut bob.rng).unwrap() else {
        unreachable!("there is no session")
    };
    assert_eq!(new.needed().kem, None);
    let kem = Some(KemKey::LastResort { key: &last_resort, used_before: false });
    let keys = PreKeys { signed: &signed, one_time: Some(&one_time), kem };
    assert_eq!(new.accept(&keys, &mut bob.rng).unwrap_err(), DecryptError::WrongPreKeys);
    bob.hear(&alice, &letter, b"old");
}

#[test]
fn wrong_addresses() {
    let ([mut alice, mut bob], letter) = first_message(10, Offer::FULL);
    assert!(letter.signal().addresses().is_some());
    let right = bob.address.clone();
    let primary = DeviceId::PRIMARY;
    let wrong = forged(Forgery::Addresses);
    for local in [
        Address::new(CAROL, primary),
        Address::new(BOB, DeviceId::new(2)),
        Address::new("bob", primary),
        Address::new(format!("PNI:{BOB}"), primary),
    ] {
        bob.address = local;
        assert_eq!(bob.refuse(&alice.address, &letter), wrong, "{}", bob.address);
    }
    bob.address = right;
    for remote in [
        Address::new(CAROL, primary),
        Address::new(ALICE, DeviceId::new(2)),
        Address::new("alice", primary),
        Address::new(format!("PNI:{ALICE}"), primary),
    ] {
        assert_eq!(bob.refuse(&remote, &letter), wrong, "{remote}");
    }
    bob.hear(&alice, &letter, b"first");

    // The record of the session that is there is of the two that began it.
    let second = alice.send(&bob.address, b"second");
    let right = std::mem::replace(&mut bob.address, Address::new(CAROL, primary));
    let other_owner = Err(Failure::Record(RecordError::OtherOwner));
    assert_eq!(bob.receive(&alice.address, &second), other_owner);
    bob.address = right;
    bob.hear(&alice, &second, b"second");
}

#[test]
fn the_case_of_a_name_does_not_matter() {
    let mut alice = Device::new(ALICE, 10);
    let name = "abcdefab-cdef-4bcd-8fab-cdefabcdefab";
    let mut bob = Device::new(name, 11);
    alice.begin_with(&mut bob, Offer::FULL);
    let letter = alice.send(&bob.address, b"first");
    bob.address = Address::new(name.to_uppercase(), DeviceId::PRIMARY);
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn without_the_addresses_field_any_address_will_do() {
    let [mut alice, mut bob] = [Device::new("alice", 11), Device::new("bob", 12)];
    alice.begin_with(&mut bob, Offer::FULL);
    let letter = alice.send(&bob.address, b"from anybody");
    assert_eq!(letter.signal().addresses(), None);
    bob.address = Address::new(BOB, DeviceId::PRIMARY);
    let carol = Address::new(CAROL, DeviceId::new(5));
    assert_eq!(bob.receive(&carol, &letter).as_deref(), Ok(&b"from anybody"[..]));
}

#[test]
fn whisper_messages_carry_no_addresses() {
    let [mut alice, mut bob] = Device::acquainted(11);
    let letter = alice.send(&bob.address, b"plain");
    assert_eq!(letter.kind, MessageKind::Whisper);
    assert_eq!(letter.signal().addresses(), None);
    bob.hear(&alice, &letter, b"plain");
}

#[test]
fn addresses_need_two_service_ids() {
    for (names, there) in
        [([ALICE, BOB], true), (["alice", BOB], false), ([ALICE, "bob"], false), ([CAROL, BOB], true)]
    {
        let [mut one, mut other] = [Device::new(names[0], 12), Device::new(names[1], 13)];
        one.begin_with(&mut other, Offer::FULL);
        let letter = one.tell(&mut other, b"first");
        let signal = letter.signal();
        assert_eq!(signal.addresses().is_some(), there, "{names:?}");
        if let Some(addresses) = signal.addresses() {
            let [sender, recipient] = [&one, &other]
                .map(|device| [device.address.service_id().unwrap().to_bytes().as_slice(), &[1]].concat());
            assert_eq!(addresses, [sender, recipient].concat());
        }
    }
}

#[test]
fn another_identity_in_the_wrapper_for_a_known_session() {
    let ([mut alice, mut bob], letter) = first_message(13, Offer::FULL);
    bob.hear(&alice, &letter, b"first");
    let second = alice.send(&bob.address, b"second");
    let other = IdentityKeyPair::generate(&mut alice.rng);
    let changed = Wrapper::changed(&second, |wrapper| {
        wrapper.identity_key = other.public().encode().to_vec();
    });
    assert_eq!(bob.refuse(&alice.address, &changed), refused(DecryptError::UntrustedIdentity));
    bob.receiving = TrustRule::Anyone;
    assert_eq!(bob.refuse(&alice.address, &changed), refused(DecryptError::IdentityMismatch));
    // The same on an archived session.
    bob.archive(&alice.address).unwrap();
    assert_eq!(bob.refuse(&alice.address, &changed), refused(DecryptError::IdentityMismatch));
    bob.hear(&alice, &second, b"second");
    assert_eq!(bob.store.identities[&alice.address], *alice.identity.public());
}

#[test]
fn what_else_the_wrapper_says_of_a_known_session_is_ignored() {
    let ([mut alice, mut bob], letter) = first_message(13, Offer::FULL);
    bob.hear(&alice, &letter, b"first");
    let registration_id = Some(alice.registration_id);
    let changes: [&dyn Fn(&mut Wrapper); 7] = [
        &|wrapper| wrapper.registration_id += 1,
        &|wrapper| wrapper.pre_key_id = Some(99),
        &|wrapper| wrapper.pre_key_id = None,
        &|wrapper| wrapper.signed_pre_key_id = 99,
        &|wrapper| wrapper.kyber.as_mut().unwrap().0 = 99,
        &|wrapper| wrapper.kyber.as_mut().unwrap().1[7] ^= 1,
        &|wrapper| wrapper.kyber.as_mut().unwrap().1.clear(),
    ];
    for change in changes {
        let letter = alice.send(&bob.address, b"whatever");
        bob.hear(&alice, &Wrapper::changed(&letter, change), b"whatever");
        let session = bob.session(&alice.address).unwrap();
        assert_eq!(session.remote_registration_id(), registration_id);
        assert_eq!(session.archived_len(), 0);
    }
}

#[test]
fn how_the_wrapper_is_encoded_does_not_matter() {
    let ([mut alice, mut bob], letter) = first_message(14, Offer::FULL);
    let mut with_unknown = Wrapper::of(&letter);
    let mut fields = with_unknown.fields();
    // Field 15 of type varint, and field 9 of type bytes.
    fields.insert(1, vec![0x78, 0x01]);
    fields.push(vec![0x4A, 0x02, 0xAA, 0xBB]);
    fields.reverse();
    bob.hear(&alice, &with_unknown.with_fields(&fields), b"first");

    // Bytes after the base key are ignored: the session is found.
    let second = alice.send(&bob.address, b"second");
    with_unknown = Wrapper::of(&second);
    with_unknown.base_key.extend_from_slice(b"trailing");
    with_unknown.identity_key.push(0);
    bob.hear(&alice, &with_unknown.letter(), b"second");
    assert_eq!(bob.session(&alice.address).unwrap().archived_len(), 0);
    // A field that comes twice: the last counts.
    let third = alice.send(&bob.address, b"third");
    let wrapper = Wrapper::of(&third);
    let mut fields =
        Wrapper { base_key: PublicKey::from_bytes([9; 32]).encode().to_vec(), ..wrapper.clone() }.fields();
    fields.extend(wrapper.fields());
    bob.hear(&alice, &wrapper.with_fields(&fields), b"third");
}

#[test]
fn the_inner_message_on_its_own() {
    let ([mut alice, mut bob], letter) = first_message(15, Offer::FULL);
    assert_eq!(
        bob.refuse(&alice.address, &letter.unwrapped()),
        Failure::Decrypt(DecryptError::NoSession),
        "it begins no session"
    );
    bob.hear(&alice, &letter, b"first");
    let second = alice.send(&bob.address, b"second");
    bob.hear(&alice, &second.unwrapped(), b"second");
    // It still carries its addresses.
    let third = alice.send(&bob.address, b"third").unwrapped();
    assert!(third.signal().addresses().is_some());
    bob.hear(&alice, &third, b"third");
}

#[test]
fn the_wrapper_of_one_session_around_a_message_of_another() {
    let ([mut alice, mut bob], first) = first_message(15, Offer::FULL);
    bob.hear(&alice, &first, b"first");
    alice.begin_with(&mut bob, Offer::FULL);
    let second = alice.tell(&mut bob, b"second session");
    let third = alice.send(&bob.address, b"second session");
    assert_ne!(first.pre_key().base_key(), second.pre_key().base_key());
    // The wrapper names the archived session, so no other is tried.
    let base_key = first.pre_key().base_key().encode();
    let mixed = Wrapper::changed(&third, |wrapper| wrapper.base_key = base_key.to_vec());
    let failure = bob.refuse(&alice.address, &mixed);
    assert!(matches!(failure, Failure::Decrypt(DecryptError::Forged(_))), "{failure:?}");
    bob.hear(&alice, &third, b"second session");
}

#[test]
fn a_version_3_message_in_a_version_4_wrapper() {
    let ([mut alice, mut bob], letter) = first_message(16, Offer::FULL);
    let rewrite = |letter: &Letter| Wrapper::changed(letter, |wrapper| wrapper.message[0] = 0x34);
    let failure = bob.refuse(&alice.address, &rewrite(&letter));
    assert_eq!(failure, forged(Forgery::Version(3)));
    bob.hear(&alice, &letter, b"first");
    let second = alice.send(&bob.address, b"second");
    let failure = bob.refuse(&alice.address, &rewrite(&second));
    assert_eq!(failure, forged(Forgery::Version(3)));
}

/// A session that is there makes no message of another identity's session its own.
#[test]
fn a_version_3_message_of_another_identity_in_a_version_4_wrapper() {
    let [mut old_alice, mut bob] = Device::pair(16);
    for device in [&mut old_alice, &mut bob] {
        device.policy = Policy::AllowVersion3;
    }
    old_alice.greet(&mut bob, Offer::VERSION_3);
    let mut alice = old_alice.reinstalled(160);
    bob.store.identities.insert(alice.address.clone(), *alice.identity.public());
    alice.begin_with(&mut bob, Offer::FULL);
    let letter = alice.tell(&mut bob, b"it is me");

    let stale = old_alice.send(&bob.address, b"it is me, too");
    let wrapped = Wrapper::changed(&letter, |wrapper| wrapper.message.clone_from(&stale.bytes));
    let untrusted = Failure::Decrypt(DecryptError::UntrustedIdentity);
    assert_eq!(bob.refuse(&alice.address, &stale), untrusted);
    assert_eq!(bob.refuse(&alice.address, &wrapped), untrusted);
}

#[test]
fn the_lower_half_of_the_wrappers_first_byte_does_not_matter() {
    let ([alice, mut bob], mut letter) = first_message(17, Offer::FULL);
    letter.bytes[0] = 0x4F;
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn what_is_no_prekey_message_changes_nothing() {
    let ([alice, mut bob], letter) = first_message(18, Offer::FULL);
    for len in 0..letter.bytes.len() {
        let cut = Letter::new(MessageKind::PreKey, letter.bytes[..len].to_vec());
        assert!(matches!(bob.refuse(&alice.address, &cut), Failure::Parse(_)), "cut to {len} bytes");
    }
    let mut with_kind = letter.clone();
    with_kind.kind = MessageKind::Whisper;
    assert!(matches!(bob.refuse(&alice.address, &with_kind), Failure::Parse(_)));
    let empty = Letter::new(MessageKind::PreKey, vec![]);
    assert_eq!(bob.refuse(&alice.address, &empty), Failure::Parse(ParseError::TooShort(0)));
    bob.hear(&alice, &letter, b"first");
}

#[test]
fn no_flipped_bit_of_a_first_message_makes_it_lie() {
    let ([alice, mut bob], letter) = first_message(19, Offer::LAST_RESORT);
    let before = bob.store.clone();
    // The ids and the ciphertext of 1,569 bytes come last; of the latter a part will do.
    for at in (0..letter.bytes.len()).filter(|at| *at < 250 || at % 37 == 0) {
        for bit in 0..8 {
            let mut flipped = letter.clone();
            flipped.bytes[at] ^= 1 << bit;
            match bob.receive(&alice.address, &flipped) {
                // Registration id and the first byte's lower half are not authenticated.
                Ok(plaintext) => {
                    assert_eq!(plaintext, b"first");
                    assert_eq!(bob.base_key(&alice.address), alice.base_key(&bob.address));
                    bob.store = before.clone();
                }
                Err(_) => bob.store.assert_same(&before),
            }
        }
    }
    bob.hear(&alice, &letter, b"first");
}
