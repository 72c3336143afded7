// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is kept to save work under seal: agreements with contacts, and certificates that were verified. It changes
//! no byte and no verdict.

use std::cell::Cell;

use crate::device::{self, Device, Offer};
use crate::sealed::{EXPIRES, Seal, Service};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::keys::{NonContributory, PublicKey};
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed;
use subrosa::sealed::certificate::{CertificateCache, CertificateError, SenderCertificate};
use subrosa::sealed::{ContactSecret, OpenError, SealError, UnverifiedContent};
use subrosa::{Ciphertext, DeviceId, IdentityKey, MessageKind, ServiceId, Timestamp};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn message() -> Ciphertext {
    let error = DecryptionErrorMessage::for_original(
        &[0x33; 80],
        MessageKind::SenderKey,
        Timestamp::from_millis(1),
        DeviceId::PRIMARY,
    )
    .unwrap();
    PlaintextContent::from(&error).into()
}

/// Alice, Bob, a service, and Alice's certificate.
fn cast() -> ([Device; 2], Service, SenderCertificate) {
    let pair = Device::pair(1);
    let mut service = Service::new(1);
    let certificate = service.certify(&pair[0]);
    (pair, service, certificate)
}

#[test]
fn kept_secret_changes_no_sealed_byte() {
    let ([alice, bob], _, certificate) = cast();
    let sender = Seal::with(&certificate).of(&alice.identity);
    let kept = ContactSecret::new(&alice.identity, bob.identity.public()).unwrap();
    let expected = sender.seal(&message(), bob.identity.public(), &mut rng()).unwrap();
    assert_eq!(sender.seal_with(&message(), &kept, &mut rng()).unwrap(), expected);

    // One of another identity of ours is not used.
    let others = ContactSecret::new(&Device::pair(2)[0].identity, bob.identity.public()).unwrap();
    assert_eq!(sender.seal_with(&message(), &others, &mut rng()).unwrap(), expected);
}

#[test]
fn kept_secrets_change_no_byte_for_many() {
    let ([alice, bob], _, certificate) = cast();
    let sender = Seal::with(&certificate).of(&alice.identity);
    let id: ServiceId = bob.address.name().service_id().unwrap();
    let to_bob = || {
        sealed::Recipient::new(id, bob.identity.public(), [(bob.address.device(), bob.registration_id)])
            .unwrap()
    };
    let seal = |recipient| sender.seal_for_many(&message(), &[recipient], &[], &mut rng()).unwrap();
    let expected = seal(to_bob());
    let right = ContactSecret::new(&alice.identity, bob.identity.public()).unwrap();
    let stranger = &Device::pair(2)[0].identity;
    let not_ours = ContactSecret::new(stranger, bob.identity.public()).unwrap();
    let not_theirs = ContactSecret::new(&alice.identity, stranger.public()).unwrap();
    for kept in [&right, &not_ours, &not_theirs] {
        assert_eq!(seal(to_bob().with_contact_secret(kept)), expected);
    }
}

#[test]
fn kept_secret_changes_no_opened_content() {
    let ([alice, bob], service, certificate) = cast();
    let sender = Seal::with(&certificate).of(&alice.identity);
    let id: ServiceId = bob.address.name().service_id().unwrap();
    let recipient =
        sealed::Recipient::new(id, bob.identity.public(), [(bob.address.device(), bob.registration_id)])
            .unwrap();
    let many = sender.seal_for_many(&message(), &[recipient], &[], &mut rng()).unwrap();
    let sent = sealed::server::SentMessage::parse(&many.bytes).unwrap();
    let parts = sent.recipients().next().unwrap().received();
    let envelopes = [sender.seal(&message(), bob.identity.public(), &mut rng()).unwrap(), parts.to_vec()];

    let right = ContactSecret::new(&bob.identity, alice.identity.public()).unwrap();
    let wrong = ContactSecret::new(&bob.identity, bob.identity.public()).unwrap();
    for envelope in &envelopes {
        for kept in [Some(&right), Some(&wrong), None] {
            let asked = Cell::new(None);
            let lookup = |identity: &IdentityKey| {
                asked.set(Some(*identity));
                kept
            };
            let content = UnverifiedContent::open_with(envelope, &bob.identity, lookup).unwrap();
            assert_eq!(asked.get(), Some(*alice.identity.public()));
            let content = content.verify(&service.trust(), &bob.address, None, device::START).unwrap();
            assert_eq!(*content.sender().address(), alice.address);
        }
    }
}

