// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed for many, split, and opened: each recipient gets what was sent, nobody else does, and what is damaged
//! on the way is not taken for something else.

#![no_main]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use envelopes::{Cast, NOW, bobs_address};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::address::ServiceIdKind;
use subrosa::group::{DistributionId, SenderKey};
use subrosa::hazmat::sealed::{Entry, seal_for_many};
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::{PublicKey, Secret};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{Body, MultiRecipientMessage, OpenError, SealError, UnverifiedContent};
use subrosa::{Ciphertext, DeviceId, IdentityKey, IdentityKeyPair, ServiceId, sealed};

static CAST: LazyLock<Cast> = LazyLock::new(Cast::new);
static MESSAGE: LazyLock<Ciphertext> = LazyLock::new(|| {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let mut key = SenderKey::generate(DistributionId::from_bytes([1; 16]), &mut rng);
    key.encrypt(b"to all of you", &mut rng).unwrap().commit()
});
/// Of low order: nobody agrees on anything with it.
static NOBODY: LazyLock<IdentityKey> = LazyLock::new(|| IdentityKey::new(PublicKey::from_bytes([0; 32])));

#[derive(Arbitrary, Debug)]
struct Input {
    recipients: Vec<Recipient>,
    excluded: Vec<Name>,
    group_id: Vec<u8>,
    hint: u32,
    /// Where to flip which bit on the way.
    damage: (u16, u8),
}

#[derive(Arbitrary, Debug)]
struct Recipient {
    name: Name,
    /// Which of the readers; none of them if there is no such number.
    reader: u8,
    devices: Vec<(u8, u16)>,
}

/// Few enough that names meet.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Name {
    pni: bool,
    number: u8,
}

impl Name {
    const fn id(self) -> ServiceId {
        ServiceId::new(if self.pni { ServiceIdKind::Pni } else { ServiceIdKind::Aci }, [self.number % 16; 16])
    }
}

impl Recipient {
    fn identity(&self) -> &'static IdentityKey {
        CAST.readers.get(usize::from(self.reader % 4)).map_or(&*NOBODY, |reader| reader.public())
    }

    fn devices(&self) -> impl Iterator<Item = (DeviceId, u32)> {
        self.devices.iter().map(|(device, id)| (DeviceId::new(u32::from(*device)), u32::from(*id)))
    }

    /// As a messenger would make it; or why it can't.
    fn checked(&self) -> Result<sealed::Recipient<'static>, SealError> {
        let made = sealed::Recipient::new(self.name.id(), self.identity(), self.devices());
        let distinct: BTreeSet<_> = self.devices().map(|(device, _)| device).collect();
        let short = self.devices().all(|(device, id)| (1..=127).contains(&device.get()) && id < 0x4000);
        assert_eq!(made.is_ok(), !self.devices.is_empty() && distinct.len() == self.devices.len());
        assert!(made.as_ref().map_or(true, |made| made.unfit().is_none() == short));
        made
    }

    /// The same, if it can be made; otherwise with other devices.
    fn unchecked(&self) -> Entry<'static> {
        let sound = |(device, id): &(u8, u16)| (device.wrapping_sub(1) % 127 + 1, id % 0x4000);
        let devices = self.devices.iter().map(sound).collect();
        Entry { service_id: self.name.id(), identity: self.identity(), devices, agreement: None }
    }
}

fuzz_target!(|input: Input| {
    let mut input = input;
    input.recipients.truncate(4);
    let excluded: Vec<ServiceId> = input.excluded.iter().take(4).map(|name| name.id()).collect();
    let sender = sealed::Sender::new(&CAST.alice, &CAST.certificate).unwrap();
    let sender = sender.with_hint(input.hint.into()).with_group_id(&input.group_id);
    let checked: Vec<_> = input.recipients.iter().filter_map(|recipient| recipient.checked().ok()).collect();
    let all = checked.iter().map(|recipient| *recipient.service_id()).chain(excluded.iter().copied());
    let distinct: BTreeSet<ServiceId> = all.collect();
    match sender.seal_for_many(&MESSAGE, &checked, &excluded, &mut ChaCha20Rng::seed_from_u64(1)) {
        Ok(mut sealed) => {
            assert_eq!(distinct.len(), checked.len() + excluded.len());
            let unfit = checked.iter().filter(|recipient| recipient.unfit().is_some());
            let unfit: Vec<ServiceId> = unfit.map(|recipient| *recipient.service_id()).collect();
            let left_out = sealed.failed.split_off(sealed.failed.len() - unfit.len());
            assert!(left_out.iter().map(|(account, _)| *account).eq(unfit));
            let entries: Vec<Entry<'_>> = input
                .recipients
                .iter()
                .filter(|recipient| recipient.checked().is_ok_and(|made| made.unfit().is_none()))
                .map(Recipient::unchecked)
                .collect();
            split_and_open(&sealed, &entries, &excluded, &input);
        }
        Err(SealError::RepeatedAccount(_)) => {
            assert!(distinct.len() < checked.len() + excluded.len());
            unchecked(&excluded, &input);
        }
        Err(error) => panic!("{error}"),
    }
});

