// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rules.

use std::thread;

use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::store::{Key, Memory};
use subrosa::{Account, os_rng};
use subrosa_stores::{Queue, StoreError, Transaction};

use crate::subject::{Opened, Subject, open_place};
use crate::world::{self, LIMITS, alice, bob};

pub type Rule = fn(&dyn Subject);

pub const ALL: &[Rule] = &[
    what_is_stored_is_given_back,
    an_outdated_stage_is_refused_whole,
    two_stages_of_one_state_are_not_stored_together,
    a_crash_before_changes_nothing,
    a_crash_after_loses_nothing,
    two_writers_lose_no_change,
    a_queue_keeps_its_order,
    bulk_is_the_same_as_one_by_one,
    what_is_deleted_is_gone,
    another_key_is_refused,
    contents_are_sealed,
];

fn new_account(store: &mut dyn Opened) -> Account {
    world::account(&mut |writes| store.apply(writes.into()).unwrap())
}

fn account_of(store: &dyn Opened) -> Account {
    store.bulk().account(&bob(), LIMITS).unwrap().unwrap()
}

fn records(memory: &Memory) -> Vec<(Key, Vec<u8>)> {
    memory.keys().map(|key| (key.clone(), memory.get(key).unwrap().as_bytes().to_vec())).collect()
}

pub fn what_is_stored_is_given_back(subject: &dyn Subject) {
    let (account, key, receiver, session);
    {
        let mut store = subject.open();
        let mut ours = new_account(&mut *store);
        let message = &world::messages(&ours, 1)[0];
        let mut with_alice = ours.new_session(&alice());
        assert!(world::receive(&mut ours, &mut with_alice, message, |writes, _| {
            store.apply(writes.into()).is_ok()
        }));
        let id = DistributionId::generate(&mut os_rng());
        let mut sender = SenderKey::generate(id, &mut os_rng());
        let distribution = sender.distribution();
        sender
            .encrypt(b"group", &mut os_rng())
            .unwrap()
            .commit_with(|writes| store.apply(writes.into()))
            .unwrap();
        let mut keys = ReceiverKeys::new(alice(), id);
        let staged = keys
            .process(
                &DistributionMessage::parse(&distribution).unwrap(),
                with_alice.remote_identity().unwrap(),
            )
            .unwrap();
        staged.commit_with(|writes| store.apply(writes.into())).unwrap();
        (account, session, key, receiver) = (ours, with_alice, sender, keys);
    }
    let memory = subject.open().bulk();
    let read = memory.account(&bob(), LIMITS).unwrap().unwrap();
    assert_eq!(read.record().as_bytes(), account.record().as_bytes());
    assert_eq!(read.rows().len(), account.rows().len());
    assert_eq!(memory.session(&bob(), &alice()).unwrap().record().as_bytes(), session.record().as_bytes());
    assert_eq!(memory.identity(alice().name()).unwrap().as_ref(), session.remote_identity());
    let format = key.format();
    assert_eq!(memory.sender_key(format).unwrap().unwrap().record().as_bytes(), key.record().as_bytes());
    let read = memory.receiver_keys(&alice(), format).unwrap();
    assert_eq!(read.record().as_bytes(), receiver.record().as_bytes());
}

pub fn an_outdated_stage_is_refused_whole(subject: &dyn Subject) {
    let mut store = subject.open();
    let mut first = new_account(&mut *store);
    let mut second = account_of(&*store);
    first.advance().unwrap().commit_with(|writes| store.apply(writes.into())).unwrap();
    let before = records(&store.bulk());
    let staged = second.advance().unwrap();
    let other = SenderKey::generate(DistributionId::generate(&mut os_rng()), &mut os_rng());
    let mut other = other;
    let also = other.encrypt(b"", &mut os_rng()).unwrap();
    let transaction = Transaction::of(also.writes()).and(staged.writes()).send("x", b"y").received("x", b"y");
    let refused = store.apply(transaction);
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(records(&store.bulk()), before);
    assert!(store.entries(Queue::Outbox).is_empty() && store.entries(Queue::Inbox).is_empty());
    // Read back, it goes on.
    drop((staged, also));
    let mut again = account_of(&*store);
    again.advance().unwrap().commit_with(|writes| store.apply(writes.into())).unwrap();
}

pub fn two_stages_of_one_state_are_not_stored_together(subject: &dyn Subject) {
    let mut store = subject.open();
    let mut first = new_account(&mut *store);
    let one = first.advance().unwrap();
    let writes = one.writes();
    one.commit();
    let two = first.advance().unwrap().writes();
    assert!(matches!(store.apply(Transaction::of(writes).and(two)), Err(StoreError::Stale(_))));
}

pub fn a_crash_before_changes_nothing(subject: &dyn Subject) {
    let mut store = subject.open();
    let mut account = new_account(&mut *store);
    let message = &world::messages(&account, 1)[0];
    let mut session = account.new_session(&alice());
    assert!(!world::receive(&mut account, &mut session, message, |_, _| false));
    drop((store, account, session));
    // After the start the message decrypts.
    let mut store = subject.open();
    let mut account = account_of(&*store);
    let mut session = store.bulk().session(&bob(), &alice()).unwrap();
    assert!(world::receive(&mut account, &mut session, message, |writes, text| {
        text == b"text 0" && store.apply(writes.into()).is_ok()
    }));
}

