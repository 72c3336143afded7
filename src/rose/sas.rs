// SPDX-License-Identifier: MIT OR Apache-2.0

//! Short authentication strings: 12 digits or 7 symbols that two users compare (rose 35 part B).
//!
//! ```text
//! commit  = SHA-256("rose1.sas commit\0" || TH || run || N0)
//! sas     = HKDF(salt = SX, ikm = N0 || N1, info = "rose1.sas\0" || TH || run, 32)
//! confirm = HMAC(SX, "rose1.sas confirm\0" || role || TH || run || sas)
//! ```
//!
//! A run has five messages of [`Kind::Sas`](super::Kind::Sas): commit, answer, reveal, and a confirmation of each side
//! once its user said that the strings are the same.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};

use super::card::day_of;
use crate::crypto::kdf::{HkdfSalt, Label};
use crate::crypto::mac::MacKey;
use crate::crypto::secret::Secret;
use crate::lease::Busy;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Length of a step's content in bytes: `step (1) || run (16) || value (32) || zero (16)`.
pub const STEP_LEN: usize = 65;

/// Number of runs with an account in a day.
const MAX_RUNS: u8 = 3;
/// How long a run goes on.
const RUN: Duration = Duration::from_secs(600);
const COMMIT: &[u8] = b"rose1.sas commit\0";
const SAS: Label = Label::new("rose1.sas\0");
const CONFIRM: &[u8] = b"rose1.sas confirm\0";
pub(super) const NOT_THE_SAME: [u8; 32] = {
    let mut value = [0; 32];
    value[31] = 1;
    value
};

/// The symbols and their names, by index.
pub const SYMBOLS: [(&str, &str); 64] = [
    ("\u{2693}", "anchor"),
    ("\u{1F34E}", "apple"),
    ("\u{1F388}", "balloon"),
    ("\u{1F34C}", "banana"),
    ("\u{1F43B}", "bear"),
    ("\u{1F41D}", "bee"),
    ("\u{1F514}", "bell"),
    ("\u{1F6B2}", "bicycle"),
    ("\u{26F5}", "boat"),
    ("\u{1F4D6}", "book"),
    ("\u{1F35E}", "bread"),
    ("\u{1F98B}", "butterfly"),
    ("\u{1F335}", "cactus"),
    ("\u{1F370}", "cake"),
    ("\u{1F42A}", "camel"),
    ("\u{1F56F}\u{FE0F}", "candle"),
    ("\u{1F697}", "car"),
    ("\u{1F3F0}", "castle"),
    ("\u{1F408}", "cat"),
    ("\u{1F9C0}", "cheese"),
    ("\u{1F352}", "cherry"),
    ("\u{23F0}", "clock"),
    ("\u{2601}\u{FE0F}", "cloud"),
    ("\u{1F33D}", "corn"),
    ("\u{1F980}", "crab"),
    ("\u{1F451}", "crown"),
    ("\u{1F415}", "dog"),
    ("\u{1F6AA}", "door"),
    ("\u{1F941}", "drum"),
    ("\u{1F986}", "duck"),
    ("\u{1F95A}", "egg"),
    ("\u{1F418}", "elephant"),
    ("\u{1F525}", "fire"),
    ("\u{1F41F}", "fish"),
    ("\u{1F438}", "frog"),
    ("\u{1F381}", "gift"),
    ("\u{1F453}", "glasses"),
    ("\u{1F347}", "grapes"),
    ("\u{1F3B8}", "guitar"),
    ("\u{1F528}", "hammer"),
    ("\u{1F3A9}", "hat"),
    ("\u{2764}\u{FE0F}", "heart"),
    ("\u{1F40E}", "horse"),
    ("\u{1F511}", "key"),
    ("\u{1F34B}", "lemon"),
    ("\u{1F981}", "lion"),
    ("\u{1F319}", "moon"),
    ("\u{1F344}", "mushroom"),
    ("\u{1F989}", "owl"),
    ("\u{270F}\u{FE0F}", "pencil"),
    ("\u{1F3B9}", "piano"),
    ("\u{1F308}", "rainbow"),
    ("\u{1F680}", "rocket"),
    ("\u{1F339}", "rose"),
    ("\u{2702}\u{FE0F}", "scissors"),
    ("\u{1F41A}", "shell"),
    ("\u{1F40C}", "snail"),
    ("\u{2B50}", "star"),
    ("\u{1F682}", "train"),
    ("\u{1F333}", "tree"),
    ("\u{1F3BA}", "trumpet"),
    ("\u{1F422}", "turtle"),
    ("\u{2602}\u{FE0F}", "umbrella"),
    ("\u{1F433}", "whale"),
];

