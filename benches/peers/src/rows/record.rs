// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records: of a session as it is, and of the stage of a message.

use std::hint::black_box;

use subrosa::{Session, SignalMessage, Trust};

use super::Row;
use crate::harness::{Batch, repeated, timed};
use crate::official::Peers;
use crate::olm;
use crate::setting::{NOW, Talk, send};

pub fn write(_: &Peers) -> Row {
    let talk = Talk::new(4);
    Row::new(repeated(move || talk.alice.record())).vodozemac(olm::pickle_write()).study(900.0, f64::NAN)
}

pub fn read(_: &Peers) -> Row {
    let talk = Talk::new(4);
    let record = talk.alice.record();
    let (local, remote) = (talk.alice.local().clone(), talk.alice.remote().clone());
    let read = move || Session::from_record(record.as_bytes(), local.clone(), remote.clone()).unwrap();
    Row::new(repeated(read)).vodozemac(olm::pickle_read()).study(1_320.0, f64::NAN)
}

pub fn of_encrypt(_: &Peers) -> Row {
    let mut talk = Talk::new(4);
    let subrosa: Batch = Box::new(move |count| {
        let staged = talk.alice.encrypt(&[b'x'; 1024], Trust::Anyone, NOW, &mut talk.rng).unwrap();
        timed(|| {
            for _ in 0..count {
                black_box(staged.record());
            }
        })
    });
    Row::new(subrosa)
}

pub fn of_decrypt(_: &Peers) -> Row {
    let mut talk = Talk::new(4);
    let subrosa: Batch = Box::new(move |count| {
        let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        let message = SignalMessage::parse(&message).unwrap();
        let staged = talk.bob.decrypt(&message, Trust::Anyone, &mut talk.rng).unwrap();
        timed(|| {
            for _ in 0..count {
                black_box(staged.record());
            }
        })
    });
    Row::new(subrosa)
}
