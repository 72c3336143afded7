// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a stage promises: nothing changes before it is committed, and what it says is to be stored is what
//! the change makes. That there can't be two of one state, and that no output comes out without a commit, does
//! not compile otherwise; the doc tests of `Staged` show it.

use crate::device::{Device, Letter, Offer};

use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId,
    SignedPreKey, SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::{KemPreKeyEffect, MessageKind, Record, Session, SessionEffects, Staged, Trust};

/// Prepares an operation on a session, and has its stage looked at.
type Operation = Box<dyn Fn(&mut Device, &mut Session, &mut dyn FnMut(Stage<'_>))>;

/// A device and its peer before an operation, and the operation.
struct Case {
    name: &'static str,
    device: Device,
    peer: Device,
    run: Operation,
    effects: SessionEffects,
}

/// A stage, whatever its output is.
enum Stage<'a> {
    Unit(Staged<'a, Session, ()>),
    Ciphertext(Staged<'a, Session, subrosa::Ciphertext>),
    Plaintext(Staged<'a, Session, subrosa::Plaintext>),
}

impl Stage<'_> {
    fn record(&self) -> Record {
        match self {
            Self::Unit(staged) => staged.record(),
            Self::Ciphertext(staged) => staged.record(),
            Self::Plaintext(staged) => staged.record(),
        }
    }

    const fn effects(&self) -> &SessionEffects {
        match self {
            Self::Unit(staged) => staged.effects(),
            Self::Ciphertext(staged) => staged.effects(),
            Self::Plaintext(staged) => staged.effects(),
        }
    }

    fn commit(self) {
        match self {
            Self::Unit(staged) => staged.commit(),
            Self::Ciphertext(staged) => drop(staged.commit()),
            Self::Plaintext(staged) => drop(staged.commit()),
        }
    }

    fn commit_with(
        self,
        store: impl FnOnce(&Record, &SessionEffects) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        match self {
            Self::Unit(staged) => staged.commit_with(store),
            Self::Ciphertext(staged) => staged.commit_with(store).map(drop),
            Self::Plaintext(staged) => staged.commit_with(store).map(drop),
        }
    }
}

fn saves_identity_of(peer: &Device) -> SessionEffects {
    let mut effects = SessionEffects::default();
    effects.save_identity = Some(*peer.identity.public());
    effects
}

fn receive(letter: Letter) -> Operation {
    if letter.kind == MessageKind::Whisper {
        return Box::new(move |device, session, look| {
            let message = SignalMessage::parse(&letter.bytes).unwrap();
            look(Stage::Plaintext(session.decrypt(&message, Trust::Anyone, &mut device.rng).unwrap()));
        });
    }
    Box::new(move |device, session, look| {
        let message = PreKeySignalMessage::parse(&letter.bytes).unwrap();
        let store = &device.store;
        let signed = SignedPreKey::from_record(&store.signed_pre_keys[&0]).unwrap();
        let last = LastResortKemPreKey::from_record(&store.last_resort_kem_pre_keys[&0]).unwrap();
        let local = session::Config::new(&device.identity, device.registration_id);
        let staged = match session.admit(&local, &message, Trust::Anyone).unwrap() {
            Admission::Known(known) => known.decrypt(&mut device.rng).unwrap(),
            Admission::New(new) => {
                let needed = new.needed();
                let one_time = needed.one_time.map(|id| &store.one_time_pre_keys[&id.0]);
                let one_time = one_time.map(|record| OneTimePreKey::from_record(record).unwrap());
                let kem = store.one_time_kem_pre_keys.get(&needed.kem.unwrap().kem.0);
                let kem = match kem {
                    Some(record) => KemKey::OneTime(OneTimeKemPreKey::from_record(record).unwrap()),
                    None => KemKey::LastResort { key: &last, used_before: false },
                };
                let keys = PreKeys { signed: &signed, one_time, kem: Some(kem) };
                new.accept(keys, &mut device.rng).unwrap()
            }
        };
        look(Stage::Plaintext(staged));
    })
}

/// One case for each kind of change there is.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name, device: Device, peer: Device, run, effects| {
        cases.push(Case { name, device, peer, run, effects });
    };

    for (name, greeted) in [("initiate", false), ("initiate again", true)] {
        let [mut alice, mut bob] = if greeted { Device::acquainted(1) } else { Device::pair(1) };
        let bundle = bob.bundle(Offer::FULL);
        let effects = saves_identity_of(&bob);
        let run: Operation = Box::new(move |device, session, look| {
            let local = session::Config::new(&device.identity, 1);
            let bundle = bundle.clone().verify(Trust::Anyone).unwrap();
            look(Stage::Unit(session.initiate(&local, bundle, device.now, &mut device.rng).unwrap()));
        });
        alice.advance(std::time::Duration::from_secs(1));
        add(name, alice, bob, run, effects);
    }

    let encrypt = || -> Operation {
        Box::new(|device, session, look| {
            let staged = session.encrypt(b"text", Trust::Anyone, device.now, &mut device.rng).unwrap();
            look(Stage::Ciphertext(staged));
        })
    };
    let [alice, bob] = Device::acquainted(2);
    let effects = saves_identity_of(&bob);
    add("encrypt", alice, bob, encrypt(), effects);
    let [mut alice, mut bob] = Device::pair(2);
    alice.begin_with(&mut bob, Offer::FULL);
    let effects = saves_identity_of(&bob);
    add("encrypt, unacknowledged", alice, bob, encrypt(), effects);

    for (name, offer) in [("accept", Offer::FULL), ("accept by the last resort", Offer::LAST_RESORT)] {
        let [mut alice, mut bob] = Device::pair(3);
        alice.begin_with(&mut bob, offer);
        let letter = alice.send(&bob.address, b"text");
        let mut effects = saves_identity_of(&alice);
        effects.delete_one_time_pre_key = offer.one_time.then_some(OneTimePreKeyId(0));
        effects.kem_pre_key = Some(if offer == Offer::FULL {
            KemPreKeyEffect::Delete(KemPreKeyId(1))
        } else {
            KemPreKeyEffect::Remember(KemPreKeyUse {
                kem: KemPreKeyId(0),
                signed: SignedPreKeyId(0),
                base_key: *letter.pre_key().base_key(),
            })
        });
        add(name, bob, alice, receive(letter), effects);
    }

    let [mut alice, mut bob] = Device::pair(4);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let known = alice.send(&bob.address, b"text");
    let effects = saves_identity_of(&alice);
    add("known session", bob, alice, receive(known), effects);

    let [mut alice, mut bob] = Device::pair(4);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let known = alice.send(&bob.address, b"text");
    alice.greet(&mut bob, Offer::FULL);
    let effects = saves_identity_of(&alice);
    add("known archived session", bob, alice, receive(known), effects);

    let [alice, mut bob] = Device::acquainted(5);
    let letter = bob.send(&alice.address, b"text");
    let effects = saves_identity_of(&bob);
    add("decrypt, next", alice, bob, receive(letter), effects);

    let [alice, mut bob] = Device::acquainted(5);
    bob.send(&alice.address, b"skipped");
    let letter = bob.send(&alice.address, b"text");
    let effects = saves_identity_of(&bob);
    add("decrypt, ahead", alice, bob, receive(letter), effects);

    let [mut alice, mut bob] = Device::acquainted(5);
    let letter = bob.send(&alice.address, b"text");
    bob.tell(&mut alice, b"ahead");
    let effects = saves_identity_of(&bob);
    add("decrypt, skipped", alice, bob, receive(letter), effects);

    let [mut alice, mut bob] = Device::acquainted(6);
    for _ in 0..6 {
        alice.tell(&mut bob, b"turn");
        bob.send(&alice.address, b"skipped");
        bob.tell(&mut alice, b"turn");
    }
    alice.tell(&mut bob, b"turn");
    bob.send(&alice.address, b"skipped");
    let letter = bob.send(&alice.address, b"text");
    let effects = saves_identity_of(&bob);
    add("decrypt, a turn that drops a chain", alice, bob, receive(letter), effects);

    let [mut alice, mut bob] = Device::acquainted(7);
    let letter = bob.send(&alice.address, b"text");
    alice.greet(&mut bob, Offer::FULL);
    alice.greet(&mut bob, Offer::FULL);
    let effects = saves_identity_of(&bob);
    add("decrypt, archived", alice, bob, receive(letter), effects);

    let [mut alice, mut bob] = Device::pair(7);
    alice.begin_with(&mut bob, Offer::FULL);
    let archive = || -> Operation { Box::new(|_, session, look| look(Stage::Unit(session.archive()))) };
    add("archive", alice, bob, archive(), SessionEffects::default());
    let [alice, bob] = Device::pair(8);
    add("archive nothing", alice, bob, archive(), SessionEffects::default());
    cases
}

fn for_each_case(mut check: impl FnMut(&str, &mut Case, &mut Session)) {
    for mut case in cases() {
        let mut session = case.device.session(&case.peer.address).unwrap();
        check(case.name, &mut case, &mut session);
    }
}

#[test]
fn a_dropped_stage_changes_nothing() {
    for_each_case(|name, case, session| {
        let before = session.record();
        (case.run)(&mut case.device, session, &mut |stage| drop(stage));
        assert_eq!(session.record().as_bytes(), before.as_bytes(), "{name}");
        // And so the operation can be done again.
        (case.run)(&mut case.device, session, &mut |stage| stage.commit());
        assert_ne!(session.record().as_bytes(), before.as_bytes(), "{name}");
    });
}

#[test]
fn a_failing_store_changes_nothing() {
    for_each_case(|name, case, session| {
        let before = session.record();
        (case.run)(&mut case.device, session, &mut |stage| {
            assert_eq!(stage.commit_with(|_, _| Err("disk full")), Err("disk full"), "{name}");
        });
        assert_eq!(session.record().as_bytes(), before.as_bytes(), "{name}");
        (case.run)(&mut case.device, session, &mut |stage| stage.commit());
    });
}

#[test]
fn the_staged_record_is_the_record_after_the_commit() {
    for_each_case(|name, case, session| {
        let generation = session.generation();
        let mut staged = Vec::new();
        (case.run)(&mut case.device, session, &mut |stage| {
            staged = stage.record().as_bytes().to_vec();
            assert_eq!(stage.record().as_bytes(), staged, "asking changes nothing");
            stage.commit();
        });
        assert_eq!(session.record().as_bytes(), staged, "{name}");
        assert_eq!(session.generation(), generation + 1, "{name}");
        // What was stored reads back as the same session.
        let again = Session::from_record(&staged, session.local().clone(), session.remote().clone()).unwrap();
        assert_eq!(again.record().as_bytes(), staged, "{name}");
        assert_eq!(again.generation(), generation + 1, "{name}");
    });
}

#[test]
fn commit_with_gives_the_closure_what_the_stage_says() {
    for_each_case(|name, case, session| {
        let mut given = None;
        (case.run)(&mut case.device, session, &mut |stage| {
            let expected = (stage.record().as_bytes().to_vec(), stage.effects().clone());
            let outcome = stage.commit_with(|record, effects| {
                given = Some((record.as_bytes().to_vec(), effects.clone()));
                Ok(())
            });
            assert_eq!(outcome, Ok(()), "{name}");
            assert_eq!(given.as_ref(), Some(&expected), "{name}");
        });
        assert_eq!(session.record().as_bytes(), given.unwrap().0, "{name}");
    });
}

#[test]
fn the_effects_are_complete() {
    for_each_case(|name, case, session| {
        let expected = case.effects.clone();
        (case.run)(&mut case.device, session, &mut |stage| {
            assert_eq!(stage.effects(), &expected, "{name}");
        });
    });
}

#[test]
fn a_stage_dropped_uses_up_no_counter() {
    let [mut alice, mut bob] = Device::acquainted(9);
    let mut session = alice.session(&bob.address).unwrap();
    for _ in 0..10 {
        drop(session.encrypt(b"never sent", Trust::Anyone, alice.now, &mut alice.rng).unwrap());
    }
    let sent = session.encrypt(b"sent", Trust::Anyone, alice.now, &mut alice.rng).unwrap().commit();
    let sent = Letter::from(sent);
    assert_eq!(sent.signal().counter(), 0);
    bob.hear(&alice, &sent, b"sent");
}
