// SPDX-License-Identifier: MIT OR Apache-2.0

//! How much a peer can make us do: at most what the policy says, in whatever order it sends whatever.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use subrosa::{
    Address, Advice, ContentHint, DecryptionErrorMessage, DeviceId, Failure, MessageKind, PublicKey, Rate,
    RepairAnswer, RepairLog, RepairPolicy, RepairRefused, Resend, ResendRequest, Session, Timestamp,
};

use super::device::{ALICE, BOB, Device, START};

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A request to send a group message again, which needs no session.
fn request_for(message: Timestamp, key: Option<&PublicKey>) -> DecryptionErrorMessage {
    let group = DecryptionErrorMessage::for_original(b"", MessageKind::SenderKey, message.as_millis(), 1);
    let mut bytes = key.map_or_else(Vec::new, |key| [&[0x0A, 33][..], &key.encode()].concat());
    bytes.extend_from_slice(&group.unwrap().encode());
    DecryptionErrorMessage::parse(&bytes).unwrap()
}

fn missed(sent: Timestamp) -> ResendRequest {
    let (kind, device) = (MessageKind::SenderKey, DeviceId::PRIMARY);
    let advice = Advice::about(Failure::Undecryptable, ContentHint::Default, kind, b"", sent, device);
    advice.ask.unwrap()
}

fn ask(log: &mut RepairLog, policy: &RepairPolicy, now: Timestamp) -> Result<(), RepairRefused> {
    log.ask(missed(at(0)), policy, now).map(|staged| assert_eq!(staged.commit(), missed(at(0))))
}

fn answer(
    log: &mut RepairLog,
    message: Timestamp,
    policy: &RepairPolicy,
    now: Timestamp,
) -> Result<(), RepairRefused> {
    let [alice, bob] = Device::pair(1).map(|device| device.address);
    let mut session = Session::new(alice, bob);
    log.answer(&mut session, &request_for(message, None), policy, now)
        .map(|answer| assert!(answer.commit().group))
}

#[test]
fn the_default_policy() {
    let (hour, day) = (3_600 * SECOND, 86_400 * SECOND);
    let expected = RepairPolicy {
        ask: Rate { max: 10, per: hour },
        resend: Rate { max: 30, per: hour },
        reset: Rate { max: 3, per: hour },
        resend_each: 2,
        max_age: day,
    };
    assert_eq!(RepairPolicy::default(), expected);
}

#[test]
fn a_rate_is_for_every_span_of_time() {
    let policy = RepairPolicy { ask: Rate { max: 3, per: 100 * SECOND }, ..RepairPolicy::default() };
    let mut log = RepairLog::new();
    for millis in [0, 40_000, 99_999] {
        ask(&mut log, &policy, at(millis)).unwrap();
    }
    assert_eq!(ask(&mut log, &policy, at(99_999)), Err(RepairRefused::TooOften(Some(at(100_000)))));
    ask(&mut log, &policy, at(100_000)).unwrap();
    assert_eq!(ask(&mut log, &policy, at(139_999)), Err(RepairRefused::TooOften(Some(at(140_000)))));
    ask(&mut log, &policy, at(140_000)).unwrap();
    assert_eq!(log.generation(), 5);
}

#[test]
fn a_rate_of_nothing_is_never() {
    let policy = RepairPolicy { ask: Rate { max: 0, per: SECOND }, ..RepairPolicy::default() };
    assert_eq!(ask(&mut RepairLog::new(), &policy, START), Err(RepairRefused::TooOften(None)));
    let policy = RepairPolicy { resend_each: 0, ..RepairPolicy::default() };
    assert_eq!(answer(&mut RepairLog::new(), START, &policy, START), Err(RepairRefused::TooOften(None)));
}

#[test]
fn more_than_64_is_64() {
    let policy = RepairPolicy { ask: Rate { max: 255, per: 1_000 * SECOND }, ..RepairPolicy::default() };
    let mut log = RepairLog::new();
    for millis in 0..64 {
        ask(&mut log, &policy, at(millis)).unwrap();
    }
    assert_eq!(ask(&mut log, &policy, at(64)), Err(RepairRefused::TooOften(Some(at(1_000_000)))));
    ask(&mut log, &policy, at(1_000_000)).unwrap();
    assert_eq!(log.record().as_bytes().len(), 4 + 8 + 3 + 64 * 16, "not more are kept");
}

/// A peer can't have a message sent without end by asking for many others between, so that it is forgotten how
/// often it was sent.
#[test]
fn nothing_is_forgotten_while_it_may_be_asked_for() {
    let policy = RepairPolicy { resend: Rate { max: 64, per: SECOND }, ..RepairPolicy::default() };
    let mut log = RepairLog::new();
    let mut now = START;
    for _ in 0..2 {
        answer(&mut log, START, &policy, now).unwrap();
    }
    for count in 1..=62 {
        now = at(START.as_millis() + count * 2_000);
        answer(&mut log, now, &policy, now).unwrap();
    }
    assert_eq!(answer(&mut log, START, &policy, now), Err(RepairRefused::TooOften(None)));
    now = START.saturating_add(policy.max_age);
    assert_eq!(answer(&mut log, START, &policy, now), Err(RepairRefused::TooOften(None)));
    let next = at(now.as_millis() + 1);
    assert_eq!(answer(&mut log, now, &policy, now), Err(RepairRefused::TooOften(Some(next))));
    answer(&mut log, now, &policy, next).unwrap();
    assert_eq!(answer(&mut log, START, &policy, next), Err(RepairRefused::TooOld));
}