#[test]
fn contact_secret_with_low_order_key_is_refused() {
    let ([alice, _], _, certificate) = cast();
    let low = IdentityKey::new(PublicKey::from_bytes([0; 32]));
    assert_eq!(ContactSecret::new(&alice.identity, &low).unwrap_err(), NonContributory);
    let sender = Seal::with(&certificate).of(&alice.identity);
    assert_eq!(sender.seal(&message(), &low, &mut rng()).unwrap_err(), SealError::NonContributory);
}

#[test]
fn session_keeps_its_contact_secret_for_the_same_identity() {
    let ([mut alice, mut bob], _, certificate) = cast();
    alice.begin_with(&mut bob, Offer::FULL);
    let mut session = alice.session(&bob.address).unwrap();
    assert!(session.contact_secret().is_none(), "nothing was sealed yet");
    let sender = Seal::with(&certificate).of(&alice.identity);
    let trust = subrosa::Trust::Anyone;
    drop(sender.encrypt(&mut session, b"text", trust, device::START, &mut alice.rng).unwrap());
    let kept = session.contact_secret().unwrap();
    assert!(kept.is_between(alice.identity.public(), bob.identity.public()));
    let recipient = sealed::Recipient::of_sessions([&session]).unwrap();
    let expected = sealed::Recipient::new(
        *recipient.service_id(),
        bob.identity.public(),
        [(bob.address.device(), bob.registration_id)],
    );
    assert_ne!(recipient, expected.unwrap(), "it has the agreement");

    // Bob's device is another one now.
    let [_, mut other] = Device::pair(9);
    other.address = bob.address.clone();
    let bundle = other.bundle(Offer::FULL);
    alice.store.identities.clear();
    alice.initiate(&bob.address, bundle).unwrap();
    let mut renewed = alice.session(&bob.address).unwrap();
    let sender = Seal::with(&certificate).of(&alice.identity);
    drop(sender.encrypt(&mut renewed, b"text", trust, device::START, &mut alice.rng).unwrap());
    assert_eq!(renewed.contact_secret().unwrap().theirs(), other.identity.public());
}

/// A certificate, and what its verification with a memory says.
fn verdict(
    memory: &mut CertificateCache,
    certificate: &SenderCertificate,
    service: &Service,
    now: Timestamp,
) -> Result<(), CertificateError> {
    let plain = certificate.clone().verify(&service.trust(), now);
    let once = certificate.clone().verify_cached(memory, &service.trust(), now);
    assert_eq!(once, plain, "the verdict does not depend on the memory");
    once.map(|_| ())
}

#[test]
fn certificate_is_verified_once_but_checked_each_time() {
    let (_, mut service, certificate) = cast();
    let mut memory = CertificateCache::new(10);
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Ok(()));
    assert_eq!(memory.len(), 2, "the server's and the sender's signature");
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Ok(()));
    assert_eq!(memory.len(), 2);

    let late = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    assert_eq!(verdict(&mut memory, &certificate, &service, late), Err(CertificateError::Expired));
    service.revoked.push(7);
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Err(CertificateError::Revoked(7)));
    service.revoked.clear();
    let root = service.roots.pop().unwrap();
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Err(CertificateError::Untrusted));
    service.roots.push(root);
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Ok(()));
}

/// A new sender under a known server costs one verification, and has the verdict that it would have had with two.
#[test]
fn server_is_verified_once_for_all_its_senders() {
    let ([alice, bob], mut service, certificate) = cast();
    let mut memory = CertificateCache::new(10);
    assert_eq!(verdict(&mut memory, &certificate, &service, EXPIRES), Ok(()));
    let second = service.certify(&bob);
    assert_eq!(verdict(&mut memory, &second, &service, EXPIRES), Ok(()));
    assert_eq!(memory.len(), 3, "the server's signature and those of two senders");

    let third = service.certify(&alice);
    service.server_key = subrosa::keys::PrivateKey::generate(&mut rng());
    let forged = service.certify(&alice);
    assert_eq!(verdict(&mut memory, &forged, &service, EXPIRES), Err(CertificateError::BadSignature));
    service.roots = Service::new(2).roots;
    for sender in [&certificate, &second, &third, &forged] {
        assert_eq!(verdict(&mut memory, sender, &service, EXPIRES), Err(CertificateError::Untrusted));
    }
    assert_eq!(memory.len(), 3);
}

#[test]
fn refused_certificate_is_not_cached() {
    let (_, service, _) = cast();
    let ([alice, _], mut foreign, _) = cast();
    foreign.server_key = subrosa::keys::PrivateKey::generate(&mut rng());
    let forged = foreign.certify(&alice);
    let mut memory = CertificateCache::new(10);
    for _ in 0..2 {
        assert_eq!(verdict(&mut memory, &forged, &service, EXPIRES), Err(CertificateError::BadSignature));
        assert!(memory.is_empty());
    }
    let expired = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    let (_, service, good) = cast();
    assert_eq!(verdict(&mut memory, &good, &service, expired), Err(CertificateError::Expired));
    assert!(memory.is_empty());
}

