// SPDX-License-Identifier: MIT OR Apache-2.0

//! Advice on when to send what nobody asked for: dummies, receipts, answers, new beginnings (rose 32 §8, 33 §7, §8, 36 §5).

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Timestamp;
use subrosa::rose::{
    Misses, Outgoing, PeerAuthentication, ReceiptFacts, ReceiptPolicy, Receipts, ReceiveError, answer_by,
    next_dummy,
};

use crate::parties::{NOW, pair};

const FACTS: ReceiptFacts = ReceiptFacts {
    authentication: PeerAuthentication::Hybrid,
    was_hybrid: true,
    trusted: true,
    written: true,
};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn later(time: Timestamp, duration: Duration) -> Timestamp {
    time.saturating_add(duration)
}

/// All draws lie within `from` and `to` milliseconds from `NOW`, and each of 16 parts gets its share but for 6 sigma.
fn assert_uniform((from, to): (u64, u64), mut draw: impl FnMut() -> Timestamp) {
    const DRAWS: u32 = 16_000;
    let mut parts = [0_u32; 16];
    for _ in 0..DRAWS {
        let delay = draw().as_millis() - NOW.as_millis();
        assert!((from..=to).contains(&delay), "{delay}");
        parts[usize::try_from((delay - from) * 16 / (to - from + 1)).unwrap()] += 1;
    }
    for part in parts {
        assert!(part.abs_diff(DRAWS / 16) < 184, "{parts:?}");
    }
}

#[test]
fn an_answer_is_due_uniformly_within_12_to_60_hours() {
    let mut rng = rng(1);
    assert_uniform((12 * 3_600_000, 60 * 3_600_000), || answer_by(NOW, &mut rng));
}

#[test]
fn receipts_are_delayed_uniformly_by_5_to_60_seconds() {
    let mut rng = rng(2);
    let policy = ReceiptPolicy::default();
    assert_uniform((5_000, 60_000), || match policy.decide(FACTS, 15, NOW, &mut rng) {
        Receipts::SendAt(at) => at,
        other => panic!("{other:?}"),
    });
}

#[test]
fn sixteen_receipts_go_at_once_and_only_to_whom_they_may() {
    let (policy, mut rng) = (ReceiptPolicy::default(), rng(3));
    assert_eq!(policy.decide(FACTS, 16, NOW, &mut rng), Receipts::SendNow(16));
    assert_eq!(policy.decide(FACTS, 17, NOW, &mut rng), Receipts::SendNow(16));
    let classical = PeerAuthentication::Classical;
    for (facts, goes) in [
        (ReceiptFacts { trusted: false, ..FACTS }, false),
        (ReceiptFacts { written: false, ..FACTS }, false),
        (ReceiptFacts { authentication: classical, ..FACTS }, false),
        (ReceiptFacts { authentication: classical, was_hybrid: false, ..FACTS }, true),
    ] {
        assert_eq!(policy.decide(facts, 16, NOW, &mut rng) == Receipts::SendNow(16), goes, "{facts:?}");
    }
    let after_approval = ReceiptPolicy { unwritten: true, ..policy };
    for (trusted, goes) in [(true, true), (false, false)] {
        let facts = ReceiptFacts { written: false, trusted, ..FACTS };
        assert_eq!(after_approval.decide(facts, 16, NOW, &mut rng) == Receipts::SendNow(16), goes);
    }
}

/// The distribution function of 20,000 delays lies nowhere further from `1 - e^-x` than chance has it: 1.95 / sqrt(n) is
/// passed once in a thousand seeds (Kolmogorov and Smirnov).
#[test]
fn dummies_come_exponentially() {
    let mut rng = rng(4);
    for mean in [600.0, 5.0, 0.001] {
        let mut delays: Vec<f64> = (0..20_000)
            .map(|_| next_dummy(Duration::from_secs_f64(mean), &mut rng).as_secs_f64() / mean)
            .collect();
        delays.sort_by(f64::total_cmp);
        let distance = delays.iter().zip(0_u32..).map(|(delay, rank)| {
            let (expected, seen) = (1.0 - (-delay).exp(), f64::from(rank) / 20_000.0);
            (expected - seen).abs()
        });
        let greatest = distance.fold(0.0, f64::max);
        assert!(greatest < 1.95 / 20_000_f64.sqrt(), "mean {mean} s: {greatest}");
    }
    assert_eq!(next_dummy(Duration::ZERO, &mut rng), Duration::ZERO);
    assert!((0..1_000).all(|_| next_dummy(Duration::MAX, &mut rng) <= Duration::MAX));
}

