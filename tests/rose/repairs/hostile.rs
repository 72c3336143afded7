// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices that repair messages, while the network and the peers are hostile: each beside an account of all that ever
//! happened, by which the limits of rose 36 §6 are checked.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit"
)]

use std::time::Duration;

use subrosa::rose::{
    BraidError, DeviceName, PeerAuthentication, ReceiveError, Repair, RepairRefused, Repairs, Resend,
    RoseKey, Tag,
};
use subrosa::store::{Key, Write};
use subrosa::{Staged, Timestamp};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const KEPT: usize = 64;
/// The longest record: generation, three counts, 64 of each.
const LONGEST: usize = 4 + 8 + 3 + KEPT * (32 + 24 + 24);

/// The refusals of messages, those that the peer alone can cause first.
const REFUSALS: [ReceiveError; 8] = [
    ReceiveError::Malformed,
    ReceiveError::TooFarAhead,
    ReceiveError::UnknownEpoch,
    ReceiveError::Braid(BraidError::KeyTrimmed),
    ReceiveError::NotFound,
    ReceiveError::NotAuthentic,
    ReceiveError::Duplicate,
    ReceiveError::Replayed,
];
const OF_THE_PEER: u8 = 4;

/// What happens. `by` and `to` are one of the two; places count from the newest.
#[derive(Clone, Debug)]
pub enum Move {
    /// A message is sent.
    Send {
        by: bool,
    },
    /// A message of the other one, or one that was never sent, is refused.
    Refuse {
        by: bool,
        which: u8,
        reason: u8,
    },
    /// A sender key is missing.
    MissKey {
        by: bool,
        id: u8,
    },
    /// A request comes, perhaps once more, or with a bit that is another.
    Deliver {
        which: u8,
        proven: bool,
        flip: Option<u16>,
    },
    /// The peer is hostile: it seals this as a request.
    Forge {
        to: bool,
        content: Vec<u8>,
        proven: bool,
    },
    /// The peer asks for what was sent to it.
    AskFor {
        to: bool,
        which: u8,
        proven: bool,
    },
    /// Another device asks for what it saw on the wire.
    Stranger {
        to: bool,
        which: u8,
    },
    /// The next transaction of one is not made.
    Fail {
        by: bool,
    },
    Wait {
        minutes: u16,
    },
}

/// One of the two.
struct Party {
    repairs: Repairs,
    /// The repairs with a stranger, to whom nothing was ever sent.
    stranger: Repairs,
    fails: bool,
    history: History,
}

/// All that ever happened, the newest last.
#[derive(Default)]
struct History {
    /// The messages whose tags are kept: tag, number, first sent.
    kept: Vec<(Tag, Resend)>,
    /// The tags of all messages.
    tags: Vec<Tag>,
    asked: Vec<(Timestamp, Tag)>,
    again: Vec<(Timestamp, u64)>,
}

fn is_within(at: Timestamp, span: Duration, now: Timestamp) -> bool {
    at.saturating_add(span) >= now
}

fn recent<T>(events: &[(Timestamp, T)], now: Timestamp) -> usize {
    events.iter().filter(|(at, _)| is_within(*at, HOUR, now)).count()
}

impl History {
    fn may_ask(&self, reason: u8, tag: &Tag, now: Timestamp) -> Result<(), RepairRefused> {
        let last = &self.asked[self.asked.len().saturating_sub(KEPT)..];
        if reason >= OF_THE_PEER {
            Err(RepairRefused::NotThePeers)
        } else if last.iter().any(|(_, asked)| asked == tag) {
            Err(RepairRefused::AskedBefore)
        } else if recent(&self.asked, now) >= 10 {
            Err(RepairRefused::TooOften)
        } else {
            Ok(())
        }
    }

    fn may_ask_key(&self, id: &[u8; 16], now: Timestamp) -> Result<(), RepairRefused> {
        if self.asked.iter().any(|(at, asked)| asked == id && is_within(*at, HOUR, now)) {
            Err(RepairRefused::AskedBefore)
        } else if recent(&self.asked, now) >= 10 {
            Err(RepairRefused::TooOften)
        } else {
            Ok(())
        }
    }

    fn may_answer(&self, tag: &Tag, proven: bool, now: Timestamp) -> Result<Resend, RepairRefused> {
        if !proven {
            return Err(RepairRefused::Unproven);
        }
        let (_, resend) = self.kept.iter().find(|(kept, _)| kept == tag).ok_or(RepairRefused::NotSent)?;
        if !is_within(resend.sent_at, DAY, now) {
            return Err(RepairRefused::TooOld);
        }
        let copies = self.again.iter().filter(|(_, number)| *number == resend.message).count();
        let in_a_day = self.again.iter().filter(|(at, _)| is_within(*at, DAY, now)).count();
        if copies >= 2 || in_a_day >= KEPT || recent(&self.again, now) >= 30 {
            return Err(RepairRefused::TooOften);
        }
        Ok(*resend)
    }

