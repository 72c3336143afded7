// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes for many recipients.

use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::sealed::{Entry, seal_for_many};
use subrosa::keys::{NonContributory, PublicKey};
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, SenderDetails};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{MultiRecipientMessage, OpenError, SealError, UnverifiedContent};
use subrosa::{Address, Ciphertext, DeviceId, IdentityKey, MessageKind, ServiceId, Session, Timestamp};

use crate::by_hand::{Many, Material};
use crate::device::{ALICE, BOB, CAROL, Device, Offer};
use crate::scenarios::{content, id, rng};
use crate::sealed::{EXPIRES, Refused, Seal, Service, details};

/// Alice, who has a certificate, and sessions with two devices of bob's and one of carol's, who is named by her
/// phone number.
struct Cast {
    alice: Device,
    bob: [Device; 2],
    carol: Device,
    service: Service,
    certificate: SenderCertificate,
}

impl Cast {
    fn new(seed: u64) -> Self {
        let [mut alice, bob] = Device::pair(seed);
        let second = bob.sibling(5, seed + 1000);
        let (mut bob, mut carol) = ([bob, second], Device::new(CAROL, seed + 2000));
        for device in bob.iter_mut().chain([&mut carol]) {
            alice.begin_with(device, Offer::FULL);
        }
        let mut service = Service::new(seed);
        let certificate = service.certify(&alice);
        Self { alice, bob, carol, service, certificate }
    }

    /// Seals a message of alice's for accounts, each given by its devices.
    fn seal(
        &self,
        message: &Ciphertext,
        accounts: &[&[&Address]],
        excluded: &[ServiceId],
    ) -> Result<MultiRecipientMessage, SealError> {
        let sender = Seal::with(&self.certificate).of(&self.alice.identity);
        let seal = |recipients: &[sealed::Recipient<'_>]| {
            sender.seal_for_many(message, recipients, excluded, &mut rng(2))
        };
        self.alice.with_recipients(accounts, seal)
    }
}

/// A message to a group, and the keys to read it with.
fn group_message(plaintext: &[u8]) -> (Ciphertext, ReceiverKeys) {
    let distribution = DistributionId::from_bytes([0xD2; 16]);
    let mut key = SenderKey::generate(distribution, &mut rng(1));
    let mut keys = ReceiverKeys::new(Address::new(ALICE, id(1)), distribution);
    let learnt = key.distribution();
    keys.process(&DistributionMessage::parse(&learnt).unwrap(), &IdentityKey::decode(&[5; 33]).unwrap())
        .unwrap()
        .commit();
    (key.encrypt(plaintext, &mut rng(2)).unwrap().commit(), keys)
}

fn service_id(name: &str) -> ServiceId {
    name.parse().unwrap()
}

/// Accounts with their devices, and what each of these receives.
type Delivered = (ServiceId, Vec<(DeviceId, u16)>, Vec<u8>);

/// What the service makes of a message.
fn split(sent: &[u8]) -> Vec<Delivered> {
    let sent = SentMessage::parse(sent).unwrap();
    let recipients = sent.recipients();
    recipients.map(|to| (to.service_id(), to.devices().collect(), to.received().to_vec())).collect()
}

/// A device as it is named in an entry.
fn entry(device: &Device) -> (DeviceId, u16) {
    (device.address.device(), device.registration_id.try_into().unwrap())
}

#[test]
fn recipient_derives_m_and_the_senders_tag() {
    let Cast { alice, bob: [bob, _], .. } = Cast::new(32);
    let seed = [0x32; 32];
    let many = Many::new(seed, b"content");
    let Material { shared, pad, encrypted_seed, sender_shared, .. } =
        many.material(&alice.identity, bob.identity.public());
    let agree = |theirs: &PublicKey| *bob.identity.private().diffie_hellman(theirs).unwrap().as_bytes();
    assert_eq!(agree(&many.ephemeral_public()), shared);
    assert_eq!(agree(alice.identity.public().public_key()), sender_shared);
    assert_eq!(std::array::from_fn::<u8, 32, _>(|at| encrypted_seed[at] ^ pad[at]), seed);

    let received = many.received(&many.material(&alice.identity, bob.identity.public()));
    let envelope = Envelope::open(&received, &bob.identity).unwrap();
    assert_eq!(envelope.content().as_slice(), b"content");
    assert_eq!(envelope.is_from(alice.identity.public(), &bob.identity), Ok(true));
    assert_eq!(envelope.is_from(bob.identity.public(), &bob.identity), Ok(false));
    let low = IdentityKey::new(PublicKey::from_bytes([0; 32]));
    assert_eq!(envelope.is_from(&low, &bob.identity), Err(NonContributory));
}

