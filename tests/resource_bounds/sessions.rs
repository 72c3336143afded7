// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages that make a session work: the largest jumps of both ratchets, on one session and on all of 41.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use subrosa::hazmat::wire::prekey_message::{PreKeyMessageParts, PreKeySignalMessage};
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessageParts;
use subrosa::rand_core::{TryCryptoRng, TryRng};
use subrosa::session;
use subrosa::session::manual::Admission;
use subrosa::{Message, MessageKind, Session, Trust};

use super::ledger::{Bound, LARGE, Ledger, MANY, told};
use super::setting::device::Letter;
use super::setting::{Device, FirstMessage, Talk, bundle, copy, devices, rng, send, try_open};

/// How many messages may be skipped at once.
pub const JUMP: u32 = 25_000;
/// All sessions that can be held for a device.
const ALL: usize = 41;
/// What a message may make a session allocate beside its plaintext: 2,000 keys for each ratchet, and a state.
const JUMPED: Bound = Bound { times: 3, plus: 192 << 10, stack: 32 << 10 };
/// A first message also costs a key encapsulation.
const FIRST: Bound = Bound { times: 3, plus: 384 << 10, stack: 128 << 10 };

/// Random numbers, counted.
struct Counted(ChaCha20Rng, usize);

impl TryRng for Counted {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.1 += 4;
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.1 += 8;
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.1 += out.len();
        self.0.fill_bytes(out);
        Ok(())
    }
}

impl TryCryptoRng for Counted {}

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("message for the current session", JUMPED);
    for version in [3, 4] {
        one_session(ledger, version);
    }
    ledger.kind("message, 41 sessions", JUMPED);
    many_sessions(ledger);
    ledger.kind("message of one's own other device", JUMPED);
    own_device(ledger);
    ledger.kind("first message", FIRST);
    first_messages(ledger);
}

/// Decrypts, and drops the stage.
fn decrypt(session: &mut Session, bytes: &[u8]) -> String {
    let message = Message::parse(MessageKind::Whisper, bytes).unwrap();
    told(try_open(session, &message, &mut rng()).map(drop))
}

/// A message of the post-quantum ratchet for the key of this index in its first epoch, with nothing else in it.
fn braid(index: u32) -> Vec<u8> {
    braid_of(1, index)
}

