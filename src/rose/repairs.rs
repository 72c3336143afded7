// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was sent to a device, asked of it and sent to it again, which bounds repair (rose 36 §6). The limits are those of
//! the profile, the same for everybody: one of one's own would be a fingerprint.

use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;

use super::contact::PeerAuthentication;
use super::error::ReceiveError;
use super::repair::Repair;
use crate::ids::DeviceName;
use crate::lease::{Busy, Lease};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter, RoseKind};
use crate::staged::{Staged, State};
use crate::timestamp::Timestamp;
use crate::wire::rose::Tag;
use crate::writes::{Key, RoseKey, Writes};

const RECORD_VERSION: u8 = 1;
/// Number of messages whose tags are kept, and of events of each kind.
const KEPT: usize = 64;
/// How many messages a device is asked for in an hour, and is sent again.
const ASKED_AN_HOUR: usize = 10;
const SENT_AN_HOUR: usize = 30;
/// How often one message is sent again.
const EACH: usize = 2;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The reason that nothing is asked for, or sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepairRefused {
    /// Others than the peer can cause this refusal of a message, and would see that something is asked for.
    #[error("others can cause this; nothing is asked for")]
    NotThePeers,
    /// The message of this tag was asked for before.
    #[error("asked for before")]
    AskedBefore,
    /// It happened as often as it may in this time.
    #[error("repaired too often")]
    TooOften,
    /// The request came over a state that is not Hybrid: by anybody, perhaps.
    #[error("the peer has not proven itself")]
    Unproven,
    /// No message of this tag was sent to this very device, it was sent again already, or it is forgotten.
    #[error("no such message was sent to this device")]
    NotSent,
    /// The message is older than a day.
    #[error("that message is too old to be sent again")]
    TooOld,
    /// Another stage is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// A message to send again, with its first time inside the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// The caller's number of the message.
    pub message: u64,
    /// When it was sent first.
    pub sent_at: Timestamp,
}

/// The repairs with one device: the tags of the last 64 messages that were sent to it, what it was asked for, and what
/// was sent again. Store it beside the session.
///
/// A tag is looked up among those of this very device alone. In a table for all, anybody who saw a tag on the wire could
/// have another's message sent to himself.
pub struct Repairs {
    remote: DeviceName,
    generation: u64,
    events: Events,
    lease: Lease,
}

/// What is kept, the oldest first.
#[derive(Clone, Default)]
struct Events {
    sent: VecDeque<(Tag, Resend)>,
    asked: VecDeque<(Timestamp, Tag)>,
    /// When a message was sent again, and which.
    again: VecDeque<(Timestamp, Resend)>,
}

/// A change of repairs.
pub(crate) enum RepairsChange {
    Sent(Tag, Resend),
    Asked(Timestamp, Tag),
    /// When, and the place of the message among those sent.
    Again(Timestamp, usize),
}

impl Repairs {
    /// Nothing was sent yet.
    #[must_use]
    pub fn new(remote: DeviceName) -> Self {
        Self { remote, generation: 0, events: Events::default(), lease: Lease::new() }
    }

    /// The device.
    #[must_use]
    pub const fn remote(&self) -> DeviceName {
        self.remote
    }

