// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answering a request: what is reset, what is sent again, and what is refused.

use std::time::Duration;

use subrosa::keys::PublicKey;
use subrosa::repair::{DecryptionErrorMessage, RepairLog, RepairPolicy, RepairRefused, Resend};
use subrosa::store::Key;
use subrosa::{DeviceId, MessageKind, Timestamp};

use crate::device::{Device, Failure, Letter, Offer, START, Table};
use crate::put;
use crate::repair::NotAnswered;

fn policy() -> RepairPolicy {
    RepairPolicy::default()
}

/// The request for a message, by its receiver.
fn request_for(letter: &Letter, sent: Timestamp, device: u32) -> DecryptionErrorMessage {
    DecryptionErrorMessage::for_original(&letter.bytes, letter.kind, sent, DeviceId::new(device)).unwrap()
}

/// A request that names this ratchet key.
fn request_about(key: Option<&PublicKey>) -> DecryptionErrorMessage {
    let mut bytes = key.map_or_else(Vec::new, |key| [&[0x0A, 33][..], &key.encode()].concat());
    bytes.extend_from_slice(&request_for(&group(), START, 1).to_bytes());
    DecryptionErrorMessage::parse(&bytes).unwrap()
}

fn group() -> Letter {
    Letter::new(MessageKind::SenderKey, Vec::new())
}

#[track_caller]
fn refused(device: &mut Device, peer: &Device, request: &DecryptionErrorMessage, why: RepairRefused) {
    let before = device.store.clone();
    let refused = device.answer(&peer.address, request, &policy());
    assert_eq!(refused, Err(NotAnswered::Refused(why)));
    device.store.assert_same(&before);
}

/// Alice's sessions with bob are reset by requests about the ratchet key that she sends with, and no other.
#[test]
fn only_a_request_about_the_current_ratchet_key_resets_the_session() {
    let [mut alice, mut bob] = Device::acquainted(1);
    let archived = *alice.tell(&mut bob, b"of a session that is archived").signal().ratchet_key();
    alice.greet(&mut bob, Offer::FULL);
    let late = *alice.tell(&mut bob, b"before a turn").signal().ratchet_key();
    let theirs = *bob.tell(&mut alice, b"turn").signal().ratchet_key();
    let current = *alice.send(&bob.address, b"can't be read").signal().ratchet_key();
    let policy = RepairPolicy { resend_each: 9, ..policy() };
    for key in [Some(&archived), Some(&late), Some(&theirs), Some(bob.identity.public().public_key()), None] {
        let before = alice.record(&bob.address).to_vec();
        let resend = alice.answer(&bob.address, &request_about(key), &policy).unwrap();
        assert_eq!((resend.timestamp, resend.reset, resend.group), (START, false, key.is_none()));
        assert_eq!(alice.record(&bob.address), before, "the session is as it was");
    }
    let resend = alice.answer(&bob.address, &request_about(Some(&current)), &policy).unwrap();
    assert_eq!((resend.reset, resend.group), (true, false));
    let session = alice.session(&bob.address).unwrap();
    assert_eq!((session.has_current(), session.archived_len()), (false, 2));
    // A second request about the same session finds it reset already.
    let resend = alice.answer(&bob.address, &request_about(Some(&current)), &policy).unwrap();
    assert!(!resend.reset);
}

#[test]
fn an_unanswered_session_is_reset_too() {
    let [mut alice, mut bob] = Device::pair(2);
    alice.begin_with(&mut bob, Offer::FULL);
    let failed = alice.send(&bob.address, b"for a device that was set up anew since");
    assert_eq!(failed.kind, MessageKind::PreKey);
    let resend = alice.answer(&bob.address, &request_for(&failed, START, 1), &policy()).unwrap();
    assert!(resend.reset && !alice.session(&bob.address).unwrap().has_current());
}

#[test]
fn without_a_session_there_is_nothing_to_reset() {
    let [mut alice, bob] = Device::pair(3);
    let resend =
        alice.answer(&bob.address, &request_about(Some(bob.identity.public().public_key())), &policy());
    assert!(!resend.unwrap().reset);
    assert!(!alice.store.sessions.contains_key(&bob.address));
}

#[test]
fn a_store_that_fails_leaves_log_and_session_as_they_were() {
    let [mut alice, bob] = Device::acquainted(4);
    let failed = alice.send(&bob.address, b"can't be read");
    let request = request_for(&failed, START, 1);
    for table in [Table::Sessions, Table::RepairLogs] {
        alice.faults.writes = vec![table];
        let before = alice.store.clone();
        let failure = alice.answer(&bob.address, &request, &policy());
        assert_eq!(failure, Err(NotAnswered::Store(Failure::Store(table))));
        alice.store.assert_same(&before);
    }
    alice.faults.writes.clear();
    let resend: Resend = alice.answer(&bob.address, &request, &policy()).unwrap();
    assert!(resend.reset);
    assert_eq!(alice.log(&bob.address).generation(), 1);
}

