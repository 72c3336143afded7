// SPDX-License-Identifier: MIT OR Apache-2.0

//! A hostile peer, and an account of all that it ever made us do. Needs the module `device` beside it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit"
)]

use std::sync::OnceLock;
use std::time::Duration;

use subrosa::keys::PublicKey;
use subrosa::repair::{
    Advice, DecryptionErrorMessage, Failure, Rate, RepairLog, RepairPolicy, RepairRefused, Resend,
    ResendRequest,
};
use subrosa::sealed::ContentHint;
use subrosa::{Address, DeviceId, MessageKind, Session, Staged, Timestamp};

use crate::device::{ALICE, BOB, Device, START};

pub fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The device that the logs are about.
pub fn peer() -> Address {
    Address::new(BOB, DeviceId::PRIMARY)
}

pub fn new_log() -> RepairLog {
    RepairLog::new(peer())
}

/// A request to send a message again: of this ratchet key, or a group message.
pub fn request_for(message: Timestamp, key: Option<&PublicKey>) -> DecryptionErrorMessage {
    let group = DecryptionErrorMessage::for_original(b"", MessageKind::SenderKey, message, DeviceId::PRIMARY);
    let mut bytes = key.map_or_else(Vec::new, |key| [&[0x0A, 33][..], &key.encode()].concat());
    bytes.extend_from_slice(&group.unwrap().to_bytes());
    DecryptionErrorMessage::parse(&bytes).unwrap()
}

/// What is to be asked for of a group message that was sent then.
pub fn missed(sent: Timestamp) -> ResendRequest {
    let (kind, device) = (MessageKind::SenderKey, DeviceId::PRIMARY);
    let advice = Advice::about(Failure::Undecryptable, ContentHint::Default, kind, b"", sent, device);
    advice.ask.unwrap()
}

pub fn ask(log: &mut RepairLog, policy: &RepairPolicy, now: Timestamp) -> Result<(), RepairRefused> {
    log.ask(missed(at(0)), policy, now).map(|staged| assert_eq!(staged.commit(), missed(at(0))))
}

/// What a hostile peer does: sends what can't be read, asks for whatever, waits.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// Something that we can't read.
    Rubbish,
    /// A request for a message of so long ago.
    Ask {
        ago: u16,
        about: About,
        device: bool,
    },
    Wait(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The ratchet key that we send with.
    Current,
    /// One of a session that was reset.
    Former,
    Group,
}

/// All that ever happened, beside a log that keeps what still counts.
#[derive(Debug, Default)]
struct History {
    asked: Vec<Timestamp>,
    /// When, and which message.
    resent: Vec<(Timestamp, Timestamp)>,
    reset: Vec<Timestamp>,
}

