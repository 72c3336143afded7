// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every bit of a message, flipped: the message is refused, nothing changes, and the original still decrypts.
//! But for what the protocol leaves unauthenticated, which is listed here.
//!
//! A `SignalMessage` has no exceptions: its MAC covers all of it, and its addresses are compared. Nor has the
//! one inside a `PreKeySignalMessage`. Around it no MAC goes; there a change shows only by its effect on the
//! keys. A `DecryptionErrorMessage` and a `PlaintextContent` are not authenticated at all, and change no state.

use std::collections::BTreeSet;
use std::ops::Range;

use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::protobuf::Sink;
use subrosa::session::Policy;
use subrosa::{Message, MessageKind, Session};

use crate::device::{Device, KemOffer, Letter, Offer};

/// The parts of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The first byte.
    Version,
    /// The number and type of a field.
    Tag(u8),
    /// The length of a field.
    Length(u8),
    /// The value of a field.
    Value(u8),
    /// The MAC, or whatever else is no field.
    Rest,
}
use Part::{Length, Tag, Value, Version};

const ONE_TIME_ID: u8 = 1;
const BASE_KEY: u8 = 2;
const REGISTRATION_ID: u8 = 5;
const SIGNED_ID: u8 = 6;
const KYBER_ID: u8 = 7;
const KYBER_CIPHERTEXT: u8 = 8;

/// What begins a session, in version 4: see the reasons at [`NEW_VERSION_3`].
const NEW_VERSION_4: &[Part] = &[Version, Tag(REGISTRATION_ID), Value(REGISTRATION_ID)];

/// What begins a session, in version 3.
const NEW_VERSION_3: &[Part] = &[
    // The lower half, which receivers ignore.
    Version,
    // The registration id is the sender's own affair. A tag flipped to an unknown number leaves it out.
    Tag(REGISTRATION_ID),
    Value(REGISTRATION_ID),
    // X25519 ignores the top bit; and only version 4 asks for a canonical base key.
    Value(BASE_KEY),
];

/// What repeats the beginning of a session that is there already. Only version, base key and identity key are
/// compared then; nobody looks at the prekeys.
const KNOWN: &[Part] = &[
    Version,
    Tag(ONE_TIME_ID),
    Value(ONE_TIME_ID),
    Tag(REGISTRATION_ID),
    Value(REGISTRATION_ID),
    Value(SIGNED_ID),
];

/// In version 4 also these.
const KNOWN_KYBER: &[Part] = &[Value(KYBER_ID), Value(KYBER_CIPHERTEXT)];

/// Where the parts of a message are.
fn parts(letter: &Letter) -> Vec<(Part, Range<usize>)> {
    let end = letter.bytes.len() - if letter.kind == MessageKind::Whisper { 8 } else { 0 };
    let mut parts = vec![(Version, 0..1)];
    let mut at = 1;
    while at < end {
        let field = letter.bytes[at] >> 3;
        parts.push((Tag(field), at..at + 1));
        let (value, after) = varint(&letter.bytes, at + 1);
        if letter.bytes[at] & 7 == 2 {
            parts.push((Length(field), at + 1..after));
            at = after + value;
            parts.push((Value(field), after..at));
        } else {
            parts.push((Value(field), at + 1..after));
            at = after;
        }
    }
    assert_eq!(at, end);
    parts.push((Part::Rest, end..letter.bytes.len()));
    parts
}

/// The value of a varint, and where the next thing begins.
fn varint(bytes: &[u8], at: usize) -> (usize, usize) {
    let len = 1 + bytes[at..].iter().take_while(|byte| **byte >= 0x80).count();
    let value = bytes[at..at + len].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7F));
    (value, at + len)
}

/// Flips each bit of `letter`. Gives the parts where that changed nothing for `to`.
fn flip_each(to: &mut Device, from: &Device, letter: &Letter) -> BTreeSet<Part> {
    let peer = &from.address;
    let before = to.session(peer).unwrap().record();
    let plaintext = receive(to, from, letter).0.unwrap();
    let mut harmless = BTreeSet::new();
    for (part, range) in parts(letter) {
        for (at, bit) in range.flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            if part == Value(KYBER_CIPHERTEXT) && bit != at % 8 && !thorough() {
                continue;
            }
            let mut flipped = letter.clone();
            flipped.bytes[at] ^= 1 << bit;
            match receive(to, from, &flipped) {
                (None, session) => assert_eq!(session.record().as_bytes(), before.as_bytes()),
                (Some(flipped), _) => {
                    assert_eq!(flipped, plaintext, "{part:?}");
                    harmless.insert(part);
                }
            }
        }
    }
    assert_eq!(to.receive(peer, letter), Ok(plaintext), "the original");
    harmless
}

/// Whether to flip all eight bits of each byte also of long values.
fn thorough() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}

