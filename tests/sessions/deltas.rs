// SPDX-License-Identifier: MIT OR Apache-2.0

//! Deltas: a record and the deltas after it are the session, whatever came when; and what is not is refused.

use std::collections::BTreeMap;

use crate::setting::{NOW, Talk, copy};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use subrosa::{MessageKind, RecordError, RecordKind, Session, SignalMessage, Stored, Trust};

/// A store that appends.
struct Log {
    whole: Vec<u8>,
    deltas: Vec<Vec<u8>>,
}

impl Log {
    fn of(session: &Session) -> Self {
        Self { whole: session.record().as_bytes().to_vec(), deltas: Vec::new() }
    }

    fn store(&mut self, stored: Stored) {
        match stored {
            Stored::Delta(delta) => {
                assert_eq!(delta.kind(), RecordKind::SessionDelta);
                self.deltas.push(delta.as_bytes().to_vec());
            }
            Stored::Whole(record) => *self = Self { whole: record.as_bytes().to_vec(), deltas: Vec::new() },
        }
    }

    fn read(&self, like: &Session) -> Result<Session, RecordError> {
        read(&self.whole, &self.deltas, like)
    }

    #[track_caller]
    fn assert_is(&self, session: &Session) {
        let read = self.read(session).unwrap();
        assert_eq!(read.record().as_bytes(), session.record().as_bytes());
    }
}

fn read(whole: &[u8], deltas: &[Vec<u8>], like: &Session) -> Result<Session, RecordError> {
    Session::from_record_and_deltas(whole, deltas, like.local().clone(), like.remote().clone())
}

fn send(from: &mut Session, log: &mut Log, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let staged = from.encrypt(b"text", Trust::Anyone, NOW, rng).unwrap();
    log.store(staged.stored());
    staged.commit().into_bytes()
}

fn receive(to: &mut Session, message: &[u8], log: &mut Log, rng: &mut ChaCha20Rng) {
    let message = SignalMessage::parse(message).unwrap();
    let staged = to.decrypt(&message, Trust::Anyone, rng).unwrap();
    log.store(staged.stored());
    staged.commit();
}

/// A conversation back and forth, in which both post-quantum ratchets go through all their states.
#[test]
fn two_epochs_back_and_forth() {
    for version in [3, 4] {
        let Talk { mut alice, mut bob, mut rng } = Talk::new(version);
        let (mut of_alice, mut of_bob) = (Log::of(&alice), Log::of(&bob));
        let mut sizes = BTreeMap::new();
        for turn in 0..400 {
            if turn % 2 == 0 {
                let message = send(&mut alice, &mut of_alice, &mut rng);
                receive(&mut bob, &message, &mut of_bob, &mut rng);
            } else {
                let message = send(&mut bob, &mut of_bob, &mut rng);
                receive(&mut alice, &message, &mut of_alice, &mut rng);
            }
            if turn % 20 == 0 {
                of_alice.assert_is(&alice);
                of_bob.assert_is(&bob);
            }
        }
        for delta in of_alice.deltas.iter().chain(&of_bob.deltas) {
            *sizes.entry(delta.len() / 100).or_insert(0) += 1;
        }
        let all: usize = sizes.values().sum();
        assert_eq!(all, 800, "each message is a delta: {sizes:?}");
        let small: usize = sizes.range(..5).map(|(_, count)| count).sum();
        assert!(small * 10 > all * 9, "nine of ten deltas are smaller than 500 bytes: {sizes:?}");
    }
}

#[test]
fn skipped_keys_are_written_once() {
    let Talk { mut alice, mut bob, mut rng } = Talk::new(4);
    let (mut of_alice, mut of_bob) = (Log::of(&alice), Log::of(&bob));
    let held: Vec<_> = (0..2_000).map(|_| send(&mut alice, &mut of_alice, &mut rng)).collect();
    let newest = send(&mut alice, &mut of_alice, &mut rng);
    receive(&mut bob, &newest, &mut of_bob, &mut rng);
    assert!(of_bob.deltas[0].len() > 2 * 2_000 * 32);
    let next = send(&mut alice, &mut of_alice, &mut rng);
    receive(&mut bob, &next, &mut of_bob, &mut rng);
    receive(&mut bob, &held[1_000], &mut of_bob, &mut rng);
    for delta in &of_bob.deltas[1..] {
        assert!(delta.len() < 250, "{} bytes", delta.len());
    }
    assert!(bob.record().as_bytes().len() > 140_000);
    of_bob.assert_is(&bob);
    of_alice.assert_is(&alice);
}

