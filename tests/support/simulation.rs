// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices, a network and a schedule: messages are sent, delivered, dropped, repeated, reordered and
//! damaged; stores fail, devices crash and restart. After each step the sessions are compared with a
//! [model](Model) of what they should be.
//!
//! Use it by `#[path = "support/simulation.rs"] mod simulation;` beside the module `device`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test kit, of which each test uses a part"
)]

mod model;
pub mod node;
pub mod three_devices;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use subrosa::DeviceId;
use subrosa::Timestamp;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::session::Requirements;
use subrosa::{DecryptError, EncryptError, MessageKind, Session};

use super::device::{Device, Failure, KemOffer, Letter, Offer, Table};
pub use model::Expected;
use model::{Model, SessionId};
use node::{Node, Settled};

/// One of the two devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Alice,
    Bob,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Alice, Self::Bob];

    const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }
}

/// What becomes of a staged change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Stored by `commit_with`.
    Stored,
    /// Stored first, then committed by `commit`.
    StoredApart,
    /// The store can't write this table. If the change needs it, the device goes on from memory without the
    /// change.
    Fails(Table),
    /// The device crashes before the store has written anything.
    CrashBefore,
    /// The device crashes after the store has written everything: the output never comes out.
    CrashAfter,
}

/// A step of a schedule. Messages under way are picked by any number, modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Send(Side, Fate),
    /// To this side. If `keep`, the message stays under way and is delivered again.
    Deliver {
        to: Side,
        which: u8,
        keep: bool,
        fate: Fate,
    },
    Drop(Side, u8),
    /// Delivers a copy with one bit flipped.
    Damage {
        to: Side,
        which: u8,
        at: u16,
        bit: u8,
    },
    Initiate(Side, Offer, Fate),
    Archive(Side, Fate),
    /// The session is read again from its stored record.
    Restart(Side),
    /// The session is moved to libsignal and back.
    Move(Side),
    /// The session's record is lost, and nothing else.
    Forget(Side),
    /// The two talk in turns, while everything under way stays there.
    Talk {
        turns: u8,
    },
    /// New signed and last-resort prekeys; the old ones stay.
    Rotate(Side),
    /// Time passes for both.
    Wait {
        days: u8,
    },
}

/// A message under way.
#[derive(Clone, Debug)]
pub struct Packet {
    pub letter: Letter,
    plaintext: Vec<u8>,
    session: SessionId,
    ratchet_key: [u8; 32],
    counter: u32,
    /// How many messages came before in its session, from both sides.
    before: u32,
}

/// Both devices, and what is under way between them.
pub struct World {
    nodes: [Node; 2],
    models: [Model; 2],
    /// Messages to each side.
    under_way: [Vec<Packet>; 2],
    /// Sender, ratchet key and counter of each message that was ever sent.
    released: BTreeSet<(Side, [u8; 32], u32)>,
    /// How many messages were sent in each session.
    sent: BTreeMap<SessionId, u32>,
    /// How many deliveries were decrypted; and of those that were refused what was expected, and what came.
    pub delivered: usize,
    pub refused: Vec<(Expected, Failure)>,
    version_3: bool,
}

impl World {
    /// Two devices without a session. With `version_3` they also begin sessions of version 3 where a bundle
    /// has no KEM prekey; without, no bundle comes without one.
    pub fn new(seed: u64, version_3: bool) -> Self {
        Self::between(Device::pair(seed), version_3)
    }

    /// The same for two devices that are there.
    pub fn between([alice, bob]: [Device; 2], version_3: bool) -> Self {
        let (a, b) = (alice.address.clone(), bob.address.clone());
        Self {
            nodes: [Node::new(alice, &b, version_3), Node::new(bob, &a, version_3)],
            models: [Model::default(), Model::default()],
            under_way: [Vec::new(), Vec::new()],
            released: BTreeSet::new(),
            sent: BTreeMap::new(),
            delivered: 0,
            refused: Vec::new(),
            version_3,
        }
    }

