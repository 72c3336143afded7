// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender for contacts whose agreement is kept, and with certificates that were verified before. The floor keeps
//! the same: one agreement each is left.

use std::hint::black_box;

use subrosa::{CertificateMemory, IdentityAgreement, LocalDevice, UnverifiedContent};

use super::{Row, floors};
use crate::floor::{Curve, Envelope, Fanout};
use crate::harness::{Batch, repeated, timed};
use crate::official::Peers;
use crate::sealing::{NOW, Sealing, bobs_address, rng};

use super::sealed::CONTENT;

pub fn seal_v1(_: &Peers) -> Row {
    let sealing = Sealing::new(1);
    let contact = IdentityAgreement::new(&sealing.cast.alice, sealing.cast.bob().public()).unwrap();
    let subrosa =
        repeated(move || sealing.sender().seal_with(&sealing.message, &contact, &mut rng()).unwrap());
    let row = Row::new(subrosa).study(129_000.0, 70_200.0);
    floors!(row, seal_floor())
}

fn seal_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::kept(CONTENT);
    repeated(move || envelope.seal())
}

pub fn open_v1(_: &Peers) -> Row {
    let (sealing, contact, sealed) = received();
    let subrosa = repeated(move || open(&sealing, &contact, &sealed));
    floors!(Row::new(subrosa).study(110_600.0, 53_200.0), open_floor())
}

fn open_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::kept(CONTENT);
    repeated(move || envelope.open())
}

pub fn open_and_verify_v1(_: &Peers) -> Row {
    let (sealing, contact, sealed) = received();
    let (mut memory, address) = (CertificateMemory::new(8), bobs_address());
    let subrosa = repeated(move || {
        let content = open(&sealing, &contact, &sealed);
        let authority = sealing.cast.authority();
        content.verify_once(&mut memory, &authority, &LocalDevice::new(&address), NOW).unwrap()
    });
    floors!(Row::new(subrosa).study(110_600.0 + 86_400.0, 53_200.0), open_floor())
}

/// What Bob has received from Alice, whom he knows.
fn received() -> (Sealing, IdentityAgreement, Vec<u8>) {
    let sealing = Sealing::new(1);
    let contact = IdentityAgreement::new(sealing.cast.bob(), sealing.cast.alice.public()).unwrap();
    let sealed = sealing.seal_v1();
    (sealing, contact, sealed)
}

fn open(sealing: &Sealing, contact: &IdentityAgreement, sealed: &[u8]) -> UnverifiedContent {
    UnverifiedContent::open_known(black_box(sealed), sealing.cast.bob(), |_| Some(contact)).unwrap()
}

pub fn seal_v2_100(_: &Peers) -> Row {
    let sealing = Sealing::new(100);
    let kept = |identity| IdentityAgreement::new(&sealing.cast.alice, identity).unwrap();
    let contacts: Vec<_> = sealing.identities().iter().map(kept).collect();
    let subrosa: Batch = Box::new(move |operations| {
        let recipients = sealing.recipients().into_iter().zip(&contacts);
        let recipients: Vec<_> = recipients.map(|(to, contact)| to.with_agreement(contact)).collect();
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
