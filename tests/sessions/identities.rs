// SPDX-License-Identifier: MIT OR Apache-2.0

//! What comes late brings back neither a former identity nor a former version.

use crate::device::{Device, Failure, KemOffer, Letter, Offer, TrustRule};
use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use subrosa::session::Policy;
use subrosa::{Address, DecryptError, EncryptError, IdentityKey, MessageKind};

fn lenient(device: &mut Device) {
    device.receiving = TrustRule::Anyone;
}

fn current(device: &Device, peer: &Address) -> (Option<IdentityKey>, Option<u8>) {
    let session = device.session(peer).unwrap();
    (session.remote_identity().copied(), session.version())
}

/// Bob's phone is stolen, he registers anew, and Alice accepts that. Then the thief's messages arrive, leniently
/// received: they are read, and nothing goes to the thief.
#[test]
fn late_messages_of_a_former_identity_lead_nothing() {
    let [mut alice, mut former] = Device::acquainted(1);
    let late = former.send(&alice.address, b"on the session of before");
    let mut bob = former.reinstalled(1);
    let accepted = *bob.identity.public();
    alice.store.identities.insert(bob.address.clone(), accepted);
    bob.begin_with(&mut alice, Offer::FULL);
    bob.tell(&mut alice, b"my new phone");
    assert_eq!(current(&alice, &bob.address).0, Some(accepted));

    lenient(&mut alice);
    alice.hear(&former, &late, b"on the session of before");
    assert_eq!(current(&alice, &bob.address).0, Some(accepted), "it is not current");
    assert_eq!(alice.store.identities[&bob.address], accepted, "nor pinned");
    alice.tell(&mut bob, b"for the new phone");
}

/// The same by a first message of the former identity, for which it would begin a session.
#[test]
fn a_first_message_of_a_former_identity_leads_nothing() {
    let [mut alice, mut thief] = Device::acquainted(2);
    let mut bob = thief.reinstalled(2);
    let accepted = *bob.identity.public();
    alice.store.identities.insert(bob.address.clone(), accepted);
    bob.begin_with(&mut alice, Offer::FULL);
    bob.tell(&mut alice, b"my new phone");

    lenient(&mut alice);
    thief.begin_with(&mut alice, Offer::FULL);
    let first = thief.send(&alice.address, b"a first message");
    alice.hear(&thief, &first, b"a first message");
    assert_eq!(current(&alice, &bob.address).0, Some(accepted));
    assert_eq!(alice.store.identities[&bob.address], accepted);
    alice.tell(&mut bob, b"for the new phone");
    // Pinned again by the user, it may lead.
    alice.receiving = TrustRule::FirstUse;
    alice.store.identities.insert(bob.address.clone(), *thief.identity.public());
    let again = thief.send(&alice.address, b"by my old phone after all");
    alice.hear(&thief, &again, b"by my old phone after all");
    assert_eq!(current(&alice, &bob.address).0, Some(*thief.identity.public()));
}

/// One message of version 3 was withheld until both had moved to version 4.
#[test]
fn a_withheld_message_of_version_3_does_not_bring_it_back() {
    for (first, policy) in [false, true]
        .into_iter()
        .flat_map(|first| [(first, Policy::AllowVersion3), (first, Policy::PostQuantum)])
    {
        let [mut alice, mut bob] = Device::pair(3);
        for device in [&mut alice, &mut bob] {
            device.policy = Policy::AllowVersion3;
        }
        if first {
            alice.begin_with(&mut bob, Offer::VERSION_3);
        } else {
            alice.greet(&mut bob, Offer::VERSION_3);
        }
        let withheld = alice.send(&bob.address, b"withheld");
        assert_eq!(withheld.kind == MessageKind::PreKey, first);
        alice.greet(&mut bob, Offer::FULL);
        assert_eq!(current(&bob, &alice.address).1, Some(4));
        bob.policy = policy;
        match bob.receive(&alice.address, &withheld) {
            Ok(text) => assert_eq!(text, b"withheld"),
            Err(failure) => assert_eq!(failure, Failure::Decrypt(DecryptError::Version3Refused)),
        }
        assert_eq!(current(&bob, &alice.address).1, Some(4), "first message {first}, {policy:?}");
        bob.tell(&mut alice, b"of version 4");
        bob.archive(&alice.address).unwrap();
        let none = Failure::Encrypt(EncryptError::NoSession);
        assert_eq!(bob.encrypt(&alice.address, b"").unwrap_err(), none);
    }
}

