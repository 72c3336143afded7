// SPDX-License-Identifier: MIT OR Apache-2.0

//! A sender and two receivers, to whom messages come in any order, twice, damaged or not at all, while each of
//! the three may crash at any moment and keys are changed and distributed anew.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group;
use subrosa::group::GroupMessage;
use subrosa::group::{ReceiverKeys, SenderKey};
use subrosa::{Record, Staged, Trust};

use super::oracle::{Oracle, Verdict};
use crate::group::{distribution, lose, message, only_record, sender, somebody};

/// What becomes of a change that was staged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Stored,
    /// The store refuses it, and all goes on.
    Fails,
    /// The process dies before it is stored.
    CrashBefore,
    /// The process dies when it is stored, before anything came of it.
    CrashAfter,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Send(Fate),
    Deliver {
        to: usize,
        which: u8,
        keep: bool,
        fate: Fate,
    },
    Drop(usize, u8),
    Damage {
        to: usize,
        which: u8,
        at: u16,
        bit: u8,
    },
    /// So many messages are sent that nobody gets.
    Lose(u32),
    Rotate,
    /// The sender sends its distribution to a receiver.
    Distribute(usize),
    /// A distribution comes there.
    Learn {
        to: usize,
        which: u8,
        fate: Fate,
    },
    CatchUp(usize, u8),
    /// To the deployed client's record and back.
    SenderMoves,
    ReceiverMoves(usize),
}

/// A message on its way, and what is in it.
#[derive(Clone)]
struct Letter {
    bytes: Vec<u8>,
    chain: usize,
    iteration: u32,
}

struct Sender {
    key: SenderKey,
    /// Its number among all that the sender has had.
    number: usize,
    stored: Vec<u8>,
}

struct Receiver {
    keys: ReceiverKeys,
    stored: Vec<u8>,
    oracle: Oracle,
    /// Whether it went through libsignal's form.
    moved: bool,
    messages: Vec<Letter>,
    distributions: Vec<Letter>,
}

pub(crate) struct World {
    format: group::Format,
    rng: ChaCha20Rng,
    sender: Sender,
    receivers: [Receiver; 2],
    /// The chain ids by number.
    chain_ids: Vec<u32>,
}

/// Carries a change out. The output, if the process lived to see it, and what the store has.
fn carry_out<T>(staged: Staged<'_, T>, fate: Fate, stored: &mut Vec<u8>) -> Option<T> {
    match fate {
        Fate::Stored => {
            let mut store = |record: Record| *stored = record.as_bytes().to_vec();
            staged
                .commit_with(|writes| {
                    store(only_record(writes));
                    Ok::<_, ()>(())
                })
                .ok()
        }
        Fate::Fails => staged.commit_with(|_| Err(())).ok(),
        Fate::CrashBefore => None,
        Fate::CrashAfter => {
            *stored = only_record(staged.writes()).as_bytes().to_vec();
            None
        }
    }
}

const fn crashed(fate: Fate) -> bool {
    matches!(fate, Fate::CrashBefore | Fate::CrashAfter)
}

/// Whether the store has the change.
const fn is_stored(fate: Fate) -> bool {
    matches!(fate, Fate::Stored | Fate::CrashAfter)
}

fn text(chain: usize, iteration: u32) -> Vec<u8> {
    format!("message {iteration} of key {chain}").into_bytes()
}

fn at<T>(list: &[T], which: u8) -> Option<usize> {
    (!list.is_empty()).then(|| usize::from(which) % list.len())
}