/// Whether one more event is within the rate.
fn allows(events: &[Timestamp], rate: Rate, now: Timestamp) -> bool {
    let recent = events.iter().filter(|event| event.as_millis() + millis(rate.per) > now.as_millis()).count();
    recent < usize::from(rate.max.min(64))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

impl History {
    fn allows_resend(&self, message: Timestamp, policy: &RepairPolicy, now: Timestamp) -> bool {
        let may_be_asked_for =
            |message: Timestamp| message.as_millis() + millis(policy.max_age) >= now.as_millis();
        let times: Vec<_> = self.resent.iter().map(|(at, _)| *at).collect();
        let before = self.resent.iter().filter(|(_, resent)| *resent == message).count();
        let full = self.resent.len().checked_sub(64).is_some_and(|at| may_be_asked_for(self.resent[at].1));
        may_be_asked_for(message)
            && allows(&times, policy.resend, now)
            && before < policy.resend_each.into()
            && !full
    }

    /// What is promised, whatever was done and in whatever order.
    fn check(&self, policy: &RepairPolicy) {
        let resent: Vec<_> = self.resent.iter().map(|(at, _)| *at).collect();
        for (events, rate) in
            [(&self.asked, policy.ask), (&resent, policy.resend), (&self.reset, policy.reset)]
        {
            for window in events.windows(usize::from(rate.max.min(64)) + 1) {
                let span = window[window.len() - 1].as_millis() - window[0].as_millis();
                assert!(span >= millis(rate.per), "{} in {span} ms: {rate:?}", window.len());
            }
        }
        for (_, message) in &self.resent {
            let times = self.resent.iter().filter(|(_, resent)| resent == message).count();
            assert!(times <= policy.resend_each.into(), "sent {times} times");
        }
        assert!(self.resent.iter().all(|(at, message)| message <= at));
    }
}

/// We, before a hostile peer.
pub struct Victim {
    log: RepairLog,
    /// The record of our session with it. If that is reset, another is begun at once.
    session: Vec<u8>,
    /// The ratchet key that we send with.
    current: PublicKey,
    now: Timestamp,
    history: History,
}

impl Victim {
    /// Suffers all moves. No more happens than the policy allows; and what it allows does happen.
    pub fn run(policy: &RepairPolicy, hostile: &[Move]) {
        let mut victim = Self::new();
        for step in hostile {
            victim.suffer(*step, policy);
        }
        victim.history.check(policy);
    }

    fn new() -> Self {
        static SESSION: OnceLock<(Vec<u8>, PublicKey)> = OnceLock::new();
        let (session, current) = SESSION.get_or_init(|| {
            let [mut alice, bob] = Device::acquainted(1);
            let current = *alice.send(&bob.address, b"").signal().ratchet_key();
            (alice.record(&bob.address).to_vec(), current)
        });
        let (session, current) = (session.clone(), *current);
        Self { log: new_log(), session, current, now: START, history: History::default() }
    }

    fn session(&self) -> Session {
        Session::from_record(&self.session, Address::new(ALICE, DeviceId::PRIMARY), peer()).unwrap()
    }

    fn suffer(&mut self, hostile: Move, policy: &RepairPolicy) {
        match hostile {
            Move::Wait(millis) => self.now = at(self.now.as_millis() + u64::from(millis)),
            Move::Rubbish => {
                let allowed = allows(&self.history.asked, policy.ask, self.now);
                let asked = ask(&mut self.log, policy, self.now);
                assert_eq!(asked.is_ok(), allowed, "{asked:?}");
                self.history.asked.extend(allowed.then_some(self.now));
                self.check_time(asked, |log, then| log.ask(missed(then), policy, then).map(drop));
            }
            Move::Ask { ago, about, device } => self.asked_for(ago, about, device, policy),
        }
        self.log = RepairLog::from_record(self.log.record().as_bytes(), peer()).unwrap();
    }

    fn asked_for(&mut self, ago: u16, about: About, device: bool, policy: &RepairPolicy) {
        let message = at(self.now.as_millis() - u64::from(ago));
        let former = PublicKey::from_bytes([7; 32]);
        let key = match about {
            About::Current => Some(&self.current),
            About::Former => Some(&former),
            About::Group => None,
        };
        let mut request = request_for(message, key);
        if !device {
            let bytes = [&request.to_bytes()[..], &[0x18, 0x02]].concat();
            request = DecryptionErrorMessage::parse(&bytes).unwrap();
        }
        let resets = about == About::Current;
        let allowed = device
            && self.history.allows_resend(message, policy, self.now)
            && (!resets || allows(&self.history.reset, policy.reset, self.now));
        let mut session = self.session();
        let answer = self.log.answer(&mut session, &request, policy, self.now).map(Staged::commit);
        assert_eq!(answer.is_ok(), allowed, "{answer:?}");
        if let Ok(Resend { timestamp, reset, group, .. }) = answer {
            assert_eq!((timestamp, reset, group), (message, resets, about == About::Group));
            assert_eq!(session.has_current(), !resets);
            self.history.resent.push((self.now, message));
            self.history.reset.extend(resets.then_some(self.now));
        } else {
            assert_eq!(session.record().as_bytes(), self.session);
        }
        let mut session = self.session();
        self.check_time(answer.map(drop), |log, then| {
            log.answer(&mut session, &request, policy, then).map(drop)
        });
    }

    /// Asserts that what is refused until some time is still refused just before, and then no more for that reason.
    fn check_time(
        &mut self,
        outcome: Result<(), RepairRefused>,
        mut again: impl FnMut(&mut RepairLog, Timestamp) -> Result<(), RepairRefused>,
    ) {
        let Err(RepairRefused::TooOften(Some(then))) = outcome else { return };
        assert!(then > self.now);
        let early = again(&mut self.log, at(then.as_millis() - 1));
        assert!(early == outcome || early == Err(RepairRefused::TooOld), "{early:?}");
        assert_ne!(again(&mut self.log, then), outcome);
    }
}
