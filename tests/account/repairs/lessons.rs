// SPDX-License-Identifier: MIT OR Apache-2.0

//! Problems that users of other libraries reported: each is refused, repaired, or cannot happen.

use subrosa::group;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::repair::{Advice, DecryptionErrorMessage, RepairPolicy, RepairRefused, Resend, Show};
use subrosa::sealed::ContentHint;
use subrosa::{DecryptError, DeviceId, MessageKind, Plaintext, Timestamp, Trust};

use crate::device::{self, Device, Letter, Offer};
use crate::repair::NotAnswered;

fn policy() -> RepairPolicy {
    RepairPolicy::default()
}

/// `to` could not read `letter` of `from`: it asks, and `from` sends `text` again, on a new session if the
/// answer is so.
#[track_caller]
fn repair(to: &mut Device, from: &mut Device, letter: &Letter, sent: Timestamp, text: &[u8]) -> Resend {
    let request = to.miss(&from.address, letter, sent).expect("something to ask for");
    let request = to.ask(&from.address, request, &policy()).unwrap();
    let resend = from.answer(&to.address, &request, &policy()).unwrap();
    assert_eq!(resend.timestamp, sent);
    if resend.reset {
        from.begin_with(to, Offer::LAST_RESORT);
    }
    from.tell(to, text);
    resend
}

/// Both go on as if nothing had been.
#[track_caller]
fn talk(one: &mut Device, other: &mut Device) {
    other.tell(one, b"answer");
    one.tell(other, b"and so on");
    assert!(one.agrees_with(other));
}

#[test]
fn a_duplicate_is_neither_shown_nor_asked_for() {
    let [mut alice, mut bob] = Device::acquainted(21);
    let letter = alice.tell(&mut bob, b"once");
    let failure = bob.refuse(&alice.address, &letter);
    let duplicate = DecryptError::Duplicate;
    assert_eq!(failure, device::Failure::Decrypt(duplicate));
    let advice = crate::repair::advice(&failure, &letter, bob.now, &alice.address);
    assert_eq!((advice.show, advice.ask), (Show::Never, None));
}

#[test]
fn timestamps_of_senders_order_nothing() {
    let [mut alice, mut bob] = Device::acquainted(24);
    let first = alice.send(&bob.address, b"first");
    let second = alice.send(&bob.address, b"second");
    // However late, and whatever time they say, the order is that of the counters.
    assert_eq!([&first, &second].map(|letter| letter.signal().counter()), [0, 1]);
    let future = Timestamp::from_millis(alice.now.as_millis() + 600_001);
    let error =
        DecryptionErrorMessage::for_original(&first.bytes, first.kind, future, DeviceId::PRIMARY).unwrap();
    let refused = alice.answer(&bob.address, &error, &policy());
    assert_eq!(refused, Err(NotAnswered::Refused(RepairRefused::TooOld)));
    bob.hear(&alice, &second, b"second");
    bob.hear(&alice, &first, b"first");
}

/// Two processes that answer at the same time: the generation tells the second that it must read again.
#[test]
fn the_generation_tells_that_a_log_has_changed() {
    let [alice, bob] = Device::acquainted(25);
    let group =
        DecryptionErrorMessage::for_original(b"", MessageKind::SenderKey, alice.now, DeviceId::PRIMARY);
    let mut answers = [0, 1].map(|_| (alice.log(&bob.address), alice.session(&bob.address).unwrap()));
    let [one, other] = &mut answers;
    assert_eq!(one.0.generation(), other.0.generation());
    let request = group.unwrap();
    let resend = one.0.answer(&mut one.1, &request, &policy(), alice.now).unwrap().commit();
    assert!(resend.group);
    assert_eq!(one.0.generation(), other.0.generation() + 1);
}

/// Bundles that are fetched several times at once begin several sessions: which of them stays is the same for
/// both, and the others do no harm.
#[test]
fn duplicate_sessions_do_no_harm() {
    let [mut alice, mut bob] = Device::pair(31);
    let mut letters = Vec::new();
    for text in [b"one".as_slice(), b"two", b"three"] {
        alice.begin_with(&mut bob, Offer::FULL);
        letters.push((alice.send(&bob.address, text), text));
    }
    letters.reverse();
    for (letter, text) in &letters {
        bob.hear(&alice, letter, text);
    }
    // The last one that was read is bob's; alice's is the last one that she began, until she hears bob.
    bob.tell(&mut alice, b"answer");
    assert!(alice.agrees_with(&bob));
    talk(&mut alice, &mut bob);
    assert_eq!(alice.session(&bob.address).unwrap().archived_len(), 2);
}

struct Group {
    key: SenderKey,
    keys: ReceiverKeys,
}

impl Group {
    /// Alice's sender key, and what bob holds of it.
    fn new(alice: &mut Device, bob: &mut Device) -> Self {
        let id = DistributionId::from_bytes([9; 16]);
        let keys = ReceiverKeys::new(alice.address.clone(), id);
        let mut group = Self { key: SenderKey::generate(id, &mut alice.rng), keys };
        group.distribute(alice, bob);
        group
    }

