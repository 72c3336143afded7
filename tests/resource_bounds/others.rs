// SPDX-License-Identifier: MIT OR Apache-2.0

//! What comes from a service, or is small: bundles, devices, requests to send again, fingerprints, names.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::delivery::{Delivery, ServiceAnswer};
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};
use subrosa::keys::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
use subrosa::repair::{Advice, DecryptionErrorMessage, Failure, RepairLog, RepairPolicy};
use subrosa::sealed::ContentHint;
use subrosa::{Address, DeviceId, IdentityKey, MessageKind, ServiceId, Session, Timestamp, Trust};

use super::ledger::{Bound, LARGE, Ledger, MANY, told};
use super::setting::{bundle, devices, rng};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("prekey bundle", Bound { times: 0, plus: 16 << 10, stack: 128 << 10 });
    bundles(ledger);
    ledger.kind("KEM key or ciphertext", Bound { times: 0, plus: 16 << 10, stack: 128 << 10 });
    kem(ledger);
    ledger.kind("answer of the service", Bound { times: 3, plus: 64 << 10, stack: 16 << 10 });
    delivery(ledger);
    ledger.kind("decryption error message", Bound { times: 2, plus: 64 << 10, stack: 32 << 10 });
    repair(ledger);
    ledger.kind("fingerprint, name of an account", Bound { times: 2, plus: 4 << 10, stack: 16 << 10 });
    fingerprints(ledger);
}

fn bundles(ledger: &mut Ledger) {
    let [alice, mut bob] = devices(4);
    let good = bundle(&mut bob, 4);
    let len = 33 + 33 + 64 + 33 + 1_569 + 64;
    let mut signed = good.clone();
    signed.signed_pre_key.signature[0] ^= 1;
    let mut kem = good.clone();
    kem.kem_pre_key.as_mut().unwrap().signature[0] ^= 1;
    for (bundle, expected) in [(signed, "SignedPreKeySignature"), (kem, "KemPreKeySignature")] {
        ledger.attempt(expected, len, expected, || told(bundle.clone().verify(Trust::Anyone)));
    }
    ledger.attempt("verified, and a session begun", len, "Ok", || {
        let verified = good.clone().verify(Trust::Anyone).unwrap();
        let mut session = Session::new(alice.address.clone(), bob.address.clone());
        told(session.initiate(&alice.config(), verified, NOW, &mut rng()).map(drop))
    });
}

fn kem(ledger: &mut Ledger) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let pair = KemKeyPair::generate(KemType::Kyber1024, &mut rng);
    let (ciphertext, _) = pair.public().encapsulate(&mut rng);
    for len in [LARGE, 2 * LARGE] {
        let long = vec![8; len];
        ledger.attempt("long public key", len, "", || told(KemPublicKey::decode(&long)));
        ledger.attempt("long secret key", len, "", || told(KemSecretKey::decode(&long)));
        ledger.attempt("long ciphertext", len, "", || told(KemCiphertext::decode(&long)));
    }
    // All coefficients out of range.
    let public = [&[8][..], &[0xFF; 1_568]].concat();
    ledger.attempt("unreduced public key", public.len(), "", || {
        told(KemPublicKey::decode(&public).map(|key| drop(key.encapsulate(&mut rng))))
    });
    let mut other = ciphertext.encode();
    other[100] ^= 1;
    ledger.attempt("ciphertext of another key", other.len(), "Ok", || {
        told(pair.secret().decapsulate(&KemCiphertext::decode(&other).unwrap()).map(drop))
    });
}