/// A clock that is set back makes nobody wait for the future to come. It lets as much happen again, once.
#[test]
fn a_clock_that_is_set_back() {
    let policy = RepairPolicy { ask: Rate { max: 2, per: 100 * SECOND }, ..RepairPolicy::default() };
    let mut log = RepairLog::new();
    let future = at(START.as_millis() + 365 * 86_400_000);
    for _ in 0..2 {
        ask(&mut log, &policy, future).unwrap();
        answer(&mut log, future, &policy, future).unwrap();
    }
    assert!(ask(&mut log, &policy, future).is_err());
    for _ in 0..2 {
        ask(&mut log, &policy, START).unwrap();
        answer(&mut log, START, &policy, START).unwrap();
    }
    assert!(ask(&mut log, &policy, START).is_err());
    assert!(answer(&mut log, START, &policy, START).is_err());
    // By less than the span: what happened then still counts.
    let mut log = RepairLog::new();
    for _ in 0..2 {
        ask(&mut log, &policy, at(START.as_millis() + 99_999)).unwrap();
    }
    let next = at(START.as_millis() + 199_999);
    assert_eq!(ask(&mut log, &policy, START), Err(RepairRefused::TooOften(Some(next))));
    ask(&mut log, &policy, at(START.as_millis() - 1)).unwrap();
}

#[test]
fn a_full_log_of_the_future_does_not_stay_full() {
    let policy = RepairPolicy { resend: Rate { max: 64, per: SECOND }, ..RepairPolicy::default() };
    let mut log = RepairLog::new();
    for count in 0..64 {
        let future = at(START.as_millis() + 365 * 86_400_000 + count);
        answer(&mut log, future, &policy, future).unwrap();
    }
    answer(&mut log, START, &policy, START).unwrap();
}

#[test]
fn the_end_of_time() {
    let end = at(u64::MAX);
    let rate = Rate { max: 1, per: Duration::MAX };
    let policy =
        RepairPolicy { ask: rate, resend: rate, reset: rate, resend_each: 255, max_age: Duration::MAX };
    let mut log = RepairLog::new();
    ask(&mut log, &policy, at(0)).unwrap();
    assert_eq!(ask(&mut log, &policy, at(u64::MAX - 1)), Err(RepairRefused::TooOften(Some(end))));
    answer(&mut log, at(0), &policy, end).unwrap();
}

/// What a hostile peer does: sends what can't be read, asks for whatever, waits.
#[derive(Clone, Copy, Debug)]
enum Move {
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
enum About {
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
struct Victim {
    log: RepairLog,
    /// The record of our session with it. If that is reset, another is begun at once.
    session: Vec<u8>,
    /// The ratchet key that we send with.
    current: PublicKey,
    now: Timestamp,
    history: History,
}

impl Victim {
    fn new() -> Self {
        let [mut alice, bob] = Device::acquainted(1);
        let current = *alice.send(&bob.address, b"").signal().ratchet_key();
        let session = alice.record(&bob.address).to_vec();
        Self { log: RepairLog::new(), session, current, now: START, history: History::default() }
    }

    fn session(&self) -> Session {
        let [alice, bob] = [ALICE, BOB].map(|name| Address::new(name, DeviceId::PRIMARY));
        Session::from_record(&self.session, alice, bob).unwrap()
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
        self.log = RepairLog::from_record(self.log.record().as_bytes()).unwrap();
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
            let bytes = [&request.encode()[..], &[0x18, 0x02]].concat();
            request = DecryptionErrorMessage::parse(&bytes).unwrap();
        }
        let resets = about == About::Current;
        let allowed = device
            && self.history.allows_resend(message, policy, self.now)
            && (!resets || allows(&self.history.reset, policy.reset, self.now));
        let mut session = self.session();
        let answer = self.log.answer(&mut session, &request, policy, self.now).map(RepairAnswer::commit);
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

fn rate() -> impl Strategy<Value = Rate> {
    let max = prop_oneof![8 => 0..6u8, 1 => 60..70u8];
    (max, 0..5_000u64).prop_map(|(max, millis)| Rate { max, per: Duration::from_millis(millis) })
}

fn policies() -> impl Strategy<Value = RepairPolicy> {
    let each = prop_oneof![8 => 0..5u8, 1 => Just(255)];
    (rate(), rate(), rate(), each, 0..20_000u64).prop_map(|(ask, resend, reset, resend_each, max_age)| {
        RepairPolicy { ask, resend, reset, resend_each, max_age: Duration::from_millis(max_age) }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    let about = prop_oneof![1 => Just(About::Current), 1 => Just(About::Former), 3 => Just(About::Group)];
    let ago = prop_oneof![Just(0), 0..4u16, any::<u16>()];
    let device = proptest::bool::weighted(0.95);
    let asks = (ago, about, device).prop_map(|(ago, about, device)| Move::Ask { ago, about, device });
    let waits = prop_oneof![0..3u16, 0..500u16, any::<u16>()].prop_map(Move::Wait);
    prop_oneof![1 => Just(Move::Rubbish), 6 => asks, 3 => waits]
}

pub fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/repair.proptest-regressions");
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(file)));
    config
}

proptest! {
    #![proptest_config(config(256))]

    /// No more happens than the policy allows; and what it allows does happen.
    #[test]
    fn no_peer_gets_more_than_the_policy_allows(
        policy in policies(),
        hostile in proptest::collection::vec(moves(), 0..300),
    ) {
        let mut victim = Victim::new();
        for step in hostile {
            victim.suffer(step, &policy);
        }
        victim.history.check(&policy);
    }
}
