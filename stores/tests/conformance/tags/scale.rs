// SPDX-License-Identifier: MIT OR Apache-2.0

//! Many tags: what it takes to find who expects a message.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::Record;
use subrosa::rose::{RoseKey, TagOwner};
use subrosa::store::{Key, Write, Writes};
use subrosa_stores::Transaction;

use super::parties::name;
use crate::subject::{InPostgres, InRedb, InSqlite, Opened, Subject};

/// Tags of a quiet session.
const OF_SESSION: u64 = 32;

pub fn key(tag: [u8; 16], owner: TagOwner) -> Key {
    Key::Rose(RoseKey::Tag(tag, owner))
}

/// The rows of tags.
pub fn rows(tags: impl IntoIterator<Item = ([u8; 16], TagOwner)>) -> Writes {
    // Header of a record of kind 42, version 1: there is no content.
    let mut writes = Writes::default();
    for (tag, owner) in tags {
        let key = key(tag, owner);
        let record = Record::parse(key.kind(), b"sr\x2a\x01").unwrap();
        writes.extend([Write::Put { key, record, generation: None }]);
    }
    writes
}

fn tag(at: u64) -> [u8; 16] {
    let mut tag = [0; 16];
    ChaCha20Rng::seed_from_u64(at).fill_bytes(&mut tag);
    tag
}

fn owner(at: u64) -> TagOwner {
    let session = at / OF_SESSION;
    let mut account = [0; 17];
    account[9..].copy_from_slice(&session.to_be_bytes());
    TagOwner::Session(subrosa::rose::DeviceName::new(account, 1))
}

/// The median time to find the message of a tag, of 2,000.
fn median(store: &dyn Opened, tags: u64) -> Duration {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let times = (0..2_000).map(|_| {
        let at = rng.next_u64() % tags;
        let message = [&tag(at)[..], &[0; 368]].concat();
        let begun = Instant::now();
        let found = store.expecting(&message);
        let took = begun.elapsed();
        assert_eq!(found, [owner(at)]);
        took
    });
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn report<S: Subject>(what: &str, tags: u64) {
    let subjects = [S::new(), S::new()];
    let [mut one, mut many] = subjects.each_ref().map(Subject::open);
    one.apply(Transaction::of(rows([(tag(0), owner(0))]))).unwrap();
    let begun = Instant::now();
    for batch in 0..tags / 20_000 {
        let tags = batch * 20_000..(batch + 1) * 20_000;
        many.apply(Transaction::of(rows(tags.map(|at| (tag(at), owner(at)))))).unwrap();
    }
    let filled = begun.elapsed();
    // In turn, and the least of five: the machine has other work.
    let turns: Vec<_> = (0..5).map(|_| (median(&*one, 1), median(&*many, tags))).collect();
    let one = turns.iter().map(|(one, _)| *one).min().unwrap();
    let many = turns.iter().map(|(_, many)| *many).min().unwrap();
    let ratio = many.as_secs_f64() / one.as_secs_f64();
    println!("{what}: of one tag {one:?}, of {tags} {many:?}: {ratio:.2} times; filled in {filled:?}");
}

#[test]
#[ignore = "fills tables with a million rows: half a minute; run with --nocapture, it prints times"]
fn a_message_is_found_among_a_million_tags() {
    report::<InRedb>("redb", 1_000_000);
    report::<InSqlite>("SQLite", 1_000_000);
}

#[test]
#[ignore = "needs a server: ci/stores.sh starts one; prints times"]
fn a_message_is_found_among_many_tags_of_a_server() {
    report::<InPostgres>("PostgreSQL", 100_000);
}

/// The same in small, on each run.
pub fn each_tag_of_many_is_found_and_no_other(subject: &dyn Subject) {
    let mut store = subject.open();
    // Two sessions expect the same tag; the tag before and after it are others'.
    let near = |last: u8| [[9; 15].as_slice(), &[last]].concat().try_into().unwrap();
    let (other, group) = (TagOwner::Session(name("a", 1)), TagOwner::Group(name("a", 1), [3; 16]));
    let shared = [(near(7), owner(0)), (near(7), other), (near(6), group), (near(8), group)];
    let all = || (0..500).map(|at| (tag(at), owner(at))).chain(shared);
    store.apply(Transaction::of(rows(all()))).unwrap();
    for at in 0..500 {
        assert_eq!(store.expecting(&[&tag(at)[..], &[0; 368]].concat()), [owner(at)]);
    }
    // In any order.
    let mut both = store.expecting(&near(7));
    both.sort_unstable();
    assert_eq!(both, [owner(0), other]);
    assert_eq!(store.expecting(&near(8)), [group]);
    assert_eq!(store.expecting(&near(9)), []);
    assert_eq!(store.expecting(&tag(2_000)), []);
    assert_eq!(store.expecting(&tag(1)[..15]), []);
    store.apply(Transaction::new().delete(key(near(7), other))).unwrap();
    assert_eq!(store.expecting(&near(7)), [owner(0)]);
    let is_there = |key: &Key| store.read(key).get(key).is_some();
    assert!(is_there(&key(near(7), owner(0))) && !is_there(&key(near(7), other)));
}
