// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service that keeps what devices publish. It sees public keys only, and nobody has to trust it.

use std::collections::{BTreeMap, VecDeque};

use subrosa::{Address, IdentityKey, KemPreKeyPublic, OneTimePreKeyPublic, PreKeyBundle, SignedPreKeyPublic};

/// What a device publishes.
#[derive(Clone, Debug)]
pub struct Published {
    pub registration_id: u32,
    pub identity_key: IdentityKey,
    pub signed_pre_key: SignedPreKeyPublic,
    /// Given to anybody, any number of times. None from a device that speaks version 3.
    pub last_resort_kem_pre_key: Option<KemPreKeyPublic>,
    /// Each is given away once.
    pub one_time_pre_keys: VecDeque<OneTimePreKeyPublic>,
}

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

    /// Gives out a bundle. Its one-time prekey, if there is one left, goes with it.
    pub fn fetch(&mut self, address: &Address) -> Option<PreKeyBundle> {
        let device = self.devices.get_mut(address)?;
        Some(PreKeyBundle {
            registration_id: device.registration_id,
            device_id: address.device(),
            identity_key: device.identity_key,
            signed_pre_key: device.signed_pre_key.clone(),
            one_time_pre_key: device.one_time_pre_keys.pop_front(),
            kem_pre_key: device.last_resort_kem_pre_key.clone(),
        })
    }

    /// How many one-time prekeys of a device are left.
    pub fn one_time_left(&self, address: &Address) -> usize {
        self.devices.get(address).map_or(0, |device| device.one_time_pre_keys.len())
    }
}
