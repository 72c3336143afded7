// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every bit of a group message, flipped: it is refused and nothing changes. There is no exception.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Trust;
use subrosa::group;
use subrosa::group::GroupMessage;
use subrosa::group::{ReceiverKeys, SenderKey};

use crate::group::{receive, receiver, send};
use crate::properties::ID;

/// Whether `bytes` are read; if not, that nothing changed.
fn is_read(keys: &mut ReceiverKeys, bytes: &[u8]) -> bool {
    let before = keys.record();
    let read = GroupMessage::parse(bytes).is_ok_and(|message| keys.decrypt(&message, Trust::Anyone).is_ok());
    assert_eq!(keys.record().as_bytes(), before.as_bytes());
    read
}

#[test]
fn every_flipped_bit_of_a_message_is_refused() {
    for format in [group::Format::WithId(ID), group::Format::WithoutId] {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        let mut key = SenderKey::generate(format, rng);
        let mut keys = receiver(&key);
        let sent = [b"skipped", b"the one", b"further"].map(|text| send(&mut key, text, rng).unwrap());
        receive(&mut keys, &sent[1]).unwrap();
        // A message whose key was skipped, and the next one.
        for original in [&sent[0], &sent[2]] {
            for at in 0..8 * original.len() {
                let mut flipped = original.clone();
                flipped[at / 8] ^= 1 << (at % 8);
                assert!(!is_read(&mut keys, &flipped), "bit {} of byte {}", at % 8, at / 8);
            }
            for len in 0..original.len() {
                assert!(!is_read(&mut keys, &original[..len]), "cut to {len}");
            }
            assert!(!is_read(&mut keys, &[original, &[0][..]].concat()));
            assert!(is_read(&mut keys, original));
        }
    }
}
