// SPDX-License-Identifier: MIT OR Apache-2.0

//! What `Debug` shows of each public type has none of the secrets inside, in whatever notation.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::agreement::{Initiator, Responder, pqxdh, x3dh};
use subrosa::hazmat::crypto::kdf::{HkdfSalt, Label, MacKey};
use subrosa::hazmat::crypto::kem768::{DecapsulationKey, KeySeed};
use subrosa::hazmat::ratchet::chain::{ChainKey, MessageKeySeed};
use subrosa::hazmat::ratchet::double::{DoubleRatchet, Reach};
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::hazmat::ratchet::receiving::ReceivingChain;
use subrosa::hazmat::ratchet::root::RootKey;
use subrosa::hazmat::ratchet::skipped::SkippedKeys;
use subrosa::hazmat::ratchet::spqr::braid::Authenticator;
use subrosa::hazmat::ratchet::spqr::{Chain, ChainChange, Direction, Limits, Spqr};
use subrosa::hazmat::ratchet::triple::TripleRatchet;
use subrosa::hazmat::record::{RecordReader, RecordWriter};
use subrosa::hazmat::wire::sender_key_distribution::SenderKeyDistributionParts;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::stored::{
    StoredChain, StoredChainKey, StoredIdentityKeyPair, StoredMessageKey, StoredPreKey,
    StoredSenderKeyRecord, StoredSession, StoredSessionRecord, StoredSignedPreKey,
};
use subrosa::keys::{KemKeyPair, KemType, KeyPair, PrivateKey, Secret};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed::ContactSecret;
use subrosa::session;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::store;
use subrosa::store::RecordKind;
use subrosa::{
    Account, Address, DeviceId, IdentityKeyPair, Message, MessageKind, PreKeyBundle, RecordKey, Session,
    Trust,
};

#[path = "../support/device.rs"]
pub(crate) mod device;
#[path = "debug/profiles.rs"]
mod profiles;
#[path = "debug/public.rs"]
mod public;
#[path = "../support/sealed.rs"]
pub(crate) mod sealed;
#[path = "debug/under_seal.rs"]
mod under_seal;

use super::attachments;
use device::{Device, Offer, START};

/// A piece of a secret.
type Piece = [u8; 5];

/// What is said in the messages.
const TEXT: &[u8] = b"\xA1what nobody else may read, ever\xA2";

/// Types that have no place for a secret: names, ids, numbers, public keys and signatures, reasons of failure.
const WITHOUT_SECRETS: &str = "\
    AccountName Address Advice AttachmentError AttachmentManifest BackupCheck BackupToken BundleError Busy \
    CertificateError ChunkSize Ciphertext ContentHint Correction Counts DecryptError Delivery DeviceFailure \
    DeviceId DeviceMessage DisplayableFingerprint DistributionId EncryptError Error Failure Fingerprint \
    FingerprintError FingerprintHash FingerprintIterations FingerprintVersion Forgery Format GaveUp \
    HpkeError IdentityKey IdSpace ImportError IncrementalMac IncrementalMacReader IncrementalMacVerifier \
    IncrementalMacWriter InitialSecrecy KemCiphertext KemPreKeyId KemPreKeyPublic KemPreKeyUse KemPublicKey \
    KemType Key KeyError Limits LimitsError LoadError Memory MessageKind MoveError MultiRecipientMessage \
    NeededPreKeys NonContributory NotADistributionId NotAServiceId OneTimePreKeyId OneTimePreKeyPublic \
    OpenError ParseError Plan Policy PreKeyBundle PublicKey Rate ReceiveLimits RecordError RecordKind \
    RepairPolicy RepairRefused Requirements Resend ResendRequest ScannableFingerprint SealError \
    SenderDetails ServiceAnswer ServiceId ServiceIdKind Show SignedPreKeyId SignedPreKeyPublic StaleStage \
    Timestamp Trust TrustStore UpkeepError VerifiedBundle VerifiedSender";