#[test]
fn deltas_of_before_are_passed_over_and_missing_ones_missed() {
    let Talk { mut alice, mut rng, .. } = Talk::new(4);
    let mut log = Log::of(&alice);
    let first = log.whole.clone();
    for _ in 0..5 {
        send(&mut alice, &mut log, &mut rng);
    }
    let middle = read(&first, &log.deltas[..3], &alice).unwrap();
    // A crash between writing the whole record and deleting the deltas.
    let again = read(middle.record().as_bytes(), &log.deltas, &alice).unwrap();
    assert_eq!(again.record().as_bytes(), alice.record().as_bytes());

    for missing in 0..4 {
        let mut deltas = log.deltas.clone();
        deltas.remove(missing);
        assert_eq!(read(&first, &deltas, &alice).unwrap_err(), RecordError::MissingDelta, "{missing}");
    }
    assert_eq!(read(&first, &log.deltas[4..], &alice).unwrap_err(), RecordError::MissingDelta);
    let another = vec![first.clone()];
    assert_eq!(read(&first, &another, &alice).unwrap_err(), RecordError::WrongKind);
    assert_eq!(read(&log.deltas[0], &[], &alice).unwrap_err(), RecordError::WrongKind);
}

/// From the first message on, and over the reply that acknowledges the session.
/// A delta belongs to the state that it was made from, not only to a generation.
#[test]
fn deltas_of_another_history_are_refused() {
    for version in [3, 4] {
        let Talk { mut alice, mut bob, mut rng } = Talk::new(version);
        let mut unused = Log::of(&alice);
        for _ in 0..2 {
            let message = send(&mut alice, &mut unused, &mut rng);
            receive(&mut bob, &message, &mut unused, &mut rng);
            let message = send(&mut bob, &mut unused, &mut rng);
            receive(&mut alice, &message, &mut unused, &mut rng);
        }
        let letters: Vec<_> = (0..6).map(|_| send(&mut alice, &mut unused, &mut rng)).collect();
        receive(&mut bob, &letters[0], &mut unused, &mut rng);
        let mut history = |steps: [Option<usize>; 2]| -> [Vec<u8>; 2] {
            let (mut session, mut log) = (copy(&bob), Log::of(&bob));
            for step in steps {
                match step {
                    Some(at) => receive(&mut session, &letters[at], &mut log, &mut rng),
                    None => drop(send(&mut session, &mut log, &mut rng)),
                }
            }
            log.deltas.try_into().unwrap()
        };
        let whole = bob.record().as_bytes().to_vec();
        // What is done, None for sending, and in the other history.
        for (ours, theirs, why) in [
            ([Some(5), None], [None, None], "it sends the second before the first"),
            ([None, None], [Some(5), Some(3)], "it takes a key that is not kept"),
            ([Some(5), None], [None, Some(2)], "the chain goes back"),
            ([Some(5), None], [Some(4), Some(5)], "the chain stays where it is"),
            ([Some(2), None], [None, Some(4)], "it keeps a key twice"),
        ] {
            let ([first, second], [_, other]) = (history(ours), history(theirs));
            assert!(read(&whole, &[first.clone(), second], &bob).is_ok());
            assert_eq!(
                read(&whole, &[first, other], &bob).unwrap_err(),
                RecordError::Damaged,
                "{version}: {why}"
            );
        }
    }
}

#[test]
fn a_session_from_its_beginning() {
    for version in [3, 4] {
        let [mut alice, mut bob] = crate::setting::devices(version);
        let bundle = crate::setting::bundle(&mut bob, version);
        alice.initiate(&bob.address, bundle).unwrap();
        let mut session = alice.session(&bob.address).unwrap();
        let mut log = Log::of(&session);
        for _ in 0..3 {
            let bytes = send(&mut session, &mut log, &mut alice.rng);
            let letter = crate::setting::device::Letter { kind: MessageKind::PreKey, bytes };
            bob.receive(&alice.address, &letter).unwrap();
            log.assert_is(&session);
        }
        let reply = bob.send(&alice.address, b"text");
        receive(&mut session, &reply.bytes, &mut log, &mut alice.rng);
        assert!(!log.deltas.is_empty());
        log.assert_is(&session);
        let staged = session.encrypt(b"text", Trust::Anyone, NOW, &mut alice.rng).unwrap();
        assert_eq!(staged.commit().kind(), MessageKind::Whisper, "acknowledged");
    }
}

/// Found by the fuzz target: the last generation of all is followed by the first.
#[test]
fn generations_go_around() {
    let Talk { alice, mut rng, .. } = Talk::new(4);
    let mut record = alice.record().as_bytes().to_vec();
    record[4..12].fill(0xFF);
    let mut alice = read(&record, &[], &alice).unwrap();
    assert_eq!(alice.generation(), u64::MAX);
    let mut log = Log::of(&alice);
    for _ in 0..3 {
        send(&mut alice, &mut log, &mut rng);
    }
    assert_eq!(alice.generation(), 2);
    log.assert_is(&alice);
}

