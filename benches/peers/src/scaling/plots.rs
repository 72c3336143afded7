// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is drawn.

use std::hint::black_box;

use crate::archived::{self, Case};
use crate::axis::{Scale, Unit};
use crate::groups;
use crate::harness::{Batch, prepared, repeated, timed};
use crate::sealing::Sealing;
use crate::setting::{Talk, copy, receive, rng, send};
use crate::svg::Picture;

/// Operations against the work they have.
pub struct Plot {
    pub picture: Picture,
    /// What the work is called in the table.
    pub work: &'static str,
    pub series: Vec<(&'static str, Vec<(f64, Batch)>)>,
}

/// Makes a plot.
type Make = fn() -> Plot;

/// Names of files, and what makes them.
pub const PLOTS: &[(&str, Make)] = &[
    ("length", || length(LARGE)),
    ("length-small", || length(SMALL)),
    ("jump", jump),
    ("held", held),
    ("recipients", recipients),
    ("archived", archives),
];

const LARGE: u32 = 1 << 24;
const SMALL: u32 = 1 << 14;

fn points(numbers: impl IntoIterator<Item = u32>, make: impl Fn(u32) -> Batch) -> Vec<(f64, Batch)> {
    numbers.into_iter().map(|number| (f64::from(number), make(number))).collect()
}

fn length(most: u32) -> Plot {
    let lengths = || (0..=8).map(move |part| most / 8 * part);
    let encrypt = |len: u32| {
        let (mut talk, plaintext) = (Talk::new(4), vec![b'x'; len as usize]);
        repeated(move || send(&mut talk.alice, &plaintext, &mut talk.rng))
    };
    let decrypt = |len: u32| {
        prepared(
            Talk::new(4),
            move |talk| send(&mut talk.alice, &vec![b'x'; len as usize], &mut talk.rng),
            |talk, message| receive(&mut talk.bob, message, &mut talk.rng),
        )
    };
    Plot {
        picture: Picture {
            title: "Encrypt and decrypt a message, by its length",
            work: "length of the plaintext",
            unit: Unit::Bytes,
            scale: Scale::Linear,
        },
        work: "bytes",
        series: vec![("encrypt", points(lengths(), encrypt)), ("decrypt", points(lengths(), decrypt))],
    }
}

/// Numbers of messages, up to the limit.
const SKIPPED: [u32; 8] = [0, 500, 1_000, 2_000, 5_000, 10_000, 17_500, 24_999];

fn jump() -> Plot {
    let session = |version: u8| {
        move |skipped: u32| {
            let mut talk = Talk::new(version);
            let message = talk.after(skipped);
            let (bob, mut rng) = (talk.bob, rng());
            prepared((), move |()| copy(&bob), move |(), bob| receive(bob, &message, &mut rng))
        }
    };
    let group = |skipped: u32| {
        let (mut key, keys) = groups::pair();
        groups::lose(&mut key, skipped);
        let message = groups::send(&mut key, &[b'x'; 64], &mut rng());
        prepared((), move |()| groups::copy(&keys), move |(), keys| groups::receive(keys, &message))
    };
    Plot {
        picture: Picture {
            title: "Decrypt a message that comes after lost ones",
            work: "messages skipped",
            unit: Unit::Count,
            scale: Scale::Linear,
        },
        work: "skipped",
        series: vec![
            ("with the post-quantum ratchet", points(SKIPPED, session(4))),
            ("without", points(SKIPPED, session(3))),
            ("group", points(SKIPPED, group)),
        ],
    }
}

fn held() -> Plot {
    let decrypt = |version: u8| {
        move |skipped: u32| {
            let mut talk = Talk::new(version);
            let message = talk.after(skipped);
            receive(&mut talk.bob, &message, &mut talk.rng);
            prepared(
                talk,
                |talk| send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng),
                |talk, message| receive(&mut talk.bob, message, &mut talk.rng),
            )
        }
    };
    Plot {
        picture: Picture {
            title: "Decrypt 1 KiB in order, after lost messages whose keys are held",
            work: "messages skipped before, of which the keys of the newest 2,000 are held",
            unit: Unit::Count,
            scale: Scale::Linear,
        },
        work: "skipped",
        series: vec![
            ("with the post-quantum ratchet", points(SKIPPED, decrypt(4))),
            ("without", points(SKIPPED, decrypt(3))),
        ],
    }
}

fn recipients() -> Plot {
    let seal = |count: u32| -> Batch {
        let sealing = Sealing::new(count);
        Box::new(move |operations| {
            let recipients = sealing.recipients();
            timed(|| {
                for _ in 0..operations {
                    black_box(sealing.seal_for_many(&recipients));
                }
            })
        })
    };
    let counts = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];
    Plot {
        picture: Picture {
            title: "Seal 1 KiB for many, version 2",
            work: "recipients",
            unit: Unit::Count,
            scale: Scale::Logarithmic,
        },
        work: "recipients",
        series: vec![("seal", points(counts, seal))],
    }
}

fn archives() -> Plot {
    let cases = archived::cases(&[0, 5, 10, 20, 30, 40]);
    let series = |message: fn(&Case) -> &Vec<u8>| {
        let decrypt = |case: &Case| {
            let (bob, message, mut rng) = (copy(&case.bob), message(case).clone(), rng());
            let decrypt = prepared((), move |()| copy(&bob), move |(), bob| receive(bob, &message, &mut rng));
            (f64::from(case.archived), decrypt)
        };
        cases.iter().map(decrypt).collect()
    };
    Plot {
        picture: Picture {
            title: "Decrypt 64 B, by how many sessions are archived",
            work: "archived sessions",
            unit: Unit::Count,
            scale: Scale::Linear,
        },
        work: "archived",
        series: vec![
            ("on the current session", series(|case| &case.current)),
            ("on the oldest", series(|case| &case.oldest)),
            ("on the oldest, new ratchet key", series(|case| &case.oldest_stepping)),
        ],
    }
}
