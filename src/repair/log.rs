// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was done for a device of a peer, so that it can't make us do it without end.

use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;

use super::ResendRequest;
use super::policy::{Rate, RepairPolicy};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State, sealed};
use crate::timestamp::Timestamp;

/// Newest format of repair logs.
const RECORD_VERSION: u8 = 1;
/// How many events of a kind are kept.
const MAX_EVENTS: usize = 64;

/// Why nothing is asked for, or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepairRefused {
    /// It happened as often as the [policy](RepairPolicy) allows. Carries the time from which on it may happen
    /// again, if ever.
    #[error("too often")]
    TooOften(Option<Timestamp>),
    /// The message that is asked for is too old, or was sent in the future.
    #[error("the message is too old")]
    TooOld,
    /// The request is about a message of another device than this one. Carries its id, as it came.
    #[error("a message of the other device {0}")]
    OtherDevice(u32),
}

/// What was asked of, and done for, one device of a peer, as far as it still counts: at most 64 events of each
/// kind. To be kept beside the session with that device.
///
/// Whatever the peer sends, within any time no more comes of it than the [policy](RepairPolicy) allows: neither
/// side can drive the other, nor both together, into a loop. Two honest devices that lost what they had in common
/// find together again: who can't decrypt asks, who is asked begins another session.
///
/// # Example
///
/// Bob has lost his session with Alice, who goes on with it. Each keeps a log for the other, as its record beside
/// the session.
///
/// ```
/// use std::convert::Infallible;
///
/// use getrandom::SysRng;
/// use subrosa::rand_core::UnwrapErr;
/// use subrosa::{
///     Account, AccountLimits, Address, Advice, ContentHint, DeviceId, Failure, PlaintextContent, PreKeyBundle,
///     PreKeySignalMessage, Record, RepairLog, RepairPolicy, ServiceCounts, Session, SignalMessage, Timestamp,
///     Trust,
/// };
///
/// # struct Store;
/// # impl Store {
/// #     fn put(&mut self, _: &str, _: &Record) {}
/// # }
/// # let (mut store, mut rng) = (Store, UnwrapErr(SysRng));
/// # let now = Timestamp::from_secs(1_700_000_000);
/// # let alice = Account::generate(AccountLimits::default(), &mut rng).commit();
/// # let limits = AccountLimits { batch: 2, low: 1, ..AccountLimits::default() };
/// # let mut bob = Account::generate(limits, &mut rng).commit();
/// # bob.refill(now, ServiceCounts::default(), &mut rng)?.ok_or("nothing to do")?.commit();
/// # let mut upload = bob.upload();
/// # let mut bundle = || -> Option<PreKeyBundle> {
/// #     Some(PreKeyBundle {
/// #         registration_id: upload.registration_id,
/// #         device_id: DeviceId::PRIMARY,
/// #         identity_key: upload.identity_key,
/// #         signed_pre_key: upload.signed_pre_key.clone()?,
/// #         one_time_pre_key: upload.one_time_pre_keys.pop(),
/// #         kem_pre_key: upload.one_time_kem_pre_keys.pop(),
/// #     })
/// # };
/// # let pinned = *bob.identity_key();
/// # let [at_alice, at_bob] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
/// # let mut with_bob = Session::new(at_alice.clone(), at_bob.clone());
/// # let mut with_alice = Session::new(at_bob.clone(), at_alice.clone());
/// # let first = bundle().ok_or("no prekeys")?.verify(Trust::Pinned(&pinned))?;
/// # with_bob.initiate(&alice.local(), first, now, &mut rng)?.commit();
/// # let first = with_bob.encrypt(b"", Trust::Anyone, now, &mut rng)?.commit();
/// # let first = PreKeySignalMessage::parse(first.as_bytes())?;
/// # bob.receive(&mut with_alice, &first, Trust::Anyone, &mut rng)?.commit();
/// # let answer = with_alice.encrypt(b"", Trust::Anyone, now, &mut rng)?.commit();
/// # with_bob.decrypt(&SignalMessage::parse(answer.as_bytes())?, Trust::Anyone, &mut rng)?.commit();
/// # let mut with_alice = Session::new(at_bob, at_alice);
/// // Alice sends. She keeps what she sent, by its time, for as long as it may be asked for.
/// let (text, sent) = (b"hello", now);
/// let message = with_bob.encrypt(text, Trust::Pinned(&pinned), now, &mut rng)?.commit();
///
/// // Bob can't read it, and asks.
/// let policy = RepairPolicy::default();
/// let parsed = SignalMessage::parse(message.as_bytes())?;
/// let error = with_alice.decrypt(&parsed, Trust::Anyone, &mut rng).map(|staged| staged.commit());
/// let failure = Failure::from(&error.unwrap_err());
/// let (kind, device) = (message.kind(), DeviceId::PRIMARY); // The device that sent it.
/// let advice = Advice::about(failure, ContentHint::Default, kind, message.as_bytes(), sent, device);
/// let mut log_of_alice = RepairLog::new();
/// let request = advice.ask.ok_or("asking is of no use")?;
/// let staged = log_of_alice.ask(request, &policy, now)?; // If this fails, it is not asked for.
/// let request = staged.commit_with(|record, ()| Ok::<(), Infallible>(store.put("log of alice", record)))?;
/// let content = request.content(); // To be sent, in an envelope if there is one.
///
/// // Alice receives that. She knows that it came from Bob's device, and answers.
/// let request = PlaintextContent::parse(content.as_bytes())?.decryption_error_message()?;
/// let mut log_of_bob = RepairLog::new();
/// let answer = log_of_bob.answer(&mut with_bob, &request, &policy, now)?;
/// let resend = answer.commit_with(|answer| {
///     // One transaction.
///     store.put("log of bob", &answer.log().record());
///     if let Some(session) = answer.session() {
///         store.put("session with bob", &session.record());
///     }
///     Ok::<(), Infallible>(())
/// })?;
/// assert_eq!((resend.timestamp, resend.group), (sent, false));
///
/// // What she sent at that time was for this very device, so she sends it again, with the same time.
/// if resend.reset {
///     let bundle = bundle().ok_or("no prekeys")?.verify(Trust::Pinned(&pinned))?;
///     with_bob.initiate(&alice.local(), bundle, now, &mut rng)?.commit();
/// }
/// let again = with_bob.encrypt(text, Trust::Pinned(&pinned), now, &mut rng)?.commit();
/// let again = PreKeySignalMessage::parse(again.as_bytes())?;
/// assert_eq!(&*bob.receive(&mut with_alice, &again, Trust::Anyone, &mut rng)?.commit(), text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct RepairLog {
    generation: u64,
    asked: Events,
    answered: Events,
    reset: Events,
}

