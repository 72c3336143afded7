// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of the rose profile and of OMEMO: the first byte of a tag or a MAC wrong, or its last.

#[path = "../../../tests/support/rose.rs"]
mod parties;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Address;
use subrosa::omemo::{Account, IdentityKeyPair, Message, Session, Trust, UsedPreKey, Version};
use subrosa::rose::Outgoing;

use parties::pair;

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

fn omemo(report: &mut Report) {
    for (version, name) in [(Version::Two, "OMEMO 2"), (Version::Legacy, "OMEMO 0.3")] {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let [alice, mut bob] = [1, 2].map(|device| {
            let mut account = Account::new(version, device, IdentityKeyPair::generate(&mut rng));
            account.renew(Some(1), &[1], &mut rng).unwrap().commit();
            account
        });
        let [mut to_bob, mut to_alice] =
            [2, 1].map(|device| Session::new(version, Address::new("peer", device)));
        let bundle = bob.bundle().unwrap().verify(None).unwrap();
        to_bob.begin(&alice, &bundle, Trust::Anyone, &mut rng).unwrap().commit();
        let mut receive = |session: &mut Session, account: &mut Account, kind, bytes: &[u8]| {
            let message = Message::parse(version, kind, bytes).unwrap();
            let received = session.receive(account, &message, Trust::Anyone, UsedPreKey::Delete, &mut rng);
            received.map(|staged| drop(staged.commit())).is_ok()
        };
        let mut alice = alice;
        let first = to_bob.encrypt(&[b'x'; 48]).unwrap().commit();
        assert!(receive(&mut to_alice, &mut bob, first.kind(), first.as_bytes()));
        let answer = to_alice.encrypt(&[b'x'; 48]).unwrap().commit();
        assert!(receive(&mut to_bob, &mut alice, answer.kind(), answer.as_bytes()));
        let message = to_bob.encrypt(&[b'x'; 48]).unwrap().commit();
        let end = message.as_bytes().len() - 1;
        // Version 2 has the MAC as its first field, 16 bytes; the older one at the end, 8 bytes.
        let part = if version == Version::Two { (2, 17) } else { (end - 7, end) };
        report.alike(
            &format!("{name}, decrypt, the MAC's first or last byte wrong"),
            |class, _| changed(message.as_bytes(), part, class),
            |bytes| !receive(&mut to_alice, &mut bob, message.kind(), bytes),
        );
    }
}
