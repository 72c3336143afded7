// SPDX-License-Identifier: MIT OR Apache-2.0

//! What became of each message.

use super::network::Fate;
use super::side::Side;
use super::wire::{Inside, Visible};

/// One message.
#[derive(Debug)]
struct Entry {
    text: String,
    lost: bool,
    decrypted: usize,
}

/// What one side put on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub messages: usize,
    /// The envelopes, in bytes; what the network repeats counts once.
    pub bytes: usize,
    /// The messages inside them, in bytes.
    pub inside: usize,
    /// The part of those that is the post-quantum ratchet's.
    pub post_quantum: usize,
    /// The latest epoch of the post-quantum ratchet.
    pub epoch: Option<u64>,
}

/// What became of each message.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    alice: Traffic,
    bob: Traffic,
    repeated: usize,
    late: usize,
    duplicates: usize,
    attacks: usize,
    /// Genuine messages that were refused, and plaintexts that are not what was sent.
    wrong: usize,
}

/// The totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub sent: usize,
    pub lost: usize,
    pub late: usize,
    pub repeated: usize,
    /// Different messages that were decrypted.
    pub decrypted: usize,
    /// Repeated messages that were told apart and refused.
    pub duplicates: usize,
    /// Other messages, bundles and records that were refused.
    pub attacks: usize,
    /// Messages that were not lost and were not decrypted just once.
    pub missing: usize,
    /// Genuine messages that were refused, and plaintexts that are not what was sent.
    pub wrong: usize,
    pub alice: Traffic,
    pub bob: Traffic,
    /// Whether both sides hold the same session with each other's identity.
    pub agreed: bool,
}

impl Summary {
    /// Whether everything that was deliverable arrived, and the sides agree.
    pub const fn good(&self) -> bool {
        self.missing == 0 && self.wrong == 0 && self.agreed
    }
}

impl Ledger {
    /// Enters a message that was sent. Gives its number, which counts from 1.
    pub fn sent(&mut self, from: Side, text: &str, visible: &Visible, inside: &Inside) -> usize {
        self.entries.push(Entry { text: text.to_owned(), lost: false, decrypted: 0 });
        let traffic = match from {
            Side::Alice => &mut self.alice,
            Side::Bob => &mut self.bob,
        };
        traffic.messages += 1;
        traffic.bytes += visible.len;
        traffic.inside += inside.len;
        if let Some(part) = inside.post_quantum {
            traffic.post_quantum += part.len;
            traffic.epoch = traffic.epoch.max(Some(part.epoch));
        }
        self.entries.len()
    }

    /// Enters what the network does with a message.
    pub fn fate(&mut self, number: usize, fate: Fate) {
        match fate {
            Fate::Arrives => {}
            Fate::Late => self.late += 1,
            Fate::Twice => self.repeated += 1,
            Fate::Lost => {
                if let Some(entry) = self.entry(number) {
                    entry.lost = true;
                }
            }
        }
    }

    /// Enters that a message was repeated on purpose.
    pub const fn repeated(&mut self) {
        self.repeated += 1;
    }

    /// Enters a plaintext. It must be the one that was sent.
    pub fn decrypted(&mut self, number: usize, plaintext: &[u8]) {
        match self.entry(number) {
            Some(entry) if entry.text.as_bytes() == plaintext => entry.decrypted += 1,
            _ => self.wrong += 1,
        }
    }

    /// Enters that a message was refused as a duplicate.
    pub const fn duplicate(&mut self) {
        self.duplicates += 1;
    }

    /// Enters that something that is not genuine was refused.
    pub const fn attack(&mut self) {
        self.attacks += 1;
    }

    /// Enters that a genuine message was refused.
    pub const fn wrongly_refused(&mut self) {
        self.wrong += 1;
    }

    pub fn text(&self, number: usize) -> &str {
        number.checked_sub(1).and_then(|at| self.entries.get(at)).map_or("", |entry| &entry.text)
    }

    pub fn was_decrypted(&self, number: usize) -> bool {
        number.checked_sub(1).and_then(|at| self.entries.get(at)).is_some_and(|entry| entry.decrypted > 0)
    }

    /// The totals.
    pub fn summary(&self, agreed: bool) -> Summary {
        let count = |which: fn(&Entry) -> bool| self.entries.iter().filter(|entry| which(entry)).count();
        Summary {
            sent: self.entries.len(),
            lost: count(|entry| entry.lost),
            late: self.late,
            repeated: self.repeated,
            decrypted: count(|entry| entry.decrypted > 0),
            duplicates: self.duplicates,
            attacks: self.attacks,
            missing: count(|entry| entry.decrypted != usize::from(!entry.lost)),
            wrong: self.wrong,
            alice: self.alice,
            bob: self.bob,
            agreed,
        }
    }

    fn entry(&mut self, number: usize) -> Option<&mut Entry> {
        number.checked_sub(1).and_then(|at| self.entries.get_mut(at))
    }
}