    /// Number of committed changes.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Notes a message that goes to the device, by its first 16 bytes and the caller's number of it. One that is sent
    /// again has the number and the age that it had. Store it together with the stage of the session.
    ///
    /// # Errors
    /// [`RepairRefused`]: `Busy`.
    pub fn sent(
        &mut self,
        message: &[u8],
        number: u64,
        now: Timestamp,
    ) -> Result<Staged<'_, ()>, RepairRefused> {
        self.lease.free()?;
        let Events { sent, again, .. } = &self.events;
        let mut known = sent.iter().map(|(_, resend)| resend).chain(again.iter().map(|(_, resend)| resend));
        let sent_at = known.find(|known| known.message == number).map_or(now, |known| known.sent_at);
        let tag = message.first_chunk().copied().unwrap_or_default();
        Ok(Staged::of(self, RepairsChange::Sent(tag, Resend { message: number, sent_at }), ()))
    }

    /// Asks for a message that was refused, if the peer alone can have caused that: once for each tag, ten times an
    /// hour. Send the output once it is stored, over another state or a new first contact.
    ///
    /// # Errors
    /// [`RepairRefused`]: `Busy`, `NotThePeers`, `AskedBefore`, `TooOften`.
    pub fn ask(
        &mut self,
        refusal: ReceiveError,
        message: &[u8],
        now: Timestamp,
    ) -> Result<Staged<'_, Repair>, RepairRefused> {
        self.lease.free()?;
        let repair = Repair::after(refusal, message).ok_or(RepairRefused::NotThePeers)?;
        let tag = message.first_chunk().copied().unwrap_or_default();
        if self.events.asked.iter().any(|(_, asked)| *asked == tag) {
            return Err(RepairRefused::AskedBefore);
        }
        limit(&self.events.asked, ASKED_AN_HOUR, now)?;
        Ok(Staged::of(self, RepairsChange::Asked(now, tag), repair))
    }

    /// Asks for the sender key of a distribution id, if it is missing: once an hour, and within the ten of an hour.
    ///
    /// # Errors
    /// [`RepairRefused`]: `Busy`, `AskedBefore`, `TooOften`.
    pub fn ask_sender_key(
        &mut self,
        id: [u8; 16],
        now: Timestamp,
    ) -> Result<Staged<'_, Repair>, RepairRefused> {
        self.lease.free()?;
        if self.events.asked.iter().any(|(at, asked)| *asked == id && is_within(*at, HOUR, now)) {
            return Err(RepairRefused::AskedBefore);
        }
        limit(&self.events.asked, ASKED_AN_HOUR, now)?;
        Ok(Staged::of(self, RepairsChange::Asked(now, id), Repair::NeedsSenderKey(id)))
    }

    /// The message that the device could not open, by its tag, if it may be sent again: over a state that is Hybrid, once
    /// for each tag, each message twice, none older than a day, thirty times an hour.
    ///
    /// # Errors
    /// [`RepairRefused`]: `Busy`, `Unproven`, `NotSent`, `TooOld`, `TooOften`.
    pub fn answer(
        &mut self,
        tag: &Tag,
        authentication: PeerAuthentication,
        now: Timestamp,
    ) -> Result<Staged<'_, Resend>, RepairRefused> {
        self.lease.free()?;
        if authentication != PeerAuthentication::Hybrid {
            return Err(RepairRefused::Unproven);
        }
        let at = self.events.sent.iter().position(|(sent, _)| sent == tag).ok_or(RepairRefused::NotSent)?;
        let (_, resend) = *self.events.sent.get(at).ok_or(RepairRefused::NotSent)?;
        if !is_within(resend.sent_at, DAY, now) {
            return Err(RepairRefused::TooOld);
        }
        // An event that is pushed out must not be of a message that may still be asked for.
        let is_full = self.events.again.len() >= KEPT;
        let forgets = self.events.again.front().is_some_and(|(at, _)| is_full && is_within(*at, DAY, now));
        let before = self.events.again.iter().filter(|(_, again)| again.message == resend.message).count();
        if forgets || before >= EACH {
            return Err(RepairRefused::TooOften);
        }
        limit(&self.events.again, SENT_AN_HOUR, now)?;
        Ok(Staged::of(self, RepairsChange::Again(now, at), resend))
    }
}

/// Checks that one more may happen now.
fn limit<T>(events: &VecDeque<(Timestamp, T)>, max: usize, now: Timestamp) -> Result<(), RepairRefused> {
    let recent = events.iter().filter(|(at, _)| is_within(*at, HOUR, now)).count();
    if recent < max { Ok(()) } else { Err(RepairRefused::TooOften) }
}

