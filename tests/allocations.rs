// SPDX-License-Identifier: MIT OR Apache-2.0

//! How often a message in a steady conversation allocates: for the output and for the record, and in the caller's
//! buffers not at all.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/rose.rs"]
mod parties;
#[path = "../benches/support/rose_pair.rs"]
mod rose_pair;
#[path = "../benches/support/setting.rs"]
mod setting;

use counting::{allocations_of, held_by};
use rose_pair::Pair;
use setting::{NOW, Talk, open, receive, rng, send};
use subrosa::rose::Session;
use subrosa::{Message, MessageKind, Trust};

/// Messages of one direction: what is left of the chunks to be sent goes with the first ones.
/// Allocations of the writes: two records, the names in their keys, and the list. A pinned identity is not written.
const WRITES: usize = 5;
/// Those of a received message, which pins nothing: the record, its key, and the list.
const RECEIVED: usize = 3;
const MESSAGES: usize = 100;

/// What a change takes: its place, and the box that any state's fits into.
const CHANGE: usize = 2;

/// A conversation in one direction, which has come to the state where only the counter rises.
fn talk(version: u8) -> Talk {
    let mut talk = Talk::new(version);
    for _ in 0..MESSAGES {
        let message = send(&mut talk.alice, b"text", &mut talk.rng);
        receive(&mut talk.bob, &message, &mut talk.rng);
    }
    talk
}

#[test]
fn sending_allocates_the_message_and_the_record() {
    for version in [3, 4] {
        let Talk { mut alice, mut rng, .. } = talk(version);
        for len in [0, 64, 1024, 100_000] {
            let text = vec![b'x'; len];
            let staged = allocations_of(|| alice.encrypt(&text, Trust::Anyone, NOW, &mut rng).unwrap());
            assert_eq!(staged.1, CHANGE + 1, "the message and the change, version {version}, {len} bytes");
            assert_eq!(allocations_of(|| staged.0.writes()).1, WRITES, "the record, its key, and the list");
            assert_eq!(allocations_of(|| staged.0.commit()).1, 0, "committing");
        }
    }
}

#[test]
fn receiving_allocates_the_plaintext_and_the_record() {
    for version in [3, 4] {
        let Talk { mut alice, mut bob, rng: mut alice_rng } = talk(version);
        for len in [0, 64, 1024, 100_000] {
            let bytes = send(&mut alice, &vec![b'x'; len], &mut alice_rng);
            let message = Message::parse(MessageKind::Whisper, &bytes).unwrap();
            let staged = allocations_of(|| open(&mut bob, &message, &mut rng()));
            assert_eq!(staged.1, CHANGE + 1, "the plaintext and the change, version {version}, {len} bytes");
            assert_eq!(allocations_of(|| staged.0.writes()).1, RECEIVED, "the record, its key, and the list");
            assert_eq!(allocations_of(|| staged.0.commit()).1, 0, "committing");
        }
    }
}

/// In a conversation back and forth the post-quantum ratchet collects chunks and changes its state, and the other
/// ratchet turns: that is what may be allocated, and its number is bounded.
#[test]
fn a_conversation_back_and_forth_allocates_for_what_its_state_grows_by() {
    let Talk { mut alice, mut bob, mut rng } = Talk::new(4);
    let (mut most, mut total) = (0, 0);
    for turn in 0..400 {
        let (from, to) = if turn % 2 == 0 { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        let ((), times) = allocations_of(|| {
            let sent = send(from, b"text", &mut rng);
            receive(to, &sent, &mut rng);
        });
        most = most.max(times);
        total += times;
    }
    assert!(most <= 18, "{most} times for one message");
    assert!(total <= 400 * 10, "{total} times for 400 messages");
}

/// A message of the rose profile beside that: its padded plaintext, and on receiving the tags that are
/// expected after it and the order of the states.
#[test]
fn a_message_of_the_rose_profile_allocates_plaintext_tags_and_change() {
    let mut talk = Pair::new(1);
    for _ in 0..MESSAGES {
        drop(talk.tell(0, b"text"));
    }
    for len in [1, 100, 1024, 100_000] {
        let text = vec![b'x'; len];
        let (message, sent) = allocations_of(|| talk.send(0, &text));
        assert_eq!(sent, CHANGE + 2, "the padded plaintext, the message and the change, {len} bytes");
        let ((), received) = allocations_of(|| talk.open(1, &message));
        let what = "the padded plaintext, the content, the tags, the order of states and the change";
        assert_eq!(received, CHANGE + 4, "{what}, {len} bytes");
    }
}

/// A session of the rose profile in memory, as long as its record: fresh, after some steps, and with all skipped seeds.
#[test]
fn a_session_of_the_rose_profile_is_held_in_little_memory() {
    let mut talk = Pair::new(3);
    let held = |talk: &Pair, what: &str| {
        let record = talk.sessions[1].record();
        let remote = talk.sessions[1].remote();
        let (session, heap) = held_by(|| Session::from_record(record.as_bytes(), remote).unwrap());
        let tags = session.expected_tags().len();
        assert!(tags >= 32);
        println!("{what}: record {}, heap {heap}, {tags} tags", record.as_bytes().len());
        (record.as_bytes().len(), heap)
    };
    let (record, heap) = held(&talk, "fresh");
    assert!(record <= 1_000 && heap <= 4_000);
    let (mut records, mut heaps) = (0, 0);
    for turn in 0..200 {
        drop(talk.tell(turn % 2, b"text"));
        let (record, heap) = held(&talk, "turn");
        (records, heaps) = (records + record, heaps + heap);
    }
    println!("average of 200 turns: record {}, heap {}", records / 200, heaps / 200);
    assert!(records <= 200 * 3_200 && heaps <= 200 * 7_000);
}
