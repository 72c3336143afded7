// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must hold whatever happens. `PROPTEST_CASES` raises the number of cases.

mod damage;
mod records;
mod three_parties;

use crate::cases::config;
use crate::device::{KemOffer, Offer, Table};
use crate::simulation::{Fate, Side, Step, World};
use proptest::prelude::*;

fn side() -> impl Strategy<Value = Side> {
    proptest::sample::select(&Side::BOTH)
}

fn fate() -> impl Strategy<Value = Fate> {
    let table = proptest::sample::select(vec![
        Table::Sessions,
        Table::Identities,
        Table::OneTimePreKeys,
        Table::KemPreKeys,
        Table::KemUses,
    ]);
    prop_oneof![
        12 => Just(Fate::Stored),
        3 => Just(Fate::StoredApart),
        2 => table.prop_map(Fate::Fails),
        1 => Just(Fate::CrashBefore),
        1 => Just(Fate::CrashAfter),
    ]
}

fn offer() -> impl Strategy<Value = Offer> {
    let kem = proptest::sample::select(vec![KemOffer::OneTime, KemOffer::LastResort, KemOffer::None]);
    (any::<bool>(), kem).prop_map(|(one_time, kem)| Offer { one_time, kem })
}

fn step() -> impl Strategy<Value = Step> {
    let deliver = (side(), any::<u8>(), proptest::bool::weighted(0.2), fate());
    let damage = (side(), any::<u8>(), any::<u16>(), 0..8u8);
    // The post-quantum ratchet takes some 43 turns to come round.
    let turns = prop_oneof![9 => 1..8u8, 1 => 40..100u8];
    prop_oneof![
        24 => (side(), fate()).prop_map(|(side, fate)| Step::Send(side, fate)),
        24 => deliver.prop_map(|(to, which, keep, fate)| Step::Deliver { to, which, keep, fate }),
        3 => (side(), any::<u8>()).prop_map(|(to, which)| Step::Drop(to, which)),
        3 => damage.prop_map(|(to, which, at, bit)| Step::Damage { to, which, at, bit }),
        4 => (side(), offer(), fate()).prop_map(|(side, offer, fate)| Step::Initiate(side, offer, fate)),
        2 => (side(), fate()).prop_map(|(side, fate)| Step::Archive(side, fate)),
        2 => side().prop_map(Step::Restart),
        2 => side().prop_map(Step::Move),
        1 => side().prop_map(Step::Forget),
        1 => side().prop_map(Step::Rotate),
        2 => turns.prop_map(|turns| Step::Talk { turns }),
        1 => proptest::sample::select(vec![1, 29, 30, 31]).prop_map(|days| Step::Wait { days }),
    ]
}

/// A schedule that begins with a session, as nothing happens before there is one.
fn schedule(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    let first = (side(), offer()).prop_map(|(side, offer)| Step::Initiate(side, offer, Fate::Stored));
    (first, proptest::collection::vec(step(), 0..longest)).prop_map(|(first, mut steps)| {
        steps.insert(0, first);
        steps
    })
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn no_schedule_breaks_a_conversation(seed: u64, version_3: bool, steps in schedule(120)) {
        World::run(seed, version_3, &steps);
    }
}
