// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a stage promises: nothing changes before it is committed, and its writes are what the change makes. That there
//! can't be two of one state, and that no output comes out without a commit, does not compile otherwise; the doc tests of
//! `Staged` show it.

use crate::device::{Device, FoundKeys, Letter, Offer};

use subrosa::prekey::{KemPreKeyId, KemPreKeyUse, OneTimePreKeyId, SignedPreKeyId};
use subrosa::session;
use subrosa::session::manual::Admission;
use subrosa::store::{Key, Write, Writes};
use subrosa::{Session, Staged, Trust};

/// Prepares an operation on a session, and has its stage looked at.
type Operation = Box<dyn Fn(&mut Device, &mut Session, &mut dyn FnMut(Stage<'_>))>;

/// A device and its peer before an operation, and the operation.
struct Case {
    name: &'static str,
    device: Device,
    peer: Device,
    run: Operation,
    /// What is written beside the session.
    beside: Vec<Change>,
}

/// A write beside the session.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Put(Key),
    Delete(Key),
}

/// A stage whose output is of no interest.
type Stage<'a> = Box<dyn Pending + 'a>;

trait Pending {
    fn writes(&self) -> Writes;
    fn commit(self: Box<Self>);
    fn fail(self: Box<Self>);
    fn commit_with(self: Box<Self>, store: &mut dyn FnMut(Writes));
}

impl<T> Pending for Staged<'_, T> {
    fn writes(&self) -> Writes {
        Staged::writes(self)
    }

    fn commit(self: Box<Self>) {
        drop(Staged::commit(*self));
    }

    fn fail(self: Box<Self>) {
        assert_eq!(Staged::commit_with(*self, |_| Err("disk full")).map(drop), Err("disk full"));
    }

    fn commit_with(self: Box<Self>, store: &mut dyn FnMut(Writes)) {
        Staged::commit_with(*self, |writes| {
            store(writes);
            Ok::<(), ()>(())
        })
        .map(drop)
        .unwrap();
    }
}

/// The record and generation of the session, and the other writes.
fn split(writes: Writes) -> (Vec<u8>, u64, Vec<Change>) {
    let (mut session, mut beside) = (None, Vec::new());
    for write in writes {
        match write {
            Write::Put { key: Key::Session(_), record, generation } => {
                assert!(session.is_none(), "two records of a session");
                session = Some((record.as_bytes().to_vec(), generation.unwrap()));
            }
            Write::Put { key, record, generation: None } => {
                assert_eq!(record.kind(), key.kind());
                beside.push(Change::Put(key));
            }
            Write::Delete { key } => beside.push(Change::Delete(key)),
            other @ Write::Put { .. } => panic!("{other:?}"),
        }
    }
    let (record, generation) = session.unwrap();
    (record, generation, beside)
}

fn pins(peer: &Device) -> Vec<Change> {
    vec![Change::Put(Key::Identity(peer.address.name().clone()))]
}

fn receive(letter: Letter) -> Operation {
    Box::new(move |device, session, look| {
        let message = letter.message();
        let config = session::Config::new(&device.identity, device.registration_id);
        match session.receive(&config, &message, Trust::Anyone, &mut device.rng).unwrap() {
            Admission::Decrypted(staged) => look(Box::new(staged)),
            Admission::New(new) => {
                let keys = FoundKeys::find(&device.store, &device.faults, new.needed()).unwrap();
                look(Box::new(new.accept(&keys.lend(), &mut device.rng).unwrap()));
            }
        }
    })
}

