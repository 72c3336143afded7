// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to all devices of its recipients and to one's own others, whatever the service says.

mod answers;
mod encrypt;
mod hostile;
mod service;
mod three_devices;

use subrosa::address::AccountName;
use subrosa::{Address, DeviceId};

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
