// SPDX-License-Identifier: MIT OR Apache-2.0

//! Honest devices that lose their sessions, or all they have, at any time, over a network that loses and reorders;
//! and that ask for what they could not read. Needs the modules `device` and `repair` beside it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit, of which each test uses a part"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::repair::{DecryptionErrorMessage, RepairPolicy};
use subrosa::session::Requirements;
use subrosa::{DecryptError, Timestamp};

use super::device::{Device, Failure, Letter, Offer, Store, TrustRule};
use super::repair::{NotAnswered, advice};

/// What may happen. Devices have numbers; messages under way are picked by any number.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// From one device to another.
    Send(usize, usize),
    /// To this device.
    Deliver(usize, usize),
    Drop(usize, usize),
    /// This device loses its sessions with the other.
    Lose(usize, usize),
    /// A new session is begun without need.
    Begin(usize, usize),
    Archive(usize, usize),
    /// The device is set up anew, with nothing.
    Reinstall(usize),
    WaitMinutes(u16),
    /// What this device stores is copied.
    BackUp(usize),
    /// The copy is put back, and the device goes on as if nothing had happened since.
    SetBack(usize),
}

impl Step {
    /// Schedules for so many devices, none of which is set back.
    pub fn schedules(devices: usize, longest: usize) -> impl Strategy<Value = Vec<Self>> {
        proptest::collection::vec(Self::step(devices), 0..longest)
    }

    /// The same, and devices are set back.
    pub fn schedules_with_set_backs(devices: usize, longest: usize) -> impl Strategy<Value = Vec<Self>> {
        let step = prop_oneof![
            12 => Self::step(devices),
            1 => (0..devices).prop_map(Self::BackUp),
            1 => (0..devices).prop_map(Self::SetBack),
        ];
        proptest::collection::vec(step, 0..longest)
    }

    fn step(devices: usize) -> impl Strategy<Value = Self> {
        let one = move || 0..devices;
        let two = move || (0..devices, 1..devices).prop_map(move |(from, on)| (from, (from + on) % devices));
        let which = || prop_oneof![3 => Just(0), 1 => 0..9usize];
        prop_oneof![
            30 => two().prop_map(|(from, to)| Self::Send(from, to)),
            30 => (one(), which()).prop_map(|(to, which)| Self::Deliver(to, which)),
            5 => (one(), which()).prop_map(|(to, which)| Self::Drop(to, which)),
            4 => two().prop_map(|(own, peer)| Self::Lose(own, peer)),
            3 => two().prop_map(|(own, peer)| Self::Begin(own, peer)),
            2 => two().prop_map(|(own, peer)| Self::Archive(own, peer)),
            1 => one().prop_map(Self::Reinstall),
            2 => (0..90u16).prop_map(Self::WaitMinutes),
        ]
    }
}

/// What is under way.
enum Packet {
    /// A message, which says when it was first sent.
    Letter(Letter, Timestamp),
    Request(DecryptionErrorMessage),
}

struct Member {
    device: Device,
    backup: Store,
    /// The times of what it sent to whom: what a messenger keeps for as long as it may be asked for.
    sent: BTreeSet<(usize, Timestamp)>,
    received: BTreeSet<Timestamp>,
    /// From whom, and what.
    inbox: Vec<(usize, Packet)>,
}

pub struct LossyDevices {
    members: Vec<Member>,
    texts: BTreeMap<Timestamp, Vec<u8>>,
    policy: RepairPolicy,
    offer: Offer,
    now: Timestamp,
    rng: ChaCha20Rng,
    /// Whether a device was set back, so that it may use a counter twice. Of two such messages one is lost.
    set_back: bool,
}

impl LossyDevices {
    /// Devices without sessions. Identities that change are accepted at once.
    pub fn new(devices: impl IntoIterator<Item = Device>, offer: Offer, seed: u64) -> Self {
        let mut circle = Self {
            members: Vec::new(),
            texts: BTreeMap::new(),
            policy: RepairPolicy::default(),
            offer,
            now: super::device::START,
            rng: ChaCha20Rng::seed_from_u64(seed),
            set_back: false,
        };
        for device in devices {
            let member = circle.member(device);
            circle.members.push(member);
        }
        circle
    }

    /// Takes all steps, delivers what is under way, and waits until what they did to each other counts no more.
    /// Then all messages are read, and after a few quiet exchanges they *converge*: for each pair both sides'
    /// current session has the same base key, so that all that they send is on one session. Quiet is an exchange
    /// in which each message is read, or asked for and sent again, before the next one is sent. Who was set back may
    /// lose messages until then, and no other.
    pub fn run(mut self, steps: Vec<Step>) {
        for step in steps {
            self.step(step);
        }
        self.settle();
        self.wait(Duration::from_secs(3_600));
        for exchanges in 1.. {
            assert!(self.exchange() || self.set_back, "a message was not read, and did not come again");
            if self.agreed() {
                break;
            }
            assert!(exchanges < 3, "no session in common after three quiet exchanges");
        }
    }

    fn member(&self, mut device: Device) -> Member {
        device.now = self.now;
        device.sending = TrustRule::Anyone;
        device.receiving = TrustRule::Anyone;
        let backup = device.store.clone();
        Member { device, backup, sent: BTreeSet::new(), received: BTreeSet::new(), inbox: Vec::new() }
    }

    fn two(&mut self, own: usize, peer: usize) -> [&mut Member; 2] {
        self.members.get_disjoint_mut([own, peer]).unwrap()
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
        for member in &mut self.members {
            member.device.now = self.now;
        }
    }

    /// Sends something new. Gives its time.
    fn send(&mut self, from: usize, to: usize) -> Timestamp {
        self.wait(Duration::from_millis(1));
        let now = self.now;
        self.texts.insert(now, format!("{from} to {to} at {}", now.as_millis()).into_bytes());
        self.members[from].sent.insert((to, now));
        self.transmit(from, to, now);
        now
    }

