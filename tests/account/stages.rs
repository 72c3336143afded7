// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stages where messengers hold them: over an `.await` in a task, in an actor that hears later that it was stored, on a
//! thread for blocking work, many at once, behind a mutex.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Limits};
use subrosa::store::{Busy, Memory, StaleStage, Writes};
use subrosa::{
    Account, Address, Ciphertext, DecryptError, Detached, EncryptError, Message, Plaintext, Session,
    Timestamp, Trust,
};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{spawn, spawn_blocking, yield_now};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// An account with its store.
fn account(name: &str, seed: u64) -> (Account, Memory) {
    let mut store = Memory::new();
    let staged = Account::generate(Address::new(name, 1), Limits::default(), &mut rng(seed)).unwrap();
    (staged.commit_with(|writes| store.apply(writes)).unwrap(), store)
}

/// Alice with a session with each of `names`, and the first messages that she sent.
fn sessions(names: &[&str]) -> (Memory, Vec<(Account, Memory, Ciphertext)>, Vec<Session>) {
    let (alice, mut store) = account("alice", 1);
    let mut begun = Vec::new();
    let mut others = Vec::new();
    for (seed, name) in (2..).zip(names) {
        let (mut other, mut others_store) = account(name, seed);
        let staged = other.maintain(Counts::default(), NOW, &mut rng(seed)).unwrap();
        let mut upload = staged.commit_with(|writes| others_store.apply(writes)).unwrap();
        let mut session = alice.new_session(other.address());
        let bundle = upload.next_bundle().unwrap().verify(Trust::Anyone).unwrap();
        let staged = session.initiate(&alice.config(), bundle, NOW, &mut rng(seed)).unwrap();
        staged.commit_with(|writes| store.apply(writes)).unwrap();
        let staged = session.encrypt(b"hello", Trust::Anyone, NOW, &mut rng(seed)).unwrap();
        let first = staged.commit_with(|writes| store.apply(writes)).unwrap();
        others.push((other, others_store, first));
        begun.push(session);
    }
    (store, others, begun)
}

/// A store that takes its time.
#[derive(Clone)]
struct Slow(Arc<tokio::sync::Mutex<Memory>>);

impl Slow {
    fn new(store: Memory) -> Self {
        Self(Arc::new(tokio::sync::Mutex::new(store)))
    }

