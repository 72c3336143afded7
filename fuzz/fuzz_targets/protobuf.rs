// SPDX-License-Identifier: MIT OR Apache-2.0

//! All that is protobuf - messages between peers, of groups and of sealed sender, certificates, fingerprints, and
//! what libsignal stores - read by our reader and by `prost`: what ours accepts prost accepts, with the same
//! fields; what prost accepts and the protocol allows ours accepts; and what is written of it is the same. The
//! first byte says which message it is, and whether the others are the message or what [`fields`] makes one of.
//!
//! The differences that are meant, for which `tests/support/by_prost` is one with us:
//!
//! * The stored ratchet: one shape for all its states, coders as bytes, a decoder's constants passed over; see
//!   `braid` there.
//! * A public key may be followed by bytes, as deployed, but for a distribution's. Both sides use our
//!   `PublicKey::decode`.
//! * A content's hint of 0 and its empty group id are not written, as deployed, though prost keeps that they were
//!   there.
//! * What is sealed and signed keeps the bytes that it came in, and is not written from its fields.

#![no_main]

#[path = "../../tests/support/by_prost.rs"]
mod by_prost;
#[path = "../support/fields.rs"]
mod fields;

use arbitrary::{Result, Unstructured};
use by_prost::{braid, fingerprint, messages, sealed, sender_keys, stored};
use libfuzzer_sys::fuzz_target;

/// What is around a message's fields.
#[derive(Clone, Copy)]
enum Frame {
    Nothing,
    /// A version in front, and so many bytes behind.
    Version(usize),
    /// The marks of a plaintext content.
    Plaintext,
}

/// The order is that of the seeds' first bytes: new ones go to the end.
const MESSAGES: [(Frame, fn(&[u8])); 17] = [
    (Frame::Version(8), messages::signal_message),
    (Frame::Version(0), messages::prekey_message),
    (Frame::Nothing, messages::decryption_error),
    (Frame::Plaintext, messages::plaintext_content),
    (Frame::Version(64), sender_keys::group_message),
    (Frame::Version(0), sender_keys::distribution_message),
    (Frame::Nothing, sealed::envelope),
    (Frame::Nothing, sealed::content),
    (Frame::Nothing, sealed::server),
    (Frame::Nothing, sealed::sender),
    (Frame::Nothing, fingerprint::scannable),
    (Frame::Nothing, stored::same_session_record),
    (Frame::Nothing, stored::same_session),
    (Frame::Nothing, stored::same_keys),
    (Frame::Nothing, sender_keys::same_record),
    (Frame::Nothing, braid::same_ratchet),
    (Frame::Nothing, |bytes| {
        braid::same_encoder(bytes);
        braid::same_decoder(bytes);
    }),
];

fuzz_target!(|input: &[u8]| {
    let Some((&kind, bytes)) = input.split_first() else { return };
    let (frame, compare) = MESSAGES[usize::from(kind & 0x7F) % MESSAGES.len()];
    if kind < 0x80 {
        compare(bytes);
    } else if let Ok(message) = built(frame, &mut Unstructured::new(bytes)) {
        compare(&message);
    }
});

fn built(frame: Frame, u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match frame {
        Frame::Nothing => fields::fields(u, 0)?,
        Frame::Version(behind) => {
            [&[fields::first(u)?], &fields::fields(u, 0)?[..], &vec![9; behind]].concat()
        }
        Frame::Plaintext => [&[0xC0], &fields::fields(u, 0)?[..], &[0x80]].concat(),
    })
}
