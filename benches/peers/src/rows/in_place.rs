// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages one way in buffers that are there. Held against the official client, which has no such thing, as if it had
//! been the ordinary way.

use subrosa::Trust;

use super::Row;
use crate::floor::{self, Chains};
use crate::harness::{prepared, repeated};
use crate::official::Peers;
use crate::setting::{NOW, Talk, send};

const LEN: usize = 1_024;

pub fn encrypt_pq(_: &Peers) -> Row {
    encrypt(4).study(11_200.0, 2_950.0)
}

pub fn encrypt_no_pq(_: &Peers) -> Row {
    encrypt(3).study(5_330.0, 2_880.0)
}

pub fn decrypt_pq(_: &Peers) -> Row {
    decrypt(4).study(8_150.0, 1_880.0)
}

pub fn decrypt_no_pq(_: &Peers) -> Row {
    decrypt(3).study(5_160.0, 1_820.0)
}

fn encrypt(version: u8) -> Row {
    let (mut talk, mut out) = (Talk::new(version), Vec::with_capacity(2 * LEN));
    let mut chains = Chains::new(version == 4);
    let subrosa = repeated(move || {
        out.clear();
        let staged =
            talk.alice.encrypt_into(&[b'x'; LEN], &mut out, Trust::Anyone, NOW, &mut talk.rng).unwrap();
        staged.commit()
    });
    Row::new(subrosa).floor(repeated(move || floor::encrypt(&mut chains, &[b'x'; LEN])))
}

fn decrypt(version: u8) -> Row {
    let mut chains = Chains::new(version == 4);
    let subrosa = prepared(
        Talk::new(version),
        |talk| send(&mut talk.alice, &[b'x'; LEN], &mut talk.rng),
        |talk, message| {
            let staged = talk.bob.decrypt_in_place(message, Trust::Anyone, &mut talk.rng).unwrap();
            drop(staged.commit());
        },
    );
    Row::new(subrosa).floor(repeated(move || floor::decrypt(&mut chains, LEN + 16)))
}
