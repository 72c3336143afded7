// SPDX-License-Identifier: MIT OR Apache-2.0

//! The log of repairs for a device of a peer, which bounds them.

use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;

use super::ResendRequest;
use super::policy::{Rate, RepairPolicy};
use crate::address::{Address, mark};
use crate::ids::DeviceId;
use crate::lease::{Busy, Lease};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State};
use crate::timestamp::Timestamp;
use crate::writes::{Key, Writes};

/// Newest format of repair logs: 2 added the peer's address.
const RECORD_VERSION: u8 = 2;
/// Number of events of a kind that are kept.
const MAX_EVENTS: usize = 64;

/// The reason that nothing is asked for, or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepairRefused {
    /// An owned stage of the log or the session is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The session is with another device than the log. The caller's mistake.
    #[error("the session is with another device than this log")]
    OtherPeer,
    /// It happened as often as the [policy](RepairPolicy) allows. Carries the time from which on it may happen
    /// again, if ever.
    #[error("asked for too often")]
    TooOften(Option<Timestamp>),
    /// The message that is asked for is too old, or was sent in the future, by more than the clocks may differ.
    #[error("that message is too old to be sent again")]
    TooOld,
    /// The request is about a message of another device than this one. Carries that device.
    #[error("that message was sent by our device {0}")]
    OtherDevice(DeviceId),
}

/// The requests to, and answers for, one device of a peer, as far as they still count: at most 64 events of each kind.
/// Store it beside the session with that device.
///
/// Whatever the peer sends, it causes no more than the [policy](RepairPolicy) allows within any time: neither side can
/// drive the other, nor both together, into a loop. Two honest devices that lost their common session recover: the one
/// that can't decrypt asks, and the other begins another session.
///
/// # Example
///
/// Bob has lost his session with Alice, but she still sends on it. Each keeps a log for the other, as its record beside
/// the session.
///
/// ```
/// # #[cfg(feature = "os-rng")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use subrosa::account::{Counts, Limits};
/// use subrosa::repair::{Advice, PlaintextContent, RepairLog, RepairPolicy};
/// use subrosa::sealed::ContentHint;
/// use subrosa::store::Memory;
/// use subrosa::{Account, Address, Message, Session, Timestamp, Trust, os_rng};
///
/// # let (mut alices, mut bobs, mut rng) = (Memory::new(), Memory::new(), os_rng());
/// # let now = Timestamp::from_secs(1_700_000_000);
/// # let limits = Limits { batch: 2, low: 1, ..Limits::default() };
/// # let alice = Account::generate(Address::new("alice", 1), limits, &mut rng)?;
/// # let mut alice = alice.commit_with(|writes| alices.apply(writes))?;
/// # let bob = Account::generate(Address::new("bob", 1), limits, &mut rng)?;
/// # let mut bob = bob.commit_with(|writes| bobs.apply(writes))?;
/// # let mut service = bob.maintain(Counts::default(), now, &mut rng)?.commit_with(|writes| bobs.apply(writes))?;
/// # let mut with_bob = alice.new_session(bob.address());
/// # let bundle = service.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?;
/// # with_bob.initiate(&alice.config(), bundle, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
/// # let mut before = bob.new_session(alice.address());
/// # let first = with_bob.encrypt(b"", Trust::Anyone, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
/// # let staged = bob.receive(&mut before, &Message::try_from(&first)?, Trust::Anyone, &mut rng)?;
/// # staged.commit_with(|writes| bobs.apply(writes))?;
/// # let answer = before.encrypt(b"", Trust::Anyone, now, &mut rng)?.commit();
/// # let staged = alice.receive(&mut with_bob, &Message::try_from(&answer)?, Trust::Anyone, &mut rng)?;
/// # staged.commit_with(|writes| alices.apply(writes))?;
/// # bobs.delete(&subrosa::store::Key::Session(alice.address().clone()));
/// let mut with_alice = bob.new_session(alice.address()); // Lost: there was more in it.
///
/// // Alice sends. She keeps what she sent, by its time, for as long as it may be asked for.
/// let (text, sent_at) = (b"hello", now);
/// let sent = with_bob.encrypt(text, Trust::Anyone, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
///
/// // Bob can't read it, and asks. `sent_at` is the time that the service delivered it with.
/// let policy = RepairPolicy::default();
/// let message = Message::try_from(&sent)?;
/// let error = bob.receive(&mut with_alice, &message, Trust::Anyone, &mut rng).unwrap_err();
/// let device = alice.address().device();
/// let (failure, hint) = (error.failure(), ContentHint::Default);
/// let advice = Advice::about(failure, hint, message.kind(), message.as_bytes(), sent_at, device);
/// let mut log_of_alice = RepairLog::new(alice.address().clone());
/// let request = advice.ask.ok_or("asking is of no use")?;
/// let staged = log_of_alice.ask(request, &policy, now)?; // If this fails, it is not asked for.
/// let request = staged.commit_with(|writes| bobs.apply(writes))?;
/// let content = request.content(); // Goes to Alice, in an envelope if there is one.
///
/// // Alice receives that. She knows that it came from Bob's device, and answers.
/// let request = PlaintextContent::parse(content.as_bytes())?.decryption_error_message()?;
/// let mut log_of_bob = RepairLog::new(bob.address().clone());
/// let staged = log_of_bob.answer(&mut with_bob, &request, &policy, now)?;
/// let resend = staged.commit_with(|writes| alices.apply(writes))?;
/// assert_eq!((resend.timestamp, resend.group), (sent_at, false));
///
/// // Her message of that time was for this very device, so she sends it again, with the same time.
/// if resend.reset {
///     let bundle = service.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?;
///     with_bob.initiate(&alice.config(), bundle, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
/// }
/// let again = with_bob.encrypt(text, Trust::Anyone, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
/// let message = Message::try_from(&again)?;
/// let received = bob.receive(&mut with_alice, &message, Trust::Anyone, &mut rng)?;
/// assert_eq!(&*received.commit_with(|writes| bobs.apply(writes))?, text);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-rng"))]
/// # fn main() {}
/// ```
pub struct RepairLog {
    pub(super) peer: Address,
    generation: u64,
    asked: Events,
    answered: Events,
    reset: Events,
    pub(super) lease: Lease,
}