#[test]
fn one_recipient() {
    let mut cast = Cast::new(33);
    let to_bob = cast.bob[0].address.clone();
    // First messages, and later ones.
    for round in 0..3u8 {
        let message = cast.alice.message_to(&to_bob, &[round; 50]);
        let sent = cast.seal(&message, &[&[&to_bob]], &[]).unwrap();
        assert_eq!(sent.failed, []);
        let [(account, devices, received)] = &split(&sent.bytes)[..] else { panic!("one recipient") };
        let bob = &mut cast.bob[0];
        assert_eq!((*account, &devices[..]), (service_id(BOB), &[entry(bob)][..]));
        assert_eq!(received[0], 0x22);
        let refused = |why| Refused::Open(OpenError::Certificate(why));
        bob.now = Timestamp::from_millis(EXPIRES.as_millis() + 1);
        assert_eq!(bob.refuse_sealed(received, &cast.service), refused(CertificateError::Expired));
        bob.now = EXPIRES;
        let other = Service::new(330);
        assert_eq!(bob.refuse_sealed(received, &other), refused(CertificateError::Untrusted));
        let unsealed = bob.unseal(received, &cast.service).unwrap();
        assert_eq!(*unsealed.1, [round; 50]);
        assert_eq!(unsealed.0.sender().details(), cast.certificate.claimed());
        bob.tell(&mut cast.alice, b"turn");
    }
}

#[test]
fn older_form_splits_alike() {
    let cast = Cast::new(34);
    let [first, second] = &cast.bob;
    let (message, _) = group_message(b"to all");
    let excluded = [service_id("44444444-4444-4444-8444-444444444444")];
    let sent = cast.seal(&message, &[&[&first.address, &second.address]], &excluded).unwrap().bytes;
    let shared = SentMessage::parse(&sent).unwrap().shared_range();
    // The kind bytes of both entries are left out.
    assert_eq!((sent[..3].to_vec(), sent[shared.start - 18]), (vec![0x23, 2, 0], 0));
    let (entries, rest) = (&sent[3..shared.start - 18], &sent[shared.start - 17..]);
    let older = [&[0x22, 2], entries, rest].concat();
    assert_eq!(split(&older), split(&sent));
    assert_eq!(SentMessage::parse(&older).unwrap().excluded().collect::<Vec<_>>(), excluded);
}

#[test]
fn two_recipients() {
    let cast = Cast::new(35);
    let (bob, carol) = (&cast.bob[0], &cast.carol);
    let (message, mut keys) = group_message(b"to all");
    let sent = cast.seal(&message, &[&[&carol.address], &[&bob.address]], &[]).unwrap();
    let [to_carol, to_bob] = &split(&sent.bytes)[..] else { panic!("two recipients") };
    assert_eq!((to_carol.0, &to_carol.1), (service_id(CAROL), &vec![entry(carol)]));
    assert_eq!((to_bob.0, &to_bob.1), (service_id(BOB), &vec![entry(bob)]));
    let contents = [(carol, to_carol), (bob, to_bob)].map(|(device, (_, _, received))| {
        Envelope::open(received, &device.identity).unwrap().content().clone()
    });
    assert_eq!(contents[0], contents[1]);
    for (device, received) in [(carol, &to_carol.2), (bob, &to_bob.2)] {
        let content = device.verify(received, &cast.service).unwrap();
        assert_eq!(content.kind(), MessageKind::SenderKey);
        let sealed::Body::Group(message) = content.body().unwrap() else { panic!("a group message") };
        // Not stored, so that the next one reads it too.
        let staged = keys.decrypt(&message, subrosa::Trust::Anyone).unwrap();
        let stored = staged.commit_with_output(|_, text| {
            assert_eq!(**text, *b"to all");
            Err(())
        });
        assert!(stored.is_err());
    }
    let foreign = UnverifiedContent::open(&to_bob.2, &carol.identity).map(drop);
    assert_eq!(foreign, Err(OpenError::NotForUs));
}

