// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes for one recipient.

use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::hazmat::wire::sealed_message::SealedMessageParts;
use subrosa::keys::{KeyError, PrivateKey, PublicKey};
use subrosa::prekey::OneTimePreKeyId;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed;
use subrosa::sealed::certificate::{CertificateCache, CertificateError, SenderCertificate, SenderDetails};
use subrosa::sealed::{Body, ContentHint, OpenError, Recipient, SealError, UnverifiedContent};
use subrosa::store::{Key, RecordKind};
use subrosa::{Address, DecryptError, IdentityKey, IdentityKeyPair, MessageKind, ParseError, Timestamp};

use crate::by_hand::{self, Inner, Outer, field};
use crate::device::{self, Device, Offer, TrustRule};
use crate::scenarios::{content, id, rng};
use crate::sealed::{EXPIRES, Refused, Seal, Service, details};

/// Alice has a certificate, and a session with bob on which nothing was sent yet.
fn begun(seed: u64) -> ([Device; 2], Service, SenderCertificate) {
    let [mut alice, mut bob] = Device::pair(seed);
    alice.begin_with(&mut bob, Offer::FULL);
    let mut service = Service::new(seed);
    let certificate = service.certify(&alice);
    ([alice, bob], service, certificate)
}

const fn refused(why: CertificateError) -> Refused {
    Refused::Open(OpenError::Certificate(why))
}

#[test]
fn first_message_then_others() {
    let ([mut alice, mut bob], mut service, _) = begun(16);
    let certificate =
        service.issue(SenderDetails { e164: Some("+12025550123".to_owned()), ..details(&alice) });
    let answers = service.certify(&bob);
    for round in 0..3u8 {
        let sealed = alice.seal(&bob.address, Seal::with(&certificate), &[round; 100]).unwrap();
        let unsealed = bob.unseal(&sealed, &service).unwrap();
        assert_eq!(*unsealed.1, [round; 100]);
        assert_eq!(unsealed.0.sender().details(), certificate.claimed());
        assert_eq!((unsealed.0.sender().address(), unsealed.0.group_id()), (&alice.address, None));
        let kind = bob.verify(&sealed, &service).unwrap().kind();
        assert_eq!(kind, if round == 0 { MessageKind::PreKey } else { MessageKind::Whisper });

        let sealed = bob.seal(&alice.address, Seal::with(&answers), b"answer").unwrap();
        let unsealed = alice.unseal(&sealed, &service).unwrap();
        assert_eq!((&*unsealed.1, &unsealed.0.sender().details().e164), (&b"answer"[..], &None));
    }
    assert!(alice.agrees_with(&bob));
    assert!(
        bob.store.count(RecordKind::OneTimePreKey) == 0 && bob.store.count(RecordKind::OneTimeKemPreKey) == 0
    );
    assert_eq!(bob.store.inbox, [[0; 100], [1; 100], [2; 100]]);
}

#[test]
fn expired_certificate_is_refused() {
    let ([mut alice, mut bob], service, certificate) = begun(17);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"late").unwrap();
    bob.now = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    assert_eq!(bob.refuse_sealed(&sealed, &service), refused(CertificateError::Expired));
    bob.now = EXPIRES;
    assert_eq!(*bob.unseal(&sealed, &service).unwrap().1, *b"late");
}

/// The time that counts is when the service took the message, and not when it was fetched.
#[test]
fn a_message_that_waited_longer_than_its_certificate_is_good_is_read() {
    let ([mut alice, mut bob], service, certificate) = begun(17);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"on Friday").unwrap();
    let taken = Timestamp::from_millis(EXPIRES.as_millis() - 1_000);
    bob.now = Timestamp::from_millis(EXPIRES.as_millis() + 2 * 86_400_000);
    let content = UnverifiedContent::open(&sealed, &bob.identity).unwrap();
    let content = content.verify(&service.trust(), &bob.address, None, taken).unwrap();
    let Body::Session(message) = content.body().unwrap() else { panic!("of a session") };
    assert_eq!(bob.receive_message(&alice.address, &message).as_deref(), Ok(&b"on Friday"[..]));
}

