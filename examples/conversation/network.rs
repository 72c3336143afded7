// SPDX-License-Identifier: MIT OR Apache-2.0

//! A bad network.

use super::service::Envelope;
use super::who::World;

/// The fate of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Twice,
    Late,
    Lost,
}

/// A network with its late envelopes, and how many messages overtake each.
pub struct Network {
    loss: u32,
    late: Vec<(u32, Envelope)>,
}

impl Network {
    pub const fn new(loss: u32) -> Self {
        Self { loss, late: Vec::new() }
    }

    /// The fate of the next envelope.
    pub fn fate(&self, world: &mut World) -> Fate {
        if world.below(100) < self.loss {
            return Fate::Lost;
        }
        match world.below(10) {
            0..3 => Fate::Late,
            3..5 => Fate::Twice,
            _ => Fate::Arrives,
        }
    }

    /// Keeps an envelope for later.
    pub fn hold(&mut self, envelope: Envelope, world: &mut World) {
        self.late.push((2 + world.below(4), envelope));
    }

    /// Those that arrive now.
    pub fn due(&mut self) -> Vec<Envelope> {
        for (left, _) in &mut self.late {
            *left -= 1;
        }
        self.late.extract_if(.., |(left, _)| *left == 0).map(|(_, envelope)| envelope).collect()
    }

    /// All that are left.
    pub fn all(self) -> Vec<Envelope> {
        self.late.into_iter().map(|(_, envelope)| envelope).collect()
    }
}
