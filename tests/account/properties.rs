// SPDX-License-Identifier: MIT OR Apache-2.0

//! What holds of an account under any schedule: it is maintained, uploads with and without success, is used up, crashes
//! at any point, and is restored from backups.
//!
//! * No id is ever handed out for two keys.
//! * Whoever fetched a bundle can begin a session with it for as long as the grace lasts.
//! * After each crash the account reads back, and is what the last finished transaction made it.

use crate::accounts::{DAY, Holder, LIMITS, Service, stranger};
use crate::device::{Letter, Store};
use proptest::prelude::*;
use subrosa::account::BackupCheck;
use subrosa::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use subrosa::store::Key;
use subrosa::{Address, DecryptError, PreKeyBundle, Staged, Timestamp, Trust};

/// What becomes of a staged change.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Stored,
    /// The store fails, and the app goes on.
    Fails,
    CrashBefore,
    CrashAfter,
}

/// What becomes of an upload.
#[derive(Clone, Copy, Debug)]
enum Upload {
    /// It does not reach the service.
    Lost,
    /// It does, but the answer is lost.
    AnswerLost,
    Confirmed(Fate),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Maintain(Fate),
    Advance(Fate),
    Upload(Upload),
    /// A peer fetches a bundle, and writes.
    Fetch,
    /// One of the messages under way arrives. If `damaged`, with a bit flipped, and the message stays under way.
    Deliver {
        which: u8,
        damaged: bool,
        fate: Fate,
    },
    /// Peers fetch bundles and never write.
    Drain(u8),
    Wait {
        days: u8,
    },
    Backup,
    /// The backup is put back. The first time, the account may not be told what the token was.
    Restore {
        with_token: bool,
        fate: Fate,
    },
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![6 => Just(Fate::Stored), 1 => Just(Fate::Fails), 1 => Just(Fate::CrashBefore),
        1 => Just(Fate::CrashAfter)]
}

fn step() -> impl Strategy<Value = Step> {
    let upload = prop_oneof![1 => Just(Upload::Lost), 1 => Just(Upload::AnswerLost),
        4 => fate().prop_map(Upload::Confirmed)];
    prop_oneof![
        6 => fate().prop_map(Step::Maintain),
        1 => fate().prop_map(Step::Advance),
        6 => upload.prop_map(Step::Upload),
        6 => Just(Step::Fetch),
        6 => (any::<u8>(), prop::bool::weighted(0.2), fate())
            .prop_map(|(which, damaged, fate)| Step::Deliver { which, damaged, fate }),
        1 => (1..12_u8).prop_map(Step::Drain),
        3 => prop_oneof![3 => 1..4_u8, 1 => 30..100_u8].prop_map(|days| Step::Wait { days }),
        1 => Just(Step::Backup),
        1 => (any::<bool>(), fate()).prop_map(|(with_token, fate)| Step::Restore { with_token, fate }),
    ]
}

/// A message under way, or delivered.
struct Sent {
    from: Address,
    letter: Letter,
    fetched: Timestamp,
    keys: Vec<Key>,
    kem: KemPreKeyId,
    /// Whether all of its keys were there, and no backup put back since took one away.
    sound: bool,
    /// Whether it was decrypted, and no backup put back since made that undone.
    delivered: Option<bool>,
}