/// The plaintext, if there is one, and the session after it; the stored one stays as it is.
fn receive(to: &mut Device, from: &Device, letter: &Letter) -> (Option<Vec<u8>>, Session) {
    let mut session = to.session(&from.address).unwrap();
    let message = Message::parse(letter.kind, &letter.bytes).ok();
    let staged = message.and_then(|message| to.stage_receive(&mut session, &message).ok());
    let plaintext = staged.map(|staged| staged.commit().to_vec());
    (plaintext, session)
}

fn pair(version: u8) -> [Device; 2] {
    let mut pair = Device::pair(u64::from(version));
    if version == 3 {
        for device in &mut pair {
            device.policy = Policy::AllowVersion3;
        }
    }
    pair
}

fn offer(version: u8, one_time: bool) -> Offer {
    let kem = match (version, one_time) {
        (3, _) => KemOffer::None,
        (_, true) => KemOffer::OneTime,
        (_, false) => KemOffer::LastResort,
    };
    Offer { one_time, kem }
}

fn set(lists: &[&[Part]]) -> BTreeSet<Part> {
    lists.concat().into_iter().collect()
}

#[test]
fn messages_that_begin_a_session() {
    for (version, one_time) in [(4, true), (4, false), (3, true), (3, false)] {
        let [mut alice, mut bob] = pair(version);
        let bundle = bob.bundle(offer(version, one_time));
        let letter = alice.first(&bob.address, bundle, b"hello");
        let expected = if version == 4 { NEW_VERSION_4 } else { NEW_VERSION_3 };
        assert_eq!(flip_each(&mut bob, &alice, &letter), set(&[expected]), "{version} {one_time}");
    }
}

#[test]
fn messages_that_repeat_the_beginning_of_a_session() {
    for version in [4, 3] {
        let [mut alice, mut bob] = pair(version);
        let bundle = bob.bundle(offer(version, true));
        alice.initiate(&bob.address, bundle).unwrap();
        alice.tell(&mut bob, b"hello");
        // Whoever trusts any identity is still not to be fooled about a session that is there.
        bob.store.identities.clear();
        let letter = alice.send(&bob.address, b"are you there");
        let expected = set(if version == 4 { &[KNOWN, KNOWN_KYBER] } else { &[KNOWN] });
        assert_eq!(flip_each(&mut bob, &alice, &letter), expected, "{version}");
    }
}

/// Messages of a session that goes on: the next of the chain, the first of a new chain, a skipped one.
#[test]
fn messages_of_a_session() {
    for version in [4, 3] {
        let [mut alice, mut bob] = pair(version);
        alice.greet(&mut bob, offer(version, true));
        let first = alice.send(&bob.address, b"first of a chain");
        assert_eq!(flip_each(&mut bob, &alice, &first), set(&[]));
        let skipped = alice.send(&bob.address, b"skipped");
        let next = alice.send(&bob.address, b"next of the chain");
        assert_eq!(flip_each(&mut bob, &alice, &next), set(&[]));
        assert_eq!(flip_each(&mut bob, &alice, &skipped), set(&[]));
        alice.archive(&bob.address).unwrap();
        let to_archived = bob.send(&alice.address, b"to an archived session");
        assert_eq!(flip_each(&mut alice, &bob, &to_archived), set(&[]));
    }
}

/// A field of length-delimited type.
fn field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    field.bytes(number, value);
    field
}

/// What a flipped bit does not reach: whatever is not read is not authenticated around the inner message, and
/// everything is inside.
#[test]
fn what_is_not_read() {
    let [mut alice, mut bob] = pair(4);
    let bundle = bob.bundle(Offer::FULL);
    let letter = alice.first(&bob.address, bundle, b"hello");
    let message = letter.pre_key();
    let base_key = [&message.base_key().encode()[..], b"more"].concat();
    let identity_key = [&message.identity_key().encode()[..], b"more"].concat();
    let inner = message.message().as_bytes();

    let appended =
        |fields: &[Vec<u8>]| Letter::new(MessageKind::PreKey, [&letter.bytes[..], &fields.concat()].concat());
    // Of a field that comes twice the last counts; bytes after the 33rd of a key don't.
    for fields in [vec![field(15, b"unknown")], vec![field(2, &base_key), field(3, &identity_key)]] {
        assert_eq!(receive(&mut bob, &alice, &appended(&fields)).0.as_deref(), Some(&b"hello"[..]));
    }
    let mac_at = inner.len() - 8;
    let unknown = [&inner[..mac_at], &field(15, b"unknown"), &inner[mac_at..]].concat();
    let ratchet_key = [&message.message().ratchet_key().encode()[..], b"more"].concat();
    let longer_key = [&inner[..mac_at], &field(1, &ratchet_key), &inner[mac_at..]].concat();
    for changed in [unknown, longer_key] {
        let changed = appended(&[field(4, &changed)]);
        assert!(PreKeySignalMessage::parse(&changed.bytes).is_ok());
        assert_eq!(receive(&mut bob, &alice, &changed).0, None);
    }
    bob.hear(&alice, &letter, b"hello");
}
