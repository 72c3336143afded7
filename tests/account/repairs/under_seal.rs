// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair under seal: who failed to read what, who asks, and who is answered are all verified.

use subrosa::repair::{DecryptionErrorMessage, RepairPolicy, Show};
use subrosa::sealed;
use subrosa::sealed::ContentHint;
use subrosa::sealed::certificate::SenderCertificate;
use subrosa::{Address, Ciphertext, DecryptError, MessageKind};

use crate::device::{self, CAROL, Device, Offer};
use crate::sealed::{Refused, Seal, Service};

/// A service, and two devices that have sessions with each other, with their certificates.
fn acquainted(seed: u64) -> (Service, [Device; 2], [SenderCertificate; 2]) {
    let mut service = Service::new(seed);
    let devices = Device::acquainted(seed);
    let certificates = [service.certify(&devices[0]), service.certify(&devices[1])];
    (service, devices, certificates)
}

/// The request in an envelope that `device` got, and the device that sent it.
fn request_in(device: &Device, sealed: &[u8], service: &Service) -> (Address, DecryptionErrorMessage) {
    let content = device.verify(sealed, service).unwrap();
    let sealed::Body::Plaintext(plaintext) = content.body().unwrap() else { panic!("no plaintext") };
    (content.sender().address().clone(), plaintext.decryption_error_message().unwrap())
}

/// An error says who sent what can't be read, of which device, what was said about it, and what to
/// do.
#[test]
fn an_unreadable_sealed_message_names_its_sender_and_is_repaired() {
    let policy = RepairPolicy::default();
    let (service, [mut alice, mut bob], [of_alice, of_bob]) = acquainted(47);
    let sent = alice.now;
    let seal = Seal { hint: ContentHint::Resendable, ..Seal::with(&of_alice) };
    let sealed = alice.seal(&bob.address, seal, b"can't be read").unwrap();
    bob.store.sessions.clear();
    let refused = bob.refuse_sealed(&sealed, &service);
    let Refused::Device(device::Failure::Decrypt(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error, DecryptError::NoSession);
    let content = bob.verify(&sealed, &service).unwrap();
    assert_eq!(*content.sender().address(), alice.address);
    let advice = content.advice(error.failure(), sent);
    assert_eq!(advice.show, Show::IfNotSentAgain);
    let request = advice.ask.unwrap();
    assert_eq!((request.kind, request.timestamp), (MessageKind::Whisper, sent));
    assert_eq!(request.device, alice.address.device());

    // Bob asks under seal, too.
    let kept = bob.store.identities[&alice.address];
    bob.ask(&alice.address, request.clone(), &policy).unwrap();
    let content = Ciphertext::from(request.content());
    let asks = Seal::with(&of_bob).of(&bob.identity).seal(&content, &kept, &mut bob.rng).unwrap();
    let (from, request) = request_in(&alice, &asks, &service);
    assert_eq!(from, bob.address);
    let resend = alice.answer(&from, &request, &policy).unwrap();
    assert!(resend.reset && resend.timestamp == sent && !resend.group);
    alice.begin_with(&mut bob, Offer::FULL);
    let again = alice.seal(&bob.address, Seal::with(&of_alice), b"can't be read").unwrap();
    assert_eq!(bob.unseal(&again, &service).unwrap().1, b"can't be read");
    let answer = bob.seal(&alice.address, Seal::with(&of_bob), b"answer").unwrap();
    assert_eq!(alice.unseal(&answer, &service).unwrap().1, b"answer");
    assert!(alice.agrees_with(&bob));
}

/// A message of a session that the sender's certificate does not fit is not read; nobody but that sender is asked.
#[test]
fn the_device_that_sealed_a_message_is_asked() {
    let (mut service, [mut alice, mut bob], [of_alice, _]) = acquainted(1);
    let mallory = Device::new(CAROL, 9);
    let of_mallory = service.certify(&mallory);
    let message = alice.message_to(&bob.address, b"taken and sealed by another");
    let kept = *bob.identity.public();
    let sealed = Seal::with(&of_mallory).of(&mallory.identity).seal(&message, &kept, &mut bob.rng).unwrap();
    let refused = bob.refuse_sealed(&sealed, &service);
    let Refused::Device(device::Failure::Decrypt(error)) = refused else { panic!("{refused:?}") };
    let content = bob.verify(&sealed, &service).unwrap();
    assert_eq!(*content.sender().address(), mallory.address);
    let request = content.advice(error.failure(), bob.now).ask.unwrap();
    assert_eq!(request.device, mallory.address.device());
    // Mallory learns a ratchet key that it knew. If it asks alice by that, this is of no session with it.
    let mut alice_with_mallory = alice.session(&mallory.address).unwrap();
    let mut log = alice.log(&mallory.address);
    let answer = log.answer(&mut alice_with_mallory, &request.message, &RepairPolicy::default(), alice.now);
    assert!(!answer.unwrap().commit().reset);
    let sealed = alice.seal(&bob.address, Seal::with(&of_alice), b"goes on").unwrap();
    assert_eq!(bob.unseal(&sealed, &service).unwrap().1, b"goes on");
}
