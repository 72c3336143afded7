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
use subrosa::store::{Key, Write, Writes};
use subrosa::{Address, DeviceId};

use crate::device::{Failure, Faults, Store};

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

/// Stores writes about several devices in one transaction. `faults` come about with the last of them.
fn store_all(store: &mut Store, faults: &Faults, writes: Writes) -> Result<(), Failure> {
    let (mut devices, mut identities) = (Vec::<(Address, Vec<Write>)>::new(), Vec::new());
    for write in writes {
        match write.key().clone() {
            Key::Session(address) => devices.push((address, vec![write])),
            Key::Identity(account) => identities.push((account, write)),
            other => panic!("{other:?} is of no session"),
        }
    }
    for (account, identity) in identities {
        let mut devices = devices.iter_mut();
        let of_account = devices.find(|(address, writes)| *address.name() == account && writes.len() == 1);
        of_account.expect("a session of the account").1.push(identity);
    }
    let mut next = store.clone();
    let count = devices.len();
    for (at, (address, writes)) in devices.into_iter().enumerate() {
        let (none, mut of_device) = (Faults::default(), Writes::default());
        of_device.extend(writes);
        next.apply(if at + 1 == count { faults } else { &none }, &address, of_device)?;
    }
    *store = next;
    Ok(())
}
