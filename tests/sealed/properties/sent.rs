// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed for many, split, opened: everybody gets what was sent. And whatever bit of the message is changed on
//! its way to the service, nobody gets anything else.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::Index;
use rand_chacha::rand_core::Rng;
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed;
use subrosa::sealed::certificate::SenderCertificate;
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{ContentHint, OpenError};
use subrosa::{Ciphertext, DeviceId, IdentityKeyPair, MessageKind, ServiceId, Timestamp};

use crate::by_hand::Many;
use crate::cases::config;
use crate::device::Device;
use crate::properties::{device_id, rng, service_id};
use crate::sealed::Service;

/// How many identities the recipients share.
const IDENTITIES: usize = 4;

/// An account, and its devices with their registration ids.
type Account = (ServiceId, Vec<(DeviceId, u16)>);

/// Recipients, and whom the message is not for.
#[derive(Clone, Debug)]
struct List {
    recipients: Vec<Account>,
    excluded: Vec<ServiceId>,
}

fn list(longest: usize) -> impl Strategy<Value = List> {
    let ids = proptest::collection::btree_set((any::<bool>(), any::<[u8; 16]>()), 0..=longest);
    let devices = proptest::collection::btree_map(1..=127u8, 0..=0x3FFF_u16, 1..5);
    let devices = devices.prop_map(Vec::from_iter).prop_shuffle();
    let account = (devices, proptest::bool::weighted(0.7));
    (ids.prop_map(Vec::from_iter).prop_shuffle(), proptest::collection::vec(account, longest)).prop_map(
        |(ids, accounts)| {
            let mut list = List { recipients: vec![], excluded: vec![] };
            for ((pni, uuid), (devices, included)) in ids.into_iter().zip(accounts) {
                let id = service_id(pni, uuid);
                if included {
                    let devices = devices.into_iter().map(|(device, n)| (device_id(device), n)).collect();
                    list.recipients.push((id, devices));
                } else {
                    list.excluded.push(id);
                }
            }
            list
        },
    )
}

/// A sender, and the identities of the recipients, which they have in turn.
struct World {
    sender: IdentityKeyPair,
    certificate: SenderCertificate,
    identities: Vec<IdentityKeyPair>,
    message: Ciphertext,
}

impl World {
    fn new(seed: u64) -> Self {
        let device = Device::pair(seed)[0].reinstalled(seed);
        let certificate = Service::new(seed).certify(&device);
        let mut rng = rng(seed);
        let identities = (0..IDENTITIES).map(|_| IdentityKeyPair::generate(&mut rng)).collect();
        let error = DecryptionErrorMessage::for_original(
            b"",
            MessageKind::SenderKey,
            Timestamp::from_millis(seed),
            DeviceId::PRIMARY,
        )
        .unwrap();
        let message = PlaintextContent::from(&error).into();
        Self { sender: device.identity, certificate, identities, message }
    }

    fn identity(&self, recipient: usize) -> &IdentityKeyPair {
        &self.identities[recipient % IDENTITIES]
    }

    /// The content that everybody gets.
    fn content(&self) -> Vec<u8> {
        SealedContent {
            kind: self.message.kind(),
            certificate: self.certificate.as_bytes(),
            message: self.message.as_bytes(),
            hint: ContentHint::Default,
            group_id: None,
        }
        .encode()
    }

    /// Seals for the list; m is the first that is drawn from `seed`.
    fn seal(&self, list: &List, seed: u64) -> Vec<u8> {
        let recipients: Vec<_> = list
            .recipients
            .iter()
            .enumerate()
            .map(|(at, (id, devices))| {
                let devices = devices.iter().map(|(device, n)| (*device, u32::from(*n)));
                sealed::Recipient::new(*id, self.identity(at).public(), devices).unwrap()
            })
            .collect();
        let sender = sealed::Sender::new(&self.sender, &self.certificate).unwrap();
        let sent = sender.seal_for_many(&self.message, &recipients, &list.excluded, &mut rng(seed)).unwrap();
        assert_eq!(sent.failed, []);
        sent.bytes
    }

    /// What has been received by a holder of `identity`: the content, if it is one of the sender's.
    fn open(&self, received: &[u8], identity: &IdentityKeyPair) -> Result<Vec<u8>, OpenError> {
        let envelope = Envelope::open(received, identity)?;
        let ours = envelope.is_from(self.sender.public(), identity)?;
        if ours { Ok(envelope.content().to_vec()) } else { Err(OpenError::WrongSender) }
    }
}