/// When something happened, oldest first; and to the message of which time.
#[derive(Clone, Default)]
struct Events(VecDeque<Event>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    at: Timestamp,
    message: Timestamp,
}

/// A change to a [`RepairLog`], prepared but not made.
#[derive(Clone, Copy, Debug, Default)]
pub struct RepairChange {
    pub(super) asked: Option<Event>,
    pub(super) answered: Option<Event>,
    pub(super) reset: Option<Event>,
}

impl RepairLog {
    /// A log in which nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the device is asked to send something again, if it may be asked now. The output, once that is
    /// stored, is what is to be sent.
    ///
    /// # Errors
    /// [`RepairRefused::TooOften`]. Then nothing is sent, and what is missing is shown as missing.
    pub fn ask(
        &mut self,
        request: ResendRequest,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<Staged<'_, Self, ResendRequest>, RepairRefused> {
        self.asked.allow(policy.ask, now)?;
        let asked = Event { at: now, message: request.timestamp };
        Ok(self.stage(RepairChange { asked: Some(asked), ..RepairChange::default() }, request))
    }

    /// Whether a message may be sent again now.
    pub(super) fn allow_resend(
        &self,
        message: Timestamp,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<Event, RepairRefused> {
        if !is_recent(message, policy.max_age, now) {
            return Err(RepairRefused::TooOld);
        }
        self.answered.allow(policy.resend, now)?;
        let before = self.answered.0.iter().filter(|event| event.message == message).count();
        if before >= policy.resend_each.into() {
            return Err(RepairRefused::TooOften(None));
        }
        self.answered.allow_forgetting(policy.max_age, now)?;
        Ok(Event { at: now, message })
    }

    /// Whether the session may be reset now.
    pub(super) fn allow_reset(&self, policy: &RepairPolicy, now: Timestamp) -> Result<(), RepairRefused> {
        self.reset.allow(policy.reset, now)
    }

    pub(super) const fn stage<T>(&mut self, change: RepairChange, output: T) -> Staged<'_, Self, T> {
        Staged::new(self, change, (), output)
    }

