// SPDX-License-Identifier: MIT OR Apache-2.0

//! What operations leave on the stack is what `docs/secrets.md` says, or less: for optimised code of x86-64, as
//! another compiler may keep other copies.
//!
//! Each secret is in a box, so that the test itself has no copy there.

#![allow(
    unused_must_use,
    clippy::semicolon_if_nothing_returned,
    reason = "operations, whose results are dropped"
)]
#![allow(clippy::unnecessary_box_returns, reason = "what is boxed has no copy on the stack")]
#![allow(clippy::print_stdout, reason = "it shows what was found")]

use std::collections::BTreeSet;
use std::convert::Infallible;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use subrosa::address::ServiceIdKind;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::kdf::{Label, MacKey, hkdf, hkdf_into};
use subrosa::hazmat::crypto::kem768::KeySeed;
use subrosa::hazmat::crypto::{cbc, ctr, gcm, gcm_siv, kem768, xeddsa};
use subrosa::hazmat::ratchet::chain::{ChainKey, MessageKeySeed};
use subrosa::hazmat::ratchet::double::{DoubleRatchet, Header, Reach};
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::hazmat::ratchet::root::RootKey;
use subrosa::hazmat::wire::stored::StoredSessionRecord;
use subrosa::keys::{KemKeyPair, KemType, KeyPair, PrivateKey, Secret};
use subrosa::sealed;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::server::SentMessage;
use subrosa::session::Policy;
use subrosa::session::manual::{Admission, KemKey, NeededPreKeys};
use subrosa::store::RecordKind;
use subrosa::{Address, DeviceId, IdentityKeyPair, Message, RecordKey, ServiceId, Session, Trust};

use super::by_hand::{Inner, Many, Outer};
use super::debug::device::{ALICE, BOB, Device, FoundKeys, Letter, Offer, START};
use super::debug::sealed::{Seal, Service};
use super::sessions::PublicBytes;
use super::stack::{Secrets, left_by};

const TEXT: &[u8; 40] = b"0123 this is what is said, and no more /";
const TABLE: &str = include_str!("../../docs/secrets.md");

/// Gives bytes that are known, and keeps no copy on the stack.
pub struct Given(Vec<u8>);

impl Given {
    /// A generator, and what it will give first.
    pub fn new(seed: u64) -> (Self, Vec<u8>) {
        let mut bytes = vec![0; 4096];
        ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        (Self(bytes.clone()), bytes)
    }
}

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unimplemented!("the crate draws bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unimplemented!("the crate draws bytes only")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0[..bytes.len()]);
        self.0.drain(..bytes.len());
        Ok(())
    }
}

impl TryCryptoRng for Given {}

