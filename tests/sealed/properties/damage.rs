// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whatever bit of an envelope is changed, it is refused, and neither session nor store changes.
//!
//! But for the lower half of the first byte, which readers ignore; and in version 1 the lowest bit of its
//! upper half, because version 0 is read as 1, as deployed.

use proptest::prelude::*;
use proptest::sample::Index;
use subrosa::sealed;
use subrosa::sealed::server::SentMessage;

use crate::cases::config;
use crate::device::{Device, Offer};
use crate::properties::rng;
use crate::sealed::{Seal, Service};

/// Which bits of the first byte do not matter.
fn ignored(first: u8) -> u8 {
    if first >> 4 == 1 { 0x1F } else { 0x0F }
}

/// A device, and an envelope for it.
struct Delivery {
    to: Device,
    service: Service,
    sealed: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Delivery {
    /// A message of a session, the first or a later one, in an envelope of version 1 or 2.
    fn new(seed: u64, (version, later): (u8, bool), plaintext: &[u8], seal: Seal<'_>) -> Self {
        let [mut alice, mut bob] = Device::pair(seed);
        alice.begin_with(&mut bob, Offer::FULL);
        if later {
            alice.tell(&mut bob, b"hello");
            bob.tell(&mut alice, b"hello yourself");
        }
        let mut service = Service::new(seed);
        let certificate = service.certify(&alice);
        let seal = Seal { certificate: &certificate, ..seal };
        let sealed = if version == 1 {
            alice.seal(&bob.address, seal, plaintext).unwrap()
        } else {
            let message = alice.message_to(&bob.address, plaintext);
            let sender = seal.of(&alice.identity);
            let seal = |to: &[sealed::Recipient<'_>]| sender.seal_for_many(&message, to, &[], &mut rng(seed));
            let sent = alice.with_recipients(&[&[&bob.address]], seal).unwrap().bytes;
            SentMessage::parse(&sent).unwrap().recipients().next().unwrap().received().to_vec()
        };
        Self { to: bob, service, sealed, plaintext: plaintext.to_vec() }
    }

    /// With an empty message, no group and the default hint.
    fn plain(seed: u64, form: (u8, bool)) -> Self {
        let (mut service, [alice, _]) = (Service::new(0), Device::pair(seed));
        Self::new(seed, form, b"", Seal::with(&service.certify(&alice)))
    }

    /// Delivers a damaged copy, which must be refused.
    #[track_caller]
    fn refuse(&mut self, damaged: &[u8]) {
        // Most fail before session and store are asked for.
        match self.to.verify(damaged, &self.service) {
            Err(_) => {}
            Ok(content) => match content.body() {
                Ok(sealed::Body::Session(_)) => drop(self.to.refuse_sealed(damaged, &self.service)),
                Ok(other) => panic!("{other:?}"),
                Err(_) => {}
            },
        }
    }

    /// Delivers a copy that must be read as if it were not damaged. Leaves the store as it was.
    #[track_caller]
    fn accept(&mut self, copy: &[u8]) {
        let before = self.to.store.clone();
        assert_eq!(*self.to.unseal(copy, &self.service).unwrap().1, *self.plaintext);
        self.to.store = before;
    }
}

#[test]
fn every_flipped_bit_of_an_envelope_is_refused() {
    for form in [(1, true), (1, false), (2, true), (2, false)] {
        let mut delivery = Delivery::plain(1, form);
        let store = delivery.to.store.clone();
        let sealed = delivery.sealed.clone();
        assert_eq!(sealed[0], if form.0 == 1 { 0x11 } else { 0x22 });
        for bit in 0..sealed.len() * 8 {
            // First messages are long; of each byte one bit will do.
            let (at, of_byte) = (bit / 8, bit % 8);
            if !form.1 && at > 100 && at % 8 != of_byte && std::env::var_os("PROPTEST_CASES").is_none() {
                continue;
            }
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << of_byte;
            if bit < 8 && ignored(sealed[0]) >> bit & 1 == 1 {
                delivery.accept(&flipped);
            } else {
                delivery.refuse(&flipped);
            }
        }
        delivery.to.store.assert_same(&store);
        delivery.accept(&sealed);
    }
}

#[test]
fn every_changed_part_of_an_envelope_is_refused() {
    for form in [(1, true), (1, false), (2, true), (2, false)] {
        let mut delivery = Delivery::plain(2, form);
        let sealed = delivery.sealed.clone();
        for len in 0..sealed.len() {
            delivery.refuse(&sealed[..len]);
        }
        if form.0 == 2 {
            delivery.refuse(&[&sealed[..], &[0]].concat());
        }
        delivery.accept(&sealed);
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn any_changed_envelope_is_refused(
        seed: u64,
        form in (1..=2u8, any::<bool>()),
        plaintext in crate::properties::bytes(200),
        hint in crate::properties::hint(),
        group_id in proptest::option::of(crate::properties::bytes(40)),
        changes in proptest::collection::vec(proptest::collection::vec((any::<Index>(), 1..=255u8), 1..4), 100),
    ) {
        let certificate = Service::new(0).certify(&Device::pair(seed)[0]);
        let seal = Seal { certificate: &certificate, hint, group_id: group_id.as_deref() };
        let mut delivery = Delivery::new(seed, form, &plaintext, seal);
        let store = delivery.to.store.clone();
        let sealed = delivery.sealed.clone();
        for changes in changes {
            let mut damaged = sealed.clone();
            for (at, change) in changes {
                damaged[at.index(sealed.len())] ^= change;
            }
            let changed = sealed[1..] != damaged[1..] || (sealed[0] ^ damaged[0]) & !ignored(sealed[0]) != 0;
            if changed {
                delivery.refuse(&damaged);
            } else {
                delivery.accept(&damaged);
            }
        }
        delivery.to.store.assert_same(&store);
        delivery.accept(&sealed);
    }
}