/// A step of Bob's, or of the network.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One of Bob's phones, by its number, begins a session with Alice. The message is under way.
    Begin { phone: u8, version: u8 },
    /// One sends on the session that it has.
    Send { phone: u8 },
    /// Bob registers anew, and Alice accepts that: she begins a session with the new phone.
    Register { version: u8 },
    /// A message arrives, of those that are under way, or that were kept back.
    Deliver { which: u8, keep: bool },
    /// Alice writes.
    Write,
}

fn step() -> impl Strategy<Value = Step> {
    let version = prop_oneof![Just(3_u8), Just(4_u8)];
    prop_oneof![
        3 => (any::<u8>(), version.clone()).prop_map(|(phone, version)| Step::Begin { phone, version }),
        3 => any::<u8>().prop_map(|phone| Step::Send { phone }),
        2 => version.prop_map(|version| Step::Register { version }),
        6 => (any::<u8>(), any::<bool>()).prop_map(|(which, keep)| Step::Deliver { which, keep }),
        2 => Just(Step::Write),
    ]
}

fn offer(version: u8) -> Offer {
    if version == 3 { Offer::VERSION_3 } else { Offer { one_time: true, kem: KemOffer::LastResort } }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_schedule_brings_back_an_identity_or_a_version(
        steps in vec(step(), 1..60),
        rule in prop_oneof![Just(TrustRule::FirstUse), Just(TrustRule::Anyone)],
        seed in any::<u64>(),
    ) {
        let [mut alice, mut first] = Device::pair(seed);
        (alice.policy, alice.receiving) = (Policy::AllowVersion3, rule);
        first.policy = Policy::AllowVersion3;
        let at_bobs = first.address.clone();
        let mut phones = vec![first];
        let mut under_way: Vec<(usize, Letter)> = Vec::new();
        // Alice's own choice, by which she began the newest session.
        let mut chosen: Option<(IdentityKey, u8)> = None;
        // The identities that she has had a session with.
        let mut met = HashSet::new();
        for (number, step) in steps.into_iter().enumerate() {
            let pick = |of: u8, len: usize| usize::from(of) % len;
            match step {
                Step::Begin { phone, version } => {
                    let at = pick(phone, phones.len());
                    let bundle = alice.bundle(offer(version));
                    let letter = phones[at].first(&alice.address, bundle, b"first");
                    under_way.push((at, letter));
                }
                Step::Send { phone } => {
                    let at = pick(phone, phones.len());
                    if let Ok(letter) = phones[at].encrypt(&alice.address, b"later") {
                        under_way.push((at, letter));
                    }
                }
                Step::Register { version } => {
                    let mut new = phones[0].reinstalled(seed.wrapping_add(number as u64 + 1));
                    new.policy = Policy::AllowVersion3;
                    let identity = *new.identity.public();
                    alice.store.identities.insert(at_bobs.clone(), identity);
                    alice.initiate(&at_bobs, new.bundle(offer(version))).unwrap();
                    let letter = alice.send(&at_bobs, b"hello");
                    prop_assert!(new.receive(&alice.address, &letter).is_ok());
                    chosen = Some((identity, version));
                    met.insert(identity);
                    phones.push(new);
                }
                Step::Deliver { which, keep } => {
                    if under_way.is_empty() {
                        continue;
                    }
                    let at = pick(which, under_way.len());
                    let (phone, letter) = under_way[at].clone();
                    if !keep {
                        under_way.remove(at);
                    }
                    let identity = *phones[phone].identity.public();
                    if alice.receive(&at_bobs, &letter).is_ok() {
                        let accepted = chosen.is_none_or(|(accepted, _)| accepted == identity);
                        prop_assert!(accepted || rule == TrustRule::Anyone, "believed");
                        // Whom she never met, and takes leniently, is the newest one.
                        if met.insert(identity) && rule == TrustRule::Anyone && chosen.is_some() {
                            chosen = current(&alice, &at_bobs).0.zip(current(&alice, &at_bobs).1);
                        }
                    }
                }
                Step::Write => drop(alice.encrypt(&at_bobs, b"whoever")),
            }
            let Some((accepted, version)) = chosen else { continue };
            let (identity, found) = current(&alice, &at_bobs);
            prop_assert_eq!(identity, Some(accepted), "current");
            prop_assert!(found >= Some(version), "version {:?} after {}", found, version);
            prop_assert_eq!(alice.store.identities[&at_bobs], accepted, "pinned");
            if found > Some(version) {
                chosen = Some((accepted, 4));
            }
        }
    }
}