/// The same of another version.
fn braid_of(version: u8, index: u32) -> Vec<u8> {
    let mut bytes = vec![version, 1];
    let mut rest = index;
    while rest >= 0x80 {
        bytes.push(u8::try_from(rest & 0x7F).unwrap() | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes.push(0);
    bytes
}

pub fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    bytes
}

fn one_session(ledger: &mut Ledger, version: u8) {
    let name = |what: &str| format!("version {version}, {what}");
    // The post-quantum ratchet counts the message itself, too.
    let most = if version == 3 { JUMP } else { JUMP - 1 };
    for (jump, expected) in [(most, "Ok"), (most + 1, "TooFarAhead")] {
        let mut talk = Talk::new(version);
        let message = talk.after(jump);
        let len = message.len();
        ledger.attempt(&name(&format!("{jump} skipped")), len, expected, || decrypt(&mut talk.bob, &message));
        if expected == "Ok" {
            let forged = flipped(&message);
            let expected = "Forged(Mac)";
            let what = name(&format!("{jump} skipped, forged"));
            ledger.attempt(&what, len, expected, || decrypt(&mut talk.bob, &forged));
        }
    }
    let costs = [LARGE, 2 * LARGE].map(|len| {
        let mut talk = Talk::new(version);
        let message = send(&mut talk.alice, &vec![b'x'; len], &mut talk.rng);
        ledger.attempt(&name("long"), message.len(), "Ok", || decrypt(&mut talk.bob, &message));
        let message = flipped(&message);
        ledger
            .attempt(&name("long, forged"), message.len(), "Forged(Mac)", || decrypt(&mut talk.bob, &message))
    });
    ledger.compare("long", costs[0], costs[1]);
}

/// The inner message of a first message.
fn unwrapped(bytes: &[u8]) -> Vec<u8> {
    PreKeySignalMessage::parse(bytes).unwrap().message().as_bytes().to_vec()
}

/// Sends as many messages, and gives the last one's inner message.
fn after(session: &mut Session, skipped: u32) -> Vec<u8> {
    let mut rng = rng();
    for _ in 0..skipped {
        drop(send(session, b"", &mut rng));
    }
    unwrapped(&send(session, b"text", &mut rng))
}

/// As many sessions with Bob that he never answered, all from one signed prekey.
fn unanswered(sessions: usize) -> [Device; 2] {
    let [mut alice, mut bob] = devices(4);
    for _ in 0..sessions {
        let offer = bundle(&mut bob, 4);
        alice.initiate(&bob.address, offer).unwrap();
        alice.send(&bob.address, b"hello");
    }
    [alice, bob]
}

/// A message whose ratchet key is the device's signed prekey.
fn signed_prekey_message(device: &mut Device) -> Vec<u8> {
    let offer = bundle(device, 4);
    let parts = SignalMessageParts {
        first_byte: 0x44,
        ratchet_key: &offer.signed_pre_key.key,
        counter: 0,
        previous_counter: 0,
        body: b"",
        pq_ratchet: &braid(1),
        addresses: None,
    };
    [&parts.encode()[..], &[0; 8]].concat()
}

/// Bob with as many sessions with Alice, and Alice's side of the first one.
fn archive(sessions: usize) -> (Device, Device, Session) {
    let [mut alice, mut bob] = devices(4);
    let mut oldest = None;
    for _ in 0..sessions {
        let offer = bundle(&mut bob, 4);
        alice.initiate(&bob.address, offer).unwrap();
        alice.tell(&mut bob, b"hello");
        oldest.get_or_insert_with(|| copy(&alice.session(&bob.address).unwrap()));
        // Each has sent, so that each takes a new ratchet key.
        bob.tell(&mut alice, b"hello");
    }
    (alice, bob, oldest.unwrap())
}

fn many_sessions(ledger: &mut Ledger) {
    let (mut alice, mut bob, mut oldest) = archive(ALL);
    let mut oldest_before = copy(&oldest);
    let message = after(&mut oldest, JUMP - 1);
    let mut session = bob.session(&alice.address).unwrap();
    assert_eq!(session.archived_len(), ALL - 1);
    ledger.attempt("for the oldest, 24,999 skipped", message.len(), "Ok", || decrypt(&mut session, &message));

    let offer = bundle(&mut bob, 4);
    alice.initiate(&bob.address, offer).unwrap();
    let message = after(&mut alice.session(&bob.address).unwrap(), 1);
    // With a new ratchet key an archived session skips no more than 1,000 others, or 250.
    for skipped in [0, 248, 998, 1_000, JUMP - 2] {
        for body in [0, 2 * LARGE] {
            let none = forge(&message, skipped, &braid(skipped + 2), &vec![b'x'; body]);
            let name = format!("accepted by none, {skipped} skipped in both ratchets, {body} B");
            ledger.attempt(&name, none.len(), "Forged(Mac)", || decrypt(&mut session, &none));
        }
    }
    // A later version of the post-quantum ratchet goes no further, nor a ratchet key that many sessions know.
    let none = forge(&message, 0, &braid_of(2, JUMP), b"");
    ledger.attempt("25,000 skipped by a later version", none.len(), "Forged(PostQuantum)", || {
        decrypt(&mut session, &none)
    });
    let [mut eve, mut many] = unanswered(ALL);
    let prekey = forge(&signed_prekey_message(&mut many), JUMP - 1, &braid(JUMP - 1), b"");
    let mut session = eve.session(&many.address).unwrap();
    ledger.attempt("with a signed prekey that all know", prekey.len(), "Forged(Mac)", || {
        decrypt(&mut session, &prekey)
    });
    let mut later = |index: u32, expected: &str| {
        let later = forge(&message, 0, &braid_of(2, index), b"");
        let name = format!("{index} of a later version, not answered");
        ledger.attempt(&name, later.len(), expected, || decrypt(&mut session, &later));
    };
    later(1_000, "Forged(Mac)");
    later(JUMP + 1, "TooFarAhead");
    eve.store.inbox.clear();
    let mut session = bob.session(&alice.address).unwrap();
    let none = forge(&message, JUMP + 1, &braid(1), b"");
    ledger.attempt("25,001 skipped", none.len(), "TooFarAhead", || decrypt(&mut session, &none));
    let none = forge(&message, 0, &braid(JUMP + 2), b"");
    ledger.attempt("25,001 skipped after the quantum", none.len(), "TooFarAhead", || {
        decrypt(&mut session, &none)
    });
    // A first message that names a session is tried on that one alone.
    let named = ahead(&mut oldest_before);
    ledger.attempt("names the oldest, forged", named.len(), "Forged(Mac)", || {
        let mut counted = Counted(rng(), 0);
        let message = Message::parse(MessageKind::PreKey, &named).unwrap();
        let told = told(try_open(&mut session, &message, &mut counted).map(drop));
        assert!(counted.1 <= 32, "{}", counted.1);
        told
    });
}

/// A first message 24,999 ahead, whose inner MAC is wrong.
fn ahead(session: &mut Session) -> Vec<u8> {
    let mut rng = rng();
    for _ in 0..JUMP - 1 {
        drop(send(session, b"", &mut rng));
    }
    flipped_inside(&send(session, b"text", &mut rng))
}

/// Where the inner message's MAC ends is not the end of the wrapper.
fn flipped_inside(bytes: &[u8]) -> Vec<u8> {
    let inner = unwrapped(bytes);
    let at = bytes.windows(inner.len()).position(|window| window == inner).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at + inner.len() - 1] ^= 1;
    bytes
}

