// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a sender puts into an envelope: what parses is written and read again as the same. Sealed by somebody with
//! a good key, it is taken if it holds that key's certificate, the same way in both versions.

#![no_main]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use std::sync::LazyLock;

use envelopes::{ALICE, Cast, NOW, bobs_address};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group::ReceiverKeys;
use subrosa::hazmat::sealed::{Entry, seal_for_many, v1};
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::Secret;
use subrosa::repair::Failure;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{Body, Content, OpenError, UnverifiedContent};
use subrosa::session::Config;
use subrosa::session::manual::Admission;
use subrosa::{Address, DeviceId, ServiceId, Session, Trust};

static CAST: LazyLock<Cast> = LazyLock::new(Cast::new);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(content) = SealedContent::parse(bytes) {
        let encoded = content.encode();
        let again = SealedContent::parse(&encoded).unwrap();
        // An empty group id is not written.
        let group_id = content.group_id.filter(|id| !id.is_empty());
        assert!(again == SealedContent { group_id, ..content });
    }
    let [v1, v2] = expected(bytes);
    for (sealed, expected) in [(seal_v1(bytes), v1), (seal_v2(bytes), v2)] {
        match UnverifiedContent::open(&sealed, CAST.bob()) {
            Ok(content) => {
                assert_eq!(expected, Ok(()));
                verify(content, bytes);
            }
            Err(error) => assert_eq!(expected, Err(error)),
        }
    }
});

/// What opening must come to, in each version: they differ in how they find that a certificate's key, which is
/// not the one that sealed, is of low order.
fn expected(bytes: &[u8]) -> [Result<(), OpenError>; 2] {
    let refused = |error| match error {
        CertificateError::Key(error) => OpenError::Key(error),
        _ => OpenError::Malformed,
    };
    let certified = SealedContent::parse(bytes)
        .map_err(OpenError::from)
        .and_then(|content| SenderCertificate::parse(content.certificate).map_err(refused));
    match certified.map(|certificate| certificate.claimed().identity_key) {
        Err(error) => [Err(error); 2],
        Ok(key) if key == *CAST.alice.public() => [Ok(()); 2],
        Ok(key) => {
            let agreed = CAST.bob().private().diffie_hellman(key.public_key());
            let v2 = agreed.map_or_else(OpenError::from, |_| OpenError::WrongSender);
            [Err(OpenError::WrongSender), Err(v2)]
        }
    }
}

fn seal_v1(content: &[u8]) -> Vec<u8> {
    v1::seal(content, &CAST.alice, CAST.bob().public(), &mut ChaCha20Rng::seed_from_u64(0)).unwrap()
}

fn seal_v2(content: &[u8]) -> Vec<u8> {
    let bob: ServiceId = envelopes::BOB.parse().unwrap();
    let devices = vec![(1, 1)];
    let entry = Entry { service_id: bob, identity: CAST.bob().public(), devices, agreement: None };
    let sent = seal_for_many(content, &CAST.alice, &[&entry], &[], Secret::new([1; 32])).unwrap();
    let sent = SentMessage::parse(&sent.bytes).unwrap();
    sent.recipients().next().unwrap().received().to_vec()
}

/// Verifies a content, and takes what is inside.
fn verify(content: UnverifiedContent, bytes: &[u8]) {
    let bob = bobs_address();
    let raw = SealedContent::parse(bytes).unwrap();
    let certificate = SenderCertificate::parse(raw.certificate).unwrap();
    let verified = content.verify(&CAST.trust(), &bob, None, NOW);
    let own = certificate.claimed().address == bob;
    let good = certificate.verify(&CAST.trust(), NOW).is_ok();
    assert_eq!(verified.is_ok(), good && !own);
    let Ok(content) = verified else { return };
    assert_eq!((content.kind(), content.hint()), (raw.kind, raw.hint));
    assert_eq!(content.group_id(), raw.group_id);
    let advice = content.advice(Failure::Undecryptable, NOW);
    assert!(advice.ask.is_none_or(|request| request.message.timestamp() == NOW));
    receive(&content, &bob);
}

fn receive(content: &Content, bob: &Address) {
    let (sender, mut rng) = (content.sender().address(), ChaCha20Rng::seed_from_u64(0));
    match content.body() {
        Ok(Body::Session(message)) => {
            let mut session = Session::new(bob.clone(), sender.clone());
            let before = session.record();
            match session.receive(&Config::new(CAST.bob(), 1), &message, Trust::Anyone, &mut rng) {
                Ok(Admission::Decrypted(_)) => panic!("there is no session yet"),
                Ok(Admission::New(new)) => drop(new.needed()),
                Err(error) => drop(error.to_string()),
            }
            assert_eq!(session.record().as_bytes(), before.as_bytes());
        }
        Ok(Body::Group(message)) => {
            let mut keys = ReceiverKeys::new(sender.clone(), message.format());
            assert!(keys.decrypt(&message, Trust::Anyone).is_err(), "no key was distributed");
        }
        Ok(Body::Plaintext(plaintext)) => drop(plaintext.decryption_error_message()),
        Ok(_) => {}
        Err(error) => drop(error.to_string()),
    }
    assert!(sender.name().as_str() != ALICE || sender.device() == DeviceId::PRIMARY);
}