/// A message that was sealed with a certificate that had expired is asked for, if the pinned identity sealed it.
#[test]
fn a_message_with_an_expired_certificate_is_asked_for_again() {
    let ([mut alice, bob], service, certificate) = begun(17);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"late").unwrap();
    let taken = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    let open = || UnverifiedContent::open(&sealed, &bob.identity).unwrap();
    let refused = open().verify(&service.trust(), &bob.address, None, taken).unwrap_err();
    assert_eq!(refused, OpenError::Certificate(CertificateError::Expired));
    assert_eq!(*open().claimed_address(), alice.address);
    let advice = open().advice(refused.failure(), Some(alice.identity.public()), taken);
    let request = advice.ask.unwrap();
    assert_eq!((request.timestamp, request.device), (taken, alice.address.device()));
    // Nobody else makes us ask, whatever name the certificate bears.
    for pinned in [None, Some(bob.identity.public())] {
        assert_eq!(open().advice(refused.failure(), pinned, taken).ask, None);
    }
    let elsewhere = open().verify(&Service::new(1).trust(), &bob.address, None, EXPIRES).unwrap_err();
    assert_eq!(open().advice(elsewhere.failure(), Some(alice.identity.public()), taken).ask, None);
}

/// With seconds for milliseconds each certificate would be good for decades.
#[test]
fn seconds_in_place_of_milliseconds_are_refused() {
    let ([mut alice, bob], service, certificate) = begun(17);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"when").unwrap();
    let seconds = Timestamp::from_millis(bob.now.as_secs());
    let open = || UnverifiedContent::open(&sealed, &bob.identity).unwrap();
    let refused = Err(OpenError::Certificate(CertificateError::NotMilliseconds));
    assert_eq!(open().verify(&service.trust(), &bob.address, None, seconds).map(drop), refused);
    let mut memory = CertificateCache::new(2);
    let cached = open().verify_cached(&mut memory, &service.trust(), &bob.address, None, bob.now);
    assert!(cached.is_ok());
    let cached = open().verify_cached(&mut memory, &service.trust(), &bob.address, None, seconds);
    assert_eq!(cached.map(drop), refused);
    alice.now = seconds;
    let unsealed = alice.seal(&bob.address, Seal::with(&certificate), b"");
    assert_eq!(unsealed, Err(SealError::NotMilliseconds));
}

/// An account has two identities, and an envelope is for one of them.
#[test]
fn an_envelope_for_the_account_is_refused_by_its_other_identity() {
    let ([mut alice, bob], _, certificate) = begun(17);
    let pni = IdentityKeyPair::generate(&mut rng(170));
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"for the ACI").unwrap();
    assert_eq!(UnverifiedContent::open(&sealed, &pni).map(drop), Err(OpenError::NotForUs));
    assert!(UnverifiedContent::open(&sealed, &bob.identity).is_ok());
    let many =
        Recipient::new(bob.address.service_id().unwrap(), bob.identity.public(), [(id(1), 7)]).unwrap();
    let message = alice.message_to(&bob.address, b"");
    let sender = Seal::with(&certificate).of(&alice.identity);
    let sent = sender.seal_for_many(&message, &[many], &[], &mut rng(17)).unwrap();
    let parts = sealed::server::SentMessage::parse(&sent.bytes).unwrap();
    let received = parts.recipients().next().unwrap().received().to_vec();
    assert!(UnverifiedContent::open(&received, &pni).is_err());
    assert!(UnverifiedContent::open(&received, &bob.identity).is_ok());
}

