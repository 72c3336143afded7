// SPDX-License-Identifier: MIT OR Apache-2.0

//! A service that says anything.

#![allow(clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

use std::collections::BTreeSet;

use subrosa::delivery::{Correction, Delivery, GaveUp, ServiceAnswer};
use subrosa::{Address, DeviceId};

/// How many accounts there are. To the last of them nothing is sent.
pub const ACCOUNTS: usize = 4;

/// Whatever a service says, it is told the messages a bounded number of times, to sound devices, and never to this
/// one; and what is to be done fits what is then sent.
pub fn run(attempts: u8, known: &[(usize, DeviceId)], answers: &[(usize, ServiceAnswer)]) {
    let accounts: [&str; ACCOUNTS] = ["me", "bob", "carol", "nobody"];
    let local = Address::new(accounts[0], DeviceId::PRIMARY);
    let mut delivery = Delivery::new(local.clone(), attempts);
    let mut left = [0; ACCOUNTS];
    for &(account, device) in known {
        delivery = delivery.to(accounts[account], [device]);
        left[account] = attempts.max(1);
    }
    for (account, answer) in answers {
        let (account, name) = (*account, accounts[*account]);
        let before: BTreeSet<Address> = delivery.addresses().collect();
        let outcome = delivery.answered(&name.into(), answer);
        let after: BTreeSet<Address> = delivery.addresses().collect();
        assert!(!after.contains(&local));
        let others = |addresses: &BTreeSet<Address>| -> Vec<Address> {
            addresses.iter().filter(|address| address.name().as_str() != name).cloned().collect()
        };
        assert_eq!(others(&before), others(&after));
        let (correction, gone) = match outcome {
            Ok(correction) => (correction, false),
            Err(GaveUp { correction, .. }) => (correction, true),
        };
        if left[account] == 0 {
            assert_eq!(correction, Correction::default());
            continue;
        }
        let devices = |addresses: &BTreeSet<Address>| -> BTreeSet<DeviceId> {
            addresses.iter().filter(|address| address.name().as_str() == name).map(Address::device).collect()
        };
        let [archive, begin, forget] =
            wanted(answer, &devices(&before), (account == 0).then_some(local.device()));
        let addresses = |devices: &BTreeSet<DeviceId>| -> Vec<Address> {
            devices.iter().map(|device| Address::new(name, *device)).collect()
        };
        assert_eq!(correction.archive, addresses(&archive));
        assert_eq!(correction.begin, addresses(&begin));
        assert_eq!(correction.forget, addresses(&forget));
        left[account] -= 1;
        if matches!(answer, ServiceAnswer::Accepted | ServiceAnswer::UnknownAccount) {
            left[account] = 0;
        } else {
            assert_eq!(gone, left[account] == 0);
        }
        assert_eq!(delivery.accounts().any(|waiting| waiting.as_str() == name), left[account] > 0);
        if left[account] > 0 {
            let expected: BTreeSet<DeviceId> = devices(&before).union(&begin).copied().collect();
            assert_eq!(devices(&after), &expected - &forget);
        } else {
            assert!(devices(&after).is_empty());
        }
    }
}

/// A service may name any number of devices; an account has no more than a thousand.
#[test]
fn of_a_list_without_end_the_first_thousand_are_looked_at() {
    let bob = Address::new("bob", 1);
    let mut delivery = Delivery::new(Address::new("alice", 1), 5).to(bob.name().clone(), [bob.device()]);
    let stale = ServiceAnswer::Stale((2..100_000).map(DeviceId::new).collect());
    let correction = delivery.answered(bob.name(), &stale).unwrap();
    let all: Vec<_> = (2..1_002).map(|device| Address::new("bob", device)).collect();
    assert_eq!((correction.archive, correction.begin), (all.clone(), all));
}

/// The devices to archive, to begin with and to forget: exactly those that the answer names, but for this one.
fn wanted(
    answer: &ServiceAnswer,
    before: &BTreeSet<DeviceId>,
    this: Option<DeviceId>,
) -> [BTreeSet<DeviceId>; 3] {
    let others = |devices: &[DeviceId]| -> BTreeSet<DeviceId> {
        devices.iter().copied().filter(|device| Some(*device) != this).collect()
    };
    let none = BTreeSet::new;
    match answer {
        ServiceAnswer::Accepted => [none(), none(), none()],
        ServiceAnswer::UnknownAccount => [none(), none(), before.clone()],
        ServiceAnswer::Mismatched { missing, extra } => {
            let (missing, extra) = (others(missing), others(extra));
            let forget = &extra - &missing;
            [none(), missing, forget]
        }
        ServiceAnswer::Stale(stale) => [others(stale), others(stale), none()],
        _ => panic!("an answer of a kind that this test does not know"),
    }
}