    /// What is promised of any window, whatever was done and in whatever order.
    fn check(&self) {
        let times = |events: Vec<Timestamp>, most: usize| {
            for window in events.windows(most + 1) {
                assert!(window[0].saturating_add(HOUR) < window[most], "more than {most} in an hour");
            }
        };
        times(self.asked.iter().map(|(at, _)| *at).collect(), 10);
        times(self.again.iter().map(|(at, _)| *at).collect(), 30);
        for (_, number) in &self.again {
            assert!(self.again.iter().filter(|(_, other)| other == number).count() <= 2);
        }
    }
}

impl Party {
    fn new(peer: DeviceName, stranger: DeviceName) -> Self {
        let (repairs, stranger) = (Repairs::new(peer), Repairs::new(stranger));
        Self { repairs, stranger, fails: false, history: History::default() }
    }

    /// Commits a stage, or loses it. What was staged is what is there afterwards.
    fn commit<T>(
        &mut self,
        stage: impl FnOnce(&mut Repairs) -> Result<Staged<'_, T>, RepairRefused>,
    ) -> Result<Option<T>, RepairRefused> {
        let (before, remote) = (self.repairs.record(), self.repairs.remote());
        let fails = std::mem::take(&mut self.fails);
        let staged = stage(&mut self.repairs);
        let (output, expected) = match staged {
            Err(refused) => (Err(refused), before),
            Ok(staged) => {
                let writes: Vec<Write> = staged.writes().into_iter().collect();
                let [Write::Put { key, record, .. }] = &writes[..] else { panic!("one row: {writes:?}") };
                assert_eq!(*key, Key::Rose(RoseKey::Repairs(remote)));
                if fails {
                    drop(staged);
                    (Ok(None), before)
                } else {
                    let record = subrosa::Record::parse(key.kind(), record.as_bytes()).unwrap();
                    (Ok(Some(staged.commit())), record)
                }
            }
        };
        let record = self.repairs.record();
        assert_eq!(record.as_bytes(), expected.as_bytes());
        assert!(record.as_bytes().len() <= LONGEST);
        self.repairs = Repairs::from_record(record.as_bytes(), remote).unwrap();
        output
    }

    fn sent(&mut self, tag: Tag, number: u64, now: Timestamp) {
        let message = [&tag[..], &[0; 368]].concat();
        let sent = self.commit(|repairs| repairs.sent(&message, number, now)).unwrap();
        let History { kept, tags, again, .. } = &mut self.history;
        tags.push(tag);
        if sent.is_none() {
            return;
        }
        let first = again.iter().any(|(_, resent)| *resent == number).then(|| u64_time(number));
        kept.push((tag, Resend { message: number, sent_at: first.unwrap_or(now) }));
        if kept.len() > KEPT {
            kept.remove(0);
        }
    }

    fn answer(&mut self, tag: &Tag, proven: bool, now: Timestamp) -> Option<u64> {
        let authentication = if proven { PeerAuthentication::Hybrid } else { PeerAuthentication::Classical };
        let expected = self.history.may_answer(tag, proven, now);
        let answered = self.commit(|repairs| repairs.answer(tag, authentication, now));
        match (answered, expected) {
            (Err(refused), Err(expected)) => assert_eq!(refused, expected),
            (Ok(None), Ok(_)) => {}
            (Ok(Some(resend)), Ok(expected)) => {
                assert_eq!(resend, expected);
                self.history.kept.retain(|(kept, _)| kept != tag);
                self.history.again.push((now, resend.message));
                return Some(resend.message);
            }
            (answered, expected) => panic!("{answered:?} in place of {expected:?}"),
        }
        None
    }
}

/// A message's number says when it was sent first, so that the account needs no memory of that.
fn u64_time(number: u64) -> Timestamp {
    Timestamp::from_millis(number)
}

/// The two, and the requests under way.
pub struct World {
    parties: [Party; 2],
    requests: Vec<(usize, Vec<u8>)>,
    now: Timestamp,
    tags: u64,
}