#[derive(Default)]
pub struct Shown {
    /// What was shown, and the types it is of.
    lines: Vec<(&'static str, String)>,
    secrets: HashMap<Piece, &'static str>,
}

impl Shown {
    /// Formats a value in all ways that there are.
    pub fn show(&mut self, name: &'static str, value: &dyn Debug) {
        let text = format!("{value:?} {value:#?} {value:x?} {value:X?} {value:#x?}");
        // Neither line breaks nor prefixes are to hide anything.
        let line = text.replace("0x", "").replace([' ', '\n'], "");
        if !self.lines.iter().any(|(_, known)| *known == line) {
            self.lines.push((name, line));
        }
    }

    pub fn secret(&mut self, name: &'static str, bytes: &[u8]) {
        let pieces = bytes.windows(5).map(|piece| Piece::try_from(piece).unwrap());
        let pieces = pieces.filter(|piece| piece.iter().any(|byte| *byte > 15));
        self.secrets.extend(pieces.map(|piece| (piece, name)));
    }

    /// Asserts that no five bytes of a secret are shown: as numbers, in hexadecimal, or as text.
    fn check(&self) {
        for (of, line) in &self.lines {
            for piece in bytes_in(line) {
                assert_eq!(self.secrets.get(&piece), None, "{of} shows {piece:02x?}");
            }
        }
    }
}

/// All that may be five bytes in a line, in any notation.
fn bytes_in(line: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = line.as_bytes().windows(5).map(|text| text.try_into().unwrap()).collect();
    let hex = line.as_bytes().windows(10).filter(|text| text.iter().all(u8::is_ascii_hexdigit));
    found.extend(hex.map(|text| {
        std::array::from_fn(|at| {
            let [high, low] = [0, 1].map(|half| char::from(text[2 * at + half]).to_digit(16).unwrap());
            u8::try_from(high << 4 | low).unwrap()
        })
    }));
    for list in line.split(|sign: char| sign != ',' && !sign.is_ascii_hexdigit()) {
        let numbers: Vec<&str> = list.split(',').collect();
        for radix in [10, 16] {
            let bytes: Vec<_> = numbers.iter().map(|number| u8::from_str_radix(number, radix)).collect();
            let runs = bytes.windows(5).filter(|run| run.iter().all(Result::is_ok));
            found.extend(runs.map(|run| std::array::from_fn::<u8, 5, _>(|at| *run[at].as_ref().unwrap())));
        }
    }
    found
}

/// Keys and their containers.
fn show_keys(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let secret = Secret::<32>::random(rng);
    shown.secret("secret", secret.as_bytes());
    shown.show("Secret", &secret);
    let private = PrivateKey::generate(rng);
    shown.secret("private key", private.as_bytes());
    shown.show("PrivateKey", &private);
    let pair = KeyPair::generate(rng);
    shown.secret("key pair", pair.private().as_bytes());
    shown.show("KeyPair", &pair);
    let identity = IdentityKeyPair::generate(rng);
    shown.secret("identity", identity.private().as_bytes());
    shown.show("IdentityKeyPair", &identity);
    shown.show("session::Config", &session::Config::new(&identity, 1));
    shown.show("Record", &identity.record());
    let kem = KemKeyPair::generate(KemType::Kyber1024, rng);
    shown.secret("KEM key", &kem.secret().encode().as_bytes()[1..1537]);
    shown.show("KemSecretKey", kem.secret());
    shown.show("KemKeyPair", &kem);
    let signed = SignedPreKey::generate(SignedPreKeyId(1), &identity, START, rng);
    shown.secret("signed prekey", signed.key_pair().private().as_bytes());
    shown.show("SignedPreKey", &signed);
    let one_time = OneTimePreKey::generate(OneTimePreKeyId(1), rng);
    shown.secret("one-time prekey", one_time.key_pair().private().as_bytes());
    shown.show("OneTimePreKey", &one_time);
    let kem = LastResortKemPreKey::generate(KemPreKeyId(1), &identity, START, rng);
    shown.secret("last-resort KEM prekey", &kem.key_pair().secret().encode().as_bytes()[1..1537]);
    shown.show("LastResortKemPreKey", &kem);
    let kem = OneTimeKemPreKey::generate(KemPreKeyId(1), &identity, START, rng);
    shown.secret("one-time KEM prekey", &kem.key_pair().secret().encode().as_bytes()[1..1537]);
    shown.show("OneTimeKemPreKey", &kem);
    let kem = KemKey::OneTime(&kem);
    shown.show("KemKey", &kem);
    let keys = PreKeys { signed: &signed, one_time: Some(&one_time), kem: Some(kem) };
    shown.show("PreKeys", &keys);
    let key = RecordKey::generate(rng);
    shown.secret("record key", key.as_bytes());
    shown.show("RecordKey", &key);
}

/// What is shown of an agreement that is kept.
fn show_what_is_kept(shown: &mut Shown, [alice, bob]: [&Device; 2]) {
    let agreed = alice.identity.private().diffie_hellman(bob.identity.public().public_key()).unwrap();
    shown.secret("agreement of the identities", agreed.as_bytes());
    let kept = ContactSecret::new(&alice.identity, bob.identity.public()).unwrap();
    shown.show("ContactSecret", &kept);
}

/// Sessions and messages.
fn show_sessions(shown: &mut Shown) {
    shown.secret("plaintext", TEXT);
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    let first = alice.send(&bob.address, TEXT);
    let later = alice.send(&bob.address, TEXT);
    let mut session = bob.session(&alice.address).unwrap();
    shown.show("PreKeySignalMessage", &first.pre_key());
    let message = first.message();
    shown.show("Message", &message);
    let local = session::Config::new(&bob.identity, 1);
    let admission = session.receive(&local, &message, Trust::Anyone, &mut bob.rng).unwrap();
    shown.show("Admission", &admission);
    let Admission::New(new) = admission else { panic!("there is no session") };
    shown.show("NewSession", &new);
    let signed = SignedPreKey::from_record(bob.store.newest(RecordKind::SignedPreKey)).unwrap();
    let one_time = OneTimePreKey::from_record(bob.store.newest(RecordKind::OneTimePreKey)).unwrap();
    let kem = OneTimeKemPreKey::from_record(bob.store.newest(RecordKind::OneTimeKemPreKey)).unwrap();
    let keys = PreKeys { signed: &signed, one_time: Some(&one_time), kem: Some(KemKey::OneTime(&kem)) };
    let staged = new.accept(&keys, &mut bob.rng).unwrap();
    shown.show("Staged", &staged);
    let plaintext = staged.commit();
    shown.show("Plaintext", &plaintext);
    shown.show("Session", &session);
    let message = later.message();
    let incoming = session::Incoming { session: &mut session, message: &message, trust: Trust::Anyone };
    shown.show("Incoming", &incoming);
    match session.receive(&local, &message, Trust::Anyone, &mut bob.rng).unwrap() {
        Admission::Decrypted(staged) => shown.show("Staged", &staged),
        Admission::New(_) => panic!("the session is there"),
    }
    let reply = session.encrypt(TEXT, Trust::Anyone, START, &mut bob.rng).unwrap();
    shown.show("Staged", &reply);
    let reply = reply.commit();
    shown.show("SignalMessage", &SignalMessage::parse(reply.as_bytes()).unwrap());
    show_what_is_kept(shown, [&alice, &bob]);
    let error =
        DecryptionErrorMessage::for_original(reply.as_bytes(), reply.kind(), START, DeviceId::PRIMARY)
            .unwrap();
    shown.show("DecryptionErrorMessage", &error);
    shown.show("PlaintextContent", &PlaintextContent::from(&error));

    // Everything in the record that is not public is secret.
    let record = session.record();
    let public = [&first.bytes[..], reply.as_bytes(), &bob.identity.public().encode()].concat();
    for piece in record.as_bytes().windows(5).filter(|piece| !piece.contains(&0)) {
        if !public.windows(5).any(|window| window == piece) {
            shown.secret("session", piece);
        }
    }
    shown.show("Record", &record);
    shown.show("RecordReader", &RecordReader::open(RecordKind::Session, 9, record.as_bytes()).unwrap());
    let mut writer = RecordWriter::new(RecordKind::Session, 1, 8);
    writer.put_bytes(record.as_bytes());
    shown.show("RecordWriter", &writer);
    show_stored(shown, &session);
}

/// Accounts, and what they are stored as.
fn show_accounts(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let limits = account::Limits { batch: 1, low: 1, ..account::Limits::default() };
    let address = Address::new(device::BOB, DeviceId::PRIMARY);
    let new = Account::generate(address.clone(), limits, rng).unwrap();
    shown.show("Staged", &new);
    let mut bob = new.commit();
    let upkeep = bob.maintain(account::Counts::default(), START, rng).unwrap();
    shown.show("Staged", &upkeep);
    let writes = upkeep.writes();
    shown.show("Writes", &writes);
    for write in writes {
        shown.show("Write", &write);
    }
    let (_, detached) = upkeep.detach();
    shown.show("Detached", &detached);
    let upload = detached.commit(&mut bob).unwrap();
    shown.show("Upload", &upload);
    shown.secret("identity", bob.identity().private().as_bytes());
    for (row, record) in bob.rows() {
        match row {
            store::Key::OneTimePreKey(_) => {
                let key = OneTimePreKey::from_record(record.as_bytes()).unwrap();
                shown.secret("one-time prekey", key.key_pair().private().as_bytes());
            }
            store::Key::SignedPreKey(_) => {
                let key = SignedPreKey::from_record(record.as_bytes()).unwrap();
                shown.secret("signed prekey", key.key_pair().private().as_bytes());
            }
            _ => {}
        }
    }
    let mut alice = Device::new(device::ALICE, 5);
    let bundle = PreKeyBundle {
        registration_id: upload.registration_id,
        device_id: DeviceId::PRIMARY,
        identity_key: upload.identity_key,
        signed_pre_key: upload.signed_pre_key.unwrap(),
        one_time_pre_key: upload.one_time_pre_keys.into_iter().next(),
        kem_pre_key: upload.last_resort_kem_pre_key,
    };
    let letter = alice.first(&address, bundle, TEXT);
    let mut session = Session::new(address, alice.address);
    let message = Message::parse(MessageKind::PreKey, &letter.bytes).unwrap();
    let first = bob.receive(&mut session, &message, Trust::Anyone, rng).unwrap();
    shown.show("Staged", &first);
    first.commit();
    shown.show("Account", &bob);
    let identity = bob.identity().to_libsignal_record();
    let identity = IdentityKeyPair::from_libsignal_record(&identity).unwrap();
    let mut import = account::Import::new(session.local().clone(), identity, 1, START);
    for key in bob.one_time_pre_keys() {
        let key = OneTimePreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.one_time_pre_key(key).unwrap();
    }
    shown.show("account::Import", &import);
}

/// Sender keys and group messages.
fn show_groups(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let id = DistributionId::from_bytes([0xD1; 16]);
    let mut key = SenderKey::generate(id, rng);
    let mut keys = ReceiverKeys::new(Address::new("alice", DeviceId::PRIMARY), id);
    let distribution = key.distribution();
    let message = DistributionMessage::parse(&distribution).unwrap();
    shown.secret("chain key", message.chain_key());
    shown.show("DistributionMessage", &message);
    let parts = SenderKeyDistributionParts {
        format: key.format(),
        chain_id: key.chain_id(),
        iteration: 0,
        chain_key: message.chain_key(),
        signing_key: key.signing_key(),
    };
    shown.show("SenderKeyDistributionParts", &parts);
    let stored = key.to_libsignal_record();
    let stored = StoredSenderKeyRecord::parse(&stored).unwrap();
    let signing = stored.states[0].signing_key.unwrap();
    shown.secret("signing key", signing.private);
    shown.show("StoredSenderKeyRecord", &stored);
    shown.show("StoredSenderKey", &stored.states[0]);
    shown.show("StoredSigningKey", &signing);
    keys.process(&message, &subrosa::IdentityKey::decode(&[5; 33]).unwrap()).unwrap().commit();
    key.encrypt(TEXT, rng).unwrap().commit();
    let staged = key.encrypt(TEXT, rng).unwrap();
    shown.show("Staged", &staged);
    let sent = staged.commit();
    let message = GroupMessage::parse(sent.as_bytes()).unwrap();
    shown.show("GroupMessage", &message);
    let staged = keys.decrypt(&message, Trust::Anyone).unwrap();
    shown.show("Staged", &staged);
    staged.commit();
    shown.show("SenderKey", &key);
    shown.show("ReceiverKeys", &keys);
    let record = keys.to_libsignal_record();
    let record = StoredSenderKeyRecord::parse(&record).unwrap();
    shown.secret("skipped key", record.states[0].message_keys[0].key);
    shown.secret("chain key", record.states[0].chain_key.unwrap().key);
    shown.show("StoredSenderKey", &record.states[0]);

    let chain = ReceivingChain::new(ChainKey::new(Secret::random(rng), 0));
    shown.secret("chain key", chain.next().as_bytes());
    let mut seed = MessageKeySeed::to_be_filled();
    let change = chain.receive(3, 3, &mut seed).unwrap();
    shown.secret("seed", seed.as_bytes());
    shown.show("ReceivingChain", &chain);
    shown.show("ReceivingChange", &change);
}

/// libsignal's stored forms, which borrow secrets.
fn show_stored(shown: &mut Shown, session: &Session) {
    let bytes = session.to_libsignal_record();
    let stored = StoredSessionRecord::parse(&bytes).unwrap();
    let current = stored.current.as_ref().unwrap();
    shown.secret("stored root key", current.root_key);
    shown.show("StoredSessionRecord", &stored);
    shown.show("StoredSession", current);
    let chain = current.sender_chain.as_ref().unwrap();
    shown.secret("stored private key", chain.ratchet_private_key);
    shown.show("StoredChain", chain);
    shown.show("StoredChainKey", chain.chain_key.as_ref().unwrap());
    let key: &[u8] = &TEXT[..32];
    let message_key = StoredMessageKey { seed: key, cipher_key: key, mac_key: key, iv: key, index: 1 };
    shown.show("StoredMessageKey", &message_key);
    shown.show("StoredChainKey", &StoredChainKey { index: 1, key });
    let chain = StoredChain { ratchet_private_key: key, message_keys: vec![message_key], ..chain.clone() };
    shown.show("StoredChain", &chain);
    shown
        .show("StoredSession", &StoredSession { root_key: key, pq_ratchet: key, ..StoredSession::default() });
    shown.show("StoredPreKey", &StoredPreKey { private_key: key, ..StoredPreKey::default() });
    let signed = StoredSignedPreKey { private_key: key, ..StoredSignedPreKey::default() };
    shown.show("StoredSignedPreKey", &signed);
    let identity = StoredIdentityKeyPair { private_key: key, ..StoredIdentityKeyPair::default() };
    shown.show("StoredIdentityKeyPair", &identity);
}

/// What `hazmat` exposes: agreement.
fn show_agreement(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let [identity_a, base, ratchet, identity_b, signed] = [(); 5].map(|()| KeyPair::generate(rng));
    for pair in [&identity_a, &base, &ratchet, &identity_b, &signed] {
        shown.secret("agreeing key", pair.private().as_bytes());
    }
    let initiator = Initiator {
        identity: identity_a.private(),
        base_key: base.private(),
        ratchet_key: ratchet.private(),
        their_identity: &identity_b.public().prepare(),
        their_signed_pre_key: &signed.public().prepare(),
        their_one_time_pre_key: None,
    };
    shown.show("Initiator", &initiator);
    let agreements = initiator.agree().unwrap();
    shown.secret("agreed secret", agreements.ratchet.as_bytes());
    shown.show("Agreements", &agreements);
    let responder = Responder {
        identity: identity_b.private(),
        signed_pre_key: signed.private(),
        one_time_pre_key: None,
        their_identity: identity_a.public(),
        their_base_key: base.public(),
    };
    shown.show("Responder", &responder);
    let kem = KemKeyPair::generate(KemType::Kyber1024, rng);
    let (_, shared) = kem.public().encapsulate(rng);
    let secrets = pqxdh::initiate(&agreements, &shared);
    for secret in [&secrets.root, &secrets.chain, &secrets.braid] {
        shown.secret("agreed secret", secret.as_bytes());
    }
    shown.show("PqxdhSecrets", &secrets);
    let secrets = x3dh::initiate(&agreements);
    shown.secret("agreed secret", secrets.root.as_bytes());
    shown.secret("agreed secret", secrets.chain.as_bytes());
    shown.show("X3dhSecrets", &secrets);
}

/// What `hazmat` exposes: the ratchets.
fn show_ratchets(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let mut key = |name| {
        let key = Secret::<32>::random(rng);
        shown.secret(name, key.as_bytes());
        key
    };
    let [root, chain, key_a, key_b] = ["root key", "chain key", "ratchet key", "other key"].map(&mut key);
    let [auth, mac, salt] = ["auth key", "MAC key", "salt"].map(&mut key);
    let (copy_of_root, copy_of_chain) = (Secret::new(*root.as_bytes()), Secret::new(*chain.as_bytes()));
    shown.show("MacKey", &MacKey::new(mac.as_bytes()));
    shown.show("HkdfSalt", &HkdfSalt::new(salt.as_bytes()));
    shown.show("Label", &Label::new("public"));

    let (root, chain) = (RootKey::new(root), ChainKey::new(chain, 0));
    let (seed, next) = chain.step().unwrap();
    shown.secret("seed", seed.as_bytes());
    shown.secret("next chain key", next.as_bytes());
    shown.show("RootKey", &root);
    shown.show("ChainKey", &chain);
    shown.show("MessageKeySeed", &seed);
    let keys = MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, None);
    shown.secret("cipher key", keys.cipher_key.as_bytes());
    shown.secret("MAC key", keys.mac_key.as_bytes());
    shown.secret("initialisation vector", keys.iv.as_bytes());
    shown.show("MessageKeys", &keys);

