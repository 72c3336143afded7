// SPDX-License-Identifier: MIT OR Apache-2.0

//! One operation at a time, for `ci/instructions.sh` to count its instructions: only what runs inside
//! [`measured`] is counted. Without an argument it lists the operations; a second argument says how often to repeat one,
//! for `ci/profile.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a bench"
)]

#[path = "support/braids.rs"]
mod braids;
#[path = "support/groups.rs"]
mod groups;
#[path = "../tests/support/rose.rs"]
mod parties;
#[path = "support/rose_pair.rs"]
mod rose_pair;
#[path = "support/sealing.rs"]
mod sealing;
#[path = "support/setting.rs"]
mod setting;

use std::hint::black_box;

use braids::{Pair, encoder};
use sealing::Sealing;
use setting::{FirstMessage, NOW, Talk, bundle, devices, receive, rng, send};
use subrosa::attachment::{AttachmentDecryptor, AttachmentEncryptor, AttachmentKey, ChunkSize};
use subrosa::fingerprint::{FingerprintHash, FingerprintIterations};
use subrosa::group::ReceiverKeys;
use subrosa::hazmat::crypto::erasure::Decoder;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{Direction, Limits, Spqr};
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};
use subrosa::sealed::server::SentMessage;
use subrosa::session;
use subrosa::{Address, DeviceId, IdentityKeyPair, Session, Trust};

/// What is counted. Its name is what callgrind is told to watch.
#[inline(never)]
fn measured<T>(operation: impl FnOnce() -> T) -> T {
    black_box(operation())
}