pub fn a_crash_after_loses_nothing(subject: &dyn Subject) {
    let mut store = subject.open();
    let mut account = new_account(&mut *store);
    let sent = world::messages(&account, 2);
    let mut session = account.new_session(&alice());
    // Stored, and not committed: what an unfinished future leaves behind.
    assert!(!world::receive(&mut account, &mut session, &sent[0], |writes, text| {
        store.apply(Transaction::of(writes).received("alice", text)).unwrap();
        false
    }));
    // The state in memory is one behind. What it makes of the next message is refused.
    assert!(!world::receive(&mut account, &mut session, &sent[1], |writes, _| {
        let refused = store.apply(writes.into());
        assert!(matches!(refused, Err(StoreError::Stale(_))));
        false
    }));
    drop((store, account, session));
    let mut store = subject.open();
    if subject.is_whole() {
        let [entry] = &store.entries(Queue::Inbox)[..] else { panic!("the text is lost") };
        assert_eq!((entry.name.as_str(), entry.content.as_slice()), ("alice", b"text 0".as_slice()));
    }
    let mut account = account_of(&*store);
    let mut session = store.bulk().session(&bob(), &alice()).unwrap();
    assert!(world::receive(&mut account, &mut session, &sent[1], |writes, text| {
        text == b"text 1" && store.apply(writes.into()).is_ok()
    }));
}

pub fn two_writers_lose_no_change(subject: &dyn Subject) {
    const EACH: u64 = 25;
    let before = new_account(&mut *subject.open()).generation();
    let work = |store: &mut dyn Opened| {
        let mut done = 0;
        while done < EACH {
            let mut account = account_of(store);
            let staged = account.advance().unwrap();
            match store.apply(Transaction::of(staged.writes()).send("n", b"n")) {
                Ok(()) => done += 1,
                Err(StoreError::Stale(_) | StoreError::Locked) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    match subject.place().filter(|_| subject.is_shared()) {
        Some(place) => thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| work(&mut *open_place(&place)));
            }
        }),
        None if subject.is_shared() => (0..2).for_each(|_| work(&mut *subject.open())),
        None => {
            let mut held = subject.open();
            let second = subject.open_with(crate::subject::KEY).err();
            assert!(matches!(second, Some(StoreError::Locked)), "{second:?}");
            (0..2).for_each(|_| work(&mut *held));
        }
    }
    let store = subject.open();
    assert_eq!(account_of(&*store).generation(), before + 2 * EACH);
    assert!(!subject.is_whole() || store.entries(Queue::Outbox).len() == 50);
}

pub fn a_queue_keeps_its_order(subject: &dyn Subject) {
    if !subject.is_whole() {
        return;
    }
    let mut store = subject.open();
    for n in 0..12_u8 {
        store.apply(Transaction::new().send("to", &[n]).received("from", &[n, n])).unwrap();
    }
    let sent = store.entries(Queue::Outbox);
    assert_eq!(sent.iter().map(|entry| entry.content[0]).collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    let inbox: Vec<u64> = store.entries(Queue::Inbox).iter().map(|entry| entry.id).collect();
    assert!(inbox.is_sorted() && inbox.len() == 12);
    for entry in &sent {
        store.apply(Transaction::new().done(Queue::Outbox, entry.id)).unwrap();
        // Of the other queue: nothing is removed.
        store.apply(Transaction::new().done(Queue::Inbox, entry.id)).unwrap();
    }
    let last = *inbox.last().unwrap();
    drop(store);
    let mut store = subject.open();
    assert!(store.entries(Queue::Outbox).is_empty());
    assert_eq!(store.entries(Queue::Inbox).len(), 12);
    store.apply(Transaction::new().send("to", b"later")).unwrap();
    let later = &store.entries(Queue::Outbox)[0];
    assert!(later.id > last, "numbers are not given out again");
}

pub fn bulk_is_the_same_as_one_by_one(subject: &dyn Subject) {
    let mut store = subject.open();
    new_account(&mut *store);
    for (key, record) in records(&store.bulk()) {
        assert_eq!(store.read(&key).get(&key).unwrap().as_bytes(), record);
    }
    let absent = Key::Session(alice());
    assert!(store.read(&absent).get(&absent).is_none());
}

pub fn what_is_deleted_is_gone(subject: &dyn Subject) {
    let mut store = subject.open();
    let account = new_account(&mut *store);
    let key = account.rows()[0].0.clone();
    store.apply(Transaction::new().delete(key.clone())).unwrap();
    store.apply(Transaction::new().delete(key.clone())).unwrap();
    assert!(store.bulk().get(&key).is_none());
}

pub fn another_key_is_refused(subject: &dyn Subject) {
    if !subject.is_whole() {
        return;
    }
    let account = new_account(&mut *subject.open()).record();
    let refused = subject.open_with([8; 32]).err();
    assert!(matches!(refused, Some(StoreError::WrongKey)), "{refused:?}");
    let kept = account_of(&*subject.open()).record();
    assert_eq!(kept.as_bytes(), account.as_bytes());
}

pub fn contents_are_sealed(subject: &dyn Subject) {
    let mut store = subject.open();
    let account = new_account(&mut *store);
    let secret = account.identity().private().as_bytes().to_vec();
    store.apply(Transaction::new().send("a peer", b"a text that nobody may read")).unwrap();
    drop(store);
    let bytes = subject.bytes();
    for needle in [secret.as_slice(), b"a text that nobody may read", b"a peer"] {
        assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{needle:?}");
    }
}