impl World {
    pub(crate) fn run(seed: u64, format: group::Format, steps: &[Step]) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = SenderKey::generate(format, &mut rng);
        let receiver = || {
            let keys = ReceiverKeys::new(sender(), format);
            let stored = keys.record().as_bytes().to_vec();
            Receiver {
                keys,
                stored,
                oracle: Oracle::default(),
                moved: false,
                messages: vec![],
                distributions: vec![],
            }
        };
        let mut world = Self {
            format,
            rng,
            chain_ids: vec![key.chain_id()],
            sender: Sender { stored: key.record().as_bytes().to_vec(), key, number: 0 },
            receivers: [receiver(), receiver()],
        };
        // Nothing happens before there is a key.
        for to in 0..2 {
            world.step(Step::Distribute(to));
            world.step(Step::Learn { to, which: 0, fate: Fate::Stored });
        }
        for step in steps {
            world.step(*step);
            world.check();
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send(fate) => self.send(fate),
            Step::Deliver { to, which, keep, fate } => self.deliver(to, which, keep, fate),
            Step::Drop(to, which) => {
                let messages = &mut self.receivers[to].messages;
                if let Some(at) = at(messages, which) {
                    messages.remove(at);
                }
            }
            Step::Damage { to, which, at, bit } => self.damage(to, which, at, bit),
            Step::Lose(count) => {
                lose(&mut self.sender.key, count);
                self.sender.stored = self.sender.key.record().as_bytes().to_vec();
            }
            Step::Rotate => {
                let key = SenderKey::generate(self.format, &mut self.rng);
                self.chain_ids.push(key.chain_id());
                self.sender.stored = key.record().as_bytes().to_vec();
                self.sender.key = key;
                self.sender.number += 1;
            }
            Step::Distribute(to) => self.distribute(to),
            Step::Learn { to, which, fate } => self.learn(to, which, fate, false),
            Step::CatchUp(to, which) => self.learn(to, which, Fate::Stored, true),
            Step::SenderMoves => {
                let record = self.sender.key.to_libsignal_record();
                self.sender.key = SenderKey::from_libsignal_record(&record, self.format).unwrap();
                assert_eq!(self.sender.key.to_libsignal_record(), record);
                self.sender.stored = self.sender.key.record().as_bytes().to_vec();
            }
            Step::ReceiverMoves(to) => {
                let receiver = &mut self.receivers[to];
                let record = receiver.keys.to_libsignal_record();
                receiver.keys = ReceiverKeys::from_libsignal_record(&record, sender(), self.format).unwrap();
                assert_eq!(receiver.keys.to_libsignal_record(), record);
                receiver.stored = receiver.keys.record().as_bytes().to_vec();
                receiver.moved = true;
            }
        }
    }

    fn send(&mut self, fate: Fate) {
        let sender = &mut self.sender;
        let (chain, iteration) = (sender.number, sender.key.iteration());
        let staged = sender.key.encrypt(&text(chain, iteration), &mut self.rng).unwrap();
        let sent = carry_out(staged, fate, &mut sender.stored);
        if crashed(fate) {
            sender.key = SenderKey::from_record(&sender.stored).unwrap();
        }
        // An iteration is used up exactly if that is stored.
        assert_eq!(sender.key.iteration(), iteration + u32::from(is_stored(fate)));
        if let Some(sent) = sent {
            let letter = Letter { bytes: sent.into_bytes(), chain, iteration };
            for receiver in &mut self.receivers {
                receiver.messages.push(letter.clone());
            }
        }
    }

    fn distribute(&mut self, to: usize) {
        let sender = &self.sender;
        let bytes = sender.key.distribution().to_vec();
        let letter = Letter { bytes, chain: sender.number, iteration: sender.key.iteration() };
        self.receivers[to].distributions.push(letter);
    }

    /// Distributions stay, so that they come again, late, and after newer ones.
    fn learn(&mut self, to: usize, which: u8, fate: Fate, forward: bool) {
        let receiver = &mut self.receivers[to];
        let Some(at) = at(&receiver.distributions, which) else { return };
        let letter = &receiver.distributions[at];
        let message = distribution(self.format, &letter.bytes);
        let keys = &mut receiver.keys;
        let staged = if forward {
            keys.fast_forward(&message, &somebody())
        } else {
            keys.process(&message, &somebody())
        }
        .unwrap();
        carry_out(staged, fate, &mut receiver.stored);
        if is_stored(fate) {
            receiver.oracle.learn(letter.chain, letter.iteration, forward);
        }
        receiver.restart_after(fate);
    }

    fn deliver(&mut self, to: usize, which: u8, keep: bool, fate: Fate) {
        let receiver = &mut self.receivers[to];
        let Some(at) = at(&receiver.messages, which) else { return };
        let letter = receiver.messages[at].clone();
        let expected = receiver.oracle.message(letter.chain, letter.iteration, is_stored(fate));
        let message = message(self.format, &letter.bytes);
        let found = match receiver.keys.decrypt(&message, Trust::Anyone) {
            Ok(staged) => {
                if let Some(found) = carry_out(staged, fate, &mut receiver.stored) {
                    assert_eq!(*found, *text(letter.chain, letter.iteration));
                }
                Verdict::Read
            }
            Err(group::Error::NoSenderKey) => Verdict::NoSenderKey,
            Err(group::Error::Duplicate) => Verdict::Duplicate,
            Err(group::Error::Expired) => Verdict::Expired,
            Err(group::Error::BeforeDistribution) => Verdict::BeforeDistribution,
            Err(group::Error::TooFarAhead { .. }) => Verdict::TooFarAhead,
            Err(error) => panic!("{error}"),
        };
        // Libsignal's records do not tell why a key is not there.
        let same = found == expected || receiver.moved && found.is_gone() && expected.is_gone();
        assert!(same, "{found:?}, and not {expected:?}");
        receiver.restart_after(fate);
        if !keep {
            receiver.messages.remove(at);
        }
    }

    fn damage(&mut self, to: usize, which: u8, byte: u16, bit: u8) {
        let receiver = &mut self.receivers[to];
        let Some(at) = at(&receiver.messages, which) else { return };
        let mut bytes = receiver.messages[at].bytes.clone();
        let len = bytes.len();
        bytes[usize::from(byte) % len] ^= 1 << bit;
        if let Ok(message) = GroupMessage::parse(&bytes) {
            receiver.keys.decrypt(&message, Trust::Anyone).unwrap_err();
        }
    }

    /// What is in memory is what is stored, and what ought to be there.
    fn check(&self) {
        let same = |record: &Record, stored: &[u8]| assert_eq!(record.as_bytes(), stored);
        same(&self.sender.key.record(), &self.sender.stored);
        for receiver in &self.receivers {
            same(&receiver.keys.record(), &receiver.stored);
            let expected = receiver.oracle.chains();
            let expected: Vec<_> =
                expected.into_iter().map(|(number, next)| (self.chain_ids[number], next)).collect();
            assert_eq!(receiver.keys.chains().collect::<Vec<_>>(), expected);
        }
    }
}

impl Receiver {
    fn restart_after(&mut self, fate: Fate) {
        if crashed(fate) {
            self.keys = ReceiverKeys::from_record(&self.stored, sender()).unwrap();
        }
    }
}
