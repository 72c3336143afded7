// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service that keeps what devices publish, and says who they are. It sees public keys only; that a device
//! is who it says has to be believed until people compare their identities.

use std::collections::BTreeMap;
use std::time::Duration;

use subrosa::keys::{KeyPair, PrivateKey};
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate};
use subrosa::{Address, PreKeyBundle, Timestamp};

use super::published::Published;
use super::world::{Random, later};

/// How long a sender certificate is good.
pub const CERTIFIED: Duration = Duration::from_secs(24 * 60 * 60);

/// The service, in this process.
pub struct Service {
    devices: BTreeMap<Address, Published>,
    certificate: ServerCertificate,
    key: KeyPair,
}

impl Service {
    /// A service that the holder of `trust_root` vouches for. The root's key is not needed after that.
    pub fn new(trust_root: &PrivateKey, random: &mut Random) -> Self {
        let key = KeyPair::generate(random);
        let certificate = ServerCertificate::issue(1, key.public(), trust_root, random);
        Self { devices: BTreeMap::new(), certificate, key }
    }

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

    /// Certifies who the device at `address` is, for it to put that into its envelopes. A real service has it
    /// log in first.
    pub fn certify(
        &self,
        address: &Address,
        now: Timestamp,
        random: &mut Random,
    ) -> Option<SenderCertificate> {
        let details = SenderDetails {
            name: address.name().to_owned(),
            e164: None,
            device: address.device(),
            identity_key: self.devices.get(address)?.identity_key,
            expires: later(now, CERTIFIED),
        };
        Some(details.issue(&self.certificate, self.key.private(), random))
    }
}