/// Name, how often the operation is measured, and the operation. The count is divided by the times.
type Operation = (&'static str, u32, fn(u32));

const OPERATIONS: &[Operation] = &[
    ("session/initiate", 1, |_| initiate()),
    ("session/accept a first message of 64 B", 1, |_| accept()),
    ("session/encrypt 1 KiB, one way", 10, |times| one_way(4, times, true)),
    ("session/decrypt 1 KiB, one way", 10, |times| one_way(4, times, false)),
    ("session/encrypt 1 KiB, one way, version 3", 10, |times| one_way(3, times, true)),
    ("session/decrypt 1 KiB, one way, version 3", 10, |times| one_way(3, times, false)),
    ("session/encrypt 1 KiB, average of an epoch", 87, encrypt),
    ("session/decrypt 1 KiB, average of an epoch", 87, decrypt),
    ("session/two DH ratchet steps, 1 KiB each way", 87, |times| dh_ratchet(4, times)),
    ("session/two DH ratchet steps, 1 KiB each way, version 3", 87, |times| dh_ratchet(3, times)),
    ("session/decrypt after a skip of 24,999", 1, |_| skip(24_999)),
    ("session/decrypt after a skip of 2,000", 1, |_| skip(2_000)),
    ("record/write", 1, |_| record_write()),
    ("record/read", 1, |_| record_read()),
    ("group/encrypt 1 KiB, the first after the key was read", 1, |_| group_encrypt(false)),
    ("group/encrypt 1 KiB", 1, |_| group_encrypt(true)),
    ("group/decrypt 1 KiB in order", 1, |_| group_decrypt(0)),
    ("group/decrypt after a skip of 2,000", 1, |_| group_decrypt(2_000)),
    ("group/decrypt after a skip of 25,000", 1, |_| group_decrypt(25_000)),
    ("group/write keys with 2,000 skipped ones", 1, |_| group_write()),
    ("group/read keys with 2,000 skipped ones", 1, |_| group_read()),
    ("fingerprint/hash of one party", 1, |_| fingerprint()),
    ("attachment/encrypt 1 MiB", 1, |_| attachment(true)),
    ("attachment/decrypt 1 MiB", 1, |_| attachment(false)),
    ("sealed/seal 1 KiB, v1", 1, |_| seal_v1()),
    ("sealed/seal 1 KiB, v1, agreement kept", 1, |_| seal_v1_kept()),
    ("sealed/open 1 KiB and verify, v1", 1, |_| open(Sealing::seal_v1)),
    ("sealed/open 1 KiB and verify, v1, all kept", 1, |_| open_kept(Sealing::seal_v1)),
    ("sealed/seal 1 KiB for one, v2", 1, seal_for_many),
    ("sealed/seal 1 KiB for 10, for each, v2", 10, seal_for_many),
    ("sealed/seal 1 KiB for 1,000, for each, v2", 1_000, seal_for_many),
    ("sealed/seal 1 KiB for 1,000, for each, v2, agreements kept", 1_000, seal_for_many_kept),
    ("sealed/open 1 KiB and verify, v2", 1, |_| open(Sealing::seal_v2)),
    ("sealed/open 1 KiB and verify, v2, all kept", 1, |_| open_kept(Sealing::seal_v2)),
    ("sealed/verify a sender certificate", 1, |_| verify_certificate()),
    ("sealed/floor: two agreements with one key", 1, |_| floor_agreements()),
    ("sealed/floor: two signatures verified", 1, |_| floor_signatures()),
    ("sealed/service: parse for 1,000, for each", 1_000, service_parse),
    ("sealed/service: split for 1,000, for each", 1_000, service_split),
    ("braid/send, average of an epoch", 87, |times| braid(times, true)),
    ("braid/receive, average of an epoch", 87, |times| braid(times, false)),
    ("braid/send that makes a key (KeysUnsampled)", 1, |_| dear_send(0, "KeysUnsampled")),
    ("braid/send that encapsulates (HeaderReceived)", 1, |_| dear_send(1, "HeaderReceived")),
    ("braid/receive that decapsulates (EkSentCt1Received)", 1, |_| dear_receive(0, "EkSentCt1Received")),
    ("braid/receive that completes ek (Ct1Acknowledged)", 1, |_| dear_receive(1, "Ct1Acknowledged")),
    ("braid/jump of 25,000", 1, |_| jump()),
    ("rose/encrypt 100 B, one way", 10, |times| rose_one_way(times, true)),
    ("rose/decrypt 100 B, one way", 10, |times| rose_one_way(times, false)),
    ("rose/two DH ratchet steps, 100 B each way", 87, rose_steps),
    ("rose/garbage of 6,144 B, four sealing keys", 1, |_| rose_garbage()),
    ("erasure/decode 1,152 bytes from parity alone", 1, |_| decode()),
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(wanted) = arguments.next() else {
        return OPERATIONS.iter().for_each(|(name, times, _)| println!("{times} {name}"));
    };
    let (_, times, run) = OPERATIONS.iter().find(|(name, ..)| *name == wanted).unwrap();
    let repeated = arguments.next().map_or(1, |number| number.parse().unwrap());
    if *times > 1 {
        return run(times * repeated);
    }
    for _ in 0..repeated {
        run(1);
    }
}

fn initiate() {
    let [alice, mut bob] = devices(4);
    let bundle = bundle(&mut bob, 4);
    let [here, there] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    let (mut session, mut rng) = (Session::new(here, there), rng());
    let local = session::Config::new(&alice.identity, 1);
    measured(|| {
        let verified = bundle.verify(Trust::Anyone).unwrap();
        session.initiate(&local, verified, NOW, &mut rng).unwrap().commit();
    });
}

fn accept() {
    let first = FirstMessage::new(4);
    let (keys, mut rng) = (first.keys(), rng());
    drop(measured(|| first.accept(&keys, &mut rng)));
}

/// Only Alice sends; either side is counted.
fn one_way(version: u8, times: u32, sends: bool) {
    let mut talk = Talk::new(version);
    for _ in 0..100 {
        let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        receive(&mut talk.bob, &message, &mut talk.rng);
    }
    for _ in 0..times {
        if sends {
            let message = measured(|| send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng));
            receive(&mut talk.bob, &message, &mut talk.rng);
        } else {
            let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
            measured(|| receive(&mut talk.bob, &message, &mut talk.rng));
        }
    }
}

/// The same in the rose profile.
fn rose_one_way(times: u32, sends: bool) {
    let mut talk = rose_pair::Pair::new(1);
    for _ in 0..100 {
        drop(talk.tell(0, &[b'x'; 100]));
    }
    for _ in 0..times {
        if sends {
            let message = measured(|| talk.send(0, &[b'x'; 100]));
            talk.open(1, &message);
        } else {
            let message = talk.send(0, &[b'x'; 100]);
            measured(|| talk.open(1, &message));
        }
    }
}

