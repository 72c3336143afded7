// SPDX-License-Identifier: MIT OR Apache-2.0

//! All that the faces offer, once, and what misuse gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use subrosa_binding::{
    Account, AccountOptions, Address, Advice, Answer, CertificateTrust, Code, Delivery, Each, Failure,
    Fingerprint, KeyPair, Party, ReceiverKeys, RecordKey, RepairLog, SealedSender, SenderClaims, SenderKey,
    Session, Show, Store, Upload, archive, decrypt_attachment, encrypt_attachment, encrypt_each,
    generate_distribution_id, issue_sender_certificate, issue_server_certificate, split_for_many,
};

const NOW: u64 = 1_700_000_000_000;
const ALICE: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
const BOB: &str = "7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10";

struct Device {
    account: Account,
    store: Store,
    upload: Upload,
}

fn options() -> AccountOptions {
    AccountOptions { batch: 5, low: 2, ..AccountOptions::default() }
}

fn device(name: &str, number: u32) -> Device {
    let store = Store::new();
    let account = store.commit(&Account::generate(&Address::new(name, number), &options()).unwrap()).unwrap();
    let upload = store.commit(&account.maintain(0, 0, NOW).unwrap()).unwrap();
    store.commit(&account.confirm_uploaded(&upload, NOW).unwrap()).unwrap();
    Device { account, store, upload }
}

fn begin(from: &Device, to: &Device) -> Session {
    let session = from.account.new_session(&to.account.address());
    let bundle = to.upload.next_bundle().unwrap();
    from.store.commit(&session.initiate(&from.account, &bundle, None, NOW).unwrap()).unwrap();
    session
}

#[test]
fn two_devices_talk_and_restart() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let session = begin(&alice, &bob);
    let with_alice = bob.account.new_session(&alice.account.address());
    for n in 0..3_u8 {
        let sent = alice.store.commit(&session.encrypt(&[n], None, NOW).unwrap()).unwrap();
        assert_eq!(sent.kind(), 3);
        let stage = bob.account.receive(&with_alice, sent.kind(), &sent.bytes(), None).unwrap();
        assert_eq!(*stage.output_for_the_same_transaction().unwrap(), [n]);
        assert_eq!(*bob.store.commit(&stage).unwrap(), [n]);
    }
    // Restarted from rows.
    let store = Store::of_rows(bob.store.rows());
    let account = store.account(&bob.account.address(), &options()).unwrap().unwrap();
    let again = store.session(&account, &alice.account.address()).unwrap();
    let pinned = store.identity("alice").unwrap();
    assert_eq!(pinned.as_deref(), Some(&*alice.account.identity_key()));
    let answer = store.commit(&again.encrypt(b"back", pinned.as_deref(), NOW).unwrap()).unwrap();
    let read = alice.account.receive(&session, answer.kind(), &answer.bytes(), None).unwrap();
    assert_eq!(*alice.store.commit(&read).unwrap(), *b"back");
    assert_eq!(store.peers().unwrap(), [alice.account.address()]);
}

#[test]
fn misuse_is_an_error() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let session = begin(&alice, &bob);
    let open = session.encrypt(b"one", None, NOW).unwrap();
    assert_eq!(session.encrypt(b"two", None, NOW).unwrap_err().code, Code::Busy);
    assert_eq!(session.archive().unwrap_err().code, Code::Busy);
    open.roll_back();
    open.roll_back();
    assert_eq!(open.commit().unwrap_err().code, Code::Closed);
    assert_eq!(open.writes().unwrap_err().code, Code::Closed);
    assert!(!open.is_open());
    let open = session.encrypt(b"one", None, NOW).unwrap();
    open.commit().unwrap();
    assert_eq!(open.commit().unwrap_err().code, Code::Closed);
    assert_eq!(open.output_for_the_same_transaction().unwrap_err().code, Code::Closed);
    // The store is one behind now, and refuses.
    let late = session.encrypt(b"late", None, NOW).unwrap();
    assert_eq!(alice.store.apply(&late).unwrap_err().code, Code::StaleStage);
    drop(late);
    assert_eq!(session.encrypt(b"", Some(&[5; 3]), NOW).unwrap_err().code, Code::InvalidArgument);
    assert_eq!(session.encrypt(b"", Some(&[9; 33]), NOW).unwrap_err().code, Code::BadKeyType);
    let other = [[5].as_slice(), &[9; 32]].concat();
    assert_eq!(session.encrypt(b"", Some(&other), NOW).unwrap_err().code, Code::UntrustedIdentity);
    let with_alice = bob.account.new_session(&alice.account.address());
    let error = bob.account.receive(&with_alice, 2, &[0x44; 60], None).unwrap_err();
    assert_eq!(error.code, Code::InvalidProtobuf);
    assert_eq!(bob.account.receive(&with_alice, 9, &[], None).unwrap_err().code, Code::UnknownKind);
    assert_eq!(
        Session::from_record(b"no", &bob.account, &alice.account.address()).unwrap_err().code,
        Code::NotARecord
    );
    let none = AccountOptions { batch: 0, ..options() };
    assert_eq!(Account::generate(&Address::new("x", 1), &none).unwrap_err().code, Code::Limits);
    let stage = Account::generate(&Address::new("x", 1), &options()).unwrap();
    assert_eq!(stage.output_for_the_same_transaction().unwrap_err().code, Code::NoOutput);
}

