// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same for three devices, two of them of one account.

use proptest::prelude::*;

use super::{offer, side, step};
use crate::cases::config;
use crate::simulation::three_devices::{Pair, ThreeDevices, Turn};

fn pair() -> impl Strategy<Value = Pair> {
    proptest::sample::select(&Pair::ALL)
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => (pair(), step()).prop_map(|(pair, step)| Turn::Of(pair, step)),
        2 => (pair(), offer()).prop_map(|(pair, offer)| Turn::BothAtOnce(pair, offer)),
        1 => (pair(), side(), any::<u8>()).prop_map(|(pair, to, which)| Turn::FromTheThird { pair, to, which }),
        1 => (pair(), side(), any::<u8>()).prop_map(|(pair, to, which)| Turn::Reflected { pair, to, which }),
    ]
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn no_schedule_breaks_three_conversations(
        seed: u64,
        version_3: [bool; 3],
        first in (pair(), offer()),
        turns in proptest::collection::vec(turn(), 0..150),
    ) {
        let first = Turn::BothAtOnce(first.0, first.1);
        let turns: Vec<_> = std::iter::once(first).chain(turns).collect();
        ThreeDevices::run(seed, version_3, &turns);
    }
}
