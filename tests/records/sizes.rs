// SPDX-License-Identifier: MIT OR Apache-2.0

//! How large a session's record is, in every state of the post-quantum ratchet.

use std::collections::BTreeMap;

use crate::device::{Device, Offer};
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::session::Policy;

/// A session without skipped keys takes less than this, in bytes.
const LIMIT: usize = 3_500;

#[test]
fn session_without_skipped_keys_takes_less_than_3_500_bytes() {
    let [mut alice, mut bob] = Device::pair(1);
    let bundle = bob.bundle(Offer::FULL);
    alice.initiate(&bob.address, bundle).unwrap();
    let mut largest = 0;
    let mut payloads = BTreeMap::new();
    // Some 87 messages make an epoch; each role comes up three times.
    for _ in 0..300 {
        for from_alice in [true, false] {
            let (from, to) = if from_alice { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
            let message = from.send(&to.address, b"text");
            *payloads.entry(payload(&message.bytes)).or_insert(0) += 1;
            largest = largest.max(record_len(from, to));
            to.receive(&from.address, &message).unwrap();
            largest = largest.max(record_len(to, from));
        }
    }
    assert!(largest < LIMIT, "{largest} bytes");
    assert_eq!(payloads.len(), 7, "all kinds of messages came up: {payloads:?}");
}

/// The sizes in the README: `cargo test --test records -- sizes:: --ignored --nocapture`.
#[test]
#[ignore = "prints a table"]
#[allow(clippy::print_stdout, reason = "that is what it is for")]
fn sizes_of_messages_and_records() {
    for (version, offer) in [(4, Offer::FULL), (3, Offer::VERSION_3)] {
        let [mut alice, mut bob] = Device::pair(1);
        if version == 3 {
            alice.policy = Policy::AllowVersion3;
            bob.policy = Policy::AllowVersion3;
        }
        let bundle = bob.bundle(offer);
        alice.initiate(&bob.address, bundle).unwrap();
        let first = alice.tell(&mut bob, &[0; 64]);
        let fresh = record_len(&bob, &alice);
        let reply = bob.tell(&mut alice, &[0; 64]);
        println!(
            "version {version}: first message {}, later message {}",
            first.bytes.len(),
            reply.bytes.len()
        );
        for _ in 0..2_000 {
            alice.send(&bob.address, b"");
        }
        alice.tell(&mut bob, b"");
        println!(
            "           record of a fresh session {fresh}, with 2,000 skipped keys {}",
            record_len(&bob, &alice)
        );
    }
}

fn record_len(of: &Device, with: &Device) -> usize {
    of.store.sessions.get(&with.address).map_or(0, Vec::len)
}

/// The kind of braid message that a message carries.
fn payload(message: &[u8]) -> u8 {
    let inner = SignalMessage::parse(message).map(|message| message.pq_ratchet().to_vec());
    let inner = inner
        .or_else(|_| PreKeySignalMessage::parse(message).map(|outer| outer.message().pq_ratchet().to_vec()));
    match BraidMessage::parse(&inner.unwrap()).unwrap().payload {
        BraidPayload::None => 0,
        BraidPayload::Hdr(_) => 1,
        BraidPayload::Ek(_) => 2,
        BraidPayload::EkCt1Ack(_) => 3,
        BraidPayload::Ct1Ack => 4,
        BraidPayload::Ct1(_) => 5,
        BraidPayload::Ct2(_) => 6,
    }
}