    let [pair_a, pair_b] = [key_a, key_b].map(|key| KeyPair::from_private(PrivateKey::from_secret(&key)));
    let dh = pair_a.private().diffie_hellman(pair_b.public()).unwrap();
    let mut a = DoubleRatchet::initiator(&root, (chain, *pair_b.public()), pair_a, &dh);
    let (root, chain) = (RootKey::new(copy_of_root), ChainKey::new(copy_of_chain, 0));
    let mut b = DoubleRatchet::responder(root, chain, pair_b);
    for _ in 0..3 {
        let (header, seed, sent) = a.send().unwrap();
        shown.secret("seed", seed.as_bytes());
        shown.show("Header", &header);
        shown.show("DoubleSent", &sent);
        a.apply_sent(sent);
    }
    let (header, ..) = a.send().unwrap();
    let received = b.receive(&header, Reach::of(3), rng, &mut MessageKeySeed::to_be_filled()).unwrap();
    shown.show("DoubleReceived", &received);
    b.apply_received(received);
    shown.show("DoubleRatchet", &a);
    shown.show("DoubleRatchet", &b);
    shown.show("SkippedKeys", &SkippedKeys::default());

    let triple = TripleRatchet::new(b, Spqr::new(Direction::B2A, &auth, Limits::default()));
    let sending = triple.send(rng).unwrap();
    shown.secret("cipher key", sending.keys.cipher_key.as_bytes());
    shown.show("TripleRatchet", &triple);
    shown.show("Sending", &sending);
    shown.show("Change", &sending.change);
}

