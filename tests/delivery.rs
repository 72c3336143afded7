// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to all devices of its recipients and to one's own others, whatever the service says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "delivery/answers.rs"]
mod answers;
#[path = "support/circle.rs"]
mod circle;
#[path = "support/device.rs"]
mod device;
#[path = "delivery/encrypt.rs"]
mod encrypt;
#[path = "delivery/hostile.rs"]
mod hostile;
#[path = "support/repair.rs"]
mod repair;
#[path = "delivery/service.rs"]
mod service;
#[path = "delivery/three_devices.rs"]
mod three_devices;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use subrosa::{Address, DeviceId};

/// `cases` of a property, or as many as the environment says. Failing ones are kept in `tests`.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/delivery.proptest-regressions");
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)));
    config
}

fn id(device: u8) -> DeviceId {
    DeviceId::new(device.into()).unwrap()
}

fn ids(devices: impl IntoIterator<Item = u8>) -> Vec<DeviceId> {
    devices.into_iter().map(id).collect()
}

fn at(account: &str, devices: impl IntoIterator<Item = u8>) -> Vec<Address> {
    devices.into_iter().map(|device| Address::new(account, id(device))).collect()
}
