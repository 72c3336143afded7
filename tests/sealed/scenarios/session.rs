// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions under seal: what is checked between the certificate and the session, and what is to be done about
//! messages that are not decrypted (92).

use subrosa::group;
use subrosa::group::{DistributionId, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::PublicKey;
use subrosa::repair::{Advice, DecryptionErrorMessage, Failure, PlaintextContent, Show};
use subrosa::sealed;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails};
use subrosa::sealed::{ContentHint, SealError, UnverifiedContent};
use subrosa::session;
use subrosa::{Address, DecryptError, EncryptError, IdentityKey, MessageKind, Session, Timestamp, Trust};

use crate::device::{self, ALICE, BOB, Device, Letter, Offer, TrustRule, Wrapper};
use crate::scenarios::{content, id, rng};
use crate::sealed::{EXPIRES, Refused, Seal, Service, details};

/// Alice and bob, who have exchanged a message each way; certificates for both.
fn acquainted(seed: u64) -> ([Device; 2], Service, [SenderCertificate; 2]) {
    let pair = Device::acquainted(seed);
    let mut service = Service::new(seed);
    let certificates = [service.certify(&pair[0]), service.certify(&pair[1])];
    (pair, service, certificates)
}

/// Seals a message of alice's to bob, as it is.
fn sealed_as(from: &Device, certificate: &SenderCertificate, letter: &Letter, to: &Device) -> Vec<u8> {
    let content = content(certificate, letter.kind, &letter.bytes);
    v1::seal(&content, &from.identity, to.identity.public(), &mut rng(99)).unwrap()
}

const IDENTITY_MISMATCH: Refused = Refused::Device(device::Failure::Decrypt(DecryptError::IdentityMismatch));

#[test]
fn session_with_another_device_is_refused() {
    let ([mut alice, bob], service, [certificate, _]) = acquainted(1);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"who").unwrap();
    let content = bob.verify(&sealed, &service).unwrap();
    let sealed::Body::Session(message) = content.body().unwrap() else { panic!("a message of a session") };
    let local = session::Config::new(&bob.identity, bob.registration_id);
    for remote in [Address::new(BOB, id(1)), Address::new(ALICE, id(2)), Address::new("", id(1))] {
        let mut session = Session::new(bob.address.clone(), remote);
        let outcome = session.receive(&local, &message, Trust::Anyone, &mut rng(1)).map(drop);
        assert_eq!(outcome, Err(DecryptError::WrongSession));
    }
    // And where it is begun.
    let mut session = bob.session(&alice.address).unwrap();
    assert!(session.receive(&local, &message, Trust::Anyone, &mut rng(1)).is_ok());
}

/// A certificate vouches for one identity. A session with another is none with that sender, whoever trusts what.
#[test]
fn session_with_another_identity_is_refused() {
    for receiving in [TrustRule::FirstUse, TrustRule::Anyone] {
        let ([mut alice, mut bob], mut service, [certificate, _]) = acquainted(2);
        bob.receiving = receiving;
        let whisper = alice.send(&bob.address, b"who is it");
        // The same name and device, installed again: with its certificate goes a message of the old session.
        let mallory = alice.reinstalled(200);
        let of_mallory = service.certify(&mallory);
        let sealed = sealed_as(&mallory, &of_mallory, &whisper, &bob);
        assert_eq!(bob.refuse_sealed(&sealed, &service), IDENTITY_MISMATCH);
        let sealed = sealed_as(&alice, &certificate, &whisper, &bob);
        assert_eq!(*bob.unseal(&sealed, &service).unwrap().1, *b"who is it");
    }
}