/// What `hazmat` exposes: the post-quantum ratchet.
fn show_braid(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let auth = Secret::<32>::random(rng);
    shown.secret("auth key", auth.as_bytes());
    let authenticator = Authenticator::new(auth.as_bytes());
    shown.secret("authenticator", authenticator.root().as_bytes());
    shown.secret("authenticator", authenticator.mac().as_bytes());
    shown.show("Authenticator", &authenticator);
    let [mut a, mut b] =
        [Direction::A2B, Direction::B2A].map(|direction| Spqr::new(direction, &auth, Limits::default()));
    for _ in 0..60 {
        for turn in [true, false] {
            let (from, to) = if turn { (&mut a, &mut b) } else { (&mut b, &mut a) };
            let sent = from.send(rng).unwrap();
            let received = to.receive(&sent.message).unwrap();
            shown.secret("post-quantum key", received.key.as_ref().unwrap().as_bytes());
            shown.show("SpqrSend", &sent);
            shown.show("SpqrReceive", &received);
            shown.show("SpqrChange", &received.change);
            from.apply(sent.change);
            to.apply(received.change);
            shown.show("Spqr", from);
        }
    }
    let mut chain = Chain::start(auth.as_bytes(), Direction::A2B, Limits::default());
    let (step, _, key) = chain.send_key(0).unwrap();
    shown.secret("post-quantum key", key.as_bytes());
    shown.show("ChainStep", &step);
    let (receive, key) = chain.receive_key(0, 5).unwrap();
    shown.secret("post-quantum key", key.as_bytes());
    shown.show("ReceiveStep", &receive);
    let added = chain.next_epoch(auth.as_bytes());
    shown.show("AddedEpoch", &added);
    let change = ChainChange { added: Some(added), step: Some(receive) };
    shown.show("ChainChange", &change);
    chain.apply(change);
    shown.show("Chain", &chain);
    let seed = KeySeed::generate(rng);
    shown.secret("ML-KEM seed", seed.seed().as_bytes());
    let expanded = seed.expand();
    shown.secret("ML-KEM key", &expanded.as_bytes()[..1152]);
    shown.show("KeySeed", &seed);
    shown.show("ExpandedKey", &expanded);
    shown.show("DecapsulationKey", &DecapsulationKey::Seed(seed));
    shown.show("DecapsulationKey", &DecapsulationKey::Expanded(expanded));
}

