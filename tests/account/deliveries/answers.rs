// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the service says, and what a delivery makes of it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;
use subrosa::delivery::{Correction, Delivery, GaveUp, ServiceAnswer};
use subrosa::store::Key;
use subrosa::{Address, Session, Trust};

use super::{at, hostile, id, ids, name};
use crate::cases::config;
use crate::device::{Device, Offer};
use crate::put;

const ME: &str = "me";
const BOB: &str = "bob";
const CAROL: &str = "carol";

fn delivery() -> Delivery {
    Delivery::new(Address::new(ME, id(1)), Delivery::ATTEMPTS)
}

fn addresses(delivery: &Delivery) -> Vec<Address> {
    delivery.addresses().collect()
}

fn mismatched(missing: impl IntoIterator<Item = u8>, extra: impl IntoIterator<Item = u8>) -> ServiceAnswer {
    ServiceAnswer::Mismatched { missing: ids(missing), extra: ids(extra) }
}

fn correction(archive: Vec<Address>, begin: Vec<Address>, forget: Vec<Address>) -> Correction {
    let mut correction = Correction::default();
    correction.archive = archive;
    correction.begin = begin;
    correction.forget = forget;
    correction
}

#[test]
fn a_delivery_is_for_all_devices_but_this_one() {
    assert!(delivery().is_done());
    let delivery = delivery().to(BOB, ids([2, 1])).to(CAROL, []).to(ME, ids([1, 3])).to(BOB, ids([2, 5]));
    assert_eq!(addresses(&delivery), [at(BOB, [1, 2, 5]), at(ME, [3])].concat());
    assert!(delivery.accounts().eq(&[BOB, CAROL, ME].map(name)));
    assert!(!delivery.is_done());
    // This device is left out of its own account only.
    let other = Delivery::new(Address::new(BOB, id(7)), 1).to(ME, ids([7]));
    assert_eq!(addresses(&other), at(ME, [7]));
}

#[test]
fn an_account_that_accepted_is_done() {
    let mut delivery = delivery().to(BOB, ids([1])).to(CAROL, ids([1]));
    assert_eq!(delivery.answered(&name(BOB), &ServiceAnswer::Accepted), Ok(Correction::default()));
    assert_eq!(addresses(&delivery), at(CAROL, [1]));
    assert_eq!(delivery.answered(&name(CAROL), &ServiceAnswer::Accepted), Ok(Correction::default()));
    assert!(delivery.is_done());
}

#[test]
fn missing_devices_are_added_and_extra_ones_removed() {
    let mut delivery = delivery().to(BOB, ids([1, 2, 3])).to(CAROL, ids([1]));
    let answer = delivery.answered(&name(BOB), &mismatched([4, 5], [2]));
    assert_eq!(answer, Ok(correction(vec![], at(BOB, [4, 5]), at(BOB, [2]))));
    assert_eq!(addresses(&delivery), [at(BOB, [1, 3, 4, 5]), at(CAROL, [1])].concat());
}

#[test]
fn an_account_without_known_devices_is_asked_about() {
    let mut delivery = delivery().to(BOB, []);
    assert_eq!((addresses(&delivery), delivery.accounts().count()), (vec![], 1));
    let answer = delivery.answered(&name(BOB), &mismatched([1, 2], []));
    assert_eq!(answer, Ok(correction(vec![], at(BOB, [1, 2]), vec![])));
    assert_eq!(addresses(&delivery), at(BOB, [1, 2]));
}

#[test]
fn stale_devices_get_a_new_session() {
    let mut delivery = delivery().to(BOB, ids([1, 2]));
    let answer = delivery.answered(&name(BOB), &ServiceAnswer::Stale(ids([2])));
    assert_eq!(answer, Ok(correction(at(BOB, [2]), at(BOB, [2]), vec![])));
    assert_eq!(addresses(&delivery), at(BOB, [1, 2]));
}

#[test]
fn an_unknown_account_is_forgotten() {
    let mut delivery = delivery().to(BOB, ids([1, 2]));
    let answer = delivery.answered(&name(BOB), &ServiceAnswer::UnknownAccount);
    assert_eq!(answer, Ok(correction(vec![], vec![], at(BOB, [1, 2]))));
    assert!(delivery.is_done());
}

#[test]
fn an_answer_about_another_account_changes_nothing() {
    let mut delivery = delivery().to(BOB, ids([1]));
    for answer in [
        ServiceAnswer::Accepted,
        ServiceAnswer::UnknownAccount,
        mismatched([1], [2]),
        ServiceAnswer::Stale(ids([1])),
    ] {
        assert_eq!(delivery.answered(&name(CAROL), &answer), Ok(Correction::default()));
        assert_eq!(addresses(&delivery), at(BOB, [1]));
    }
    // Nor about whom it arrived at already.
    delivery.answered(&name(BOB), &ServiceAnswer::Accepted).unwrap();
    assert_eq!(delivery.answered(&name(BOB), &mismatched([2], [])), Ok(Correction::default()));
    assert!(delivery.is_done());
}

#[test]
fn this_device_is_never_named() {
    for answer in [mismatched([1], []), mismatched([], [1]), ServiceAnswer::Stale(ids([1]))] {
        let mut delivery = delivery().to(ME, ids([1, 2]));
        assert_eq!(delivery.answered(&name(ME), &answer), Ok(Correction::default()), "{answer:?}");
        assert_eq!(addresses(&delivery), at(ME, [2]));
    }
}