#[test]
fn an_answer_that_is_dropped_changes_nothing() {
    let [mut alice, bob] = Device::acquainted(5);
    let failed = alice.send(&bob.address, b"can't be read");
    let (mut log, mut session) = (RepairLog::new(bob.address.clone()), alice.session(&bob.address).unwrap());
    let before = (log.record(), session.record());
    let answer = log.answer(&mut session, &request_for(&failed, START, 1), &policy(), START).unwrap();
    let staged = put(&answer.writes());
    assert_eq!(format!("{answer:?}"), "Staged(2 states)");
    drop(answer);
    assert_eq!(log.record().as_bytes(), before.0.as_bytes());
    assert_eq!(session.record().as_bytes(), before.1.as_bytes());
    let answer = log.answer(&mut session, &request_for(&failed, START, 1), &policy(), START).unwrap();
    assert!(answer.commit().reset);
    assert_eq!(staged.len(), 2);
    assert_eq!(staged[&Key::RepairLog(bob.address.clone())], log.record().as_bytes());
    assert_eq!(staged[&Key::Session(bob.address)], session.record().as_bytes());
}

#[test]
fn log_and_session_must_be_with_the_same_device() {
    let [mut alice, bob] = Device::acquainted(10);
    let failed = alice.send(&bob.address, b"can't be read");
    let mut session = alice.session(&bob.address).unwrap();
    for other in [bob.sibling(2, 1).address, alice.address.clone()] {
        let mut log = RepairLog::new(other);
        let answer = log.answer(&mut session, &request_for(&failed, START, 1), &policy(), START);
        assert_eq!(answer.unwrap_err(), RepairRefused::OtherPeer);
    }
}

#[test]
fn a_request_about_another_device_is_refused() {
    let [mut alice, bob] = Device::acquainted(6);
    let failed = alice.send(&bob.address, b"can't be read");
    for device in [0, 2, 127, 128, 257, u32::MAX] {
        refused(
            &mut alice,
            &bob,
            &request_for(&failed, START, device),
            RepairRefused::OtherDevice(DeviceId::new(device)),
        );
    }
}

#[test]
fn messages_too_old_or_of_the_future_are_not_sent_again() {
    let [mut alice, bob] = Device::acquainted(7);
    let failed = alice.send(&bob.address, b"can't be read");
    let at = |millis: u64| request_for(&failed, Timestamp::from_millis(START.as_millis() + millis), 1);
    let skew = u64::try_from(policy().clock_skew.as_millis()).unwrap();
    for millis in [skew + 1, skew + 1_000, u64::MAX - START.as_millis()] {
        refused(&mut alice, &bob, &at(millis), RepairRefused::TooOld);
    }
    alice.advance(policy().max_age + policy().clock_skew);
    alice.advance(Duration::from_millis(1));
    refused(&mut alice, &bob, &at(0), RepairRefused::TooOld);
    assert!(alice.answer(&bob.address, &at(1), &policy()).unwrap().reset);
}

/// The service stamps messages by its own clock, and some devices know whole seconds alone.
#[test]
fn a_clock_that_is_some_minutes_off_stops_no_repair() {
    for ahead in [1, 2_000, 600_000] {
        let [mut alice, bob] = Device::acquainted(7);
        let failed = alice.send(&bob.address, b"can't be read");
        let stamped = Timestamp::from_millis(START.as_millis() + ahead);
        let request = request_for(&failed, stamped, 1);
        assert_eq!(alice.answer(&bob.address, &request, &policy()).unwrap().timestamp, stamped);
        alice.advance(policy().max_age + Duration::from_millis(2 * ahead));
        let again = alice.answer(&bob.address, &request, &policy());
        assert!(again.is_ok(), "{ahead} ms slow: {again:?}");
    }
}

#[test]
fn no_message_goes_out_more_often_than_allowed() {
    let [mut alice, bob] = Device::acquainted(8);
    let request = request_for(&group(), START, 1);
    for _ in 0..2 {
        alice.answer(&bob.address, &request, &policy()).unwrap();
        alice.advance(Duration::from_secs(3_600));
    }
    for _ in 0..20 {
        refused(&mut alice, &bob, &request, RepairRefused::TooOften(None));
        alice.advance(Duration::from_secs(3_600));
    }
    assert!(alice.answer(&bob.address, &request_for(&group(), alice.now, 1), &policy()).is_ok());
}

/// What needs a reset that is not allowed is not sent again either: it would not be read.
#[test]
fn resets_are_rare() {
    let [mut alice, mut bob] = Device::acquainted(9);
    let reset = |alice: &mut Device, bob: &mut Device| {
        let failed = alice.send(&bob.address, b"said to be unreadable");
        let request = request_for(&failed, alice.now, 1);
        let answer = alice.answer(&bob.address, &request, &policy());
        if answer.is_ok() {
            alice.begin_with(bob, Offer::LAST_RESORT);
        }
        alice.advance(Duration::from_secs(60));
        (answer, request)
    };
    for _ in 0..3 {
        assert!(reset(&mut alice, &mut bob).0.unwrap().reset);
    }
    let next = Timestamp::from_secs(START.as_secs() + 3_600);
    let (answer, _) = reset(&mut alice, &mut bob);
    assert_eq!(answer, Err(NotAnswered::Refused(RepairRefused::TooOften(Some(next)))));
    // What needs none is sent.
    assert!(!alice.answer(&bob.address, &request_for(&group(), START, 1), &policy()).unwrap().reset);
    let (_, request) = reset(&mut alice, &mut bob);
    alice.now = next;
    assert!(alice.answer(&bob.address, &request, &policy()).unwrap().reset);
}
