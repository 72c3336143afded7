// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes: what a session takes in memory and in a store, and what a message takes on the wire.

use std::fmt::Write;
use std::mem;

use crate::heap;
use crate::official::{self, Peers};
use crate::olm;
use crate::setting::{Talk, receive, send};
use crate::table::grouped;

/// An epoch of the post-quantum ratchet, in messages: what a session holds differs within one.
const EPOCH: u32 = 174;

/// Two sessions with each other.
trait Sessions {
    /// The one that will speak next says something, to be heard. Gives the message's length.
    fn turn(&mut self) -> usize;

    /// Messages of the one that speaks next are lost, but for the last one.
    fn skip(&mut self, lost: u32);

    /// Lengths of both records, the receiver's last.
    fn stored(&self) -> [usize; 2];

    /// Bytes of the heap of both, the receiver's last.
    fn held(self) -> [u64; 2];
}

impl Sessions for Talk {
    fn turn(&mut self) -> usize {
        mem::swap(&mut self.alice, &mut self.bob);
        let message = send(&mut self.alice, &[b'x'; 1024], &mut self.rng);
        receive(&mut self.bob, &message, &mut self.rng);
        message.len()
    }

    fn skip(&mut self, lost: u32) {
        let message = self.after(lost);
        receive(&mut self.bob, &message, &mut self.rng);
    }

    fn stored(&self) -> [usize; 2] {
        [&self.alice, &self.bob].map(|session| session.record().as_bytes().len())
    }

    fn held(self) -> [u64; 2] {
        [heap::held(self.alice), heap::held(self.bob)]
    }
}

impl Sessions for olm::Pair {
    fn turn(&mut self) -> usize {
        mem::swap(&mut self.alice, &mut self.bob);
        let message = olm::send(&mut self.alice, &[b'x'; 1024]);
        olm::receive(&mut self.bob, &message);
        message.len()
    }

    fn skip(&mut self, lost: u32) {
        (0..lost).for_each(|_| drop(olm::send(&mut self.alice, b"")));
        let message = olm::send(&mut self.alice, &[b'x'; 64]);
        olm::receive(&mut self.bob, &message);
    }

    fn stored(&self) -> [usize; 2] {
        [&self.alice, &self.bob].map(|session| olm::pickle(session).len())
    }

    fn held(self) -> [u64; 2] {
        [heap::held(self.alice), heap::held(self.bob)]
    }
}

/// Bytes of one session, averages.
struct Sizes {
    stored: [f64; 3],
    held: [f64; 3],
    wire: f64,
}

fn sizes<S: Sessions>(new: impl Fn() -> S) -> Sizes {
    let (fresh, mut old, mut skipped) = (new(), new(), new());
    let mean = |pair: [f64; 2]| f64::midpoint(pair[0], pair[1]);
    let stored = mean(fresh.stored().map(float));
    let held = mean(fresh.held().map(float));
    (EPOCH..1_000).for_each(|_| {
        old.turn();
    });
    let (mut stored_later, mut wire, mut grown, mut growths) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..EPOCH {
        let (len, counted) = heap::count(|| old.turn());
        grown += float(counted.asked) - float(counted.freed);
        growths += grown;
        wire += float(len);
        stored_later += mean(old.stored().map(float));
    }
    // What they hold on average is what they hold in the end, less what they have grown by since.
    let epoch = f64::from(EPOCH);
    let held_later = mean(old.held().map(float)) - (grown - growths / epoch) / 2.0;
    skipped.skip(2_000);
    let stored_skipped = float(skipped.stored()[1]);
    let held_skipped = float(skipped.held()[1]);
    Sizes {
        stored: [stored, stored_later / epoch, stored_skipped],
        held: [held, held_later, held_skipped],
        wire: wire / epoch,
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn float(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or(u64::MAX) as f64
}

/// The table of bytes.
pub fn table(peers: &Peers) -> String {
    let mut out = "\n## Bytes of a session, and of a message of 1,024 bytes\n\n\
        Fresh / after 1,000 turns / with 2,000 skipped keys. Live is the heap; the value itself is beside it. After\n\
        1,000 turns: average of the 174 turns of an epoch.\n\n\
        | | stored | live | value | message |\n| --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let ours = size_of::<subrosa::Session>();
    let olm = size_of::<vodozemac::olm::Session>();
    for (name, value, sizes) in [
        ("subrosa, PQ", ours, sizes(|| Talk::new(4))),
        ("subrosa, no PQ", ours, sizes(|| Talk::new(3))),
        ("vodozemac (keeps 40 skipped keys)", olm, sizes(olm::Pair::new)),
    ] {
        let row = |three: [f64; 3]| three.map(grouped).join(" / ");
        let (stored, live, wire) = (row(sizes.stored), row(sizes.held), grouped(sizes.wire));
        let _ = writeln!(out, "| {name} | {stored} | {live} | {value} | {wire} |");
    }
    if let Some(wire) = peers.official(official::wire_len) {
        let _ = writeln!(out, "| official, PQ, measured | | | | {} |", grouped(wire));
    }
    out + STUDY
}

/// What the study has.
const STUDY: &str = "\
| official, PQ (study) | 4,295 or 636 / 5,143 / 150,660 | 4,822 / 7,190 / 345,310 | 368 | 1,125 |
| official, no PQ (study) | 405 or 334 / 632 / 78,279 | 934 / 1,441 / 272,934 | 368 | 1,091 |
| wacore (study) | 418 / 649 / 252,525 | - / 1,281 / - | 200 | |
| vodozemac (study) | 1,526 / 3,403 / 9,334 | 4,901 / 5,040 / - | 3,752 | |
";