/// Archiving is not a delta, nor is a message that an archived session decrypts.
#[test]
fn what_changes_more_than_the_ratchets_is_stored_whole() {
    let Talk { mut alice, mut bob, mut rng } = Talk::new(4);
    let mut log = Log::of(&bob);
    let message = send(&mut alice, &mut Log::of(&bob), &mut rng);
    let staged = bob.archive();
    assert!(matches!(staged.stored(), Stored::Whole(_)));
    staged.commit();
    let message = SignalMessage::parse(&message).unwrap();
    let staged = bob.decrypt(&message, Trust::Anyone, &mut rng).unwrap();
    assert!(matches!(staged.stored(), Stored::Whole(_)));
    log.store(staged.stored());
    staged.commit();
    log.assert_is(&bob);
}

/// A session with skipped keys, a message of each kind in flight, and the deltas that they make.
fn deltas_of_all_kinds() -> (Session, Vec<Vec<u8>>) {
    let Talk { mut alice, mut bob, mut rng } = Talk::new(4);
    let start = copy(&bob);
    let (mut of_alice, mut of_bob) = (Log::of(&alice), Log::of(&bob));
    let late = send(&mut alice, &mut of_alice, &mut rng);
    for _ in 0..30 {
        let message = send(&mut alice, &mut of_alice, &mut rng);
        receive(&mut bob, &message, &mut of_bob, &mut rng);
        let message = send(&mut bob, &mut of_bob, &mut rng);
        receive(&mut alice, &message, &mut of_alice, &mut rng);
        if of_bob.deltas.len() == 4 {
            receive(&mut bob, &late, &mut of_bob, &mut rng);
        }
    }
    (start, of_bob.deltas)
}

/// A record and the deltas after it, each behind its length, as the fuzz target reads them.
#[test]
#[ignore = "writes seeds"]
fn write_fuzz_seeds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/session_deltas");
    std::fs::create_dir_all(folder).unwrap();
    let (start, deltas) = deltas_of_all_kinds();
    for count in [3, 12] {
        let mut seed = Vec::new();
        let whole = start.record();
        for part in std::iter::once(whole.as_bytes()).chain(deltas.iter().map(Vec::as_slice).take(1 + count))
        {
            seed.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
            seed.extend(part);
        }
        std::fs::write(format!("{folder}/{count}-deltas"), seed).unwrap();
    }
}

#[test]
fn damaged_deltas_are_refused_or_harmless() {
    let (start, deltas) = deltas_of_all_kinds();
    let mut before = Vec::new();
    let mut last = Vec::<u8>::new();
    for delta in deltas.iter().take(12) {
        let with = |delta: &[u8]| {
            let mut all = before.clone();
            all.push(delta.to_vec());
            read(start.record().as_bytes(), &all, &start)
        };
        let good = with(delta).unwrap();
        assert_ne!(good.record().as_bytes(), last);
        for len in 0..delta.len() {
            assert!(with(&delta[..len]).is_err(), "cut to {len} bytes");
        }
        assert!(with(&[&delta[..], &[0]].concat()).is_err(), "a byte more");
        for at in (0..delta.len()).take(400) {
            for bit in [1, 0x80] {
                let mut changed = delta.clone();
                changed[at] ^= bit;
                // Deltas have no MAC: a key may be another one then. But what is read can be written and read.
                if let Ok(session) = with(&changed) {
                    drop(copy(&session));
                }
            }
        }
        last = good.record().as_bytes().to_vec();
        before.push(delta.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any schedule of sending, loss, reorder and duplication, and whole records now and then.
    #[test]
    fn a_log_is_the_session(version in 3_u8..=4, steps in prop::collection::vec((0_u8..5, any::<prop::sample::Index>()), 1..120)) {
        let Talk { alice, bob, mut rng } = Talk::new(version);
        let mut logs = [Log::of(&alice), Log::of(&bob)];
        let mut sessions = [alice, bob];
        let mut in_flight: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
        for (kind, at) in steps {
            let who = usize::from(kind % 2);
            match kind {
                0 | 1 => in_flight[1 - who].push(send(&mut sessions[who], &mut logs[who], &mut rng)),
                2 | 3 if !in_flight[who].is_empty() => {
                    let at = at.index(in_flight[who].len());
                    let message = in_flight[who].remove(at);
                    receive(&mut sessions[who], &message, &mut logs[who], &mut rng);
                }
                4 => logs[at.index(2)] = Log::of(&sessions[at.index(2)]),
                _ => {}
            }
        }
        for (log, session) in logs.iter().zip(&sessions) {
            log.assert_is(session);
        }
    }
}
