// SPDX-License-Identifier: MIT OR Apache-2.0

//! Comparison runs: how many, how long, and what ends them (rose 35 §6, §8).

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::rose::sas::{Runs, STEP_LEN, SasError, SasStep};
use subrosa::rose::{Class, DeviceName, Outgoing, RoseKey, SendError, Session};
use subrosa::store::Key;
use subrosa::{RecordError, Timestamp};

use crate::parties::{Device, NOW, Service, pair};

const TEN_MINUTES: Duration = Duration::from_secs(600);
const MILLISECOND: Duration = Duration::from_millis(1);

/// One side of a comparison.
struct Side {
    device: Device,
    peer: DeviceName,
    runs: Runs,
    rng: ChaCha20Rng,
}

fn sides(seed: u64) -> [Side; 2] {
    pair(seed, false).map(|device| {
        let (peer, rng) = (*device.sessions.keys().next().unwrap(), ChaCha20Rng::seed_from_u64(seed + 9));
        Side { rng, peer, runs: Runs::default(), device }
    })
}

impl Side {
    fn session(&mut self) -> &mut Session {
        self.device.sessions.get_mut(&self.peer).unwrap()
    }

    fn start(&mut self, now: Timestamp) -> Result<[u8; STEP_LEN], SasError> {
        let session = self.device.sessions.get_mut(&self.peer).unwrap();
        let staged = session.start_sas(&mut self.runs, now, &mut self.rng)?;
        Ok(staged.commit_with(|writes| self.device.store.apply(writes)).unwrap())
    }

    fn take(&mut self, step: &[u8], now: Timestamp) -> Result<SasStep, SasError> {
        let session = self.device.sessions.get_mut(&self.peer).unwrap();
        let staged = session.take_sas(step, &mut self.runs, now, &mut self.rng)?;
        Ok(staged.commit_with(|writes| self.device.store.apply(writes)).unwrap())
    }

