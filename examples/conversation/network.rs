// SPDX-License-Identifier: MIT OR Apache-2.0

//! A network that loses, delays and repeats.

use subrosa::Timestamp;

use super::side::Side;
use super::world::Random;

/// How many of a hundred messages come late.
const LATE: u32 = 25;
/// How many of a hundred messages come twice.
const TWICE: u32 = 15;
/// A late message waits until at most so many later ones were sent.
const LONGEST_WAIT: u32 = 3;

/// A message under way.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Counts all messages of the conversation; not on the wire.
    pub number: usize,
    /// Who sent it: not on the wire, but inside.
    pub from: Side,
    /// The envelope.
    pub sealed: Vec<u8>,
    /// When the service took it, which it tells the receiver.
    pub taken: Timestamp,
}

/// What the network does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Lost,
    Late,
    Twice,
}

/// The network between the two.
pub struct Network {
    luck: Random,
    /// In percent.
    loss: u32,
    under_way: Vec<UnderWay>,
}

struct UnderWay {
    envelope: Envelope,
    wait: u32,
}

impl Network {
    pub const fn new(luck: Random, loss: u32) -> Self {
        Self { luck, loss, under_way: Vec::new() }
    }

    /// What is to become of the next message.
    pub fn fate(&mut self) -> Fate {
        if self.luck.below(100) < self.loss {
            return Fate::Lost;
        }
        match self.luck.below(100) {
            ..LATE => Fate::Late,
            roll if roll < LATE + TWICE => Fate::Twice,
            _ => Fate::Arrives,
        }
    }

    /// Takes a message. Gives what arrives now, in this order: the message itself, if its fate is to arrive,
    /// then earlier ones whose time has come.
    pub fn carry(&mut self, envelope: Envelope, fate: Fate) -> Vec<Envelope> {
        let mut arriving = Vec::new();
        let mut waiting = Vec::new();
        for mut old in self.under_way.drain(..) {
            old.wait = old.wait.saturating_sub(1);
            if old.wait == 0 { arriving.push(old.envelope) } else { waiting.push(old) }
        }
        self.under_way = waiting;
        match fate {
            Fate::Lost => {}
            Fate::Arrives => arriving.insert(0, envelope),
            Fate::Late => {
                let wait = 1 + self.luck.below(LONGEST_WAIT);
                self.under_way.push(UnderWay { envelope, wait });
            }
            Fate::Twice => {
                arriving.insert(0, envelope.clone());
                self.under_way.push(UnderWay { envelope, wait: 1 });
            }
        }
        arriving
    }

    /// The numbers of the messages that are under way.
    pub fn under_way(&self) -> Vec<String> {
        self.under_way.iter().map(|held| held.envelope.number.to_string()).collect()
    }

    /// Everything that is still under way.
    pub fn rest(&mut self) -> Vec<Envelope> {
        self.under_way.drain(..).map(|old| old.envelope).collect()
    }
}