fn everything() -> Shown {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut shown = Shown::default();
    show_keys(&mut shown, &mut rng);
    show_sessions(&mut shown);
    show_accounts(&mut shown, &mut rng);
    show_groups(&mut shown, &mut rng);
    under_seal::show(&mut shown, &mut rng);
    show_agreement(&mut shown, &mut rng);
    show_ratchets(&mut shown, &mut rng);
    show_braid(&mut shown, &mut rng);
    attachments::show(&mut shown, &mut rng);
    public::show(&mut shown, &mut rng);
    profiles::show_rose(&mut shown, &mut rng);
    profiles::show_omemo(&mut shown, &mut rng);
    shown
}

#[test]
fn debug_shows_no_secret() {
    everything().check();
}

/// Neither a value nor a part of one is shown as nothing: that would hide what a report of a fault is about.
#[test]
fn debug_leaves_nothing_blank() {
    for (of, line) in &everything().lines {
        let empty = line.is_empty() || line.starts_with([',', '}', ')']);
        let part = [":,", ":}", "(,", "[,", "{,", ",,"].iter().find(|blank| line.contains(*blank));
        assert!(!empty && part.is_none(), "{of} is shown with a blank: {line}");
        let letters = line.as_bytes().windows(3);
        let hollow = letters.filter(|three| three[0].is_ascii_alphanumeric() && three[1..] == *b"()").count();
        assert_eq!(hollow, 0, "{of} is shown with a blank: {line}");
    }
}