/// The reason that a run does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SasError {
    /// The session is not Hybrid yet.
    #[error("the peer has not proven itself yet")]
    TooEarly,
    /// Three runs were begun with the account today.
    #[error("too many runs today")]
    TooManyRuns,
    /// There is no run to go on with, or it was begun more than ten minutes ago.
    #[error("no run of a comparison")]
    NoRun,
    /// A step out of turn or of another run. Pass it over.
    #[error("a step out of turn")]
    WrongStep,
    /// The peer confirms another string. Cancel the run.
    #[error("the confirmation does not fit")]
    BadConfirm,
    /// The content is no step.
    #[error("malformed step")]
    Malformed,
    /// Another stage of the session is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// The runs with an account, by the caller's clock: three a day (UTC), ten minutes each. New sessions do not count anew,
/// so one value goes with all devices and sessions of the account. Store it before a step goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// Those of the day on which the newest began.
    count: u8,
    begun: Timestamp,
}

impl Runs {
    /// Length of the stored form in bytes: `begun, ms (8) || count (1)`.
    pub const LEN: usize = 9;

    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [self.count; Self::LEN];
        let begun = self.begun.as_millis().to_be_bytes();
        out.iter_mut().zip(begun).for_each(|(to, from)| *to = from);
        out
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let [rest @ .., count] = bytes;
        Self { count: *count, begun: Timestamp::from_millis(u64::from_be_bytes(*rest)) }
    }

    /// Counts one more.
    pub(super) fn begin(&mut self, now: Timestamp) -> Result<(), SasError> {
        // Where the clock was set back it is still the same day.
        let count = if day_of(now) > day_of(self.begun) { 0 } else { self.count };
        if count >= MAX_RUNS {
            return Err(SasError::TooManyRuns);
        }
        *self = Self { count: count + 1, begun: now };
        Ok(())
    }

    /// Returns whether the newest run is over.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.count == 0 || now > self.begun.saturating_add(RUN)
    }
}

/// What a run is bound to: a state's `TH` and `SX`.
#[derive(Clone, Copy)]
pub(super) struct Binding<'a> {
    pub(super) transcript: &'a [u8; 32],
    pub(super) secret: &'a Secret<32>,
}

/// A comparison string.
pub struct Sas(Secret<32>);

impl Sas {
    /// The string of two values, in a run of a session with `TH` and `SX`.
    pub(super) fn derive(state: Binding<'_>, run: &[u8; 16], n0: &[u8; 32], n1: &[u8; 32]) -> Self {
        let mut info = [0; 48];
        let parts = state.transcript.iter().chain(run);
        info.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Self(HkdfSalt::new(state.secret.as_bytes()).derive(&[n0, n1], (&[], SAS, &info)))
    }

    /// Twelve digits in three groups: `BE64(sas[0..8]) mod 10^12`.
    #[must_use]
    pub fn digits(&self) -> String {
        let number = be64(self.0.as_bytes()) % 1_000_000_000_000;
        let groups = [number / 100_000_000, number / 10_000 % 10_000, number % 10_000];
        alloc::format!("{:04} {:04} {:04}", groups[0], groups[1], groups[2])
    }