    async fn apply(&self, writes: Writes) -> Result<(), StaleStage> {
        yield_now().await;
        self.0.lock().await.apply(writes)
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn a_stage_is_held_over_an_await_in_a_spawned_task() {
    let (_, mut others, _) = sessions(&["bob"]);
    let (mut bob, store, first) = others.remove(0);
    let (store, mut session) = (Slow::new(store), bob.new_session(&Address::new("alice", 1)));
    let task = async move {
        let mut rng = rng(9);
        let message = Message::parse(first.kind(), first.as_bytes()).unwrap();
        let staged = bob.receive(&mut session, &message, Trust::Anyone, &mut rng).unwrap();
        let inbox = Mutex::new(Vec::new());
        let text = staged.commit_async_with_output(async |writes, text: &Plaintext| {
            store.apply(writes).await?;
            inbox.lock().unwrap().push(text.to_vec());
            Ok::<(), StaleStage>(())
        });
        assert_eq!(*text.await.unwrap(), *b"hello");
        assert_eq!(*inbox.lock().unwrap(), [b"hello"]);
        // In parts, too.
        let staged = session.encrypt(b"answer", Trust::Anyone, NOW, &mut rng).unwrap();
        store.apply(staged.writes()).await.unwrap();
        let answer = staged.commit();
        let staged = session.encrypt(b"another", Trust::Anyone, NOW, &mut rng).unwrap();
        let another = staged.commit_async(async |writes| store.apply(writes).await).await.unwrap();
        [answer, another]
    };
    let sent = run(async { spawn(task).await.unwrap() });
    assert_ne!(sent[0].as_bytes(), sent[1].as_bytes());
}

/// What an actor is told.
enum Told {
    Send(&'static [u8]),
    Stored(Result<(), StaleStage>),
}

/// Sends on one session. It never waits for its store: that tells it later.
async fn actor(
    mut session: Session,
    mut mailbox: mpsc::UnboundedReceiver<Told>,
    store: mpsc::UnboundedSender<Writes>,
) -> Vec<Ciphertext> {
    let (mut rng, mut waiting, mut sent) = (rng(5), Vec::new(), Vec::new());
    let mut under_way: Option<Detached<Ciphertext>> = None;
    while let Some(told) = mailbox.recv().await {
        match told {
            Told::Send(text) => waiting.push(text),
            Told::Stored(stored) => {
                stored.unwrap();
                sent.push(under_way.take().unwrap().commit(&mut session).unwrap());
            }
        }
        if under_way.is_some() {
            let refused = session.encrypt(b"too early", Trust::Anyone, NOW, &mut rng).map(drop);
            assert_eq!(refused, Err(EncryptError::Busy(Busy)));
        } else if !waiting.is_empty() {
            let staged = session.encrypt(waiting.remove(0), Trust::Anyone, NOW, &mut rng).unwrap();
            let (writes, detached) = staged.detach();
            store.send(writes).unwrap();
            under_way = Some(detached);
        } else if sent.len() == 3 {
            break;
        }
    }
    sent
}

#[test]
fn an_actor_hears_later_that_its_stage_was_stored() {
    let (mut store, mut others, mut begun) = sessions(&["bob"]);
    let sent = run(async {
        let (tell, mailbox) = mpsc::unbounded_channel();
        let (to_store, mut of_actor) = mpsc::unbounded_channel();
        let actor = spawn(actor(begun.remove(0), mailbox, to_store));
        for text in [&b"one"[..], b"two", b"three"] {
            tell.send(Told::Send(text)).unwrap_or_else(|_| panic!("the actor lives"));
        }
        while let Some(writes) = of_actor.recv().await {
            yield_now().await;
            let stored = store.apply(writes);
            tell.send(Told::Stored(stored)).unwrap_or_else(|_| panic!("the actor lives"));
        }
        actor.await.unwrap()
    });
    let (bob, _, first) = &mut others[0];
    let mut session = bob.new_session(&Address::new("alice", 1));
    for (message, text) in std::iter::once(&*first).chain(&sent).zip(["hello", "one", "two", "three"]) {
        let message = Message::parse(message.kind(), message.as_bytes()).unwrap();
        let staged = bob.receive(&mut session, &message, Trust::Anyone, &mut rng(6)).unwrap();
        assert_eq!(*staged.commit(), *text.as_bytes());
    }
}

#[test]
fn work_that_blocks_has_its_own_thread() {
    let (store, _, mut begun) = sessions(&["bob"]);
    let (store, mut session) = (Arc::new(Mutex::new(store)), begun.remove(0));
    run(async {
        // The writes alone, while the state stays here.
        let (writes, detached) = session.encrypt(b"text", Trust::Anyone, NOW, &mut rng(5)).unwrap().detach();
        let shared = Arc::clone(&store);
        spawn_blocking(move || shared.lock().unwrap().apply(writes)).await.unwrap().unwrap();
        let sent = detached.commit(&mut session).unwrap();
        // Or all of it.
        let shared = Arc::clone(&store);
        let again = spawn_blocking(move || {
            let staged = session.encrypt(b"text", Trust::Anyone, NOW, &mut rng(6)).unwrap();
            staged.commit_with(|writes| shared.lock().unwrap().apply(writes))
        });
        assert_ne!(again.await.unwrap().unwrap().as_bytes(), sent.as_bytes());
    });
}

#[test]
fn two_peers_of_a_map_are_staged_at_once() {
    let (mut store, _, begun) = sessions(&["bob", "carol"]);
    let mut map: HashMap<Address, Session> =
        begun.into_iter().map(|session| (session.remote().clone(), session)).collect();
    let mut rng = rng(5);
    // Borrowed: the map gives both out.
    let [bob, carol] = ["bob", "carol"].map(|name| Address::new(name, 1));
    let [to_bob, to_carol] = map.get_disjoint_mut([&bob, &carol]).map(Option::unwrap);
    let to_bob = to_bob.encrypt(b"to bob", Trust::Anyone, NOW, &mut rng).unwrap();
    let to_carol = to_carol.encrypt(b"to carol", Trust::Anyone, NOW, &mut rng).unwrap();
    let mut writes = to_bob.writes();
    writes.extend(to_carol.writes());
    store.apply(writes).unwrap();
    drop((to_bob.commit(), to_carol.commit()));
    // Owned: in any order.
    let mut detached = Vec::new();
    for session in map.values_mut() {
        let (writes, stage) = session.encrypt(b"to all", Trust::Anyone, NOW, &mut rng).unwrap().detach();
        store.apply(writes).unwrap();
        detached.push((session.remote().clone(), stage));
    }
    for (peer, stage) in detached.into_iter().rev() {
        stage.commit(map.get_mut(&peer).unwrap()).unwrap();
    }
}

/// The lock is not held while the store is at work; whoever comes meanwhile is told so.
#[test]
fn a_mutex_is_open_while_a_stage_is_stored() {
    let (mut store, mut others, mut begun) = sessions(&["bob"]);
    let shared = Arc::new(Mutex::new(begun.remove(0)));
    let encrypt = |text: &[u8]| {
        let mut session = shared.lock().unwrap();
        session.encrypt(text, Trust::Anyone, NOW, &mut rng(5)).map(subrosa::Staged::detach)
    };
    let (writes, detached) = encrypt(b"one").unwrap();
    assert_eq!(encrypt(b"two").map(drop), Err(EncryptError::Busy(Busy)));
    store.apply(writes).unwrap();
    drop(detached.commit(&mut *shared.lock().unwrap()).unwrap());
    drop(encrypt(b"two").unwrap());

    // An account and a session together, of which another part of the app holds the account.
    let (bob, _, first) = &mut others[0];
    let mut session = bob.new_session(&Address::new("alice", 1));
    let message = Message::parse(first.kind(), first.as_bytes()).unwrap();
    let (_, detached) = bob.receive(&mut session, &message, Trust::Anyone, &mut rng(7)).unwrap().detach();
    let again = bob.receive(&mut session, &message, Trust::Anyone, &mut rng(7)).map(drop);
    assert_eq!(again, Err(DecryptError::Busy(Busy)));
    assert!(bob.maintain(Counts::default(), NOW, &mut rng(8)).is_err());
    assert_eq!(*detached.commit((bob, &mut session)).unwrap(), *b"hello");
}
