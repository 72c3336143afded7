// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same of the rose profile and of OMEMO, which `docs/api.txt` does not have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::keys::{PrivateKey, Secret};
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::report::{Judgement, Moderator, ReportKey};
use subrosa::rose::sas::{Runs, SasStep};
use subrosa::rose::{Class, Kind, Outgoing, Repairs, RoseKey, SealedTags, Sender, Upload, seal_for_many};
use subrosa::store::Key;
use subrosa::{Address, RecordKey, omemo};

use super::{Shown, TEXT};
use crate::parties::{Device, Service, name, pair};
use crate::rose::secrets_of;

/// Types that have no place for a secret.
const WITHOUT_SECRETS: &str = "\
    Admission Agreed BadCard BeginError BraidError BundleError Card CardSeen CardSource Class Contact DowngradeLeave \
    EncryptError GroupError IdentityKey InvalidIdentity Issuers KemIdentity Kind Legacy Message Misses Moderators \
    PayloadError PeerAuthentication Policy PreKeyError ReceiptFacts ReceiptPolicy Receipts ReceiveError Repair \
    RepairRefused ReportError Resend Runs SasError SasStep SendError ShownExchange Trust Two UsedPreKey VerifiedBundle";

pub(super) fn show_rose(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    show_sessions(shown, rng);
    show_group(shown, rng);
    show_reports(shown, rng);
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 91);
    let mut bob = Device::new(&service, "bob", 1, 92);
    let bundle = bob.bundle(Class::OneTime);
    for (key, record) in &bob.store.rows {
        match Key::from_bytes(key) {
            Ok(Key::Rose(RoseKey::HybridPreKey(_))) => shown.secret("prekey", &record[record.len() - 96..]),
            Ok(Key::Rose(RoseKey::SealingPreKey(_))) => shown.secret("prekey", &record[4 + 1292..][..32]),
            Ok(Key::Rose(RoseKey::Device)) => shown.secret("identity", &record[12..108]),
            _ => {}
        }
    }
    alice.begin(&bundle, false);
    let message = alice.send(bob.name(), &Outgoing::content(TEXT)).unwrap();
    shown.show("DeviceKeys", bob.account.keys());
    shown.show("Account", &bob.account);
    shown.show("FirstContact", &bob.account.open(&message).unwrap());
    shown.show("Session", &alice.sessions[&bob.name()]);
    shown.show("Repairs", &Repairs::new(bob.name()));
    let key = RecordKey::generate(rng);
    shown.secret("record key", key.as_bytes());
    shown.show("SealedTags", &SealedTags::new(&key, b"store"));
}

fn show_sessions(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let [mut alice, mut bob] = pair(93, false);
    let to_bob = bob.name();
    shown.show("Outgoing", &Outgoing::content(TEXT));
    for kind in [Kind::Content, Kind::Receipt, Kind::Other(200)] {
        let message = alice.send(to_bob, &Outgoing::of(kind, TEXT)).unwrap();
        let (_, received) = bob.receive(&message, false).unwrap();
        shown.show("Typed", &received.typed());
        shown.show("Received", &received);
    }
    let session = alice.sessions.get_mut(&to_bob).unwrap();
    for (name, secret) in secrets_of(session) {
        shown.secret(name, &secret);
    }
    let sender = Sender { certificate: &alice.certificate, contact: None, now: alice.now };
    shown.show("Sender", &sender);
    shown.show("Staged", &session.encrypt(&Outgoing::content(TEXT), &sender, rng).unwrap());
    let sealed = seal_for_many([(b"mailbox", &mut *session)], (TEXT, 0), &sender, rng).unwrap().commit();
    shown.secret("key of the shared part", sealed.shared_key.as_bytes());
    shown.show("SplitUpload", &sealed);
    shown.show("Session", &*session);
    let theirs = bob.sessions.get_mut(&alice.account.name()).unwrap();
    let (mut runs, now) = ([(); 2].map(|()| Runs::default()), alice.now);
    let first = session.start_sas(&mut runs[0], now, rng).unwrap().commit();
    let SasStep::Send(answer) = theirs.take_sas(&first, &mut runs[1], now, rng).unwrap().commit() else {
        panic!("an answer is due")
    };
    let SasStep::SendAndShow(_, sas) = session.take_sas(&answer, &mut runs[0], now, rng).unwrap().commit()
    else {
        panic!("the string is due")
    };
    shown.secret("the string to compare", sas.digits().as_bytes());
    shown.show("Sas", &sas);
}

fn show_group(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let [us, to] = ["alice", "bob"].map(|account| name(account, 1));
    let group = Secret::<32>::random(rng);
    shown.secret("group id", group.as_bytes());
    let mut key = GroupKey::generate(*group.as_bytes(), rng).commit();
    let distribution = key.distribution(&to);
    distribution.as_bytes()[24..120].chunks(32).for_each(|secret| shown.secret("group key", secret));
    let mut keys = GroupKeys::new(us, *key.id(), false);
    keys.learn(distribution.as_bytes(), 0).unwrap().commit();
    let message = GroupOutgoing { content: TEXT, at_least: 0, report: None };
    shown.show("GroupOutgoing", &message);
    let upload = key.encrypt(&message, &us, [(*to.as_bytes(), to)], rng).unwrap().commit();
    let upload = Upload::parse(&upload).unwrap();
    let (_, message) = upload.deliveries().next().unwrap();
    shown.show("GroupReceived", &keys.decrypt(&message).unwrap().commit());
    shown.show("GroupKey", &key);
    shown.show("GroupKeys", &keys);
}

