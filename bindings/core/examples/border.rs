// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a message costs in Rust, by the crate itself and by the binding's core: microseconds of processor time for
//! encrypting and decrypting 1 KiB in strict alternation, with the writes of each stage taken. `ci/border.sh` sets the other languages beside it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::fs;

use subrosa::account::{Counts, Limits};
use subrosa::{Account, Address, Message, Session, Timestamp, Trust, os_rng};
use subrosa_binding as core;

const ROUNDS: u32 = 1_000;
const NOW: u64 = 1_700_000_000_000;

fn main() {
    let (direct, core) = (direct(), by_core());
    println!("rust, the crate  {direct:7.1} us a message");
    println!("rust, the core   {core:7.1} us a message");
}

/// Microseconds that this thread has run for, which other programs on the machine do not lengthen much. Linux.
fn processor_time() -> f64 {
    let times = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e3
}

fn direct() -> f64 {
    let (mut rng, now) = (os_rng(), Timestamp::from_millis(NOW));
    let limits = Limits { batch: 3, low: 1, ..Limits::default() };
    let new = |name| Account::generate(Address::new(name, 1), limits, &mut os_rng()).unwrap().commit();
    let (mut alice, mut bob) = (new("alice"), new("bob"));
    let mut upload = bob.maintain(Counts::default(), now, &mut rng).unwrap().commit();
    let (mut to, mut from) = (alice.new_session(bob.address()), bob.new_session(alice.address()));
    let bundle = upload.next_bundle().unwrap().verify(Trust::Anyone).unwrap();
    to.initiate(&alice.config(), bundle, now, &mut rng).unwrap().commit();
    let mut pass = |sender: &mut Session, account: &mut Account, receiver: &mut Session| {
        let staged = sender.encrypt(&[7; 1024], Trust::Anyone, now, &mut rng).unwrap();
        drop(staged.writes());
        let sent = staged.commit();
        let message = Message::try_from(&sent).unwrap();
        let staged = account.receive(receiver, &message, Trust::Anyone, &mut rng).unwrap();
        drop(staged.writes());
        drop(staged.commit());
    };
    pass(&mut to, &mut bob, &mut from);
    let started = processor_time();
    for _ in 0..ROUNDS {
        pass(&mut from, &mut alice, &mut to);
        pass(&mut to, &mut bob, &mut from);
    }
    (processor_time() - started) / f64::from(2 * ROUNDS)
}

fn by_core() -> f64 {
    let options = core::AccountOptions { batch: 3, low: 1, ..core::AccountOptions::default() };
    let new =
        |name| core::Account::generate(&core::Address::new(name, 1), &options).unwrap().commit().unwrap();
    let (alice, bob) = (new("alice"), new("bob"));
    let upload = bob.maintain(0, 0, NOW).unwrap().commit().unwrap();
    let (to, from) = (alice.new_session(&bob.address()), bob.new_session(&alice.address()));
    to.initiate(&alice, &upload.next_bundle().unwrap(), None, NOW).unwrap().commit().unwrap();
    let pass = |sender: &core::Session, account: &core::Account, receiver: &core::Session| {
        let stage = sender.encrypt(&[7; 1024], None, NOW).unwrap();
        drop(stage.writes().unwrap());
        let sent = stage.commit().unwrap();
        let stage = account.receive(receiver, sent.kind(), &sent.bytes(), None).unwrap();
        drop(stage.writes().unwrap());
        drop(stage.commit().unwrap());
    };
    pass(&to, &bob, &from);
    let started = processor_time();
    for _ in 0..ROUNDS {
        pass(&from, &alice, &to);
        pass(&to, &bob, &from);
    }
    (processor_time() - started) / f64::from(2 * ROUNDS)
}
