// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile beside the Signal profile, plain and sealed: in one process, in turn, medians.
//!
//! `cargo bench -p subrosa-benches --bench rose`; with `-- --million` it also opens among a million sessions, which takes
//! 2 GB of memory for the table of their tags.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a bench"
)]

#[path = "../tests/support/rose.rs"]
mod parties;
#[path = "support/rose_pair.rs"]
mod rose_pair;
#[path = "support/sealing.rs"]
mod sealing;
#[path = "support/setting.rs"]
mod setting;

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use parties::{Device, Service, introduce};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rose_pair::Pair;
use sealing::Sealing;
use setting::Talk;
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{Class, DeviceName, Outgoing, Sender, Session, Upload, seal_for_many, trial};
use subrosa::store::Writes;

const TEXT: [u8; 100] = [b'x'; 100];

/// The times of an operation.
struct Row {
    name: &'static str,
    times: Vec<Duration>,
}

impl Row {
    fn median(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times[self.times.len() / 2].as_secs_f64() * 1e6
    }
}

/// Runs all operations in turn, `rounds` times.
fn in_turn(rounds: usize, operations: &mut [(&'static str, &mut dyn FnMut())]) -> Vec<Row> {
    let mut rows: Vec<Row> = operations.iter().map(|(name, _)| Row { name, times: Vec::new() }).collect();
    for _ in 0..rounds {
        for ((_, operation), row) in operations.iter_mut().zip(&mut rows) {
            let start = Instant::now();
            operation();
            row.times.push(start.elapsed());
        }
    }
    rows
}

fn print(title: &str, rows: Vec<Row>) -> Vec<f64> {
    println!("\n{title}");
    let show = |mut row: Row| {
        let median = row.median();
        println!("{:>10.2} µs  {}", median, row.name);
        median
    };
    rows.into_iter().map(show).collect()
}

fn messages() {
    let mut plain = Talk::new(4);
    let mut turning = Talk::new(4);
    let (mut rose, mut turns) = (Pair::new(1), Pair::new(3));
    let sealing = Sealing::new(1);
    let agreements = sealing.agreements();
    let mut kept = sealing.keep();
    let rows = in_turn(
        2_001,
        &mut [
            ("Signal, plain: encrypt and decrypt 100 bytes", &mut || {
                let message = setting::send(&mut plain.alice, &TEXT, &mut plain.rng);
                setting::receive(&mut plain.bob, &message, &mut plain.rng);
            }),
            ("rose: encrypt and decrypt 100 bytes", &mut || {
                let message = rose.send(0, &TEXT);
                rose.open(1, &message);
            }),
            ("Signal, sealed: seal, open and verify, first contact, beside the plain message", &mut || {
                let sealed = sealing.seal_v1();
                black_box(sealing.verify(sealing.open(&sealed)));
            }),
            ("Signal, sealed: the same, kept contact, beside the plain message", &mut || {
                let sealed = sealing.seal_v1_kept(&agreements);
                black_box(sealing.open_kept(&mut kept, &sealed));
            }),
            ("Signal, plain: a turn, one message each way", &mut || {
                let message = setting::send(&mut turning.alice, &TEXT, &mut turning.rng);
                setting::receive(&mut turning.bob, &message, &mut turning.rng);
                let message = setting::send(&mut turning.bob, &TEXT, &mut turning.rng);
                setting::receive(&mut turning.alice, &message, &mut turning.rng);
            }),
            ("rose: a turn, one message each way", &mut || {
                for by in [0, 1] {
                    let message = turns.send(by, &TEXT);
                    turns.open(1 - by, &message);
                }
            }),
        ],
    );
    let medians = print("Messages", rows);
    let sealed = [medians[0] + medians[2], medians[0] + medians[3]];
    println!("rose / plain: {:.2}", medians[1] / medians[0]);
    println!("sealed, first contact / rose: {:.1}", sealed[0] / medians[1]);
    println!("sealed, kept contact / rose: {:.1}", sealed[1] / medians[1]);
}

fn first_contacts() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 10);
    let mut bob = Device::new(&service, "bob", 1, 11);
    for _ in 0..3 {
        let staged = bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap();
        staged.commit();
    }
    let bundles: Vec<Vec<u8>> = (0..101).map(|_| bob.bundle(Class::OneTime)).collect();
    let mut garbage = vec![0; 6_144];
    ChaCha20Rng::seed_from_u64(5).fill_bytes(&mut garbage);
    let mut messages = Vec::new();
    let mut begin = bundles.iter();
    let peer = bob.name();
    let rows = in_turn(
        101,
        &mut [
            ("rose: begin, and the first message in its envelope", &mut || {
                alice.sessions.clear();
                alice.begin(begin.next().unwrap(), false);
                messages.push(alice.send(peer, &Outgoing::content(&TEXT)).unwrap());
            }),
            ("rose: garbage of 6,144 bytes refused, with four sealing keys", &mut || {
                assert!(bob.account.open(black_box(&garbage)).is_err());
            }),
        ],
    );
    print("First contact", rows);
    let mut received = messages.iter();
    let rows = in_turn(
        101,
        &mut [("rose: receive a first contact", &mut || {
            bob.sessions.clear();
            black_box(bob.receive(received.next().unwrap(), false).unwrap());
        })],
    );
    print("First contact, the other side", rows);
}

