// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile wipes its keys, and what was said.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{
    Admission, Class, Outgoing, RoseKey, Sender, Session, Trust, VerifiedBundle, seal_for_many,
};
use subrosa::store::Key;

use super::heap::Watch;
use super::on_the_stack::{Named, check_named};
use super::parties::{Device, Service, pair};

/// What no other bytes are alike.
fn text(seed: u64) -> [u8; 100] {
    let mut out = [0; 100];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut out);
    out
}

/// The secrets of a session, out of its record: root key, own private key, chain and header keys, at the places that
/// `docs/records.md` gives for a state of an initiator that is Hybrid.
pub fn secrets_of(session: &Session) -> Named {
    let record = session.record();
    let ratchet = &record.as_bytes()[4 + 8 + 1 + 127 + 1 + 69 + 3..];
    let secret = |(name, at): (&'static str, usize)| (name, ratchet[at..at + 32].to_vec());
    [
        ("root key", 0),
        ("ratchet key", 64),
        ("sending chain key", 130),
        ("sending header key", 166),
        ("next sending header key", 206),
        ("receiving chain key", 239),
        ("receiving header key", 275),
        ("next receiving header key", 316),
    ]
    .map(secret)
    .to_vec()
}

fn watch_all(watch: &Watch, secrets: Named) {
    for (name, secret) in secrets {
        watch.secret(name, &secret);
    }
}

/// What the initiator of a session draws: its ephemeral key, the randomness of both KEMs, its first ratchet key. Of each
/// what is not clamped.
fn drawn(mut rng: ChaCha20Rng) -> Named {
    let draw = |name| {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        (name, bytes[8..24].to_vec())
    };
    ["ephemeral key", "randomness for the prekey", "randomness for the identity", "ratchet key"]
        .map(draw)
        .to_vec()
}

#[test]
fn keys_and_texts_of_a_conversation_are_wiped() {
    let watch = Watch::begin();
    let [mut alice, mut bob] = pair(1, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    for turn in 0..12 {
        watch_all(&watch, secrets_of(&alice.sessions[&to_bob]));
        let said = text(turn);
        watch.secret("text", &said);
        watch.over(|| {
            let staged_and_dropped = alice.sessions.get_mut(&to_bob).unwrap();
            let sender = Sender { certificate: &alice.certificate, contact: None, now: alice.now };
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
            let sender = Sender { certificate: &bob.certificate, contact: None, now: bob.now };
            let message = session.encrypt(&answer, &sender, &mut bob.rng).unwrap().commit();
            let session = alice.sessions.get_mut(&to_bob).unwrap();
            drop(session.decrypt(&message, alice.account.keys(), &mut alice.rng).unwrap().commit());
        });
    }
    watch_all(&watch, secrets_of(&alice.sessions[&to_bob]));
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
    watch_all(&watch, drawn(alice.rng.clone()));
    let said = text(77);
    watch.secret("text", &said);
    let mut session = Session::new(bob.name());
    let trust = Trust::Anyone;
    let bundle = VerifiedBundle::verify(&bundle, &session, trust, alice.now).unwrap();
    watch.over(|| {
        let keys = alice.account.keys();
        session.initiate(keys, bundle, false, alice.now, &mut alice.rng).unwrap().commit();
        let sender = Sender { certificate: &alice.certificate, contact: None, now: alice.now };
        let message = session.encrypt(&Outgoing::content(&said), &sender, &mut alice.rng).unwrap().commit();
        let first = bob.account.open(&message).unwrap();
        let mut theirs = Session::new(alice.name());
        let admission = Admission { issuers: &bob.issuers, trust, policy: bob.policy, now: bob.now };
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

/// Makes a change and looks for what it leaves of secrets that are gone; on a copy first, to learn which are.
fn check_session(
    name: &str,
    session: &mut Session,
    said: &[u8],
    rng: &mut ChaCha20Rng,
    change: impl Fn(&mut Session, &mut ChaCha20Rng) + Sync,
) {
    let mut copy = Session::from_record(session.record().as_bytes(), session.remote()).unwrap();
    change(&mut copy, &mut rng.clone());
    let (mut secrets, after) = (secrets_of(session), secrets_of(&copy));
    secrets.retain(|(_, secret)| after.iter().all(|(_, kept)| kept != secret));
    secrets.push(("text", said.to_vec()));
    check_named(name, &secrets, || change(session, rng));
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn what_messages_leave_on_the_stack() {
    let [mut alice, mut bob] = pair(60, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let said = text(60);
    let mut session = Box::new(alice.sessions.remove(&to_bob).unwrap());
    let sender = Sender { certificate: &alice.certificate, contact: None, now: alice.now };
    check_session("rose, encrypt", &mut session, &said, &mut alice.rng, |session, rng| {
        drop(session.encrypt(&Outgoing::content(&said), &sender, rng).unwrap().commit());
    });
    check_session("rose, seal for many", &mut session, &said, &mut alice.rng, |session, rng| {
        drop(seal_for_many([(b"mailbox", session)], (&said, 0), &sender, rng).unwrap().commit());
    });
    let message = session.encrypt(&Outgoing::dummy(), &sender, &mut alice.rng).unwrap().commit();
    bob.receive(&message, false).unwrap();
    for name in ["rose, decrypt, with a ratchet step", "rose, decrypt"] {
        let message = bob.send(to_alice, &Outgoing::content(&said)).unwrap();
        check_session(name, &mut session, &said, &mut alice.rng, |session, rng| {
            drop(session.decrypt(&message, alice.account.keys(), rng).unwrap().commit());
        });
    }
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn what_a_first_contact_leaves_on_the_stack() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 61);
    let mut bob = Device::new(&service, "bob", 1, 62);
    let bundle = bob.bundle(Class::OneTime);
    let said = text(61);
    let mut secrets = drawn(alice.rng.clone());
    secrets.push(("text", said.to_vec()));
    let prekey = |key: &Vec<u8>| matches!(Key::from_bytes(key), Ok(Key::Rose(RoseKey::HybridPreKey(_))));
    let (_, record) = bob.store.rows.iter().find(|(key, _)| prekey(key)).unwrap();
    // Behind the public form: the private key, and the seed of the KEM.
    secrets.push(("prekey", record[record.len() - 96..].to_vec()));

    let mut session = Box::new(Session::new(bob.name()));
    let bundle = VerifiedBundle::verify(&bundle, &session, Trust::Anyone, alice.now).unwrap();
    let (keys, now) = (alice.account.keys(), alice.now);
    let mut bundle = Some(Box::new(bundle));
    check_named("rose, initiate", &secrets, || {
        let bundle = *bundle.take().unwrap();
        session.initiate(keys, bundle, false, now, &mut alice.rng).unwrap().commit();
    });
    let sender = Sender { certificate: &alice.certificate, contact: None, now };
    let mut message = Vec::new();
    check_named("rose, encrypt a first contact", &secrets, || {
        message = session.encrypt(&Outgoing::content(&said), &sender, &mut alice.rng).unwrap().commit();
    });
    let mut first = None;
    check_named("rose, open a first contact", &secrets, || {
        first = Some(Box::new(bob.account.open(&message).unwrap()));
    });
    let (first, mut theirs) = (first.unwrap(), Box::new(Session::new(alice.name())));
    let admission = Admission { issuers: &bob.issuers, trust: Trust::Anyone, policy: bob.policy, now };
    check_named("rose, receive a first contact", &secrets, || {
        drop(bob.account.receive_first(&mut theirs, &first, &admission, &mut bob.rng).unwrap().commit());
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn what_a_group_leaves_on_the_stack() {
    let [mut alice, bob] = pair(63, false);
    let said = text(63);
    let mut key = Box::new(GroupKey::generate([3; 32], &mut alice.rng).commit());
    let distribution = key.distribution(&bob.name());
    let secret = |(name, at): (&'static str, usize)| (name, distribution.as_bytes()[at..at + 32].to_vec());
    let mut secrets = [("chain key", 24), ("header key", 56), ("tag key", 88)].map(secret).to_vec();
    secrets.push(("text", said.to_vec()));
    let mut keys = Box::new(GroupKeys::new(alice.name(), *key.id(), false));
    keys.learn(distribution.as_bytes(), 0).unwrap().commit();
    let (own, to) = (alice.name(), [(*bob.name().as_bytes(), bob.name())]);
    let mut upload = Vec::new();
    check_named("rose group, encrypt", &secrets, || {
        let message = GroupOutgoing { content: &said, at_least: 0, report: None };
        upload = key.encrypt(&message, &own, to, &mut alice.rng).unwrap().commit();
    });
    let upload = subrosa::rose::Upload::parse(&upload).unwrap();
    let (_, message) = upload.deliveries().next().unwrap();
    check_named("rose group, decrypt", &secrets, || drop(keys.decrypt(&message).unwrap().commit()));
}

#[test]
fn prekeys_are_wiped_wherever_they_were() {
    let watch = Watch::begin();
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 71);
    let mut bob = watch.over(|| Device::new(&service, "bob", 1, 72));
    // Drawn for each: the private key of X25519 and the seed of the KEM, and what a signature needs.
    let mut draws = bob.rng.clone();
    for _ in 0..40 {
        let mut draw = [0; 160];
        draws.fill_bytes(&mut draw);
        watch.secret("private key of a prekey", &draw[8..24]);
        watch.secret("seed of a prekey", &draw[32..96]);
    }
    watch.over(|| {
        let staged = bob.account.new_prekeys((Class::OneTime, 40), bob.now, &mut bob.rng).unwrap();
        drop(staged.commit());
    });
    let mut draws = bob.rng.clone();
    for _ in 0..6 {
        let mut draw = [0; 96];
        draws.fill_bytes(&mut draw);
        watch.secret("sealing prekey", &draw[..32]);
        watch.over(|| drop(bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap().commit()));
    }
    for id in (2..42).step_by(3) {
        let bundle = bob.account.bundle(id).unwrap();
        alice.begin(&bundle, false);
        let message = alice.send(bob.name(), &Outgoing::dummy()).unwrap();
        watch.over(|| {
            let first = bob.account.open(&message).unwrap();
            let mut theirs = Session::new(alice.name());
            let admission =
                Admission { issuers: &bob.issuers, trust: Trust::Anyone, policy: bob.policy, now: bob.now };
            drop(bob.account.receive_first(&mut theirs, &first, &admission, &mut bob.rng).unwrap().commit());
        });
        alice.sessions.clear();
    }
    watch.over(|| drop(bob));
    watch.assert_nothing_freed();
}
