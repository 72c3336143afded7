// SPDX-License-Identifier: MIT OR Apache-2.0

//! Some hundred sessions, whose tags change with their records: in one transaction, or not at all.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::rose::{Outgoing, ReceiveError, RoseKey, Sender, TagOwner};
use subrosa::store::{Key, Writes};
use subrosa_stores::{StoreError, Transaction};

use super::hub::Hub;
use super::parties::{Device, NOW, Service};
use crate::subject::Subject;

const SESSIONS: u64 = 200;

/// Peers that have begun a session with the hub, which has answered.
pub fn peers(subject: &dyn Subject, count: u64) -> (Hub, Vec<Device>) {
    let service = Service::new();
    let mut hub = Hub::new(&service, subject.open());
    let peers = (0..count).map(|at| {
        let mut peer = Device::new(&service, &format!("peer {at}"), 1, 100 + at);
        let to_hub = peer.begin(&hub.bundle(), false);
        let message = peer.send(to_hub, &Outgoing::content(b"hello")).unwrap();
        let (name, _) = hub.receive(&message).unwrap().unwrap();
        assert_eq!(name, peer.name());
        let answer = hub.send(name, &Outgoing::content(b"hello yourself"));
        peer.receive(&answer, false).unwrap();
        peer
    });
    let peers = peers.collect();
    (hub, peers)
}

pub fn tags_follow_their_sessions(subject: &dyn Subject) {
    let (mut hub, mut peers) = peers(subject, SESSIONS);
    let to_hub = hub.device.name();
    assert_eq!(hub.table(), hub.rebuilt());
    assert!(hub.table().len() >= 32 * peers.len());
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for round in 0..2 * SESSIONS {
        let at = usize::try_from(rng.next_u64() % SESSIONS).unwrap();
        let text = round.to_be_bytes();
        // Some are lost, and leave skipped ones; some transactions are not made, and the message comes again.
        let lost = (0..rng.next_u32() % 4).map(|_| peers[at].send(to_hub, &Outgoing::dummy()).unwrap());
        let lost: Vec<Vec<u8>> = lost.collect();
        let message = peers[at].send(to_hub, &Outgoing::content(&text)).unwrap();
        if round % 5 == 0 {
            let before = (round % 50 == 0).then(|| hub.table());
            hub.fails = true;
            assert!(hub.receive(&message).unwrap().is_none());
            assert!(before.is_none_or(|before| before == hub.table()));
        }
        let (name, received) = hub.receive(&message).unwrap().unwrap();
        assert_eq!((name, &received.content[..]), (peers[at].name(), &text[..]));
        assert_eq!(hub.receive(&message).map(drop).unwrap_err(), ReceiveError::NotFound);
        for late in lost.iter().filter(|_| round % 3 == 0) {
            assert_eq!(hub.receive(late).unwrap().unwrap().0, peers[at].name());
        }
        if round % 2 == 0 {
            let answer = hub.send(name, &Outgoing::content(b"answer"));
            peers[at].receive(&answer, false).unwrap();
        }
        if round % 50 == 0 {
            assert_eq!(hub.table(), hub.rebuilt(), "{round}");
        }
    }
    assert_eq!(hub.table(), hub.rebuilt());
}

/// A transaction of two sessions, of which one is outdated: neither record nor a tag of either changes.
pub fn an_outdated_stage_changes_no_tag(subject: &dyn Subject) {
    let (mut hub, mut peers) = peers(subject, 2);
    let to_hub = hub.device.name();
    let [one, two] = [0, 1].map(|at| peers[at].send(to_hub, &Outgoing::content(b"x")).unwrap());
    let [first, second] = [0, 1].map(|at| peers[at].name());
    let mut writes = Writes::default();
    for (name, message) in [(first, &one), (second, &two)] {
        let mut session = hub.store.rose_session(name);
        let staged = session.decrypt(message, hub.device.account.keys(), &mut hub.device.rng).unwrap();
        writes.extend(staged.writes());
    }
    // Meanwhile another process sends on the second one.
    let mut session = hub.store.rose_session(second);
    let sender = Sender { certificate: &hub.device.certificate, contact: None, now: NOW };
    let staged = session.encrypt(&Outgoing::dummy(), &sender, &mut hub.device.rng).unwrap();
    staged.commit_with(|writes| hub.store.apply(Transaction::of(writes))).unwrap();
    let before = (hub.table(), hub.store.rose_session(first).generation());
    assert!(matches!(hub.store.apply(Transaction::of(writes)), Err(StoreError::Stale(_))));
    assert_eq!((hub.table(), hub.store.rose_session(first).generation()), before);
    assert_eq!(hub.store.expecting(&one), [TagOwner::Session(first)]);
    for message in [&one, &two] {
        hub.receive(message).unwrap().unwrap();
    }
    assert_eq!(hub.table(), hub.rebuilt());
}

/// The table is lost, and put together again from the records.
pub fn a_lost_table_is_rebuilt_from_the_records(subject: &dyn Subject) {
    let (mut hub, mut peers) = peers(subject, 20);
    let (to_hub, table) = (hub.device.name(), hub.table());
    let message = peers[7].send(to_hub, &Outgoing::content(b"found again")).unwrap();
    let key = |(tag, owner)| Key::Rose(RoseKey::Tag(tag, owner));
    let lost = table.iter().fold(Transaction::new(), |lost, row| lost.delete(key(*row)));
    hub.store.apply(lost).unwrap();
    assert_eq!(hub.table().len(), 0);
    assert_eq!(hub.receive(&message).map(drop).unwrap_err(), ReceiveError::NotFound);
    let rebuilt = hub.rebuilt();
    assert_eq!(rebuilt, table);
    hub.store.apply(Transaction::of(super::scale::rows(rebuilt))).unwrap();
    assert_eq!(hub.receive(&message).unwrap().unwrap().0, peers[7].name());
    assert_eq!(hub.table(), hub.rebuilt());
}