fn show_reports(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let [signing, sealing] = [(); 2].map(|()| Secret::<32>::random(rng));
    shown.secret("moderator's key", signing.as_bytes());
    shown.secret("moderator's key", sealing.as_bytes());
    let moderator = Moderator::new(5, sealing, PrivateKey::from_secret(&signing));
    shown.show("Moderator", &moderator);
    let (key, public) = ReportKey::generate(rng);
    shown.secret("report key", key.as_bytes());
    let token = moderator.issue(&name("alice", 1), &public, 30_000, rng);
    let key = ReportKey::new(token, key).unwrap();
    shown.show("ReportKey", &key);
    let [mut alice, mut bob] = pair(94, true);
    let session = alice.sessions.get_mut(&bob.name()).unwrap();
    session.keep_report_key(key).unwrap().commit();
    let part = session.report_part(TEXT, 20_000, rng).unwrap();
    let message = Outgoing { report: Some(&part), ..Outgoing::content(TEXT) };
    let message = alice.send(bob.name(), &message).unwrap();
    let (_, received) = bob.receive(&message, false).unwrap();
    shown.show("Reportable", &received.reportable.unwrap());
    shown.show("Judgement", &Judgement { sender: alice.name(), content: TEXT.to_vec() });
}

pub(super) fn show_omemo(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    use omemo::{IdentityKeyPair, Trust, UsedPreKey, Version, inspect, payload};

    for version in [Version::Two, Version::Legacy] {
        let mut account = |device| {
            let identity = IdentityKeyPair::generate(rng);
            shown.secret("identity", identity.private().as_bytes());
            shown.show("IdentityKeyPair", &identity);
            let mut account = omemo::Account::new(version, device, identity);
            account.renew(Some(1), &[1, 2], rng).unwrap().commit();
            account
        };
        let (alice, mut bob) = (account(1), account(2));
        let published = bob.bundle().unwrap();
        shown.show("Bundle", &published);
        let bundle = published.verify(None).unwrap();
        let [mut to_bob, mut to_alice] =
            [("bob", 2), ("alice", 1)].map(|(name, id)| omemo::Session::new(version, Address::new(name, id)));
        to_bob.begin(&alice, &bundle, Trust::Anyone, rng).unwrap().commit();
        let sent = to_bob.encrypt(TEXT).unwrap().commit();
        shown.show("Outgoing", &sent);
        let message = omemo::Message::parse(version, sent.kind(), sent.as_bytes()).unwrap();
        let received = to_alice.receive(&mut bob, &message, Trust::Anyone, UsedPreKey::Delete, rng);
        shown.show("Received", &received.unwrap().commit());
        shown.show("Account", &bob);
        for session in [&to_bob, &to_alice] {
            let inside = inspect::session(session).unwrap();
            let receiving = inside.receiving.map(ChainKey::as_bytes);
            let keys = [inside.root.as_bytes(), inside.own_private, inside.sending.as_bytes()];
            keys.into_iter().chain(receiving).for_each(|key| shown.secret("key of a session", key));
            shown.show("Shown", &inside);
            shown.show("Session", session);
        }
        let sealed = payload::Two::seal(TEXT, rng);
        shown.secret("key material", &sealed.key_material);
        shown.show("Sealed", &sealed);
    }
    let (key, root) = (Secret::<32>::random(rng), Secret::<32>::random(rng));
    shown.secret("key of a session", key.as_bytes());
    shown.secret("key of a session", root.as_bytes());
    let parts = inspect::Parts {
        began: true,
        answered: true,
        associated_data: &[1; 64],
        base_key: [2; 32],
        signed_pre_key_id: 1,
        pre_key_id: 1,
        root: *root.as_bytes(),
        own_private: *key.as_bytes(),
        remote: [3; 32],
        sending: (*key.as_bytes(), 1),
        receiving: Some((*key.as_bytes(), 2)),
        previous: 3,
        skipped: vec![([3; 32], 1, *key.as_bytes())],
    };
    shown.show("Parts", &parts);
}

/// A new public type of these has to be named here.
#[test]
fn no_public_type_of_a_profile_is_forgotten() {
    let mut names = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
    let mut open = ["rose", "omemo"].map(|profile| source.join(profile)).to_vec();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            let types = text
                .lines()
                .filter_map(|line| line.strip_prefix("pub struct ").or(line.strip_prefix("pub enum ")));
            names.extend(types.map(|line| line.split([' ', '<', '(', ';']).next().unwrap().to_owned()));
        }
    }
    assert!(names.len() > 60, "{names:?}");
    let (mut shown, mut rng) = (Shown::default(), ChaCha20Rng::seed_from_u64(90));
    show_rose(&mut shown, &mut rng);
    show_omemo(&mut shown, &mut rng);
    names.retain(|name| {
        !WITHOUT_SECRETS.split_whitespace().any(|known| known == name)
            && !shown.lines.iter().any(|(shown, _)| shown == name)
    });
    assert_eq!(names, BTreeSet::new(), "do they hold a secret?");
}
