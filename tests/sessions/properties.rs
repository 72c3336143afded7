// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must hold whatever happens. `PROPTEST_CASES` raises the number of cases.

mod damage;
mod records;
mod three_parties;

use crate::cases::config;
use crate::device::{Device, Failure, KemOffer, Offer, Table};
use crate::simulation::{Expected, Fate, Side, Step, World};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::DecryptError;

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

/// A conversation of 4,000 steps on one session, from a fixed seed: so many percent of them send, of the others so many
/// lose a message, and so many take one of the 30 oldest in place of the oldest. Whatever is not lost is read, unless
/// its chain was dropped.
fn long_conversation(percent: [u32; 3], seed: u64) {
    let mut dice = ChaCha20Rng::seed_from_u64(seed);
    let mut world = World::new(seed, false);
    world.step(Step::Initiate(Side::Alice, Offer::FULL, Fate::Stored));
    world.step(Step::Talk { turns: 1 });
    for _ in 0..4_000 {
        let side = Side::BOTH[(dice.next_u32() % 2) as usize];
        let [sends, loses, overtakes] = percent.map(|chance| dice.next_u32() % 100 < chance);
        let which = if overtakes { (dice.next_u32() % 30) as u8 } else { 0 };
        world.step(match (sends, loses) {
            (true, _) => Step::Send(side, Fate::Stored),
            (false, true) => Step::Drop(side, which),
            (false, false) => Step::Deliver { to: side, which, keep: false, fate: Fate::Stored },
        });
    }
    assert!(world.delivered > 600, "only {} delivered", world.delivered);
    assert!(world.refused.len() < world.delivered / 10, "{} refused", world.refused.len());
    for refused in &world.refused {
        let (Expected::Refused, Failure::Decrypt(DecryptError::Forged(_))) = refused else {
            panic!("{refused:?}")
        };
    }
}

#[test]
fn a_long_conversation_in_order() {
    long_conversation([50, 0, 0], 1);
}

#[test]
fn a_long_conversation_with_losses() {
    long_conversation([60, 30, 20], 2);
}

#[test]
fn a_long_conversation_much_reordered() {
    long_conversation([52, 5, 90], 3);
}

#[test]
fn the_same_random_numbers_give_the_same_bytes() {
    let run = || {
        let mut devices = Device::acquainted(33);
        let mut dice = ChaCha20Rng::seed_from_u64(33);
        let mut out = Vec::new();
        for _ in 0..200 {
            let choice = dice.next_u32();
            let [from, to] = &mut devices;
            let (from, to) = if choice & 1 == 0 { (from, to) } else { (to, from) };
            let letter = from.send(&to.address, b"text");
            out.extend_from_slice(&letter.bytes);
            if choice & 6 != 0 {
                to.hear(from, &letter, b"text");
            }
        }
        let [alice, bob] = &devices;
        [&out[..], alice.record(&bob.address), bob.record(&alice.address)].concat()
    };
    assert!(run() == run());
}
