// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of sessions under seal, received with the prekeys of an account.

use subrosa::repair::Failure;
use subrosa::sealed;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::SenderDetails;
use subrosa::store;
use subrosa::{Address, Ciphertext, DecryptError, IdentityKeyPair, Trust};

use crate::accounts::Holder;
use crate::device::{Device, START};
use crate::scenarios::{id, rng};
use crate::sealed::{Service, details};

/// Seals a message of a device's, under a certificate for `identity`.
fn seal(
    service: &mut Service,
    device: &Device,
    identity: &IdentityKeyPair,
    message: &Ciphertext,
    to: &Holder,
) -> Vec<u8> {
    let certificate = service.issue(SenderDetails { identity_key: *identity.public(), ..details(device) });
    let sender = sealed::Sender::new(identity, &certificate).unwrap();
    sender.seal(message, to.account.identity_key(), &mut rng(1)).unwrap()
}

fn verify(sealed: &[u8], to: &Holder, service: &Service) -> sealed::Content {
    let content = UnverifiedContent::open(sealed, to.account.identity()).unwrap();
    content.verify(&service.trust(), &to.address, None, START).unwrap()
}

/// Reads a sealed message on the session with `from`.
fn read(
    to: &mut Holder,
    from: &Address,
    content: &sealed::Content,
    trust: Trust<'_>,
) -> Result<Vec<u8>, DecryptError> {
    let sealed::Body::Session(message) = content.body().unwrap() else { panic!("a message of a session") };
    to.receive_message(from, &message, trust)
}

#[test]
fn first_message_uses_up_an_accounts_prekeys() {
    let (mut bob, mut published) = Holder::stocked("bob", 1);
    let mut alice = Device::new("alice", 2);
    let mut service = Service::new(1);
    let bundle = published.bundle(&bob);
    let one_time = store::Key::OneTimePreKey(bundle.one_time_pre_key.as_ref().unwrap().id);
    alice.initiate(&bob.address, bundle).unwrap();
    let first = alice.message_to(&bob.address, b"first");
    let sealed = seal(&mut service, &alice, &alice.identity, &first, &bob);
    let content = verify(&sealed, &bob, &service);

    let untrusted = read(&mut bob, &alice.address, &content, Trust::Nobody);
    assert_eq!(untrusted, Err(DecryptError::UntrustedIdentity));
    assert!(bob.rows().contains(&one_time));
    assert_eq!(read(&mut bob, &alice.address, &content, Trust::Anyone).as_deref(), Ok(&b"first"[..]));
    assert!(!bob.rows().contains(&one_time));

    // A later one, before alice has an answer; and after that.
    let second = alice.message_to(&bob.address, b"second");
    let sealed = seal(&mut service, &alice, &alice.identity, &second, &bob);
    let content = verify(&sealed, &bob, &service);
    assert_eq!(read(&mut bob, &alice.address, &content, Trust::Anyone).as_deref(), Ok(&b"second"[..]));
    let again = read(&mut bob, &alice.address, &content, Trust::Anyone);
    assert!(matches!(again, Err(DecryptError::Duplicate)));
    let answer = bob.send(&alice.address, b"answer");
    alice.receive(&bob.address, &answer).unwrap();
    let third = alice.message_to(&bob.address, b"third");
    let sealed = seal(&mut service, &alice, &alice.identity, &third, &bob);
    let content = verify(&sealed, &bob, &service);
    let untrusted = read(&mut bob, &alice.address, &content, Trust::Nobody);
    assert_eq!(untrusted, Err(DecryptError::UntrustedIdentity));
    assert_eq!(read(&mut bob, &alice.address, &content, Trust::Anyone).as_deref(), Ok(&b"third"[..]));
    assert_eq!(bob.store.inbox, [&b"first"[..], b"second", b"third"]);
}

#[test]
fn account_refuses_wrong_sessions_mismatches_and_replays() {
    let (mut bob, mut published) = Holder::stocked("bob", 3);
    let mut alice = Device::new("alice", 4);
    let mut service = Service::new(3);
    alice.initiate(&bob.address, published.bundle(&bob)).unwrap();
    let first = alice.message_to(&bob.address, b"first");
    let sealed = seal(&mut service, &alice, &alice.identity, &first, &bob);
    let content = verify(&sealed, &bob, &service);
    let carol = Address::new("carol", id(1));
    let wrong_session = read(&mut bob, &carol, &content, Trust::Anyone);
    assert_eq!(wrong_session, Err(DecryptError::WrongSession));

    // Under the certificate of another identity.
    let mallory = IdentityKeyPair::generate(&mut rng(6));
    let sealed = seal(&mut service, &alice, &mallory, &first, &bob);
    let of_mallory = verify(&sealed, &bob, &service);
    let mismatch = Err(DecryptError::IdentityMismatch);
    assert_eq!(read(&mut bob, &alice.address, &of_mallory, Trust::Anyone), mismatch);
    read(&mut bob, &alice.address, &content, Trust::Anyone).unwrap();

    // A replay when the session is gone.
    let session = bob.store.sessions.remove(&alice.address).unwrap();
    let replay = read(&mut bob, &alice.address, &content, Trust::Anyone).unwrap_err();
    bob.store.sessions.insert(alice.address.clone(), session);
    assert!(matches!(replay, DecryptError::MissingPreKey { issued: true, .. }), "{replay:?}");
    assert_eq!(replay.failure(), Failure::Undecryptable);

    let answer = bob.send(&alice.address, b"answer");
    alice.receive(&bob.address, &answer).unwrap();
    let later = alice.message_to(&bob.address, b"later");
    let sealed = seal(&mut service, &alice, &mallory, &later, &bob);
    let of_mallory = verify(&sealed, &bob, &service);
    assert_eq!(read(&mut bob, &alice.address, &of_mallory, Trust::Anyone), mismatch);
}
