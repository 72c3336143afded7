// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two honest devices that lose their sessions at any time, over a network that loses and reorders: they always
//! end able to talk, and never send each other messages without end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use subrosa::{DecryptionErrorMessage, RepairPolicy, Requirements, Timestamp};

use super::device::{Device, Letter, Offer};
use super::limits::config;
use super::repair::{NotAnswered, advice};

const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize),
    Deliver(usize, usize),
    Drop(usize, usize),
    /// All sessions are lost.
    Lose(usize),
    /// A new session is begun without need.
    Begin(usize),
    Archive(usize),
    WaitMinutes(u16),
}

/// What is under way.
enum Packet {
    /// A message, which says when it was first sent.
    Letter(Letter, Timestamp),
    Request(DecryptionErrorMessage),
}

struct Side {
    device: Device,
    /// What was sent, by its time: what a messenger keeps for as long as it may be asked for.
    sent: BTreeMap<Timestamp, Vec<u8>>,
    received: BTreeSet<Timestamp>,
    inbox: Vec<Packet>,
}

struct World {
    sides: [Side; 2],
    policy: RepairPolicy,
    offer: Offer,
    now: Timestamp,
}

impl World {
    fn new(seed: u64, offer: Offer) -> Self {
        let sides = Device::pair(seed).map(|device| Side {
            device,
            sent: BTreeMap::new(),
            received: BTreeSet::new(),
            inbox: Vec::new(),
        });
        let now = sides[0].device.now;
        Self { sides, policy: RepairPolicy::default(), offer, now }
    }

    fn both(&mut self, side: usize) -> (&mut Side, &mut Side) {
        let [first, second] = &mut self.sides;
        if side == 0 { (first, second) } else { (second, first) }
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
        for side in &mut self.sides {
            side.device.now = self.now;
        }
    }

    /// Sends something new. Gives its time.
    fn send(&mut self, side: usize) -> Timestamp {
        self.wait(Duration::from_millis(1));
        let now = self.now;
        self.sides[side].sent.insert(now, format!("{side} at {}", now.as_millis()).into_bytes());
        self.transmit(side, now);
        now
    }

    /// Encrypts what was first sent at `time`, on a new session if there is none to send on.
    fn transmit(&mut self, side: usize, time: Timestamp) {
        let offer = self.offer;
        let (own, peer) = self.both(side);
        if !own.device.is_usable(&peer.device.address, Requirements::default()) {
            own.device.begin_with(&mut peer.device, offer);
        }
        let letter = own.device.send(&peer.device.address, &own.sent[&time]);
        peer.inbox.push(Packet::Letter(letter, time));
    }

    fn deliver(&mut self, side: usize, which: usize) {
        let policy = self.policy;
        let (own, peer) = self.both(side);
        if own.inbox.is_empty() {
            return;
        }
        let from = &peer.device.address;
        match own.inbox.remove(which % own.inbox.len()) {
            Packet::Letter(letter, time) => match own.device.receive(from, &letter) {
                Ok(text) => {
                    assert_eq!(text, peer.sent[&time]);
                    own.received.insert(time);
                }
                Err(failure) => {
                    let asked = advice(&failure, &letter, time, from).ask;
                    let asked = asked.and_then(|request| own.device.ask(from, request, &policy).ok());
                    peer.inbox.extend(asked.map(Packet::Request));
                }
            },
            Packet::Request(request) => match own.device.answer(from, &request, &policy) {
                Ok(resend) => self.transmit(side, resend.timestamp),
                Err(NotAnswered::Refused(_)) => {}
                Err(NotAnswered::Store(failure)) => panic!("{failure:?}"),
            },
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send(side) => drop(self.send(side)),
            Step::Deliver(side, which) => self.deliver(side, which),
            Step::Drop(side, which) => {
                let inbox = &mut self.sides[side].inbox;
                if !inbox.is_empty() {
                    inbox.remove(which % inbox.len());
                }
            }
            Step::Lose(side) => self.sides[side].device.store.sessions.clear(),
            Step::Begin(side) => {
                let offer = self.offer;
                let (own, peer) = self.both(side);
                own.device.begin_with(&mut peer.device, offer);
            }
            Step::Archive(side) => {
                let (own, peer) = self.both(side);
                own.device.archive(&peer.device.address).unwrap();
            }
            Step::WaitMinutes(minutes) => self.wait(Duration::from_secs(60 * u64::from(minutes))),
        }
    }

    /// Delivers all that is under way, and all that comes of it. That must come to an end: each message costs one
    /// delivery, and in this moment each side can ask and answer no more often than its policy says.
    fn settle(&mut self) {
        let under_way: usize = self.sides.iter().map(|side| side.inbox.len()).sum();
        let bound = under_way + 2 * usize::from(self.policy.ask.max + self.policy.resend.max);
        for _ in 0..bound {
            let Some(side) = (0..2).find(|side| !self.sides[*side].inbox.is_empty()) else { return };
            self.deliver(side, 0);
        }
        assert!(self.sides.iter().all(|side| side.inbox.is_empty()), "more than {bound} messages");
    }

    /// A new message each way, and all that comes of it. Whether both were read.
    fn exchange(&mut self) -> bool {
        (0..2).all(|side| {
            let time = self.send(side);
            self.settle();
            self.sides[1 - side].received.contains(&time)
        })
    }

    fn agreed(&self) -> bool {
        self.sides[0].device.agrees_with(&self.sides[1].device)
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = || prop_oneof![3 => Just(0), 1 => 0..9usize];
    let step = prop_oneof![
        30 => (0..2usize).prop_map(Step::Send),
        30 => (0..2usize, which()).prop_map(|(side, which)| Step::Deliver(side, which)),
        5 => (0..2usize, which()).prop_map(|(side, which)| Step::Drop(side, which)),
        4 => (0..2usize).prop_map(Step::Lose),
        2 => (0..2usize).prop_map(Step::Begin),
        2 => (0..2usize).prop_map(Step::Archive),
        2 => (0..90u16).prop_map(Step::WaitMinutes),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn two_honest_devices_always_end_able_to_talk(seed: u64, full: bool, steps in steps()) {
        let mut world = World::new(seed, if full { Offer::FULL } else { Offer::LAST_RESORT });
        for step in steps {
            world.step(step);
        }
        world.settle();
        // What they did to each other may have used up what they may do in an hour.
        world.wait(HOUR);
        prop_assert!(world.exchange(), "a message was not read, and did not come again");
        let mut exchanges = 1;
        while !world.agreed() {
            prop_assert!(exchanges < 3, "no session in common after three quiet exchanges");
            prop_assert!(world.exchange());
            exchanges += 1;
        }
    }
}
