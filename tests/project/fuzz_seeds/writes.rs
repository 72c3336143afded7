// SPDX-License-Identifier: MIT OR Apache-2.0

//! Seeds of the target `writes`: what operations of each kind stage, and a key of each kind.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group::{DistributionId, DistributionMessage, Format, ReceiverKeys, SenderKey};
use subrosa::keys::PublicKey;
use subrosa::prekey::{KemPreKeyId, KemPreKeyUse, OneTimePreKeyId, SignedPreKeyId};
use subrosa::repair::{Advice, Failure, RepairLog, RepairPolicy};
use subrosa::sealed::ContentHint;
use subrosa::session::Config;
use subrosa::session::manual::Admission;
use subrosa::store::{Key, Writes};
use subrosa::{Account, DeviceId, MessageKind, Session, Staged, Trust, account};

use super::{ACCOUNT_LIMITS, addresses, read, write};
use crate::device::{Device, FoundKeys, Offer, START};

/// One of each kind.
fn keys() -> [Key; 13] {
    let [alice, bob] = addresses();
    let format = Format::WithId(DistributionId::from_bytes([0xD1; 16]));
    let used = KemPreKeyUse {
        kem: KemPreKeyId(3),
        signed: SignedPreKeyId(2),
        base_key: PublicKey::from_bytes([9; 32]),
    };
    [
        Key::Account,
        Key::OneTimePreKey(OneTimePreKeyId(1)),
        Key::SignedPreKey(SignedPreKeyId(2)),
        Key::OneTimeKemPreKey(KemPreKeyId(3)),
        Key::LastResortKemPreKey(KemPreKeyId(4)),
        Key::LastResortUses(KemPreKeyId(4)),
        Key::KemPreKeyUse(used),
        Key::Identity(alice.name().clone()),
        Key::Session(alice),
        Key::SenderKey(Format::WithoutId),
        Key::ReceiverKeys(bob.clone(), format),
        Key::ReceiverKeys(bob.clone(), Format::WithoutId),
        Key::RepairLog(bob),
    ]
}

/// Writes down what is staged, and commits it.
fn stage<T>(name: &str, staged: Staged<'_, T>) -> T {
    write("writes", name, &staged.writes().to_bytes());
    staged.commit()
}

pub(super) fn write_seeds() {
    for (number, key) in keys().iter().enumerate() {
        write("writes", &format!("key-{number:02}"), &key.to_bytes());
    }
    write("writes", "none", &Writes::default().to_bytes());
    accounts();
    conversation();
    group();
    let ([_, bob], sent) = (addresses(), START);
    let (kind, device) = (MessageKind::SenderKey, DeviceId::PRIMARY);
    let advice = Advice::about(Failure::Undecryptable, ContentHint::Default, kind, b"", sent, device);
    let mut log = RepairLog::new(bob);
    stage("repair-log", log.ask(advice.ask.unwrap(), &RepairPolicy::default(), sent).unwrap());
}

/// An account, its upkeep, and a first message that it receives.
fn accounts() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let [local, _] = addresses();
    let mut account = stage("account", Account::generate(local.clone(), ACCOUNT_LIMITS, &mut rng).unwrap());
    let counts = account::Counts::default();
    let mut upload = stage("upkeep", account.maintain(counts, START, &mut rng).unwrap());
    stage("upkeep-confirmed", account.confirm_uploaded(&upload, START).unwrap());
    let mut bob = Device::new("bob", 6);
    bob.initiate(&local, upload.next_bundle().unwrap()).unwrap();
    let first = bob.send(&local, b"hello");
    let (mut session, message) = (account.new_session(&bob.address), first.message());
    stage("received-first", account.receive(&mut session, &message, Trust::Anyone, &mut rng).unwrap());
    stage("sent", session.encrypt(b"hello yourself", Trust::Anyone, START, &mut rng).unwrap());
    stage("archived", session.archive().unwrap());
}

/// A first message for somebody without an account.
fn conversation() {
    for (name, offer) in [("one-time", Offer::FULL), ("last-resort", Offer::LAST_RESORT)] {
        let [mut alice, mut bob] = Device::pair(7);
        let bundle = bob.bundle(offer);
        let first = alice.first(&bob.address, bundle, b"hello");
        let message = first.message();
        let mut session = Session::new(bob.address.clone(), alice.address.clone());
        let config = Config::new(&bob.identity, bob.registration_id);
        let mut rng = ChaCha20Rng::seed_from_u64(8);
        let admission = session.receive(&config, &message, Trust::Anyone, &mut rng).unwrap();
        let Admission::New(new) = admission else { panic!("there is no session yet") };
        let keys = FoundKeys::find(&bob.store, &bob.faults, new.needed()).unwrap();
        stage(&format!("accepted-{name}"), new.accept(&keys.lend(), &mut rng).unwrap());
    }
}

fn group() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let [alice, _] = addresses();
    let mut key = SenderKey::generate(DistributionId::from_bytes([0xD1; 16]), &mut rng);
    let mut keys = ReceiverKeys::new(alice, key.format());
    let distribution = key.distribution();
    stage(
        "group-learnt",
        keys.process(
            &DistributionMessage::parse(&distribution).unwrap(),
            &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
        )
        .unwrap(),
    );
    stage("group-sent", key.encrypt(b"hello", &mut rng).unwrap());
}

pub(super) fn check_seeds() {
    let seeds = read("writes");
    let all = seeds.iter().filter(|seed| Writes::from_bytes(seed).is_ok()).count();
    let one = seeds.iter().filter(|seed| Key::from_bytes(seed).is_ok()).count();
    assert_eq!((one, all + one), (keys().len(), seeds.len()));
}
