// SPDX-License-Identifier: MIT OR Apache-2.0

//! A service that says anything.

#![allow(clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

use std::collections::BTreeSet;

use subrosa::{Address, Correction, Delivery, DeviceId, GaveUp, ServiceAnswer};

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
        let outcome = delivery.answered(name, answer);
        let after: BTreeSet<Address> = delivery.addresses().collect();
        assert!(!after.contains(&local));
        let others = |addresses: &BTreeSet<Address>| -> Vec<Address> {
            addresses.iter().filter(|address| address.name() != name).cloned().collect()
        };
        assert_eq!(others(&before), others(&after));
        let (correction, gone) = match outcome {
            Ok(correction) => (correction, false),
            Err(GaveUp { correction, .. }) => (correction, true),
        };
        let Correction { archive, begin, forget, .. } = &correction;
        for address in archive.iter().chain(begin).chain(forget) {
            assert!(address.name() == name && *address != local);
        }
        assert!(archive.iter().all(|address| begin.contains(address)));
        assert!(!forget.iter().any(|address| begin.contains(address)));
        if left[account] == 0 {
            assert_eq!(correction, Correction::default());
            continue;
        }
        left[account] -= 1;
        if matches!(answer, ServiceAnswer::Accepted | ServiceAnswer::UnknownAccount) {
            left[account] = 0;
        } else {
            assert_eq!(gone, left[account] == 0);
        }
        assert_eq!(delivery.accounts().any(|waiting| waiting == name), left[account] > 0);
        if left[account] > 0 {
            let mut expected: BTreeSet<DeviceId> =
                before.iter().filter(|address| address.name() == name).map(Address::device).collect();
            let of = |addresses: &[Address]| addresses.iter().map(Address::device).collect::<Vec<_>>();
            expected.extend(of(begin));
            expected.retain(|device| !of(forget).contains(device));
            let now = after.iter().filter(|address| address.name() == name).map(Address::device);
            assert_eq!(expected, now.collect::<BTreeSet<_>>());
        }
    }
}
