// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of groups.

use super::{Row, Side};
use crate::floor::{self, Chains, Signer, Verifier};
use crate::groups::{pair, receive, send};
use crate::harness::{prepared, repeated};
use crate::official::{self, Peers};
use crate::olm;
use crate::setting::rng;

/// Length of a message without its signature.
const SIGNED: usize = 1_073;

pub fn encrypt(peers: &Peers) -> Row {
    let ((mut key, _), mut rng) = (pair(), rng());
    let (mut chains, signer) = (Chains::new(false), Signer::new([1; 32]));
    Row::new(repeated(move || send(&mut key, &[b'x'; 1024], &mut rng)))
        .vodozemac(olm::group_encrypt())
        .maybe(Side::Official, peers.official(official::group_encrypt))
        .maybe(Side::Wacore, peers.wacore(official::group_encrypt))
        .floor(repeated(move || {
            (floor::encrypt_unsigned(&mut chains, &[b'x'; 1024]), signer.sign(&[0; SIGNED], &[1; 64]))
        }))
        .study(41_900.0, 23_300.0)
}

pub fn decrypt(peers: &Peers) -> Row {
    let mut rng = rng();
    let subrosa = prepared(
        pair(),
        move |(key, _)| send(key, &[b'x'; 1024], &mut rng),
        |(_, keys), message| receive(keys, message),
    );
    let signature = Signer::new([1; 32]).sign(&[0; SIGNED], &[1; 64]);
    let (_, public) = <floor::Dalek as floor::Curve>::generate([1; 32]);
    let (mut chains, verifier) = (Chains::new(false), Verifier::new(&public));
    Row::new(subrosa)
        .vodozemac(olm::group_decrypt())
        .maybe(Side::Official, peers.official(official::group_decrypt))
        .maybe(Side::Wacore, peers.wacore(official::group_decrypt))
        .floor(repeated(move || {
            assert!(verifier.verify(&[0; SIGNED], &signature), "the floor's own signature");
            floor::decrypt_unsigned(&mut chains, 1_040);
        }))
        .study(48_700.0, 34_000.0)
}
