// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service: it hands out prekeys and certificates, and carries envelopes whose sender it does not learn.

use std::collections::BTreeMap;
use std::time::Duration;

use subrosa::account::{BackupToken, Upload};
use subrosa::keys::{KeyPair, PublicKey};
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, SenderDetails, ServerCertificate};
use subrosa::{IdentityKey, PreKeyBundle, Timestamp};

use super::who::{Who, World};

/// How long a certificate is good.
pub const CERTIFIED: Duration = Duration::from_secs(24 * 60 * 60);

/// A message on its way: all that the service knows of it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// For this program's output alone.
    pub number: u32,
    pub to: Who,
    /// When the message was first sent, as its sender says: a message that is sent again keeps it.
    pub sent: Timestamp,
    /// When the service took it.
    pub taken: Timestamp,
    pub sealed: Vec<u8>,
}

/// The service.
pub struct Service {
    /// Clients have it built in. Its private half is kept offline; here it is dropped.
    pub trust_root: PublicKey,
    certificate: ServerCertificate,
    key: KeyPair,
    uploads: BTreeMap<Who, Upload>,
}

impl Service {
    pub fn new(world: &mut World) -> Self {
        let (root, key) = (KeyPair::generate(&mut world.rng), KeyPair::generate(&mut world.rng));
        let certificate = ServerCertificate::issue(1, key.public(), root.private(), &mut world.rng);
        Self { trust_root: *root.public(), certificate, key, uploads: BTreeMap::new() }
    }

    /// Takes a device's upload. Its first upload and that of a recovered account replace all there is.
    pub fn take(&mut self, who: Who, new: Upload) {
        match self.uploads.get_mut(&who).filter(|_| !new.replace_one_time) {
            None => drop(self.uploads.insert(who, new)),
            Some(held) => {
                held.signed_pre_key = new.signed_pre_key.or(held.signed_pre_key.take());
                held.last_resort_kem_pre_key =
                    new.last_resort_kem_pre_key.or(held.last_resort_kem_pre_key.take());
                held.one_time_pre_keys.extend(new.one_time_pre_keys);
                held.one_time_kem_pre_keys.extend(new.one_time_kem_pre_keys);
                held.token = new.token;
            }
        }
    }

    pub fn bundle(&mut self, of: Who) -> Option<PreKeyBundle> {
        self.uploads.get_mut(&of)?.next_bundle()
    }

    /// Keeps the newest token of an account.
    pub fn keep(&mut self, who: Who, token: BackupToken) {
        if let Some(upload) = self.uploads.get_mut(&who) {
            upload.token = token;
        }
    }

    /// How far the account had come, as it said last.
    pub fn token(&self, of: Who) -> Option<BackupToken> {
        self.uploads.get(&of).map(|upload| upload.token)
    }

    /// Certifies a device that has logged in.
    pub fn certify(
        &self,
        who: Who,
        identity_key: IdentityKey,
        world: &mut World,
    ) -> Result<SenderCertificate, CertificateError> {
        let expires = world.now.saturating_add(CERTIFIED);
        let details = SenderDetails { address: who.address(), e164: None, identity_key, expires };
        details.issue(&self.certificate, self.key.private(), &mut world.rng)
    }
}