#[test]
fn other_trust_root_is_refused() {
    let ([mut alice, mut bob], service, certificate) = begun(18);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"from elsewhere").unwrap();
    assert_eq!(bob.refuse_sealed(&sealed, &Service::new(181)), refused(CertificateError::Untrusted));
    bob.unseal(&sealed, &service).unwrap();
}

#[test]
fn certificate_of_another_identity_is_refused() {
    let ([alice, bob], mut service, _) = begun(19);
    let foreign = service.certify(&alice.reinstalled(190));
    assert!(matches!(sealed::Sender::new(&alice.identity, &foreign), Err(SealError::ForeignCertificate)));
    let content = content(&foreign, MessageKind::Plaintext, b"\xC0");
    let sealed = v1::seal(&content, &alice.identity, bob.identity.public(), &mut rng(19)).unwrap();
    let opened = UnverifiedContent::open(&sealed, &bob.identity).map(drop);
    assert_eq!(opened, Err(OpenError::WrongSender));
}

#[test]
fn self_send_is_refused() {
    let ([alice, bob], mut service, _) = begun(20);
    let number = Some("+12025550123");
    let own = Address::new("a1b2c3d4-0001-4002-8003-00000000000a", id(1));
    let certificate = service.issue(SenderDetails {
        address: own.clone(),
        e164: number.map(str::to_owned),
        ..details(&alice)
    });
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let sealed = v1::seal(&content, &alice.identity, bob.identity.public(), &mut rng(20)).unwrap();
    let verify = |local: &Address, e164: Option<&str>, now| {
        let content = UnverifiedContent::open(&sealed, &bob.identity).unwrap();
        content.verify(&service.trust(), local, e164, now).map(drop)
    };
    let other_device = Address::new(own.name(), id(2));
    let other_case = Address::new(own.name().as_str().to_uppercase(), id(1));
    let self_send = Err(OpenError::SelfSend);
    for (address, e164, expected) in [
        (&own, None, self_send),
        (&own, number, self_send),
        (&bob.address, number, self_send),
        (&bob.address, None, Ok(())),
        (&bob.address, Some("12025550123"), Ok(())),
        (&other_device, None, Ok(())),
        (&other_device, number, Ok(())),
        (&other_case, None, self_send),
    ] {
        assert_eq!(verify(address, e164, EXPIRES), expected, "{address} {e164:?}");
    }
    // What is wrong with the certificate comes first.
    let late = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    let expired = Err(OpenError::Certificate(CertificateError::Expired));
    assert_eq!(verify(&own, None, late), expired);
}

#[test]
fn account_without_a_number_matches_no_other() {
    let ([mut alice, bob], service, certificate) = begun(20);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"no number at all").unwrap();
    let content = UnverifiedContent::open(&sealed, &bob.identity).unwrap();
    assert!(content.verify(&service.trust(), &bob.address, None, EXPIRES).is_ok());
}

#[test]
fn hints_and_groups() {
    let ([mut alice, mut bob], service, certificate) = begun(21);
    let hints = [0, 1, 2, 3, 200, 1 << 31, u32::MAX].map(ContentHint::from);
    assert_eq!(hints[..3], [ContentHint::Default, ContentHint::Resendable, ContentHint::Implicit]);
    for (hint, group_id) in hints.into_iter().zip([None, Some(&b"group"[..])].into_iter().cycle()) {
        let seal = Seal { hint, group_id, ..Seal::with(&certificate) };
        let sealed = alice.seal(&bob.address, seal, b"hint").unwrap();
        let content = bob.verify(&sealed, &service).unwrap();
        assert_eq!((content.hint(), content.group_id()), (hint, group_id));
        let unsealed = bob.unseal(&sealed, &service).unwrap();
        assert_eq!(unsealed.0.group_id(), group_id);
    }
    // A group id that is empty is not sent.
    let seal = Seal { group_id: Some(&[]), ..Seal::with(&certificate) };
    let sealed = alice.seal(&bob.address, seal, b"no group").unwrap();
    assert_eq!(bob.unseal(&sealed, &service).unwrap().0.group_id(), None);
}

