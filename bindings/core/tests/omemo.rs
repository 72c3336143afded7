// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO as the faces offer it, in both versions.
#![cfg(feature = "omemo")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use subrosa_binding::{
    Address, Code, OmemoAccount, OmemoBundle, OmemoMessage, OmemoReceived, OmemoSession, OmemoVersion, Store,
    omemo_empty, omemo_encrypt_each, omemo_fingerprint, omemo_open, omemo_padding, omemo_seal,
    omemo_verify_label,
};

const BOTH: [OmemoVersion; 2] = [OmemoVersion::Legacy, OmemoVersion::Two];

struct Device {
    store: Store,
    account: OmemoAccount,
    address: Address,
}

fn device(version: OmemoVersion, name: &str, number: u32) -> Device {
    let (store, account) = (Store::new(), OmemoAccount::generate(version, number));
    assert!(account.bundle().is_none());
    store.commit(&account.renew(true, 100).unwrap()).unwrap();
    Device { store, account, address: Address::new(name, number) }
}

impl Device {
    fn begin(&self, version: OmemoVersion, to: &Self) -> OmemoSession {
        let session = OmemoSession::new(version, &to.address);
        let (bundle, known) = (to.account.bundle().unwrap(), to.account.identity_key());
        self.store.commit(&session.begin(&self.account, &bundle, Some(&known)).unwrap()).unwrap();
        session
    }

    fn send(&self, session: &OmemoSession, key_material: &[u8]) -> OmemoMessage {
        let (stage, failures) = omemo_encrypt_each(std::slice::from_ref(session), key_material).unwrap();
        assert!(failures.is_empty());
        self.store.commit(&stage).unwrap().remove(0)
    }

    fn read(&self, session: &OmemoSession, message: &OmemoMessage) -> OmemoReceived {
        let wire = (message.key_exchange, &message.bytes[..]);
        self.store.commit(&session.receive(&self.account, wire, None, false).unwrap()).unwrap()
    }
}

#[test]
fn two_devices_of_bob_read_what_alice_says_and_answer() {
    for version in BOTH {
        let alice = device(version, "alice@example.org", 1_630_395_816);
        let bobs = [1, 2].map(|number| device(version, "bob@example.org", number));
        let sessions: Vec<OmemoSession> = bobs.iter().map(|bob| alice.begin(version, bob)).collect();
        let nobody = OmemoSession::new(version, &Address::new("bob@example.org", 3));
        let sealed = omemo_seal(version, b"hello");
        let all = [&sessions[..], &[nobody]].concat();
        let (stage, failures) = omemo_encrypt_each(&all, &sealed.key_material).unwrap();
        assert_eq!((failures.len(), failures[0].error.code), (1, Code::NoSession));
        assert_eq!(
            omemo_encrypt_each(&sessions[..1], &sealed.key_material).unwrap().1[0].error.code,
            Code::Busy
        );
        let messages = alice.store.commit(&stage).unwrap();
        for (bob, session) in bobs.iter().zip(&sessions) {
            let message = messages.iter().find(|message| message.address == bob.address).unwrap();
            assert!(message.key_exchange);
            let back = bob.store.omemo_session(version, &alice.address).unwrap();
            let received = bob.read(&back, message);
            assert!(received.began && received.answer_due);
            let text = omemo_open(version, &sealed.payload, &sealed.iv, &received.key_material).unwrap();
            assert_eq!(*text, *b"hello");
            assert_eq!(bob.account.pre_key_ids().len(), 99);
            let wire = (true, &message.bytes[..]);
            let error = back.receive(&bob.account, wire, None, false).unwrap_err();
            assert_eq!((error.code, error.failure), (Code::Duplicate, None));
            // Restarted; the answer is empty, and then Alice's messages have no key exchange.
            let again = bob.store.omemo_session(version, &alice.address).unwrap();
            assert_eq!(again.remote_identity(), Some(alice.account.identity_key()));
            let answer = bob.send(&again, &omemo_empty(version).key_material);
            assert!(!answer.key_exchange);
            alice.read(session, &answer);
            assert!(!alice.send(session, &sealed.key_material).key_exchange);
            assert_eq!(bob.store.omemo_account(version).unwrap().unwrap().device(), bob.address.device);
        }
    }
}

