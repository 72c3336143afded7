// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions begun.

use std::hint::black_box;

use subrosa::account::{Counts, Limits};
use subrosa::session;
use subrosa::{Account, Address, DeviceId, Session, Trust};

use super::{Row, Side, floors};
use crate::floor::{self, Chains, Curve, Setup};
use crate::harness::{Batch, prepared, repeated, timed};
use crate::official::{self, Peers};
use crate::olm;
use crate::setting::{FirstMessage, NOW, bundle, devices, rng};

pub fn initiator(peers: &Peers) -> Row {
    let [alice, mut bob] = devices(4);
    let bundle = bundle(&mut bob, 4);
    let [here, there] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    let mut rng = rng();
    let subrosa = prepared(
        (),
        move |()| (Some(bundle.clone()), Session::new(here.clone(), there.clone())),
        move |(), (bundle, session)| {
            let verified = bundle.take().unwrap().verify(Trust::Anyone).unwrap();
            session
                .initiate(&session::Config::new(&alice.identity, 1), verified, NOW, &mut rng)
                .unwrap()
                .commit();
        },
    );
    let row = Row::new(subrosa)
        .vodozemac(olm::initiate())
        .maybe(Side::Official, peers.official(official::initiate))
        .maybe(Side::Wacore, peers.wacore(official::initiate))
        .study(433_000.0, 414_000.0);
    floors!(row, initiator_floor())
}

fn initiator_floor<C: Curve>() -> Batch {
    let setup = Setup::<C>::new();
    repeated(move || setup.initiate())
}

/// Staged, without their records.
pub fn one_time_pre_keys(_: &Peers) -> Row {
    let mut rng = rng();
    let address = Address::new("alice", DeviceId::PRIMARY);
    let mut account = Account::generate(address, Limits::default(), &mut rng).unwrap().commit();
    let upload = account.maintain(Counts::default(), NOW, &mut rng).unwrap().commit();
    account.confirm_uploaded(&upload, NOW).unwrap().commit();
    let wanted = Counts { one_time: 0, one_time_kem: 100 };
    let subrosa = repeated(move || drop(black_box(account.maintain(wanted, NOW, &mut rng).unwrap())));
    floors!(Row::new(subrosa).vodozemac(olm::one_time_keys()).parts(100), key_pairs_floor())
}

fn key_pairs_floor<C: Curve>() -> Batch {
    repeated(|| (0..100).for_each(|byte| drop(black_box(C::generate([byte; 32])))))
}

pub fn responder(peers: &Peers) -> Row {
    let first = FirstMessage::of(4, &[b'x'; 1024]);
    let mut rng = rng();
    let subrosa: Batch = Box::new(move |count| {
        let keys = first.keys();
        timed(|| (0..count).for_each(|_| drop(black_box(first.accept(&keys, &mut rng)))))
    });
    let row = Row::new(subrosa)
        .vodozemac(olm::respond())
        .maybe(Side::Official, peers.official(official::respond))
        .maybe(Side::Wacore, peers.wacore(official::respond))
        .study(440_000.0, 367_000.0);
    floors!(row, responder_floor())
}

fn responder_floor<C: Curve>() -> Batch {
    let setup = Setup::<C>::new();
    let mut chains = Chains::new(true);
    repeated(move || (setup.respond(), floor::decrypt(&mut chains, 1_040)))
}