    /// Encrypts what was first sent at `time`, on a new session if there is none to send on.
    fn transmit(&mut self, from: usize, to: usize, time: Timestamp) {
        let (offer, text) = (self.offer, self.texts[&time].clone());
        let [own, peer] = self.two(from, to);
        if !own.device.is_usable(&peer.device.address, Requirements::default()) {
            own.device.begin_with(&mut peer.device, offer);
        }
        let letter = own.device.send(&peer.device.address, &text);
        peer.inbox.push((from, Packet::Letter(letter, time)));
    }

    fn deliver(&mut self, to: usize, which: usize) {
        let inbox = &mut self.members[to].inbox;
        if inbox.is_empty() {
            return;
        }
        match inbox.remove(which % inbox.len()) {
            (from, Packet::Letter(letter, time)) => self.read(to, from, &letter, time),
            (from, Packet::Request(request)) => self.answer(to, from, &request),
        }
    }

    fn read(&mut self, to: usize, from: usize, letter: &Letter, time: Timestamp) {
        let (policy, text) = (self.policy, self.texts[&time].clone());
        let [own, peer] = self.two(to, from);
        let from = &peer.device.address;
        match own.device.receive(from, letter) {
            Ok(read) => {
                assert_eq!(read, text);
                own.received.insert(time);
            }
            Err(Failure::Decrypt(DecryptError::Duplicate)) => {
                assert!(self.set_back, "a message that came once is a duplicate");
            }
            Err(failure) => {
                let asked = advice(&failure, letter, time, from).ask;
                let asked = asked.and_then(|request| own.device.ask(from, request, &policy).ok());
                peer.inbox.extend(asked.map(|request| (to, Packet::Request(request))));
            }
        }
    }

    fn answer(&mut self, own: usize, peer: usize, request: &DecryptionErrorMessage) {
        let policy = self.policy;
        let from = self.members[peer].device.address.clone();
        match self.members[own].device.answer(&from, request, &policy) {
            Ok(resend) if self.members[own].sent.contains(&(peer, resend.timestamp)) => {
                self.transmit(own, peer, resend.timestamp);
            }
            // There is nothing to send, but the peer must get to know the new session.
            Ok(resend) if resend.reset => drop(self.send(own, peer)),
            Ok(_) | Err(NotAnswered::Refused(_)) => {}
            Err(NotAnswered::Store(failure)) => panic!("{failure:?}"),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send(from, to) => drop(self.send(from, to)),
            Step::Deliver(to, which) => self.deliver(to, which),
            Step::Drop(to, which) => {
                let inbox = &mut self.members[to].inbox;
                if !inbox.is_empty() {
                    inbox.remove(which % inbox.len());
                }
            }
            Step::Lose(own, peer) => {
                let [own, peer] = self.two(own, peer);
                own.device.store.sessions.remove(&peer.device.address);
            }
            Step::Begin(own, peer) => {
                let offer = self.offer;
                let [own, peer] = self.two(own, peer);
                own.device.begin_with(&mut peer.device, offer);
            }
            Step::Archive(own, peer) => {
                let [own, peer] = self.two(own, peer);
                own.device.archive(&peer.device.address).unwrap();
            }
            Step::Reinstall(own) => self.reinstall(own),
            Step::WaitMinutes(minutes) => self.wait(Duration::from_secs(60 * u64::from(minutes))),
            Step::BackUp(own) => self.members[own].backup = self.members[own].device.store.clone(),
            Step::SetBack(own) => {
                self.members[own].device.store = self.members[own].backup.clone();
                self.set_back = true;
            }
        }
    }

    /// The device has nothing any more. If its account has no other device, its identity is another, too.
    fn reinstall(&mut self, own: usize) {
        let seed = self.rng.next_u64();
        let address = &self.members[own].device.address;
        let others = self.members.iter().filter(|member| member.device.address.name() == address.name());
        let device = if others.count() > 1 {
            self.members[own].device.sibling(address.device().get(), seed)
        } else {
            self.members[own].device.reinstalled(seed)
        };
        let inbox = std::mem::take(&mut self.members[own].inbox);
        self.members[own] = Member { inbox, ..self.member(device) };
    }

    /// Delivers all that is under way, and all that comes of it. That must come to an end: each message costs one
    /// delivery, and in this moment each side can ask and answer no more often than its policy says.
    fn settle(&mut self) {
        let under_way: usize = self.members.iter().map(|member| member.inbox.len()).sum();
        let links = self.members.len() * (self.members.len() - 1);
        let bound = under_way + links * usize::from(self.policy.ask.max + self.policy.resend.max);
        for _ in 0..bound {
            let Some(to) = self.members.iter().position(|member| !member.inbox.is_empty()) else { return };
            self.deliver(to, 0);
        }
        assert!(self.members.iter().all(|member| member.inbox.is_empty()), "more than {bound} messages");
    }

    /// From each to each a new message, and all that comes of it. Whether all of them were read.
    fn exchange(&mut self) -> bool {
        let all = 0..self.members.len();
        let links = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
        links.filter(|(from, to)| from != to).fold(true, |read, (from, to)| {
            let time = self.send(from, to);
            self.settle();
            read & self.members[to].received.contains(&time)
        })
    }

    /// Whether for each pair both sides' current session is the same: has the same base key.
    fn agreed(&self) -> bool {
        let mut pairs = self.members.iter().enumerate().flat_map(|(at, one)| {
            self.members[at + 1..].iter().map(move |other| (&one.device, &other.device))
        });
        pairs.all(|(one, other)| one.agrees_with(other))
    }
}