#[test]
fn codes_are_numbers_that_differ() {
    let mut numbers: Vec<u32> = Code::ALL.iter().map(|code| *code as u32).collect();
    assert!(numbers.is_sorted());
    numbers.dedup();
    assert_eq!(numbers.len(), Code::ALL.len());
}

#[test]
fn sealed_sender_and_groups() {
    let (alice, bob) = (device(ALICE, 1), device(BOB, 1));
    let session = begin(&alice, &bob);
    let (root, service) = (KeyPair::generate(), KeyPair::generate());
    let server = issue_server_certificate(1, &service.public, &root.private).unwrap();
    let claims = SenderClaims {
        address: alice.account.address(),
        e164: None,
        identity_key: alice.account.identity_key(),
        expires_ms: NOW + 86_400_000,
    };
    let certificate = issue_sender_certificate(&claims, &server, &service.private).unwrap();
    let trust = CertificateTrust::new(&[root.public], true).unwrap();
    let sender = SealedSender::new(&alice.account, &certificate).unwrap();
    assert_eq!(SealedSender::new(&bob.account, &certificate).unwrap_err().code, Code::ForeignCertificate);
    let envelope = alice.store.commit(&sender.encrypt(&session, b"hush", None, NOW).unwrap()).unwrap();
    let content = bob.account.open_sealed(&envelope, &trust, None, NOW).unwrap();
    assert_eq!(content.sender(), alice.account.address());
    let with_alice = bob.account.new_session(&content.sender());
    let stage = bob.account.receive_sealed(&with_alice, &content, None).unwrap();
    assert_eq!(*bob.store.commit(&stage).unwrap(), *b"hush");
    let error = bob.account.receive_sealed(&with_alice, &content, None).unwrap_err();
    assert_eq!((error.code, error.failure), (Code::Duplicate, Some(Failure::Duplicate)));

    let id = generate_distribution_id();
    let key = SenderKey::generate(Some(&id)).unwrap();
    let keys = ReceiverKeys::new(&alice.account.address(), Some(&id)).unwrap();
    bob.store.commit(&keys.process(&key.distribution(), &alice.account.identity_key()).unwrap()).unwrap();
    let message = alice.store.commit(&key.encrypt(b"all").unwrap()).unwrap();
    let sender = sender.with(2, Some(b"group".to_vec()));
    let upload = sender.seal_for_many(&message, &[session], &[]).unwrap();
    assert!(upload.left_out.is_empty());
    let [recipient] = &split_for_many(&upload.upload).unwrap()[..] else { panic!() };
    assert_eq!((recipient.service_id.as_str(), &recipient.devices[..]), (BOB, &[1][..]));
    let content = bob.account.open_sealed(&recipient.envelope, &trust, None, NOW).unwrap();
    assert_eq!((content.kind(), content.hint(), content.group_id()), (7, 2, Some(b"group".to_vec())));
    let read = bob.store.commit(&keys.decrypt_sealed(&content, None).unwrap()).unwrap();
    assert_eq!(*read, *b"all");
    assert_eq!(keys.decrypt(&message.bytes(), None).unwrap_err().code, Code::Duplicate);
    alice.store.commit(&key.rotate().unwrap()).unwrap();
}

