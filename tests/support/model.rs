// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a device's sessions should be, by the rules alone: no keys, no bytes, only which messages have one.

use std::collections::{BTreeSet, VecDeque};

use subrosa::{MessageKind, Timestamp};

use super::Packet;

/// How many archived sessions are kept.
const ARCHIVED: usize = 40;
/// How many receiving chains a session keeps.
const CHAINS: usize = 5;
/// How many skipped keys a chain keeps.
const SKIPPED: usize = 2_000;
/// How many messages may be skipped at once; one less where the post-quantum ratchet counts too.
const JUMP: u32 = 25_000;
/// How old an unacknowledged session may be.
const LIFETIME_SECS: u64 = 30 * 24 * 3600;
/// How many later messages of its session a message of version 4 survives for certain. The post-quantum
/// ratchet forgets old keys only after two of its epochs, which take more messages than this.
const CERTAIN: u32 = 60;

/// What tells sessions apart: version and base key.
pub type SessionId = (u8, [u8; 32]);

/// What must become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Plaintext,
    Duplicate,
    /// Any error but that it is a duplicate.
    Refused,
    /// Its key was given up: an error. Libsignal's records do not tell that from a duplicate.
    Gone,
    /// Not certain by these rules.
    Anything,
}

#[derive(Debug)]
struct Chain {
    ratchet_key: [u8; 32],
    next: u32,
    skipped: VecDeque<u32>,
    /// Skipped messages whose keys were given up.
    expired: BTreeSet<u32>,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    /// Oldest first.
    chains: VecDeque<Chain>,
    /// Ratchet keys of chains that were dropped.
    dropped: BTreeSet<[u8; 32]>,
    /// Since when it is unacknowledged; the initiator's alone.
    pending: Option<Timestamp>,
}

impl Session {
    fn new(id: SessionId) -> Self {
        Self { id, chains: VecDeque::new(), dropped: BTreeSet::new(), pending: None }
    }

    fn expected(&self, packet: &Packet) -> Expected {
        if self.dropped.contains(&packet.ratchet_key) {
            return Expected::Refused;
        }
        let chain = self.chains.iter().find(|chain| chain.ratchet_key == packet.ratchet_key);
        let next = chain.map_or(0, |chain| chain.next);
        match packet.counter.checked_sub(next) {
            Some(jump) if jump > JUMP - u32::from(self.id.0 > 3) => Expected::Refused,
            Some(_) => Expected::Plaintext,
            None if chain.is_some_and(|chain| chain.skipped.contains(&packet.counter)) => Expected::Plaintext,
            None if chain.is_some_and(|chain| chain.expired.contains(&packet.counter)) => Expected::Gone,
            None => Expected::Duplicate,
        }
    }

    fn chain(&mut self, ratchet_key: [u8; 32]) -> &mut Chain {
        let at = self.chains.iter().position(|chain| chain.ratchet_key == ratchet_key);
        let at = at.unwrap_or_else(|| {
            if self.chains.len() == CHAINS {
                self.dropped.extend(self.chains.pop_front().map(|chain| chain.ratchet_key));
            }
            self.chains.push_back(Chain {
                ratchet_key,
                next: 0,
                skipped: VecDeque::new(),
                expired: BTreeSet::new(),
            });
            self.chains.len() - 1
        });
        self.chains.get_mut(at).unwrap()
    }

    fn received(&mut self, packet: &Packet) {
        self.pending = None;
        let chain = self.chain(packet.ratchet_key);
        if packet.counter < chain.next {
            chain.skipped.retain(|counter| *counter != packet.counter);
            return;
        }
        chain.skipped.extend(chain.next..packet.counter);
        let surplus = chain.skipped.len().saturating_sub(SKIPPED);
        chain.expired.extend(chain.skipped.drain(..surplus));
        chain.next = packet.counter + 1;
    }
}

/// What a device should hold for its peer.
#[derive(Debug, Default)]
pub struct Model {
    current: Option<Session>,
    /// Newest first.
    archived: VecDeque<Session>,
    /// Sessions that were accepted, also those that were forgotten since.
    accepted: BTreeSet<SessionId>,
    /// Sessions that began twice, so that the two sides may have nothing but the base key in common.
    doubtful: BTreeSet<SessionId>,
}

