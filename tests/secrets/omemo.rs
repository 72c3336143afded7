// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO wipes its keys, and key material, in both versions.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::omemo::{Account, Message, Outgoing, Session, Trust, UsedPreKey, Version, inspect, payload};

use super::heap::Watch;
use super::omemo_party::Party;
use super::on_the_stack::{Named, check_named};

/// All secrets of a session.
fn secrets_of(session: &Session) -> Named {
    let Some(shown) = inspect::session(session) else { return Vec::new() };
    let mut secrets = vec![
        ("root key", shown.root.as_bytes().to_vec()),
        ("ratchet key", shown.own_private.to_vec()),
        ("sending chain key", shown.sending.as_bytes().to_vec()),
    ];
    secrets.extend(shown.receiving.map(|key| ("receiving chain key", key.as_bytes().to_vec())));
    secrets.extend(shown.skipped.iter().map(|(_, _, key)| ("skipped key", key.to_vec())));
    secrets
}

fn watch_session(watch: &Watch, session: &Session) {
    for (name, secret) in secrets_of(session) {
        watch.secret(name, &secret);
    }
}

/// Sends a text to the other, who reads it unless it is lost.
fn say(from: &mut Party, watch: &Watch, other: &mut Party, lost: bool) {
    let mut said = [0; 48];
    from.rng.fill_bytes(&mut said);
    watch.secret("key material", &said);
    watch.over(|| {
        drop(from.session.encrypt(&said).unwrap());
        let sent = from.session.encrypt(&said).unwrap().commit();
        if lost {
            return;
        }
        let mut damaged = sent.as_bytes().to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        for (bytes, good) in [(&damaged[..], false), (sent.as_bytes(), true)] {
            let Ok(message) = Message::parse(from.account.version(), sent.kind(), bytes) else { continue };
            let received = other.receive(&message, UsedPreKey::Delete);
            assert_eq!(received.is_ok(), good);
            if let Ok(received) = received {
                assert_eq!(received.plaintext(), said);
            }
        }
    });
    watch_session(watch, &from.session);
    watch_session(watch, &other.session);
}

#[test]
fn keys_and_texts_of_a_conversation_are_wiped() {
    for version in [Version::Two, Version::Legacy] {
        let watch = Watch::begin();
        let [mut alice, mut bob] = watch.over(|| Party::pair(version));
        watch_session(&watch, &alice.session);
        for turn in 0..6 {
            say(&mut alice, &watch, &mut bob, turn % 2 == 1);
            say(&mut alice, &watch, &mut bob, false);
            say(&mut bob, &watch, &mut alice, turn % 3 == 2);
            say(&mut bob, &watch, &mut alice, false);
        }
        watch.over(|| drop((alice, bob)));
        watch.assert_nothing_freed();
    }
}

#[test]
fn keys_of_payloads_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut text = [0; 64];
    ChaCha20Rng::seed_from_u64(4).fill_bytes(&mut text);
    watch.secret("text", &text);
    let sealed =
        [payload::Two::seal(&text, &mut rng.clone()), payload::Legacy::seal(&text, &mut rng.clone())];
    for sealed in &sealed {
        watch.secret("key material", &sealed.key_material);
    }
    watch.over(|| {
        let two = payload::Two::seal(&text, &mut rng.clone());
        assert_eq!(payload::Two::open(&two.payload, &two.key_material).unwrap()[..], text);
        let legacy = payload::Legacy::seal(&text, &mut rng);
        let opened = payload::Legacy::open(&legacy.payload, &legacy.iv.unwrap(), &legacy.key_material);
        assert_eq!(opened.unwrap()[..], text);
    });
    watch.assert_nothing_freed();
}

/// Makes a change and looks for what it leaves of secrets that are gone; on a copy first, to learn which are.
fn check_session(name: &str, party: &mut Party, said: &[u8], change: impl Fn(&mut Party) + Sync) {
    let account = Account::from_record(party.account.record().as_bytes()).unwrap();
    let session =
        Session::from_record(party.session.record().as_bytes(), party.session.remote().clone()).unwrap();
    let mut copy = Party { account, session, rng: party.rng.clone() };
    change(&mut copy);
    let (mut secrets, after) = (secrets_of(&party.session), secrets_of(&copy.session));
    secrets.retain(|(_, secret)| after.iter().all(|(_, kept)| kept != secret));
    secrets.push(("key material", said.to_vec()));
    let name = format!("OMEMO {}, {name}", if party.account.version() == Version::Two { "2" } else { "0.3" });
    check_named(&name, &secrets, || change(party));
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn what_messages_leave_on_the_stack() {
    for version in [Version::Two, Version::Legacy] {
        let (mut alice, mut bob) = (Box::new(Party::new(version, 1)), Box::new(Party::new(version, 2)));
        let mut said = [0; 48];
        ChaCha20Rng::seed_from_u64(70).fill_bytes(&mut said);
        let bundle = Box::new(bob.account.bundle().unwrap().verify(None).unwrap());
        check_session("begin", &mut alice, &said, |Party { account, session, rng }| {
            session.begin(account, &bundle, Trust::Anyone, rng).unwrap().commit();
        });
        check_session("encrypt", &mut alice, &said, |party| {
            drop(party.session.encrypt(&said).unwrap().commit());
        });
        let [first, second] = [(); 2].map(|()| alice.session.encrypt(&said).unwrap().commit());
        let receive = |sent: &Outgoing, party: &mut Party| {
            let message = Message::parse(version, sent.kind(), sent.as_bytes()).unwrap();
            drop(party.receive(&message, UsedPreKey::Delete).unwrap());
        };
        check_session("receive a first message", &mut bob, &said, |bob| receive(&first, bob));
        receive(&second, &mut bob);
        let [step, next] = [(); 2].map(|()| bob.session.encrypt(&said).unwrap().commit());
        check_session("decrypt, with a ratchet step", &mut alice, &said, |alice| receive(&step, alice));
        check_session("decrypt", &mut alice, &said, |alice| receive(&next, alice));
    }
}