#[test]
fn an_answer_is_due_after_64_messages_or_at_its_time() {
    let [mut alice, mut bob] = pair(110, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let by = later(NOW, Duration::from_secs(12 * 3_600));
    assert!(!bob.sessions[&to_alice].answer_due(NOW, by), "nothing came since he sent");
    for number in 1..=64 {
        let message = alice.send(to_bob, &Outgoing::content(b"on and on")).unwrap();
        bob.receive(&message, false).unwrap();
        let session = &bob.sessions[&to_alice];
        assert_eq!(session.answer_due(by, NOW), number == 64, "{number}");
        assert!(session.answer_due(by, by));
        assert!(number == 64 || !session.answer_due(by, Timestamp::from_millis(by.as_millis() - 1)));
    }
    bob.send(to_alice, &Outgoing::dummy()).unwrap();
    assert!(!bob.sessions[&to_alice].answer_due(by, by));
}

#[test]
fn a_peer_is_gone_after_100_messages_or_seven_days() {
    let [mut alice, mut bob] = pair(112, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let week = later(NOW, Duration::from_secs(7 * 86_400));
    assert!(!alice.sessions[&to_bob].is_unanswered(NOW, week), "nothing is out");
    let mut last = Vec::new();
    for number in 1..=100 {
        last = alice.send(to_bob, &Outgoing::dummy()).unwrap();
        let session = &alice.sessions[&to_bob];
        assert_eq!(session.is_unanswered(NOW, NOW), number == 100, "{number}");
        assert!(session.is_unanswered(NOW, week));
        assert!(number == 100 || !session.is_unanswered(NOW, Timestamp::from_millis(week.as_millis() - 1)));
    }
    bob.receive(&last, true).unwrap();
    let answer = bob.send(to_alice, &Outgoing::dummy()).unwrap();
    alice.receive(&answer, false).unwrap();
    assert!(!alice.sessions[&to_bob].is_unanswered(NOW, week));
}

#[test]
fn a_peer_that_was_put_back_is_noticed_and_not_by_spoilt_copies() {
    let [mut alice, mut bob] = pair(114, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let question = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    bob.receive(&question, false).unwrap();
    let backup = bob.sessions[&to_alice].record().as_bytes().to_vec();
    for _ in 0..3 {
        let message = bob.send(to_alice, &Outgoing::content(b"forgotten")).unwrap();
        alice.receive(&message, false).unwrap();
        assert!(!alice.sessions[&to_bob].peer_looks_restored(&message));
    }
    let question = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    let honest = bob.sessions[&to_alice].record().as_bytes().to_vec();
    for (record, restored) in [(honest, false), (backup, true)] {
        bob.put_back(to_alice, &record);
        bob.receive(&question, false).unwrap();
        let message = bob.send(to_alice, &Outgoing::content(b"short")).unwrap();
        let mut spoilt = message.clone();
        spoilt[60] ^= 1;
        let session = &alice.sessions[&to_bob];
        assert_eq!(session.peer_looks_restored(&message), restored);
        assert!(!session.peer_looks_restored(&spoilt));
        if restored {
            assert_eq!(alice.receive(&message, false).unwrap_err(), ReceiveError::Malformed);
        }
    }
}

#[test]
fn misses_count_what_could_have_been_a_message() {
    let mut misses = Misses::default();
    let noise = [7; 768];
    misses.note(ReceiveError::NotFound, &noise[..384], NOW);
    misses.note(ReceiveError::NotFound, &noise, later(NOW, Duration::from_secs(9)));
    let counted = misses;
    assert_eq!((counted.count, counted.since), (2, Some(NOW)));
    misses.note(ReceiveError::NotFound, &noise[..383], NOW);
    misses.note(ReceiveError::NotAuthentic, &noise, NOW);
    misses.note(ReceiveError::Duplicate, &noise, NOW);
    assert_eq!(misses, counted);
}