fn rose_steps(times: u32) {
    let mut talk = rose_pair::Pair::new(3);
    for _ in 0..times {
        measured(|| {
            for by in [0, 1] {
                let message = talk.send(by, &[b'x'; 100]);
                talk.open(1 - by, &message);
            }
        });
    }
}

fn rose_garbage() {
    let [_, mut bob] = parties::pair(5, false);
    for _ in 0..3 {
        bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap().commit();
    }
    let garbage: Vec<u8> = (0..6_144_u32).map(|at| at.to_le_bytes()[0]).collect();
    assert!(measured(|| bob.account.open(&garbage).is_err()));
}

fn encrypt(times: u32) {
    let mut talk = Talk::new(4);
    for _ in 0..times {
        let message = measured(|| send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng));
        receive(&mut talk.bob, &message, &mut talk.rng);
        let message = send(&mut talk.bob, &[b'x'; 1024], &mut talk.rng);
        receive(&mut talk.alice, &message, &mut talk.rng);
    }
}

/// Bob answers now and then, so that the braid goes on, but seldom: a DH ratchet step is another operation.
fn decrypt(times: u32) {
    let mut talk = Talk::new(4);
    for _ in 0..times {
        let first = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        let second = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        receive(&mut talk.bob, &first, &mut talk.rng);
        measured(|| receive(&mut talk.bob, &second, &mut talk.rng));
        let message = send(&mut talk.bob, &[b'x'; 1024], &mut talk.rng);
        receive(&mut talk.alice, &message, &mut talk.rng);
    }
}

fn dh_ratchet(version: u8, times: u32) {
    let mut talk = Talk::new(version);
    for _ in 0..times {
        measured(|| {
            let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
            receive(&mut talk.bob, &message, &mut talk.rng);
            let message = send(&mut talk.bob, &[b'x'; 1024], &mut talk.rng);
            receive(&mut talk.alice, &message, &mut talk.rng);
        });
    }
}

fn skip(skipped: u32) {
    let mut talk = Talk::new(4);
    let message = talk.after(skipped);
    measured(|| receive(&mut talk.bob, &message, &mut talk.rng));
}

fn record_write() {
    let talk = Talk::new(4);
    drop(measured(|| talk.alice.record()));
}

fn record_read() {
    let talk = Talk::new(4);
    drop(measured(|| setting::copy(&talk.alice)));
}

fn group_encrypt(again: bool) {
    let (mut key, _) = groups::pair();
    if again {
        drop(groups::send(&mut key, b"first", &mut rng()));
    }
    drop(measured(|| groups::send(&mut key, &[b'x'; 1024], &mut rng())));
}

fn group_decrypt(skipped: u32) {
    let (mut key, mut keys) = groups::pair();
    groups::receive(&mut keys, &groups::send(&mut key, b"first", &mut rng()));
    groups::lose(&mut key, skipped);
    let message = groups::send(&mut key, &[b'x'; 1024], &mut rng());
    measured(|| groups::receive(&mut keys, &message));
}

fn group_write() {
    let keys = groups::after_skip(2_000);
    drop(measured(|| keys.record()));
}

fn group_read() {
    let (record, sender) = (groups::after_skip(2_000).record(), groups::sender());
    drop(measured(|| ReceiverKeys::from_record(record.as_bytes(), sender).unwrap()));
}

fn fingerprint() {
    let identity = IdentityKeyPair::generate(&mut rng());
    measured(|| FingerprintHash::compute(FingerprintIterations::DEPLOYED, &[1; 16], identity.public()));
}

fn attachment(encrypts: bool) {
    let (mut rng, plaintext, mut blob) = (rng(), vec![7; 1 << 20], vec![0; 1 << 21]);
    let key = AttachmentKey::generate(&mut rng);
    let mut encryptor = AttachmentEncryptor::new(&key, ChunkSize::SMALLEST, &mut rng);
    let encrypt = || {
        let written = encryptor.update(&mut plaintext.as_slice(), &mut blob);
        let mut end = encryptor.finish();
        let len = written + end.read(blob.get_mut(written..).unwrap());
        (len, end.manifest().unwrap())
    };
    if encrypts {
        measured(encrypt);
        return;
    }
    let (len, manifest) = encrypt();
    let mut decryptor = AttachmentDecryptor::new(&key, manifest).unwrap();
    let (mut left, mut out) = (blob.get(..len).unwrap(), vec![0; 1 << 14]);
    measured(|| {
        while !left.is_empty() {
            decryptor.update(&mut left, &mut out).unwrap();
        }
        decryptor.finish().unwrap()
    });
}