impl World {
    /// Makes all moves, and checks that no more happens than the limits allow, and what they allow does happen.
    pub fn run(names: [DeviceName; 3], now: Timestamp, moves: &[Move]) {
        let [one, two, stranger] = names;
        let parties = [Party::new(two, stranger), Party::new(one, stranger)];
        let mut world = Self { parties, requests: Vec::new(), now, tags: 0 };
        for step in moves {
            world.step(step);
        }
        for Party { history, .. } in &world.parties {
            history.check();
        }
    }

    fn step(&mut self, step: &Move) {
        match *step {
            Move::Send { by } => {
                // No two messages of one are first sent in the same millisecond.
                self.now = self.now.saturating_add(Duration::from_millis(1));
                self.send(by.into(), self.now.as_millis());
            }
            Move::Refuse { by, which, reason } => self.refuse(by.into(), which, reason % 8),
            Move::MissKey { by, id } => self.miss_key(by.into(), [id; 16]),
            Move::Deliver { which, proven, flip } => {
                let Some((to, content)) = newest(&self.requests, which).cloned() else { return };
                self.take(to, &flipped(content, flip), proven);
            }
            Move::Forge { to, ref content, proven } => self.take(to.into(), content, proven),
            Move::AskFor { to, which, proven } => {
                let Some(tag) = newest(&self.parties[usize::from(to)].history.tags, which) else { return };
                let content = Repair::CouldNotOpen(*tag).to_bytes();
                self.take(to.into(), &content, proven);
            }
            Move::Stranger { to, which } => self.parties[usize::from(to)].meet_stranger(which, self.now),
            Move::Fail { by } => self.parties[usize::from(by)].fails = true,
            Move::Wait { minutes } => {
                self.now = self.now.saturating_add(Duration::from_secs(60 * u64::from(minutes)));
            }
        }
    }

    fn send(&mut self, by: usize, number: u64) {
        self.tags += 1;
        let mut tag = [0xA5; 16];
        tag[8..].copy_from_slice(&self.tags.to_be_bytes());
        self.parties[by].sent(tag, number, self.now);
    }

    fn refuse(&mut self, by: usize, which: u8, reason: u8) {
        let tag = newest(&self.parties[1 - by].history.tags, which).copied().unwrap_or([which; 16]);
        let now = self.now;
        let party = &mut self.parties[by];
        let expected = party.history.may_ask(reason, &tag, now);
        let message = [&tag[..], &[0; 368]].concat();
        let asked = party.commit(|repairs| repairs.ask(REFUSALS[usize::from(reason)], &message, now));
        self.asked(by, tag, Repair::CouldNotOpen(tag), (asked, expected));
    }

    fn miss_key(&mut self, by: usize, id: [u8; 16]) {
        let now = self.now;
        let party = &mut self.parties[by];
        let expected = party.history.may_ask_key(&id, now);
        let asked = party.commit(|repairs| repairs.ask_sender_key(id, now));
        self.asked(by, id, Repair::NeedsSenderKey(id), (asked, expected));
    }

    fn asked(
        &mut self,
        by: usize,
        about: [u8; 16],
        repair: Repair,
        outcome: (Result<Option<Repair>, RepairRefused>, Result<(), RepairRefused>),
    ) {
        match outcome {
            (Ok(None), Ok(())) => {}
            (Ok(Some(asked)), Ok(())) => {
                assert_eq!(asked, repair);
                self.parties[by].history.asked.push((self.now, about));
                self.requests.push((1 - by, asked.to_bytes()));
            }
            (asked, expected) => assert_eq!(asked.map(drop), expected),
        }
    }

    /// Reads what came as a request.
    fn take(&mut self, to: usize, content: &[u8], proven: bool) {
        let Some(repair) = Repair::parse(content) else { return };
        assert_eq!(repair.to_bytes(), content, "a request has one form");
        let Repair::CouldNotOpen(tag) = repair else { return };
        if let Some(number) = self.parties[to].answer(&tag, proven, self.now) {
            self.send(to, number);
        }
    }
}

impl Party {
    /// Nothing was sent to the stranger, whatever he saw.
    fn meet_stranger(&mut self, which: u8, now: Timestamp) {
        let Some(tag) = newest(&self.history.tags, which) else { return };
        let refused = self.stranger.answer(tag, PeerAuthentication::Hybrid, now).map(drop);
        assert_eq!(refused, Err(RepairRefused::NotSent));
    }
}

fn newest<T>(all: &[T], back: u8) -> Option<&T> {
    all.iter().rev().nth(back.into())
}

fn flipped(mut content: Vec<u8>, flip: Option<u16>) -> Vec<u8> {
    if let Some(flip) = flip {
        let at = usize::from(flip / 8) % content.len();
        content[at] ^= 1 << (flip % 8);
    }
    content
}
