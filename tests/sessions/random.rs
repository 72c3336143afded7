// SPDX-License-Identifier: MIT OR Apache-2.0

//! Random models, from fixed seeds.

use std::collections::VecDeque;

use crate::device::{Device, Failure, Letter, Offer, Store};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::Timestamp;
use subrosa::keys::PublicKey;
use subrosa::repair::DecryptionErrorMessage;
use subrosa::{DecryptError, EncryptError};

/// Random choices.
struct Dice(ChaCha20Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0.next_u32() as usize % limit
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// Messages under way to one side, and what the Double Ratchet lets that side still decrypt.
#[derive(Default)]
struct Inbox {
    queue: VecDeque<(Letter, Vec<u8>)>,
    /// The last five ratchet keys received.
    chains: VecDeque<PublicKey>,
    delivered: usize,
    expired: usize,
}

impl Inbox {
    /// Delivers the message at `at`. It must decrypt, unless its chain was dropped.
    fn deliver(&mut self, at: usize, to: &mut Device, from: &Device) {
        let Some((letter, plaintext)) = self.queue.remove(at) else { return };
        let key = *letter.signal().ratchet_key();
        let received = to.receive(&from.address, &letter);
        match received {
            Ok(received) => {
                assert_eq!(received, plaintext);
                self.delivered += 1;
            }
            Err(failure) => {
                assert!(self.expired_before(&key, to, from, &letter), "{failure:?}");
                self.expired += 1;
                return;
            }
        }
        if !self.chains.contains(&key) {
            self.chains.push_back(key);
            if self.chains.len() > 5 {
                self.chains.pop_front();
            }
        }
    }

    /// Whether a message that failed has a chain that is older than those kept: a newer message of a chain that
    /// is kept still decrypts, and its own key is none of these.
    fn expired_before(&self, key: &PublicKey, to: &mut Device, from: &Device, letter: &Letter) -> bool {
        let again = to.refuse(&from.address, letter);
        self.chains.len() == 5
            && !self.chains.contains(key)
            && matches!(again, Failure::Decrypt(DecryptError::Forged(_)))
    }
}

/// Probabilities in percent.
#[derive(Clone, Copy)]
struct Mix {
    send: usize,
    drop: usize,
    reorder: usize,
}

fn k1(mix: Mix, seed: u64) {
    let mut devices = Device::acquainted(seed);
    let mut inboxes = [Inbox::default(), Inbox::default()];
    let mut dice = Dice::new(seed);
    for step in 0..4_000u32 {
        let side = dice.below(2);
        let [first, second] = &mut devices;
        let (own, peer) = if side == 0 { (first, second) } else { (second, first) };
        if dice.percent(mix.send) {
            let plaintext = step.to_le_bytes().to_vec();
            let letter = own.send(&peer.address, &plaintext);
            inboxes[1 - side].queue.push_back((letter, plaintext));
            continue;
        }
        let inbox = &mut inboxes[side];
        if inbox.queue.is_empty() {
            continue;
        }
        let at = if dice.percent(mix.reorder) { dice.below(inbox.queue.len().min(30)) } else { 0 };
        if dice.percent(mix.drop) {
            inbox.queue.remove(at);
        } else {
            inbox.deliver(at, own, peer);
        }
    }
    for inbox in &inboxes {
        assert!(inbox.delivered > 300, "only {} delivered", inbox.delivered);
        assert!(inbox.expired < inbox.delivered / 10, "{} expired", inbox.expired);
    }
}

#[test]
fn in_order() {
    k1(Mix { send: 50, drop: 0, reorder: 0 }, 1);
}

#[test]
fn with_loss() {
    k1(Mix { send: 60, drop: 30, reorder: 20 }, 2);
}

#[test]
fn much_reordered() {
    k1(Mix { send: 52, drop: 5, reorder: 90 }, 3);
}

#[test]
fn the_same_random_numbers_give_the_same_bytes() {
    let run = || {
        let [mut alice, mut bob] = Device::acquainted(33);
        let mut dice = Dice::new(33);
        let mut out = Vec::new();
        for _ in 0..200 {
            let (from, to) = if dice.percent(50) { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
            let letter = from.send(&to.address, b"text");
            out.extend_from_slice(&letter.bytes);
            if dice.percent(70) {
                to.hear(from, &letter, b"text");
            }
        }
        out.extend_from_slice(alice.record(&bob.address));
        out.extend_from_slice(bob.record(&alice.address));
        out
    };
    assert!(run() == run());
}

/// One side of K2.
struct Side {
    device: Device,
    snapshot: Store,
    queue: VecDeque<(Letter, Vec<u8>)>,
}

/// K2: two devices that lose their memory.
struct World {
    sides: [Side; 2],
    dice: Dice,
    sent: u32,
    delivered: usize,
    /// Dropped on the way, or sent with a counter that was used before the sender lost its memory.
    lost: usize,
    resent: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let sides = Device::pair(seed).map(|device| Side {
            snapshot: device.store.clone(),
            device,
            queue: VecDeque::new(),
        });
        Self { sides, dice: Dice::new(seed), sent: 0, delivered: 0, lost: 0, resent: 0 }
    }

    /// Own side and peer.
    fn both(&mut self, side: usize) -> (&mut Side, &mut Side) {
        let [first, second] = &mut self.sides;
        if side == 0 { (first, second) } else { (second, first) }
    }

    fn send_new(&mut self, side: usize) {
        self.sent += 1;
        let plaintext = self.sent.to_le_bytes().to_vec();
        self.send(side, plaintext);
    }

    fn send(&mut self, side: usize, plaintext: Vec<u8>) {
        let one_time = self.dice.percent(50);
        let (own, peer) = self.both(side);
        let address = peer.device.address.clone();
        let letter = match own.device.encrypt(&address, &plaintext) {
            Err(Failure::Encrypt(EncryptError::NoSession)) => {
                let offer = if one_time { Offer::FULL } else { Offer::LAST_RESORT };
                own.device.begin_with(&mut peer.device, offer);
                own.device.send(&address, &plaintext)
            }
            other => other.unwrap(),
        };
        peer.queue.push_back((letter, plaintext));
    }

    /// Delivers the first message to `side`. If that fails, the sender is told, and sends it again.
    fn receive(&mut self, side: usize) {
        let (own, peer) = self.both(side);
        let Some((letter, plaintext)) = own.queue.pop_front() else { return };
        match own.device.receive(&peer.device.address, &letter) {
            Ok(received) => {
                assert_eq!(received, plaintext);
                self.delivered += 1;
            }
            Err(Failure::Decrypt(DecryptError::Duplicate)) => self.lost += 1,
            Err(_) => {
                let (sent, device) = (Timestamp::from_millis(1), peer.device.address.device());
                let error = DecryptionErrorMessage::for_original(&letter.bytes, letter.kind, sent, device);
                let error = DecryptionErrorMessage::parse(&error.unwrap().to_bytes()).unwrap();
                let key = error.ratchet_key().unwrap();
                let address = own.device.address.clone();
                if peer.device.session(&address).unwrap().current_ratchet_key_matches(key) {
                    peer.device.archive(&address).unwrap();
                }
                self.resent += 1;
                self.send(1 - side, plaintext);
            }
        }
    }

    fn step(&mut self) {
        let side = self.dice.below(2);
        match self.dice.below(100) {
            0..40 => self.send_new(side),
            40..45 => (0..5).for_each(|_| self.send_new(side)),
            45..84 => self.receive(side),
            84..87 => {
                let lost = usize::from(self.sides[side].queue.pop_front().is_some());
                self.lost += lost;
            }
            87..92 => self.shuffle(side),
            92..94 => {
                let (own, peer) = self.both(side);
                own.device.archive(&peer.device.address).unwrap();
            }
            94..98 => {
                let (own, _) = self.both(side);
                own.snapshot = own.device.store.clone();
            }
            _ => {
                let (own, _) = self.both(side);
                own.device.store = own.snapshot.clone();
            }
        }
    }

    fn shuffle(&mut self, side: usize) {
        for at in (1..self.sides[side].queue.len()).rev() {
            let other = self.dice.below(at + 1);
            self.sides[side].queue.swap(at, other);
        }
    }

    /// Delivers all that is under way, whatever is sent again included.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.sides.iter().all(|side| side.queue.is_empty()) {
                return;
            }
            self.receive(0);
            self.receive(1);
        }
        panic!("messages are sent again and again");
    }

    fn agreed(&self) -> bool {
        self.sides[0].device.agrees_with(&self.sides[1].device)
    }
}

#[test]
fn two_devices_that_lose_their_memory() {
    let mut resent = 0;
    for seed in 0..5 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
        }
        world.settle();
        let total = usize::try_from(world.sent).unwrap();
        assert_eq!(world.delivered + world.lost, total, "seed {seed}");
        assert!(world.delivered > total / 2);
        let mut exchanges = 0;
        while exchanges == 0 || !world.agreed() {
            exchanges += 1;
            assert!(exchanges <= 10, "no agreement, seed {seed}");
            for side in [0, 1] {
                world.send_new(side);
                world.settle();
            }
        }
        resent += world.resent;
    }
    assert!(resent > 20, "the model should lose more: {resent} sent again");
}