    /// The sender key as it is now, through the session.
    fn distribute(&mut self, alice: &mut Device, bob: &mut Device) {
        let distribution = self.key.distribution();
        alice.tell(bob, &distribution);
        let distribution = DistributionMessage::parse(&distribution).unwrap();
        self.keys
            .fast_forward(&distribution, &subrosa::IdentityKey::decode(&[5; 33]).unwrap())
            .unwrap()
            .commit();
    }

    fn send(&mut self, alice: &mut Device, text: &[u8]) -> Letter {
        self.key.encrypt(text, &mut alice.rng).unwrap().commit().into()
    }

    fn read(&mut self, letter: &Letter) -> Result<Plaintext, group::Error> {
        Ok(self.keys.decrypt(&GroupMessage::parse(&letter.bytes).unwrap(), Trust::Anyone)?.commit())
    }

    /// What bob does about a group message that he can't read, and how alice answers.
    fn ask(&mut self, alice: &mut Device, bob: &mut Device, letter: &Letter) -> Resend {
        let failure = self.read(letter).unwrap_err().failure();
        let Letter { kind, bytes } = letter;
        let hint = ContentHint::Resendable;
        let advice = Advice::about(failure, hint, *kind, bytes, alice.now, DeviceId::PRIMARY);
        assert_eq!(advice.show, Show::IfNotSentAgain);
        let request = bob.ask(&alice.address, advice.ask.unwrap(), &policy()).unwrap();
        alice.answer(&bob.address, &request, &policy()).unwrap()
    }
}

#[test]
fn a_lost_sender_key_is_asked_for() {
    let [mut alice, mut bob] = Device::acquainted(32);
    let mut group = Group::new(&mut alice, &mut bob);
    let letter = group.send(&mut alice, b"hello all");
    assert_eq!(&*group.read(&letter).unwrap(), b"hello all");

    group.keys = ReceiverKeys::new(alice.address.clone(), group.key.format());
    let lost = group.send(&mut alice, b"can't be read");
    assert_eq!(group.read(&lost).unwrap_err(), group::Error::NoSenderKey);
    let before = alice.record(&bob.address).to_vec();
    let resend = group.ask(&mut alice, &mut bob, &lost);
    assert_eq!((resend.timestamp, resend.reset, resend.group), (alice.now, false, true));
    assert_eq!(alice.record(&bob.address), before, "the session has nothing to do with it");
    group.distribute(&mut alice, &mut bob);
    alice.tell(&mut bob, b"can't be read");
    let next = group.send(&mut alice, b"can be read");
    assert_eq!(&*group.read(&next).unwrap(), b"can be read");
}

#[test]
fn a_session_too_far_ahead_is_repaired() {
    let [mut alice, mut bob] = Device::acquainted(33);
    let mut session = alice.session(&bob.address).unwrap();
    for _ in 0..25_002 {
        session.encrypt(b"lost", Trust::Anyone, alice.now, &mut alice.rng).unwrap().commit();
    }
    alice.store.sessions.insert(bob.address.clone(), session.record().as_bytes().to_vec());
    let far = alice.send(&bob.address, b"far");
    let sent = alice.now;
    assert!(repair(&mut bob, &mut alice, &far, sent, b"far").reset);
    talk(&mut alice, &mut bob);
}

#[test]
fn a_group_too_far_ahead_is_repaired() {
    let [mut alice, mut bob] = Device::acquainted(34);
    let mut group = Group::new(&mut alice, &mut bob);
    for _ in 0..25_001 {
        drop(group.send(&mut alice, b""));
    }
    let far = group.send(&mut alice, b"far");
    assert_eq!(group.read(&far).unwrap_err(), group::Error::TooFarAhead { by: 25_001 });
    assert!(group.ask(&mut alice, &mut bob, &far).group);
    group.distribute(&mut alice, &mut bob);
    let next = group.send(&mut alice, b"can be read");
    assert_eq!(&*group.read(&next).unwrap(), b"can be read");
}

/// What is sent again bears its first time and not too old a one; and who asks is who the message was for.
#[test]
fn a_message_keeps_its_first_timestamp() {
    let [mut alice, mut bob] = Device::acquainted(37);
    let sent = alice.now;
    let failed = alice.send(&bob.address, b"can't be read");
    bob.store.sessions.clear();
    bob.now = sent.saturating_add(policy().max_age);
    alice.now = bob.now;
    let resend = repair(&mut bob, &mut alice, &failed, sent, b"can't be read");
    assert_eq!(resend.timestamp, sent);

    alice.now = Timestamp::from_millis(alice.now.as_millis() + 600_001);
    let request = DecryptionErrorMessage::for_original(&failed.bytes, failed.kind, sent, DeviceId::PRIMARY);
    let refused = alice.answer(&bob.address, &request.unwrap(), &policy());
    assert_eq!(refused, Err(NotAnswered::Refused(RepairRefused::TooOld)));
}

