// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live comparison of fingerprints with the official client's build. Needs `SUBROSA_INTEROP`; see
//! CONTRIBUTING.md. `SUBROSA_SEED` repeats a run.

use crate::live::{Home, Program, Side, seed};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Somebody as a fingerprint knows them: identifier and public key.
#[derive(Clone)]
struct Person {
    id: String,
    key: Value,
}

/// One of ours and one of the official client's, who compute and compare.
struct Sides {
    sides: [Side; 2],
    rng: ChaCha20Rng,
}

impl Sides {
    fn new(salt: u64) -> Self {
        let program = Program::node("", "peer.mjs", &[]);
        let ours = Side::new(Home::Ours(Box::default()), "ours", &Value::Null);
        let theirs = Side::new(Home::Theirs(program), "theirs", &Value::Null);
        Self { sides: [ours, theirs], rng: ChaCha20Rng::seed_from_u64(seed(salt)) }
    }

    /// Somebody new, with a key that side `at` made.
    fn person(&mut self, at: usize, version: u32) -> Person {
        let id = if version == 1 {
            format!("+1{:010}", self.rng.next_u32()).into_bytes()
        } else {
            let mut uuid = vec![0; 16];
            self.rng.fill_bytes(&mut uuid);
            uuid
        };
        let key = self.sides[at].must(json!({ "op": "ec_generate" }))["public"].clone();
        Person { id: hex::encode(id), key }
    }

    /// Digits and scannable form at side `at`, for `me` with `other`.
    fn fingerprint(&mut self, at: usize, version: u32, [me, other]: [&Person; 2]) -> (Value, Value) {
        let answer = self.sides[at].must(json!({
            "op": "fingerprint", "iterations": 5_200, "version": version,
            "local_id": me.id, "local_key": me.key, "remote_id": other.id, "remote_key": other.key,
        }));
        (answer["display"].clone(), answer["scannable"].clone())
    }

    /// What both sides say of two scannables. They must say the same.
    fn compare(&mut self, ours: &Value, theirs: &Value) -> Option<bool> {
        let request = json!({ "op": "fingerprint_compare", "ours": ours, "theirs": theirs });
        let [here, there] = [0, 1].map(|at| {
            let answer = self.sides[at].ask(request.clone());
            answer.ok().map(|answer| answer["same"].as_bool().expect("a truth value"))
        });
        assert_eq!(here, there, "{request}");
        here
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn digits_and_codes_are_the_same_on_both_sides() {
    let mut sides = Sides::new(11);
    for version in [1, 2, 1, 2, 1, 2, 0, 3] {
        let [alice, bob] = [0, 1].map(|at| sides.person(at, version));
        let changed = Person { key: sides.person(1, version).key, ..bob.clone() };
        for (a, b) in [(0, 1), (1, 0)] {
            let (digits, shown_by_a) = sides.fingerprint(a, version, [&alice, &bob]);
            let (same_digits, shown_by_b) = sides.fingerprint(b, version, [&bob, &alice]);
            assert_eq!(digits, same_digits);
            let computed_there = sides.fingerprint(b, version, [&alice, &bob]);
            assert_eq!(computed_there, (digits.clone(), shown_by_a.clone()));
            assert_eq!(sides.compare(&shown_by_a, &shown_by_b), Some(true));
            assert_eq!(sides.compare(&shown_by_b, &shown_by_a), Some(true));
            assert_eq!(sides.compare(&shown_by_a, &shown_by_a), Some(false));

            // Bob's key is another one than Alice believes.
            let (other_digits, by_other) = sides.fingerprint(b, version, [&changed, &alice]);
            assert_ne!(digits, other_digits);
            assert_eq!(sides.compare(&shown_by_a, &by_other), Some(false));
            assert_eq!(sides.compare(&by_other, &shown_by_a), Some(false));

            let (_, other_version) = sides.fingerprint(b, version + 1, [&bob, &alice]);
            assert_eq!(sides.compare(&shown_by_a, &other_version), None);
            assert_eq!(sides.compare(&other_version, &shown_by_a), None);
        }
    }
}

/// Each damage that one side refuses, or finds to be another fingerprint, so does the other.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn damaged_codes_are_judged_alike() {
    let mut sides = Sides::new(12);
    let [alice, bob] = [0, 1].map(|at| sides.person(at, 2));
    let (_, ours) = sides.fingerprint(0, 2, [&alice, &bob]);
    let (_, theirs) = sides.fingerprint(1, 2, [&bob, &alice]);
    let good = hex::decode(theirs.as_str().unwrap()).unwrap();
    let mut verdicts = [0; 3];
    for round in 0..good.len() * 8 + 1_000 {
        let mut damaged = good.clone();
        if round < good.len() * 8 {
            damaged[round / 8] ^= 1 << (round % 8);
        } else {
            for _ in 0..=sides.rng.next_u32() % 3 {
                if damaged.is_empty() {
                    break;
                }
                let at = sides.rng.next_u32() as usize % damaged.len();
                match sides.rng.next_u32() % 4 {
                    0 => drop(damaged.remove(at)),
                    1 => damaged.truncate(at.max(1)),
                    2 => damaged[at] = sides.rng.next_u32().to_le_bytes()[0],
                    _ => damaged.insert(at, sides.rng.next_u32().to_le_bytes()[0] & 0x1F),
                }
            }
        }
        let damaged = hex::encode(damaged).into();
        for verdict in [sides.compare(&ours, &damaged), sides.compare(&damaged, &ours)] {
            verdicts[verdict.map_or(2, usize::from)] += 1;
        }
    }
    assert!(verdicts[0] > 500 && verdicts[2] > 500, "{verdicts:?}");
}
