// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair: what is asked for, and what is sent again, within the profile's limits (rose 36 §6).

mod hostile;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use subrosa::Timestamp;
use subrosa::rose::{
    BraidError, Kind, Outgoing, PeerAuthentication, ReceiveError, Repair, RepairRefused, Repairs, Typed,
};
use subrosa::store::Write;

use crate::parties::{NOW, name, pair};
use hostile::{Move, World};

const HYBRID: PeerAuthentication = PeerAuthentication::Hybrid;
const HOUR: Duration = Duration::from_secs(3_600);

fn repairs() -> Repairs {
    Repairs::new(name("bob", 1))
}

/// A message as it was sent, by its number.
fn message(number: u64) -> [u8; 384] {
    let mut message = [7; 384];
    message[..8].copy_from_slice(&number.to_be_bytes());
    message
}

fn tag(number: u64) -> [u8; 16] {
    *message(number).first_chunk().unwrap()
}

fn after(duration: Duration) -> Timestamp {
    NOW.saturating_add(duration)
}

fn sent(repairs: &mut Repairs, number: u64) {
    repairs.sent(&message(number), number, NOW).unwrap().commit();
}

fn ask(repairs: &mut Repairs, number: u64, now: Timestamp) -> Result<Repair, RepairRefused> {
    repairs.ask(ReceiveError::Malformed, &message(number), now).map(subrosa::Staged::commit)
}

fn answer(repairs: &mut Repairs, number: u64, now: Timestamp) -> Result<u64, RepairRefused> {
    repairs.answer(&tag(number), HYBRID, now).map(|staged| staged.commit().message)
}

#[test]
fn only_what_the_peer_alone_can_cause_is_asked_for_and_once() {
    let mut repairs = repairs();
    for refusal in [
        ReceiveError::NotFound,
        ReceiveError::NotAuthentic,
        ReceiveError::Duplicate,
        ReceiveError::BadLength,
        ReceiveError::MissingAuth,
        ReceiveError::Replayed,
        ReceiveError::UntrustedIdentity,
    ] {
        let refused = repairs.ask(refusal, &message(0), NOW).unwrap_err();
        assert_eq!(refused, RepairRefused::NotThePeers, "{refusal}");
    }
    for (number, refusal) in [
        (0, ReceiveError::Malformed),
        (1, ReceiveError::TooFarAhead),
        (2, ReceiveError::UnknownEpoch),
        (3, ReceiveError::Braid(BraidError::KeyTrimmed)),
    ] {
        let asked = repairs.ask(refusal, &message(number), NOW).unwrap().commit();
        assert_eq!(asked, Repair::CouldNotOpen(tag(number)));
        let again = repairs.ask(refusal, &message(number), after(2 * HOUR)).unwrap_err();
        assert_eq!(again, RepairRefused::AskedBefore);
    }
}

#[test]
fn ten_are_asked_for_in_an_hour() {
    let mut repairs = repairs();
    for number in 0..9 {
        ask(&mut repairs, number, NOW).unwrap();
    }
    // A sender key counts among them, and is asked for once an hour.
    let id = [9; 16];
    let asked = repairs.ask_sender_key(id, NOW).unwrap().commit();
    assert_eq!(asked, Repair::NeedsSenderKey(id));
    assert_eq!(ask(&mut repairs, 10, after(HOUR)), Err(RepairRefused::TooOften));
    assert_eq!(repairs.ask_sender_key(id, after(HOUR)).unwrap_err(), RepairRefused::AskedBefore);
    let next = after(HOUR + Duration::from_millis(1));
    assert!(ask(&mut repairs, 10, next).is_ok());
    assert!(repairs.ask_sender_key(id, next).is_ok());
}

#[test]
fn a_message_is_sent_again_only_to_its_device_and_over_a_proven_state() {
    let (mut bobs, mut carols) = (repairs(), Repairs::new(name("carol", 1)));
    sent(&mut bobs, 1);
    let classical = bobs.answer(&tag(1), PeerAuthentication::Classical, NOW).unwrap_err();
    assert_eq!(classical, RepairRefused::Unproven);
    // Carol saw the tag on the wire.
    assert_eq!(answer(&mut carols, 1, NOW), Err(RepairRefused::NotSent));
    assert_eq!(answer(&mut bobs, 1, NOW), Ok(1));
    assert_eq!(answer(&mut bobs, 1, NOW), Err(RepairRefused::NotSent), "once for each tag");
}

#[test]
fn each_message_is_sent_again_twice_and_keeps_its_age() {
    let mut repairs = repairs();
    sent(&mut repairs, 0);
    for copy in 0..2 {
        let now = after(HOUR * copy);
        let resend = repairs.answer(&tag(copy.into()), HYBRID, now).unwrap().commit();
        assert_eq!((resend.message, resend.sent_at), (0, NOW));
        repairs.sent(&message(u64::from(copy) + 1), 0, now).unwrap().commit();
    }
    assert_eq!(answer(&mut repairs, 2, after(2 * HOUR)), Err(RepairRefused::TooOften));
    let late = after(24 * HOUR + Duration::from_millis(1));
    assert_eq!(answer(&mut repairs, 2, late), Err(RepairRefused::TooOld));
}

