// SPDX-License-Identifier: MIT OR Apache-2.0

//! Advice on when to send what nobody asked for: dummies, receipts, answers (rose 32 §8, 33 §7, §8, 36 §5). The crate has no
//! clock; the caller passes the time, and keeps the times that it is given.

use core::time::Duration;

use rand_core::CryptoRng;

use super::codec::Parts;
use super::contact::PeerAuthentication;
use super::session::Session;
use crate::ratchet::rose::Place;
use crate::timestamp::Timestamp;
use crate::wire::rose::header::Header;

/// Messages received on a chain after which an answer is due.
const ANSWER_AFTER: u32 = 64;
/// Messages sent on a chain after which the peer ought to have answered.
const UNANSWERED_AFTER: u32 = 100;
const HOUR: u64 = 3_600_000;

/// The time until the next dummy: exponentially distributed, so that when one comes tells nothing of the next.
///
/// Draws 8 bytes a few times.
pub fn next_dummy(mean: Duration, rng: &mut impl CryptoRng) -> Duration {
    // Von Neumann's method: comparisons alone give e^-x. The length of a falling run is even with that chance.
    let mut whole = 0_u32;
    loop {
        let first = draw(rng);
        let (mut last, mut falls) = (first, true);
        loop {
            let next = draw(rng);
            if next > last {
                break;
            }
            (last, falls) = (next, !falls);
        }
        if falls {
            let part = u32::try_from(first >> 32).unwrap_or(u32::MAX);
            return mean.saturating_mul(whole).saturating_add(fraction(mean, part));
        }
        whole = whole.saturating_add(1);
    }
}

/// `part` of `u32::MAX` parts of the mean.
fn fraction(mean: Duration, part: u32) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let nanos = mean.as_nanos() * u128::from(part) / u128::from(u32::MAX);
    let (seconds, rest) = (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND));
    Duration::new(seconds.unwrap_or(u64::MAX), rest.unwrap_or(0))
}

fn draw(rng: &mut impl CryptoRng) -> u64 {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A time between two durations from now, each as likely.
fn within(now: Timestamp, (from, to): (Duration, Duration), rng: &mut impl CryptoRng) -> Timestamp {
    let span = u64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    now.saturating_add(from).saturating_add(Duration::from_millis(draw(rng) % span))
}

/// The policy for receipts, which link anonymous senders and probe devices.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptPolicy {
    /// Receipts to a trusted contact in whose session the user has not written.
    pub unwritten: bool,
    /// Receipts in one message, at most.
    pub batch: usize,
    /// The delay, from and to.
    pub delay: (Duration, Duration),
}

impl Default for ReceiptPolicy {
    fn default() -> Self {
        Self { unwritten: false, batch: 16, delay: (Duration::from_secs(5), Duration::from_secs(60)) }
    }
}

/// What a decision on receipts goes by.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptFacts {
    /// The session's authentication, and that of the account's sessions so far: a receipt waits for what was reached.
    pub authentication: PeerAuthentication,
    /// Whether a state with the account was Hybrid.
    pub was_hybrid: bool,
    /// Whether the user trusts the contact.
    pub trusted: bool,
    /// Whether the user has written in the session.
    pub written: bool,
}

/// The decision on pending receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipts {
    /// Send the first so many now, in one message.
    SendNow(usize),
    /// Send what is pending at this time.
    SendAt(Timestamp),
    /// Send none.
    Never,
}