impl Model {
    pub fn current(&self) -> Option<SessionId> {
        self.current.as_ref().map(|session| session.id)
    }

    pub fn archived_len(&self) -> usize {
        self.archived.len()
    }

    /// Whether a message must be wrapped for the peer to begin the session with it.
    pub fn is_pending(&self) -> bool {
        self.current.as_ref().is_some_and(|session| session.pending.is_some())
    }

    /// Whether the session must not be sent on for its age.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let pending = self.current.as_ref().and_then(|session| session.pending);
        pending.is_some_and(|since| since.as_secs() + LIFETIME_SECS < now.as_secs())
    }

    /// What must become of `packet`, after which `later` messages were sent in its session.
    pub fn expected(&self, packet: &Packet, later: u32) -> Expected {
        let id = packet.session;
        if self.doubtful.contains(&id) {
            return Expected::Anything;
        }
        let expected = match self.find(id) {
            Some(session) => session.expected(packet),
            None if packet.letter.kind == MessageKind::Whisper => Expected::Refused,
            None if self.accepted.contains(&id) && !self.would_be_replayed(packet) => Expected::Refused,
            None => Expected::Plaintext,
        };
        let certain = id.0 == 3 || later <= CERTAIN || expected != Expected::Plaintext;
        if certain { expected } else { Expected::Anything }
    }

    /// Whether nothing tells that the packet's session was here before. X3DH without a one-time prekey does
    /// not keep first messages from being replayed (X3DH §4.2).
    pub fn would_be_replayed(&self, packet: &Packet) -> bool {
        let known = self.find(packet.session).is_some() || packet.letter.kind == MessageKind::Whisper;
        !known
            && self.accepted.contains(&packet.session)
            && packet.session.0 == 3
            && packet.letter.pre_key().pre_key_id().is_none()
    }

    /// From here on nothing is certain about a session.
    pub fn doubt(&mut self, id: SessionId) {
        self.doubtful.insert(id);
    }

    fn find(&self, id: SessionId) -> Option<&Session> {
        self.current.iter().chain(&self.archived).find(|session| session.id == id)
    }

    pub fn initiated(&mut self, id: SessionId, their_signed_pre_key: [u8; 32], now: Timestamp) {
        let mut session = Session::new(id);
        session.pending = Some(now);
        session.chain(their_signed_pre_key);
        self.promote(session);
    }

    pub fn received(&mut self, packet: &Packet) {
        let id = packet.session;
        if self.current() != Some(id) {
            let newest = self.current.as_ref().or_else(|| self.archived.front()).map(|session| session.id);
            let at = self.archived.iter().position(|session| session.id == id);
            if at.is_none() {
                self.accepted.insert(id);
            }
            // No message brings back a lower version than the newest one.
            if newest.is_some_and(|newest| newest.0 > id.0) {
                return self.received_aside(packet, at);
            }
            let session = at.and_then(|at| self.archived.remove(at)).unwrap_or_else(|| Session::new(id));
            self.promote(session);
        }
        if let Some(current) = &mut self.current {
            current.received(packet);
        }
    }

    /// A message on a session that stays where it is, or begins next to the newest one.
    fn received_aside(&mut self, packet: &Packet, at: Option<usize>) {
        let at = at.unwrap_or_else(|| {
            let at = usize::from(self.current.is_none() && !self.archived.is_empty());
            self.archived.truncate(ARCHIVED - 1);
            self.archived.insert(at, Session::new(packet.session));
            at
        });
        self.archived[at].received(packet);
    }

    pub fn archive(&mut self) {
        if let Some(mut session) = self.current.take() {
            session.pending = None;
            self.archived.truncate(ARCHIVED - 1);
            self.archived.push_front(session);
        }
    }

    pub fn forget(&mut self) {
        self.current = None;
        self.archived.clear();
    }

    fn promote(&mut self, session: Session) {
        self.archive();
        self.current = Some(session);
    }
}
