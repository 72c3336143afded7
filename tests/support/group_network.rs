// SPDX-License-Identifier: MIT OR Apache-2.0

//! A bad network among the members of a group.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::live::Side;
use crate::under_way::{TWICE, UnderWay};

/// Out of 256: how often a message is lost, and how often a distribution comes at once.
const LOST: u32 = 50;
const AT_ONCE: u32 = 128;

/// How a sender changes its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// Another key under the same distribution id.
    SameId,
    /// A new distribution id, or group name.
    NewId,
}

/// A sender's key: whose it is, under which id, its number among all keys, and how many messages it sent.
#[derive(Clone, Debug)]
struct Key {
    sender: usize,
    id: String,
    number: usize,
    iteration: u32,
}

enum Item {
    Distribution(Value),
    Message { message: Value, plaintext: String, delivered: bool },
}

/// Something under way to one member, and the key as it was when that was sent.
pub(crate) struct Sent {
    key: Key,
    item: Item,
}

pub(crate) struct GroupNetwork {
    pub(crate) members: Vec<Side>,
    /// Makes the id of a key from its number.
    name: fn(usize) -> String,
    keys: Vec<Key>,
    number: usize,
    pub(crate) under_way: UnderWay<Sent>,
    /// Which keys a member knows, by member and number, and from which iteration on.
    known: HashMap<(usize, usize), u32>,
    pub(crate) sent: usize,
    pub(crate) read: usize,
    /// Messages that came before their key, or are from before it was distributed.
    pub(crate) early: usize,
}

impl GroupNetwork {
    /// Members with a key each, which all know.
    pub(crate) fn new(members: Vec<Side>, name: fn(usize) -> String, seed: u64) -> Self {
        let mut network = Self {
            under_way: UnderWay::new(members.len(), seed),
            members,
            name,
            keys: Vec::new(),
            number: 0,
            known: HashMap::new(),
            sent: 0,
            read: 0,
            early: 0,
        };
        for sender in 0..network.members.len() {
            let key = network.next_key(sender, None);
            network.keys.push(key);
            network.distribute(sender);
        }
        network.settle();
        network
    }

    fn next_key(&mut self, sender: usize, id: Option<String>) -> Key {
        self.number += 1;
        let number = self.number;
        Key { sender, id: id.unwrap_or_else(|| (self.name)(number)), number, iteration: 0 }
    }

