// SPDX-License-Identifier: MIT OR Apache-2.0

//! L4 and L5: ratchets, and sessions through whole epochs of the post-quantum one.

#[path = "../../../benches/support/setting.rs"]
mod setting;

use subrosa::hazmat::crypto::kdf::Label;
use subrosa::hazmat::ratchet::chain::{ChainKey, MessageKeySeed};
use subrosa::hazmat::ratchet::double::{DoubleRatchet, Header, Reach};
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::hazmat::ratchet::root::RootKey;
use subrosa::keys::KeyPair;
use subrosa::session::manual::Admission;
use subrosa::session::{Config, Incoming, receive_each};
use subrosa::{IdentityKeyPair, Message, MessageKind, Session, Trust};

use setting::{Device, NOW, Policy, Talk, bundle, copy, receive, send, try_open};

use crate::marking::{Marked, PublicBytes, peer, plain, text, writes};
use crate::memcheck::mark;
use crate::report::Report;

const TEXT: [u8; 40] = *b"0123 this is what is said, and no more /";
/// A whole epoch of the post-quantum ratchet, and more.
const ROUNDS: usize = 50;

pub fn run(report: &mut Report) {
    ratchet_step(report);
    for version in [3, 4] {
        conversation(report, version);
        late(report, version);
    }
}

fn ratchet_step(report: &mut Report) {
    let mut rng = Marked::new(90);
    let pair = KeyPair::from_parts(rng.private_key(), peer(91));
    let (root, chain) = (RootKey::new(rng.secret()), ChainKey::new(rng.secret(), 0));
    let ratchet = DoubleRatchet::responder(root, chain, pair);
    let header = Header { ratchet_key: peer(92), counter: 3, previous_counter: 0 };
    report.clean("Diffie-Hellman ratchet, step and skip", || {
        let mut seed = MessageKeySeed::to_be_filled();
        let change = ratchet.receive(&header, Reach::of(10), &mut rng, &mut seed).unwrap();
        let mut after = DoubleRatchet::responder(
            RootKey::new(rng.secret()),
            ChainKey::new(rng.secret(), 0),
            KeyPair::from_parts(rng.private_key(), peer(91)),
        );
        after.apply_received(change);
        let (_, sent, _) = after.send().unwrap();
        Some(
            [
                seed.as_bytes().as_slice(),
                sent.as_bytes(),
                &keys(&MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, None)),
            ]
            .concat(),
        )
    });
}

fn keys(keys: &MessageKeys) -> Vec<u8> {
    [keys.cipher_key.as_bytes().as_slice(), keys.mac_key.as_bytes(), keys.iv.as_bytes()].concat()
}

/// What Alice and Bob say to each other, each round a message each way, with random numbers of their own.
struct Conversation {
    talk: Talk,
    rounds: Vec<Round>,
    public: PublicBytes,
}

/// The sessions before each operation, and the message.
struct Round {
    from: Session,
    to: Session,
    message: Vec<u8>,
}

impl Conversation {
    fn new(version: u8, seed: u64) -> Self {
        let [mut alice, mut bob] = Device::pair(seed);
        if version == 3 {
            (alice.policy, bob.policy) = (Policy::AllowVersion3, Policy::AllowVersion3);
        }
        let bundle = bundle(&mut bob, version);
        let mut public = PublicBytes::default();
        public.add(bundle.signed_pre_key.key.as_bytes());
        alice.initiate(&bob.address, bundle).unwrap();
        public.add(&alice.tell(&mut bob, b"hello").bytes);
        public.add(&bob.tell(&mut alice, b"hello yourself").bytes);
        public.add(&alice.tell(&mut bob, b"how are you").bytes);
        let [a, b] = [alice.session(&bob.address).unwrap(), bob.session(&alice.address).unwrap()];
        Self { talk: Talk { alice: a, bob: b, rng: plain(seed) }, rounds: Vec::new(), public }
    }

    /// Goes on; `times` messages, from one side and the other in turn.
    fn go_on(mut self, times: usize) -> Self {
        for at in 0..times {
            let Talk { alice, bob, rng } = &mut self.talk;
            let (from, to) = if at % 2 == 0 { (alice, bob) } else { (bob, alice) };
            let (before, receiving) = (copy(from), copy(to));
            let message = send(from, &TEXT, rng);
            receive(to, &message, rng);
            self.rounds.push(Round { from: before, to: receiving, message });
        }
        self
    }

    /// Everything public that was said and will be.
    fn public(mut self) -> (Vec<Round>, PublicBytes) {
        for session in [&self.talk.alice, &self.talk.bob] {
            self.public.add(&session.remote_identity().unwrap().encode());
            self.public.add(session.base_key().unwrap().as_bytes());
        }
        self.rounds.iter().for_each(|round| self.public.add(&round.message));
        (self.rounds, self.public)
    }
}

