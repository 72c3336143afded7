// SPDX-License-Identifier: MIT OR Apache-2.0

//! The people, the clock, and random bytes.

use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::rand_core::Rng;
use subrosa::{Address, ServiceId, Timestamp};

pub type Error = Box<dyn std::error::Error>;

/// A person with one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Alice,
    Bob,
    Mallory,
}

impl Who {
    const ALL: [Self; 3] = [Self::Alice, Self::Bob, Self::Mallory];

    /// The account's id at the service.
    pub const fn account(self) -> ServiceId {
        let byte = match self {
            Self::Alice => 0xAA,
            Self::Bob => 0xBB,
            Self::Mallory => 0xEE,
        };
        ServiceId::new(subrosa::address::ServiceIdKind::Aci, [byte; 16])
    }

    pub fn address(self) -> Address {
        Address::new(self.account(), 1)
    }

    pub fn at(address: &Address) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.address() == *address)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
            Self::Mallory => "mallory",
        })
    }
}

/// Random bytes and the time, which the crate takes as arguments. Both come from the seed, so that a run can be
/// repeated: a messenger uses `os_rng()` and `Timestamp::now()`.
pub struct World {
    pub rng: ChaCha20Rng,
    /// The network's luck, drawn apart from the keys.
    luck: ChaCha20Rng,
    pub now: Timestamp,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut luck = ChaCha20Rng::seed_from_u64(seed);
        luck.set_stream(1);
        Self { rng: ChaCha20Rng::seed_from_u64(seed), luck, now: Timestamp::from_secs(1_700_000_000) }
    }

    /// Lets a minute pass. Each message has a time of its own, by which its sender finds it again.
    pub fn tick(&mut self) {
        self.now = self.now.saturating_add(std::time::Duration::from_secs(60));
    }

    /// A number below `end`: good enough for games of luck.
    pub fn below(&mut self, end: u32) -> u32 {
        self.luck.next_u32() % end.max(1)
    }
}