#[test]
fn first_message_of_another_identity_is_refused() {
    let [mut alice, mut bob] = Device::pair(3);
    bob.receiving = TrustRule::Anyone;
    alice.begin_with(&mut bob, Offer::FULL);
    let mut service = Service::new(3);
    let first = alice.send(&bob.address, b"first");
    let mut mallory = alice.reinstalled(300);
    let of_mallory = service.certify(&mallory);
    // Alice's message under mallory's certificate.
    assert_eq!(
        bob.refuse_sealed(&sealed_as(&mallory, &of_mallory, &first, &bob), &service),
        IDENTITY_MISMATCH
    );
    // Mallory's own begins a session, as its certificate allows.
    mallory.begin_with(&mut bob, Offer::FULL);
    let own = mallory.send(&bob.address, b"mine");
    let unsealed = bob.unseal(&sealed_as(&mallory, &of_mallory, &own, &bob), &service).unwrap();
    assert_eq!(unsealed.0.sender().details().identity_key, *mallory.identity.public());
    // A later one of the kind `PreKey`, for the session that is there, under alice's certificate.
    let certificate = service.certify(&alice);
    let own = mallory.send(&bob.address, b"mine, too");
    assert_eq!(bob.refuse_sealed(&sealed_as(&alice, &certificate, &own, &bob), &service), IDENTITY_MISMATCH);
    bob.unseal(&sealed_as(&mallory, &of_mallory, &own, &bob), &service).unwrap();
}

/// See `a_version_3_message_of_another_identity_in_a_version_4_wrapper`, which is without a seal.
#[test]
fn wrapper_cannot_vouch_for_another_session() {
    let [mut old_alice, mut bob] = Device::pair(4);
    for device in [&mut old_alice, &mut bob] {
        device.policy = session::Policy::AllowVersion3;
    }
    old_alice.greet(&mut bob, Offer::VERSION_3);
    let mut alice = old_alice.reinstalled(400);
    bob.receiving = TrustRule::Anyone;
    alice.begin_with(&mut bob, Offer::FULL);
    let letter = alice.tell(&mut bob, b"it is me");
    let stale = old_alice.send(&bob.address, b"it is me, too");
    let wrapped = Wrapper::changed(&letter, |wrapper| wrapper.message.clone_from(&stale.bytes));
    let mut service = Service::new(4);
    let certificate = service.certify(&alice);
    let sealed = sealed_as(&alice, &certificate, &wrapped, &bob);
    assert_eq!(bob.refuse_sealed(&sealed, &service), IDENTITY_MISMATCH);
}

#[test]
fn changed_identity_is_decided_by_trust() {
    let ([alice, mut bob], mut service, _) = acquainted(5);
    let mut again = alice.reinstalled(500);
    again.begin_with(&mut bob, Offer::FULL);
    let certificate = service.certify(&again);
    let sealed = again.seal(&bob.address, Seal::with(&certificate), b"new phone").unwrap();
    let untrusted = DecryptError::UntrustedIdentity;
    assert_eq!(bob.refuse_sealed(&sealed, &service), Refused::Device(device::Failure::Decrypt(untrusted)));
    assert_eq!(DecryptError::UntrustedIdentity.failure(), Failure::Untrusted);
    bob.receiving = TrustRule::Anyone;
    bob.unseal(&sealed, &service).unwrap();
    assert_eq!(bob.store.identities[&again.address], *again.identity.public());
}

#[test]
fn sealing_that_the_peer_would_refuse_is_refused() {
    let ([mut alice, mut bob], mut service, [certificate, other]) = acquainted(6);
    assert!(matches!(sealed::Sender::new(&alice.identity, &other), Err(SealError::ForeignCertificate)));
    let wrong_session = Err(SealError::WrongSession);
    for details in [
        SenderDetails { address: Address::new("alice", id(1)), ..details(&alice) },
        SenderDetails { address: Address::new(ALICE, id(2)), ..details(&alice) },
    ] {
        let certificate = service.issue(details);
        assert_eq!(alice.seal(&bob.address, Seal::with(&certificate), b"whose"), wrong_session);
    }
    let seal = Seal::with(&certificate);
    let nobody = Address::new("nobody", id(1));
    let no_session = SealError::Encrypt(EncryptError::NoSession);
    assert_eq!(alice.seal(&nobody, seal, b"to nobody"), Err(no_session));
    alice.sending = TrustRule::Nobody;
    let untrusted = SealError::Encrypt(EncryptError::UntrustedIdentity);
    assert_eq!(alice.seal(&bob.address, seal, b"to whom"), Err(untrusted));
    alice.sending = TrustRule::FirstUse;
    let now = std::mem::replace(&mut alice.now, Timestamp::from_millis(EXPIRES.as_millis() + 1));
    let expired = Err(SealError::CertificateExpired);
    assert_eq!(alice.seal(&bob.address, seal, b"late"), expired);
    alice.now = EXPIRES;
    let sealed = alice.seal(&bob.address, seal, b"just in time").unwrap();
    alice.now = now;
    bob.unseal(&sealed, &service).unwrap();
}

