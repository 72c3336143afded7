// SPDX-License-Identifier: MIT OR Apache-2.0

//! Three devices that all talk to each other, two of them of one account: three [worlds](World) of two that share
//! their devices' stores, prekeys and clocks. What comes from the wrong one of the others is refused.

use std::mem::swap;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::session::Policy;
use subrosa::{IdentityKeyPair, MessageKind};

use super::{Device, Fate, Offer, Side, Step, World};
use crate::device::{ALICE, BOB};

/// Two of the three: alice's phone and her desktop, the phone and bob, the desktop and bob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    Own,
    Phone,
    Desktop,
}

impl Pair {
    pub const ALL: [Self; 3] = [Self::Own, Self::Phone, Self::Desktop];

    /// Numbers of the devices.
    const fn devices(self) -> [usize; 2] {
        match self {
            Self::Own => [0, 1],
            Self::Phone => [0, 2],
            Self::Desktop => [1, 2],
        }
    }

    /// The other pair that a side's device is in, and which side it is there.
    fn elsewhere(self, side: Side) -> (Self, Side) {
        let device = self.devices()[side as usize];
        let others = Self::ALL.into_iter().filter(|pair| *pair != self);
        let mut sides = others.flat_map(|pair| Side::BOTH.map(|side| (pair, side)));
        sides.find(|(pair, side)| pair.devices()[*side as usize] == device).unwrap()
    }
}

/// A step of a schedule for three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Of(Pair, Step),
    /// Both begin a session and send a message on it before either gets one.
    BothAtOnce(Pair, Offer),
    /// A message under way comes as if the third had sent it.
    FromTheThird {
        pair: Pair,
        to: Side,
        which: u8,
    },
    /// A message under way comes back to who sent it.
    Reflected {
        pair: Pair,
        to: Side,
        which: u8,
    },
}

/// The three devices, and what is between each two of them.
pub struct ThreeDevices {
    devices: [Device; 3],
    worlds: [World; 3],
}

impl ThreeDevices {
    /// Takes the turns, then checks that each two can talk.
    pub fn run(seed: u64, version_3: [bool; 3], turns: &[Turn]) {
        let mut devices = Self::new(seed, version_3);
        for turn in turns {
            devices.turn(*turn);
        }
        for pair in Pair::ALL {
            devices.with(pair, World::quiesce);
        }
    }

    /// Three devices without a session; `version_3` says of each pair whether it also begins such sessions.
    pub fn new(seed: u64, version_3: [bool; 3]) -> Self {
        let phone = Device::new(ALICE, seed.wrapping_mul(3));
        let mut desktop = phone.sibling(2, seed.wrapping_mul(3).wrapping_add(1));
        desktop.registration_id += 1;
        let mut devices = [phone, desktop, Device::new(BOB, seed.wrapping_mul(3).wrapping_add(2))];
        for device in &mut devices {
            device.policy = Policy::AllowVersion3;
        }
        let worlds = Pair::ALL.map(|pair| {
            let husks = pair.devices().map(|number| husk(&devices[number]));
            World::between(husks, version_3[pair as usize])
        });
        Self { devices, worlds }
    }

    pub fn turn(&mut self, turn: Turn) {
        match turn {
            // Time passes for all.
            Turn::Of(_, Step::Wait { days }) => {
                for device in &mut self.devices {
                    device.advance(Duration::from_secs(u64::from(days) * 24 * 3600));
                }
            }
            Turn::Of(pair, step) => self.with(pair, |world| world.step(step)),
            Turn::BothAtOnce(pair, offer) => self.with(pair, |world| world.both_at_once(offer)),
            Turn::FromTheThird { pair, to, which } => {
                let Some(packet) = self.worlds[pair as usize].peek(to, which) else { return };
                let (other, side) = pair.elsewhere(to);
                self.refuse(other, side, &packet);
            }
            Turn::Reflected { pair, to, which } => {
                let Some(packet) = self.worlds[pair as usize].peek(to, which) else { return };
                self.refuse(pair, to.other(), &packet);
            }
        }
    }

    /// Lets two devices do something with each other.
    fn with<T>(&mut self, pair: Pair, then: impl FnOnce(&mut World) -> T) -> T {
        self.swap(pair);
        let outcome = then(&mut self.worlds[pair as usize]);
        self.swap(pair);
        outcome
    }

    fn swap(&mut self, pair: Pair) {
        for (number, node) in pair.devices().into_iter().zip(&mut self.worlds[pair as usize].nodes) {
            swap(&mut self.devices[number], &mut node.device);
        }
    }

    /// A message that is not for this session, or not from its peer. Only a first message of version 3 may be
    /// taken: it is bound to identity keys and not to addresses.
    fn refuse(&mut self, pair: Pair, to: Side, packet: &super::Packet) {
        let outcome =
            self.with(pair, |world| world.nodes[to as usize].receive(&packet.letter, Fate::CrashBefore));
        let unbound = packet.letter.kind == MessageKind::PreKey && packet.session.0 == 3;
        assert!(outcome.is_err() || unbound, "{pair:?}: {to:?} would take {packet:?}");
    }
}

/// What keeps a device's place in a world while the device is elsewhere.
fn husk(device: &Device) -> Device {
    let identity = IdentityKeyPair::from_record(device.identity.record().as_bytes()).unwrap();
    let mut husk = Device::without_pre_keys(device.address.clone(), identity, ChaCha20Rng::seed_from_u64(0));
    husk.policy = device.policy;
    husk
}

impl World {
    fn both_at_once(&mut self, offer: Offer) {
        for side in Side::BOTH {
            self.step(Step::Initiate(side, offer, Fate::Stored));
        }
        for side in Side::BOTH {
            self.step(Step::Send(side, Fate::Stored));
        }
        for side in Side::BOTH {
            let last = self.under_way[side as usize].len().saturating_sub(1);
            if let Ok(which) = last.try_into() {
                self.step(Step::Deliver { to: side, which, keep: false, fate: Fate::Stored });
            }
        }
    }

    /// A message under way, if there is one.
    fn peek(&self, to: Side, which: u8) -> Option<super::Packet> {
        self.pick(to, which).map(|at| self.under_way[to as usize][at].clone())
    }
}