struct World {
    bob: Holder,
    service: Service,
    backup: Option<Store>,
    recovered: bool,
    sent: Vec<Sent>,
    peers: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let bob = Holder::new("bob", seed);
        Self {
            bob,
            service: Service::default(),
            backup: None,
            recovered: false,
            sent: Vec::new(),
            peers: 1000 * seed,
        }
    }

    fn step(&mut self, step: Step) {
        let Holder { account, store, now, rng, .. } = &mut self.bob;
        let (now, counts) = (*now, self.service.counts());
        let crashed = match step {
            Step::Maintain(fate) => settle(account.maintain(counts, now, rng).unwrap(), store, fate),
            Step::Advance(fate) => settle(account.advance().unwrap(), store, fate),
            Step::Upload(outcome) => {
                let upload = account.upload();
                if !matches!(outcome, Upload::Lost) {
                    self.service.take(&upload);
                }
                match outcome {
                    Upload::Confirmed(fate) => {
                        settle(account.confirm_uploaded(&upload, now).unwrap(), store, fate)
                    }
                    _ => false,
                }
            }
            Step::Fetch => self.fetch(),
            Step::Deliver { which, damaged, fate } => self.deliver(which, damaged, fate),
            Step::Drain(count) => {
                if self.service.signed.is_some() {
                    for _ in 0..count {
                        drop(self.service.bundle(&self.bob));
                    }
                }
                false
            }
            Step::Wait { days } => {
                self.bob.advance(u32::from(days) * DAY);
                false
            }
            Step::Backup => {
                self.backup = Some(store.clone());
                false
            }
            Step::Restore { with_token, fate } => self.restore(with_token, fate),
        };
        if crashed {
            self.bob.restart();
        }
        self.check();
    }

    fn check(&self) {
        self.bob.check();
        let kept = |kind: fn(&Key) -> bool| self.bob.store.rows.keys().filter(|row| kind(row)).count();
        let max = usize::try_from(LIMITS.max_kept).unwrap();
        assert!(kept(|row| matches!(row, Key::OneTimePreKey(_))) <= max);
        assert!(kept(|row| matches!(row, Key::OneTimeKemPreKey(_))) <= max);
        let plan = self.bob.account.plan(self.service.counts(), self.bob.now);
        assert_eq!(plan, self.bob.account.plan(self.service.counts(), self.bob.now));
        let waiting = |kind: fn(&Key) -> bool| plan.offer_again.iter().filter(|row| kind(row)).count();
        assert!(waiting(|row| matches!(row, Key::SignedPreKey(_))) <= 1);
        assert!(waiting(|row| matches!(row, Key::LastResortKemPreKey(_))) <= 1);
    }

    fn fetch(&mut self) -> bool {
        if self.service.signed.is_none() {
            return false;
        }
        let bundle = self.service.bundle(&self.bob);
        let keys = keys_of(&bundle);
        let kem = bundle.kem_pre_key.as_ref().unwrap().id;
        self.peers += 1;
        let (from, letter) = stranger(bundle, &self.bob.address, self.peers);
        let sound = has(&self.bob.store, &keys);
        self.sent.push(Sent {
            from,
            letter,
            fetched: self.bob.now,
            keys,
            kem,
            sound,
            delivered: Some(false),
        });
        false
    }

    fn deliver(&mut self, which: u8, damaged: bool, fate: Fate) -> bool {
        let Some(at) = usize::from(which).checked_rem(self.sent.len()) else { return false };
        let sent = &mut self.sent[at];
        let letter = if damaged { sent.letter.flipped(0) } else { sent.letter.clone() };
        let bob = &mut self.bob;
        let mut session = bob.session(&sent.from);
        match bob.account.receive(&mut session, &letter.message(), Trust::Anyone, &mut bob.rng) {
            Ok(staged) => {
                assert!(!damaged, "a damaged message was decrypted");
                assert_ne!(sent.delivered, Some(true), "a message was decrypted twice");
                if matches!(fate, Fate::Stored | Fate::CrashAfter) {
                    sent.delivered = Some(true);
                }
                settle(staged, &mut bob.store, fate)
            }
            Err(error) => {
                let uses = bob.account.last_resort_uses().filter(|used| used.kem == sent.kem).count();
                let full = uses >= usize::try_from(LIMITS.max_uses).unwrap()
                    && error == DecryptError::UsedTooOften(sent.kem);
                let in_time = bob.now < sent.fetched.saturating_add(LIMITS.grace);
                let due = sent.sound && sent.delivered == Some(false) && in_time && !damaged && !full;
                assert!(!due, "{error:?} for a message of {:?} that was fetched in time", sent.keys);
                false
            }
        }
    }

    /// Puts the backup back. What the account does not notice is what no upload has told the service.
    fn restore(&mut self, with_token: bool, fate: Fate) -> bool {
        let Some(backup) = self.backup.clone() else { return false };
        self.bob.store = backup;
        self.bob.restart();
        for sent in &mut self.sent {
            sent.sound &= has(&self.bob.store, &sent.keys);
            sent.delivered = sent.delivered.filter(|delivered| !delivered);
        }
        loop {
            let Holder { account, store, now, rng, .. } = &mut self.bob;
            match &self.service.token {
                Some(token) if account.check(token) == BackupCheck::Restored => {
                    // Without the token only chance keeps two recoveries of one backup apart.
                    let token = (with_token || self.recovered).then_some(token);
                    self.recovered = true;
                    let crashed = settle(account.recover(token, *now, rng).unwrap(), store, fate);
                    if crashed {
                        self.bob.restart();
                    }
                    // Whatever went wrong, it is tried again until it works. In the end all is uploaded.
                    let Holder { account, store, now, rng, .. } = &mut self.bob;
                    if matches!(fate, Fate::Fails | Fate::CrashBefore) {
                        settle(account.recover(token, *now, rng).unwrap(), store, Fate::Stored);
                    }
                    let upload = account.upload();
                    self.service.take(&upload);
                    settle(account.confirm_uploaded(&upload, *now).unwrap(), store, Fate::Stored);
                }
                _ => return false,
            }
        }
    }
}