#[test]
fn a_decryption_error_message() {
    let mut cast = Cast::new(36);
    let to_bob = cast.bob[0].address.clone();
    let failed = cast.alice.message_to(&to_bob, b"can't be read");
    let error = DecryptionErrorMessage::for_original(
        failed.as_bytes(),
        failed.kind(),
        Timestamp::from_millis(408),
        id(3),
    )
    .unwrap();
    let sent = cast.seal(&PlaintextContent::from(&error).into(), &[&[&to_bob]], &[]).unwrap();
    let content = cast.bob[0].verify(&split(&sent.bytes)[0].2, &cast.service).unwrap();
    let sealed::Body::Plaintext(plaintext) = content.body().unwrap() else { panic!("no plaintext") };
    assert_eq!(plaintext.decryption_error_message(), Ok(error));
}

#[test]
fn two_devices_share_one_entry() {
    let cast = Cast::new(36);
    let [first, second] = &cast.bob;
    let (message, _) = group_message(b"to both");
    let sent = cast.seal(&message, &[&[&second.address, &first.address]], &[]).unwrap();
    let [(_, devices, received)] = &split(&sent.bytes)[..] else { panic!("one recipient") };
    assert_eq!(*devices, [entry(second), entry(first)], "in the order given");
    for device in [first, second] {
        device.verify(received, &cast.service).unwrap();
    }
}

#[test]
fn excluded_accounts() {
    let cast = Cast::new(37);
    let (message, _) = group_message(b"not to all");
    let excluded = [service_id("44444444-4444-4444-8444-444444444444"), service_id(CAROL)];
    let sent = cast.seal(&message, &[&[&cast.bob[0].address]], &excluded).unwrap().bytes;
    let parsed = SentMessage::parse(&sent).unwrap();
    assert_eq!(parsed.excluded().collect::<Vec<_>>(), excluded);
    assert_eq!(parsed.recipients().map(|to| to.service_id()).collect::<Vec<_>>(), [service_id(BOB)]);
    let raw = excluded.map(|id| [&id.to_bytes()[..], &[0]].concat()).concat();
    let start = parsed.shared_range().start;
    assert_eq!(sent[start - raw.len()..start], raw);
    // Nobody at all.
    let sent = cast.seal(&message, &[], &excluded[..1]).unwrap().bytes;
    assert_eq!(SentMessage::parse(&sent).unwrap().recipients().count(), 0);
}

#[test]
fn account_named_twice_is_refused() {
    let cast = Cast::new(38);
    let [first, second] = &cast.bob;
    let (message, _) = group_message(b"to whom");
    let (bob, carol) = (service_id(BOB), service_id(CAROL));
    let repeated = |id| Err(SealError::RepeatedAccount(id));
    assert_eq!(cast.seal(&message, &[&[&first.address]], &[bob]), repeated(bob));
    assert_eq!(cast.seal(&message, &[&[&first.address]], &[carol, carol]), repeated(carol));
    assert_eq!(cast.seal(&message, &[&[&first.address], &[&second.address]], &[]), repeated(bob));
    assert!(cast.seal(&message, &[&[&first.address]], &[carol]).is_ok());
    // The account and its phone number are two.
    let by_number = ServiceId::new(subrosa::address::ServiceIdKind::Pni, *bob.uuid());
    assert!(cast.seal(&message, &[&[&first.address]], &[by_number]).is_ok());

    // Where the sender does not look, the service does.
    let to_bob = Entry {
        service_id: bob,
        identity: first.identity.public(),
        devices: vec![(1, entry(first).1)],
        agreement: None,
    };
    for (recipients, excluded, expected) in
        [(vec![&to_bob], vec![bob], bob), (vec![&to_bob], vec![carol, carol], carol)]
    {
        let seed = Secret::new([3; 32]);
        let sent = seal_for_many(b"content", &cast.alice.identity, &recipients, &excluded, seed).unwrap();
        let parsed = SentMessage::parse(&sent.bytes).map(drop);
        assert_eq!(parsed, Err(OpenError::RedundantlyExcluded(expected)));
    }
}

#[test]
fn devices_without_a_session_are_refused() {
    let mut cast = Cast::new(39);
    let [first, second] = [0, 1].map(|at: usize| cast.bob[at].address.clone());
    cast.alice.archive(&second).unwrap();
    let sessions = [&first, &second].map(|device| cast.alice.session(device).unwrap());
    assert_eq!(sealed::Recipient::of_sessions(&sessions), Err(SealError::NoSession(id(5))));
    assert!(sealed::Recipient::of_sessions(&sessions[..1]).is_ok());
    let never = Session::new(cast.alice.address.clone(), Address::new(BOB, id(9)));
    assert_eq!(sealed::Recipient::of_sessions([&never]), Err(SealError::NoSession(id(9))));
    assert_eq!(sealed::Recipient::of_sessions([]), Err(SealError::NoDevices));
}