#[test]
fn a_group_message() {
    let ([alice, mut bob], service, certificate) = begun(22);
    let distribution = DistributionId::from_bytes([0xD1; 16]);
    let mut key = SenderKey::generate(distribution, &mut rng(22));
    let mut keys = ReceiverKeys::new(alice.address.clone(), distribution);
    let learnt = key.distribution();
    keys.process(&DistributionMessage::parse(&learnt).unwrap(), &IdentityKey::decode(&[5; 33]).unwrap())
        .unwrap()
        .commit();
    let message = key.encrypt(b"to all", &mut rng(23)).unwrap().commit();
    let sender = Seal { group_id: Some(b"group"), ..Seal::with(&certificate) };
    let sealed = sender.of(&alice.identity).seal(&message, bob.identity.public(), &mut rng(24)).unwrap();

    let content = bob.verify(&sealed, &service).unwrap();
    assert_eq!((content.kind(), content.group_id()), (MessageKind::SenderKey, Some(&b"group"[..])));
    let Body::Group(message) = content.body().unwrap() else { panic!("a group message") };
    assert_eq!(*keys.decrypt(&message, subrosa::Trust::Anyone).unwrap().commit(), *b"to all");
    // 24: it is none of a session.
    assert_eq!(bob.refuse_sealed(&sealed, &service), Refused::Kind(MessageKind::SenderKey));
}

#[test]
fn a_decryption_error_message() {
    let ([mut alice, mut bob], service, certificate) = begun(23);
    let failed = alice.send(&bob.address, b"can't be read");
    let error =
        DecryptionErrorMessage::for_original(&failed.bytes, failed.kind, Timestamp::from_millis(408), id(3))
            .unwrap();
    let message = PlaintextContent::from(&error).into();
    let seal = Seal::with(&certificate).of(&alice.identity);
    let sealed = seal.seal(&message, bob.identity.public(), &mut rng(23)).unwrap();

    let content = bob.verify(&sealed, &service).unwrap();
    assert_eq!(content.kind(), MessageKind::Plaintext);
    let Body::Plaintext(plaintext) = content.body().unwrap() else { panic!("no plaintext") };
    let received = plaintext.decryption_error_message().unwrap();
    assert_eq!(received, error);
    assert_eq!((received.timestamp(), received.device()), (Timestamp::from_millis(408), id(3)));
    assert_eq!(received.ratchet_key(), Some(failed.signal().ratchet_key()));
    // 24: it is none of a session.
    assert_eq!(bob.refuse_sealed(&sealed, &service), Refused::Kind(MessageKind::Plaintext));
}

#[test]
fn both_sides_derive_the_same_keys() {
    let ([alice, bob], _, certificate) = begun(25);
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let sealed = v1::seal(&content, &alice.identity, bob.identity.public(), &mut rng(25)).unwrap();
    let parts = SealedMessageParts::parse(&sealed[1..]).unwrap();
    let ephemeral = PublicKey::decode(parts.ephemeral_public).unwrap();
    let outer = Outer::received(ephemeral, &bob.identity);
    assert_eq!(outer.open(parts.encrypted_static).unwrap(), alice.identity.public().encode());
    let inner = Inner::received(&outer, parts.encrypted_static, alice.identity.public(), &bob.identity);
    assert_eq!(inner.open(parts.encrypted_message).unwrap(), content);

    // The other way round, the tags cover each byte of what they close.
    let outer = Outer::new(&PrivateKey::generate(&mut rng(250)), bob.identity.public());
    let encrypted_static = outer.encrypted_static(&alice.identity.public().encode());
    let inner = Inner::new(&outer, &encrypted_static, &alice.identity, bob.identity.public());
    let encrypted_message = inner.encrypted_message(&content);
    let ephemeral = outer.ephemeral.encode();
    let open = |encrypted_static: &[u8], encrypted_message: &[u8]| {
        let sealed = by_hand::envelope(&ephemeral, encrypted_static, encrypted_message);
        UnverifiedContent::open(&sealed, &bob.identity).map(drop)
    };
    assert_eq!(open(&encrypted_static, &encrypted_message), Ok(()));
    for (bytes, of_static) in [(&encrypted_static, true), (&encrypted_message, false)] {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x20;
            if of_static {
                assert_eq!(open(&flipped, &encrypted_message), Err(OpenError::NotForUs), "byte {at}");
            } else {
                assert_eq!(open(&encrypted_static, &flipped), Err(OpenError::NotAuthentic), "byte {at}");
            }
        }
    }
}

