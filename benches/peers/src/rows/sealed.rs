// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender, certificates and fingerprints.

use std::hint::black_box;

use subrosa::IdentityKeyPair;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};
use subrosa::sealed::certificate::SenderCertificate;

use super::{Row, Side, floors};
use crate::floor::{self, Curve, Envelope, Fanout, Signer, Verifier};
use crate::harness::{Batch, repeated, timed};
use crate::official::{self, Peers};
use crate::sealing::{NOW, Sealing};
use crate::setting::rng;

/// Length of a sealed content: a group message of 1 KiB of text, its certificate.
pub const CONTENT: usize = 1_500;

pub fn seal_v1(peers: &Peers) -> Row {
    let sealing = Sealing::new(1);
    let row = Row::new(repeated(move || sealing.seal_v1()))
        .maybe(Side::Official, peers.official(official::seal_v1))
        .study(129_000.0, 122_600.0);
    floors!(row, seal_floor())
}

fn seal_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::new(CONTENT);
    repeated(move || envelope.seal())
}

pub fn open_v1(peers: &Peers) -> Row {
    let row = open(Sealing::seal_v1, false)
        .maybe(Side::Official, peers.official(official::open_v1))
        .study(110_600.0, 106_400.0);
    floors!(row, open_floor())
}

fn open_floor<C: Curve>() -> Batch {
    let mut envelope = Envelope::<C>::new(CONTENT);
    repeated(move || envelope.open())
}

pub fn open_and_verify_v1(_: &Peers) -> Row {
    let row = open(Sealing::seal_v1, true);
    floors!(row.study(110_600.0 + 86_400.0, 106_400.0 + 86_400.0), open_and_verify_floor())
}

fn open_and_verify_floor<C: Curve>() -> Batch {
    let (mut envelope, mut check) = (Envelope::<C>::new(CONTENT), certificate_floor());
    repeated(move || (envelope.open(), check()))
}

pub fn open_v2(_: &Peers) -> Row {
    let row = open(Sealing::seal_v2, false).study(128_800.0, 125_000.0);
    floors!(row, open_v2_floor())
}

fn open_v2_floor<C: Curve>() -> Batch {
    let mut fanout = Fanout::<C>::new((1, 1), CONTENT);
    repeated(move || fanout.open())
}

fn open(seal: fn(&Sealing) -> Vec<u8>, verifies: bool) -> Row {
    let sealing = Sealing::new(1);
    let sealed = seal(&sealing);
    let opened = repeated(move || {
        let content = sealing.open(black_box(&sealed));
        if verifies { drop(black_box(sealing.verify(content))) } else { drop(black_box(content)) }
    });
    Row::new(opened)
}

pub fn certificate(peers: &Peers) -> Row {
    let cast = Sealing::new(1).cast;
    let subrosa: Batch = Box::new(move |count| {
        let certificates: Vec<SenderCertificate> = (0..count).map(|_| cast.certificate.clone()).collect();
        let trust = cast.trust();
        let verify = |certificate: SenderCertificate| drop(certificate.verify(&trust, NOW).unwrap());
        timed(|| certificates.into_iter().for_each(verify))
    });
    Row::new(subrosa)
        .maybe(Side::Official, peers.official(official::certificate))
        .floor(repeated(certificate_floor()))
        .study(86_400.0, 86_400.0)
}

/// Two signatures verified, by keys that were converted before.
fn certificate_floor() -> impl FnMut() -> bool + 'static {
    let signature = Signer::new([1; 32]).sign(&[0; 120], &[1; 64]);
    let (_, public) = <floor::Dalek as Curve>::generate([1; 32]);
    let verifiers = [(); 2].map(|()| Verifier::new(&public));
    move || verifiers.iter().all(|verifier| verifier.verify(&[0; 120], &signature))
}

pub fn seal_v2_1(peers: &Peers) -> Row {
    seal_v2(peers, (1, 1)).study(183_000.0, 121_900.0)
}

pub fn seal_v2_10(peers: &Peers) -> Row {
    seal_v2(peers, (10, 1)).study(111_300.0, 107_000.0)
}

pub fn seal_v2_100(peers: &Peers) -> Row {
    seal_v2(peers, (100, 1)).study(106_800.0, 105_500.0)
}

pub fn seal_v2_1000(peers: &Peers) -> Row {
    seal_v2(peers, (100, 10)).study(106_200.0, 105_500.0)
}

fn seal_v2(peers: &Peers, (different, times): (u8, u32)) -> Row {
    let count = u32::from(different) * times;
    let sealing = Sealing::new(count);
    let subrosa: Batch = Box::new(move |operations| {
        let recipients = sealing.recipients();
        timed(|| {
            for _ in 0..operations {
                black_box(sealing.seal_for_many(&recipients));
            }
        })
    });
    let row = Row::new(subrosa)
        .maybe(Side::Official, peers.official(|peer| official::seal_v2(peer, count)))
        .parts(count);
    floors!(row, seal_v2_floor(different, times))
}

fn seal_v2_floor<C: Curve>(different: u8, times: u32) -> Batch {
    let mut fanout = Fanout::<C>::new((different, times as usize), CONTENT);
    repeated(move || fanout.seal())
}

pub fn fingerprint(peers: &Peers) -> Row {
    let [ours, theirs] = [(); 2].map(|()| IdentityKeyPair::generate(&mut rng()));
    let subrosa = repeated(move || {
        let hash = |id: u8, of: &IdentityKeyPair| {
            FingerprintHash::compute(FingerprintIterations::DEPLOYED, &[id; 16], of.public())
        };
        let fingerprint = Fingerprint::new(FingerprintVersion::ACCOUNT, hash(1, &ours), hash(2, &theirs));
        (fingerprint.displayable(), fingerprint.scannable().to_bytes())
    });
    Row::new(subrosa)
        .maybe(Side::Official, peers.official(official::fingerprint))
        .floor(repeated(floor::fingerprint))
        .study(2_675_000.0, 2_260_000.0)
}