/// Events of a kind, oldest first: when each happened, and the timestamp of its message.
#[derive(Clone, Default)]
struct Events(VecDeque<Event>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    at: Timestamp,
    message: Timestamp,
}

/// A change to a [`RepairLog`], prepared but not made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RepairChange {
    pub(super) asked: Option<Event>,
    pub(super) answered: Option<Event>,
    pub(super) reset: Option<Event>,
}

impl RepairLog {
    /// An empty log for a device of a peer.
    #[must_use]
    pub fn new(peer: Address) -> Self {
        let [asked, answered, reset] = [(); 3].map(|()| Events::default());
        Self { peer, generation: 0, asked, answered, reset, lease: Lease::new() }
    }

    /// The device that this log is about.
    #[must_use]
    pub const fn peer(&self) -> &Address {
        &self.peer
    }

    /// Notes a request to the device to send something again, if it may be asked now. Send the output once that is
    /// stored.
    ///
    /// # Errors
    /// [`RepairRefused`]: `Busy`, `TooOften`. Then nothing is sent, and the message is shown as missing.
    pub fn ask(
        &mut self,
        request: ResendRequest,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<Staged<'_, ResendRequest>, RepairRefused> {
        self.lease.free()?;
        self.asked.allow(policy.ask, now)?;
        let asked = Event { at: now, message: request.timestamp };
        Ok(Staged::of(self, RepairChange { asked: Some(asked), ..RepairChange::default() }, request))
    }