#[test]
fn the_first_byte() {
    let ([mut alice, bob], _, certificate) = begun(26);
    let mut sealed = alice.seal(&bob.address, Seal::with(&certificate), b"version").unwrap();
    assert_eq!(sealed[0], 0x11);
    let mut open = |first: u8| {
        sealed[0] = first;
        UnverifiedContent::open(&sealed, &bob.identity).map(drop)
    };
    for first in (0x00..=0x1F).chain([0x11]) {
        assert_eq!(open(first), Ok(()), "{first:#04x}");
    }
    for (first, version) in [(0x30, 3), (0x45, 4), (0xFF, 15)] {
        assert_eq!(open(first), Err(OpenError::UnknownVersion(version)));
    }
    assert_eq!(UnverifiedContent::open(&[], &bob.identity).map(drop), Err(OpenError::Empty));
}

#[test]
fn wrong_parts_are_refused() {
    let ([mut alice, bob], _, certificate) = begun(27);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"parts").unwrap();
    let parts = SealedMessageParts::parse(&sealed[1..]).unwrap();
    assert_eq!((parts.ephemeral_public.len(), parts.encrypted_static.len()), (33, 43));
    let open = |changed: SealedMessageParts<'_>| {
        UnverifiedContent::open(&changed.encode(), &bob.identity).map(drop).unwrap_err()
    };
    for len in [0, 9, 10, 42] {
        let encrypted_static = &parts.encrypted_static[..len];
        assert_eq!(open(SealedMessageParts { encrypted_static, ..parts }), OpenError::NotForUs, "{len}");
        let encrypted_message = &parts.encrypted_message[..len];
        assert_eq!(open(SealedMessageParts { encrypted_message, ..parts }), OpenError::NotAuthentic, "{len}");
    }
    let low_order = OpenError::NonContributory;
    let zero = [&[5][..], &[0; 32]].concat();
    let keys: [(&[u8], _); 4] = [
        (&zero, low_order),
        (&[], OpenError::Key(KeyError::NoKeyType)),
        (&parts.ephemeral_public[..32], OpenError::Key(KeyError::BadKeyLength(32))),
        (&parts.ephemeral_public[1..], OpenError::Key(KeyError::BadKeyType(parts.ephemeral_public[1]))),
    ];
    for (ephemeral_public, expected) in keys {
        assert_eq!(open(SealedMessageParts { ephemeral_public, ..parts }), expected);
    }
    // A byte after the key is ignored.
    let longer = [parts.ephemeral_public, &[0]].concat();
    let longer = SealedMessageParts { ephemeral_public: &longer, ..parts }.encode();
    assert!(UnverifiedContent::open(&longer, &bob.identity).is_ok());
}

