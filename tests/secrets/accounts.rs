// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts wipe the keys that they delete, and all of them when they are dropped; nor do keys stay behind where
//! they were moved from.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::prekey::{LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::session;
use subrosa::store;
use subrosa::{
    Account, Address, DeviceId, IdentityKeyPair, Message, MessageKind, PreKeyBundle, Session, Timestamp,
    Trust,
};

use super::heap::{Piece, Watch};
use super::keys::watch_kem;
use super::moved::move_over;

const LIMITS: account::Limits = account::Limits {
    batch: 30,
    low: 20,
    max_kept: 200,
    max_given_out: 100,
    signed_lifetime: std::time::Duration::from_secs(100),
    last_resort_lifetime: std::time::Duration::from_secs(100),
    grace: std::time::Duration::from_secs(1_000),
    max_retired: 10,
    max_uses: 10,
    kem_pre_keys: true,
    max_id: 0xFF_FFFF,
};

fn bob() -> Address {
    Address::new("bob", DeviceId::PRIMARY)
}

/// Everything that was ever stored.
#[derive(Default)]
struct Kept {
    account: Vec<u8>,
    rows: BTreeMap<store::Key, Vec<u8>>,
    live: BTreeMap<store::Key, Vec<u8>>,
}

impl Kept {
    fn note(&mut self, account: &Account) {
        self.account = account.record().as_bytes().to_vec();
        self.live =
            account.rows().into_iter().map(|(row, record)| (row, record.as_bytes().to_vec())).collect();
        self.rows.extend(self.live.clone());
    }

    fn watch(&self, watch: &Watch) {
        for (row, record) in &self.rows {
            match row {
                store::Key::OneTimePreKey(_) => {
                    let key = OneTimePreKey::from_record(record).unwrap();
                    watch.secret("one-time prekey", key.key_pair().private().as_bytes());
                }
                store::Key::SignedPreKey(_) => {
                    let key = SignedPreKey::from_record(record).unwrap();
                    watch.secret("signed prekey", key.key_pair().private().as_bytes());
                }
                store::Key::OneTimeKemPreKey(_) => {
                    watch_kem(watch, OneTimeKemPreKey::from_record(record).unwrap().key_pair().secret());
                }
                store::Key::LastResortKemPreKey(_) => {
                    watch_kem(watch, LastResortKemPreKey::from_record(record).unwrap().key_pair().secret());
                }
                _ => {}
            }
        }
    }
}

/// The life of an account, each step of which `each` looks at.
fn live(each: &mut dyn FnMut(&Account)) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut now = 1_700_000_000;
    let time = Timestamp::from_secs;
    let mut account = Account::generate(bob(), LIMITS, &mut rng).unwrap().commit();
    account.maintain(account::Counts::default(), time(now), &mut rng).unwrap().commit();
    each(&account);
    let upload = account.upload();
    account.confirm_uploaded(&upload, time(now)).unwrap().commit();
    for at in 0..8 {
        let bundle = PreKeyBundle {
            registration_id: upload.registration_id,
            device_id: DeviceId::PRIMARY,
            identity_key: upload.identity_key,
            signed_pre_key: upload.signed_pre_key.clone().unwrap(),
            one_time_pre_key: Some(upload.one_time_pre_keys[3 * at].clone()),
            kem_pre_key: Some(upload.one_time_kem_pre_keys[3 * at].clone()),
        };
        let message = message(bundle, &mut rng);
        let message = Message::parse(MessageKind::PreKey, &message).unwrap();
        let mut session = Session::new(bob(), Address::new("alice", DeviceId::PRIMARY));
        let staged = account.receive(&mut session, &message, Trust::Anyone, &mut rng).unwrap();
        drop(staged.writes());
        staged.commit();
        each(&account);
    }
    drop(account.recover(None, time(now), &mut rng).unwrap());
    for counts in [0, 30] {
        now += 100;
        let counts = account::Counts { one_time: counts, one_time_kem: counts };
        account.maintain(counts, time(now), &mut rng).unwrap().commit();
        let upload = account.upload();
        account.confirm_uploaded(&upload, time(now)).unwrap().commit();
        each(&account);
    }
    let kept = account::Counts { one_time: 30, one_time_kem: 30 };
    account.maintain(kept, time(now + 2_000), &mut rng).unwrap().commit();
    each(&account);
}

fn message(bundle: PreKeyBundle, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let [alice, bob] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    let (identity, mut session) = (IdentityKeyPair::generate(rng), Session::new(alice, bob));
    let now = Timestamp::from_secs(1_700_000_000);
    let bundle = bundle.verify(Trust::Anyone).unwrap();
    session.initiate(&session::Config::new(&identity, 1), bundle, now, rng).unwrap().commit();
    session.encrypt(b"text", Trust::Anyone, now, rng).unwrap().commit().into_bytes()
}

/// Once to know the keys, and once more, observed.
#[test]
fn an_account_forgets() {
    let mut kept = Kept::default();
    live(&mut |account| kept.note(account));
    assert!(kept.rows.len() > 100);
    let watch = Watch::begin();
    kept.watch(&watch);
    watch.over(|| live(&mut |_| {}));
    watch.assert_nothing_freed();
    assert!(watch.freed() > 100, "too little was observed");

    // A key that was used up is nowhere any more, nor one whose time is over.
    let mut gone = Vec::new();
    for (row, record) in &kept.rows {
        if let (store::Key::OneTimePreKey(_), false) = (row, kept.live.contains_key(row)) {
            let key = OneTimePreKey::from_record(record).unwrap();
            gone.extend(
                key.key_pair().private().as_bytes().windows(8).map(|piece| Piece::try_from(piece).unwrap()),
            );
        }
    }
    assert!(!gone.is_empty());
    let gone = gone.into_iter().collect();
    watch.over(|| {
        let mut steps = 0;
        live(&mut |_| {
            steps += 1;
            if steps == 9 {
                assert!(!watch.is_live(&gone));
            }
        });
    });
}

#[test]
fn reading_and_moving_in_leave_nothing_behind() {
    let mut kept = Kept::default();
    live(&mut |account| kept.note(account));
    let watch = Watch::begin();
    kept.watch(&watch);
    watch.over(|| {
        let account = Account::from_records(bob(), &kept.account, kept.live.values(), LIMITS).unwrap();
        assert!(Account::from_records(bob(), &kept.account, kept.live.values().skip(1), LIMITS).is_err());
        let (salvaged, _) =
            Account::salvage(bob(), &kept.account, kept.live.values().skip(3), LIMITS).unwrap();
        drop(salvaged);
        drop(move_over(&account, LIMITS, Timestamp::from_secs(1)));
    });
    watch.assert_nothing_freed();
}