/// The account has another identity now, but the session is still of the old one: the peer would refuse.
#[test]
fn session_of_our_former_identity_is_refused() {
    let ([alice, bob], mut service, _) = acquainted(7);
    let mut again = alice.reinstalled(700);
    again.store.sessions = alice.store.sessions.clone();
    let certificate = service.certify(&again);
    let outcome = again.seal(&bob.address, Seal::with(&certificate), b"as before");
    assert_eq!(outcome, Err(SealError::WrongSession));
}

#[test]
fn failed_sealing_uses_no_counter() {
    let ([alice, bob], _, [certificate, _]) = acquainted(8);
    let sender = Seal::with(&certificate).of(&alice.identity);
    let mut session = alice.session(&bob.address).unwrap();
    let before = session.record();
    drop(sender.encrypt(&mut session, b"dropped", Trust::Anyone, alice.now, &mut rng(8)).unwrap());
    assert_eq!(session.record().as_bytes(), before.as_bytes());
    let low = IdentityKey::new(PublicKey::from_bytes([0; 32]));
    let staged = session.encrypt(b"message", Trust::Anyone, alice.now, &mut rng(8)).unwrap();
    let sealed = sender.seal(&staged.commit(), &low, &mut rng(8));
    assert_eq!(sealed, Err(SealError::NonContributory));
}

/// A refusal by the session is a [`Failure`], and with the sender's hint it is an advice.
fn advice(content: &sealed::Content, refused: &Refused, at: Timestamp) -> Advice {
    let Refused::Device(device::Failure::Decrypt(error)) = refused else { panic!("{refused:?}") };
    content.advice(error.failure(), at)
}

#[test]
fn advice_follows_the_hint() {
    let ([mut alice, mut bob], service, [certificate, _]) = acquainted(9);
    let at = Timestamp::from_millis(1_700_000_000_123);
    let hints = [
        (ContentHint::Default, Show::Now),
        (ContentHint::Resendable, Show::IfNotSentAgain),
        (ContentHint::Implicit, Show::Never),
        (ContentHint::Unknown(200), Show::Now),
    ];
    for (hint, show) in hints {
        let sealed = alice.seal(&bob.address, Seal { hint, ..Seal::with(&certificate) }, b"lost").unwrap();
        let content = bob.verify(&sealed, &service).unwrap();
        let sessions = std::mem::take(&mut bob.store.sessions);
        let refused = bob.refuse_sealed(&sealed, &service);
        bob.store.sessions = sessions;
        let undecryptable = advice(&content, &refused, at);
        assert_eq!(undecryptable.show, show, "{hint:?}");
        let request = undecryptable.ask.unwrap();
        assert_eq!((request.kind, request.timestamp, request.device), (MessageKind::Whisper, at, id(1)));
        assert_eq!((request.message.timestamp(), request.message.device()), (at, id(1)));
        let key = request.message.ratchet_key().unwrap();
        assert!(alice.session(&bob.address).unwrap().current_ratchet_key_matches(key));

        // Twice the same is no loss; whom nobody trusts is asked for nothing.
        bob.receiving = TrustRule::Nobody;
        let refused = bob.refuse_sealed(&sealed, &service);
        bob.receiving = TrustRule::FirstUse;
        let untrusted = advice(&content, &refused, at);
        assert_eq!((untrusted.show, untrusted.ask), (Show::Now, None), "{hint:?}");
        bob.unseal(&sealed, &service).unwrap();
        let refused = bob.refuse_sealed(&sealed, &service);
        let duplicate = advice(&content, &refused, at);
        assert_eq!((duplicate.show, duplicate.ask), (Show::Never, None), "{hint:?}");
    }
}