#[test]
fn registration_ids_have_14_bits() {
    for registration_id in [0, 0x3FFF, 0x4000, u32::MAX] {
        let [mut alice, mut bob] = Device::pair(40);
        bob.registration_id = registration_id;
        alice.begin_with(&mut bob, Offer::FULL);
        let sessions = [alice.session(&bob.address).unwrap()];
        let recipient = sealed::Recipient::of_sessions(&sessions);
        if registration_id > 0x3FFF {
            let device = bob.address.device();
            let expected = SealError::RegistrationIdOutOfRange { device, id: registration_id };
            assert_eq!(recipient.unwrap().unfit(), Some(expected));
            continue;
        }
        let certificate = Service::new(40).certify(&alice);
        let (message, _) = group_message(b"registered");
        let sender = Seal::with(&certificate).of(&alice.identity);
        let sent = sender.seal_for_many(&message, &[recipient.unwrap()], &[], &mut rng(40)).unwrap();
        assert_eq!(split(&sent.bytes)[0].1, [entry(&bob)]);
    }
}

#[test]
fn two_thousand_alternating_destinations() {
    let cast = Cast::new(42);
    let accounts = [(BOB, &cast.bob[0]), (CAROL, &cast.carol)];
    let entries: Vec<Entry<'_>> = (0..2000u16)
        .map(|n| {
            let (name, device) = accounts[usize::from(n % 2)];
            let devices = vec![(u8::try_from(n % 127 + 1).unwrap(), n)];
            Entry {
                service_id: service_id(name),
                identity: device.identity.public(),
                devices,
                agreement: None,
            }
        })
        .collect();
    let entries: Vec<&Entry<'_>> = entries.iter().collect();
    let seed = Secret::new([42; 32]);
    let sent = seal_for_many(b"content", &cast.alice.identity, &entries, &[], seed).unwrap();
    // Each is an entry: C and AT come once for each.
    let shared = SentMessage::parse(&sent.bytes).unwrap().shared_range();
    assert_eq!(shared.start, 3 + 2000 * (17 + 3 + 48));
    let split = split(&sent.bytes);
    for (at, (name, device)) in accounts.into_iter().enumerate() {
        let (account, devices, received) = &split[at];
        assert_eq!(*account, service_id(name));
        let expected: Vec<_> = entries
            .iter()
            .skip(at)
            .step_by(2)
            .map(|entry| (id(entry.devices[0].0.into()), entry.devices[0].1))
            .collect();
        assert_eq!(*devices, expected);
        let envelope = Envelope::open(received, &device.identity).unwrap();
        assert_eq!(envelope.content().as_slice(), b"content");
    }
    assert_eq!(split.len(), 2);
}

/// A session of alice's with a device of this name.
fn session_with(alice: &mut Device, name: &str, seed: u64) -> Session {
    let mut device = Device::new(name, seed);
    alice.begin_with(&mut device, Offer::FULL);
    alice.session(&device.address).unwrap()
}

#[test]
fn names_of_recipients() {
    let Cast { mut alice, certificate, .. } = Cast::new(44);
    let names = ["a1b2c3d4-0001-4002-8003-00000000000b", "A1B2C3D4-0001-4002-8003-00000000000B"];
    let sessions = names.map(|name| session_with(&mut alice, name, 440));
    // They are one account, and here one device of it, twice.
    assert_eq!(sealed::Recipient::of_sessions(&sessions), Err(SealError::RepeatedDevice(id(1))));
    let recipients = [0, 1].map(|at| sealed::Recipient::of_sessions([&sessions[at]]).unwrap());
    assert_eq!(recipients[0].service_id(), recipients[1].service_id());
    let sender = Seal::with(&certificate).of(&alice.identity);
    let (message, _) = group_message(b"names");
    let sent = sender.seal_for_many(&message, &recipients, &[], &mut rng(44));
    assert_eq!(sent.map(drop), Err(SealError::RepeatedAccount(service_id(names[0]))));

    for name in ["alice", "", "pni:a1b2c3d4-0001-4002-8003-00000000000b"] {
        let session = session_with(&mut alice, name, 441);
        assert_eq!(sealed::Recipient::of_sessions([&session]), Err(SealError::NotAServiceId), "{name}");
    }
    // No destinations at all.
    let sender = Seal::with(&certificate).of(&alice.identity);
    let sent = sender.seal_for_many(&message, &[], &[], &mut rng(44)).unwrap();
    assert_eq!(sent.bytes[..2], [0x23, 0]);
    let parsed = SentMessage::parse(&sent.bytes).unwrap();
    assert_eq!((parsed.recipients().count(), parsed.excluded().count()), (0, 0));
    assert_eq!(parsed.shared_range(), 2..sent.bytes.len());
}