#[test]
fn fingerprints_attachments_and_record_keys() {
    let (alice, bob) = (device(ALICE, 1), device(BOB, 1));
    let ours = Party { identifier: vec![1; 16], identity_key: alice.account.identity_key() };
    let theirs = Party { identifier: vec![2; 16], identity_key: bob.account.identity_key() };
    let at_alice = Fingerprint::new(2, &ours, &theirs, Some(2)).unwrap();
    let at_bob = Fingerprint::new(2, &theirs, &ours, Some(2)).unwrap();
    assert_eq!(at_alice.digits(), at_bob.digits());
    at_alice.compare(&at_bob.scannable()).unwrap();
    assert_eq!(at_alice.compare(&at_alice.scannable()).unwrap_err().code, Code::Mismatch);

    let data = vec![7; 300_000];
    let (key, mut encrypted, mut manifest) = encrypt_attachment(&data).unwrap();
    assert_eq!(*decrypt_attachment(&key, &encrypted, &manifest).unwrap(), data);
    manifest.incremental_mac.clear();
    assert_eq!(*decrypt_attachment(&key, &encrypted, &manifest).unwrap(), data);
    encrypted[5] ^= 1;
    assert_eq!(decrypt_attachment(&key, &encrypted, &manifest).unwrap_err().code, Code::BadMac);

    let key = RecordKey::generate();
    let row = &alice.store.rows()[0];
    let sealed = key.seal(&row.key, &row.record).unwrap();
    assert_eq!(*key.open(&row.key, &sealed).unwrap(), *row.record);
    assert_eq!(RecordKey::generate().open(&row.key, &sealed).unwrap_err().code, Code::NotAuthentic);
    assert!(!format!("{:?}{:?}{:?}", key, row, alice.store).contains("255"));
}

#[test]
fn a_hundred_devices_and_their_corrections() {
    let alice = device("alice", 1);
    let bobs: Vec<Device> = (1..=20).map(|number| device("bob", number)).collect();
    let sessions: Vec<Session> = bobs.iter().map(|bob| begin(&alice, bob)).collect();
    let each = |session| Each { session, text: b"hello", pinned: None };
    let all: Vec<Each<'_>> = sessions.iter().map(each).collect();
    let (stage, failures) = encrypt_each(&all, NOW).unwrap();
    assert!(failures.is_empty());
    let messages = alice.store.commit(&stage).unwrap();
    assert_eq!(messages.len(), 20);
    let twice = [each(&sessions[0]), each(&sessions[0])];
    assert_eq!(encrypt_each(&twice, NOW).unwrap_err().code, Code::InvalidArgument);

    let delivery = Delivery::new(&alice.account.address(), 2);
    delivery.add("bob", &(1..=20).collect::<Vec<_>>());
    let correction = delivery.answered("bob", &Answer::Stale(vec![3, 4]));
    assert_eq!((correction.archive.len(), correction.gave_up), (2, false));
    alice.store.commit(&archive(&correction, &sessions).unwrap()).unwrap();
    assert!(!sessions[2].is_usable(NOW) && sessions[0].is_usable(NOW));
    assert!(delivery.answered("bob", &Answer::Accepted).begin.is_empty());
    assert!(delivery.is_done());
}

#[test]
fn a_lost_session_is_repaired() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let session = begin(&alice, &bob);
    let with_alice = bob.account.new_session(&alice.account.address());
    let first = alice.store.commit(&session.encrypt(b"1", None, NOW).unwrap()).unwrap();
    bob.store.commit(&bob.account.receive(&with_alice, first.kind(), &first.bytes(), None).unwrap()).unwrap();
    let answer = bob.store.commit(&with_alice.encrypt(b"2", None, NOW).unwrap()).unwrap();
    alice
        .store
        .commit(&alice.account.receive(&session, answer.kind(), &answer.bytes(), None).unwrap())
        .unwrap();
    // Bob loses it.
    bob.store.delete_session(&alice.account.address());
    let with_alice = bob.account.new_session(&alice.account.address());
    let lost = alice.store.commit(&session.encrypt(b"3", None, NOW).unwrap()).unwrap();
    let error = bob.account.receive(&with_alice, lost.kind(), &lost.bytes(), None).unwrap_err();
    assert_eq!(error.code, Code::NoSession);
    let advice = Advice::about(error.failure.unwrap(), (lost.kind(), &lost.bytes()), NOW, 1).unwrap();
    assert_eq!(advice.show, Show::Now);
    let log = RepairLog::new(&alice.account.address());
    let request = bob.store.commit(&log.ask(&advice.ask.unwrap(), NOW).unwrap()).unwrap();
    assert_eq!(request.kind(), 8);
    let log = alice.store.repair_log(&bob.account.address()).unwrap();
    let resend = alice.store.commit(&log.answer(&session, &request.bytes(), NOW).unwrap()).unwrap();
    assert!(resend.reset && resend.timestamp_ms == NOW);
}

