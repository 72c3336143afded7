// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of the rose profile and of OMEMO: the first byte of a tag or a MAC wrong, or its last.

#[path = "../../../tests/support/rose.rs"]
mod parties;
#[path = "../../../tests/support/omemo.rs"]
mod party;

use subrosa::omemo::{Message, UsedPreKey, Version};
use subrosa::rose::Outgoing;

use parties::pair;
use party::Party;

use crate::report::Report;

pub fn run(report: &mut Report) {
    rose(report);
    omemo(report);
}

/// With the first byte of a part changed, or its last.
fn changed(message: &[u8], (first, last): (usize, usize), class: bool) -> Vec<u8> {
    let mut copy = message.to_vec();
    copy[if class { first } else { last }] ^= 1;
    copy
}

fn rose(report: &mut Report) {
    let [mut alice, mut bob] = pair(1, false);
    let message = alice.send(bob.name(), &Outgoing::content(&[b'x'; 64])).unwrap();
    let session = bob.sessions.get_mut(&alice.name()).unwrap();
    // Tag (16), nonce (16), header (88) and its tag (16), `F` (32), content and its tag (16).
    let end = message.len() - 1;
    for (what, part) in
        [("the header's tag", (120, 135)), ("the commitment", (136, 167)), ("the tag", (end - 15, end))]
    {
        report.alike(
            &format!("rose, decrypt, first or last byte of {what} wrong"),
            |class, _| changed(&message, part, class),
            |bytes| session.decrypt(bytes, bob.account.keys(), &mut bob.rng).is_err(),
        );
    }
}

/// One message, which the other reads.
fn tell(from: &mut Party, to: &mut Party) {
    let sent = from.session.encrypt(&[b'x'; 48]).unwrap().commit();
    let message = Message::parse(from.account.version(), sent.kind(), sent.as_bytes()).unwrap();
    drop(to.receive(&message, UsedPreKey::Delete).unwrap());
}

fn omemo(report: &mut Report) {
    for (version, name) in [(Version::Two, "OMEMO 2"), (Version::Legacy, "OMEMO 0.3")] {
        let [mut alice, mut bob] = Party::pair(version);
        tell(&mut alice, &mut bob);
        tell(&mut bob, &mut alice);
        let message = alice.session.encrypt(&[b'x'; 48]).unwrap().commit();
        let end = message.as_bytes().len() - 1;
        // Version 2 has the MAC as its first field, 16 bytes; the older one at the end, 8 bytes.
        let part = if version == Version::Two { (2, 17) } else { (end - 7, end) };
        report.alike(
            &format!("{name}, decrypt, the MAC's first or last byte wrong"),
            |class, _| changed(message.as_bytes(), part, class),
            |bytes| {
                let message = Message::parse(version, message.kind(), bytes).unwrap();
                bob.receive(&message, UsedPreKey::Delete).is_err()
            },
        );
    }
}
