// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records: of a session as it is, and the writes of a message's stage.

use std::hint::black_box;
use std::time::Duration;

use subrosa::{Message, MessageKind, Session, Staged, Trust};

use super::Row;
use crate::harness::{repeated, timed};
use crate::official::Peers;
use crate::olm;
use crate::setting::{NOW, Talk, open, send};

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
    Row::new(Box::new(move |count| {
        let staged = talk.alice.encrypt(&[b'x'; 1024], Trust::Anyone, NOW, &mut talk.rng).unwrap();
        written(&staged, count)
    }))
}

pub fn of_decrypt(_: &Peers) -> Row {
    let mut talk = Talk::new(4);
    Row::new(Box::new(move |count| {
        let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        let message = Message::parse(MessageKind::Whisper, &message).unwrap();
        let staged = open(&mut talk.bob, &message, &mut talk.rng);
        let took = written(&staged, count);
        // Or else the next message would be one after a jump.
        staged.commit();
        took
    }))
}

/// The writes of the same stage again and again.
fn written<T>(staged: &Staged<'_, T>, count: u32) -> Duration {
    timed(|| (0..count).for_each(|_| drop(black_box(staged.writes()))))
}
