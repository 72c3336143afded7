// SPDX-License-Identifier: MIT OR Apache-2.0

//! A store that fails before it is durable, after it, or without saying which.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::store_that_fails::{Fate, Step, World};

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Stored), 1 => Just(Fate::Before), 1 => Just(Fate::After)]
}

fn step() -> impl Strategy<Value = Step> {
    let own = || 0..2_usize;
    prop_oneof![
        1 => (own(), fate()).prop_map(|(own, fate)| Step::Maintain(own, fate)),
        2 => (own(), fate()).prop_map(|(own, fate)| Step::Initiate(own, fate)),
        6 => (own(), any::<bool>(), fate())
            .prop_map(|(by, sealed, fate)| Step::Write { by, sealed, fate }),
        9 => (any::<u8>(), any::<bool>(), fate())
            .prop_map(|(which, keep, fate)| Step::Deliver { which: which.into(), keep, fate }),
        1 => (own(), fate()).prop_map(|(own, fate)| Step::Rotate(own, fate)),
        2 => (own(), fate()).prop_map(|(own, fate)| Step::Distribute(own, fate)),
        4 => (own(), fate()).prop_map(|(by, fate)| Step::WriteToGroup { by, fate }),
        1 => own().prop_map(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_failure_of_a_store_repeats_a_key_or_a_text(
        seed in any::<u64>(),
        steps in vec(step(), 0..80),
    ) {
        let mut world = World::new(seed);
        for step in steps {
            world.step(step);
        }
        world.end();
    }
}
