// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a failed decryption says about what to do.

use hex_literal::hex;
use subrosa::group;
use subrosa::prekey::{KemPreKeyId, OneTimePreKeyId};
use subrosa::repair::{Advice, DecryptionErrorMessage, Failure, PlaintextContent, Show};
use subrosa::sealed::ContentHint;
use subrosa::session::Forgery;
use subrosa::store::Key;
use subrosa::{DecryptError, DeviceId, MessageKind, Timestamp};

use crate::device::{Device, Letter, Offer};
use crate::repair::delivered;

/// Above 2^32.
const SENT: Timestamp = Timestamp::from_millis((1 << 40) + 17);

fn about(failure: Failure, hint: ContentHint, letter: &Letter) -> Advice {
    Advice::about(failure, hint, letter.kind, &letter.bytes, SENT, DeviceId::new(5))
}

#[test]
fn a_failed_decryption_yields_all_that_asking_takes() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    let pre_key = alice.tell(&mut bob, b"first");
    let whisper = bob.tell(&mut alice, b"reply");
    let group = Letter::new(MessageKind::SenderKey, b"not looked into".to_vec());
    for letter in [&pre_key, &whisper, &group] {
        let advice = about(Failure::Undecryptable, ContentHint::Default, letter);
        let request = advice.ask.unwrap();
        assert_eq!((request.kind, request.timestamp), (letter.kind, SENT));
        assert_eq!(request.device, DeviceId::new(5));
        let read = delivered(&request);
        assert_eq!(read, request.message);
        assert_eq!((read.timestamp(), read.device()), (SENT, DeviceId::new(5)));
        let key = (letter.kind != MessageKind::SenderKey).then(|| *letter.signal().ratchet_key());
        assert_eq!(read.ratchet_key(), key.as_ref());
    }
}

/// The known answer of the fact sheets, 13 §5.
#[test]
fn a_request_has_the_known_bytes() {
    let (sent, device) = (Timestamp::from_millis(408), DeviceId::new(5));
    let advice = Advice::about(
        Failure::Undecryptable,
        ContentHint::Resendable,
        MessageKind::SenderKey,
        b"",
        sent,
        device,
    );
    let request = advice.ask.unwrap();
    assert_eq!(request.message.to_bytes(), hex!("1098031805"));
    assert_eq!(request.content().as_bytes(), hex!("c04205109803180580"));
}

#[test]
fn the_hint_says_what_is_shown() {
    let group = Letter::new(MessageKind::SenderKey, Vec::new());
    for (hint, show) in [
        (ContentHint::Default, Show::Now),
        (ContentHint::Resendable, Show::IfNotSentAgain),
        (ContentHint::Implicit, Show::Never),
        (ContentHint::Unknown(200), Show::Now),
    ] {
        let advice = about(Failure::Undecryptable, hint, &group);
        assert_eq!(advice.show, show);
        assert!(advice.ask.is_some(), "{hint:?}");
        let duplicate = about(Failure::Duplicate, hint, &group);
        assert_eq!((duplicate.show, duplicate.ask), (Show::Never, None));
        let untrusted = about(Failure::Untrusted, hint, &group);
        assert_eq!((untrusted.show, untrusted.ask), (Show::Now, None));
    }
}

/// What will not come again is not waited for.
#[test]
fn a_message_that_cannot_be_asked_for_is_shown_at_once() {
    let rubbish = Letter::new(MessageKind::Whisper, vec![0x44; 9]);
    let content = PlaintextContent::from(&DecryptionErrorMessage::parse(&hex!("1000")).unwrap());
    let content = Letter::new(MessageKind::Plaintext, content.as_bytes().to_vec());
    for letter in [rubbish, content] {
        let advice = about(Failure::Undecryptable, ContentHint::Resendable, &letter);
        assert_eq!((advice.show, advice.ask), (Show::Now, None));
        let implicit = about(Failure::Undecryptable, ContentHint::Implicit, &letter);
        assert_eq!((implicit.show, implicit.ask), (Show::Never, None));
    }
}

#[test]
fn errors_say_what_kind_of_failure_they_are() {
    assert_eq!(DecryptError::Duplicate.failure(), Failure::Duplicate);
    assert_eq!(DecryptError::UntrustedIdentity.failure(), Failure::Untrusted);
    let key = Key::OneTimePreKey(OneTimePreKeyId(1));
    for error in [
        DecryptError::IdentityMismatch,
        DecryptError::Version3Refused,
        DecryptError::NoOneTimePreKey,
        DecryptError::MissingPreKey { key: key.clone(), issued: true },
        DecryptError::MissingPreKey { key, issued: false },
        DecryptError::UsedTooOften(KemPreKeyId(1)),
        DecryptError::Replayed,
        DecryptError::NoSession,
        DecryptError::TooFarAhead { by: 25_001 },
        DecryptError::Forged(Forgery::Mac),
    ] {
        assert_eq!(error.failure(), Failure::Undecryptable, "{error:?}");
    }
    for error in [DecryptError::WrongSession, DecryptError::WrongPreKeys] {
        assert_eq!(error.failure(), Failure::NotTried, "{error:?}");
    }
    assert_eq!(group::Error::Duplicate.failure(), Failure::Duplicate);
    assert_eq!(group::Error::UntrustedIdentity.failure(), Failure::Untrusted);
    for error in [group::Error::NoSenderKey, group::Error::TooFarAhead { by: 25_001 }] {
        assert_eq!(error.failure(), Failure::Undecryptable, "{error:?}");
    }
}