    /// Seven symbols with their names: the upper 42 bits of `sas[8..14]`, six bits each.
    #[must_use]
    pub fn symbols(&self) -> [(&'static str, &'static str); 7] {
        let bits = be64(self.0.as_bytes().split_at(8).1);
        core::array::from_fn(|at| {
            let index = usize::try_from(bits >> (58 - 6 * at) & 63).unwrap_or_default();
            SYMBOLS.get(index).copied().unwrap_or_default()
        })
    }

    /// The 32 bytes.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(super) fn confirm(&self, state: Binding<'_>, run: &[u8; 16], role: u8) -> [u8; 32] {
        let key = MacKey::new(state.secret.as_bytes());
        key.tag(&[CONFIRM, &[role], state.transcript, run, self.0.as_bytes()])
    }
}

impl fmt::Debug for Sas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sas(..)")
    }
}

fn be64(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

pub(super) fn commitment(state: Binding<'_>, run: &[u8; 16], n0: &[u8; 32]) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(COMMIT).chain_update(state.transcript).chain_update(run);
    hash.chain_update(n0).finalize().into()
}

/// A run: what is kept of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// The newest step, 1 to 4.
    pub(super) step: u8,
    /// 0 for who started.
    pub(super) role: u8,
    pub(super) id: [u8; 16],
    /// `N0`, or the commitment to it.
    pub(super) first: Secret<32>,
    /// `N1`, or zero.
    pub(super) second: Secret<32>,
}

impl Run {
    pub(super) fn write(&self, writer: &mut RecordWriter) {
        writer.put_u8(self.step);
        writer.put_u8(self.role);
        writer.put_array(&self.id);
        writer.put_array(self.first.as_bytes());
        writer.put_array(self.second.as_bytes());
    }

    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let (step, role, id) = (reader.u8()?, reader.u8()?, reader.array()?);
        let (first, second) = (reader.secret()?, reader.secret()?);
        let is_sound = (1..=4).contains(&step) && role <= 1;
        if is_sound { Ok(Self { step, role, id, first, second }) } else { Err(RecordError::Damaged) }
    }

    pub(super) fn at(&self, step: u8) -> Self {
        let (first, second) = (self.first.duplicate(), self.second.duplicate());
        Self { step, role: self.role, id: self.id, first, second }
    }

    pub(super) fn sas(&self, state: Binding<'_>) -> Sas {
        Sas::derive(state, &self.id, self.first.as_bytes(), self.second.as_bytes())
    }
}

/// The outcome of a step.
#[derive(Debug)]
pub enum SasStep {
    /// Send this, 65 bytes, as [`Kind::Sas`](super::Kind::Sas).
    Send([u8; STEP_LEN]),
    /// Send this, and show the string.
    SendAndShow([u8; STEP_LEN], Sas),
    /// Show the string.
    Show(Sas),
    /// The peer's user said that the strings are the same.
    Confirmed,
    /// The peer cancelled, or said that the strings differ; or it began twice, which ends the run as well.
    Cancelled {
        /// The strings differ: distrust the session.
        differ: bool,
    },
    /// The peer revealed another value than it committed to. The run is over.
    WrongCommitment,
}

pub(super) fn encode(step: u8, run: &[u8; 16], value: &[u8; 32]) -> [u8; STEP_LEN] {
    let mut out = [0; STEP_LEN];
    let parts = [step].into_iter().chain(*run).chain(*value);
    out.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    out
}

pub(super) fn decode(content: &[u8]) -> Result<(u8, [u8; 16], [u8; 32]), SasError> {
    let content: &[u8; STEP_LEN] = content.try_into().map_err(|_| SasError::Malformed)?;
    let [step, rest @ ..] = content;
    let (run, rest) = rest.split_first_chunk().ok_or(SasError::Malformed)?;
    let (value, zeros) = rest.split_first_chunk().ok_or(SasError::Malformed)?;
    let fits = (1..=5).contains(step) && zeros.iter().fold(0, |all, byte| all | byte) == 0;
    if fits { Ok((*step, *run, *value)) } else { Err(SasError::Malformed) }
}