/// Returns whether a time lies no longer back than that. One of the future counts as now: the clock was set back.
fn is_within(at: Timestamp, span: Duration, now: Timestamp) -> bool {
    now <= at.saturating_add(span)
}

/// Puts an event behind the others, of which the first goes at the 65th.
fn push<T>(events: &mut VecDeque<T>, event: T) {
    events.push_back(event);
    if events.len() > KEPT {
        events.pop_front();
    }
}

/// The record.
impl Repairs {
    /// The record: at most 5 kB.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, None)
    }

    /// Reads the record of the repairs with a device.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8], remote: DeviceName) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::Rose(RoseKind::Repairs), RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        let mut repairs = Self { generation, ..Self::new(remote) };
        for _ in 0..count(&mut reader)? {
            repairs.events.sent.push_back((reader.array()?, Resend::read(&mut reader)?));
        }
        for _ in 0..count(&mut reader)? {
            repairs.events.asked.push_back((time(&mut reader)?, reader.array()?));
        }
        for _ in 0..count(&mut reader)? {
            repairs.events.again.push_back((time(&mut reader)?, Resend::read(&mut reader)?));
        }
        reader.finish()?;
        Ok(repairs)
    }

    fn write(&self, generation: u64, change: Option<&RepairsChange>) -> Record {
        let mut events = self.events.clone();
        if let Some(change) = change {
            events.apply(change);
        }
        let Events { sent, asked, again } = events;
        let mut writer = RecordWriter::new(RecordKind::Rose(RoseKind::Repairs), RECORD_VERSION, 512);
        writer.put_u64(generation);
        put_count(&mut writer, sent.len());
        for (tag, resend) in sent {
            writer.put_array(&tag);
            resend.write(&mut writer);
        }
        put_count(&mut writer, asked.len());
        for (at, tag) in asked {
            writer.put_u64(at.as_millis());
            writer.put_array(&tag);
        }
        put_count(&mut writer, again.len());
        for (at, resend) in again {
            writer.put_u64(at.as_millis());
            resend.write(&mut writer);
        }
        writer.finish()
    }
}

impl Resend {
    fn write(self, writer: &mut RecordWriter) {
        writer.put_u64(self.message);
        writer.put_u64(self.sent_at.as_millis());
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { message: reader.u64()?, sent_at: time(reader)? })
    }
}

fn count(reader: &mut RecordReader<'_>) -> Result<usize, RecordError> {
    let count = usize::from(reader.u8()?);
    if count <= KEPT { Ok(count) } else { Err(RecordError::Damaged) }
}

fn put_count(writer: &mut RecordWriter, count: usize) {
    writer.put_u8(u8::try_from(count).unwrap_or(u8::MAX));
}

fn time(reader: &mut RecordReader<'_>) -> Result<Timestamp, RecordError> {
    reader.u64().map(Timestamp::from_millis)
}

impl Events {
    fn apply(&mut self, change: &RepairsChange) {
        match *change {
            RepairsChange::Sent(tag, message) => push(&mut self.sent, (tag, message)),
            RepairsChange::Asked(at, tag) => push(&mut self.asked, (at, tag)),
            RepairsChange::Again(at, place) => {
                if let Some((_, resend)) = self.sent.remove(place) {
                    push(&mut self.again, (at, resend));
                }
            }
        }
    }
}

impl State for Repairs {
    type Change = RepairsChange;

    fn write_after(&self, change: &RepairsChange, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let record = self.write(generation, Some(change));
        writes.put_state(Key::Rose(RoseKey::Repairs(self.remote)), record, generation);
    }

    fn apply(&mut self, change: RepairsChange) {
        self.generation = self.generation.wrapping_add(1);
        self.events.apply(&change);
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remote, generation, events: Events { sent, asked, again }, lease: _ } = self;
        let (sent, asked, again) = (sent.len(), asked.len(), again.len());
        write!(
            f,
            "Repairs({remote:?}, {sent} sent, {asked} asked, {again} sent again, generation {generation})"
        )
    }
}