/// Lockstep; the sends or the receives of one side are counted.
fn braid(times: u32, sends: bool) {
    let mut pair = Pair::new();
    for _ in 0..times {
        for from in [0, 1] {
            if sends && from == 0 {
                let message = measured(|| pair.send(from));
                pair.receive(1 - from, &message);
            } else {
                let message = pair.send(from);
                if sends || from == 0 {
                    pair.receive(1 - from, &message);
                } else {
                    measured(|| pair.receive(1 - from, &message));
                }
            }
        }
    }
}

fn dear_send(party: usize, state: &str) {
    let mut pair = Pair::new();
    pair.until(party, state, false);
    drop(measured(|| pair.send(party)));
}

fn dear_receive(party: usize, state: &str) {
    let mut pair = Pair::new();
    let message = pair.until(party, state, true);
    measured(|| pair.receive(party, &message));
}

fn jump() {
    let braid = Spqr::new(Direction::B2A, &Secret::new([7; 32]), Limits::default());
    let message = BraidMessage { epoch: 1, index: 25_000, payload: BraidPayload::None }.encode();
    drop(measured(|| braid.receive(&message).unwrap()));
}

fn decode() {
    let (encoder, mut decoder) = (encoder(), Decoder::<36>::new());
    (36..72).for_each(|index| decoder.add(encoder.chunk(index)));
    drop(measured(|| decoder.decode()));
}

fn seal_v1() {
    let sealing = Sealing::new(1);
    drop(measured(|| sealing.seal_v1()));
}

fn seal_v1_kept() {
    let sealing = Sealing::new(1);
    let kept = sealing.agreements();
    drop(measured(|| sealing.seal_v1_kept(&kept)));
}

fn seal_for_many_kept(recipients: u32) {
    let sealing = Sealing::new(recipients);
    let kept = sealing.agreements();
    let recipients = sealing.recipients_kept(&kept);
    drop(measured(|| sealing.seal_for_many(&recipients)));
}

fn open_kept(seal: fn(&Sealing) -> Vec<u8>) {
    let sealing = Sealing::new(1);
    let (sealed, mut kept) = (seal(&sealing), sealing.keep());
    drop(sealing.open_kept(&mut kept, &sealed));
    drop(measured(|| sealing.open_kept(&mut kept, &sealed)));
}

fn seal_for_many(recipients: u32) {
    let sealing = Sealing::new(recipients);
    let recipients = sealing.recipients();
    drop(measured(|| sealing.seal_for_many(&recipients)));
}

fn open(seal: fn(&Sealing) -> Vec<u8>) {
    let sealing = Sealing::new(1);
    let sealed = seal(&sealing);
    drop(measured(|| sealing.verify(sealing.open(&sealed))));
}

fn verify_certificate() {
    let sealing = Sealing::new(1);
    let (certificate, trust) = (sealing.cast.certificate.clone(), sealing.cast.trust());
    drop(measured(|| certificate.verify(&trust, sealing::NOW).unwrap()));
}

fn floor_agreements() {
    let cast = sealing::Cast::new();
    let [bob, other, ..] = &cast.readers;
    measured(|| {
        let theirs = cast.alice.public().public_key().prepare();
        [bob, other].map(|ours| ours.private().diffie_hellman_with(&theirs).unwrap())
    });
}

fn floor_signatures() {
    let cast = sealing::Cast::new();
    let signature = cast.alice.sign(&[&[7; 200]], &mut rng());
    measured(|| [0, 1].map(|_| cast.alice.public().verify(&[&[7; 200]], &signature)));
}

fn service_parse(recipients: u32) {
    let sealing = Sealing::new(recipients);
    let sent = sealing.seal_for_many(&sealing.recipients());
    measured(|| sealing::parse(&sent));
}

fn service_split(recipients: u32) {
    let sealing = Sealing::new(recipients);
    let sent = sealing.seal_for_many(&sealing.recipients());
    let parsed = SentMessage::parse(&sent).unwrap();
    measured(|| sealing::split(&parsed));
}