#[test]
fn missing_parts_are_refused() {
    let ([mut alice, bob], _, certificate) = begun(27);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"parts").unwrap();
    let parts = SealedMessageParts::parse(&sealed[1..]).unwrap();
    let fields = [
        field(1, parts.ephemeral_public),
        field(2, parts.encrypted_static),
        field(3, parts.encrypted_message),
    ];
    for missing in 0..3 {
        let mut fields = fields.to_vec();
        fields.remove(missing);
        let opened = UnverifiedContent::open(&[vec![0x11], fields.concat()].concat(), &bob.identity);
        assert_eq!(opened.map(drop), Err(OpenError::Malformed), "without field {}", missing + 1);
    }
    let [first, second, third] = fields;
    let reordered = [vec![0x11], third, field(15, b"unknown"), first, second].concat();
    assert!(UnverifiedContent::open(&reordered, &bob.identity).is_ok());
    for len in 0..sealed.len() {
        assert!(UnverifiedContent::open(&sealed[..len], &bob.identity).is_err(), "cut to {len} bytes");
    }
}

/// An envelope for bob, made by alice with `static_plaintext` in the place of her key.
fn with_static([alice, bob]: &[Device; 2], static_plaintext: &[u8], content: &[u8]) -> Vec<u8> {
    let outer = Outer::new(&PrivateKey::generate(&mut rng(28)), bob.identity.public());
    let encrypted_static = outer.encrypted_static(static_plaintext);
    let inner = Inner::new(&outer, &encrypted_static, &alice.identity, bob.identity.public());
    by_hand::envelope(&outer.ephemeral.encode(), &encrypted_static, &inner.encrypted_message(content))
}

#[test]
fn static_key_is_exactly_the_certificates() {
    let (pair, _, certificate) = begun(28);
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let key = pair[0].identity.public().encode();
    let open = |static_plaintext: &[u8]| {
        let sealed = with_static(&pair, static_plaintext, &content);
        UnverifiedContent::open(&sealed, &pair[1].identity).map(drop)
    };
    assert_eq!(open(&key), Ok(()));
    assert_eq!(open(&[&key[..], &[0]].concat()), Err(OpenError::WrongSender));
    assert_eq!(open(&key[..32]), Err(OpenError::Key(KeyError::BadKeyLength(32))));
    assert_eq!(open(&[]), Err(OpenError::Key(KeyError::NoKeyType)));
    assert_eq!(open(&key[1..]), Err(OpenError::Key(KeyError::BadKeyType(key[1]))));
    assert_eq!(open(&[&[5][..], &[0; 32]].concat()), Err(OpenError::NonContributory));
    // X25519 takes it for the same key; the certificate does not.
    let mut top_bit = key;
    top_bit[32] ^= 0x80;
    assert_eq!(open(&top_bit), Err(OpenError::WrongSender));
}

#[test]
fn contents() {
    let (pair, _, certificate) = begun(29);
    let key = pair[0].identity.public().encode();
    let open = |content: &[u8]| {
        let sealed = with_static(&pair, &key, content);
        UnverifiedContent::open(&sealed, &pair[1].identity).map(drop)
    };
    let (kind, certificate) = (|kind: u8| vec![1 << 3, kind], field(2, certificate.as_bytes()));
    let message = field(3, &[]);
    for number in [1, 2, 7, 8] {
        assert_eq!(open(&[kind(number), certificate.clone(), message.clone()].concat()), Ok(()), "{number}");
    }
    let invalid = Err(OpenError::Malformed);
    for number in [0, 3, 4, 5, 6, 9] {
        assert_eq!(open(&[kind(number), certificate.clone(), message.clone()].concat()), invalid, "{number}");
    }
    assert_eq!(open(&[certificate.clone(), message.clone()].concat()), invalid, "no type");
    assert_eq!(open(&[kind(2), message.clone()].concat()), invalid, "no certificate");
    assert_eq!(open(&[kind(2), certificate.clone()].concat()), invalid, "no content");
    assert_eq!(open(&[kind(2), field(2, b"no certificate"), message].concat()), invalid);
    let parsed = [kind(2), certificate, field(3, b"bytes"), field(5, &[])].concat();
    assert_eq!(SealedContent::parse(&parsed).unwrap().group_id, Some(&[][..]), "empty, but there");
    assert_eq!(open(&parsed), Ok(()));
}