#[test]
fn none_is_older_than_a_day() {
    for (age, expected) in [(Duration::ZERO, Ok(3)), (Duration::from_millis(1), Err(RepairRefused::TooOld))] {
        let mut repairs = repairs();
        sent(&mut repairs, 3);
        assert_eq!(answer(&mut repairs, 3, after(24 * HOUR + age)), expected);
    }
}

#[test]
fn the_last_64_messages_are_remembered() {
    let mut repairs = repairs();
    (0..65).for_each(|number| sent(&mut repairs, number));
    assert_eq!(answer(&mut repairs, 0, NOW), Err(RepairRefused::NotSent));
    assert_eq!(answer(&mut repairs, 1, NOW), Ok(1));
    assert_eq!(answer(&mut repairs, 64, NOW), Ok(64));
}

#[test]
fn thirty_are_sent_again_in_an_hour_and_64_in_a_day() {
    let mut repairs = repairs();
    let mut now = NOW;
    for number in 0..65 {
        sent(&mut repairs, number);
        let answered = answer(&mut repairs, number, now);
        if answered == Err(RepairRefused::TooOften) {
            assert!([30, 60, 64].contains(&number), "{number}");
            now = now.saturating_add(HOUR + Duration::from_millis(1));
            assert_eq!(answer(&mut repairs, number, now).is_ok(), number < 64, "{number}");
        } else {
            assert_eq!(answered, Ok(number));
        }
    }
}

#[test]
fn records_are_read_as_they_were_written_and_stages_change_nothing_else() {
    let mut repairs = repairs();
    for number in 0..70 {
        drop(repairs.sent(&message(number), number, NOW).unwrap());
        let staged = repairs.sent(&message(number), number, NOW).unwrap();
        let [Write::Put { record, .. }] = &staged.writes().into_iter().collect::<Vec<_>>()[..] else {
            panic!("one row")
        };
        let written = record.as_bytes().to_vec();
        staged.commit();
        assert_eq!(repairs.record().as_bytes(), written);
        let done = (ask(&mut repairs, number, NOW).is_ok(), answer(&mut repairs, number, NOW).is_ok());
        assert_eq!(done, (number < 10, number < 30));
    }
    let record = repairs.record();
    let read = Repairs::from_record(record.as_bytes(), repairs.remote()).unwrap();
    assert_eq!(read.record().as_bytes(), record.as_bytes());
    for at in 0..record.as_bytes().len() {
        assert!(Repairs::from_record(&record.as_bytes()[..at], repairs.remote()).is_err());
    }
    let mut longer = record.as_bytes().to_vec();
    longer[4 + 8] = 65;
    assert!(Repairs::from_record(&longer, repairs.remote()).is_err());
}

/// A message that Bob cannot open: he asks over the session, and Alice sends it again.
#[test]
fn two_devices_repair_a_message() {
    let [mut alice, mut bob] = pair(120, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let (mut of_bob, mut of_alice) = (Repairs::new(to_bob), Repairs::new(to_alice));
    let lost = alice.send(to_bob, &Outgoing::content(b"hello")).unwrap();
    of_bob.sent(&lost, 77, NOW).unwrap().commit();
    let asked = of_alice.ask(ReceiveError::UnknownEpoch, &lost, NOW).unwrap().commit();
    let request = bob.send(to_alice, &Outgoing::of(Kind::Repair, &asked.to_bytes())).unwrap();
    let (_, received) = alice.receive(&request, false).unwrap();
    let Typed::Repair(Repair::CouldNotOpen(tag)) = received.typed() else { panic!("{received:?}") };
    let resend = of_bob.answer(&tag, received.authentication, NOW).unwrap().commit();
    assert_eq!((resend.message, resend.sent_at), (77, NOW));
    let again = alice.send(to_bob, &Outgoing::content(b"hello")).unwrap();
    of_bob.sent(&again, resend.message, NOW).unwrap().commit();
    assert_eq!(bob.receive(&again, false).unwrap().1.content[..], b"hello"[..]);
}

fn a_move() -> impl Strategy<Value = Move> {
    let (party, place) = (any::<bool>, any::<u8>);
    let proven = || prop::bool::weighted(0.9);
    let content = prop::collection::vec(any::<u8>(), 0..35);
    prop_oneof![
        6 => party().prop_map(|by| Move::Send { by }),
        3 => (party(), place(), place()).prop_map(|(by, which, reason)| Move::Refuse { by, which, reason }),
        1 => (party(), place()).prop_map(|(by, id)| Move::MissKey { by, id: id % 8 }),
        3 => (place(), proven(), prop::option::weighted(0.2, any::<u16>()))
            .prop_map(|(which, proven, flip)| Move::Deliver { which: which % 16, proven, flip }),
        9 => (party(), 0..70_u8, proven()).prop_map(|(to, which, proven)| Move::AskFor { to, which, proven }),
        1 => (party(), content, proven()).prop_map(|(to, content, proven)| Move::Forge { to, content, proven }),
        1 => (party(), place()).prop_map(|(to, which)| Move::Stranger { to, which }),
        1 => party().prop_map(|by| Move::Fail { by }),
        1 => (0..240_u16).prop_map(|minutes| Move::Wait { minutes }),
    ]
}

#[test]
fn two_hostile_peers_get_what_the_limits_allow_and_no_more() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    let names = [name("alice", 1), name("bob", 1), name("mallory", 1)];
    let result = runner.run(&prop::collection::vec(a_move(), 0..600), |moves| {
        World::run(names, NOW, &moves);
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}