    /// How many changes were committed to this value and to the records that it was read from.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The record of the log as it is: 15 bytes and 16 for each event.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, &RepairChange::default())
    }

    /// Reads what [`Self::record`] or [`Staged::record`] gave.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::RepairLog, RECORD_VERSION, bytes)?;
        let log = Self {
            generation: reader.u64()?,
            asked: Events::read(&mut reader)?,
            answered: Events::read(&mut reader)?,
            reset: Events::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(log)
    }

    fn write(&self, generation: u64, change: &RepairChange) -> Record {
        let Self { generation: _, asked, answered, reset } = self;
        let mut writer = RecordWriter::new(RecordKind::RepairLog, RECORD_VERSION, 64);
        writer.put_u64(generation);
        for (events, event) in [(asked, change.asked), (answered, change.answered), (reset, change.reset)] {
            let mut events = events.clone();
            events.push(event);
            events.write(&mut writer);
        }
        writer.finish()
    }
}

impl State for RepairLog {
    type Effects = ();
}

impl sealed::Sealed for RepairLog {
    type Change = RepairChange;

    fn record_after(&self, change: &RepairChange) -> Record {
        self.write(self.generation.wrapping_add(1), change)
    }

    fn apply(&mut self, change: RepairChange) {
        self.generation = self.generation.wrapping_add(1);
        self.asked.push(change.asked);
        self.answered.push(change.answered);
        self.reset.push(change.reset);
    }
}

impl Events {
    /// Whether one more may happen now.
    fn allow(&self, rate: Rate, now: Timestamp) -> Result<(), RepairRefused> {
        // An event of long after now shows only that the clock was wrong, then or now.
        let counts = |at: Timestamp| at.saturating_add(rate.per) > now && now.saturating_add(rate.per) > at;
        let mut recent = self.0.iter().rev().map(|event| event.at).filter(|at| counts(*at));
        let max = usize::from(rate.max).min(MAX_EVENTS);
        match max.checked_sub(1) {
            None => Err(RepairRefused::TooOften(None)),
            Some(others) => match recent.nth(others) {
                Some(at) => Err(RepairRefused::TooOften(Some(at.saturating_add(rate.per)))),
                None => Ok(()),
            },
        }
    }

    /// Whether one more does not push out an event whose message may still be asked for: how often it was sent
    /// again would be forgotten.
    fn allow_forgetting(&self, max_age: Duration, now: Timestamp) -> Result<(), RepairRefused> {
        let oldest = self.0.front().filter(|_| self.0.len() >= MAX_EVENTS).map(|event| event.message);
        match oldest.filter(|message| is_recent(*message, max_age, now)) {
            None => Ok(()),
            Some(message) => {
                let too_old = message.saturating_add(max_age).saturating_add(Duration::from_millis(1));
                Err(RepairRefused::TooOften(Some(too_old)))
            }
        }
    }

    fn push(&mut self, event: Option<Event>) {
        self.0.extend(event);
        if self.0.len() > MAX_EVENTS {
            self.0.pop_front();
        }
    }

    fn write(&self, writer: &mut RecordWriter) {
        writer.put_u8(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for Event { at, message } in &self.0 {
            writer.put_u64(at.as_millis());
            writer.put_u64(message.as_millis());
        }
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let count = usize::from(reader.u8()?);
        if count > MAX_EVENTS {
            return Err(RecordError::Damaged);
        }
        let mut time = || reader.u64().map(Timestamp::from_millis);
        (0..count).map(|_| Ok(Event { at: time()?, message: time()? })).collect::<Result<_, _>>().map(Self)
    }
}

/// Whether a message is neither older than `max_age` nor of the future.
fn is_recent(message: Timestamp, max_age: Duration, now: Timestamp) -> bool {
    message <= now && message.saturating_add(max_age) >= now
}

impl fmt::Debug for RepairLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, asked, answered, reset } = self;
        let (asked, answered, reset) = (asked.0.len(), answered.0.len(), reset.0.len());
        write!(f, "RepairLog({asked} asked, {answered} answered, {reset} reset, generation {generation})")
    }
}
