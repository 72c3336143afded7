// SPDX-License-Identifier: MIT OR Apache-2.0

//! A bad network between two parties.

use serde_json::{Value, json};

use crate::live::Side;
use crate::under_way::{TWICE, UnderWay};

/// Out of 256: how often a message is lost, if nothing else is said.
const LOST: u32 = 64;
/// How many receiving chains both implementations keep.
const RECEIVING_CHAINS: usize = 5;

/// A message under way.
#[derive(Clone)]
struct Sent {
    kind: Value,
    message: Value,
    plaintext: String,
    /// Which of the sender's ratchet keys it has, counting from 0.
    chain: usize,
    delivered: bool,
}

/// Two parties, and what is under way to each of them.
pub(crate) struct Network {
    pub(crate) sides: [Side; 2],
    under_way: UnderWay<Sent>,
    sent: [usize; 2],
    /// The ratchet keys that each side has sent, in order.
    ratchet_keys: [Vec<Vec<u8>>; 2],
    /// The newest of them that arrived at the other side.
    arrived: [usize; 2],
    /// Out of 256: how often a message of each side is lost.
    pub(crate) lost: [u32; 2],
    /// Messages that came too late: more than four newer receiving chains were there.
    pub(crate) too_late: usize,
}

impl Network {
    pub(crate) fn new(sides: [Side; 2], seed: u64) -> Self {
        Self {
            sides,
            under_way: UnderWay::new(2, seed),
            sent: [0; 2],
            ratchet_keys: [Vec::new(), Vec::new()],
            arrived: [0; 2],
            lost: [LOST; 2],
            too_late: 0,
        }
    }

    /// The same network, with the same messages under way, between other sides: copies of these, or those who go on
    /// in their place.
    pub(crate) fn fork(&self, sides: [Side; 2]) -> Self {
        let (under_way, ratchet_keys) = (self.under_way.fork(), self.ratchet_keys.clone());
        Self { sides, under_way, ratchet_keys, too_late: 0, ..*self }
    }

    /// `from` fetches a bundle of the other side and begins a session from it.
    pub(crate) fn initiate(&mut self, from: usize, options: &Value) {
        let [left, right] = &mut self.sides;
        if from == 0 { left.initiate(right, options) } else { right.initiate(left, options) }
    }

    /// Sends a message from `from`, which may be lost.
    pub(crate) fn send(&mut self, from: usize) {
        let plaintext =
            format!("{:04x}{:08x}", from, self.sent[from]) + &"5a".repeat(self.under_way.below(200));
        let remote = self.sides[1 - from].address();
        let sent =
            self.sides[from].must(json!({ "op": "encrypt", "remote": remote, "plaintext": plaintext }));
        self.sent[from] += 1;
        let chain = self.chain_of(from, &sent["message"]);
        let (kind, message) = (sent["type"].clone(), sent["message"].clone());
        let sent = Sent { kind, message, plaintext, chain, delivered: false };
        self.under_way.send(1 - from, sent, self.lost[from]);
    }

    /// Which of the sender's ratchet keys a message has: the key follows version byte, tag and length.
    fn chain_of(&mut self, from: usize, message: &Value) -> usize {
        let message = hex::decode(message.as_str().expect("hex")).expect("hex");
        let is_header = |bytes: &&[u8]| matches!(bytes[0], 0x33 | 0x44) && bytes[1..4] == [0x0A, 33, 0x05];
        let key = message.windows(36).find(is_header).expect("a ratchet key")[3..].to_vec();
        let keys = &mut self.ratchet_keys[from];
        keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            keys.push(key);
            keys.len() - 1
        })
    }

    /// Delivers one of the oldest messages to `to`. Gives whether there was any.
    pub(crate) fn deliver(&mut self, to: usize) -> bool {
        let Some(mut message) = self.under_way.next(to) else { return false };
        let remote = self.sides[1 - to].address();
        let request =
            json!({ "op": "decrypt", "remote": remote, "type": message.kind, "message": message.message });
        let seed = self.under_way.seed;
        match self.sides[to].ask(request) {
            Ok(answer) => {
                assert!(!message.delivered, "seed {seed}: side {to} took a message twice");
                assert_eq!(answer["plaintext"], message.plaintext, "seed {seed}: side {to}");
                self.arrived[1 - to] = self.arrived[1 - to].max(message.chain);
            }
            Err(_) if message.delivered => {}
            Err(_) if self.arrived[1 - to].saturating_sub(message.chain) >= RECEIVING_CHAINS => {
                self.too_late += 1;
            }
            Err(error) => {
                panic!("seed {seed}: side {to} refused a good message after {:?}: {error}", self.sent)
            }
        }
        message.delivered = true;
        if self.under_way.chance(TWICE) {
            self.under_way.push(to, message);
        }
        true
    }

    /// One side sends something, or gets something.
    pub(crate) fn tick(&mut self) {
        let side = self.under_way.below(2);
        if self.under_way.chance(128) {
            self.send(side);
        } else {
            self.deliver(side);
        }
    }

    /// Goes on until each side has sent `messages` more, then delivers what is under way.
    pub(crate) fn run(&mut self, messages: usize) {
        let goal = self.sent.map(|sent| sent + messages);
        while self.sent != goal {
            let side = self.under_way.below(2);
            if self.under_way.chance(128) && self.sent[side] < goal[side] {
                self.send(side);
            } else {
                self.deliver(side);
            }
        }
        self.settle();
        let (seed, too_late) = (self.under_way.seed, self.too_late);
        assert!(too_late * 5 < goal[0] + goal[1], "seed {seed}: {too_late} came too late");
    }

    /// Delivers all that is under way.
    pub(crate) fn settle(&mut self) {
        for to in 0..2 {
            while self.deliver(to) {}
        }
    }

    /// Each side sends one message that arrives.
    pub(crate) fn exchange(&mut self) {
        self.exchange_from(0);
    }

    /// Each side sends one message that arrives, `first` before the other.
    pub(crate) fn exchange_from(&mut self, first: usize) {
        for from in [first, 1 - first] {
            let sent = self.sends(from);
            self.takes(1 - from, &sent);
        }
    }

    /// Each side sends one message before the other's arrives; then both arrive.
    pub(crate) fn cross(&mut self) {
        let sent = [0, 1].map(|from| self.sends(from));
        for (from, sent) in sent.iter().enumerate() {
            self.takes(1 - from, sent);
        }
    }

    fn sends(&mut self, from: usize) -> Value {
        let remote = self.sides[1 - from].address();
        self.sides[from].must(json!({ "op": "encrypt", "remote": remote, "plaintext": "00" }))
    }

    fn takes(&mut self, to: usize, sent: &Value) {
        let remote = self.sides[1 - to].address();
        let (kind, message) = (&sent["type"], &sent["message"]);
        self.sides[to].must(json!({ "op": "decrypt", "remote": remote, "type": kind, "message": message }));
    }
}