/// A certificate that differs from a remembered one in any byte is verified.
#[test]
fn other_certificate_is_verified_anew() {
    let (_, service, certificate) = cast();
    let mut memory = CertificateCache::new(10);
    verdict(&mut memory, &certificate, &service, EXPIRES).unwrap();
    let bytes = certificate.as_bytes();
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        *changed.get_mut(at).unwrap() ^= 1;
        if let Ok(changed) = SenderCertificate::parse(&changed) {
            refused += usize::from(verdict(&mut memory, &changed, &service, EXPIRES).is_err());
        }
    }
    assert!(refused > bytes.len() / 2, "{refused} of {}", bytes.len());
    assert_eq!(memory.len(), 2);
}

#[test]
fn cache_is_bounded_and_drops_the_oldest() {
    let ([alice, _], mut service, _) = cast();
    let certificates: Vec<_> = (0..5).map(|_| service.certify(&alice)).collect();
    let mut memory = CertificateCache::new(3);
    for certificate in &certificates {
        verdict(&mut memory, certificate, &service, EXPIRES).unwrap();
    }
    assert_eq!((memory.len(), memory.is_empty()), (3, false));
    let mut none = CertificateCache::new(0);
    verdict(&mut none, certificates.first().unwrap(), &service, EXPIRES).unwrap();
    assert!(none.is_empty());
}

#[test]
fn self_send_is_refused_from_the_cache_too() {
    let ([alice, bob], service, certificate) = cast();
    let sender = Seal::with(&certificate).of(&alice.identity);
    let envelope = sender.seal(&message(), bob.identity.public(), &mut rng()).unwrap();
    let mut memory = CertificateCache::new(3);
    for _ in 0..2 {
        let open = || UnverifiedContent::open(&envelope, &bob.identity).unwrap();
        let mut verify =
            |address| open().verify_cached(&mut memory, &service.trust(), address, None, EXPIRES).map(|_| ());
        assert_eq!(verify(&bob.address), Ok(()));
        assert_eq!(verify(&alice.address), Err(OpenError::SelfSend));
    }
}

/// The agreement is kept with the session, and one with the identity of before is not used for that of now.
#[test]
fn a_kept_agreement_does_not_outlive_the_identity() {
    let [mut alice, mut bob] = Device::acquainted(31);
    let mut service = Service::new(31);
    let certificate = service.certify(&alice);
    let sealed = alice.seal(&bob.address, Seal::with(&certificate), b"to the old phone").unwrap();
    bob.unseal(&sealed, &service).unwrap();
    let mut session = alice.session(&bob.address).unwrap();
    let sender = Seal::with(&certificate).of(&alice.identity);
    let trust = subrosa::Trust::Anyone;
    sender.encrypt(&mut session, b"", trust, alice.now, &mut alice.rng).unwrap().commit();
    assert!(session.contact_secret().is_some_and(|kept| kept.theirs() == bob.identity.public()));

    let mut new = bob.reinstalled(310);
    let bundle = new.bundle(Offer::FULL).verify(trust).unwrap();
    let config = subrosa::session::Config::new(&alice.identity, alice.registration_id);
    session.initiate(&config, bundle, alice.now, &mut alice.rng).unwrap().commit();
    assert!(session.contact_secret().is_none(), "it is of the identity before");
    let sealed = sender.encrypt(&mut session, b"to the new phone", trust, alice.now, &mut alice.rng);
    let sealed = sealed.unwrap().commit();
    assert!(session.contact_secret().is_some_and(|kept| kept.theirs() == new.identity.public()));
    assert_eq!(new.unseal(&sealed, &service).unwrap().1, b"to the new phone");
    assert_eq!(UnverifiedContent::open(&sealed, &bob.identity).map(drop), Err(OpenError::NotForUs));
}

/// What is not signed is not remembered, so that a sender cannot push others out by forms of its one certificate.
#[test]
fn forms_of_one_certificate_take_one_place_in_the_cache() {
    let (_, service, certificate) = cast();
    let mut memory = CertificateCache::new(10);
    for number in 0..50_u8 {
        // An unknown field before the two that count, and one behind them.
        let form = [&[0x7A, 1, number], certificate.as_bytes(), &[0x7A, 1, number]].concat();
        let form = SenderCertificate::parse(&form).unwrap();
        assert_ne!(form.as_bytes(), certificate.as_bytes());
        assert_eq!(verdict(&mut memory, &form, &service, EXPIRES), Ok(()));
        assert_eq!(memory.len(), 2);
    }
}
