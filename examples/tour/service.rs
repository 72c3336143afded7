// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service: says who is who, and carries what it can't read, from whom it does not know.

use subrosa::keys::{KeyPair, PublicKey};
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate};
use subrosa::sealed::server::SentMessage;
use subrosa::{Address, IdentityKey, Timestamp};

use super::device::{Error, Rng};

/// A service, with the key that its certificates are signed with.
pub struct Service {
    certificate: ServerCertificate,
    key: KeyPair,
}

impl Service {
    /// A service that a trust root vouches for. Clients know the trust root's public key.
    pub fn new(trust_root: &KeyPair, rng: &mut Rng) -> Self {
        let key = KeyPair::generate(rng);
        Self { certificate: ServerCertificate::issue(1, key.public(), trust_root.private(), rng), key }
    }

    /// Says to whom it may concern who a device is: for a day, say.
    pub fn certify(
        &self,
        device: &Address,
        identity: &IdentityKey,
        expires: Timestamp,
        rng: &mut Rng,
    ) -> SenderCertificate {
        let details = SenderDetails {
            name: device.name().to_owned(),
            e164: None,
            device: device.device(),
            identity_key: *identity,
            expires,
        };
        details.issue(&self.certificate, self.key.private(), rng)
    }
}

/// Splits a message that was uploaded for many, without copying what they have in common. `push` gets the parts
/// of what a device is to receive, to be written one after the other.
pub fn split(
    sent: &[u8],
    mut push: impl FnMut(Address, [&[u8]; 3]) -> Result<(), Error>,
) -> Result<(), Error> {
    let message = SentMessage::parse(sent)?;
    for recipient in message.recipients() {
        for (device, _registration_id) in recipient.devices() {
            push(Address::new(recipient.service_id().to_string(), device), recipient.received().parts())?;
        }
    }
    Ok(())
}

/// What clients must know of the service: who vouches for it.
pub fn trust_roots(trust_root: &KeyPair) -> [PublicKey; 1] {
    [*trust_root.public()]
}
