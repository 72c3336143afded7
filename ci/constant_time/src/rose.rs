// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile: messages of a session by both sides, for many sessions and for a group, the search by tag, first
//! contacts by both sides.
//!
//! Header keys are marked where a message is made, looked for or refused. Where one opens they are not: what its header
//! says decides what is done, and the peer has chosen it. The braid is marked in `sessions`.

#[path = "../../../tests/support/rose.rs"]
mod parties;

use subrosa::hazmat::crypto::xwing::{XWingKey, XWingPublicKey};
use subrosa::keys::Secret;
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{
    Account, Admission, Class, DeviceName, Outgoing, ReceiveError, RoseKey, Sender, Session, Trust, Upload,
    VerifiedBundle, seal_for_many,
};
use subrosa::store::Key;

use parties::{Device, NOW, Service, pair};

use crate::marking::{Marked, plain, text, writes};
use crate::memcheck::{declassify, mark};
use crate::report::Report;

const TEXT: [u8; 40] = *b"0123 this is what is said, and no more /";
/// Turns, each with a Diffie-Hellman step of both sides.
const TURNS: usize = 20;
/// Where a state's ratchet begins in a record, for who began and for who answered, once Hybrid: `docs/records.md`.
const RATCHET: [usize; 2] = [4 + 8 + 1 + 127 + 1 + 69 + 3, 4 + 8 + 1 + 127 + 1 + 69 + 3 + 32];
/// `SX`.
const SX: usize = 4 + 8 + 1 + 127 + 1 + 5 + 32;
/// In the ratchet: root key, private ratchet key, chain keys of both directions.
const KEYS: [usize; 4] = [0, 64, 130, 239];
/// Header keys of sending: of this chain and the next; and of receiving.
const SENDING_HEADERS: [usize; 2] = [166, 206];
const RECEIVING_HEADERS: [usize; 2] = [275, 316];

pub fn run(report: &mut Report) {
    conversation(report);
    forged(report);
    split(report);
    group(report);
    let contact = Contact::new();
    contact.begin(report);
    contact.open(report);
    contact.respond(report);
}

/// The session with these places of its ratchet marked, and `SX`.
fn marked(session: &Session, began: bool, places: &[&[usize]]) -> Session {
    let mut record = session.record().as_bytes().to_vec();
    mark(&mut record[SX..SX + 32]);
    for place in places.iter().copied().flatten() {
        let at = RATCHET[usize::from(!began)] + place;
        mark(&mut record[at..at + 32]);
    }
    Session::from_record(&record, session.remote()).unwrap()
}

/// Alice's side before she sends, Bob's before he receives, and the other way round.
struct Round {
    began: bool,
    from: Vec<u8>,
    to: Vec<u8>,
    message: Vec<u8>,
}

fn session(record: &[u8], remote: DeviceName) -> Session {
    Session::from_record(record, remote).unwrap()
}

fn rounds(devices: &mut [Device; 2]) -> Vec<Round> {
    let names = [devices[0].name(), devices[1].name()];
    let record = |device: &Device, peer| device.sessions[&peer].record().as_bytes().to_vec();
    let mut rounds = Vec::new();
    for at in 0..2 * TURNS {
        let (by, other) = (at % 2, 1 - at % 2);
        let from = record(&devices[by], names[other]);
        let to = record(&devices[other], names[by]);
        let message = devices[by].send(names[other], &Outgoing::content(&TEXT)).unwrap();
        devices[other].receive(&message, false).unwrap();
        rounds.push(Round { began: by == 0, from, to, message });
    }
    rounds
}

fn conversation(report: &mut Report) {
    let mut devices = pair(120, false);
    let rounds = rounds(&mut devices);
    let [alice, bob] = &devices;
    let mut said = TEXT;
    mark(&mut said);
    report.clean("rose, encrypt", || {
        let mut out = Vec::new();
        for round in &rounds {
            let (us, them) = if round.began { (alice, bob) } else { (bob, alice) };
            let places: [&[usize]; 2] = [&KEYS, &SENDING_HEADERS];
            let mut session = marked(&session(&round.from, them.name()), round.began, &places);
            let sender = Sender { certificate: &us.certificate, contact: None, now: NOW };
            let staged = session.encrypt(&Outgoing::content(&said), &sender, &mut Marked::new(121)).unwrap();
            out.extend(writes(&staged));
            out.extend(staged.commit());
        }
        Some(out)
    });
    report.clean("rose, decrypt", || {
        let mut out = Vec::new();
        for round in &rounds {
            let (us, them) = if round.began { (bob, alice) } else { (alice, bob) };
            let mut session = marked(&session(&round.to, them.name()), !round.began, &[&KEYS]);
            let staged = session.decrypt(&round.message, us.account.keys(), &mut Marked::new(122)).unwrap();
            out.extend(writes(&staged));
            out.extend(text(staged.commit().content));
        }
        Some(out)
    });
}