    /// Checks that a message may be sent again now, and gives the event.
    pub(super) fn allow_resend(
        &self,
        message: Timestamp,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<Event, RepairRefused> {
        if !is_recent(message, policy, now) {
            return Err(RepairRefused::TooOld);
        }
        self.answered.allow(policy.resend, now)?;
        let before = self.answered.0.iter().filter(|event| event.message == message).count();
        if before >= policy.resend_each.into() {
            return Err(RepairRefused::TooOften(None));
        }
        self.answered.allow_forgetting(policy, now)?;
        Ok(Event { at: now, message })
    }

    /// Checks that the session may be reset now.
    pub(super) fn allow_reset(&self, policy: &RepairPolicy, now: Timestamp) -> Result<(), RepairRefused> {
        self.reset.allow(policy.reset, now)
    }

    /// Number of changes that were committed to this value and to the records that it was read from.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The record of the log as it is: 23 bytes and 16 for each event.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, &RepairChange::default())
    }

    /// Reads a stored record, for the same peer.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, one of another peer, a newer format, or damage.
    pub fn from_record(bytes: &[u8], peer: Address) -> Result<Self, RecordError> {
        let (mut reader, version) = RecordReader::open(RecordKind::RepairLog, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        if version > 1 {
            reader.owner(mark(&[&peer]))?;
        }
        let log = Self {
            generation,
            asked: Events::read(&mut reader)?,
            answered: Events::read(&mut reader)?,
            reset: Events::read(&mut reader)?,
            ..Self::new(peer)
        };
        reader.finish()?;
        Ok(log)
    }

    fn write(&self, generation: u64, change: &RepairChange) -> Record {
        let Self { peer, generation: _, asked, answered, reset, lease: _ } = self;
        let mut writer = RecordWriter::new(RecordKind::RepairLog, RECORD_VERSION, 64);
        writer.put_u64(generation);
        writer.put_u64(mark(&[peer]));
        for (events, event) in [(asked, change.asked), (answered, change.answered), (reset, change.reset)] {
            let mut events = events.clone();
            events.push(event);
            events.write(&mut writer);
        }
        writer.finish()
    }
}

impl State for RepairLog {
    type Change = RepairChange;

    fn write_after(&self, change: &RepairChange, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        writes.put_state(Key::RepairLog(self.peer.clone()), self.write(generation, change), generation);
    }

    fn apply(&mut self, change: RepairChange) {
        self.generation = self.generation.wrapping_add(1);
        self.asked.push(change.asked);
        self.answered.push(change.answered);
        self.reset.push(change.reset);
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl Events {
    /// Checks that one more may happen now.
    fn allow(&self, rate: Rate, now: Timestamp) -> Result<(), RepairRefused> {
        // An event far in the future shows only that the clock was wrong, then or now.
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

    /// Checks that one more does not push out an event whose message may still be asked for, and whose count would be
    /// forgotten.
    fn allow_forgetting(&self, policy: &RepairPolicy, now: Timestamp) -> Result<(), RepairRefused> {
        let oldest = self.0.front().filter(|_| self.0.len() >= MAX_EVENTS).map(|event| event.message);
        match oldest.filter(|message| is_recent(*message, policy, now)) {
            None => Ok(()),
            Some(message) => {
                let last = message.saturating_add(policy.max_age).saturating_add(policy.clock_skew);
                let too_old = last.saturating_add(Duration::from_millis(1));
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

/// Returns whether a message is neither too old nor from the future, by clocks that differ by no more than the policy
/// says.
fn is_recent(message: Timestamp, policy: &RepairPolicy, now: Timestamp) -> bool {
    let latest = now.saturating_add(policy.clock_skew);
    message <= latest && message.saturating_add(policy.max_age).saturating_add(policy.clock_skew) >= now
}

impl fmt::Debug for RepairLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, generation, asked, answered, reset, lease: _ } = self;
        let (asked, answered, reset) = (asked.0.len(), answered.0.len(), reset.0.len());
        write!(
            f,
            "RepairLog({peer}, {asked} asked, {answered} answered, {reset} reset, generation {generation})"
        )
    }
}