#[test]
fn a_lost_session_is_told_and_begun_anew() {
    for loser in 0..2 {
        let [mut alice, mut bob] = Device::acquainted(38);
        let (from, to) = if loser == 0 { (&mut bob, &mut alice) } else { (&mut alice, &mut bob) };
        to.store.sessions.clear();
        let failed = from.send(&to.address, b"can't be read");
        let failure = to.refuse(&from.address, &failed);
        assert_eq!(failure, device::Failure::Decrypt(DecryptError::NoSession));
        let sent = from.now;
        assert!(repair(to, from, &failed, sent, b"can't be read").reset);
        talk(from, to);
        // The old session is archived, not gone; what was under way on it the other one can't read any more.
        assert_eq!(from.session(&to.address).unwrap().archived_len(), 1);
    }
}

/// The loser of the session does not know it, and has begun another, of which the peer has not heard.
#[test]
fn both_may_begin_anew_at_once() {
    let [mut alice, mut bob] = Device::acquainted(39);
    bob.store.sessions.clear();
    let failed = alice.send(&bob.address, b"can't be read");
    let request = bob.miss(&alice.address, &failed, alice.now).unwrap();
    bob.begin_with(&mut alice, Offer::FULL);
    let crossing = bob.send(&alice.address, b"crossing");
    let request = bob.ask(&alice.address, request, &policy()).unwrap();
    assert!(alice.answer(&bob.address, &request, &policy()).unwrap().reset);
    alice.begin_with(&mut bob, Offer::FULL);
    let again = alice.send(&bob.address, b"can't be read");
    alice.hear(&bob, &crossing, b"crossing");
    bob.hear(&alice, &again, b"can't be read");
    talk(&mut alice, &mut bob);
    talk(&mut bob, &mut alice);
}

/// A session that was unacknowledged, and is lost by who accepted it: the sender goes on with it, and its
/// last-resort prekey was used before.
#[test]
fn a_session_is_repaired_with_last_resort_keys_alone() {
    let [mut alice, mut bob] = Device::pair(50);
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    alice.tell(&mut bob, b"first");
    bob.store.sessions.clear();
    let second = alice.send(&bob.address, b"second");
    assert_eq!(second.kind, MessageKind::PreKey);
    let sent = alice.now;
    assert!(repair(&mut bob, &mut alice, &second, sent, b"second").reset);
    talk(&mut alice, &mut bob);
}

/// An order in which two devices that know nothing of each other begin: sends, and which message is delivered.
#[derive(Clone, Copy)]
enum Event {
    Send(usize),
    Deliver(usize, usize),
}

/// All orders of two sends by each side and of all deliveries.
struct Orders {
    sides: [Device; 2],
    finished: usize,
}

impl Orders {
    fn go(&mut self, sent: [usize; 2], under_way: &[Vec<(Letter, Vec<u8>)>; 2]) {
        let mut events: Vec<_> = (0..2).filter(|side| sent[*side] < 2).map(Event::Send).collect();
        for (side, letters) in under_way.iter().enumerate() {
            events.extend((0..letters.len()).map(|at| Event::Deliver(side, at)));
        }
        if events.is_empty() {
            self.finished += 1;
            self.agree();
        }
        for event in events {
            let stores = [0, 1].map(|side: usize| self.sides[side].store.clone());
            let (mut sent, mut under_way) = (sent, under_way.clone());
            self.happen(event, &mut sent, &mut under_way);
            self.go(sent, &under_way);
            for (side, store) in self.sides.iter_mut().zip(stores) {
                side.store = store;
            }
        }
    }

    fn happen(&mut self, event: Event, sent: &mut [usize; 2], under_way: &mut [Vec<(Letter, Vec<u8>)>; 2]) {
        let [alice, bob] = &mut self.sides;
        let both = |side: usize| if side == 0 { (alice, bob) } else { (bob, alice) };
        match event {
            Event::Send(side) => {
                let (own, peer) = both(side);
                if !own.session(&peer.address).unwrap().has_current() {
                    own.begin_with(peer, Offer::LAST_RESORT);
                }
                let text = vec![u8::try_from(side).unwrap(), u8::try_from(sent[side]).unwrap()];
                under_way[1 - side].push((own.send(&peer.address, &text), text));
                sent[side] += 1;
            }
            Event::Deliver(side, at) => {
                let (letter, text) = under_way[side].remove(at);
                let (own, peer) = both(side);
                own.hear(peer, &letter, &text);
            }
        }
    }

    /// Whatever came before: after one message each way, that are read before the next, both use one session.
    fn agree(&mut self) {
        let [alice, bob] = &mut self.sides;
        alice.tell(bob, b"quiet");
        bob.tell(alice, b"quiet");
        assert!(alice.agrees_with(bob));
    }
}

#[test]
fn both_may_begin_at_once_in_every_order() {
    let mut orders = Orders { sides: Device::pair(48), finished: 0 };
    orders.go([0, 0], &[Vec::new(), Vec::new()]);
    // 3 orders of what comes of one side's messages, the same of the other's, and 70 ways to mix them.
    assert_eq!(orders.finished, 3 * 3 * 70);
}