fn delivery(ledger: &mut Ledger) {
    let device = |number: usize| DeviceId::new(u32::try_from(number + 1).unwrap());
    let answered = |answer: &ServiceAnswer| {
        let local = Address::new("me", DeviceId::PRIMARY);
        let mut delivery = Delivery::new(local, 5).to("bob", [DeviceId::PRIMARY]);
        (0..5).for_each(|_| drop(std::hint::black_box(delivery.answered(&"bob".into(), answer))));
        assert!(delivery.is_done());
        "Ok".to_owned()
    };
    let costs = [MANY, 2 * MANY].map(|count| {
        let all: Vec<_> = (0..count).map(device).collect();
        let stale = ServiceAnswer::Stale(all.clone());
        ledger.attempt("stale devices, five times", 4 * count, "Ok", || answered(&stale));
        let mismatched = ServiceAnswer::Mismatched { missing: all.clone(), extra: all };
        ledger.attempt("missing and extra devices, five times", 8 * count, "Ok", || answered(&mismatched))
    });
    ledger.compare("devices", costs[0], costs[1]);
}

fn repair(ledger: &mut Ledger) {
    let [mut alice, mut bob] = devices(4);
    let offer = bundle(&mut bob, 4);
    alice.initiate(&bob.address, offer).unwrap();
    let key = subrosa::hazmat::wire::prekey_message::PreKeySignalMessage::parse(
        &alice.send(&bob.address, b"text").bytes,
    )
    .map(|message| *message.message().ratchet_key())
    .unwrap();
    let (session, policy) = (alice.session(&bob.address).unwrap(), RepairPolicy::default());
    // All of them about the present session.
    let requests = |count: u64| -> Vec<u8> {
        let of = |number| {
            let (kind, device) = (MessageKind::SenderKey, DeviceId::PRIMARY);
            let group = DecryptionErrorMessage::for_original(b"", kind, number, device).unwrap();
            [&[0x0A, 33][..], &key.encode(), &group.to_bytes()].concat()
        };
        (0..count).flat_map(|number| of(Timestamp::from_millis(NOW.as_millis() - number))).collect()
    };
    let flood = |bytes: &[u8]| {
        let (mut log, mut session) = (RepairLog::new(bob.address.clone()), super::setting::copy(&session));
        for request in bytes.chunks(33 + 2 + 9) {
            let request = DecryptionErrorMessage::parse(request).unwrap();
            if let Ok(answer) = log.answer(&mut session, &request, &policy, NOW) {
                let _resend = answer.commit_with(|_| Ok::<_, ()>(())).unwrap();
            }
        }
        assert!(log.generation() <= 30 && session.archived_len() <= 1, "{log:?}");
        "Ok".to_owned()
    };
    let costs = [10_000, 20_000].map(|count| {
        let requests = requests(count);
        ledger.attempt(&format!("{count} requests"), requests.len(), "Ok", || flood(&requests))
    });
    ledger.compare("requests", costs[0], costs[1]);
    // What failed was long.
    let about = |bytes: &[u8]| {
        let (kind, device) = (MessageKind::Whisper, DeviceId::PRIMARY);
        let advice = Advice::about(Failure::Undecryptable, ContentHint::Resendable, kind, bytes, NOW, device);
        assert!(advice.ask.is_none());
        "Ok".to_owned()
    };
    ledger.growing("what failed", "Ok", |len| [vec![0x44], vec![0x08; len]].concat(), about);
}

fn fingerprints(ledger: &mut Ledger) {
    let hash = |byte: u8| {
        let key = IdentityKey::new(subrosa::keys::PrivateKey::decode(&[byte; 32]).unwrap().public_key());
        FingerprintHash::compute(FingerprintIterations::new(10).unwrap(), b"name", &key)
    };
    let ours = Fingerprint::new(FingerprintVersion::ACCOUNT, hash(1), hash(2)).scannable();
    let long = |len: usize| {
        let half = super::protobuf::message(1, &vec![1; len / 2]);
        [vec![8, 2], super::protobuf::message(2, &half), super::protobuf::message(3, &half)].concat()
    };
    ledger.growing("long hashes", "", long, |bytes| told(ours.compare(bytes)));
    let text = |len: usize| "1".repeat(len).into_bytes();
    ledger.growing("long name", "NotAServiceId", text, |bytes| {
        told(std::str::from_utf8(bytes).unwrap().parse::<ServiceId>())
    });
}