fn keys_of(bundle: &PreKeyBundle) -> Vec<Key> {
    let mut keys = vec![Key::SignedPreKey(SignedPreKeyId(bundle.signed_pre_key.id.0))];
    let one_time = bundle.one_time_pre_key.as_ref();
    keys.extend(one_time.map(|key| Key::OneTimePreKey(OneTimePreKeyId(key.id.0))));
    keys.push(Key::OneTimeKemPreKey(bundle.kem_pre_key.as_ref().unwrap().id));
    keys
}

fn has(store: &Store, keys: &[Key]) -> bool {
    keys.iter().all(|row| match row {
        Key::OneTimeKemPreKey(id) => {
            store.rows.contains_key(row) || store.rows.contains_key(&Key::LastResortKemPreKey(*id))
        }
        _ => store.rows.contains_key(row),
    })
}

/// Stores and commits a stage, or not. Gives whether the app crashed.
fn settle<T>(staged: Staged<'_, T>, store: &mut Store, fate: Fate) -> bool {
    match fate {
        Fate::Fails => assert_eq!(staged.commit_with(|_| Err("disk full")).err(), Some("disk full")),
        Fate::CrashBefore => {}
        Fate::Stored => drop(staged.commit_with(|writes| store.apply(writes)).unwrap()),
        Fate::CrashAfter => store.apply(staged.writes()).unwrap(),
    }
    matches!(fate, Fate::CrashBefore | Fate::CrashAfter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn accounts_survive_any_schedule(seed in 0..1_000_000_u64, steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new(seed);
        world.step(Step::Maintain(Fate::Stored));
        world.step(Step::Upload(Upload::Confirmed(Fate::Stored)));
        for step in steps {
            world.step(step);
        }
        // In the end the account can be maintained, and a new peer can write.
        world.bob.maintain(&mut world.service);
        let bundle = world.service.bundle(&world.bob);
        let sound = has(&world.bob.store, &keys_of(&bundle));
        let (from, message) = stranger(bundle, &world.bob.address, world.peers + 1);
        let received = world.bob.receive(&from, &message);
        prop_assert!(!sound || received.is_ok() || matches!(received, Err(DecryptError::UsedTooOften(_))));
    }
}