/// What is not authentic, by header and by body; and the search by tag.
fn forged(report: &mut Report) {
    let [mut alice, bob] = pair(130, false);
    let message = alice.send(bob.name(), &Outgoing::content(&TEXT)).unwrap();
    let held = &bob.sessions[&alice.name()];
    let mut session = marked(held, false, &[&KEYS, &SENDING_HEADERS, &RECEIVING_HEADERS]);
    report.clean("rose, find by tag", || {
        assert!(session.expects(&message));
        assert!(!session.expects(&[7; 384]));
        None
    });
    let mut header = message.clone();
    header[40] ^= 1;
    report.clean("rose, decrypt with a forged header", || {
        let refused = session.decrypt(&header, bob.account.keys(), &mut Marked::new(131));
        assert_eq!(refused.map(drop).unwrap_err(), ReceiveError::NotAuthentic);
        None
    });
    let mut session = marked(held, false, &[&KEYS, &SENDING_HEADERS]);
    for (what, at) in [("commitment", 140), ("body", 200)] {
        let mut body = message.clone();
        body[at] ^= 1;
        report.clean(&format!("rose, decrypt with a forged {what}"), || {
            let refused = session.decrypt(&body, bob.account.keys(), &mut Marked::new(132));
            assert_eq!(refused.map(drop).unwrap_err(), ReceiveError::NotAuthentic);
            None
        });
    }
}

/// One message for several sessions.
fn split(report: &mut Report) {
    let [alice, bob] = pair(150, false);
    let held = &alice.sessions[&bob.name()];
    let mut said = TEXT;
    mark(&mut said);
    report.clean("rose, seal for many", || {
        let mut sessions = [(); 3].map(|()| marked(held, true, &[&KEYS, &SENDING_HEADERS]));
        let sender = Sender { certificate: &alice.certificate, contact: None, now: NOW };
        let to = [[1], [2], [3]].into_iter().zip(&mut sessions);
        let staged = seal_for_many(to, (&said, 0), &sender, &mut Marked::new(151)).unwrap();
        let mut out = writes(&staged);
        out.extend(staged.commit().bytes);
        Some(out)
    });
}

/// A group key, by its sender and by a member. The member's header key opens, so it is not marked, as in a session.
fn group(report: &mut Report) {
    let [us, to] = pair(160, false).map(|device| device.name());
    let key = GroupKey::generate([0xD3; 32], &mut plain(161)).commit();
    let mut keys = GroupKeys::new(us, *key.id(), false);
    keys.learn(key.distribution(&to).as_bytes(), 0).unwrap().commit();
    let marked = |record: &[u8], places: &[usize]| {
        let mut record = record.to_vec();
        places.iter().for_each(|at| mark(&mut record[*at..at + 32]));
        record
    };
    let mut said = TEXT;
    let send = |key: &mut GroupKey, said: &[u8], rng: &mut Marked| {
        let message = GroupOutgoing { content: said, at_least: 0, report: None };
        let staged = key.encrypt(&message, &us, [(*to.as_bytes(), to)], rng).unwrap();
        (writes(&staged), staged.commit())
    };
    let (_, mut upload) =
        send(&mut GroupKey::from_record(key.record().as_bytes()).unwrap(), &said, &mut Marked::new(162));
    declassify(&mut upload);
    let (_, message) = Upload::parse(&upload).unwrap().deliveries().next().unwrap();
    mark(&mut said);
    // `CK`, `GHK`, `GTS`, signing key: `docs/records.md`.
    let own = marked(key.record().as_bytes(), &[64, 100, 132, 164]);
    report.clean("rose group, encrypt", || {
        let (mut out, upload) = send(&mut GroupKey::from_record(&own).unwrap(), &said, &mut Marked::new(163));
        out.extend(upload);
        Some(out)
    });
    let theirs = marked(keys.record().as_bytes(), &[18]);
    report.clean("rose group, decrypt", || {
        let mut keys = GroupKeys::from_record(&theirs, us, *key.id()).unwrap();
        let staged = keys.decrypt(&message).unwrap();
        let mut out = writes(&staged);
        out.extend(text(staged.commit().content));
        Some(out)
    });
}