#[test]
fn every_notation_would_be_found() {
    let secret: [u8; 9] = *b"\x01secret\xFE\xFF";
    let text = std::str::from_utf8(&secret[1..7]).unwrap();
    let hex = secret.map(|byte| format!("{byte:02X}")).concat();
    let leaks: [&dyn Debug; 6] = [&secret, &secret.to_vec(), &&secret[..], &text, &hex, &hex.to_lowercase()];
    for leak in leaks {
        let mut shown = Shown::default();
        shown.secret("secret", &secret);
        shown.show("leak", leak);
        assert!(std::panic::catch_unwind(|| shown.check()).is_err(), "{leak:?}");
    }
}

/// A new public type has to be named here.
#[test]
fn no_public_type_is_forgotten() {
    let list = include_str!("../../docs/api.txt");
    let paths =
        list.lines().filter_map(|line| line.split_once("pub struct ").or(line.split_once("pub enum ")));
    let names = paths.map(|(_, path)| {
        let path = path.split(['<', '(']).next().unwrap();
        path.rsplit("::").next().unwrap().trim()
    });
    let shown = everything();
    let known: Vec<&str> = shown.lines.iter().map(|(name, _)| name.rsplit("::").next().unwrap()).collect();
    let without: Vec<&str> = WITHOUT_SECRETS.split_whitespace().collect();
    let forgotten: BTreeSet<&str> =
        names.filter(|name| !known.contains(name) && !without.contains(name)).collect();
    assert_eq!(forgotten, BTreeSet::new(), "do they hold a secret?");
}