#[test]
fn the_archive_is_read_before_prekeys_go_and_stocks_are_filled_up() {
    let version = OmemoVersion::Two;
    let (alice, bob) = (device(version, "alice", 1), device(version, "bob", 2));
    let session = alice.begin(version, &bob);
    let message = alice.send(&session, &omemo_empty(version).key_material);
    let back = OmemoSession::new(version, &alice.address);
    let stage = back.receive(&bob.account, (true, &message.bytes), None, true).unwrap();
    bob.store.commit(&stage).unwrap();
    let ids = bob.account.pre_key_ids();
    assert_eq!(ids.len(), 100);
    bob.store.commit(&bob.account.remove_pre_keys(&ids[..10]).unwrap()).unwrap();
    let before = bob.account.bundle().unwrap().signed_pre_key;
    bob.store.commit(&bob.account.renew(false, 100).unwrap()).unwrap();
    assert_eq!(bob.account.bundle().unwrap().signed_pre_key, before);
    bob.store.commit(&bob.account.renew(true, 100).unwrap()).unwrap();
    assert_ne!(bob.account.bundle().unwrap().signed_pre_key.id, before.id);
    assert_eq!(bob.account.pre_key_ids().len(), 100);
}

#[test]
fn both_versions_share_an_identity() {
    let two = OmemoAccount::generate(OmemoVersion::Two, 5);
    let legacy = OmemoAccount::from_seed(OmemoVersion::Legacy, 5, &two.seed().unwrap()).unwrap();
    assert_eq!((two.identity_key().len(), legacy.identity_key().len()), (32, 33));
    assert_eq!(
        omemo_fingerprint(OmemoVersion::Two, &two.identity_key()).unwrap(),
        omemo_fingerprint(OmemoVersion::Legacy, &legacy.identity_key()).unwrap()
    );
    let signature = two.sign_label("my phone");
    assert!(omemo_verify_label(&two.identity_key(), "my phone", &signature).unwrap());
    assert!(!omemo_verify_label(&two.identity_key(), "my other phone", &signature).unwrap());
    assert!((100..=300).contains(&omemo_padding(20, 120).len()));
}

#[test]
fn refusals_have_codes() {
    let (version, other) = (OmemoVersion::Two, OmemoVersion::Legacy);
    let (alice, bob) = (device(version, "alice", 1), device(version, "bob", 2));
    let fresh = OmemoSession::new(version, &bob.address);
    let mut bundle = bob.account.bundle().unwrap();
    let code = |bundle: &OmemoBundle| fresh.begin(&alice.account, bundle, None).unwrap_err().code;
    let unknown = alice.account.identity_key();
    let error = fresh.begin(&alice.account, &bundle, Some(&unknown)).unwrap_err();
    assert_eq!(error.code, Code::UntrustedIdentity);
    bundle.signature[3] ^= 1;
    assert_eq!(code(&bundle), Code::SignedPreKeySignature);
    bundle.pre_keys.clear();
    assert_eq!(code(&bundle), Code::NoOneTimePreKey);
    bundle.identity_key.pop();
    assert_eq!(code(&bundle), Code::Malformed);
    assert_eq!(OmemoAccount::generate(version, 1).renew(false, 3).unwrap_err().code, Code::NoSignedPreKey);
    let legacy = OmemoSession::new(other, &alice.address);
    let error = legacy.receive(&bob.account, (false, &[0x33; 80]), None, false).unwrap_err();
    assert_eq!(error.code, Code::InvalidProtobuf);
    let sealed = omemo_seal(version, b"x");
    let mut damaged = sealed.payload.clone();
    damaged[0] ^= 1;
    assert_eq!(omemo_open(version, &damaged, &[], &sealed.key_material).unwrap_err().code, Code::Forged);
    assert_eq!(omemo_open(version, &damaged, &[], &[1; 5]).unwrap_err().code, Code::InvalidArgument);
    assert_eq!(omemo_fingerprint(version, &[9; 31]).unwrap_err().code, Code::InvalidIdentity);
    assert!(!format!("{sealed:?}{:?}", alice.account).contains("key_material"));
}