#[test]
fn contradictory_answers_have_one_meaning() {
    // A device that is missing and extra is there, and was sent something that does not count.
    let mut delivery = delivery().to(BOB, ids([1, 2]));
    let answer = delivery.answered(&name(BOB), &mismatched([2], [2]));
    assert_eq!(answer, Ok(correction(vec![], at(BOB, [2]), vec![])));
    assert_eq!(addresses(&delivery), at(BOB, [1, 2]));
    // Named twice, or extra and never sent to, or stale and never sent to, or a mismatch of nothing.
    let answer = delivery.answered(&name(BOB), &mismatched([3, 3], [9, 9]));
    assert_eq!(answer, Ok(correction(vec![], at(BOB, [3]), at(BOB, [9]))));
    let answer = delivery.answered(&name(BOB), &ServiceAnswer::Stale(ids([7, 7])));
    assert_eq!(answer, Ok(correction(at(BOB, [7]), at(BOB, [7]), vec![])));
    assert_eq!(delivery.answered(&name(BOB), &mismatched([], [])), Ok(Correction::default()));
    assert_eq!(addresses(&delivery), at(BOB, [1, 2, 3, 7]));
    let answer = delivery.answered(&name(BOB), &mismatched([], []));
    assert!(answer.is_err() && delivery.is_done(), "each cost an attempt");
}

#[test]
fn an_account_may_have_127_devices() {
    let mut delivery = delivery().to(BOB, []).to(ME, []);
    let all = || mismatched(1..=127, []);
    assert_eq!(delivery.answered(&name(BOB), &all()).unwrap().begin, at(BOB, 1..=127));
    assert_eq!(delivery.answered(&name(ME), &all()).unwrap().begin, at(ME, 2..=127));
    assert_eq!(addresses(&delivery).len(), 253);
}

#[test]
fn a_delivery_gives_up_after_its_attempts() {
    for (attempts, allowed) in [(0, 1), (1, 1), (2, 2), (Delivery::ATTEMPTS, 5), (255, 255)] {
        let mut delivery =
            Delivery::new(Address::new(ME, id(1)), attempts).to(BOB, ids([1])).to(CAROL, ids([1]));
        let mut refusals = 0;
        let GaveUp { correction: last, .. } = loop {
            refusals += 1;
            match delivery.answered(&name(BOB), &ServiceAnswer::Stale(ids([1]))) {
                Ok(_) => assert_eq!(addresses(&delivery).len(), 2),
                Err(gave_up) => break gave_up,
            }
        };
        assert_eq!(refusals, allowed);
        assert_eq!(last, correction(at(BOB, [1]), at(BOB, [1]), vec![]), "what was said last is known");
        assert_eq!(addresses(&delivery), at(CAROL, [1]), "the others go on");
    }
}

#[test]
fn an_account_can_be_given_up() {
    let mut delivery = delivery().to(BOB, ids([1])).to(CAROL, ids([1]));
    delivery.give_up(&name(BOB));
    delivery.give_up(&name("nobody"));
    assert_eq!(addresses(&delivery), at(CAROL, [1]));
}

#[test]
fn a_correction_archives_the_sessions_it_names_and_no_others() {
    let mut alice = Device::new("alice", 1);
    let mut sessions: Vec<Session> = (1..=3)
        .map(|device| {
            let mut bob = Device::new(BOB, 9).sibling(device, u64::from(device));
            alice.greet(&mut bob, Offer::LAST_RESORT);
            alice.session(&bob.address).unwrap()
        })
        .collect();
    let before: Vec<_> = sessions.iter().map(Session::record).collect();
    let correction = correction(at(BOB, [1, 3, 5]), vec![], vec![]);
    let staged = correction.archive(&mut sessions).unwrap();
    assert_eq!(staged.commit_with(|_| Err("the disk is full")), Err("the disk is full"));
    for (session, before) in sessions.iter().zip(&before) {
        assert_eq!(session.record().as_bytes(), before.as_bytes());
    }
    let mut written = BTreeMap::new();
    let staged = correction.archive(&mut sessions).unwrap();
    let stored = staged.commit_with(|writes| {
        written.extend(put(&writes));
        Ok::<_, Infallible>(())
    });
    assert_eq!(stored, Ok(()));
    assert_eq!(
        written.keys().cloned().collect::<Vec<_>>(),
        [1, 3].map(|device| Key::Session(Address::new(BOB, id(device))))
    );
    for (record, session) in written.values().zip([&sessions[0], &sessions[2]]) {
        assert_eq!(record, session.record().as_bytes());
    }
    assert_eq!(sessions.iter().map(Session::has_current).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(sessions[1].record().as_bytes(), before[1].as_bytes());
    assert!(sessions[0].encrypt(b"", Trust::Anyone, alice.now, &mut alice.rng).is_err());
}

/// Anything that a service may say.
fn answer() -> impl Strategy<Value = ServiceAnswer> {
    let devices = || proptest::collection::vec((1..=127u8).prop_map(id), 0..20);
    prop_oneof![
        1 => Just(ServiceAnswer::Accepted),
        1 => Just(ServiceAnswer::UnknownAccount),
        8 => (devices(), devices()).prop_map(|(missing, extra)| ServiceAnswer::Mismatched { missing, extra }),
        4 => devices().prop_map(ServiceAnswer::Stale),
    ]
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_hostile_service_gets_nowhere(
        attempts: u8,
        known in proptest::collection::vec((0..hostile::ACCOUNTS - 1, (1..=127u8).prop_map(id)), 0..20),
        answers in proptest::collection::vec((0..hostile::ACCOUNTS, answer()), 0..1_500),
    ) {
        hostile::run(attempts, &known, &answers);
    }
}
