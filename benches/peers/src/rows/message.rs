// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of a session: of version 4, with the post-quantum ratchet, or of version 3, without.

use std::mem;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Row, Side, floors};
use crate::floor::{self, Chains, Curve, Kem768};
use crate::harness::{Batch, prepared, repeated};
use crate::official::{self, Peers};
use crate::olm;
use crate::setting::{Talk, copy, receive, receive_together, rng, send};

/// Two epochs of the post-quantum ratchet in lockstep, so that each side's dear messages are in a batch.
const EPOCHS: u32 = 2 * 174;
const TOGETHER: u32 = 100;

pub fn turn_pq(peers: &Peers) -> Row {
    let row = turn(4)
        .maybe(Side::Official, peers.official(official::turn))
        .whole(EPOCHS)
        .study(158_600.0, 126_500.0);
    floors!(row, turn_floor(true))
}

pub fn turn_no_pq(peers: &Peers) -> Row {
    let row = turn(3)
        .vodozemac(olm::turn())
        .maybe(Side::Wacore, peers.wacore(official::turn))
        .study(136_200.0, 126_500.0);
    floors!(row, turn_floor(false))
}

/// A hundred conversations, whose sessions are at different places of an epoch.
pub fn turn_together(_: &Peers) -> Row {
    let mut talks: Vec<_> = (0..TOGETHER).map(|_| Talk::new(4)).collect();
    for (at, talk) in talks.iter_mut().enumerate() {
        (0..at * EPOCHS as usize / TOGETHER as usize).for_each(|_| turn_once(talk));
    }
    // No number that the sessions have drawn.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let subrosa = repeated(move || {
        let each = talks.iter_mut();
        let messages: Vec<_> = each.map(|talk| send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng)).collect();
        receive_together(talks.iter_mut().map(|talk| &mut talk.bob).collect(), &messages, &mut rng);
        talks.iter_mut().for_each(|talk| mem::swap(&mut talk.alice, &mut talk.bob));
    });
    let row = Row::new(subrosa).study(158_600.0, 126_500.0).parts(TOGETHER);
    floors!(row, turns_floor())
}

fn turns_floor<C: Curve>() -> Batch {
    let mut one = turn_floor::<C>(true);
    Box::new(move |count| one(count * TOGETHER))
}

/// One message there; the next one will go back.
fn turn(version: u8) -> Row {
    let mut talk = Talk::new(version);
    Row::new(repeated(move || turn_once(&mut talk)))
}

fn turn_once(talk: &mut Talk) {
    let message = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
    receive(&mut talk.bob, &message, &mut talk.rng);
    mem::swap(&mut talk.alice, &mut talk.bob);
}

fn turn_floor<C: Curve>(post_quantum: bool) -> Batch {
    let mut chains = [(); 2].map(|()| Chains::new(post_quantum));
    let (ours, (_, theirs)) = (C::load([1; 32]), C::generate([2; 32]));
    let kem = post_quantum.then(Kem768::new);
    let mut turns = 0;
    repeated(move || {
        if let (Some(kem), 0) = (&kem, turns % 174) {
            std::hint::black_box([kem.sent(), kem.received()]);
        }
        turns += 1;
        let [sender, receiver] = &mut chains;
        receiver.turn::<C>(&ours, &theirs);
        (floor::encrypt(sender, &[b'x'; 1024]), floor::decrypt(receiver, 1_040))
    })
}

pub fn encrypt_1024_pq(peers: &Peers) -> Row {
    encrypt(1_024, 4)
        .maybe(Side::Official, peers.official(|peer| official::encrypt(peer, 1_024)))
        .study(11_200.0, 2_950.0)
}

pub fn decrypt_1024_pq(peers: &Peers) -> Row {
    decrypt(1_024, (4, 0))
        .maybe(Side::Official, peers.official(|peer| official::decrypt(peer, 1_024, 0)))
        .study(8_150.0, 1_880.0)
}