/// A session as it was, its secrets marked.
fn marked(session: &Session, others: &[&Session], public: &PublicBytes) -> Session {
    let mut record = session.record().as_bytes().to_vec();
    let others: Vec<_> = others.iter().map(|other| other.record().as_bytes().to_vec()).collect();
    let count = public.mark_secrets(&mut record, &others);
    assert!(count > 32 * 4, "only {count} bytes are secret");
    let read = Session::from_record(&record, session.local().clone(), session.remote().clone()).unwrap();
    read.with_policy(Policy::AllowVersion3)
}

fn parse(message: &[u8]) -> Message<'_> {
    Message::parse(MessageKind::Whisper, message).unwrap()
}

fn conversation(report: &mut Report, version: u8) {
    let [one, two, three] =
        [101, 102, 103].map(|seed| Conversation::new(version, seed).go_on(2 * ROUNDS + 60));
    let (one, public) = one.public();
    let mut said = TEXT;
    mark(&mut said);
    let name = |what| format!("session of version {version}, {what} ({} messages)", 2 * ROUNDS);
    let rounds = || one.iter().zip(&two.rounds).zip(&three.rounds).take(2 * ROUNDS);
    let mut rng = Marked::new(104);

    report.clean(&name("encrypt"), || {
        let mut out = Vec::new();
        for ((round, a), b) in rounds() {
            let mut session = marked(&round.from, &[&a.from, &b.from], &public);
            let staged = session.encrypt(&said, Trust::Anyone, NOW, &mut rng).unwrap();
            out.extend(writes(&staged));
            out.extend(staged.commit().into_bytes());
        }
        Some(out)
    });
    report.clean(&name("decrypt"), || {
        let mut out = Vec::new();
        for ((round, a), b) in rounds() {
            let mut session = marked(&round.to, &[&a.to, &b.to], &public);
            let staged = try_open(&mut session, &parse(&round.message), &mut rng).unwrap();
            out.extend(writes(&staged));
            out.extend(text(staged.commit()));
        }
        Some(out)
    });
    let identity = IdentityKeyPair::from_private(rng.private_key());
    report.clean(&name("receive on four at once"), || {
        let rounds: Vec<_> = rounds().collect();
        let mut out = Vec::new();
        for four in rounds.chunks(4) {
            let sessions = four.iter().map(|((round, a), b)| marked(&round.to, &[&a.to, &b.to], &public));
            let mut sessions: Vec<_> = sessions.collect();
            let messages: Vec<_> = four.iter().map(|((round, _), _)| parse(&round.message)).collect();
            let each = sessions.iter_mut().zip(&messages);
            let incoming =
                each.map(|(session, message)| Incoming { session, message, trust: Trust::Anyone }).collect();
            for received in receive_each(&Config::new(&identity, 7), incoming, &mut rng) {
                let Admission::Decrypted(staged) = received.unwrap() else { panic!("a first message") };
                out.extend(writes(&staged));
                out.extend(text(staged.commit()));
            }
        }
        Some(out)
    });
    report.clean(&name("decrypt with a bad MAC"), || {
        for ((round, a), b) in rounds() {
            let mut session = marked(&round.to, &[&a.to, &b.to], &public);
            let mut forged = round.message.clone();
            *forged.last_mut().unwrap() ^= 1;
            assert!(try_open(&mut session, &parse(&forged), &mut rng).is_err());
        }
        None
    });
}

/// A message that skips others, and one of those.
fn late(report: &mut Report, version: u8) {
    let [one, two, three] = [111, 112, 113].map(|seed| {
        let mut told = Conversation::new(version, seed);
        let messages: Vec<_> =
            (0..12).map(|_| send(&mut told.talk.alice, &TEXT, &mut told.talk.rng)).collect();
        messages.iter().for_each(|message| told.public.add(message));
        let before = copy(&told.talk.bob);
        receive(&mut told.talk.bob, &messages[10], &mut told.talk.rng);
        (before, copy(&told.talk.bob), messages, told)
    });
    let (_, public) = one.3.go_on(100).public();
    for (what, at, session) in [
        ("skipping ten", 10, marked(&one.0, &[&two.0, &three.0], &public)),
        ("a skipped one", 4, marked(&one.1, &[&two.1, &three.1], &public)),
    ] {
        let mut session = session;
        let message = parse(&one.2[at]);
        report.clean(&format!("session of version {version}, decrypt {what}"), || {
            let staged = try_open(&mut session, &message, &mut Marked::new(114)).unwrap();
            Some([writes(&staged), text(staged.commit())].concat())
        });
    }
}
