// SPDX-License-Identifier: MIT OR Apache-2.0

//! A session of the rose profile. Needs the module `parties` beside it.

#![allow(dead_code, reason = "each bench uses a part")]

use std::hint::black_box;

use subrosa::rose::{Outgoing, Sender, Session};
use subrosa::store::Writes;

use crate::parties::{Device, pair};

/// Alice's state and Bob's, without a store.
pub struct Pair {
    pub devices: [Device; 2],
    pub sessions: [Session; 2],
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        let mut devices = pair(seed, false);
        let names = [devices[1].name(), devices[0].name()];
        let sessions = [0, 1].map(|at| devices[at].sessions.remove(&names[at]).unwrap());
        Self { devices, sessions }
    }

    /// One message from a side to the other; the writes of receiving it.
    pub fn tell(&mut self, by: usize, text: &[u8]) -> Writes {
        let message = self.send(by, text);
        self.receive(1 - by, &message)
    }

    pub fn send(&mut self, by: usize, text: &[u8]) -> Vec<u8> {
        let device = &mut self.devices[by];
        let sender = Sender { certificate: &device.certificate, contact: None, now: device.now };
        self.sessions[by].encrypt(&Outgoing::content(text), &sender, &mut device.rng).unwrap().commit()
    }

    pub fn receive(&mut self, by: usize, message: &[u8]) -> Writes {
        let device = &mut self.devices[by];
        let staged = self.sessions[by].decrypt(message, device.account.keys(), &mut device.rng).unwrap();
        let writes = staged.writes();
        staged.commit();
        writes
    }

    pub fn open(&mut self, by: usize, message: &[u8]) {
        let device = &mut self.devices[by];
        black_box(
            self.sessions[by].decrypt(message, device.account.keys(), &mut device.rng).unwrap().commit(),
        );
    }
}