/// A message with another counter, another part of the post-quantum ratchet, and another body. Its MAC is wrong.
fn forge(message: &[u8], counter: u32, pq_ratchet: &[u8], body: &[u8]) -> Vec<u8> {
    let message = SignalMessage::parse(message).unwrap();
    let parts = SignalMessageParts {
        first_byte: 0x44,
        ratchet_key: message.ratchet_key(),
        counter,
        previous_counter: u32::MAX,
        body,
        pq_ratchet,
        addresses: None,
    };
    [&parts.encode()[..], &[0; 8]].concat()
}

/// Up to 2^20 messages may be skipped: time grows with the jump, memory does not.
fn own_device(ledger: &mut Ledger) {
    let mut alice = Device::new(super::setting::device::ALICE, 1);
    let mut other = alice.sibling(2, 2);
    alice.greet(&mut other, super::setting::Offer::FULL);
    let message = alice.send(&other.address, b"text").bytes;
    let mut session = other.session(&alice.address).unwrap();
    let costs = [MANY / 2, MANY].map(|skipped| {
        let skipped = u32::try_from(skipped).unwrap();
        let forged = forge(&message, skipped, &braid(skipped), b"");
        let name = format!("{skipped} skipped");
        ledger.attempt(&name, forged.len(), "Forged(Mac)", || decrypt(&mut session, &forged))
    });
    ledger.compare("skipped", costs[0], costs[1]);
    assert_eq!(costs[0].heap, costs[1].heap, "memory does not grow with the jump");
    for (counter, index) in [(u32::MAX - 1, 1), (0, u32::MAX - 1), ((1 << 20) + 100, 1)] {
        let forged = forge(&message, counter, &braid(index), b"");
        let name = format!("{counter} and {index} skipped");
        ledger.attempt(&name, forged.len(), "TooFarAhead", || decrypt(&mut session, &forged));
    }
}

/// A session that is being begun skips no more messages than others, whoever it is with.
fn first_message_in_our_own_name(ledger: &mut Ledger) {
    let mut phone = Device::new(super::setting::device::ALICE, 1);
    let mut tablet = phone.sibling(3, 3);
    tablet.begin_with(&mut phone, super::setting::Offer::FULL);
    let bytes = tablet.send(&phone.address, b"text").bytes;
    let first = PreKeySignalMessage::parse(&bytes).unwrap();
    for (counter, index) in [(1 << 20, 1), (u32::MAX - 1, 1), (1, u32::MAX - 1)] {
        let inner = forge(first.message().as_bytes(), counter, &braid(index), b"");
        let kyber = first.kyber().unwrap();
        let parts = PreKeyMessageParts {
            first_byte: 0x44,
            registration_id: first.registration_id(),
            pre_key_id: first.pre_key_id(),
            signed_pre_key_id: first.signed_pre_key_id(),
            kyber: Some(kyber),
            base_key: first.base_key(),
            identity_key: first.identity_key(),
            message: &inner,
        };
        let letter = Letter::new(MessageKind::PreKey, parts.encode());
        let name = format!("in our own name, {counter} and {index} skipped");
        ledger.attempt(&name, letter.bytes.len(), "Decrypt(TooFarAhead", || {
            told(phone.receive(&tablet.address, &letter).map(drop))
        });
    }
}

fn first_messages(ledger: &mut Ledger) {
    first_message_in_our_own_name(ledger);
    for version in [3, 4] {
        let most = if version == 3 { JUMP } else { JUMP - 1 };
        for (skipped, damaged, expected) in [
            (0, false, "Ok"),
            (most, false, "Ok"),
            (most, true, "Forged(Mac)"),
            (most + 1, false, "TooFarAhead"),
        ] {
            let [mut alice, mut bob] = devices(version);
            let offer = bundle(&mut bob, version);
            alice.initiate(&bob.address, offer).unwrap();
            let (mut session, mut rng) = (alice.session(&bob.address).unwrap(), rng());
            (0..skipped).for_each(|_| drop(send(&mut session, b"", &mut rng)));
            let bytes = send(&mut session, b"text", &mut rng);
            let bytes = if damaged { flipped_inside(&bytes) } else { bytes };
            let first = FirstMessage::received(bob, alice.address, bytes);
            let name =
                format!("version {version}, {skipped} skipped{}", if damaged { ", forged" } else { "" });
            ledger.attempt(&name, first.bytes.len(), expected, || accept(&first));
        }
    }
}

fn accept(first: &FirstMessage) -> String {
    let mut session = Session::new(first.bob.address.clone(), first.alice.clone());
    let local = session::Config::new(&first.bob.identity, 7).with_policy(first.bob.policy);
    let message = Message::parse(MessageKind::PreKey, &first.bytes).unwrap();
    match session.receive(&local, &message, Trust::Anyone, &mut rng()).unwrap() {
        Admission::Decrypted(_) => "known".to_owned(),
        Admission::New(new) => told(new.accept(&first.keys(), &mut rng()).map(drop)),
    }
}
