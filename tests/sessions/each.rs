// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving on many sessions in one call gives what receiving on each gives, and the conversations go on.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::session::manual::Admission;
use subrosa::session::{Incoming, receive_each};
use subrosa::{DecryptError, Message, Session, Timestamp, Trust};

use crate::cases::config;
use crate::device::{Device, Letter, Offer};

/// What a peer's message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One with a new ratchet key: the peer has read ours.
    Step,
    /// The second of its chain, before the first.
    Ahead,
    /// One with a known ratchet key.
    Known,
    /// One with a new ratchet key, and a bit of its MAC changed.
    Damaged,
    /// One that was received before.
    Repeated,
    /// A first one.
    First,
    /// One of the former session, with a new ratchet key. The current session cannot have it.
    Archived,
}

use Kind::{Ahead, Archived, Damaged, First, Known, Repeated, Step};

/// What came of a message: its text, or none if it asks for a session.
type Outcome = Result<Option<Vec<u8>>, DecryptError>;

/// A device that talks to many.
struct Hub {
    device: Device,
    peers: Vec<(Device, Letter)>,
}

impl Hub {
    /// A device, and peers with a message each under way to it.
    fn new(kinds: &[Kind], seed: u64) -> Self {
        let mut device = Device::new("hub", seed);
        let peers = (0..).zip(kinds).map(|(number, kind)| {
            let mut peer = Device::new(&format!("peer {number}"), seed.wrapping_add(1 + number));
            let letter = under_way(&mut device, &mut peer, *kind);
            (peer, letter)
        });
        let peers = peers.collect();
        Self { device, peers }
    }

    fn messages(&self) -> Vec<Message<'_>> {
        self.peers.iter().map(|(_, letter)| letter.message()).collect()
    }

    /// The sessions as stored.
    fn sessions(&self) -> Vec<Session> {
        self.peers.iter().map(|(peer, _)| self.device.session(&peer.address).unwrap()).collect()
    }

    fn one_by_one(&self, sessions: &mut [Session], rng: &mut ChaCha20Rng) -> Vec<Outcome> {
        let (config, messages) = (self.device.config(), self.messages());
        let each = sessions.iter_mut().zip(&messages);
        each.map(|(session, message)| outcome(session.receive(&config, message, Trust::Anyone, rng)))
            .collect()
    }

    fn together(&self, sessions: &mut [Session], rng: &mut ChaCha20Rng) -> Vec<Outcome> {
        let (config, messages) = (self.device.config(), self.messages());
        let each = sessions.iter_mut().zip(&messages);
        let incoming = each.map(|(session, message)| Incoming { session, message, trust: Trust::Anyone });
        receive_each(&config, incoming.collect(), rng).into_iter().map(outcome).collect()
    }
}

fn under_way(hub: &mut Device, peer: &mut Device, kind: Kind) -> Letter {
    if kind == First {
        peer.begin_with(hub, Offer::FULL);
        return peer.send(&hub.address, b"first");
    }
    hub.greet(peer, Offer::FULL);
    if kind == Repeated {
        return peer.tell(hub, b"repeated");
    }
    if kind != Known {
        hub.tell(peer, b"a ratchet key");
    }
    let letter = peer.send(&hub.address, b"a message");
    match kind {
        Ahead => peer.send(&hub.address, b"the next one"),
        Damaged => letter.flipped(3),
        Archived => {
            hub.greet(peer, Offer::FULL);
            letter
        }
        _ => letter,
    }
}

fn outcome(received: Result<Admission<'_, '_>, DecryptError>) -> Outcome {
    Ok(match received? {
        Admission::Decrypted(staged) => Some(staged.commit().to_vec()),
        Admission::New(_) => None,
    })
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn together_is_as_one_by_one(
        kinds in prop::collection::vec(
            prop::sample::select(&[Step, Ahead, Known, Damaged, Repeated, First, Archived][..]), 0..20),
        seed: u64,
    ) {
        let mut hub = Hub::new(&kinds, seed);
        // No number that a device has drawn.
        let mut rng = ChaCha20Rng::from_seed([0xEA; 32]);
        let before = hub.sessions();
        let wanted = hub.one_by_one(&mut hub.sessions(), &mut rng);
        let mut sessions = hub.sessions();
        prop_assert_eq!(&hub.together(&mut sessions, &mut rng), &wanted);
        for ((kind, outcome), (session, before)) in kinds.iter().zip(wanted).zip(sessions.iter_mut().zip(&before)) {
            let received = matches!(outcome, Ok(Some(_)));
            prop_assert_eq!(received, matches!(kind, Step | Ahead | Known | Archived), "{:?}: {:?}", kind, outcome);
            if !received {
                prop_assert!(session.record().as_bytes() == before.record().as_bytes());
            }
        }
        let (hub, peers) = (&mut hub.device, &mut hub.peers);
        for (session, (peer, _)) in sessions.iter_mut().zip(peers).filter(|(session, _)| session.has_current()) {
            let reply = session.encrypt(b"reply", Trust::Anyone, Timestamp::from_millis(0), &mut rng).unwrap();
            prop_assert_eq!(peer.receive(&hub.address, &reply.commit().into()).unwrap(), b"reply");
        }
    }
}

/// Whatever was computed for all together is used: a step that was taken by itself would draw again.
#[test]
fn each_step_is_taken_once() {
    let hub = Hub::new(&[Step, Known, Damaged, Ahead, First, Step, Repeated], 7);
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    hub.together(&mut hub.sessions(), &mut rng);
    assert_eq!(rng.get_word_pos(), 4 * 8);
    // The former session takes a step, which nobody expected.
    let hub = Hub::new(&[Archived], 9);
    hub.together(&mut hub.sessions(), &mut rng);
    assert_eq!(rng.get_word_pos(), 4 * 8 + 2 * 8);
}
