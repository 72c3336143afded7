// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own records: with counts that are not true, as large as they can be, and larger.

use subrosa::account;
use subrosa::group::{ReceiverKeys, SenderKey};
use subrosa::prekey::{KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::repair::{RepairLog, RepairPolicy};
use subrosa::store;
use subrosa::store::RecordKind;
use subrosa::{
    Account, Address, DeviceId, IdentityKey, IdentityKeyPair, PreKeyBundle, RecordKey, Session, Timestamp,
};

use super::groups;
use super::ledger::{Bound, LARGE, Ledger, SHORT, told};
use super::setting::{Talk, receive, rng, send};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const LIMITS: account::Limits = account::Limits {
    batch: 2,
    low: 1,
    max_kept: 10,
    max_given_out: 9,
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

type Read = fn(&[u8]) -> String;

fn session(bytes: &[u8]) -> String {
    let [local, remote] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    told(Session::from_record(bytes, local, remote))
}

fn account(bytes: &[u8]) -> String {
    told(Account::from_records(bob(), bytes, [[]; 0], LIMITS))
}

/// How each kind is read.
fn reader(kind: RecordKind) -> Read {
    match kind {
        RecordKind::IdentityKeyPair => |bytes| told(IdentityKeyPair::from_record(bytes)),
        RecordKind::OneTimePreKey => |bytes| told(OneTimePreKey::from_record(bytes)),
        RecordKind::SignedPreKey => |bytes| told(SignedPreKey::from_record(bytes)),
        RecordKind::OneTimeKemPreKey => |bytes| told(OneTimeKemPreKey::from_record(bytes)),
        RecordKind::LastResortKemPreKey => |bytes| told(LastResortKemPreKey::from_record(bytes)),
        RecordKind::Session => session,
        RecordKind::SenderKey => |bytes| told(SenderKey::from_record(bytes)),
        RecordKind::ReceiverKeys => |bytes| told(ReceiverKeys::from_record(bytes, groups::sender())),
        RecordKind::Account => account,
        RecordKind::LastResortUses => |bytes| {
            // Rows are read with their account.
            let own = Account::generate(bob(), LIMITS, &mut rng()).unwrap().commit();
            told(Account::from_records(bob(), own.record().as_bytes(), [bytes], LIMITS))
        },
        RecordKind::Identity => |bytes| told(IdentityKey::from_record(bytes)),
        RecordKind::KemPreKeyUse => |bytes| told(KemPreKeyUse::from_record(bytes)),
        RecordKind::PreKeyBundle => |bytes| told(PreKeyBundle::from_bytes(bytes)),
        RecordKind::Upload => |bytes| told(account::Upload::from_bytes(bytes)),
        RecordKind::RepairLog => |bytes| told(RepairLog::from_record(bytes, bob())),
        kind => panic!("{kind:?} is not known here"),
    }
}

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("our own records, any kind", Bound { times: 4, plus: 64 << 10, stack: 128 << 10 });
    let samples = samples();
    for kind in RecordKind::ALL {
        let sample = samples.iter().find(|(sample, _)| *sample == kind).unwrap();
        false_counts(ledger, kind, &sample.1);
        let longer = |len: usize| [&sample.1[..], &vec![0; len]].concat();
        ledger.growing(&format!("{kind:?}, longer"), "", longer, reader(kind));
        let ones = |len: usize| [&sample.1[..4], &vec![1; len]].concat();
        ledger.growing(&format!("{kind:?}, ones"), "", ones, reader(kind));
    }
    lists(ledger);
    ledger.kind("the largest session record", Bound { times: 5, plus: 64 << 10, stack: 64 << 10 });
    largest(ledger);
    ledger.kind("sealed record", Bound { times: 2, plus: 4 << 10, stack: 16 << 10 });
    sealed(ledger);
}

/// A record of each kind.
fn samples() -> Vec<(RecordKind, Vec<u8>)> {
    let mut rng = rng();
    let mut account = Account::generate(bob(), LIMITS, &mut rng).unwrap().commit();
    account.maintain(account::Counts::default(), NOW, &mut rng).unwrap().commit();
    let mut all: Vec<_> = account.rows().into_iter().map(|(_, record)| record).collect();
    all.extend([account.record(), account.identity().record()]);
    let (key, _) = groups::pair();
    let keys = groups::after_skip(20);
    let mut talk = Talk::new(4);
    let _lost = talk.after(20);
    let message = send(&mut talk.alice, b"text", &mut talk.rng);
    receive(&mut talk.bob, &message, &mut talk.rng);
    let mut log = RepairLog::new(bob());
    let advice = subrosa::repair::Advice::about(
        subrosa::repair::Failure::Undecryptable,
        subrosa::sealed::ContentHint::Default,
        subrosa::MessageKind::Whisper,
        &message,
        NOW,
        DeviceId::PRIMARY,
    );
    log.ask(advice.ask.unwrap(), &RepairPolicy::default(), NOW).unwrap().commit();
    all.extend([key.record(), keys.record(), talk.bob.record(), log.record()]);
    assert!(account.rows().iter().any(|(row, _)| matches!(row, store::Key::LastResortUses(_))));
    let mut samples: Vec<_> = all.iter().map(|record| (record.kind(), record.as_bytes().to_vec())).collect();
    let mut upload = account.upload();
    samples.extend([
        (RecordKind::Identity, [&b"sr\x0d\x01"[..], &[9; 32]].concat()),
        (RecordKind::KemPreKeyUse, [&b"sr\x0e\x01"[..], &[9; 40]].concat()),
        (RecordKind::Upload, upload.to_bytes()),
        (RecordKind::PreKeyBundle, upload.next_bundle().unwrap().to_bytes()),
    ]);
    samples
}

/// At each place a number of four bytes, and of one, that is as large as can be.
fn false_counts(ledger: &mut Ledger, kind: RecordKind, sample: &[u8]) {
    let places = 4..sample.len().min(if SHORT { 100 } else { 400 });
    for at in places {
        for (from, len) in [(0xFF, 4), (0x01, 3)] {
            let mut damaged = sample.to_vec();
            damaged[at..(at + len).min(sample.len())].fill(from);
            ledger.attempt(&format!("{kind:?}, false count"), damaged.len(), "", || reader(kind)(&damaged));
        }
    }
}

/// Lists as long as they may be, or longer, whose count is true.
fn lists(ledger: &mut Ledger) {
    let own = Account::generate(bob(), LIMITS, &mut rng()).unwrap().commit();
    // Shelves are at the end: four counts, all 0.
    let account_record = own.record().as_bytes().to_vec();
    let entries = |len: usize| {
        let count = u32::try_from(len / 13).unwrap();
        let entry = |id: u32| [&id.to_le_bytes()[..], &[0], &[1; 8]].concat();
        let shelf = [&count.to_le_bytes()[..], &(0..count).flat_map(entry).collect::<Vec<_>>()].concat();
        [&account_record[..account_record.len() - 16], &shelf, &[0; 12]].concat()
    };
    ledger.growing("account with many prekeys", "", entries, account);
    let used = |len: usize| {
        let count = u32::try_from(len / 36).unwrap();
        let entry = |id: u32| [&id.to_le_bytes()[..], &[9; 32]].concat();
        let head = [&b"sr\x0a\x01"[..], &1_u32.to_le_bytes(), &count.to_le_bytes()].concat();
        [&head[..], &(0..count).flat_map(entry).collect::<Vec<_>>()].concat()
    };
    ledger.growing("many uses of a last-resort KEM prekey", "", used, reader(RecordKind::LastResortUses));
    let full = groups::after_skip(25_000);
    ledger.attempt("sender with 2,000 skipped keys", full.record().as_bytes().len(), "Ok", || {
        told(ReceiverKeys::from_record(full.record().as_bytes(), groups::sender()))
    });
}

/// 41 sessions with five chains, each with 2,000 skipped keys of both ratchets.
fn largest(ledger: &mut Ledger) {
    let (full, [local, remote]) = full_session();
    let record = full.record();
    // header, generation, mark of the addresses, whether there is a current one; the session; how many are archived: none.
    let (head, rest) = record.as_bytes().split_at(4 + 8 + 8 + 1);
    let (one, none) = rest.split_at(rest.len() - 1);
    assert_eq!(none, [0]);
    let costs = [20_u8, 40].map(|archived| {
        let all = [head, one, &[archived], &one.repeat(archived.into())].concat();
        let name = format!("{archived} archived");
        let cost = ledger.attempt(&name, all.len(), "Ok", || {
            told(Session::from_record(&all, local.clone(), remote.clone()))
        });
        let session = Session::from_record(&all, local.clone(), remote.clone()).unwrap();
        assert_eq!(session.archived_len(), archived.into());
        ledger.attempt(&format!("{name}, written"), all.len(), "Ok", || {
            std::hint::black_box(session.record());
            "Ok".to_owned()
        });
        let moved = session.to_libsignal_record();
        ledger.attempt(&format!("{name}, libsignal's"), moved.len(), "Ok", || {
            told(Session::from_libsignal_record(&moved, local.clone(), remote.clone()))
        });
        cost
    });
    ledger.compare("archived", costs[0], costs[1]);
}

fn sealed(ledger: &mut Ledger) {
    let key = RecordKey::from_bytes(&[8; 32]);
    let talk = Talk::new(4);
    let sealed = key.seal(&talk.bob.record(), b"owner", &mut rng()).unwrap();
    let open = |bytes: &[u8]| told(key.open(RecordKind::Session, b"owner", bytes));
    ledger.attempt("opened", sealed.len(), "Ok", || open(&sealed));
    let longer = |len: usize| [&sealed[..], &vec![0; len]].concat();
    ledger.growing("longer", "NotAuthentic", longer, open);
    ledger.growing("nothing but length", "", |len| vec![0x73; len + LARGE / 8], open);
}

/// What the largest session record is spliced from: one session with as many skipped keys as it can have.
fn full_session() -> (Session, [Address; 2]) {
    let mut talk = Talk::new(4);
    for _ in 0..5 {
        for _ in 0..2_000 {
            drop(send(&mut talk.alice, b"", &mut talk.rng));
        }
        let message = send(&mut talk.alice, b"text", &mut talk.rng);
        receive(&mut talk.bob, &message, &mut talk.rng);
        let answer = send(&mut talk.bob, b"text", &mut talk.rng);
        receive(&mut talk.alice, &answer, &mut talk.rng);
    }
    let addresses = [talk.bob.local().clone(), talk.bob.remote().clone()];
    (talk.bob, addresses)
}
