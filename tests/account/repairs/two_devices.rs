// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two honest devices always end able to talk, and never send each other messages without end.

use proptest::prelude::*;

use crate::cases::config;
use crate::device::{Device, Offer};
use crate::lossy_devices::{LossyDevices, Step};

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn two_honest_devices_always_end_able_to_talk(
        seed: u64,
        full: bool,
        steps in Step::schedules(2, 120),
    ) {
        let offer = if full { Offer::FULL } else { Offer::LAST_RESORT };
        LossyDevices::new(Device::pair(seed), offer, seed).run(steps);
    }

    #[test]
    fn devices_that_are_set_back_end_able_to_talk(
        seed: u64,
        steps in Step::schedules_with_set_backs(2, 120),
    ) {
        LossyDevices::new(Device::pair(seed), Offer::FULL, seed).run(steps);
    }
}