    fn others(&self, member: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.members.len()).filter(move |other| *other != member)
    }

    /// `sender` describes its key as it is now to all others. It comes at once, or on its way.
    pub(crate) fn distribute(&mut self, sender: usize) {
        let key = self.keys[sender].clone();
        let create = json!({ "op": "sender_key_create", "distribution_id": key.id });
        let skdm = self.members[sender].must(create)["skdm"].clone();
        for to in self.others(sender) {
            let sent = Sent { key: key.clone(), item: Item::Distribution(skdm.clone()) };
            if self.under_way.chance(AT_ONCE) {
                self.hand_over(to, sent);
            } else {
                self.under_way.push(to, sent);
            }
        }
    }

    /// `sender` makes another key and distributes it.
    pub(crate) fn rotate(&mut self, sender: usize, rotation: Rotation) {
        let id = self.keys[sender].id.clone();
        let same = (rotation == Rotation::SameId).then(|| id.clone());
        self.keys[sender] = self.next_key(sender, same);
        if rotation == Rotation::SameId {
            // A key of a party that has none yet takes the place of the old one.
            let member = &mut self.members[sender];
            let (own, name) = (member.address(), member.name.clone());
            let make = json!({ "op": "sender_key_create", "distribution_id": id });
            let export = json!({ "op": "sender_key_export", "sender": own, "distribution_id": id });
            member.must_as("spare", json!({ "op": "new_party", "name": name, "device": 1 }));
            member.must_as("spare", make);
            let record = member.must_as("spare", export)["record"].clone();
            let import = json!({
                "op": "sender_key_import", "sender": own, "distribution_id": id, "record": record,
            });
            member.must(import);
        }
        self.distribute(sender);
    }

    /// `sender` sends a message, which may be lost to some.
    pub(crate) fn send(&mut self, sender: usize) {
        let plaintext = format!("{:02x}{:08x}", sender, self.sent) + &"5a".repeat(self.under_way.below(200));
        let key = self.keys[sender].clone();
        let message = self.encrypt(sender, &plaintext);
        self.sent += 1;
        for to in self.others(sender) {
            let (message, plaintext) = (message.clone(), plaintext.clone());
            let item = Item::Message { message, plaintext, delivered: false };
            self.under_way.send(to, Sent { key: key.clone(), item }, LOST);
        }
    }

    fn encrypt(&mut self, sender: usize, plaintext: &str) -> Value {
        let id = &self.keys[sender].id;
        let request = json!({ "op": "group_encrypt", "distribution_id": id, "plaintext": plaintext });
        let sent = self.members[sender].must(request);
        assert_eq!(sent["type"], 7);
        self.keys[sender].iteration += 1;
        sent["message"].clone()
    }

    /// `sender` sends messages that nobody gets.
    pub(crate) fn lose(&mut self, sender: usize, messages: usize) {
        for _ in 0..messages {
            self.encrypt(sender, "00");
        }
    }

    /// Delivers one of the oldest things to `to`. Gives whether there was any.
    pub(crate) fn deliver(&mut self, to: usize) -> bool {
        self.under_way.next(to).map(|sent| self.hand_over(to, sent)).is_some()
    }

    fn hand_over(&mut self, to: usize, Sent { key, item }: Sent) {
        let sender = self.members[key.sender].address();
        match item {
            Item::Distribution(skdm) => {
                self.members[to].must(json!({
                    "op": "sender_key_process", "sender": sender, "distribution_id": key.id, "skdm": skdm,
                }));
                // One that is known already stays as it is.
                self.known.entry((to, key.number)).or_insert(key.iteration);
            }
            Item::Message { message, plaintext, delivered } => {
                let answer = self.members[to].ask(json!({
                    "op": "group_decrypt", "sender": sender, "distribution_id": key.id, "message": message,
                }));
                let (seed, from) = (self.under_way.seed, self.known.get(&(to, key.number)).copied());
                let readable = from.is_some_and(|from| from <= key.iteration);
                let again = match answer {
                    Ok(answer) => {
                        assert!(readable && !delivered, "seed {seed}: {to} can't have read this");
                        assert_eq!(answer["plaintext"], plaintext, "seed {seed}: {to}");
                        self.read += 1;
                        self.under_way.chance(TWICE)
                    }
                    Err(_) if delivered => false,
                    Err(_) if !readable => {
                        self.early += 1;
                        from.is_none()
                    }
                    Err(error) => panic!("seed {seed}: {to} refused a good message of {key:?}: {error}"),
                };
                if again {
                    let item = Item::Message { message, plaintext, delivered: readable };
                    self.under_way.push(to, Sent { key, item });
                }
            }
        }
    }

    /// Delivers all that is under way.
    pub(crate) fn settle(&mut self) {
        for to in 0..self.members.len() {
            while self.deliver(to) {}
        }
    }

    /// Goes on until so many more messages were sent.
    pub(crate) fn run(&mut self, messages: usize) {
        let goal = self.sent + messages;
        while self.sent < goal {
            let member = self.under_way.below(self.members.len());
            if self.under_way.chance(100) {
                self.send(member);
            } else {
                self.deliver(member);
            }
        }
    }

    /// All records of a member's: whose, under which id, and the bytes.
    pub(crate) fn records(&mut self, member: usize) -> Vec<(Value, String, String)> {
        let keys = self.keys.clone();
        let mut records = Vec::new();
        for key in keys {
            let sender = self.members[key.sender].address();
            let export = json!({ "op": "sender_key_export", "sender": sender, "distribution_id": key.id });
            if let Some(record) = self.members[member].must(export)["record"].as_str() {
                records.push((sender, key.id, record.to_owned()));
            }
        }
        records
    }

    /// `member` goes on at `home` with the records that it has here.
    pub(crate) fn move_to(&mut self, member: usize, mut home: Side) {
        self.settle();
        for (sender, id, record) in self.records(member) {
            let import = json!({
                "op": "sender_key_import", "sender": sender, "distribution_id": id, "record": record,
            });
            home.must(import);
        }
        self.members[member] = home;
    }
}
