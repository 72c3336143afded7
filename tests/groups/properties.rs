// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys against known answers of the deployed protocol, and what must hold whatever happens.
//! `PROPTEST_CASES` raises the number of cases.

mod damage;
mod known_answers;
mod oracle;
mod records;
mod schedule;

use crate::cases::config;
use hex_literal::hex;
use proptest::prelude::*;
use schedule::{Fate, Step, World};
use subrosa::group;
use subrosa::group::DistributionId;

const ID: DistributionId = DistributionId::from_bytes(hex!("d1d1d1d1700011ebb32a33b8a8a487a6"));

fn format() -> impl Strategy<Value = group::Format> {
    proptest::sample::select(vec![group::Format::WithId(ID), group::Format::WithoutId])
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Stored),
        1 => Just(Fate::Fails),
        1 => Just(Fate::CrashBefore),
        1 => Just(Fate::CrashAfter),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let to = 0..2usize;
    let deliver = (to.clone(), any::<u8>(), proptest::bool::weighted(0.2), fate());
    let damage = (to.clone(), any::<u8>(), any::<u16>(), 0..8u8);
    let lost = prop_oneof![6 => 1..40u32, 2 => 900..2_100u32, 1 => 24_990..25_010u32];
    prop_oneof![
        24 => fate().prop_map(Step::Send),
        32 => deliver.prop_map(|(to, which, keep, fate)| Step::Deliver { to, which, keep, fate }),
        3 => (to.clone(), any::<u8>()).prop_map(|(to, which)| Step::Drop(to, which)),
        4 => damage.prop_map(|(to, which, at, bit)| Step::Damage { to, which, at, bit }),
        1 => lost.prop_map(Step::Lose),
        8 => Just(Step::Rotate),
        10 => to.clone().prop_map(Step::Distribute),
        12 => (to.clone(), any::<u8>(), fate()).prop_map(|(to, which, fate)| Step::Learn { to, which, fate }),
        2 => (to.clone(), any::<u8>()).prop_map(|(to, which)| Step::CatchUp(to, which)),
        2 => Just(Step::SenderMoves),
        2 => to.prop_map(Step::ReceiverMoves),
    ]
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn group_survives_any_schedule(
        seed: u64,
        format in format(),
        steps in proptest::collection::vec(step(), 0..140),
    ) {
        World::run(seed, format, &steps);
    }
}