/// The whole way round: a message that can't be read is asked for, under seal, and comes again.
#[test]
fn message_is_resent() {
    let ([mut alice, mut bob], service, [certificate, of_bob]) = acquainted(10);
    let resendable = Seal { hint: ContentHint::Resendable, ..Seal::with(&certificate) };
    let sent_at = alice.now;
    let sealed = alice.seal(&bob.address, resendable, b"important").unwrap();
    bob.store.sessions.clear();
    let refused = bob.refuse_sealed(&sealed, &service);
    assert_eq!(refused, Refused::Device(device::Failure::Decrypt(DecryptError::NoSession)));
    let asked = advice(&bob.verify(&sealed, &service).unwrap(), &refused, sent_at).ask.unwrap();
    let request = Seal::with(&of_bob)
        .of(&bob.identity)
        .seal(&asked.content().into(), alice.identity.public(), &mut rng(10))
        .unwrap();

    let content = alice.verify(&request, &service).unwrap();
    assert_eq!(*content.sender().address(), bob.address);
    let sealed::Body::Plaintext(plaintext) = content.body().unwrap() else { panic!("no plaintext") };
    let error = plaintext.decryption_error_message().unwrap();
    assert_eq!(error.timestamp(), sent_at);
    assert!(alice.session(&bob.address).unwrap().current_ratchet_key_matches(error.ratchet_key().unwrap()));
    alice.archive(&bob.address).unwrap();
    alice.begin_with(&mut bob, Offer::FULL);
    let again = alice.seal(&bob.address, resendable, b"important").unwrap();
    assert_eq!(*bob.unseal(&again, &service).unwrap().1, *b"important");
}

/// What each kind of original message makes of a request. A request is not answered by another.
#[test]
fn request_depends_on_the_kind() {
    let ([mut alice, mut bob], service, [certificate, _]) = acquainted(11);
    let whisper = alice.send(&bob.address, b"whisper");
    alice.archive(&bob.address).unwrap();
    alice.begin_with(&mut bob, Offer::FULL);
    let pre_key = alice.send(&bob.address, b"first");
    let group = Letter::new(MessageKind::SenderKey, b"not looked into".to_vec());
    let error =
        DecryptionErrorMessage::for_original(&whisper.bytes, whisper.kind, Timestamp::from_millis(1), id(1))
            .unwrap();
    let plaintext = PlaintextContent::from(&error).as_bytes().to_vec();
    let rubbish = Letter::new(MessageKind::Whisper, b"rubbish".to_vec());
    let asks = |letter: &Letter| {
        let sealed = sealed_as(&alice, &certificate, letter, &bob);
        let content = bob.verify(&sealed, &service).unwrap();
        content.advice(Failure::Undecryptable, alice.now).ask
    };
    for letter in [&whisper, &pre_key] {
        let request = asks(letter).unwrap();
        assert_eq!(request.kind, letter.kind);
        assert_eq!(request.message.ratchet_key(), Some(letter.signal().ratchet_key()));
    }
    assert_eq!(asks(&group).unwrap().message.ratchet_key(), None);
    assert_eq!(asks(&Letter::new(MessageKind::Plaintext, plaintext)), None);
    assert_eq!(asks(&rubbish), None);
    // What can't be asked for will not be sent again, whatever the sender says.
    let resendable = SealedContent {
        kind: rubbish.kind,
        certificate: certificate.as_bytes(),
        message: &rubbish.bytes,
        hint: ContentHint::Resendable,
        group_id: None,
    };
    let sealed =
        v1::seal(&resendable.encode(), &alice.identity, bob.identity.public(), &mut rng(11)).unwrap();
    let content = bob.verify(&sealed, &service).unwrap();
    assert_eq!(content.advice(Failure::Undecryptable, alice.now).show, Show::Now);
}

