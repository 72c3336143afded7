// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet by itself, and sender keys.

use subrosa::Trust;
use subrosa::group::{DistributionMessage, GroupMessage, ReceiverKeys};

use super::braids;
use super::groups;
use super::ledger::{Bound, LARGE, Ledger, told};
use super::sessions::{JUMP, flipped};
use super::setting::rng;

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("message of the post-quantum ratchet", Bound { times: 0, plus: 160 << 10, stack: 96 << 10 });
    braid(ledger);
    ledger.kind("group message", Bound { times: 2, plus: 96 << 10, stack: 32 << 10 });
    group(ledger);
}

fn braid(ledger: &mut Ledger) {
    for (skipped, expected) in [(JUMP - 1, "Ok"), (JUMP, "KeyJump")] {
        let mut pair = braids::Pair::new();
        // Both have settled the version, and hold a chain.
        for turn in [0, 1, 0, 1] {
            let message = pair.send(turn);
            pair.receive(1 - turn, &message);
        }
        (0..skipped).for_each(|_| drop(pair.send(0)));
        let message = pair.send(0);
        let braid = &pair.braids[1];
        let name = format!("{skipped} skipped");
        ledger.attempt(&name, message.len(), expected, || told(braid.receive(&message).map(drop)));
    }
    // All that a message can bring about: three epochs.
    let mut pair = braids::Pair::new();
    for turn in [0, 1].into_iter().cycle().take(600) {
        let message = pair.send(turn);
        let braid = &pair.braids[1 - turn];
        let name = format!("one of 600, in {}", braid.state().unwrap().0);
        ledger.attempt(&name, message.len(), "Ok", || told(braid.receive(&message).map(drop)));
        pair.receive(1 - turn, &message);
    }
    let mut pair = braids::Pair::new();
    let message = pair.send(0);
    pair.receive(1, &message);
    for garbage in
        [vec![0xFF; LARGE], [&[1, 1, 1, 1, 0][..], &[0; LARGE]].concat(), vec![1; LARGE], vec![0; LARGE]]
    {
        let braid = &pair.braids[1];
        ledger.attempt("long", garbage.len(), "", || told(braid.receive(&garbage).map(drop)));
    }
}

fn group(ledger: &mut Ledger) {
    let decrypt = |keys: &mut ReceiverKeys, bytes: &[u8]| {
        let message = GroupMessage::parse(bytes).unwrap();
        told(keys.decrypt(&message, Trust::Anyone).map(drop))
    };
    for (skipped, expected) in [(JUMP - 1, "Ok"), (JUMP, "Ok"), (JUMP + 1, "TooFarAhead")] {
        let (mut key, mut keys) = groups::pair();
        groups::lose(&mut key, skipped);
        let message = groups::send(&mut key, b"text", &mut rng());
        let name = format!("{skipped} skipped");
        ledger.attempt(&name, message.len(), expected, || decrypt(&mut keys, &message));
        let forged = flipped(&message);
        ledger.attempt(&format!("{name}, forged"), message.len(), "", || decrypt(&mut keys, &forged));
    }
    let costs = [LARGE, 2 * LARGE].map(|len| {
        let (mut key, mut keys) = groups::pair();
        let message = groups::send(&mut key, &vec![b'x'; len], &mut rng());
        ledger.attempt("long", message.len(), "Ok", || decrypt(&mut keys, &message))
    });
    ledger.compare("long", costs[0], costs[1]);

    ledger.kind("sender key distribution", Bound { times: 0, plus: 2 << 10, stack: 16 << 10 });
    let (mut key, mut keys) = groups::pair();
    groups::lose(&mut key, 1_000_000);
    let far = key.distribution().to_vec();
    ledger.attempt("a million ahead, caught up with", far.len(), "Ok", || {
        told(
            keys.fast_forward(
                &DistributionMessage::parse(&far).unwrap(),
                &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
            )
            .map(drop),
        )
    });
    let (other, _) = groups::pair();
    let other = other.distribution().to_vec();
    ledger.attempt("of another chain", other.len(), "Ok", || {
        told(
            keys.process(
                &DistributionMessage::parse(&other).unwrap(),
                &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
            )
            .map(drop),
        )
    });
}
