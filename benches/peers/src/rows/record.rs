// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records: of a session as it is, and of the stage of a message.

use std::hint::black_box;

use subrosa::{Ciphertext, Plaintext, Session, Staged, Trust};
use subrosa::hazmat::wire::signal_message::SignalMessage;

use super::Row;
use crate::harness::{repeated, timed};
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
    encrypt(|staged| drop(black_box(staged.record())))
}

pub fn of_decrypt(_: &Peers) -> Row {
    decrypt(|staged| drop(black_box(staged.record())))
}

/// What is done with the same stage again and again.
fn encrypt(write: fn(&Staged<'_, Session, Ciphertext>)) -> Row {
    let mut talk = Talk::new(4);
    Row::new(Box::new(move |count| {
        let staged = talk.alice.encrypt(&[b'x'; 1024], Trust::Anyone, NOW, &mut talk.rng).unwrap();
        timed(|| (0..count).for_each(|_| write(&staged)))
    }))
}

fn decrypt(write: fn(&Staged<'_, Session, Plaintext>)) -> Row {
    let mut talk = Talk::new(4);
    Row::new(Box::new(move |count| {
        let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
        let message = SignalMessage::parse(&message).unwrap();
        let staged = talk.bob.decrypt(&message, Trust::Anyone, &mut talk.rng).unwrap();
        let took = timed(|| (0..count).for_each(|_| write(&staged)));
        // Or else the next message would be one after a jump.
        staged.commit();
        took
    }))
}
