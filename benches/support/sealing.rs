// SPDX-License-Identifier: MIT OR Apache-2.0

//! Somebody who seals a group message of 1 KiB of text, and any number of recipients, each with two devices.

#![allow(dead_code, reason = "each bench uses a part")]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{
    CertificateMemory, Ciphertext, DeviceId, DistributionId, IdentityAgreement, IdentityKey, LocalDevice,
    PrivateKey, SealedRecipient, SealedSender, SenderKey, SentMessage, ServiceId, ServiceIdKind,
    UnverifiedContent, VerifiedContent,
};

pub use envelopes::{Cast, NOW, bobs_address};

/// What a recipient keeps of a sender.
pub struct Kept {
    agreement: IdentityAgreement,
    certificates: CertificateMemory,
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

    pub fn sender(&self) -> SealedSender<'_> {
        SealedSender::new(&self.cast.alice, &self.cast.certificate).unwrap()
    }

    /// The recipients, the first of whom is Bob.
    pub fn recipients(&self) -> Vec<SealedRecipient<'_>> {
        let recipient = |(number, identity): (u128, _)| {
            let id = ServiceId::new(ServiceIdKind::Aci, number.to_be_bytes());
            let devices = [1, 2].map(|device| (DeviceId::new(device).unwrap(), 4711 * device));
            SealedRecipient::new(id, identity, devices).unwrap()
        };
        (0..).zip(&self.identities).map(recipient).collect()
    }

    pub fn seal_v1(&self) -> Vec<u8> {
        self.sender().seal(&self.message, self.cast.bob().public(), &mut rng()).unwrap()
    }

    /// Alice's agreements with the recipients.
    pub fn agreements(&self) -> Vec<IdentityAgreement> {
        let agree = |identity| IdentityAgreement::new(&self.cast.alice, identity).unwrap();
        self.identities.iter().map(agree).collect()
    }

    /// [`Self::recipients`] with Alice's agreements.
    pub fn recipients_kept<'a>(&'a self, kept: &'a [IdentityAgreement]) -> Vec<SealedRecipient<'a>> {
        self.recipients()
            .into_iter()
            .zip(kept)
            .map(|(recipient, kept)| recipient.with_agreement(kept))
            .collect()
    }

    pub fn seal_v1_kept(&self, kept: &[IdentityAgreement]) -> Vec<u8> {
        self.sender().seal_with(&self.message, kept.first().unwrap(), &mut rng()).unwrap()
    }

    /// What Bob keeps of Alice.
    pub fn keep(&self) -> Kept {
        let agreement = IdentityAgreement::new(self.cast.bob(), self.cast.alice.public()).unwrap();
        Kept { agreement, certificates: CertificateMemory::new(8) }
    }

    /// [`Self::open`] and [`Self::verify`] with what is kept.
    pub fn open_kept(&self, kept: &mut Kept, sealed: &[u8]) -> VerifiedContent {
        let Kept { agreement, certificates } = kept;
        let content = UnverifiedContent::open_known(sealed, self.cast.bob(), |_| Some(&*agreement)).unwrap();
        let address = bobs_address();
        let local = LocalDevice::new(&address);
        content.verify_once(certificates, &self.cast.authority(), &local, NOW).unwrap()
    }

    pub fn seal_for_many(&self, recipients: &[SealedRecipient<'_>]) -> Vec<u8> {
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

    pub fn verify(&self, content: UnverifiedContent) -> VerifiedContent {
        let address = bobs_address();
        content.verify(&self.cast.authority(), &LocalDevice::new(&address), NOW).unwrap()
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
    let of_one = |recipient: subrosa::Recipient<'_>| {
        let parts = recipient.received();
        recipient.devices().map(|_| parts.parts().iter().map(|part| part.len()).sum::<usize>()).sum::<usize>()
    };
    sent.recipients().map(of_one).sum()
}