#[test]
fn errors_of_the_inner_message_pass_through() {
    let ([mut alice, mut bob], service, certificate) = begun(30);
    let seal = Seal::with(&certificate);
    let decrypt = |error| Refused::Device(device::Failure::Decrypt(error));
    let first = alice.seal(&bob.address, seal, b"first").unwrap();

    // The prekey is gone.
    let key = Key::OneTimePreKey(OneTimePreKeyId(0));
    let record = bob.store.rows.remove(&key).unwrap();
    let missing = device::Failure::Missing(device::Table::OneTimePreKeys, 0);
    assert_eq!(bob.refuse_sealed(&first, &service), Refused::Device(missing));
    bob.store.rows.insert(key, record);
    // The store fails.
    bob.faults.writes = vec![device::Table::Sessions];
    let fails = device::Failure::Store(device::Table::Sessions);
    assert_eq!(bob.refuse_sealed(&first, &service), Refused::Device(fails));
    bob.faults.writes.clear();
    // The sender is blocked.
    bob.receiving = TrustRule::Nobody;
    let untrusted = DecryptError::UntrustedIdentity;
    assert_eq!(bob.refuse_sealed(&first, &service), Refused::Device(device::Failure::Decrypt(untrusted)));
    bob.receiving = TrustRule::FirstUse;
    bob.unseal(&first, &service).unwrap();

    let answer = read_message(&mut bob, &mut alice, &service);
    let duplicate = DecryptError::Duplicate;
    assert_eq!(alice.refuse_sealed(&answer, &service), decrypt(duplicate));
    let later = alice.seal(&bob.address, seal, b"later").unwrap();
    bob.receiving = TrustRule::Nobody;
    assert_eq!(bob.refuse_sealed(&later, &service), decrypt(DecryptError::UntrustedIdentity));
    bob.receiving = TrustRule::FirstUse;
    let sessions = std::mem::take(&mut bob.store.sessions);
    assert_eq!(bob.refuse_sealed(&later, &service), decrypt(DecryptError::NoSession));
    bob.store.sessions = sessions;
    bob.unseal(&later, &service).unwrap();

    // What does not even parse.
    let content = content(&certificate, MessageKind::Whisper, &[0x44; 9]);
    let sealed = v1::seal(&content, &alice.identity, bob.identity.public(), &mut rng(30)).unwrap();
    let refused = bob.refuse_sealed(&sealed, &service);
    assert!(matches!(refused, Refused::Parse(ParseError::InvalidProtobuf)), "{refused:?}");
}

/// A sealed message from `from` that `to` has read.
fn read_message(from: &mut Device, to: &mut Device, service: &Service) -> Vec<u8> {
    let details = details(from);
    let certificate = details.issue(&service.server, &service.server_key, &mut rng(31)).unwrap();
    let sealed = from.seal(&to.address, Seal::with(&certificate), b"read").unwrap();
    to.unseal(&sealed, service).unwrap();
    sealed
}

#[test]
fn recipient_of_low_order_is_refused() {
    let ([alice, _], _, certificate) = begun(32);
    let low = IdentityKey::new(PublicKey::from_bytes([0; 32]));
    let content = content(&certificate, MessageKind::Plaintext, b"\xC0");
    let sealed = v1::seal(&content, &alice.identity, &low, &mut rng(32));
    assert_eq!(sealed, Err(SealError::NonContributory));
}

#[test]
fn envelope_opens_for_one_identity_only() {
    let ([mut alice, bob], _, certificate) = begun(33);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"for bob").unwrap();
    let others = [IdentityKeyPair::generate(&mut rng(33)), IdentityKeyPair::generate(&mut rng(34))];
    for other in others.iter().chain([&alice.identity]) {
        assert_eq!(UnverifiedContent::open(&sealed, other).map(drop), Err(OpenError::NotForUs));
    }
    assert!(UnverifiedContent::open(&sealed, &bob.identity).is_ok());
}