#[test]
fn a_group_goes_on_after_more_messages_were_lost_than_may_be_skipped() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let identity = alice.account.identity_key();
    let key = SenderKey::generate(None).unwrap();
    let keys = ReceiverKeys::new(&alice.account.address(), None).unwrap();
    bob.store.commit(&keys.process(&key.distribution(), &identity).unwrap()).unwrap();
    for _ in 0..=25_000 {
        key.encrypt(b"lost").unwrap().commit().unwrap();
    }
    let now = key.distribution();
    let message = key.encrypt(b"heard").unwrap().commit().unwrap();
    assert_eq!(keys.decrypt(&message.bytes(), None).unwrap_err().code, Code::TooFarAhead);
    bob.store.commit(&keys.process(&now, &identity).unwrap()).unwrap();
    assert_eq!(keys.decrypt(&message.bytes(), None).unwrap_err().code, Code::TooFarAhead);
    bob.store.commit(&keys.fast_forward(&now, &identity).unwrap()).unwrap();
    assert_eq!(*bob.store.commit(&keys.decrypt(&message.bytes(), None).unwrap()).unwrap(), *b"heard");
}

#[test]
fn an_envelope_that_came_too_late_is_asked_for_again() {
    let (alice, bob) = (device(ALICE, 1), device(BOB, 1));
    let session = begin(&alice, &bob);
    let (root, service) = (KeyPair::generate(), KeyPair::generate());
    let server = issue_server_certificate(1, &service.public, &root.private).unwrap();
    let (address, identity_key) = (alice.account.address(), alice.account.identity_key());
    let claims =
        SenderClaims { address, e164: None, identity_key: identity_key.clone(), expires_ms: NOW + 1 };
    let certificate = issue_sender_certificate(&claims, &server, &service.private).unwrap();
    let trust = CertificateTrust::new(&[root.public], false).unwrap();
    let sender = SealedSender::new(&alice.account, &certificate).unwrap().with(1, None);
    let envelope = alice.store.commit(&sender.encrypt(&session, b"late", None, NOW).unwrap()).unwrap();
    let error = bob.account.open_sealed(&envelope, &trust, None, NOW + 2).unwrap_err();
    assert_eq!(error.code, Code::Expired);
    let unverified = bob.account.open_unverified(&envelope).unwrap();
    assert_eq!(unverified.claimed_sender(), alice.account.address());
    let advice = |pinned| unverified.advice(error.failure.unwrap(), pinned, NOW + 2).unwrap();
    let own = bob.account.identity_key();
    assert!(advice(None).ask.is_none() && advice(Some(&own)).ask.is_none());
    let ask = advice(Some(&identity_key)).ask.unwrap();
    assert_eq!(ask.message().kind(), 8);
    assert_eq!(alice.account.open_unverified(&envelope).unwrap_err().code, Code::NotForUs);
}

#[test]
fn a_message_may_be_as_long_as_the_options_say() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let session = begin(&alice, &bob);
    let sent = alice.store.commit(&session.encrypt(&[1; 9_000], None, NOW).unwrap()).unwrap();
    let read = |message_len| {
        let options = AccountOptions { message_len, ..options() };
        let account = bob.store.account(&bob.account.address(), &options).unwrap().unwrap();
        let with_alice = account.new_session(&alice.account.address());
        let stage = account.receive(&with_alice, sent.kind(), &sent.bytes(), None)?;
        stage.commit()
    };
    assert_eq!(read(9_000).unwrap_err().code, Code::TooLong);
    assert_eq!(read(12_000).unwrap().len(), 9_000);
}

