// SPDX-License-Identifier: MIT OR Apache-2.0

//! Three devices of two accounts, under any schedule: all begin at once, messages are lost and overtake each
//! other, sessions are reset, a device is set up anew.

use proptest::prelude::*;

use crate::cases::config;
use crate::device::{ALICE, BOB, Device, Offer};
use crate::lossy_devices::{LossyDevices, Step};

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn three_devices_converge_to_one_session_per_pair(
        seed: u64,
        full: bool,
        steps in Step::schedules(3, 150),
    ) {
        let alice = Device::new(ALICE, seed);
        let desktop = alice.sibling(2, seed ^ 1);
        let bob = Device::new(BOB, seed ^ 2);
        let offer = if full { Offer::FULL } else { Offer::LAST_RESORT };
        LossyDevices::new([alice, desktop, bob], offer, seed).run(steps);
    }
}