    fn answer(&mut self, commit: &[u8], now: Timestamp) -> [u8; STEP_LEN] {
        match self.take(commit, now) {
            Ok(SasStep::Send(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }

    fn reveal(&mut self, answer: &[u8]) -> [u8; STEP_LEN] {
        match self.take(answer, NOW) {
            Ok(SasStep::SendAndShow(reveal, _)) => reveal,
            other => panic!("{other:?}"),
        }
    }
}

impl Side {
    /// Ends the process, and starts it from what is stored.
    fn restart(&mut self) {
        self.device.check();
        let key = Key::Rose(RoseKey::Session(self.peer)).to_bytes();
        let record = self.device.store.rows[&key].clone();
        self.device.put_back(self.peer, &record);
    }

    fn confirm(&mut self) -> [u8; STEP_LEN] {
        let session = self.device.sessions.get_mut(&self.peer).unwrap();
        let staged = session.confirm_sas(&self.runs, NOW).unwrap();
        staged.commit_with(|writes| self.device.store.apply(writes)).unwrap()
    }
}

/// Bob answers Alice's commitment, and she has revealed.
fn revealed(seed: u64) -> ([Side; 2], [u8; STEP_LEN]) {
    let [mut alice, mut bob] = sides(seed);
    let commit = alice.start(NOW).unwrap();
    let answer = bob.answer(&commit, NOW);
    let reveal = alice.reveal(&answer);
    ([alice, bob], reveal)
}

#[test]
fn three_runs_a_day_whoever_starts_and_in_whatever_session() {
    let [mut alice, mut bob] = sides(200);
    for _ in 0..2 {
        let commit = alice.start(NOW).unwrap();
        bob.answer(&commit, NOW);
        let cancelled = alice.session().cancel_sas(false).unwrap().commit();
        assert!(matches!(bob.take(&cancelled, NOW), Ok(SasStep::Cancelled { differ: false })));
    }
    let commit = bob.start(NOW).unwrap();
    alice.answer(&commit, NOW);
    assert_eq!(alice.start(NOW).unwrap_err(), SasError::TooManyRuns);
    // The count goes with the account: a new session, of which nothing is known, has none of its own.
    bob.runs = Runs::from_bytes(&bob.runs.to_bytes());
    bob.session().cancel_sas(false).unwrap().commit();
    assert_eq!(bob.start(NOW).unwrap_err(), SasError::TooManyRuns);
    let commit = Side { runs: Runs::default(), ..alice }.start(NOW).unwrap();
    assert_eq!(bob.take(&commit, NOW).unwrap_err(), SasError::TooManyRuns);
    // Days begin at midnight, UTC.
    let midnight = Timestamp::from_secs((NOW.as_secs() / 86_400 + 1) * 86_400);
    let before = Timestamp::from_millis(midnight.as_millis() - 1);
    assert_eq!(bob.start(before).unwrap_err(), SasError::TooManyRuns);
    assert!(bob.start(midnight).is_ok());
}

#[test]
fn a_clock_that_is_set_back_gives_no_further_runs() {
    let [mut alice, _] = sides(202);
    assert!((0..3).all(|_| alice.start(NOW).is_ok()));
    let yesterday = Timestamp::from_secs(NOW.as_secs() - 86_400);
    assert_eq!(alice.start(yesterday).unwrap_err(), SasError::TooManyRuns);
}

#[test]
fn a_run_ends_after_ten_minutes() {
    let ([mut alice, mut bob], reveal) = revealed(204);
    let last = NOW.saturating_add(TEN_MINUTES);
    let over = last.saturating_add(MILLISECOND);
    assert_eq!(bob.take(&reveal, over).unwrap_err(), SasError::WrongStep);
    assert!(matches!(bob.take(&reveal, last), Ok(SasStep::Show(_))));
    let runs = alice.runs;
    assert_eq!(alice.session().confirm_sas(&runs, over).map(drop).unwrap_err(), SasError::NoRun);
    let confirm = alice.session().confirm_sas(&runs, last).unwrap().commit();
    assert_eq!(bob.take(&confirm, over).unwrap_err(), SasError::WrongStep);
    assert!(matches!(bob.take(&confirm, last), Ok(SasStep::Confirmed)));
    // Another may begin then.
    let commit = alice.start(over).unwrap();
    bob.answer(&commit, over);
}

/// Each step of the peer is refused under another id and with a bit in what is zero, and changes nothing; and each side
/// restarts after it.
#[test]
fn a_run_goes_on_after_restarts_and_takes_only_its_own_steps() {
    fn take(side: &mut Side, step: &[u8; STEP_LEN]) -> SasStep {
        let (mut other, mut longer) = (*step, *step);
        other[1] ^= 1;
        longer[STEP_LEN - 2..].fill(1);
        if step[0] != 1 {
            assert_eq!(side.take(&other, NOW).unwrap_err(), SasError::WrongStep);
        }
        assert_eq!(side.take(&longer, NOW).unwrap_err(), SasError::Malformed);
        let outcome = side.take(step, NOW).unwrap();
        side.restart();
        outcome
    }
    let [mut alice, mut bob] = sides(230);
    let commit = alice.start(NOW).unwrap();
    alice.restart();
    let SasStep::Send(answer) = take(&mut bob, &commit) else { panic!("an answer is due") };
    let SasStep::SendAndShow(reveal, hers) = take(&mut alice, &answer) else { panic!("she reveals") };
    let SasStep::Show(his) = take(&mut bob, &reveal) else { panic!("he sees it") };
    assert_eq!(hers.digits(), his.digits());
    assert_eq!(format!("{hers:?}"), "Sas(..)");
    let (from_alice, from_bob) = (alice.confirm(), bob.confirm());
    assert!(matches!(take(&mut alice, &from_bob), SasStep::Confirmed));
    assert!(matches!(take(&mut bob, &from_alice), SasStep::Confirmed));
    let cancelled = bob.session().cancel_sas(true).unwrap().commit();
    assert!(matches!(take(&mut alice, &cancelled), SasStep::Cancelled { differ: true }));
}

#[test]
fn a_run_of_no_step_or_side_is_damaged() {
    let [mut alice, _] = sides(232);
    let commit = alice.start(NOW).unwrap();
    let record = alice.session().record().as_bytes().to_vec();
    // Step and side stand before the id.
    let at = record.windows(16).position(|id| *id == commit[1..17]).unwrap();
    for (at, value) in [(at - 2, 0), (at - 2, 5), (at - 1, 2)] {
        let mut record = record.clone();
        record[at] = value;
        let read = Session::from_record(&record, alice.peer).map(drop);
        assert_eq!(read, Err(RecordError::Damaged), "{value}");
    }
}

/// What comes too early for a run that has not come so far.
#[test]
fn no_step_comes_before_its_turn() {
    let ([mut alice, mut bob], reveal) = revealed(231);
    assert!(matches!(bob.take(&reveal, NOW), Ok(SasStep::Show(_))));
    let confirm = bob.confirm();
    let [mut early, _] = sides(231);
    let commit = early.start(NOW).unwrap();
    assert_eq!(commit[0], 1);
    assert_eq!(early.take(&confirm, NOW).unwrap_err(), SasError::WrongStep, "nothing is revealed yet");
    assert_eq!(early.take(&reveal, NOW).unwrap_err(), SasError::WrongStep, "who starts reveals");
    let mut smaller = commit;
    smaller[1..17].fill(0);
    assert_eq!(alice.take(&smaller, NOW).unwrap_err(), SasError::WrongStep, "she has revealed");
    assert!(matches!(alice.take(&confirm, NOW), Ok(SasStep::Confirmed)));
    assert_eq!(alice.take(&reveal, NOW).unwrap_err(), SasError::WrongStep);
    assert_eq!(bob.take(&reveal, NOW).unwrap_err(), SasError::WrongStep, "it was revealed");
}

#[test]
fn a_wrong_commitment_ends_the_run() {
    let ([_, mut bob], reveal) = revealed(206);
    let mut forged = reveal;
    forged[20] ^= 1;
    assert!(matches!(bob.take(&forged, NOW), Ok(SasStep::WrongCommitment)));
    assert_eq!(bob.take(&reveal, NOW).unwrap_err(), SasError::WrongStep, "it is over");
}

#[test]
fn a_second_commitment_of_one_side_ends_the_run() {
    let [mut alice, mut bob] = sides(208);
    let first = alice.start(NOW).unwrap();
    let answer = bob.answer(&first, NOW);
    let second = alice.start(NOW).unwrap();
    assert!(matches!(bob.take(&second, NOW), Ok(SasStep::Cancelled { differ: false })));
    assert_eq!(alice.take(&answer, NOW).unwrap_err(), SasError::WrongStep, "of a run that is over");
}

#[test]
fn of_two_that_start_the_smaller_id_goes_on() {
    let [mut alice, mut bob] = sides(210);
    bob.rng = ChaCha20Rng::seed_from_u64(1);
    let (of_alice, of_bob) = (alice.start(NOW).unwrap(), bob.start(NOW).unwrap());
    let alices_goes_on = of_alice[1..17] < of_bob[1..17];
    let [(winner, commit), (loser, dropped)] = if alices_goes_on {
        [(&mut alice, of_alice), (&mut bob, of_bob)]
    } else {
        [(&mut bob, of_bob), (&mut alice, of_alice)]
    };
    for step in [dropped, commit] {
        assert_eq!(winner.take(&step, NOW).unwrap_err(), SasError::WrongStep, "the loser's, and its own");
    }
    let answer = loser.answer(&commit, NOW);
    let reveal = winner.reveal(&answer);
    assert!(matches!(loser.take(&reveal, NOW), Ok(SasStep::Show(_))));
    // It was one run for each side: there are two more.
    for side in [winner, loser] {
        assert!((0..2).all(|_| side.start(NOW).is_ok()));
        assert_eq!(side.start(NOW).unwrap_err(), SasError::TooManyRuns);
    }
}

#[test]
fn nothing_is_compared_before_the_peer_has_proven_itself() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 212);
    let mut bob = Device::new(&service, "bob", 1, 213);
    let bundle = bob.bundle(Class::OneTime);
    let peer = alice.begin(&bundle, false);
    let (mut runs, mut rng) = (Runs::default(), ChaCha20Rng::seed_from_u64(1));
    let session = alice.session(peer);
    assert_eq!(session.start_sas(&mut runs, NOW, &mut rng).map(drop).unwrap_err(), SasError::TooEarly);
    let step = [1; STEP_LEN];
    let mut step = step;
    step[49..].fill(0);
    assert_eq!(session.take_sas(&step, &mut runs, NOW, &mut rng).map(drop).unwrap_err(), SasError::TooEarly);
    assert_eq!(runs, Runs::default(), "a refused one does not count");
}

#[test]
fn a_distrusted_session_sends_nothing_until_the_user_decides() {
    let ([mut alice, mut bob], reveal) = revealed(214);
    bob.take(&reveal, NOW).unwrap();
    let differ = alice.session().cancel_sas(true).unwrap().commit();
    assert!(matches!(bob.take(&differ, NOW), Ok(SasStep::Cancelled { differ: true })));
    let peer = bob.peer;
    bob.session().distrust(true).unwrap().commit();
    for message in [Outgoing::content(b"x"), Outgoing::dummy()] {
        assert_eq!(bob.device.send(peer, &message).unwrap_err(), SendError::Distrusted);
    }
    bob.session().distrust(false).unwrap().commit();
    assert!(bob.device.send(peer, &Outgoing::dummy()).is_ok());
}
