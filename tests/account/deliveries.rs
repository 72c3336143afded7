// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to all devices of its recipients and to one's own others, whatever the service says.

mod answers;
mod encrypt;
mod hostile;
mod service;
mod three_devices;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;
use subrosa::address::AccountName;
use subrosa::{Address, DeviceId};

/// `cases` of a property, or as many as the environment says. Failing ones are kept in `tests`.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/account/deliveries.proptest-regressions");
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)));
    config
}

fn id(device: u8) -> DeviceId {
    DeviceId::new(device.into())
}

fn name(account: &str) -> AccountName {
    AccountName::new(account)
}

fn ids(devices: impl IntoIterator<Item = u8>) -> Vec<DeviceId> {
    devices.into_iter().map(id).collect()
}

fn at(account: &str, devices: impl IntoIterator<Item = u8>) -> Vec<Address> {
    devices.into_iter().map(|device| Address::new(account, id(device))).collect()
}