/// A first contact of Alice to Bob.
struct Contact {
    alice: Device,
    bob: Device,
    bundle: Vec<u8>,
    envelope: Vec<u8>,
}

impl Contact {
    fn new() -> Self {
        let service = Service::new();
        let mut alice = Device::new(&service, "alice", 1, 140);
        let mut bob = Device::new(&service, "bob", 1, 141);
        let bundle = bob.bundle(Class::OneTime);
        let peer = alice.begin(&bundle, false);
        let envelope = alice.send(peer, &Outgoing::content(&TEXT)).unwrap();
        Self { alice, bob, bundle, envelope }
    }

    fn row(&self, key: RoseKey) -> Vec<u8> {
        self.bob.store.rows[&Key::Rose(key).to_bytes()].clone()
    }

    /// A device's account with `IK` and the seed of `KIK` marked, and these rows.
    fn account(device: &Device, rows: Vec<(RoseKey, Vec<u8>)>) -> Account {
        let mut record = device.account.record().as_bytes().to_vec();
        mark(&mut record[12..12 + 32 + 64]);
        Account::from_records(&record, rows).unwrap()
    }

    fn begin(&self, report: &mut Report) {
        let alice = Self::account(&self.alice, Vec::new());
        let mut said = TEXT;
        mark(&mut said);
        report.clean("rose, first contact, who begins", || {
            let mut rng = Marked::new(142);
            let mut session = Session::new(self.bob.name());
            let bundle = VerifiedBundle::verify(&self.bundle, &session, Trust::Anyone, NOW).unwrap();
            let staged = session.initiate(alice.keys(), bundle, false, NOW, &mut rng).unwrap();
            let mut out = writes(&staged);
            staged.commit();
            let sender = Sender { certificate: &self.alice.certificate, contact: None, now: NOW };
            let staged = session.encrypt(&Outgoing::content(&said), &sender, &mut rng).unwrap();
            out.extend(writes(&staged));
            out.extend(staged.commit());
            Some(out)
        });
    }

    fn info(&self) -> Vec<u8> {
        let identity = self.bob.account.keys().card().identity();
        [b"rose1.envelope\0", &self.bob.name().as_bytes()[..], identity.as_bytes()].concat()
    }

    /// The seed of Bob's sealing key.
    fn seed(&self) -> [u8; 32] {
        let row = self.row(RoseKey::SealingPreKey(1));
        row[4 + 1_292..][..32].try_into().unwrap()
    }

    fn open(&self, report: &mut Report) {
        let mut seed = self.seed();
        mark(&mut seed);
        let key = XWingKey::from_seed(Secret::new(seed));
        let mut damaged = self.envelope.clone();
        damaged[2_000] ^= 1;
        report.clean("rose, open an envelope", || {
            Some(key.open(&self.info(), &self.envelope).unwrap().to_vec())
        });
        report.clean("rose, open a forged envelope", || {
            assert!(key.open(&self.info(), &damaged).is_err());
            None
        });
    }

    /// The envelope with another message in it, whose header does not open: agreement and decapsulations run to their
    /// end.
    fn forged(&self) -> Vec<u8> {
        let key = XWingKey::from_seed(Secret::new(self.seed()));
        let mut content = key.open(&self.info(), &self.envelope).unwrap().to_vec();
        content[4_152 + 40] ^= 1;
        let eseed = Secret::random(&mut plain(143));
        XWingPublicKey(key.public().0).seal(&self.info(), &content, &eseed).unwrap()
    }

    fn respond(&self, report: &mut Report) {
        let mut hybrid = self.row(RoseKey::HybridPreKey(2));
        let len = hybrid.len();
        mark(&mut hybrid[len - 96..]);
        let sealing = self.row(RoseKey::SealingPreKey(1));
        let rows = vec![(RoseKey::HybridPreKey(2), hybrid), (RoseKey::SealingPreKey(1), sealing)];
        let mut bob = Self::account(&self.bob, rows);
        let forged = self.forged();
        let first = bob.open(&forged).unwrap();
        report.clean("rose, first contact, who answers", || {
            let mut session = Session::new(first.claimed_sender());
            let (issuers, policy) = (&self.bob.issuers, self.bob.policy);
            let admission = Admission { issuers, trust: Trust::Anyone, policy, now: NOW };
            let refused = bob.receive_first(&mut session, &first, &admission, &mut Marked::new(144));
            assert_eq!(refused.map(drop).unwrap_err(), ReceiveError::NotAuthentic);
            None
        });
    }
}