/// `N` bytes that are known.
fn bytes<const N: usize>(seed: u64) -> [u8; N] {
    let mut bytes = [0; N];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Runs an operation, and holds what it leaves against the table.
#[track_caller]
pub fn check(name: &str, secrets: Secrets<'_>, operation: impl FnOnce() + Send) {
    let left = left_by(secrets, operation);
    let row = TABLE.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap_or_default();
    let allowed = row.split('|').nth(2).unwrap_or_default();
    let allowed: BTreeSet<&str> = allowed.split(',').map(str::trim).collect();
    let found: Vec<&str> = left.found.keys().copied().collect();
    println!("| {name} | {} | {} bytes used, {:?}", found.join(", "), left.used, left.found);
    // For another target other copies are made: what is found there is printed only.
    if cfg!(target_arch = "x86_64") {
        assert!(!row.is_empty(), "`{name}` is not in docs/secrets.md");
        // One word comes and goes with the load of the machine, as a register that was saved: see docs/secrets.md.
        for (secret, _) in left.found.iter().filter(|(_, pieces)| **pieces > 1) {
            assert!(allowed.contains(secret), "{name} leaves its {secret}: {left:?}");
        }
    }
}

/// Names, and bytes that must not be left.
pub type Named = Vec<(&'static str, Vec<u8>)>;

/// The same with secrets that are held.
#[track_caller]
pub fn check_named(name: &str, secrets: &Named, operation: impl FnOnce() + Send) {
    let secrets: Vec<_> = secrets.iter().map(|(name, secret)| (*name, &secret[..])).collect();
    check(name, &secrets, operation);
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn primitives() {
    let (key, peer) = (
        Box::new(PrivateKey::from_secret(&Secret::new(bytes(1)))),
        Box::new(PrivateKey::from_secret(&Secret::new(bytes(2))).public_key()),
    );
    let (mut rng, random) = Given::new(5);
    check("Curve25519, generate", &[("private key", &random[1..31])], || {
        drop(Box::new(KeyPair::generate(&mut rng)))
    });
    let shared = Box::new(key.diffie_hellman(&peer).unwrap());
    let key_bytes = *key.as_bytes();
    check("X25519, public key", &[("private key", &key_bytes)], || drop(Box::new(key.public_key())));
    check("X25519, agree", &[("private key", &key_bytes), ("shared secret", shared.as_bytes())], || {
        key.diffie_hellman(&peer).unwrap();
    });
    let (mut rng, random) = Given::new(3);
    check("XEdDSA, sign", &[("private key", &key_bytes), ("random bytes", &random[..64])], || {
        xeddsa::sign(&key, &[b"message"], &mut rng);
    });
    let (mut rng, random) = Given::new(6);
    check("HPKE, seal", &[("ephemeral key", &random[1..31]), ("plaintext", TEXT)], || {
        drop(peer.hpke_seal(b"info", b"", TEXT, &mut rng).unwrap())
    });
    let sealed = key.public_key().hpke_seal(b"info", b"", TEXT, &mut rng).unwrap();
    check("HPKE, open", &[("private key", &key_bytes), ("plaintext", TEXT)], || {
        drop(key.hpke_open(b"info", b"", &sealed).unwrap())
    });

    let mac_key = Box::new(Secret::<32>::new(bytes(4)));
    let mac = Box::new(MacKey::new(mac_key.as_bytes()).mac(&[TEXT]));
    check("HMAC", &[("key", mac_key.as_bytes()), ("MAC", mac.as_bytes())], || {
        MacKey::new(mac_key.as_bytes()).mac(&[TEXT]);
    });
    let okm = Box::new(hkdf::<80>(None, mac_key.as_bytes(), Label::new("label")));
    check("HKDF", &[("key", mac_key.as_bytes()), ("output", okm.as_bytes())], || {
        hkdf::<80>(None, mac_key.as_bytes(), Label::new("label"));
    });
    let (mut okm, mut out) = (vec![0; 96], vec![0; 96]);
    hkdf_into(b"salt", mac_key.as_bytes(), b"", &mut okm).unwrap();
    check("HKDF, salt of any length", &[("key", mac_key.as_bytes()), ("output", &okm)], || {
        hkdf_into(b"salt", mac_key.as_bytes(), b"", &mut out).unwrap();
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn ciphers() {
    let (key, iv) = (Box::new(bytes::<32>(10)), Box::new(bytes::<16>(11)));
    let text = TEXT.to_vec();
    let secrets: Secrets<'_> = &[("key", &*key), ("plaintext", TEXT)];
    let mut out = Vec::with_capacity(100);
    check("AES-CBC, encrypt", secrets, || cbc::encrypt_into(&key, &iv, &text, &mut out));
    check("AES-CBC, decrypt", secrets, || drop(cbc::decrypt(&key, &iv, &out).unwrap()));
    let mut data = text.clone();
    check("AES-CTR", secrets, || ctr::apply(&key, &mut data).unwrap());
    let nonce = Box::new([7; 12]);
    let (mut data, mut tag) = (text.clone(), Box::new([0; 16]));
    check("AES-GCM, seal", secrets, || *tag = gcm::seal(&key, &nonce, b"", &mut data).unwrap());
    check("AES-GCM, open", secrets, || gcm::open(&key, &nonce, b"", &mut data, &tag).unwrap());
    let mut data = text.clone();
    check("AES-GCM-SIV, seal", secrets, || *tag = gcm_siv::seal(&key, &nonce, b"", &mut data).unwrap());
    check("AES-GCM-SIV, open", secrets, || gcm_siv::open(&key, &nonce, b"", &mut data, &tag).unwrap());
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn kems() {
    let (mut rng, random) = Given::new(20);
    check("Kyber-1024, generate", &[("seed", &random[..64])], || {
        KemKeyPair::generate(KemType::Kyber1024, &mut rng);
    });
    let pair = Box::new(KemKeyPair::generate(KemType::Kyber1024, &mut Given::new(20).0));
    let (mut rng, random) = Given::new(21);
    let (ciphertext, shared) = pair.public().encapsulate(&mut Given::new(21).0);
    let (ciphertext, shared) = (Box::new(ciphertext), Box::new(shared));
    check(
        "Kyber-1024, encapsulate",
        &[("random bytes", &random[..32]), ("shared secret", shared.as_bytes())],
        || {
            pair.public().encapsulate(&mut rng);
        },
    );
    let raw = pair.secret().encode();
    let (s, z) = (&raw.as_bytes()[1..=1536], raw.as_bytes().last_chunk::<32>().unwrap());
    check("Kyber-1024, decapsulate", &[("s", s), ("z", z), ("shared secret", shared.as_bytes())], || {
        pair.secret().decapsulate(&ciphertext).unwrap();
    });
    let seed = Box::new(KeySeed::from_seed(Secret::new(bytes(22))));
    let key = Box::new(seed.expand());
    let (s, z) = (&key.as_bytes()[..1152], key.as_bytes().last_chunk::<32>().unwrap());
    check("ML-KEM-768, generate", &[("seed", seed.seed().as_bytes()), ("s", s)], || drop(seed.expand()));
    let (header, vector, random) = (key.header(), key.ek_vector(), Box::new(Secret::new(bytes(23))));
    let (ct1, shared) = kem768::encapsulate1(&header, &random);
    let ct2 = kem768::encapsulate2(&header, &vector, &random).unwrap();
    let shared = Box::new(shared);
    let secrets: Secrets<'_> = &[("random bytes", random.as_bytes()), ("shared secret", shared.as_bytes())];
    check("ML-KEM-768, encapsulate", secrets, || {
        kem768::encapsulate1(&header, &random);
        kem768::encapsulate2(&header, &vector, &random).unwrap();
    });
    check("ML-KEM-768, decapsulate", &[("s", s), ("z", z), ("shared secret", shared.as_bytes())], || {
        key.decapsulate(&ct1, &ct2);
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn ratchets() {
    let chain = Box::new(ChainKey::new(Secret::new(bytes(30)), 0));
    let (seed, next) = chain.step().unwrap();
    let keys = MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, None);
    let secrets: Secrets<'_> = &[
        ("chain key", chain.as_bytes()),
        ("next chain key", next.as_bytes()),
        ("seed", seed.as_bytes()),
        ("cipher key", keys.cipher_key.as_bytes()),
        ("MAC key", keys.mac_key.as_bytes()),
        ("iv", keys.iv.as_bytes()),
    ];
    check("chain step and message keys", secrets, || {
        let (seed, _) = chain.step().unwrap();
        MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, None);
    });
    let private = *PrivateKey::from_secret(&Secret::new(bytes(31))).as_bytes();
    let pair = KeyPair::from_private(PrivateKey::from_secret(&Secret::new(bytes(31))));
    let peer = PrivateKey::from_secret(&Secret::new(bytes(32))).public_key();
    let root = bytes::<32>(33);
    let shared = Box::new(pair.private().diffie_hellman(&peer).unwrap());
    let (mut rng, random) = Given::new(34);
    let ratchet = Box::new(DoubleRatchet::responder(RootKey::new(Secret::new(root)), *chain, pair));
    let header = Header { ratchet_key: peer, counter: 2, previous_counter: 0 };
    let secrets: Secrets<'_> = &[
        ("root key", &root),
        ("ratchet key", &private),
        ("shared secret", shared.as_bytes()),
        ("new ratchet key", &random[1..31]),
    ];
    check("Diffie-Hellman ratchet step", secrets, || {
        drop(ratchet.receive(&header, Reach::of(10), &mut rng, &mut MessageKeySeed::to_be_filled()).unwrap())
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn sealing() {
    let key = Box::new(RecordKey::new(Secret::new(bytes(40))));
    let identity = Box::new(IdentityKeyPair::from_private(PrivateKey::from_secret(&Secret::new(bytes(41)))));
    let record = identity.record();
    let secrets: Secrets<'_> = &[("record key", key.as_bytes()), ("content", identity.private().as_bytes())];
    let mut sealed = Vec::new();
    let mut rng = Given::new(43).0;
    check("record, seal", secrets, || sealed = key.seal(&record, b"owner", &mut rng).unwrap());
    check("record, open", secrets, || {
        drop(key.open(RecordKind::IdentityKeyPair, b"owner", &sealed).unwrap())
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn envelopes() {
    let [alice, bob] = Device::acquainted(80);
    let certificate = Service::new(80).certify(&alice);
    let sender = Seal::with(&certificate).of(&alice.identity);
    let mut rng = ChaCha20Rng::seed_from_u64(81);
    let mut session = session(&alice, &bob);
    let message = session.encrypt(TEXT, Trust::Anyone, START, &mut rng).unwrap().commit();
    let theirs = bob.identity.public();
    let (mut rng, random) = Given::new(82);
    let ephemeral = PrivateKey::from_secret(&Secret::try_from(&random[..32]).unwrap());
    let outer = Outer::new(&ephemeral, theirs);
    let inner = Inner::new(
        &outer,
        &outer.encrypted_static(&alice.identity.public().encode()),
        &alice.identity,
        theirs,
    );
    let secrets = [
        (
            "identities",
            &[alice.identity.private().as_bytes().as_slice(), bob.identity.private().as_bytes()].concat(),
        ),
        ("ephemeral key", &ephemeral.as_bytes().to_vec()),
        ("shared secrets", &[outer.shared, inner.shared].concat()),
        ("chain", &outer.chain.to_vec()),
        ("keys", &[outer.cipher, outer.mac, inner.unused, inner.cipher, inner.mac].concat()),
        ("content", &message.as_bytes().to_vec()),
    ];
    let secrets = secrets.each_ref().map(|(name, secret)| (*name, &secret[..]));
    let mut sealed = Vec::new();
    check("sealed sender v1, seal", &secrets, || sealed = sender.seal(&message, theirs, &mut rng).unwrap());
    assert_eq!(UnverifiedContent::open(&sealed, &bob.identity).map(drop), Ok(()));
    check("sealed sender v1, open", &secrets, || {
        drop(UnverifiedContent::open(&sealed, &bob.identity).unwrap())
    });

    let (mut rng, random) = Given::new(83);
    let many = Many::new(random[..32].try_into().unwrap(), b"");
    let material = many.material(&alice.identity, theirs);
    let secrets = [
        ("identities", secrets[0].1),
        ("seed", &many.seed),
        ("ephemeral key", many.ephemeral.as_bytes()),
        ("shared secrets", &[material.shared, material.sender_shared].concat()),
        ("keys", &[many.unclamped, many.key, material.pad].concat()),
        ("content", message.as_bytes()),
    ];
    let id = ServiceId::new(ServiceIdKind::Aci, [7; 16]);
    let recipient = [sealed::Recipient::new(id, theirs, [(DeviceId::PRIMARY, 1)]).unwrap()];
    let mut sent = Vec::new();
    check("sealed sender v2, seal", &secrets, || {
        sent = sender.seal_for_many(&message, &recipient, &[], &mut rng).unwrap().bytes;
    });
    let received = SentMessage::parse(&sent).unwrap().recipients().next().unwrap().received().to_vec();
    assert_eq!(received[1..33], material.encrypted_seed, "these are the keys");
    check("sealed sender v2, open", &secrets, || {
        drop(UnverifiedContent::open(&received, &bob.identity).unwrap())
    });
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn groups() {
    let (mut rng, random) = Given::new(50);
    let id = DistributionId::from_bytes([7; 16]);
    let mut key = Box::new(SenderKey::generate(id, &mut rng));
    let mut keys = Box::new(ReceiverKeys::new(Address::new(ALICE, DeviceId::PRIMARY), id));
    let distribution = key.distribution();
    keys.process(
        &DistributionMessage::parse(&distribution).unwrap(),
        &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
    )
    .unwrap()
    .commit();
    let secrets: Secrets<'_> =
        &[("chain key", &random[4..36]), ("signing key", &random[37..67]), ("plaintext", TEXT)];
    let mut message = Vec::new();
    let text = TEXT.to_vec();
    check("group, encrypt", secrets, || {
        message = key.encrypt(&text, &mut rng).unwrap().commit().into_bytes()
    });
    check("group, decrypt", secrets, || {
        drop(keys.decrypt(&GroupMessage::parse(&message).unwrap(), Trust::Anyone).unwrap().commit());
    });
}

/// A session, boxed, as `device` stored it.
fn session(device: &Device, peer: &Device) -> Box<Session> {
    Box::new(device.session(&peer.address).unwrap())
}

/// The pieces of a state that another one no longer has, one after the other.
fn gone(before: &[u8], after: &[u8], public: &PublicBytes) -> Vec<u8> {
    let kept = |piece: &[u8; 8]| after.windows(8).any(|window| window == piece);
    let gone: Vec<u8> =
        public.secrets_in(before).into_iter().filter(|piece| !kept(piece)).flatten().collect();
    assert!(gone.len() >= 64, "nothing was consumed");
    gone
}

/// Sessions of both versions, before the next message from Alice, and that message, which is a step of the
/// Diffie-Hellman ratchet if `turn`.
fn conversation(version: u8, turn: bool) -> ([Device; 2], PublicBytes) {
    let [mut alice, mut bob] = Device::pair(60);
    if version == 3 {
        (alice.policy, bob.policy) = (Policy::AllowVersion3, Policy::AllowVersion3);
    }
    let bundle = bob.bundle(if version == 3 { Offer::VERSION_3 } else { Offer::FULL });
    let mut public = PublicBytes::default();
    public.add(bundle.signed_pre_key.key.as_bytes());
    alice.initiate(&bob.address, bundle).unwrap();
    for round in 0..8 {
        public.add(&alice.tell(&mut bob, TEXT).bytes);
        if round < 7 || turn {
            public.add(&bob.tell(&mut alice, TEXT).bytes);
        }
    }
    for device in [&alice, &bob] {
        public.add(&device.identity.public().encode());
        public.add(
            device
                .session(if device.address == alice.address { &bob.address } else { &alice.address })
                .unwrap()
                .base_key()
                .unwrap()
                .as_bytes(),
        );
    }
    ([alice, bob], public)
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn sessions() {
    for version in [3, 4] {
        for turn in [false, true] {
            let ([mut alice, mut bob], mut public) = conversation(version, turn);
            let [mut from, mut to] = [(&alice, &bob), (&bob, &alice)].map(|(of, with)| session(of, with));
            // Once with the kit, to know the message and what becomes of the states.
            let letter = alice.tell(&mut bob, TEXT);
            public.add(&letter.bytes);
            public.add(&bob.tell(&mut alice, TEXT).bytes);
            let what = if turn { ", with a ratchet step" } else { "" };

            let mut rng = Given::new(61).0;
            let before = from.record().as_bytes().to_vec();
            let after = session(&alice, &bob).record();
            let keys = message_keys(&before, version);
            let state = gone(&before, after.as_bytes(), &public);
            let text = TEXT.to_vec();
            let mut secrets = vec![("plaintext", &TEXT[..]), ("old state", &state)];
            secrets.extend(keys.iter().map(|(name, key)| (*name, &key[..])));
            check(&format!("version {version}, encrypt{what}"), &secrets, || {
                drop(from.encrypt(&text, Trust::Anyone, START, &mut rng).unwrap().commit());
            });
            let before = to.record().as_bytes().to_vec();
            let after = session(&bob, &alice).record();
            let state = gone(&before, after.as_bytes(), &public);
            let mut secrets = vec![("plaintext", &TEXT[..]), ("old state", &state)];
            secrets.extend(keys.iter().map(|(name, key)| (*name, &key[..])));
            let message = Message::parse(letter.kind, &letter.bytes).unwrap();
            let config = bob.config();
            check(&format!("version {version}, decrypt{what}"), &secrets, || {
                let admission = to.receive(&config, &message, Trust::Anyone, &mut rng).unwrap();
                let Admission::Decrypted(staged) = admission else { panic!("begins another session") };
                drop(staged.commit());
            });
        }
    }
}

/// The keys of the next message of a session, and the seed that they come from; of version 4, where the post-quantum
/// ratchet's key goes in, the seed alone.
fn message_keys(record: &[u8], version: u8) -> Vec<(&'static str, Vec<u8>)> {
    let [local, remote] = [ALICE, BOB].map(|name| Address::new(name, DeviceId::PRIMARY));
    let session = Session::from_record(record, local, remote).unwrap();
    let stored = session.to_libsignal_record();
    let stored = StoredSessionRecord::parse(&stored).unwrap();
    let chain = stored.current.unwrap().sender_chain.unwrap().chain_key.unwrap();
    let (seed, _) = ChainKey::new(chain.key.try_into().unwrap(), chain.index).step().unwrap();
    let seed_bytes = ("seed", seed.as_bytes().to_vec());
    if version == 4 {
        return vec![seed_bytes];
    }
    let MessageKeys { cipher_key, mac_key, iv } =
        MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, None);
    let cipher = [cipher_key.as_bytes().as_slice(), iv.as_bytes()].concat();
    vec![seed_bytes, ("cipher key and iv", cipher), ("MAC key", mac_key.as_bytes().to_vec())]
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn first_messages() {
    for version in [3, 4] {
        let [mut alice, mut bob] = Device::pair(70);
        if version == 3 {
            (alice.policy, bob.policy) = (Policy::AllowVersion3, Policy::AllowVersion3);
        }
        let bundle = bob.bundle(if version == 3 { Offer::VERSION_3 } else { Offer::FULL });
        let (mut rng, random) = Given::new(71);
        let mut session = Box::new(Session::new(alice.address.clone(), bob.address.clone()));
        let mut verified = Some(Box::new(bundle.clone().verify(Trust::Anyone).unwrap()));
        let config = alice.config();
        // The base key is drawn first, then what the KEM needs.
        let secrets = [("base key", &random[1..31]), ("random bytes", &random[32..64])];
        check(&format!("version {version}, initiate"), &secrets, || {
            let bundle = *verified.take().unwrap();
            session.initiate(&config, bundle, START, &mut rng).unwrap().commit();
        });
        alice.initiate(&bob.address, bundle).unwrap();
        let letter = alice.send(&bob.address, TEXT);
        let keys = Box::new(FoundKeys::find(&bob.store, &bob.faults, needed(&bob, &letter)).unwrap());
        let mut session = Box::new(Session::new(bob.address.clone(), alice.address.clone()));
        let message = Message::parse(letter.kind, &letter.bytes).unwrap();
        let (config, lent) = (bob.config(), Box::new(keys.lend()));
        let one_time = *lent.one_time.unwrap().key_pair().private().as_bytes();
        let mut secrets = vec![("one-time prekey", &one_time[..]), ("plaintext", TEXT)];
        let kem = lent.kem.as_ref().map(kem_secret);
        secrets.extend(kem.as_ref().map(|secret| ("one-time KEM prekey", &secret[..])));
        check(&format!("version {version}, accept"), &secrets, || {
            let admission = session.receive(&config, &message, Trust::Anyone, &mut rng).unwrap();
            let Admission::New(new) = admission else { panic!("there was none") };
            drop(new.accept(&lent, &mut rng).unwrap().commit());
        });
    }
}

fn needed(bob: &Device, letter: &Letter) -> NeededPreKeys {
    let mut session = Session::new(bob.address.clone(), Address::new(ALICE, DeviceId::PRIMARY));
    let message = Message::parse(letter.kind, &letter.bytes).unwrap();
    match session.receive(&bob.config(), &message, Trust::Anyone, &mut Given::new(0).0).unwrap() {
        Admission::New(new) => new.needed(),
        Admission::Decrypted(_) => panic!("there was none"),
    }
}

/// The secret vector of a KEM prekey.
fn kem_secret(key: &KemKey<'_>) -> Vec<u8> {
    let KemKey::OneTime(key) = key else { panic!("a one-time key was asked for") };
    key.key_pair().secret().encode().as_bytes()[1..=1536].to_vec()
}