#[test]
fn a_device_moves_to_another_address_and_goes_on() {
    let (alice, bob) = (device("4915112345678", 1), device("4915187654321", 1));
    let session = begin(&alice, &bob);
    let with_alice = bob.account.new_session(&alice.account.address());
    let first = alice.store.commit(&session.encrypt(b"1", None, NOW).unwrap()).unwrap();
    bob.store.commit(&bob.account.receive(&with_alice, 3, &first.bytes(), None).unwrap()).unwrap();
    let (old, new) = (alice.account.address(), Address::new(ALICE, 1));
    let key = SenderKey::generate(None).unwrap();
    let keys = ReceiverKeys::new(&old, None).unwrap();
    let identity = alice.account.identity_key();
    bob.store.commit(&keys.process(&key.distribution(), &identity).unwrap()).unwrap();

    // Bob is told of Alice's new address.
    let (to, keys_to) = (bob.account.new_session(&new), ReceiverKeys::new(&new, None).unwrap());
    assert_eq!(with_alice.move_to(&bob.account, &with_alice, None).unwrap_err().code, Code::InvalidArgument);
    let other = bob.account.identity_key();
    assert_eq!(with_alice.move_to(&bob.account, &to, Some(&other)).unwrap_err().code, Code::OtherIdentity);
    let rolled_back = with_alice.move_to(&bob.account, &to, None).unwrap();
    assert_eq!(with_alice.encrypt(b"", None, NOW).unwrap_err().code, Code::Busy);
    assert_eq!(to.archive().unwrap_err().code, Code::Busy);
    drop(rolled_back);
    let (sessions, chains) =
        (with_alice.move_to(&bob.account, &to, None).unwrap(), keys.move_to(&keys_to).unwrap());
    assert_eq!(keys.process(&key.distribution(), &identity).unwrap_err().code, Code::Busy);
    let writes = [sessions.writes().unwrap(), chains.writes().unwrap()].concat();
    bob.store.apply_writes(writes).unwrap();
    sessions.commit().unwrap();
    chains.commit().unwrap();
    assert_eq!(bob.store.peers().unwrap(), std::slice::from_ref(&new));
    assert_eq!(bob.store.identity(ALICE).unwrap(), Some(identity));
    assert_eq!(with_alice.encrypt(b"", None, NOW).unwrap_err().code, Code::NoSession);
    let message = alice.store.commit(&key.encrypt(b"all").unwrap()).unwrap();
    assert_eq!(*keys_to.decrypt(&message.bytes(), None).unwrap().commit().unwrap(), *b"all");

    // And Alice takes it.
    let moved = Session::empty(&new, &bob.account.address());
    let account = alice.account.move_to(&new).unwrap();
    assert_eq!(alice.account.maintain(0, 0, NOW).unwrap_err().code, Code::Busy);
    let stage = session.move_to(&alice.account, &moved, None).unwrap();
    let writes = [account.writes().unwrap(), stage.writes().unwrap()].concat();
    alice.store.apply_writes(writes).unwrap();
    account.commit().unwrap();
    stage.commit().unwrap();
    assert_eq!(alice.account.address(), new);
    let account = alice.store.account(&new, &options()).unwrap().unwrap();
    let stored = alice.store.session(&account, &bob.account.address()).unwrap();
    let sent = alice.store.commit(&stored.encrypt(b"2", None, NOW).unwrap()).unwrap();
    let read = bob.account.receive(&to, sent.kind(), &sent.bytes(), None).unwrap();
    assert_eq!(*bob.store.commit(&read).unwrap(), *b"2");
    let answer = bob.store.commit(&to.encrypt(b"3", None, NOW).unwrap()).unwrap();
    let read = account.receive(&stored, answer.kind(), &answer.bytes(), None).unwrap();
    assert_eq!(*alice.store.commit(&read).unwrap(), *b"3");
}

#[test]
fn states_may_be_used_by_many_threads() {
    let (alice, bob) = (device("alice", 1), device("bob", 1));
    let session = begin(&alice, &bob);
    let sent: Vec<u8> = std::thread::scope(|scope| {
        let work = || {
            (0..50)
                .filter(|_| {
                    session.encrypt(b"x", None, NOW).is_ok_and(|stage| alice.store.commit(&stage).is_ok())
                })
                .count()
        };
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| u8::try_from(thread.join().unwrap()).unwrap()).into()
    });
    assert_eq!(session.generation(), 1 + u64::from(sent.iter().sum::<u8>()));
}
