// SPDX-License-Identifier: MIT OR Apache-2.0

//! A million tags: what it takes to find who expects a message.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::Record;
use subrosa::rose::{RoseKey, TagOwner};
use subrosa::store::{Key, Write, Writes};
use subrosa_stores::{Backend, Store};

use crate::hub::{open_redb, open_sqlite};
use crate::parties::name;

const TAGS: u64 = 1_000_000;
/// Tags of a quiet session.
const OF_SESSION: u64 = 32;

/// The rows of tags.
pub fn rows(tags: impl IntoIterator<Item = ([u8; 16], TagOwner)>) -> Writes {
    // Header of a record of kind 42, version 1: there is no content.
    let mut writes = Writes::default();
    for (tag, owner) in tags {
        let key = Key::Rose(RoseKey::Tag(tag, owner));
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
fn median<B: Backend>(store: &Store<B>, tags: u64) -> Duration {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let times = (0..2_000).map(|_| {
        let at = rng.next_u64() % tags;
        let message = [&tag(at)[..], &[0; 368]].concat();
        let begun = Instant::now();
        let found = store.expecting(&message).unwrap();
        let took = begun.elapsed();
        assert_eq!(found, [owner(at)]);
        took
    });
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn report<B: Backend>(what: &str, [mut one, mut many]: [Store<B>; 2]) {
    one.apply(rows([(tag(0), owner(0))])).unwrap();
    let begun = Instant::now();
    for batch in 0..TAGS / 20_000 {
        let tags = batch * 20_000..(batch + 1) * 20_000;
        many.apply(rows(tags.map(|at| (tag(at), owner(at))))).unwrap();
    }
    let filled = begun.elapsed();
    // In turn, and the least of five: the machine has other work.
    let turns: Vec<_> = (0..5).map(|_| (median(&one, 1), median(&many, TAGS))).collect();
    let one = turns.iter().map(|(one, _)| *one).min().unwrap();
    let many = turns.iter().map(|(_, many)| *many).min().unwrap();
    let ratio = many.as_secs_f64() / one.as_secs_f64();
    println!("{what}: of one tag {one:?}, of {TAGS} {many:?}: {ratio:.2} times; filled in {filled:?}");
}

#[test]
#[ignore = "fills tables with a million rows: half a minute; run with --nocapture, it prints times"]
fn a_message_is_found_among_a_million_tags() {
    let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| folders[at].path());
    report("redb", [open_redb(a), open_redb(b)]);
    report("SQLite", [open_sqlite(c), open_sqlite(d)]);
}

/// The same in small, on each run.
#[test]
fn each_tag_of_many_is_found_and_no_other() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (mut redb, mut sqlite) = (open_redb(folders[0].path()), open_sqlite(folders[1].path()));
    // Two sessions expect the same tag; the tag before and after it are others'.
    let near = |last: u8| [[9; 15].as_slice(), &[last]].concat().try_into().unwrap();
    let (other, group) = (TagOwner::Session(name("a", 1)), TagOwner::Group(name("a", 1), [3; 16]));
    let shared = [(near(7), owner(0)), (near(7), other), (near(6), group), (near(8), group)];
    let all = || (0..2_000).map(|at| (tag(at), owner(at))).chain(shared);
    redb.apply(rows(all())).unwrap();
    sqlite.apply(rows(all())).unwrap();
    for expecting in [&|message: &[u8]| redb.expecting(message).unwrap(), &|message: &[u8]| {
        sqlite.expecting(message).unwrap()
    }] as [&dyn Fn(&[u8]) -> Vec<TagOwner>; 2]
    {
        for at in 0..2_000 {
            assert_eq!(expecting(&[&tag(at)[..], &[0; 368]].concat()), [owner(at)]);
        }
        assert_eq!(expecting(&near(7)), [owner(0), other]);
        assert_eq!(expecting(&near(8)), [group]);
        assert_eq!(expecting(&near(9)), []);
        assert_eq!(expecting(&tag(2_000)), []);
        assert_eq!(expecting(&tag(1)[..15]), []);
    }
}