fn uploads() {
    let mut alice = Device::new(&Service::new(), "alice", 1, 20);
    let names: Vec<DeviceName> = (0..1_000).map(|at| parties::name(&format!("m{at}"), 1)).collect();
    let mut key = GroupKey::generate([1; 32], &mut alice.rng).commit();
    let us = alice.name();
    let pairs: Vec<Pair> = (0..50).map(|at| Pair::new(1_000 + 2 * at)).collect();
    let mut sessions: Vec<Session> = (0..1_000)
        .map(|at| {
            let pair = &pairs[at % pairs.len()];
            Session::from_record(pair.sessions[0].record().as_bytes(), pair.devices[1].name()).unwrap()
        })
        .collect();
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let (mut of_group, mut of_split) = (0, 0);
    let rows = in_turn(
        21,
        &mut [
            ("rose: upload of a group message for 1,000 (16 bytes each)", &mut || {
                let message = GroupOutgoing { content: &TEXT, at_least: 0, report: None };
                let to = names.iter().map(|name| (*name.as_bytes(), *name));
                let bytes = key.encrypt(&message, &us, to, &mut rng).unwrap().commit();
                of_group = bytes.len();
            }),
            ("rose: upload of a split message for 1,000 sessions (184 bytes each)", &mut || {
                let sender = Sender { certificate: &alice.certificate, contact: None, now: alice.now };
                let to = names.iter().map(|name| *name.as_bytes()).zip(sessions.iter_mut());
                let upload = seal_for_many(to, (&TEXT, 0), &sender, &mut alice.rng).unwrap().commit();
                of_split = upload.bytes.len();
                black_box(Upload::parse(&upload.bytes).unwrap().deliveries().count());
            }),
        ],
    );
    print("Uploads", rows);
    println!("bytes: {of_group} and {of_split}");
    let mut keys = GroupKeys::new(us, *key.id(), false);
    keys.learn(key.distribution(&us).as_bytes(), 0).unwrap().commit();
}

/// Rows written, and the size of a session.
fn sizes() {
    println!("\nRows and bytes");
    let rows = |writes: &Writes| (writes.len(), writes.to_bytes().len());
    let mut pair = Pair::new(30);
    drop(pair.tell(0, &TEXT));
    let in_order = pair.tell(0, &TEXT);
    println!("{:>6} rows, {:>6} bytes: receiving a message in order", rows(&in_order).0, rows(&in_order).1);
    let step = pair.tell(1, &TEXT);
    println!("{:>6} rows, {:>6} bytes: receiving with a ratchet step", rows(&step).0, rows(&step).1);
    let mut last = Vec::new();
    for _ in 0..1_001 {
        last = pair.send(1, &TEXT);
    }
    let device = &mut pair.devices[0];
    let found = trial([&mut pair.sessions[0]], &last, device.account.keys(), &mut device.rng).unwrap();
    let jump = found.1.writes();
    println!("{:>6} rows, {:>6} bytes: receiving after a jump of 1,000", rows(&jump).0, rows(&jump).1);
}

/// Opening by the tag among a million sessions, and among one.
fn million() {
    let (mut one, mut many) = (Pair::new(40), Pair::new(42));
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut tables = [HashMap::new(), HashMap::with_capacity(32_000_100)];
    for session in 0..1_000_000_u32 {
        for _ in 0..32 {
            let mut tag = [0; 16];
            rng.fill_bytes(&mut tag);
            tables[1].insert(tag, session);
        }
    }
    let receive = |pair: &mut Pair, table: &mut HashMap<[u8; 16], u32>| {
        let message = pair.send(0, &TEXT);
        let start = Instant::now();
        black_box(table.get(&message[..16]));
        let device = &mut pair.devices[1];
        let staged = pair.sessions[1].decrypt(&message, device.account.keys(), &mut device.rng).unwrap();
        let (add, remove) = subrosa::rose::tags_of(&staged.writes());
        table.extend(add.into_iter().map(|tag| (tag, 0)));
        for tag in remove {
            table.remove(&tag);
        }
        staged.commit();
        start.elapsed()
    };
    let mut rows = [
        ("rose: find and open among one session", Vec::new()),
        ("rose: find and open among a million", Vec::new()),
    ];
    for _ in 0..2_001 {
        rows[0].1.push(receive(&mut one, &mut tables[0]));
        rows[1].1.push(receive(&mut many, &mut tables[1]));
    }
    let rows = rows.map(|(name, times)| Row { name, times }).into();
    let medians = print("A million sessions, with the record and the tags written", rows);
    println!("a million / one: {:.2}", medians[1] / medians[0]);
}

fn main() {
    if std::env::args().any(|argument| argument == "--loop") {
        // For a profiler.
        let mut rose = Pair::new(1);
        for _ in 0..200_000 {
            let message = rose.send(0, &TEXT);
            rose.open(1, &message);
        }
        return;
    }
    messages();
    first_contacts();
    uploads();
    if std::env::args().any(|argument| argument == "--million") {
        million();
    }
    let service = Service::new();
    let (mut a, mut b) = (Device::new(&service, "a", 1, 1), Device::new(&service, "b", 1, 2));
    introduce(&mut a, &mut b, false);
    println!("\n{} bytes: a session's record", a.sessions[&b.name()].record().as_bytes().len());
    sizes();
}