#[test]
fn failures_of_group_messages() {
    let distribution = DistributionId::from_bytes([0xD3; 16]);
    let mut key = SenderKey::generate(distribution, &mut rng(12));
    let alice = Address::new(ALICE, id(1));
    let mut keys = ReceiverKeys::new(alice.clone(), distribution);
    let learnt = key.distribution();
    let message = key.encrypt(b"to all", &mut rng(13)).unwrap().commit();
    let message = GroupMessage::parse(message.as_bytes()).unwrap();
    let failure = |error: group::Error| error.failure();
    assert_eq!(keys.decrypt(&message, Trust::Anyone).map(drop).map_err(failure), Err(Failure::Undecryptable));
    let learnt = group::DistributionMessage::parse(&learnt).unwrap();
    keys.process(&learnt, &IdentityKey::decode(&[5; 33]).unwrap()).unwrap().commit();
    keys.decrypt(&message, Trust::Anyone).unwrap().commit();
    assert_eq!(keys.decrypt(&message, Trust::Anyone).map(drop).map_err(failure), Err(Failure::Duplicate));
    let mut others = ReceiverKeys::new(alice, DistributionId::from_bytes([0xD4; 16]));
    assert_eq!(others.decrypt(&message, Trust::Anyone).map(drop).map_err(failure), Err(Failure::NotTried));
}

/// A first message whose session is lost here can't be told from a replay: it is asked for.
#[test]
fn replay_for_a_lost_session_is_asked_for() {
    let [mut alice, mut bob] = Device::pair(14);
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    let mut service = Service::new(14);
    let certificate = service.certify(&alice);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"first").unwrap();
    bob.unseal(&sealed, &service).unwrap();
    bob.store.sessions.clear();
    let refused = bob.refuse_sealed(&sealed, &service);
    assert_eq!(refused, Refused::Device(device::Failure::Decrypt(DecryptError::Replayed)));
    let advice = advice(&bob.verify(&sealed, &service).unwrap(), &refused, alice.now);
    assert_eq!((advice.show, advice.ask.unwrap().kind), (Show::Now, MessageKind::PreKey));
}

/// What is stored is all or nothing: plaintext, session, prekeys and identity.
#[test]
fn failing_store_leaves_the_message_receivable() {
    let [mut alice, mut bob] = Device::pair(15);
    alice.begin_with(&mut bob, Offer::FULL);
    let mut service = Service::new(15);
    let certificate = service.certify(&alice);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"stored").unwrap();
    let tables = [
        device::Table::Identities,
        device::Table::OneTimePreKeys,
        device::Table::KemPreKeys,
        device::Table::Sessions,
    ];
    for table in tables {
        bob.faults.writes = vec![table];
        let refused = bob.refuse_sealed(&sealed, &service);
        assert_eq!(refused, Refused::Device(device::Failure::Store(table)));
    }
    bob.faults.writes.clear();
    bob.unseal(&sealed, &service).unwrap();
    assert_eq!(bob.store.inbox, [b"stored"]);
    assert_eq!(bob.store.identities[&alice.address], *alice.identity.public());
}

/// Who sealed a message is in no log, verified or not.
#[test]
fn debug_never_tells_who_sealed_a_message() {
    let ([mut alice, bob], service, [certificate, _]) = acquainted(16);
    let seal = Seal { group_id: Some(b"group"), ..Seal::with(&certificate) };
    let sealed = alice.seal(&bob.address, seal, b"unverified").unwrap();
    let content = UnverifiedContent::open(&sealed, &bob.identity).unwrap();
    assert_eq!(format!("{content:?}"), "UnverifiedContent(..)");
    let content = bob.verify(&sealed, &service).unwrap();
    let sender = content.sender();
    let key = hex::encode(alice.identity.public().public_key().as_bytes());
    for shown in [
        format!("{content:?}"),
        format!("{sender:?}"),
        format!("{:?}", sender.details()),
        format!("{:?}", sender.certificate()),
        format!("{:?}", content.body().unwrap()),
        format!("{:?}", sealed::ContactSecret::new(&bob.identity, alice.identity.public()).unwrap()),
    ] {
        for secret in [ALICE, "group", &key, "+1"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}
