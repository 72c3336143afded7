// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile wipes its keys, and what was said.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{Class, Outgoing};

use super::heap::Watch;
use super::parties::{Device, Service, pair};

/// What no other bytes are alike.
fn text(seed: u64) -> [u8; 100] {
    let mut out = [0; 100];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut out);
    out
}

/// The secrets of a session, out of its record: root key, own private key, chain and header keys, at the places that
/// `docs/records.md` gives for a state of an initiator that is Hybrid.
fn watch_record(watch: &Watch, device: &Device, peer: subrosa::rose::DeviceName) {
    let record = device.sessions[&peer].record();
    let ratchet = &record.as_bytes()[4 + 8 + 1 + 127 + 1 + 69 + 3..];
    for (name, at) in [
        ("root key", 0),
        ("ratchet key", 64),
        ("sending chain key", 130),
        ("sending header key", 166),
        ("next sending header key", 206),
        ("receiving chain key", 239),
        ("receiving header key", 275),
        ("next receiving header key", 316),
    ] {
        watch.secret(name, &ratchet[at..at + 32]);
    }
}

#[test]
fn keys_and_texts_of_a_conversation_are_wiped() {
    let watch = Watch::begin();
    let [mut alice, mut bob] = pair(1, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    for turn in 0..12 {
        watch_record(&watch, &alice, to_bob);
        let said = text(turn);
        watch.secret("text", &said);
        watch.over(|| {
            let staged_and_dropped = alice.sessions.get_mut(&to_bob).unwrap();
            let sender =
                subrosa::rose::Sender { certificate: &alice.certificate, contact: None, now: alice.now };
            drop(
                staged_and_dropped
                    .encrypt(&Outgoing::content(&said), &sender, &mut alice.rng.clone())
                    .unwrap(),
            );
            let staged =
                staged_and_dropped.encrypt(&Outgoing::content(&said), &sender, &mut alice.rng).unwrap();
            let message = staged.commit();
            let session = bob.sessions.get_mut(&to_alice).unwrap();
            let mut damaged = message.clone();
            damaged[200] ^= 1;
            assert!(session.decrypt(&damaged, bob.account.keys(), &mut bob.rng).is_err());
            let received = session.decrypt(&message, bob.account.keys(), &mut bob.rng).unwrap().commit();
            assert_eq!(received.content[..], said);
            let answer = Outgoing::dummy();
            let sender = subrosa::rose::Sender { certificate: &bob.certificate, contact: None, now: bob.now };
            let message = session.encrypt(&answer, &sender, &mut bob.rng).unwrap().commit();
            let session = alice.sessions.get_mut(&to_bob).unwrap();
            drop(session.decrypt(&message, alice.account.keys(), &mut alice.rng).unwrap().commit());
        });
    }
    watch_record(&watch, &alice, to_bob);
    watch.over(|| drop(alice.sessions.remove(&to_bob)));
    watch.assert_nothing_freed();
}

#[test]
fn what_a_first_contact_is_made_of_is_wiped() {
    let watch = Watch::begin();
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 31);
    let mut bob = Device::new(&service, "bob", 1, 32);
    let bundle = bob.bundle(Class::OneTime);
    // What Alice draws: her ephemeral key, both KEMs' randomness, her first ratchet key.
    let mut draws = alice.rng.clone();
    for name in ["ephemeral key", "randomness for the prekey", "randomness for the identity", "ratchet key"] {
        let mut draw = [0; 32];
        draws.fill_bytes(&mut draw);
        // The first and the last byte of X25519 keys are clamped.
        watch.secret(name, &draw[8..24]);
    }
    let said = text(77);
    watch.secret("text", &said);
    let mut session = subrosa::rose::Session::new(bob.name());
    let trust = subrosa::rose::Trust::Anyone;
    let bundle = subrosa::rose::VerifiedBundle::verify(&bundle, &session, trust, alice.now).unwrap();
    watch.over(|| {
        let keys = alice.account.keys();
        session.initiate(keys, bundle, false, alice.now, &mut alice.rng).unwrap().commit();
        let sender = subrosa::rose::Sender { certificate: &alice.certificate, contact: None, now: alice.now };
        let message = session.encrypt(&Outgoing::content(&said), &sender, &mut alice.rng).unwrap().commit();
        let first = bob.account.open(&message).unwrap();
        let mut theirs = subrosa::rose::Session::new(alice.name());
        let admission =
            subrosa::rose::Admission { issuers: &bob.issuers, trust, policy: bob.policy, now: bob.now };
        let staged = bob.account.receive_first(&mut theirs, &first, &admission, &mut bob.rng).unwrap();
        assert_eq!(staged.commit().content[..], said);
        drop((session, theirs));
    });
    watch.assert_nothing_freed();
}

#[test]
fn group_keys_are_wiped() {
    let watch = Watch::begin();
    let [mut alice, bob] = pair(40, false);
    let said = text(5);
    watch.secret("text", &said);
    let mut key = GroupKey::generate([3; 32], &mut alice.rng).commit();
    let distribution = key.distribution(&bob.name());
    for (name, at) in [("chain key", 24), ("header key", 56), ("tag key", 88)] {
        watch.secret(name, &distribution.as_bytes()[at..at + 32]);
    }
    watch.over(|| {
        let mut keys = GroupKeys::new(alice.name(), *key.id(), false);
        keys.learn(distribution.as_bytes(), 0).unwrap().commit();
        let message = GroupOutgoing { content: &said, at_least: 0, report: None };
        let to = [(*bob.name().as_bytes(), bob.name())];
        let upload = key.encrypt(&message, &alice.name(), to, &mut alice.rng).unwrap().commit();
        let upload = subrosa::rose::Upload::parse(&upload).unwrap();
        let (_, message) = upload.deliveries().next().unwrap();
        assert_eq!(keys.decrypt(&message).unwrap().commit().content[..], said);
        key.rotate(&mut alice.rng).unwrap().commit();
    });
    watch.assert_nothing_freed();
}
