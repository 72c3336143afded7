// SPDX-License-Identifier: MIT OR Apache-2.0

//! No silent downgrade: devices that speak rose, and cards that the service withholds (rose 30 §7).

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::rose::{
    Admission, BeginError, CardSeen, CardSource, Class, Contact, DeviceKeys, DowngradeLeave, KemIdentity,
    Outgoing, SPEAKS_ROSE, SPEAKS_SIGNAL_4, Sender, Session, Trust,
};

use crate::parties::{Device, NOW, Service, Store, name, pair};

fn keys(profiles: u32, seed: u64) -> DeviceKeys {
    DeviceKeys::generate(name("bob", 1), profiles, NOW, &mut ChaCha20Rng::seed_from_u64(seed))
}

fn see(session: &mut Session, keys: &DeviceKeys, source: CardSource) -> CardSeen {
    session.see_card(keys.card().as_bytes(), source, Trust::Anyone, NOW).unwrap().commit()
}

#[test]
fn a_device_that_speaks_rose_is_not_talked_to_in_signal_without_leave() {
    let (mut session, bob) = (Session::new(name("bob", 1)), keys(SPEAKS_ROSE | SPEAKS_SIGNAL_4, 1));
    assert_eq!(session.allows_signal(None), Ok(()), "nothing is known of it");
    assert_eq!(see(&mut session, &bob, CardSource::Service), CardSeen::Expected);
    assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade));
    let of_another = DowngradeLeave::for_device(name("bob", 2));
    assert_eq!(session.allows_signal(Some(of_another)), Err(BeginError::Downgrade));
    assert_eq!(session.allows_signal(Some(DowngradeLeave::for_device(session.remote()))), Ok(()));
    assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade), "the leave was for once");
    // A card of less does not undo it, nor does another program's start.
    see(&mut session, &keys(SPEAKS_SIGNAL_4, 1), CardSource::Service);
    let session = Session::from_record(session.record().as_bytes(), session.remote()).unwrap();
    assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade));
}

#[test]
fn a_rose_session_is_remembered_as_well() {
    for mut device in pair(130, false) {
        let (peer, session) = device.sessions.pop_first().unwrap();
        assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade), "{peer:?}");
    }
}

#[test]
fn a_device_of_the_signal_profile_alone_is_not_held_up() {
    let (mut session, bob) = (Session::new(name("bob", 1)), keys(SPEAKS_SIGNAL_4, 1));
    assert_eq!(see(&mut session, &bob, CardSource::Peer), CardSeen::Expected);
    assert_eq!(session.allows_signal(None), Ok(()));
    // It learns rose, and says so again.
    for _ in 0..2 {
        see(&mut session, &keys(SPEAKS_ROSE, 1), CardSource::Peer);
        assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade));
    }
}

/// Whatever the caller trusts: the session remembers it of an identity key, and of no other.
#[test]
fn who_has_proven_itself_once_is_told_nothing_before_it_does_so_again() {
    let [mut alice, mut bob] = pair(150, false);
    let of_alice = bob.store.contacts[&alice.name().account()].clone();
    let mut impostor = Device::new(&Service::new(), "alice", 1, 152);
    for (device, is_known) in [(&mut alice, true), (&mut impostor, false)] {
        let to_bob = device.begin(&bob.bundle(Class::OneTime), false);
        assert!(device.sessions[&to_bob].speaks_rose());
        let message = device.send(to_bob, &Outgoing::dummy()).unwrap();
        let first = bob.account.open(&message).unwrap();
        let session = bob.sessions.get_mut(&device.name()).unwrap();
        let (issuers, policy) = (&bob.issuers, bob.policy);
        let admission = Admission { issuers, trust: Trust::Anyone, policy, now: NOW };
        bob.account.receive_first(session, &first, &admission, &mut bob.rng).unwrap().commit();
        assert!(session.speaks_rose());
        for (contact, is_told) in [(None, !is_known), (Some(&of_alice), false)] {
            let sender = Sender { certificate: &bob.certificate, contact, now: NOW };
            let sent = session.encrypt(&Outgoing::content(b"secret"), &sender, &mut bob.rng);
            assert_eq!(sent.is_ok(), is_told, "{is_known}");
        }
    }
}

#[test]
fn a_card_that_the_service_withheld_is_reported_once() {
    let (mut session, bob) = (Session::new(name("bob", 1)), keys(SPEAKS_ROSE, 1));
    assert_eq!(see(&mut session, &bob, CardSource::Peer), CardSeen::CardWithheld);
    assert_eq!(session.allows_signal(None), Err(BeginError::Downgrade));
    assert_eq!(see(&mut session, &bob, CardSource::Peer), CardSeen::Expected);

    let mut given = Session::new(name("bob", 1));
    see(&mut given, &bob, CardSource::Service);
    assert_eq!(see(&mut given, &bob, CardSource::Peer), CardSeen::Expected);
}

#[test]
fn a_card_that_is_seen_pins_its_account_in_the_same_transaction() {
    let (mut session, bob) = (Session::new(name("bob", 1)), keys(SPEAKS_ROSE, 1));
    let mut store = Store::default();
    let card = bob.card();
    let staged = session.see_card(card.as_bytes(), CardSource::Peer, Trust::Anyone, NOW).unwrap();
    staged.commit_with(|writes| store.apply(writes)).unwrap();
    let contact = &store.contacts[&card.name().account()];
    assert_eq!(contact.identity(), card.identity());
    assert_eq!(contact.kem_identity(), KemIdentity::Pinned { since: NOW });
    assert_eq!(store.tags.len(), 0);
}

#[test]
fn cards_that_are_not_the_devices_are_refused_and_change_nothing() {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, 140);
    let (bob, other) = (keys(SPEAKS_ROSE, 1), keys(SPEAKS_ROSE, 2));
    let session = alice.session(name("bob", 1));
    let before = session.record().as_bytes().to_vec();
    let mut see = |card: &[u8], trust: Trust<'_>| {
        session.see_card(card, CardSource::Peer, trust, NOW).map(drop).unwrap_err()
    };
    let pinned = Contact::of(bob.card()).pinned(NOW);
    let mut damaged = *bob.card().as_bytes();
    damaged[20] ^= 1;
    assert_eq!(see(&damaged, Trust::Anyone), BeginError::BadCard);
    let linked = bob.link(2, SPEAKS_ROSE, NOW, &mut ChaCha20Rng::seed_from_u64(3));
    assert_eq!(see(linked.card().as_bytes(), Trust::Anyone), BeginError::OtherDevice);
    assert_eq!(see(other.card().as_bytes(), Trust::Contact(&pinned)), BeginError::UntrustedIdentity);
    assert_eq!(see(bob.card().as_bytes(), Trust::Nobody), BeginError::UntrustedIdentity);
    assert_eq!(session.record().as_bytes(), before);
}
