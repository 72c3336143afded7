// SPDX-License-Identifier: MIT OR Apache-2.0

//! Somebody who seals a group message of 1 KiB of text, and any number of recipients, each with two devices.

#![allow(dead_code, reason = "each bench uses a part")]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::address::ServiceIdKind;
use subrosa::group::{DistributionId, SenderKey};
use subrosa::keys::PrivateKey;
use subrosa::sealed;
use subrosa::sealed::certificate::CertificateCache;
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{ContactSecret, UnverifiedContent};
use subrosa::{Ciphertext, DeviceId, IdentityKey, ServiceId};

pub use envelopes::{Cast, NOW, bobs_address};

/// What a recipient keeps of a sender.
pub struct Kept {
    agreement: ContactSecret,
    certificates: CertificateCache,
}

pub struct Sealing {
    pub cast: Cast,
    pub message: Ciphertext,
    identities: Vec<IdentityKey>,
}

impl Sealing {
    pub fn new(recipients: u32) -> Self {
        let mut rng = rng();
        let cast = Cast::new();
        let mut key = SenderKey::generate(DistributionId::from_bytes([0xD1; 16]), &mut rng);
        let message = key.encrypt(&[b'x'; 1024], &mut rng).unwrap().commit();
        let others = (1..recipients).map(|_| IdentityKey::new(PrivateKey::generate(&mut rng).public_key()));
        let identities = std::iter::once(*cast.bob().public()).chain(others).collect();
        Self { cast, message, identities }
    }

    pub fn sender(&self) -> sealed::Sender<'_> {
        sealed::Sender::new(&self.cast.alice, &self.cast.certificate).unwrap()
    }

    /// The recipients, the first of whom is Bob.
    pub fn recipients(&self) -> Vec<sealed::Recipient<'_>> {
        let recipient = |(number, identity): (u128, _)| {
            let id = ServiceId::new(ServiceIdKind::Aci, number.to_be_bytes());
            let devices = [1, 2].map(|device| (DeviceId::new(device), 4711 * device));
            sealed::Recipient::new(id, identity, devices).unwrap()
        };
        (0..).zip(&self.identities).map(recipient).collect()
    }

    pub fn seal_v1(&self) -> Vec<u8> {
        self.sender().seal(&self.message, self.cast.bob().public(), &mut rng()).unwrap()
    }

    /// Alice's agreements with the recipients.
    pub fn agreements(&self) -> Vec<ContactSecret> {
        let agree = |identity| ContactSecret::new(&self.cast.alice, identity).unwrap();
        self.identities.iter().map(agree).collect()
    }

    /// [`Self::recipients`] with Alice's agreements.
    pub fn recipients_kept<'a>(&'a self, kept: &'a [ContactSecret]) -> Vec<sealed::Recipient<'a>> {
        self.recipients()
            .into_iter()
            .zip(kept)
            .map(|(recipient, kept)| recipient.with_contact_secret(kept))
            .collect()
    }

    pub fn seal_v1_kept(&self, kept: &[ContactSecret]) -> Vec<u8> {
        self.sender().seal_with(&self.message, kept.first().unwrap(), &mut rng()).unwrap()
    }

    /// What Bob keeps of Alice.
    pub fn keep(&self) -> Kept {
        let agreement = ContactSecret::new(self.cast.bob(), self.cast.alice.public()).unwrap();
        Kept { agreement, certificates: CertificateCache::new(8) }
    }

    /// [`Self::open`] and [`Self::verify`] with what is kept.
    pub fn open_kept(&self, kept: &mut Kept, sealed: &[u8]) -> sealed::Content {
        let Kept { agreement, certificates } = kept;
        let content = UnverifiedContent::open_with(sealed, self.cast.bob(), |_| Some(&*agreement)).unwrap();
        content.verify_cached(certificates, &self.cast.trust(), &bobs_address(), None, NOW).unwrap()
    }

    pub fn seal_for_many(&self, recipients: &[sealed::Recipient<'_>]) -> Vec<u8> {
        self.sender().seal_for_many(&self.message, recipients, &[], &mut rng()).unwrap().bytes
    }

    /// What Bob gets of a message for all.
    pub fn seal_v2(&self) -> Vec<u8> {
        let sent = self.seal_for_many(&self.recipients());
        SentMessage::parse(&sent).unwrap().recipients().next().unwrap().received().to_vec()
    }

    pub fn open(&self, sealed: &[u8]) -> UnverifiedContent {
        UnverifiedContent::open(sealed, self.cast.bob()).unwrap()
    }

    pub fn verify(&self, content: UnverifiedContent) -> sealed::Content {
        content.verify(&self.cast.trust(), &bobs_address(), None, NOW).unwrap()
    }
}

pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(9)
}

/// Takes a message for many apart, as a service does. Gives how many entries there are.
pub fn parse(sent: &[u8]) -> usize {
    SentMessage::parse(sent).unwrap().recipients().count()
}

/// What each device is to get, not copied. Gives how many bytes that is.
pub fn split(sent: &SentMessage<'_>) -> usize {
    let of_one = |recipient: sealed::server::Recipient<'_>| {
        let parts = recipient.received();
        recipient.devices().map(|_| parts.parts().iter().map(|part| part.len()).sum::<usize>()).sum::<usize>()
    };
    sent.recipients().map(of_one).sum()
}