/// One case for each kind of change there is.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name, device: Device, peer: Device, run, beside| {
        cases.push(Case { name, device, peer, run, beside });
    };

    for (name, greeted) in [("initiate", false), ("initiate again", true)] {
        let [mut alice, mut bob] = if greeted { Device::acquainted(1) } else { Device::pair(1) };
        let bundle = bob.bundle(Offer::FULL);
        let beside = pins(&bob);
        let run: Operation = Box::new(move |device, session, look| {
            let local = session::Config::new(&device.identity, 1);
            let bundle = bundle.clone().verify(Trust::Anyone).unwrap();
            look(Box::new(session.initiate(&local, bundle, device.now, &mut device.rng).unwrap()));
        });
        alice.advance(std::time::Duration::from_secs(1));
        add(name, alice, bob, run, beside);
    }

    let encrypt = || -> Operation {
        Box::new(|device, session, look| {
            let staged = session.encrypt(b"text", Trust::Anyone, device.now, &mut device.rng).unwrap();
            look(Box::new(staged));
        })
    };
    let [alice, bob] = Device::acquainted(2);
    let beside = pins(&bob);
    add("encrypt", alice, bob, encrypt(), beside);
    let [mut alice, mut bob] = Device::pair(2);
    alice.begin_with(&mut bob, Offer::FULL);
    let beside = pins(&bob);
    add("encrypt, unacknowledged", alice, bob, encrypt(), beside);

    for (name, offer) in [("accept", Offer::FULL), ("accept by the last resort", Offer::LAST_RESORT)] {
        let [mut alice, mut bob] = Device::pair(3);
        alice.begin_with(&mut bob, offer);
        let letter = alice.send(&bob.address, b"text");
        let mut beside = pins(&alice);
        beside.extend(offer.one_time.then_some(Change::Delete(Key::OneTimePreKey(OneTimePreKeyId(0)))));
        beside.push(if offer == Offer::FULL {
            Change::Delete(Key::OneTimeKemPreKey(KemPreKeyId(1)))
        } else {
            Change::Put(Key::KemPreKeyUse(KemPreKeyUse {
                kem: KemPreKeyId(0),
                signed: SignedPreKeyId(0),
                base_key: *letter.pre_key().base_key(),
            }))
        });
        add(name, bob, alice, receive(letter), beside);
    }

    let [mut alice, mut bob] = Device::pair(4);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let known = alice.send(&bob.address, b"text");
    // What was pinned since the session began is newer than the session.
    add("known session", bob, alice, receive(known), Vec::new());

    let [mut alice, mut bob] = Device::pair(4);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let known = alice.send(&bob.address, b"text");
    alice.greet(&mut bob, Offer::FULL);
    add("known archived session", bob, alice, receive(known), Vec::new());

    let [alice, mut bob] = Device::acquainted(5);
    let letter = bob.send(&alice.address, b"text");
    add("decrypt, next", alice, bob, receive(letter), Vec::new());

    let [alice, mut bob] = Device::acquainted(5);
    bob.send(&alice.address, b"skipped");
    let letter = bob.send(&alice.address, b"text");
    add("decrypt, ahead", alice, bob, receive(letter), Vec::new());

    let [mut alice, mut bob] = Device::acquainted(5);
    let letter = bob.send(&alice.address, b"text");
    bob.tell(&mut alice, b"ahead");
    add("decrypt, skipped", alice, bob, receive(letter), Vec::new());

    let [mut alice, mut bob] = Device::acquainted(6);
    for _ in 0..6 {
        alice.tell(&mut bob, b"turn");
        bob.send(&alice.address, b"skipped");
        bob.tell(&mut alice, b"turn");
    }
    alice.tell(&mut bob, b"turn");
    bob.send(&alice.address, b"skipped");
    let letter = bob.send(&alice.address, b"text");
    add("decrypt, a DH ratchet step that drops a chain", alice, bob, receive(letter), Vec::new());

    let [mut alice, mut bob] = Device::acquainted(7);
    let letter = bob.send(&alice.address, b"text");
    alice.greet(&mut bob, Offer::FULL);
    alice.greet(&mut bob, Offer::FULL);
    add("decrypt, archived", alice, bob, receive(letter), Vec::new());

    let [mut alice, mut bob] = Device::pair(7);
    alice.begin_with(&mut bob, Offer::FULL);
    let archive = || -> Operation { Box::new(|_, session, look| look(Box::new(session.archive().unwrap()))) };
    add("archive", alice, bob, archive(), vec![]);
    let [alice, bob] = Device::pair(8);
    add("archive nothing", alice, bob, archive(), vec![]);
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
        (case.run)(&mut case.device, session, &mut |stage| stage.fail());
        assert_eq!(session.record().as_bytes(), before.as_bytes(), "{name}");
        (case.run)(&mut case.device, session, &mut |stage| stage.commit());
    });
}

#[test]
fn the_staged_record_is_the_record_after_the_commit() {
    for_each_case(|name, case, session| {
        let before = session.generation();
        let mut staged = Vec::new();
        (case.run)(&mut case.device, session, &mut |stage| {
            let (record, generation, _) = split(stage.writes());
            assert_eq!(generation, before + 1, "{name}");
            assert_eq!(split(stage.writes()).0, record, "asking changes nothing");
            staged = record;
            stage.commit();
        });
        assert_eq!(session.record().as_bytes(), staged, "{name}");
        assert_eq!(session.generation(), before + 1, "{name}");
        // What was stored reads back as the same session.
        let again = Session::from_record(&staged, session.local().clone(), session.remote().clone()).unwrap();
        assert_eq!(again.record().as_bytes(), staged, "{name}");
        assert_eq!(again.generation(), before + 1, "{name}");
    });
}

#[test]
fn commit_with_gives_the_store_the_writes_of_the_stage() {
    for_each_case(|name, case, session| {
        let mut given = None;
        (case.run)(&mut case.device, session, &mut |stage| {
            let expected = split(stage.writes());
            stage.commit_with(&mut |writes| given = Some(split(writes)));
            assert_eq!(given.as_ref(), Some(&expected), "{name}");
        });
        assert_eq!(session.record().as_bytes(), given.unwrap().0, "{name}");
    });
}

#[test]
fn all_that_belongs_to_a_change_is_written() {
    for_each_case(|name, case, session| {
        let expected = case.beside.clone();
        (case.run)(&mut case.device, session, &mut |stage| {
            assert_eq!(split(stage.writes()).2, expected, "{name}");
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
