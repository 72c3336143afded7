// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages in the caller's buffers: the same bytes as otherwise, nothing in the buffer that was not committed, and
//! a message that was given up is as it came.

use crate::setting::{NOW, Talk, copy, devices, send};
use proptest::prelude::*;
use subrosa::{
    DecryptError, DecryptInPlaceError, EncryptError, MessageKind, ParseError, Session, Trust, Undecryptable,
};

fn record(session: &Session) -> Vec<u8> {
    session.record().as_bytes().to_vec()
}

#[test]
fn the_bytes_are_those_of_encrypt() {
    for version in [3, 4] {
        let mut talk = Talk::new(version);
        let mut other = copy(&talk.alice);
        let (mut out, mut rng) = (b"before".to_vec(), talk.rng.clone());
        let staged = talk.alice.encrypt_into(b"text", &mut out, Trust::Anyone, NOW, &mut talk.rng).unwrap();
        let after = staged.record().as_bytes().to_vec();
        assert_eq!(staged.commit(), MessageKind::Whisper);
        let expected = send(&mut other, b"text", &mut rng);
        assert_eq!(out, [b"before", &expected[..]].concat());
        assert_eq!(record(&talk.alice), after);
        assert_eq!(record(&talk.alice), record(&other));
    }
}

#[test]
fn a_first_message_is_wrapped() {
    let [mut alice, mut bob] = devices(4);
    let bundle = crate::setting::bundle(&mut bob, 4);
    alice.initiate(&bob.address, bundle).unwrap();
    let mut session = alice.session(&bob.address).unwrap();
    let (mut out, mut rng) = (Vec::new(), crate::setting::rng());
    let staged = session.encrypt_into(b"text", &mut out, Trust::Anyone, NOW, &mut rng).unwrap();
    assert_eq!(staged.commit(), MessageKind::PreKey);
    let letter = crate::setting::device::Letter { kind: MessageKind::PreKey, bytes: out };
    assert_eq!(bob.receive(&alice.address, &letter).unwrap(), b"text");
}

#[test]
fn what_is_not_committed_is_cut_off() {
    let mut talk = Talk::new(4);
    let (before, mut out) = (record(&talk.alice), b"before".to_vec());
    let staged = talk.alice.encrypt_into(b"text", &mut out, Trust::Anyone, NOW, &mut talk.rng).unwrap();
    drop(staged);
    assert_eq!(out, b"before");
    let staged = talk.alice.encrypt_into(b"text", &mut out, Trust::Anyone, NOW, &mut talk.rng).unwrap();
    assert_eq!(staged.commit_with(|_, _| Err("the disk is full")), Err("the disk is full"));
    assert_eq!((out, record(&talk.alice)), (b"before".to_vec(), before));
}

#[test]
fn what_is_refused_appends_nothing() {
    let mut talk = Talk::new(4);
    let mut out = b"before".to_vec();
    let refused = talk.alice.encrypt_into(b"text", &mut out, Trust::Nobody, NOW, &mut talk.rng);
    assert_eq!(refused.unwrap_err(), EncryptError::UntrustedIdentity);
    assert_eq!(out, b"before");
}

#[test]
fn a_plaintext_is_wiped_in_the_buffer_unless_it_is_taken() {
    let mut talk = Talk::new(4);
    for taken in [false, true] {
        let text = [b'x'; 100];
        let mut message = send(&mut talk.alice, &text, &mut talk.rng);
        let staged = talk.bob.decrypt_in_place(&mut message, Trust::Anyone, &mut talk.rng).unwrap();
        assert_eq!(&**staged.received(), &text);
        let plaintext = staged.commit_with_received(|_, _, shown| {
            assert_eq!(&**shown, &text);
            Ok::<_, ()>(())
        });
        let mut plaintext = plaintext.unwrap();
        assert_eq!(&*plaintext, &text);
        if taken {
            plaintext[0] = b'y';
            let changed = plaintext.into_slice();
            assert_eq!((changed[0], &changed[1..]), (b'y', &text[1..]), "it is the caller's to change");
            changed[0] = b'x';
        } else {
            drop(plaintext);
        }
        assert_eq!(message.windows(text.len()).any(|window| window == text), taken);
    }
}

#[test]
fn no_message_at_all() {
    let mut talk = Talk::new(4);
    let mut short = [0x44; 8];
    let refused = talk.bob.decrypt_in_place(&mut short, Trust::Anyone, &mut talk.rng);
    assert_eq!(refused.unwrap_err(), DecryptInPlaceError::Parse(ParseError::TooShort(8)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The plaintext and the state are those of `decrypt`; a stage that is dropped leaves both as they were.
    #[test]
    fn it_is_decrypt(version in 3_u8..=4, text in prop::collection::vec(any::<u8>(), 0..300), dropped in 0..3) {
        let mut talk = Talk::new(version);
        let message = send(&mut talk.alice, &text, &mut talk.rng);
        let (mut buffer, before) = (message.clone(), record(&talk.bob));
        for _ in 0..dropped {
            drop(talk.bob.decrypt_in_place(&mut buffer, Trust::Anyone, &mut talk.rng).unwrap());
            prop_assert_eq!(&buffer, &message);
            prop_assert_eq!(record(&talk.bob), before.clone());
        }
        let mut other = copy(&talk.bob);
        let mut rng = talk.rng.clone();
        let staged = talk.bob.decrypt_in_place(&mut buffer, Trust::Anyone, &mut talk.rng).unwrap();
        let after = staged.record().as_bytes().to_vec();
        prop_assert_eq!(&*staged.commit(), &text);
        prop_assert_eq!(&record(&talk.bob), &after);
        let parsed = subrosa::SignalMessage::parse(&message).unwrap();
        let plaintext = other.decrypt(&parsed, Trust::Anyone, &mut rng).unwrap().commit();
        prop_assert_eq!(&*plaintext, &text);
        prop_assert_eq!(record(&other), after);
    }

    /// A message with any bit changed is refused and stays as it was, and so does the state.
    #[test]
    fn any_changed_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut talk = Talk::new(4);
        let mut message = send(&mut talk.alice, b"text", &mut talk.rng);
        let at = at.index(message.len());
        message[at] ^= 1_u8 << bit;
        let (sent, before) = (message.clone(), record(&talk.bob));
        match talk.bob.decrypt_in_place(&mut message, Trust::Anyone, &mut talk.rng) {
            Err(DecryptInPlaceError::Parse(_)) => {}
            Err(DecryptInPlaceError::Decrypt(error)) => {
                let expected = matches!(
                    error,
                    DecryptError::Undecryptable(
                        Undecryptable::Mac | Undecryptable::Ratchet(_) | Undecryptable::Version(_)
                    ) | DecryptError::Duplicate { .. }
                );
                prop_assert!(expected, "{:?}", error);
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(message, sent);
        prop_assert_eq!(record(&talk.bob), before);
    }
}
