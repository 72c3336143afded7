// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile: envelopes that anybody can seal, messages of a peer, uploads, records.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::crypto::xwing::XWingPublicKey;
use subrosa::rose::{Class, Outgoing, Session, Upload};

use super::ledger::{Bound, LARGE, Ledger, told};
use super::parties::{Device, Service, pair};

/// The longest that a message can be and not be longer than what is large here.
const LONG_ENVELOPE: usize = 61 << 11;

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("rose: envelope", Bound { times: 4, plus: 64 << 10, stack: 160 << 10 });
    envelopes(ledger);
    ledger.kind("rose: message of a peer", Bound { times: 4, plus: 256 << 10, stack: 96 << 10 });
    messages(ledger);
    ledger.kind("rose: upload", Bound { times: 4, plus: 16 << 10, stack: 16 << 10 });
    uploads(ledger);
    ledger.kind("rose: record of a session", Bound { times: 4, plus: 32 << 10, stack: 64 << 10 });
    records(ledger);
}

fn noise(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    ChaCha20Rng::seed_from_u64(1).fill_bytes(&mut out);
    out
}

fn envelopes(ledger: &mut Ledger) {
    let mut bob = Device::new(&Service::new(), "bob", 1, 2);
    for _ in 0..3 {
        bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap().commit();
    }
    let [short, long] = [6_144, LONG_ENVELOPE].map(noise);
    for garbage in [&short, &long] {
        ledger.attempt("garbage, four keys", garbage.len(), "NotFound", || told(bob.account.open(garbage)));
    }
    let public: [u8; 1_216] = bob.account.sealing_prekey().unwrap()[12..1_228].try_into().unwrap();
    let card = bob.account.keys().card();
    let info = [b"rose1.envelope\0", &bob.name().as_bytes()[..], card.identity().as_bytes()].concat();
    let sealed =
        XWingPublicKey(public).seal(&info, &noise(LONG_ENVELOPE - 1_136), &Secret::new([7; 64])).unwrap();
    ledger.attempt("sealed by anyone", sealed.len(), "UnknownSuite", || told(bob.account.open(&sealed)));
}

fn messages(ledger: &mut Ledger) {
    let [mut alice, mut bob] = pair(5, false);
    let (to, from) = (bob.name(), alice.name());
    let keys_of = |device: &mut Device, message: &[u8]| {
        let session = device.sessions.get_mut(&from).unwrap();
        told(session.decrypt(message, device.account.keys(), &mut device.rng))
    };
    let message = alice.send(to, &Outgoing::content(b"x")).unwrap();
    let mut damaged = message.clone();
    damaged[300] ^= 1;
    ledger.attempt("damaged", damaged.len(), "NotAuthentic", || keys_of(&mut bob, &damaged));
    let mut header = message.clone();
    header[50] ^= 1;
    ledger.attempt("header damaged", header.len(), "NotAuthentic", || keys_of(&mut bob, &header));
    bob.receive(&message, false).unwrap();
    // As far ahead as a peer may be, found by trial.
    let mut last = Vec::new();
    for _ in 0..25_000 {
        last = alice.send(to, &Outgoing::dummy()).unwrap();
    }
    ledger.attempt("24,999 ahead", last.len(), "Ok", || {
        let device = &mut bob;
        let sessions = device.sessions.values_mut();
        told(subrosa::rose::trial(sessions, &last, device.account.keys(), &mut device.rng))
    });
    let further = alice.send(to, &Outgoing::dummy()).unwrap();
    ledger.attempt("25,000 ahead", further.len(), "Braid", || {
        let device = &mut bob;
        let sessions = device.sessions.values_mut();
        told(subrosa::rose::trial(sessions, &further, device.account.keys(), &mut device.rng))
    });
    let garbage = noise(384);
    ledger.attempt("garbage, by trial", garbage.len(), "NotFound", || {
        let device = &mut bob;
        let sessions = device.sessions.values_mut();
        told(subrosa::rose::trial(sessions, &garbage, device.account.keys(), &mut device.rng))
    });
}

fn uploads(ledger: &mut Ledger) {
    let claims = [&[0, 1, 1, 0, 0, 0x13, 0x88][..], &[1; 100]].concat();
    ledger.attempt("claims 5,000 entries", claims.len(), "BadUpload", || told(Upload::parse(&claims)));
    let entry = |at: u32| [&[4][..], &at.to_be_bytes(), &[9; 16]].concat();
    let entries: Vec<u8> = (0..5_000).flat_map(entry).collect();
    let whole = [&[0, 1, 1, 0, 0, 0x13, 0x88][..], &entries, &368_u32.to_be_bytes(), &[7; 368]].concat();
    ledger.attempt("5,000 entries", whole.len(), "Ok", || told(Upload::parse(&whole)));
}

fn records(ledger: &mut Ledger) {
    let service = Service::new();
    let mut bob = Device::new(&service, "bob", 1, 8);
    let mut alice = Device::new(&service, "alice", 1, 9);
    let bundle = bob.bundle(Class::OneTime);
    let peer = alice.begin(&bundle, false);
    let record = alice.sessions[&peer].record().as_bytes().to_vec();
    ledger.attempt("read", record.len(), "Ok", || told(Session::from_record(&record, peer)));
    let mut damaged = record.clone();
    damaged[140] = 255;
    ledger.attempt("claims 255 states", damaged.len(), "Damaged", || {
        told(Session::from_record(&damaged, peer))
    });
    let long = [&record[..], &vec![0; LARGE]].concat();
    ledger.attempt("with more behind", long.len(), "Damaged", || told(Session::from_record(&long, peer)));
}