/// A part of a message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Version,
    Count,
    /// The kind or the UUID of a recipient.
    Id(usize),
    /// A device id.
    Device(usize, usize),
    /// A registration id, and whether another device follows.
    RegistrationId(usize, usize),
    Material(usize),
    ExcludedId(usize),
    /// The zero in the place of a device.
    NoDevice,
    Ephemeral,
    Ciphertext,
}

/// The message in its parts, made one after the other.
fn parts(world: &World, list: &List, seed: u64) -> Vec<(Part, Vec<u8>)> {
    let mut m = [0; 32];
    rng(seed).fill_bytes(&mut m);
    let many = Many::new(m, &world.content());
    let count = u8::try_from(list.recipients.len() + list.excluded.len()).unwrap();
    let mut parts = vec![(Part::Version, vec![0x23]), (Part::Count, vec![count])];
    for (at, (id, devices)) in list.recipients.iter().enumerate() {
        parts.push((Part::Id(at), id.to_bytes().to_vec()));
        for (number, (device, registration_id)) in devices.iter().enumerate() {
            parts.push((Part::Device(at, number), vec![u8::try_from(device.get()).unwrap()]));
            let more = if number + 1 < devices.len() { 0x8000 } else { 0 };
            parts.push((Part::RegistrationId(at, number), (registration_id | more).to_be_bytes().to_vec()));
        }
        let material = many.material(&world.sender, world.identity(at).public());
        parts.push((Part::Material(at), material.to_bytes()));
    }
    for (at, id) in list.excluded.iter().enumerate() {
        parts.push((Part::ExcludedId(at), id.to_bytes().to_vec()));
        parts.push((Part::NoDevice, vec![0]));
    }
    parts.push((Part::Ephemeral, many.ephemeral_public().as_bytes().to_vec()));
    parts.push((Part::Ciphertext, many.ciphertext));
    parts
}

/// Where the parts are.
fn places(parts: &[(Part, Vec<u8>)]) -> Vec<(Part, Range<usize>)> {
    let mut at = 0;
    let place = |(part, bytes): &(Part, Vec<u8>)| {
        let start = at;
        at += bytes.len();
        (*part, start..at)
    };
    parts.iter().map(place).collect()
}

/// Whom a message is for, what each gets, and whom it is not for.
#[derive(Clone, Debug, PartialEq)]
struct Split {
    recipients: Vec<(Account, Vec<u8>)>,
    excluded: Vec<ServiceId>,
}

fn split(bytes: &[u8]) -> Result<Split, OpenError> {
    let sent = SentMessage::parse(bytes)?;
    let recipients = sent
        .recipients()
        .map(|to| ((to.service_id(), to.devices().collect()), to.received().to_vec()))
        .collect();
    Ok(Split { recipients, excluded: sent.excluded().collect() })
}

/// Everybody who gets anything refuses it, or has the content that was sent.
fn nobody_is_fooled(world: &World, split: &Split) -> Result<(), TestCaseError> {
    for (_, received) in &split.recipients {
        for identity in &world.identities {
            if let Ok(content) = world.open(received, identity) {
                prop_assert_eq!(content, world.content());
            }
        }
    }
    Ok(())
}

/// What a flipped bit may change.
fn check(
    world: &World,
    original: &Split,
    flipped: Result<Split, OpenError>,
    (part, at, bit): (Part, usize, u8),
) -> Result<(), TestCaseError> {
    let may_break = match part {
        Part::Version | Part::Count | Part::NoDevice | Part::Device(..) => true,
        Part::Id(_) | Part::ExcludedId(_) => at == 0,
        Part::RegistrationId(..) => at == 0 && bit == 0x80,
        Part::Material(_) | Part::Ephemeral | Part::Ciphertext => false,
    };
    let flipped = match flipped {
        Ok(flipped) => flipped,
        Err(error) => {
            // An account that is like another one, but for this bit, is repeated now.
            let repeats = matches!(error, OpenError::RedundantlyExcluded(_));
            prop_assert!(may_break || repeats, "{:?}: {:?}", part, error);
            return Ok(());
        }
    };
    let mut expected = original.clone();
    match part {
        // What follows is read as something else.
        Part::Version | Part::Count | Part::NoDevice => return nobody_is_fooled(world, &flipped),
        Part::RegistrationId(..) if at == 0 && bit == 0x80 => return nobody_is_fooled(world, &flipped),
        Part::RegistrationId(..) if at == 0 && bit == 0x40 => {}
        Part::Id(recipient) => flip_id(&mut expected.recipients[recipient].0.0, at, bit),
        Part::ExcludedId(excluded) => flip_id(&mut expected.excluded[excluded], at, bit),
        Part::Device(recipient, number) => {
            let device = &mut expected.recipients[recipient].0.1[number].0;
            match device.get() ^ u32::from(bit) {
                other @ 1..=127 => *device = DeviceId::new(other),
                // The account is excluded now, and what follows is read as something else.
                _ => return nobody_is_fooled(world, &flipped),
            }
        }
        Part::RegistrationId(recipient, number) => {
            let flipped = u16::from_be_bytes(if at == 0 { [bit, 0] } else { [0, bit] });
            expected.recipients[recipient].0.1[number].1 ^= flipped;
        }
        Part::Material(recipient) => {
            let received = &mut expected.recipients[recipient].1;
            received[1 + at] ^= bit;
            prop_assert!(world.open(received, world.identity(recipient)).is_err());
        }
        Part::Ephemeral | Part::Ciphertext => {
            let offset = if part == Part::Ephemeral { 49 } else { 81 };
            for (recipient, (_, received)) in expected.recipients.iter_mut().enumerate() {
                received[offset + at] ^= bit;
                prop_assert!(world.open(received, world.identity(recipient)).is_err());
            }
        }
    }
    prop_assert_eq!(flipped, expected);
    Ok(())
}

