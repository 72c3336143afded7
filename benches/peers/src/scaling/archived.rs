// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device whose peer began session after session with it.

use subrosa::Session;

use crate::setting::{Device, Offer, copy, devices, receive, rng, send};

/// Bob's session at some time, and what Alice may send him then.
pub struct Case {
    pub archived: u32,
    pub bob: Session,
    /// On the current session.
    pub current: Vec<u8>,
    /// On the session that is archived longest.
    pub oldest: Vec<u8>,
    /// On that, with a ratchet key that Bob has not seen.
    pub oldest_stepping: Vec<u8>,
}

/// A case for each of `counts`, which rise: with as many archived sessions.
pub fn cases(counts: &[u32]) -> Vec<Case> {
    let [mut alice, mut bob] = devices(4);
    alice.greet(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"how are you");
    let oldest = message(&alice.session(&bob.address).unwrap());
    let answer = bob.send(&alice.address, b"well");
    let mut stepping = alice.session(&bob.address).unwrap();
    receive(&mut stepping, &answer.bytes, &mut rng());
    let oldest_stepping = message(&stepping);

    let mut cases = Vec::new();
    let mut archived = 0;
    for count in counts {
        while archived < *count {
            alice.greet(&mut bob, Offer::FULL);
            alice.tell(&mut bob, b"how are you");
            archived += 1;
        }
        let oldest = oldest.clone();
        let oldest_stepping = oldest_stepping.clone();
        cases.push(case(*count, (&alice, &bob), (oldest, oldest_stepping)));
    }
    cases
}

fn case(count: u32, (alice, bob): (&Device, &Device), (oldest, oldest_stepping): (Vec<u8>, Vec<u8>)) -> Case {
    let current = message(&alice.session(&bob.address).unwrap());
    let bob = bob.session(&alice.address).unwrap();
    assert_eq!(bob.archived_len(), count as usize, "each session began one");
    Case { archived: count, bob, current, oldest, oldest_stepping }
}

/// What would be sent next. The session stays as it is.
fn message(session: &Session) -> Vec<u8> {
    send(&mut copy(session), &[b'x'; 64], &mut rng())
}
