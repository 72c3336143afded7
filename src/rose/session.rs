// SPDX-License-Identifier: MIT OR Apache-2.0

//! The session with a device: up to three states, of which the first is current (rose 36 §3, §4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::arrange::{Arrangement, MAX_STATES};
use super::change::{Change, Slot};
use super::contact::{Contact, PeerAuthentication};
use super::known::Known;
use super::state::{Effects, SessionState};
use crate::ids::DeviceName;
use crate::lease::{Busy, Lease};
use crate::ratchet::rose::{self as ratchet, Place, TagChanges};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter, RoseKind};
use crate::staged::{Staged, State};
use crate::wire::rose::Tag;
use crate::writes::{Key, RoseKey, TagOwner, Writes};

const RECORD_VERSION: u8 = 1;
/// Length of the longest record in bytes.
const MAX_RECORD_LEN: usize = 3 * (6 * 256 * 36) + 3 * (3 * 2_200 * 36) + 24 * 1024;

/// The session with one remote device. About 1 to 3 kB stored, 6 kB while it is unanswered.
///
/// It begins empty, and is stored under its device's name. Every operation gives a [`Staged`](crate::Staged) change,
/// whose writes have the record and the tags that the session expects from then on and no longer.
pub struct Session {
    pub(super) remote: DeviceName,
    pub(super) generation: u64,
    pub(super) known: Option<Known>,
    /// The current one first, then from the newest archived one. Boxed, so that moving one moves no secrets.
    #[expect(clippy::vec_box, reason = "moving one must move no secrets")]
    pub(super) states: Vec<Box<SessionState>>,
    pub(super) lease: Lease,
}

impl Session {
    /// No state yet.
    #[must_use]
    pub const fn new(remote: DeviceName) -> Self {
        Self { remote, generation: 0, known: None, states: Vec::new(), lease: Lease::new() }
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

    /// Returns whether there is a state.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        !self.states.is_empty()
    }

    /// Number of states, 0 to 3.
    #[must_use]
    pub const fn state_count(&self) -> usize {
        self.states.len()
    }

    /// Number of messages sent on the current chain.
    #[must_use]
    pub fn sent_on_chain(&self) -> u32 {
        self.states.first().map_or(0, |state| state.ratchet.sent_on_chain())
    }

    /// The authentication of the peer by the current state.
    #[must_use]
    pub fn authentication(&self) -> Option<PeerAuthentication> {
        self.states.first().map(|state| state.authentication)
    }

    /// Returns whether a dummy is due on the current state: the device may only be told anything once it has proven
    /// itself, and a dummy asks it to (rose 31 §8).
    #[must_use]
    pub fn owes_dummy(&self) -> bool {
        self.states.first().is_some_and(|state| state.is_responder() && !state.is_hybrid())
    }

    /// What is known of the device's account.
    #[must_use]
    pub fn contact(&self) -> Option<&Contact> {
        self.known.as_ref().map(|known| &known.contact)
    }

    pub(super) fn newest_prekeys(&self) -> [u64; 2] {
        self.known.as_ref().map_or([0; 2], |known| known.newest)
    }

    /// All tags that are expected, ascending: 32 for a quiet session. A function of the record.
    #[must_use]
    pub fn expected_tags(&self) -> Vec<Tag> {
        let mut tags = Vec::with_capacity(64);
        for state in &self.states {
            state.ratchet.expected_tags(&mut tags);
        }
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Returns whether a message's tag, its first 16 bytes, is expected.
    #[must_use]
    pub fn expects(&self, message: &[u8]) -> bool {
        self.find(message).is_some()
    }

    pub(super) fn find(&self, message: &[u8]) -> Option<(usize, Place)> {
        let tag = message.first_chunk()?;
        self.states.iter().enumerate().find_map(|(at, state)| Some((at, state.ratchet.find(tag)?)))
    }

    /// The digest of each state, current first (rose 37 §11).
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn digests(&self) -> Vec<[u8; 32]> {
        self.states.iter().map(|state| state.ratchet.digest(state.is_hybrid())).collect()
    }

    /// The current state's `TH` and `SX`.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn secrets(&self) -> Option<[&[u8; 32]; 2]> {
        self.states.first().map(|state| [&state.transcript, state.secret.as_bytes()])
    }