    /// Takes the steps, then checks that the two devices can talk.
    pub fn run(seed: u64, version_3: bool, steps: &[Step]) {
        let mut world = Self::new(seed, version_3);
        for step in steps {
            world.step(*step);
        }
        world.quiesce();
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::Send(side, fate) => self.send_out(side, fate),
            Step::Deliver { to, which, keep, fate } => {
                if let Some(at) = self.pick(to, which) {
                    let packet = self.under_way[to as usize].remove(at);
                    let settled = self.deliver(to, &packet, fate);
                    if keep || settled == Delivered::NotStored {
                        self.under_way[to as usize].insert(at, packet);
                    }
                }
            }
            Step::Drop(to, which) => {
                if let Some(at) = self.pick(to, which) {
                    self.under_way[to as usize].remove(at);
                }
            }
            Step::Damage { to, which, at, bit } => self.damage(to, which, at, bit),
            Step::Initiate(side, offer, fate) => self.initiate(side, offer, fate),
            Step::Archive(side, fate) => self.archive(side, fate),
            Step::Restart(side) => self.nodes[side as usize].restart(),
            Step::Move(side) => self.nodes[side as usize].move_to_libsignal_and_back(),
            Step::Forget(side) => {
                self.nodes[side as usize].forget();
                self.models[side as usize].forget();
            }
            Step::Talk { turns } => self.talk(turns),
            Step::Rotate(side) => self.nodes[side as usize].rotate(),
            Step::Wait { days } => {
                for node in &mut self.nodes {
                    node.device.advance(Duration::from_secs(u64::from(days) * 24 * 3600));
                }
            }
        }
        for side in Side::BOTH {
            self.compare(side);
        }
    }

    fn pick(&self, to: Side, which: u8) -> Option<usize> {
        usize::from(which).checked_rem(self.under_way[to as usize].len())
    }

    /// Compares a session with its model.
    fn compare(&self, side: Side) {
        let (node, model) = (&self.nodes[side as usize], &self.models[side as usize]);
        node.check_stored();
        assert_eq!(id_of(&node.session), model.current(), "{side:?}'s current session");
        assert_eq!(node.session.archived_len(), model.archived_len(), "{side:?}'s archived sessions");
    }
}

/// Steps.
impl World {
    fn send_out(&mut self, side: Side, fate: Fate) {
        if let Some(packet) = self.send(side, fate) {
            self.under_way[side.other() as usize].push(packet);
        }
    }

    fn send(&mut self, side: Side, fate: Fate) -> Option<Packet> {
        let (node, model) = (&mut self.nodes[side as usize], &self.models[side as usize]);
        let id = id_of(&node.session);
        let plaintext = format!("{side:?} {}", self.released.len()).into_bytes();
        let settled = match node.encrypt(&plaintext, fate) {
            Ok(settled) => settled,
            Err(EncryptError::NoSession) => {
                assert_eq!(model.current(), None);
                return None;
            }
            Err(EncryptError::Stale) => {
                assert!(model.is_stale(node.device.now));
                return None;
            }
            Err(error) => panic!("{side:?} can't send: {error}"),
        };
        assert!(!model.is_stale(node.device.now), "a stale session must not be sent on");
        let Settled::Done(ciphertext) = settled else { return None };
        let (session, letter) = (id?, Letter::from(ciphertext));
        assert_eq!(letter.kind == MessageKind::PreKey, model.is_pending());
        let message = letter.signal();
        let (ratchet_key, counter) = (*message.ratchet_key().as_bytes(), message.counter());
        assert!(self.released.insert((side, ratchet_key, counter)), "{side:?} used a message key twice");
        let before = *self.sent.entry(session).and_modify(|sent| *sent += 1).or_insert(1) - 1;
        Some(Packet { letter, plaintext, session, ratchet_key, counter, before })
    }

    /// Delivers a message, and checks that the outcome is the expected one.
    fn deliver(&mut self, to: Side, packet: &Packet, fate: Fate) -> Delivered {
        let later = self.sent[&packet.session] - packet.before - 1;
        let (node, model) = (&mut self.nodes[to as usize], &mut self.models[to as usize]);
        let expected = model.expected(packet, later);
        let replayed = model.would_be_replayed(packet);
        let outcome = node.receive(&packet.letter, fate);
        let delivered = match &outcome {
            Ok(Settled::Done(plaintext)) => {
                assert_eq!(plaintext[..], packet.plaintext[..]);
                assert_eq!(node.device.store.inbox.last(), Some(&packet.plaintext));
                model.received(packet);
                Delivered::Decrypted
            }
            Ok(Settled::Lost) => {
                let stored = node.device.store.inbox.last();
                assert_eq!(stored, Some(&packet.plaintext), "a crash after the commit loses nothing");
                model.received(packet);
                Delivered::Decrypted
            }
            Ok(Settled::NotStored) => Delivered::NotStored,
            Err(_) => Delivered::Refused,
        };
        let duplicate = matches!(&outcome, Err(Failure::Decrypt(DecryptError::Duplicate)));
        let as_expected = match expected {
            Expected::Plaintext => outcome.is_ok(),
            Expected::Duplicate => duplicate,
            Expected::Refused => outcome.is_err() && !duplicate,
            Expected::Gone => outcome.is_err(),
            Expected::Anything => true,
        };
        assert!(
            as_expected,
            "{to:?} should get {expected:?} from {packet:?}, but: {:?}",
            outcome.as_ref().err()
        );
        self.delivered += usize::from(delivered == Delivered::Decrypted);
        self.refused.extend(outcome.err().map(|failure| (expected, failure)));
        if replayed && delivered == Delivered::Decrypted {
            for model in &mut self.models {
                model.doubt(packet.session);
            }
        }
        delivered
    }

