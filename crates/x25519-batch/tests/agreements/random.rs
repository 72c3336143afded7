// SPDX-License-Identifier: MIT OR Apache-2.0

//! Any scalars and points, in batches of any size.

use std::array;

use proptest::prelude::*;
use x25519_batch::backend::Backend;
use x25519_batch::{Agreement, BASE, agree_many};

use crate::{Pair, agree, assert_as_expected, backends, expected};

/// A point that is anything, or the base.
fn point() -> impl Strategy<Value = [u8; 32]> {
    prop_oneof![2 => any::<[u8; 32]>(), 1 => Just(BASE)]
}

fn pairs(len: usize) -> impl Strategy<Value = Vec<Pair>> {
    prop::collection::vec((any::<[u8; 32]>(), point()), len)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn batches_of_any_size_agree(pairs in (0..=20_usize).prop_flat_map(pairs)) {
        assert_as_expected(&pairs);
    }

    /// With few distinct bytes, bits of scalars and points are alike in long runs.
    #[test]
    fn long_runs_of_bits_agree(pairs in prop::collection::vec((runs(), runs()), 1..=9)) {
        assert_as_expected(&pairs);
    }

    /// From a table, where there is one in lanes.
    #[test]
    fn public_keys_agree(scalars in prop::collection::vec(prop_oneof![any::<[u8; 32]>(), runs()], 1..=17)) {
        assert_as_expected(&scalars.into_iter().map(|scalar| (scalar, BASE)).collect::<Vec<_>>());
    }
}

/// A table has sixteen points for each four bits.
#[test]
fn each_digit_in_each_place_of_a_public_key_counts() {
    let digit = |place: usize, number: usize| u8::try_from((place + number) % 16).unwrap();
    let scalar = |number| array::from_fn(|at| digit(2 * at, number) | digit(2 * at + 1, number) << 4);
    assert_as_expected(&(0..16).map(|number| (scalar(number), BASE)).collect::<Vec<_>>());
}

fn runs() -> impl Strategy<Value = [u8; 32]> {
    prop::array::uniform32(prop::sample::select(vec![0, 0xFF, 0xF0, 1, 0x80]))
}

#[test]
fn each_size_is_computed_in_order() {
    for len in 0..=33_u8 {
        let pairs: Vec<Pair> = (0..len).map(|at| ([at + 1; 32], [200 - at; 32])).collect();
        assert_as_expected(&pairs);
    }
}

#[test]
fn public_keys_and_agreements_share_a_batch() {
    for bases in 0..=8_u8 {
        let pairs: Vec<Pair> =
            (0..8).map(|at| ([at + 7; 32], if at < bases { BASE } else { [99 + at; 32] })).collect();
        let mut shared = [[0; 32]; 8];
        let mut agreements: Vec<_> = pairs
            .iter()
            .zip(&mut shared)
            .map(|((scalar, point), shared)| {
                if *point == BASE {
                    Agreement::public_key(scalar, shared)
                } else {
                    Agreement { scalar, point, shared }
                }
            })
            .collect();
        agree_many(&mut agreements);
        assert_eq!(shared.to_vec(), expected(&pairs), "{bases} bases");
    }
}

/// What is in one lane has no influence on the others.
#[test]
fn lanes_are_independent() {
    for (kind, backend) in backends() {
        let one = |backend: Backend, at: usize, other: Pair| {
            let mut pairs = vec![other; 8];
            pairs[at] = ([42; 32], [24; 32]);
            agree(backend, &pairs)[at]
        };
        let alone = expected(&[([42; 32], [24; 32])])[0];
        for at in 0..8 {
            for other in [([0; 32], [0; 32]), ([0xFF; 32], [0xFF; 32]), ([1; 32], BASE)] {
                assert_eq!(one(backend, at, other), alone, "{kind:?}, lane {at}");
            }
        }
    }
}
