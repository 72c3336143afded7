// SPDX-License-Identifier: MIT OR Apache-2.0

//! Transactions whose outcome is not known: a future that is dropped, a connection that is lost, a process that ends, two
//! that share a store. Nothing is lost, nothing is sent or shown twice, and what is outdated is refused.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::session::Config;
use subrosa::session::manual::Admission;
use subrosa::store::{Busy, Key, Memory, StaleStage, Write, Writes};
use subrosa::{Ciphertext, DecryptError, EncryptError, IdentityKeyPair, Message, Plaintext, Session, Trust};

use crate::accounts::Holder;
use crate::device::{Device, START};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A session that both sides have received on, with its store.
struct Side {
    session: Session,
    store: Memory,
}

impl Side {
    /// The state that a process finds when it starts.
    fn restarted(&self) -> Session {
        self.store.session(self.session.local(), self.session.remote()).unwrap()
    }

    fn store(&mut self, writes: Writes) -> Result<(), StaleStage> {
        self.store.apply(writes)
    }

    fn send(&mut self, text: &[u8]) -> Result<Ciphertext, StaleStage> {
        let Self { session, store } = self;
        session
            .encrypt(text, Trust::Anyone, START, &mut rng(1))
            .unwrap()
            .commit_with(|writes| store.apply(writes))
    }
}

/// Bob, and Alice's side of their session.
fn pair() -> (Side, Side) {
    let (mut bob, mut service) = Holder::stocked("bob", 1);
    let mut alice = Device::new("alice", 2);
    let first = alice.first(&bob.address, service.bundle(&bob), b"hello");
    bob.receive(&alice.address, &first).unwrap();
    let answer = bob.send(&alice.address, b"answer");
    alice.receive(&bob.address, &answer).unwrap();
    let stored = |session: Session| {
        let (key, generation) = (Key::Session(session.remote().clone()), Some(session.generation()));
        let store = std::iter::once(Write::Put { key, record: session.record(), generation }).collect();
        Side { session, store }
    };
    (stored(alice.session(&bob.address).unwrap()), stored(bob.session(&alice.address)))
}

fn read(session: &mut Session, message: &Ciphertext) -> Result<Plaintext, DecryptError> {
    let message = Message::parse(message.kind(), message.as_bytes()).unwrap();
    let nobody = IdentityKeyPair::generate(&mut rng(3));
    let config = Config::new(&nobody, 1);
    match session.receive(&config, &message, Trust::Anyone, &mut rng(4))? {
        Admission::Decrypted(staged) => Ok(staged.commit()),
        Admission::New(_) => panic!("the session is there"),
    }
}

/// What becomes of a stage: at each step the future may be dropped.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Before the store was asked.
    NotAsked,
    /// After it was asked, before it was done: nothing is durable.
    Lost,
    /// After it was done, before the commit: durable, but not in memory.
    Durable,
    /// To the end.
    Done,
}