/// Seals without looking who is named twice, and has the service look.
fn unchecked(excluded: &[ServiceId], input: &Input) {
    let entries = input.recipients.iter().filter(|recipient| !recipient.devices.is_empty());
    let entries: Vec<Entry<'_>> = entries.map(Recipient::unchecked).collect();
    let content = SealedContent {
        kind: MESSAGE.kind(),
        certificate: CAST.certificate.as_bytes(),
        message: MESSAGE.as_bytes(),
        hint: input.hint.into(),
        group_id: Some(&input.group_id),
    };
    let borrowed: Vec<&Entry<'_>> = entries.iter().collect();
    let seed = Secret::new([7; 32]);
    let sealed = seal_for_many(&content.encode(), &CAST.alice, &borrowed, excluded, seed).unwrap();
    split_and_open(&sealed, &entries, excluded, input);
}

fn split_and_open(
    sealed: &MultiRecipientMessage,
    entries: &[Entry<'_>],
    excluded: &[ServiceId],
    input: &Input,
) {
    let (failed, good): (Vec<&Entry<'_>>, Vec<_>) =
        entries.iter().partition(|entry| *entry.identity == *NOBODY);
    assert!(
        failed.iter().map(|entry| entry.service_id).eq(sealed.failed.iter().map(|(account, _)| *account))
    );

    let twice = |id: &ServiceId| excluded.iter().filter(|other| *other == id).count() > 1;
    let both = |id: &ServiceId| good.iter().any(|entry| entry.service_id == *id);
    let sent = match SentMessage::parse(&sealed.bytes) {
        Ok(sent) => sent,
        Err(OpenError::RedundantlyExcluded(id)) => return assert!(twice(&id) || both(&id)),
        Err(error) => panic!("{error}"),
    };
    assert!(!excluded.iter().any(|id| twice(id) || both(id)));
    assert!(sent.excluded().eq(excluded.iter().copied()));

    let accounts: BTreeSet<ServiceId> = good.iter().map(|entry| entry.service_id).collect();
    assert_eq!(sent.recipients().count(), accounts.len());
    for recipient in sent.recipients() {
        let mut of_account = good.iter().filter(|entry| entry.service_id == recipient.service_id());
        let devices = of_account.clone().flat_map(|entry| entry.devices.iter().copied());
        let devices: Vec<_> = devices.map(|(device, id)| (DeviceId::new(device.into()), id)).collect();
        assert!(recipient.devices().eq(devices));
        // If an account was named twice, the first one's keys count.
        let identity = of_account.next().unwrap().identity;
        for reader in &CAST.readers {
            let opened = open(&recipient.received().to_vec(), reader, input);
            assert_eq!(opened, reader.public() == identity);
        }
    }
    damaged(sealed.bytes.clone(), input);
}

/// What opens after a bit was flipped on the way is what was sent.
fn damaged(mut bytes: Vec<u8>, input: &Input) {
    let (at, bit) = input.damage;
    let at = usize::from(at) % bytes.len();
    bytes[at] ^= 1 << (bit % 8);
    let Ok(sent) = SentMessage::parse(&bytes) else { return };
    for recipient in sent.recipients() {
        for reader in &CAST.readers {
            open(&recipient.received().to_vec(), reader, input);
        }
    }
}

/// Whether a reader opens this. What comes out must be what went in.
fn open(received: &[u8], reader: &IdentityKeyPair, input: &Input) -> bool {
    let Ok(content) = UnverifiedContent::open(received, reader) else { return false };
    let content = content.verify(&CAST.trust(), &bobs_address(), None, NOW).unwrap();
    let group_id = Some(&*input.group_id).filter(|id| !id.is_empty());
    assert_eq!((content.group_id(), content.hint().to_u32()), (group_id, input.hint));
    assert_eq!(content.sender().certificate(), &CAST.certificate);
    assert!(matches!(content.body(), Ok(Body::Group(message)) if message.as_bytes() == MESSAGE.as_bytes()));
    true
}
