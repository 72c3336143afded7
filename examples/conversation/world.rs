// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the crate takes as arguments and never fetches by itself: random bytes and the time.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use getrandom::SysRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Timestamp;
use subrosa::rand_core::{Rng, TryCryptoRng, TryRng, UnwrapErr};

/// Random bytes and the time.
pub struct World {
    pub random: Random,
    pub now: Timestamp,
}

impl World {
    /// The real one, or for a run that can be repeated one of its own, whose clock stands still.
    pub fn new(seed: Option<u64>, run: u64) -> Self {
        let now = match seed {
            None => SystemTime::UNIX_EPOCH.elapsed().map_or_else(|_| Timestamp::default(), Timestamp::from),
            Some(_) => Timestamp::from_secs(1_700_000_000),
        };
        Self { random: Random::new(seed, run.wrapping_mul(2)), now }
    }
}

/// The time that is `duration` after `time`.
pub fn later(time: Timestamp, duration: Duration) -> Timestamp {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(time.as_millis().saturating_add(millis))
}

/// The network's luck: not drawn from the keys' generator, so that neither disturbs the other.
pub fn luck(seed: Option<u64>, run: u64) -> Random {
    Random::new(seed, run.wrapping_mul(2).wrapping_add(1))
}

/// Where random bytes come from.
pub enum Random {
    /// The operating system. If it has none to give, the program ends at once: nothing is safe without.
    System(UnwrapErr<SysRng>),
    /// A seed that everybody can guess.
    Seeded(Box<ChaCha20Rng>),
}

impl Random {
    /// With a seed, each stream is another sequence: a second run must not make the keys of the first again.
    fn new(seed: Option<u64>, stream: u64) -> Self {
        match seed {
            None => Self::System(UnwrapErr(SysRng)),
            Some(seed) => {
                let mut seeded = ChaCha20Rng::seed_from_u64(seed);
                seeded.set_stream(stream);
                Self::Seeded(Box::new(seeded))
            }
        }
    }

    /// A number below `end`. Good enough for games of luck.
    pub fn below(&mut self, end: u32) -> u32 {
        self.next_u32() % end.max(1)
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        match self {
            Self::System(system) => system.try_next_u32(),
            Self::Seeded(seeded) => seeded.try_next_u32(),
        }
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        match self {
            Self::System(system) => system.try_next_u64(),
            Self::Seeded(seeded) => seeded.try_next_u64(),
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        match self {
            Self::System(system) => system.try_fill_bytes(bytes),
            Self::Seeded(seeded) => seeded.try_fill_bytes(bytes),
        }
    }
}

impl TryCryptoRng for Random {}
