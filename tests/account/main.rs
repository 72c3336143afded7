// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts, delivery to all devices, and repair.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../support/accounts.rs"]
mod accounts;
#[path = "../support/cases.rs"]
mod cases;
#[path = "../support/device.rs"]
mod device;
#[path = "../support/lossy_devices.rs"]
mod lossy_devices;
#[path = "../support/moved.rs"]
mod moved;
#[path = "../support/repair.rs"]
mod repair;
#[path = "../support/sealed.rs"]
mod sealed;
#[path = "../support/failing_store.rs"]
mod store_that_fails;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/vectors.rs"]
mod vectors;

mod account;
mod cancelled;
mod clocks;
mod deliveries;
mod failing_store;
mod identifiers;
mod import;
mod lessons;
mod moving_in;
mod new_addresses;
mod properties;
mod records;
mod repairs;
mod stages;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use subrosa::account::Plan;
use subrosa::store::{Key, Write, Writes};

/// The records that are put, by key.
fn put(writes: &Writes) -> BTreeMap<Key, Vec<u8>> {
    let put = |write: &Write| match write {
        Write::Put { key, record, .. } => Some((key.clone(), record.as_bytes().to_vec())),
        Write::Delete { .. } => None,
    };
    writes.iter().filter_map(put).collect()
}

/// The keys that are deleted.
fn deleted(writes: &Writes) -> BTreeSet<Key> {
    let deletes = writes.iter().filter(|write| matches!(write, Write::Delete { .. }));
    deletes.map(|write| write.key().clone()).collect()
}

/// The id of a prekey.
fn id_of(key: &Key) -> u32 {
    match key {
        Key::OneTimePreKey(id) => id.0,
        Key::SignedPreKey(id) => id.0,
        Key::OneTimeKemPreKey(id) | Key::LastResortKemPreKey(id) | Key::LastResortUses(id) => id.0,
        other => panic!("{other:?} is no prekey"),
    }
}

const fn rotates(plan: &Plan) -> bool {
    plan.rotate_signed || plan.rotate_last_resort
}

const fn generates(plan: &Plan) -> bool {
    plan.one_time > 0 || plan.one_time_kem > 0 || rotates(plan)
}
