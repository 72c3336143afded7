// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender for contacts whose agreement is kept, and with certificates that were verified before. The floor keeps
//! the same: one agreement each is left.

use std::hint::black_box;

use subrosa::sealed::{ContactSecret, UnverifiedContent};

use super::sealed::CONTENT;
use super::{Row, floors};
use crate::floor::{Curve, Envelope, Fanout};
use crate::harness::{Batch, repeated, timed};
use crate::official::Peers;
use crate::sealing::Sealing;

pub fn seal_v1(_: &Peers) -> Row {
    let sealing = Sealing::new(1);
    let contacts = sealing.agreements();
    let subrosa = repeated(move || sealing.seal_v1_kept(&contacts));
    let row = Row::new(subrosa).study(129_000.0, 70_200.0);
    floors!(row, seal_floor())
}

fn seal_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::kept(CONTENT);
    repeated(move || envelope.seal())
}

/// Of Alice, whom Bob knows.
pub fn open_v1(_: &Peers) -> Row {
    let sealing = Sealing::new(1);
    let contact = ContactSecret::new(sealing.cast.bob(), sealing.cast.alice.public()).unwrap();
    let sealed = sealing.seal_v1();
    let subrosa = repeated(move || {
        UnverifiedContent::open_with(black_box(&sealed), sealing.cast.bob(), |_| Some(&contact)).unwrap()
    });
    floors!(Row::new(subrosa).study(110_600.0, 53_200.0), open_floor())
}

fn open_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::kept(CONTENT);
    repeated(move || envelope.open())
}

pub fn open_and_verify_v1(_: &Peers) -> Row {
    let sealing = Sealing::new(1);
    let (mut kept, sealed) = (sealing.keep(), sealing.seal_v1());
    let subrosa = repeated(move || sealing.open_kept(&mut kept, black_box(&sealed)));
    floors!(Row::new(subrosa).study(110_600.0 + 86_400.0, 53_200.0), open_floor())
}

pub fn seal_v2_100(_: &Peers) -> Row {
    let sealing = Sealing::new(100);
    let contacts = sealing.agreements();
    let subrosa: Batch = Box::new(move |operations| {
        let recipients = sealing.recipients_kept(&contacts);
        timed(|| {
            for _ in 0..operations {
                black_box(sealing.seal_for_many(&recipients));
            }
        })
    });
    let row = Row::new(subrosa).parts(100).study(106_800.0, 53_000.0);
    floors!(row, seal_v2_floor())
}

fn seal_v2_floor<C: Curve>() -> Batch {
    let mut fanout = Fanout::<C>::kept((100, 1), CONTENT);
    repeated(move || fanout.seal())
}
