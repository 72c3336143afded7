// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service that keeps what devices publish. It sees public keys only, and nobody has to trust it.

use std::collections::BTreeMap;

use subrosa::{Address, PreKeyBundle};

use super::published::Published;

/// The service, in this process.
#[derive(Debug, Default)]
pub struct Service {
    devices: BTreeMap<Address, Published>,
}

impl Service {
    /// Takes what the device at `address` publishes in the place of what it published before.
    pub fn publish(&mut self, address: Address, published: Published) {
        self.devices.insert(address, published);
    }

    /// Gives out a bundle of the device at `address`.
    pub fn fetch(&mut self, address: &Address) -> Option<PreKeyBundle> {
        Some(self.devices.get_mut(address)?.bundle(address.device()))
    }

    /// How many one-time prekeys of a device are left.
    pub fn one_time_left(&self, address: &Address) -> usize {
        self.devices.get(address).map_or(0, |device| device.one_time_pre_keys.len())
    }
}