    fn talk(&mut self, turns: u8) {
        for side in (0..turns).flat_map(|_| Side::BOTH) {
            if let Some(packet) = self.send(side, Fate::Stored) {
                self.deliver(side.other(), &packet, Fate::Stored);
            }
        }
    }

    fn damage(&mut self, to: Side, which: u8, at: u16, bit: u8) {
        let Some(packet) = self.pick(to, which).map(|at| self.under_way[to as usize][at].clone()) else {
            return;
        };
        let mut damaged = packet.letter.clone();
        let at = usize::from(at) % damaged.bytes.len();
        damaged.bytes[at] ^= 1 << (bit % 8);
        let outcome = self.nodes[to as usize].receive(&damaged, Fate::CrashBefore);
        if outcome.is_ok() {
            let inner = PreKeySignalMessage::parse(&damaged.bytes).map(|message| *message.message());
            let intact = inner.is_ok_and(|inner| inner.as_bytes() == packet.letter.signal().as_bytes());
            assert!(intact, "{to:?} would take {packet:?} with a bit of byte {at} flipped");
        }
    }

    fn initiate(&mut self, side: Side, mut offer: Offer, fate: Fate) {
        if offer.kem == KemOffer::None && !self.version_3 {
            offer.kem = KemOffer::LastResort;
        }
        let bundle = self.nodes[side.other() as usize].device.bundle(offer);
        let signed_pre_key = *bundle.signed_pre_key.key.as_bytes();
        let node = &mut self.nodes[side as usize];
        if !matches!(node.initiate(bundle, fate), Settled::NotStored) {
            let id = id_of(&node.session).unwrap();
            self.models[side as usize].initiated(id, signed_pre_key, node.device.now);
        }
    }

    fn archive(&mut self, side: Side, fate: Fate) {
        if !matches!(self.nodes[side as usize].archive(fate), Settled::NotStored) {
            self.models[side as usize].archive();
        }
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivered {
    /// Decrypted and stored.
    Decrypted,
    /// Decrypted but not stored: to be delivered again.
    NotStored,
    Refused,
}

/// The end of a schedule.
impl World {
    /// Delivers what is under way, and lets the two talk: within ten exchanges they agree on a session, and
    /// keep to it.
    pub fn quiesce(&mut self) {
        for to in Side::BOTH {
            for packet in std::mem::take(&mut self.under_way[to as usize]) {
                self.deliver(to, &packet, Fate::Stored);
                self.compare(to);
            }
        }
        let agreed = (0..10).any(|_| self.exchange());
        assert!(agreed, "no common session after ten exchanges");
        assert!((0..3).all(|_| self.exchange()), "an agreed session was left");
        for node in &mut self.nodes {
            node.move_to_libsignal_and_back();
        }
        assert!((0..3).all(|_| self.exchange()), "the sessions did not survive the move to libsignal");
    }

    /// Each side sends a message. Gives whether both were understood and both sides use the same session.
    fn exchange(&mut self) -> bool {
        let mut understood = true;
        for side in Side::BOTH {
            let node = &self.nodes[side as usize];
            let requirements = Requirements { not_stale: true, ..Requirements::NONE };
            if !node.session.is_usable(node.device.now, requirements) {
                self.initiate(
                    side,
                    if self.version_3 { Offer::VERSION_3 } else { Offer::FULL },
                    Fate::Stored,
                );
            }
            let packet = self.send(side, Fate::Stored).unwrap();
            if self.deliver(side.other(), &packet, Fate::Stored) != Delivered::Decrypted {
                understood = false;
                self.repair(side, &packet);
            }
            self.compare(side);
            self.compare(side.other());
        }
        let [alice, bob] = &self.nodes;
        understood && alice.session.base_key() == bob.session.base_key()
    }

    /// The receiver tells the sender that it could not decrypt the message, and the sender archives the
    /// session that the message was sent on.
    fn repair(&mut self, sender: Side, packet: &Packet) {
        let letter = &packet.letter;
        let error = DecryptionErrorMessage::for_original(
            &letter.bytes,
            letter.kind,
            Timestamp::from_millis(0),
            DeviceId::PRIMARY,
        )
        .unwrap();
        let content = PlaintextContent::from(&error);
        let error = PlaintextContent::parse(content.as_bytes()).unwrap().decryption_error_message().unwrap();
        if self.nodes[sender as usize].session.current_ratchet_key_matches(error.ratchet_key().unwrap()) {
            self.archive(sender, Fate::Stored);
        }
    }
}

fn id_of(session: &Session) -> Option<SessionId> {
    session.version().zip(session.base_key().map(|key| *key.as_bytes()))
}
