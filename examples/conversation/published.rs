// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a device publishes, as a service keeps it.

use std::collections::VecDeque;

use subrosa::prekey::{KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use subrosa::{DeviceId, IdentityKey, PreKeyBundle};

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

impl Published {
    /// Gives out a bundle of the device, which has this id. Its one-time prekey, if there is one left, goes with
    /// it.
    pub fn bundle(&mut self, device_id: DeviceId) -> PreKeyBundle {
        PreKeyBundle {
            registration_id: self.registration_id,
            device_id,
            identity_key: self.identity_key,
            signed_pre_key: self.signed_pre_key.clone(),
            one_time_pre_key: self.one_time_pre_keys.pop_front(),
            kem_pre_key: self.last_resort_kem_pre_key.clone(),
        }
    }
}