pub fn encrypt_1024_no_pq(peers: &Peers) -> Row {
    encrypt(1_024, 3)
        .vodozemac(olm::encrypt(1_024))
        .maybe(Side::Wacore, peers.wacore(|peer| official::encrypt(peer, 1_024)))
        .study(5_330.0, 2_880.0)
}

pub fn decrypt_1024_no_pq(peers: &Peers) -> Row {
    decrypt(1_024, (3, 0))
        .vodozemac(olm::decrypt(1_024))
        .maybe(Side::Wacore, peers.wacore(|peer| official::decrypt(peer, 1_024, 0)))
        .study(5_160.0, 1_820.0)
}

pub fn encrypt_64_pq(peers: &Peers) -> Row {
    encrypt(64, 4).maybe(Side::Official, peers.official(|peer| official::encrypt(peer, 64)))
}

pub fn decrypt_64_pq(peers: &Peers) -> Row {
    decrypt(64, (4, 0)).maybe(Side::Official, peers.official(|peer| official::decrypt(peer, 64, 0)))
}

pub fn encrypt_64_no_pq(peers: &Peers) -> Row {
    encrypt(64, 3)
        .vodozemac(olm::encrypt(64))
        .maybe(Side::Wacore, peers.wacore(|peer| official::encrypt(peer, 64)))
        .study(3_410.0, 1_240.0)
}

pub fn decrypt_64_no_pq(peers: &Peers) -> Row {
    decrypt(64, (3, 0))
        .vodozemac(olm::decrypt(64))
        .maybe(Side::Wacore, peers.wacore(|peer| official::decrypt(peer, 64, 0)))
        .study(3_930.0, 1_080.0)
}

pub fn decrypt_held_pq(peers: &Peers) -> Row {
    decrypt(1_024, (4, 2_000))
        .maybe(Side::Official, peers.official(|peer| official::decrypt(peer, 1_024, 2_000)))
        .study(476_000.0, 1_820.0)
}

pub fn decrypt_held_no_pq(_: &Peers) -> Row {
    decrypt(1_024, (3, 2_000)).study(224_000.0, 1_820.0)
}

fn encrypt(len: usize, version: u8) -> Row {
    let (mut talk, plaintext) = (Talk::new(version), vec![b'x'; len]);
    let mut chains = Chains::new(version == 4);
    let copy = plaintext.clone();
    Row::new(repeated(move || send(&mut talk.alice, &plaintext, &mut talk.rng)))
        .floor(repeated(move || floor::encrypt(&mut chains, &copy)))
}

fn decrypt(len: usize, (version, held): (u8, u32)) -> Row {
    let mut talk = Talk::new(version);
    if held > 0 {
        let ahead = talk.after(held);
        receive(&mut talk.bob, &ahead, &mut talk.rng);
    }
    let subrosa = prepared(
        talk,
        move |talk| send(&mut talk.alice, &vec![b'x'; len], &mut talk.rng),
        |talk, message| receive(&mut talk.bob, message, &mut talk.rng),
    );
    let mut chains = Chains::new(version == 4);
    Row::new(subrosa).floor(repeated(move || floor::decrypt(&mut chains, (len / 16 + 1) * 16)))
}

pub fn jump_pq(peers: &Peers) -> Row {
    jump(4, 24_999)
        .maybe(Side::Official, peers.official(|peer| official::jump(peer, 24_999)))
        .floor(repeated(|| (floor::jump(24_999), floor::braid_jump(24_999))))
        .study(85_000_000.0, 4_300_000.0)
}

pub fn jump_no_pq(_: &Peers) -> Row {
    jump(3, 25_000).floor(repeated(|| floor::jump(25_000))).study(70_000_000.0, 4_300_000.0)
}

fn jump(version: u8, skipped: u32) -> Row {
    let mut talk = Talk::new(version);
    let message = talk.after(skipped);
    let (bob, mut rng) = (talk.bob, rng());
    let subrosa = prepared((), move |()| copy(&bob), move |(), bob| receive(bob, &message, &mut rng));
    Row::new(subrosa)
}