    /// `hx` of a chain epoch of the current state, while it is kept.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn hx(&self, epoch: u64) -> Option<&[u8; 32]> {
        self.states.first()?.ratchet.hx(epoch)
    }

    /// The current state's block `K`, while it is unanswered.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn block(&self) -> Option<&[u8]> {
        self.states.first()?.unanswered.as_ref().map(|unanswered| unanswered.block.0.as_slice())
    }

    /// The record, as secret as the keys in it.
    #[must_use]
    pub fn record(&self) -> Record {
        let order = Arrangement::unchanged(&self.states);
        self.write(self.generation, &Change::Nothing, &order)
    }

    /// Reads the record of a session.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8], remote: DeviceName) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_LEN {
            return Err(RecordError::Damaged);
        }
        let kind = RecordKind::Rose(RoseKind::Session);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        let known = if reader.flag()? { Some(Known::read(&mut reader)?) } else { None };
        let count = usize::from(reader.u8()?);
        if count > MAX_STATES || (count > 0 && known.is_none()) {
            return Err(RecordError::Damaged);
        }
        let mut states = Vec::with_capacity(count);
        for _ in 0..count {
            states.push(Box::new(SessionState::read(&mut reader)?));
        }
        reader.finish()?;
        Ok(Self { remote, generation, known, states, lease: Lease::new() })
    }

    fn write(&self, generation: u64, change: &Change, order: &Arrangement) -> Record {
        let kind = RecordKind::Rose(RoseKind::Session);
        let mut writer = RecordWriter::new(kind, RECORD_VERSION, 4096 * self.states.len().max(2));
        writer.put_u64(generation);
        let known = self.known_after(change);
        writer.put_flag(known.is_some());
        if let Some(known) = known {
            known.write(&mut writer);
        }
        writer.put_u8(u8::try_from(order.slots.len()).unwrap_or(u8::MAX));
        for (slot, retired) in &order.slots {
            let Some(state) = self.state_of(*slot, change) else { continue };
            let extras = change.extras_of(*slot, state.extras());
            state.write(change.in_state(*slot, *retired), extras, &mut writer);
        }
        writer.finish()
    }

    fn state_of<'a>(&'a self, slot: Slot, change: &'a Change) -> Option<&'a SessionState> {
        match (slot, change) {
            (Slot::Held(at), _) => self.states.get(at).map(|state| &**state),
            (Slot::New, Change::Begin { state, .. }) => Some(state),
            (Slot::New, _) => None,
        }
    }

    fn known_after(&self, change: &Change) -> Option<Known> {
        let known = match change {
            Change::Begin { known, .. } | Change::Seen(known) => return Some(known.clone()),
            _ => self.known.clone(),
        };
        known.map(|mut known| {
            match change {
                Change::Received { hybrid: true, .. } => known.contact.was_hybrid = true,
                Change::Distrust(distrusted) => known.distrusted = *distrusted,
                _ => {}
            }
            known
        })
    }

    /// The tags that a change adds and removes.
    pub(super) fn tag_changes(&self, change: &Change, order: &Arrangement) -> TagChanges {
        let mut tags = TagChanges::default();
        match change {
            Change::Sent { at, change } | Change::Received { at, change, .. } => {
                if let Some(state) = self.states.get(*at) {
                    state.ratchet.tag_changes(change, &mut tags);
                }
            }
            Change::Begin { state, .. } if order.slots.iter().any(|(slot, _)| *slot == Slot::New) => {
                state.ratchet.expected_tags(&mut tags.add);
            }
            _ => {}
        }
        for (at, state) in self.states.iter().enumerate() {
            if order.slots.iter().all(|(slot, _)| *slot != Slot::Held(at)) {
                state.ratchet.expected_tags(&mut tags.remove);
            }
        }
        tags.sorted()
    }
}

impl State for Session {
    type Change = Change;

    fn write_after(&self, change: &Change, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let order = Arrangement::after(&self.states, change);
        let record = self.write(generation, change, &order);
        writes.put_state(Key::Rose(RoseKey::Session(self.remote)), record, generation);
        let known = self.known_after(change);
        let before = self.known.as_ref().map(|known| &known.contact);
        if let Some(known) = known.filter(|known| Some(&known.contact) != before) {
            let key = Key::Rose(RoseKey::Contact(self.remote.account()));
            writes.put(key, known.contact.record());
        }
        let TagChanges { add, remove } = self.tag_changes(change, &order);
        super::tags::write((add, remove), TagOwner::Session(self.remote), writes);
    }

    fn apply(&mut self, change: Change) {
        self.generation = self.generation.wrapping_add(1);
        if let Change::Sent { at, change } = change {
            return self.apply_at(at, change, Effects::default());
        }
        let order = Arrangement::after(&self.states, &change);
        if change.concerns_known() {
            self.known = self.known_after(&change);
        }
        let mut new = None;
        match change {
            Change::Received { at, change, hybrid } => {
                self.apply_at(at, change, Effects { answered: true, hybrid, retired: false });
            }
            Change::Begin { state, .. } => new = Some(state),
            Change::Run(run) => {
                if let Some(state) = self.states.first_mut() {
                    state.run = run;
                }
            }
            Change::Token(kept) => {
                if let Some(state) = self.states.first_mut() {
                    kept.keep(state);
                }
            }
            Change::Sent { .. }
            | Change::Nothing
            | Change::Seen(_)
            | Change::Retire
            | Change::DropArchived
            | Change::Distrust(_) => {}
        }
        order.apply(&mut self.states, new);
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl Session {
    fn apply_at(&mut self, at: usize, change: ratchet::Change, effects: Effects) {
        if let Some(state) = self.states.get_mut(at) {
            let retired = state.retired;
            state.apply(Some(change), Effects { retired, ..effects });
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remote, generation, known: _, states, lease: _ } = self;
        write!(f, "Session({remote:?}, {} states, generation {generation})", states.len())
    }
}

/// Upkeep.
impl Session {
    /// Retires all states: the record was restored or imported from a backup, and what it would send was sent before.
    /// The next message begins a new state.
    ///
    /// # Errors
    /// [`Busy`](crate::store::Busy).
    pub fn retire(&mut self) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, Change::Retire, ()))
    }

    /// Deletes the archived states: due 30 days after the current one began.
    ///
    /// # Errors
    /// [`Busy`](crate::store::Busy).
    pub fn drop_archived(&mut self) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, Change::DropArchived, ()))
    }
}

#[cfg(test)]
mod tests {
    use super::MAX_RECORD_LEN;

    #[test]
    fn the_longest_record_is_that_of_the_specification() {
        assert_eq!(MAX_RECORD_LEN, 903_264, "rose 36 §7");
    }
}
