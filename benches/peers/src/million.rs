// SPDX-License-Identifier: MIT OR Apache-2.0

//! A million live sessions in one process: their bytes, and the time of a message to one of them at random, beside a few
//! sessions that stay in the processor's caches.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a benchmark")]

mod heap;
#[path = "../../support/setting.rs"]
mod setting;

use std::hint::black_box;
use std::mem;
use std::time::Instant;

use rand_core::Rng;
use setting::{Talk, copy, receive, rng, send};
use subrosa::Session;

/// Messages of an epoch of the post-quantum ratchet: what a session holds differs within one.
const EPOCH: usize = 174;
/// How many of the sessions get a message.
const MESSAGES: usize = 20_000;

/// A session at a place of an epoch, and the message that comes next.
struct Place {
    session: Session,
    message: Vec<u8>,
}

fn places() -> Vec<Place> {
    let mut talk = Talk::new(4);
    let mut turn = || {
        let message = send(&mut talk.alice, &[b'x'; 100], &mut talk.rng);
        let session = copy(&talk.bob);
        receive(&mut talk.bob, &message, &mut talk.rng);
        mem::swap(&mut talk.alice, &mut talk.bob);
        Place { session, message }
    };
    (0..EPOCH).for_each(|_| drop(turn()));
    (0..EPOCH).map(|_| turn()).collect()
}

/// Microseconds of a message with a DH ratchet step, to sessions of `count` at random.
fn microseconds(count: usize, places: &[Place]) -> f64 {
    let mut sessions: Vec<Session> = (0..count).map(|at| copy(&places[at % EPOCH].session)).collect();
    let mut rng = rng();
    // No session gets a message twice.
    let mut order: Vec<usize> = (0..count).collect();
    for at in 0..count.min(MESSAGES) {
        let other = at + usize::try_from(rng.next_u64()).unwrap() % (count - at);
        order.swap(at, other);
    }
    order.truncate(MESSAGES);
    let begun = Instant::now();
    for at in &order {
        receive(&mut sessions[*at], black_box(&places[at % EPOCH].message), &mut rng);
    }
    begun.elapsed().as_secs_f64() * 1e6 / order.len() as f64
}

fn main() {
    let places = places();
    let held: u64 = places.iter().map(|place| heap::held(copy(&place.session))).sum();
    let value = u64::try_from(size_of::<Session>()).unwrap();
    println!("a session: {} bytes of the heap, {value} of its own", held / u64::try_from(EPOCH).unwrap());
    for count in [EPOCH, 10_000, 1_000_000] {
        let mut times: Vec<f64> = (0..5).map(|_| microseconds(count, &places)).collect();
        times.sort_by(f64::total_cmp);
        println!("{count} sessions: {:.1} us a message", times[2]);
    }
}