/// A store that answers at the second poll, having written before or not.
async fn slowly(store: &mut Memory, writes: Writes, fate: Fate) -> Result<(), StaleStage> {
    if matches!(fate, Fate::Durable | Fate::Done) {
        store.apply(writes)?;
    }
    let mut asked = false;
    std::future::poll_fn(
        |_| if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
    Ok(())
}

/// Sends, as far as `fate` lets it.
fn send(side: &mut Side, text: &[u8], fate: Fate) -> Option<Result<Ciphertext, StaleStage>> {
    let Side { session, store } = side;
    let staged = session.encrypt(text, Trust::Anyone, START, &mut rng(1)).unwrap();
    let mut future = pin!(staged.commit_async(async |writes| slowly(store, writes, fate).await));
    let mut context = Context::from_waker(Waker::noop());
    let polls = match fate {
        Fate::NotAsked => 0,
        Fate::Lost | Fate::Durable => 1,
        Fate::Done => 2,
    };
    for _ in 0..polls {
        if let Poll::Ready(sent) = future.as_mut().poll(&mut context) {
            return Some(sent);
        }
    }
    None
}

fn any_fate() -> impl Strategy<Value = Fate> {
    proptest::sample::select(vec![Fate::NotAsked, Fate::Lost, Fate::Durable, Fate::Done])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is dropped: no two messages have one key, and each that came out is read.
    #[test]
    fn a_future_may_be_dropped_at_every_point(fates in proptest::collection::vec(any_fate(), 1..12)) {
        let (mut alice, mut bob) = pair();
        for (number, fate) in fates.into_iter().enumerate() {
            let text = number.to_le_bytes();
            match send(&mut alice, &text, fate) {
                None => {}
                Some(Ok(sent)) => prop_assert_eq!(&*read(&mut bob.session, &sent).unwrap(), &text),
                // An earlier one was durable after all. The state is read back, and it is sent again.
                Some(Err(StaleStage)) => {
                    alice.session = alice.restarted();
                    let sent = alice.send(&text).unwrap();
                    prop_assert_eq!(&*read(&mut bob.session, &sent).unwrap(), &text);
                }
            }
        }
        let restarted = alice.restarted();
        let behind = restarted.generation() - alice.session.generation();
        prop_assert!(behind <= 1, "memory is at most one behind the store: {behind}");
    }
}

#[test]
fn stored_twice_it_is_stored_once() {
    let (mut alice, _) = pair();
    let staged = alice.session.encrypt(b"text", Trust::Anyone, START, &mut rng(1)).unwrap();
    let (first, again) = (staged.writes(), staged.writes());
    alice.store.apply(first).unwrap();
    // An answer that was lost, and the same transaction once more: refused, and the store is as it was.
    assert_eq!(alice.store.apply(again), Err(StaleStage));
    drop(staged.commit());
    assert_eq!(alice.restarted().record().as_bytes(), alice.session.record().as_bytes());
}

#[test]
fn stored_and_never_committed_it_is_found_by_the_next() {
    let (mut alice, mut bob) = pair();
    let (writes, detached) =
        alice.session.encrypt(b"lost", Trust::Anyone, START, &mut rng(1)).unwrap().detach();
    let outbox = detached.for_the_same_transaction().clone();
    alice.store(writes).unwrap();
    drop(detached);
    // Memory is behind: what it would send has the key of what is in the outbox, and stays inside.
    assert_eq!(alice.send(b"same key"), Err(StaleStage));
    alice.session = alice.restarted();
    let next = alice.send(b"next").unwrap();
    assert_eq!(*read(&mut bob.session, &next).unwrap(), *b"next");
    assert_eq!(*read(&mut bob.session, &outbox).unwrap(), *b"lost");
}

#[test]
fn of_two_owned_stages_of_one_generation_one_is_stored() {
    let (mut alice, _) = pair();
    let mut other = alice.restarted();
    let (writes, one) = alice.session.encrypt(b"one", Trust::Anyone, START, &mut rng(1)).unwrap().detach();
    let (late, two) = other.encrypt(b"two", Trust::Anyone, START, &mut rng(2)).unwrap().detach();
    alice.store(writes).unwrap();
    assert_eq!(alice.store(late), Err(StaleStage));
    // Nor does a stage change a state that it was not made of.
    assert_eq!(two.commit(&mut alice.session).map(drop), Err(StaleStage));
    let busy = alice.session.encrypt(b"early", Trust::Anyone, START, &mut rng(3)).map(drop);
    assert_eq!(busy, Err(EncryptError::Busy(Busy)));
    drop(one.commit(&mut alice.session).unwrap());
    // Its lease is over: a state that was read again is another one.
    let (_, stage) = alice.session.encrypt(b"three", Trust::Anyone, START, &mut rng(3)).unwrap().detach();
    alice.session = alice.restarted();
    assert_eq!(stage.commit(&mut alice.session).map(drop), Err(StaleStage));
    assert!(alice.send(b"goes on").is_ok());
}

#[test]
fn two_processes_of_one_store_take_turns() {
    let (mut alice, mut bob) = pair();
    let mut other = Side { session: alice.restarted(), store: Memory::new() };
    let mut table = std::mem::take(&mut alice.store);
    let mut inbox = Vec::new();
    for turn in 0..10_u8 {
        let side = if turn % 3 == 0 { &mut other } else { &mut alice };
        let encrypt = |session: &mut Session, table: &mut Memory| {
            let staged = session.encrypt(&[turn], Trust::Anyone, START, &mut rng(turn.into())).unwrap();
            staged.commit_with(|writes| table.apply(writes))
        };
        let sent = encrypt(&mut side.session, &mut table).unwrap_or_else(|StaleStage| {
            side.session = table.session(side.session.local(), side.session.remote()).unwrap();
            encrypt(&mut side.session, &mut table).unwrap()
        });
        inbox.push(read(&mut bob.session, &sent).unwrap().to_vec());
    }
    assert_eq!(inbox, (0..10).map(|turn| vec![turn]).collect::<Vec<_>>());
}

/// What was received and stored, but not committed, is not decrypted a second time.
#[test]
fn a_text_that_was_stored_is_not_read_again() {
    let (mut alice, mut bob) = pair();
    let sent = alice.send(b"once").unwrap();
    let message = Message::parse(sent.kind(), sent.as_bytes()).unwrap();
    let nobody = IdentityKeyPair::generate(&mut rng(3));
    let config = Config::new(&nobody, 1);
    let receive = |session: &mut Session, store: &mut Memory, inbox: &mut Vec<Vec<u8>>, commits: bool| {
        let admission = session.receive(&config, &message, Trust::Anyone, &mut rng(4))?;
        let Admission::Decrypted(staged) = admission else { panic!("it is there") };
        let mut transaction = |writes, text: &Plaintext| {
            Memory::apply(store, writes)?;
            inbox.push(text.to_vec());
            Ok::<(), StaleStage>(())
        };
        if commits {
            return Ok(staged.commit_with_output(transaction).map(drop));
        }
        let (writes, detached) = staged.detach();
        Ok::<_, DecryptError>(transaction(writes, detached.for_the_same_transaction()))
    };
    let mut inbox = Vec::new();
    let Side { session, store } = &mut bob;
    assert_eq!(receive(session, store, &mut inbox, false), Ok(Ok(())));
    assert_eq!(receive(session, store, &mut inbox, true), Ok(Err(StaleStage)));
    bob.session = bob.restarted();
    let Side { session, store } = &mut bob;
    assert_eq!(receive(session, store, &mut inbox, true), Err(DecryptError::Duplicate));
    assert_eq!(inbox, [b"once"]);
}