#[test]
fn devices_of_several_identities() {
    let mut cast = Cast::new(45);
    // Another identity under the same name, and the name's other device.
    let mut other = cast.bob[1].reinstalled(450);
    cast.alice.store.identities.remove(&other.address);
    cast.alice.begin_with(&mut other, Offer::FULL);
    let sessions = [&cast.bob[0].address, &other.address].map(|device| cast.alice.session(device).unwrap());
    assert_eq!(sealed::Recipient::of_sessions(&sessions), Err(SealError::SeveralAccounts));
    let twice = [&sessions[0], &sessions[0]];
    assert_eq!(sealed::Recipient::of_sessions(twice), Err(SealError::RepeatedDevice(id(1))));
}

#[test]
fn recipients_from_their_parts() {
    let identity = *Device::pair(46)[0].identity.public();
    let new = |devices: &[(u32, u32)]| {
        let devices = devices.iter().map(|(device, registration_id)| (id(*device), *registration_id));
        sealed::Recipient::new(service_id(BOB), &identity, devices).map(|recipient| recipient.unfit())
    };
    assert_eq!(new(&[(1, 0), (127, 0x3FFF), (2, 5)]), Ok(None));
    assert_eq!(new(&[]), Err(SealError::NoDevices));
    assert_eq!(new(&[(1, 1), (127, 1), (1, 2)]), Err(SealError::RepeatedDevice(id(1))));
    assert_eq!(new(&[(127, 1), (127, 1)]), Err(SealError::RepeatedDevice(id(127))));
    let invalid = SealError::RegistrationIdOutOfRange { device: id(2), id: 0x4000 };
    assert_eq!(new(&[(1, 1), (2, 0x4000)]), Ok(Some(invalid)));
    let all: Vec<_> = (1..=127).map(|device| (device, device)).collect();
    assert_eq!(new(&all), Ok(None));
}

/// A peer can claim any registration id in a first message, and must not keep a group from writing by that.
#[test]
fn one_member_whose_ids_do_not_fit_is_left_out_and_the_others_get_it() {
    let cast = Cast::new(48);
    let (message, _) = group_message(b"to most");
    let sender = Seal::with(&cast.certificate).of(&cast.alice.identity);
    let identity = *cast.bob[0].identity.public();
    for (device, registration_id) in [(1, 0x4000), (1, u32::MAX), (0, 7), (128, 7)] {
        let good = sealed::Recipient::new(service_id(BOB), &identity, [(id(1), 7)]).unwrap();
        let odd =
            sealed::Recipient::new(service_id(CAROL), &identity, [(id(device), registration_id)]).unwrap();
        let sent = sender.seal_for_many(&message, &[odd, good], &[], &mut rng(48)).unwrap();
        let [(left_out, reason)] = &sent.failed[..] else { panic!("{:?}", sent.failed) };
        assert_eq!(*left_out, service_id(CAROL));
        let ids =
            matches!(reason, SealError::RegistrationIdOutOfRange { .. } | SealError::DeviceOutOfRange(_));
        assert!(ids, "{reason}");
        let [(account, ..)] = &split(&sent.bytes)[..] else { panic!("one recipient") };
        assert_eq!(*account, service_id(BOB));
    }
}

/// Whom it can't be sealed for is reported, and all others get it.
#[test]
fn recipients_of_low_order_fail_alone() {
    let cast = Cast::new(47);
    let low = [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }]
    .map(|bytes| IdentityKey::new(PublicKey::from_bytes(bytes)));
    let names = ["44444444-4444-4444-8444-444444444444", "55555555-5555-4555-8555-555555555555"];
    let good = sealed::Recipient::new(service_id(BOB), cast.bob[0].identity.public(), [(id(1), 7)]).unwrap();
    let bad = [0, 1]
        .map(|at: usize| sealed::Recipient::new(service_id(names[at]), &low[at], [(id(1), 7)]).unwrap());
    let [bad, worse] = bad;
    let (message, _) = group_message(b"to most");
    let sender = Seal::with(&cast.certificate).of(&cast.alice.identity);
    let recipients = [bad, good, worse];
    let sent = sender.seal_for_many(&message, &recipients, &[service_id(CAROL)], &mut rng(47)).unwrap();
    assert_eq!(sent.failed, names.map(|name| (service_id(name), SealError::NonContributory)));
    let [(account, _, received)] = &split(&sent.bytes)[..] else { panic!("one recipient") };
    assert_eq!(*account, service_id(BOB));
    cast.bob[0].verify(received, &cast.service).unwrap();
    let parsed = SentMessage::parse(&sent.bytes).unwrap();
    assert_eq!(parsed.excluded().collect::<Vec<_>>(), [service_id(CAROL)]);
}