fn flip_id(id: &mut ServiceId, at: usize, bit: u8) {
    let mut fixed = id.to_bytes();
    fixed[at] ^= bit;
    *id = ServiceId::from_bytes(&fixed).unwrap();
}

/// Flips the bits of a message that `chosen` chooses.
fn flip(world: &World, list: &List, seed: u64, chosen: impl Fn(usize) -> bool) -> Result<(), TestCaseError> {
    let parts = parts(world, list, seed);
    let sent = world.seal(list, seed);
    let original = split(&sent).unwrap();
    for (part, range) in places(&parts) {
        for (at, place) in range.enumerate() {
            for bit in (0..8).filter(|bit| chosen(place * 8 + bit)).map(|bit| 1 << bit) {
                let mut flipped = sent.clone();
                flipped[place] ^= bit;
                check(world, &original, split(&flipped), (part, at, bit))?;
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn every_recipient_gets_the_message(seed: u64, list in list(12)) {
        let world = World::new(seed);
        let sent = world.seal(&list, seed);
        // Made one after the other, on one core: with the feature `parallel` the bytes are the same.
        let by_hand: Vec<u8> = parts(&world, &list, seed).into_iter().flat_map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(&sent, &by_hand);

        let split = split(&sent).unwrap();
        let accounts: Vec<_> = split.recipients.iter().map(|(account, _)| account.clone()).collect();
        prop_assert_eq!(accounts, list.recipients);
        prop_assert_eq!(split.excluded, list.excluded);
        for (at, (_, received)) in split.recipients.iter().enumerate() {
            prop_assert_eq!(world.open(received, world.identity(at)), Ok(world.content()));
            prop_assert_eq!(world.open(received, world.identity(at + 1)), Err(OpenError::NotForUs));
        }
    }

    #[test]
    fn flipped_bit_affects_only_its_recipients(
        seed: u64,
        list in list(6),
        places in proptest::collection::vec(any::<Index>(), 60),
    ) {
        let world = World::new(seed);
        let bits = world.seal(&list, seed).len() * 8;
        // As many again where the accounts are.
        let near = bits - world.content().len() * 8;
        let chosen: Vec<_> = places.iter().flat_map(|at| [at.index(bits), at.index(near)]).collect();
        flip(&world, &list, seed, |bit| chosen.contains(&bit))?;
    }
}

#[test]
fn every_flipped_bit_affects_only_its_recipients() {
    let world = World::new(1);
    let devices = |ids: &[(u8, u16)]| ids.iter().map(|(id, n)| (device_id(*id), *n)).collect();
    let list = List {
        recipients: vec![
            (service_id(false, [1; 16]), devices(&[(1, 0x1234), (2, 0x3FFF)])),
            (service_id(true, [6; 16]), devices(&[(127, 0)])),
        ],
        excluded: vec![service_id(false, [0x18; 16]), service_id(true, [0x60; 16])],
    };
    flip(&world, &list, 1, |_| true).unwrap();
}

/// As many as there are cores, and more.
#[test]
fn many_recipients_on_all_cores() {
    let world = World::new(2);
    let recipients = (1..=120_u8).map(|n| (service_id(n % 3 == 0, [n; 16]), vec![(device_id(n), n.into())]));
    let list = List { recipients: recipients.collect(), excluded: vec![] };
    let by_hand: Vec<u8> = parts(&world, &list, 2).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(world.seal(&list, 2) == by_hand);
}