impl ReceiptPolicy {
    /// Decides on a number of pending receipts. Draws 8 bytes for a time.
    pub fn decide(
        &self,
        facts: ReceiptFacts,
        pending: usize,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Receipts {
        let proven = !facts.was_hybrid || facts.authentication == PeerAuthentication::Hybrid;
        if pending == 0 || !facts.trusted || !proven || !(facts.written || self.unwritten) {
            Receipts::Never
        } else if pending >= self.batch {
            Receipts::SendNow(self.batch.max(1))
        } else {
            Receipts::SendAt(within(now, self.delay, rng))
        }
    }
}

/// The time at which an answer is due at the latest, from the first message of a chain on: uniform in 12 to 60 hours. Draws
/// 8 bytes.
pub fn answer_by(now: Timestamp, rng: &mut impl CryptoRng) -> Timestamp {
    within(now, (Duration::from_millis(12 * HOUR), Duration::from_millis(60 * HOUR)), rng)
}

impl Session {
    /// Whether an answer is due, a receipt or a dummy, to an approved peer: 64 messages came on a chain and nothing was
    /// sent since, or `by` is over, which [`answer_by`] gave.
    #[must_use]
    pub fn answer_due(&self, by: Timestamp, now: Timestamp) -> bool {
        let waiting = self.states.first().map_or(0, |state| state.ratchet.received_unanswered());
        waiting >= ANSWER_AFTER || (waiting > 0 && now >= by)
    }

    /// Whether the peer seems to be gone: 100 messages went out on a chain and nothing came back, or one and seven days.
    /// `first_sent` is when the first message of the chain was sent. Begin anew then, with the bundle that the peer gave.
    #[must_use]
    pub fn is_unanswered(&self, first_sent: Timestamp, now: Timestamp) -> bool {
        let sent = self.sent_on_chain();
        let week = Duration::from_millis(7 * 24 * HOUR);
        sent >= UNANSWERED_AFTER || (sent > 0 && now >= first_sent.saturating_add(week))
    }

    /// Whether a message that was refused as malformed hints at a peer that was put back to a backup: it begins the
    /// peer's next chain, and says that the chain before was shorter than we know. Begin anew then. What others can
    /// cause never hints at it.
    #[must_use]
    pub fn peer_looks_restored(&self, message: &[u8]) -> bool {
        let Some((state, Place::Next)) =
            self.find(message).and_then(|(at, place)| Some((self.states.get(at)?, place)))
        else {
            return false;
        };
        let header = Parts::of(message).zip(state.ratchet.expected(Place::Next));
        let header = header.and_then(|(parts, expected)| parts.open_header(expected));
        let header = header.and_then(|header| Header::parse(&header).ok());
        header.is_some_and(|header| header.previous < state.ratchet.received_on_chain())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn dummies_are_exponentially_distributed() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mean = Duration::from_secs(1_000);
        let times: alloc::vec::Vec<f64> =
            (0..20_000).map(|_| next_dummy(mean, &mut rng).as_secs_f64()).collect();
        let average = times.iter().sum::<f64>() / 20_000.0;
        assert!((average - 1_000.0).abs() < 30.0, "{average}");
        // e^-1 and e^-2 of them come later than the mean, and than twice the mean.
        for (later, share) in [(1_000.0, 0.3679), (2_000.0, 0.1353)] {
            let count = times.iter().filter(|time| **time > later).count();
            let seen = f64::from(u32::try_from(count).unwrap()) / 20_000.0;
            assert!((seen - share).abs() < 0.015, "{seen}");
        }
    }

    #[test]
    fn receipts_go_to_trusted_contacts_alone_and_in_batches() {
        let (mut rng, now) = (ChaCha20Rng::seed_from_u64(2), Timestamp::from_secs(1_000));
        let facts = ReceiptFacts {
            authentication: PeerAuthentication::Hybrid,
            was_hybrid: true,
            trusted: true,
            written: true,
        };
        let policy = ReceiptPolicy::default();
        let mut decide = |facts, pending| policy.decide(facts, pending, now, &mut rng);
        assert_eq!(decide(ReceiptFacts { trusted: false, ..facts }, 3), Receipts::Never);
        assert_eq!(decide(ReceiptFacts { written: false, ..facts }, 3), Receipts::Never);
        let unproven = ReceiptFacts { authentication: PeerAuthentication::Classical, ..facts };
        assert_eq!(decide(unproven, 3), Receipts::Never);
        assert_eq!((decide(facts, 0), decide(facts, 20)), (Receipts::Never, Receipts::SendNow(16)));
        let Receipts::SendAt(at) = decide(facts, 3) else { panic!("a time") };
        assert!((1_005_000..=1_060_000).contains(&at.as_millis()));
    }
}