#[test]
fn wrong_parts_are_refused() {
    let Cast { alice, bob: [bob, _], certificate, .. } = Cast::new(45);
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let many = Many::new([0x45; 32], &content);
    let material = many.material(&alice.identity, bob.identity.public());
    let received = many.received(&material);
    let open = |bytes: &[u8]| UnverifiedContent::open(bytes, &bob.identity).map(drop);
    assert_eq!(open(&received), Ok(()));
    for (at, expected) in [
        (1, OpenError::NotForUs), // C
        (32, OpenError::NotForUs),
        (33, OpenError::WrongSender), // AT
        (48, OpenError::WrongSender),
        (49, OpenError::NotForUs), // E
        (80, OpenError::NotForUs),
        (81, OpenError::NotAuthentic), // ciphertext and tag
        (received.len() - 1, OpenError::NotAuthentic),
    ] {
        for bit in [1, 0x80] {
            let mut wrong = received.clone();
            wrong[at] ^= bit;
            assert_eq!(open(&wrong), Err(expected), "byte {at}");
        }
    }
    let mut zero = received.clone();
    zero[49..81].fill(0);
    assert_eq!(open(&zero), Err(OpenError::NonContributory));
    for len in 1..received.len() {
        let expected = if len < 81 { OpenError::Malformed } else { OpenError::NotAuthentic };
        assert_eq!(open(&received[..len]), Err(expected), "{len} bytes");
    }
    for first in 0x20..=0x2F {
        assert_eq!(open(&[&[first], &received[1..]].concat()), Ok(()), "{first:#04x}");
    }
}

/// Of whoever knows m, which all recipients do: nobody but the sender can make AT.
#[test]
fn forgery_by_another_recipient_is_refused() {
    let Cast { alice, bob: [bob, _], carol, mut service, certificate } = Cast::new(46);
    let open = |bytes: &[u8]| UnverifiedContent::open(bytes, &bob.identity).map(drop);
    // Carol seals as alice.
    let forged = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let many = Many::new([0x46; 32], &forged);
    let by_carol = many.material(&carol.identity, bob.identity.public());
    assert_eq!(open(&many.received(&by_carol)), Err(OpenError::WrongSender));
    // AT of alice's for another C.
    let theirs = Many::new([0x47; 32], &forged).material(&alice.identity, bob.identity.public());
    let mixed = Material { tag: theirs.tag, ..by_carol };
    assert_eq!(open(&many.received(&mixed)), Err(OpenError::WrongSender));
    // A certificate whose key is of low order.
    let low = IdentityKey::new(PublicKey::from_bytes([0; 32]));
    let certificate = service.issue(SenderDetails { identity_key: low, ..details(&alice) });
    let many = Many::new([0x48; 32], &content(&certificate, MessageKind::Plaintext, b"\xC0"));
    let material = many.material(&alice.identity, bob.identity.public());
    assert_eq!(open(&many.received(&material)), Err(OpenError::NonContributory));
}

/// E must be what follows from m, byte for byte, even where X25519 sees no difference.
#[test]
fn another_form_of_e() {
    let Cast { alice, bob: [bob, _], certificate, .. } = Cast::new(47);
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let many = Many::new([0x49; 32], &content);
    let mut received = many.received(&many.material(&alice.identity, bob.identity.public()));
    received[80] ^= 0x80;
    // C made for that E, so that m comes out right.
    let mut ephemeral = [5; 33];
    ephemeral[1..].copy_from_slice(&received[49..81]);
    let pad = Many::pad(&bob.identity, &ephemeral);
    for at in 0..32 {
        received[1 + at] = pad[at] ^ many.seed[at];
    }
    let opened = UnverifiedContent::open(&received, &bob.identity).map(drop);
    assert_eq!(opened, Err(OpenError::NotForUs));
}
