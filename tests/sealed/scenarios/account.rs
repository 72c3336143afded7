// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of sessions under seal, received with the prekeys of an account.

use subrosa::repair::Failure;
use subrosa::sealed;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::SenderDetails;
use subrosa::store;
use subrosa::{Address, Ciphertext, DecryptError, IdentityKeyPair, Session, Trust};

use crate::accounts::{Holder, Peer, START};
use crate::scenarios::{id, rng};
use crate::sealed::{EXPIRES, Service};

/// Seals a message of a peer's, under a certificate for `identity`.
fn seal(
    service: &mut Service,
    peer: &Peer,
    identity: &IdentityKeyPair,
    message: &Ciphertext,
    to: &Holder,
) -> Vec<u8> {
    let certificate = service.issue(SenderDetails {
        address: peer.address.clone(),
        e164: None,
        identity_key: *identity.public(),
        expires: EXPIRES,
    });
    let sender = sealed::Sender::new(identity, &certificate).unwrap();
    sender.seal(message, to.account.identity_key(), &mut rng(1)).unwrap()
}

fn verify(sealed: &[u8], to: &Holder, service: &Service) -> sealed::Content {
    let content = UnverifiedContent::open(sealed, to.account.identity()).unwrap();
    content.verify(&service.trust(), &to.address, None, START).unwrap()
}

/// Reads a sealed message and stores all that comes of it. A refusal changes nothing.
fn read(
    to: &mut Holder,
    session: &mut Session,
    content: &sealed::Content,
    trust: Trust<'_>,
) -> Result<Vec<u8>, DecryptError> {
    let sealed::Body::Session(message) = content.body().unwrap() else { panic!("a message of a session") };
    let before = (session.record(), to.account.record(), to.rows());
    let store = &mut to.store;
    let outcome = to.account.receive(session, &message, trust, &mut to.rng).map(|staged| {
        let text = staged.commit_with_output(|writes, text| {
            store.inbox.push(text.to_vec());
            store.apply(writes)
        });
        text.unwrap().to_vec()
    });
    if outcome.is_ok() {
        assert_eq!(to.store.sessions[session.remote()], session.record().as_bytes());
    } else {
        assert_eq!(session.record().as_bytes(), before.0.as_bytes());
        assert_eq!(to.account.record().as_bytes(), before.1.as_bytes());
        assert_eq!(to.rows(), before.2);
    }
    to.check();
    outcome
}

#[test]
fn first_message_uses_up_an_accounts_prekeys() {
    let (mut bob, mut published) = Holder::stocked("bob", 1);
    let mut alice = Peer::new("alice", &bob.address, 2);
    let mut service = Service::new(1);
    let bundle = published.bundle(&bob);
    let one_time = store::Key::OneTimePreKey(bundle.one_time_pre_key.as_ref().unwrap().id);
    alice.begin(bundle);
    let first = alice.write(b"first");
    let sealed = seal(&mut service, &alice, &alice.identity, &first, &bob);
    let content = verify(&sealed, &bob, &service);
    let mut session = Session::new(bob.address.clone(), alice.address.clone());

    let untrusted = read(&mut bob, &mut session, &content, Trust::Nobody);
    assert_eq!(untrusted, Err(DecryptError::UntrustedIdentity));
    assert!(bob.rows().contains(&one_time));
    assert_eq!(read(&mut bob, &mut session, &content, Trust::Anyone).as_deref(), Ok(&b"first"[..]));
    assert!(!bob.rows().contains(&one_time));

    // A later one, before alice has an answer; and after that.
    let second = alice.write(b"second");
    let sealed = seal(&mut service, &alice, &alice.identity, &second, &bob);
    let content = verify(&sealed, &bob, &service);
    assert_eq!(read(&mut bob, &mut session, &content, Trust::Anyone).as_deref(), Ok(&b"second"[..]));
    let again = read(&mut bob, &mut session, &content, Trust::Anyone);
    assert!(matches!(again, Err(DecryptError::Duplicate)));
    let answer = session.encrypt(b"answer", Trust::Anyone, START, &mut bob.rng).unwrap().commit();
    alice.read(&answer);
    let third = alice.write(b"third");
    let sealed = seal(&mut service, &alice, &alice.identity, &third, &bob);
    let content = verify(&sealed, &bob, &service);
    let untrusted = read(&mut bob, &mut session, &content, Trust::Nobody);
    assert_eq!(untrusted, Err(DecryptError::UntrustedIdentity));
    assert_eq!(read(&mut bob, &mut session, &content, Trust::Anyone).as_deref(), Ok(&b"third"[..]));
    assert_eq!(bob.store.inbox, [&b"first"[..], b"second", b"third"]);
}

#[test]
fn account_refuses_wrong_sessions_mismatches_and_replays() {
    let (mut bob, mut published) = Holder::stocked("bob", 3);
    let mut alice = Peer::new("alice", &bob.address, 4);
    let mut service = Service::new(3);
    alice.begin(published.bundle(&bob));
    let first = alice.write(b"first");
    let sealed = seal(&mut service, &alice, &alice.identity, &first, &bob);
    let content = verify(&sealed, &bob, &service);
    let mut with_carol = Session::new(bob.address.clone(), Address::new("carol", id(1)));
    let wrong_session = read(&mut bob, &mut with_carol, &content, Trust::Anyone);
    assert_eq!(wrong_session, Err(DecryptError::WrongSession));

    // Under the certificate of another identity.
    let mallory = IdentityKeyPair::generate(&mut rng(6));
    let sealed = seal(&mut service, &alice, &mallory, &first, &bob);
    let of_mallory = verify(&sealed, &bob, &service);
    let mut session = Session::new(bob.address.clone(), alice.address.clone());
    let mismatch = Err(DecryptError::IdentityMismatch);
    assert_eq!(read(&mut bob, &mut session, &of_mallory, Trust::Anyone), mismatch);
    read(&mut bob, &mut session, &content, Trust::Anyone).unwrap();

    // A replay when the session is gone.
    let mut forgotten = Session::new(bob.address.clone(), alice.address.clone());
    let replay = read(&mut bob, &mut forgotten, &content, Trust::Anyone).unwrap_err();
    assert!(matches!(replay, DecryptError::MissingPreKey { issued: true, .. }), "{replay:?}");
    assert_eq!(replay.failure(), Failure::Undecryptable);

    let answer = session.encrypt(b"answer", Trust::Anyone, START, &mut bob.rng).unwrap().commit();
    alice.read(&answer);
    let later = alice.write(b"later");
    let sealed = seal(&mut service, &alice, &mallory, &later, &bob);
    let of_mallory = verify(&sealed, &bob, &service);
    assert_eq!(read(&mut bob, &mut session, &of_mallory, Trust::Anyone), mismatch);
}
