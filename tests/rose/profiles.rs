// SPDX-License-Identifier: MIT OR Apache-2.0

//! No silent downgrade: devices that speak rose, and cards that the service withholds (rose 30 §7).

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::rose::{
    BeginError, CardSeen, CardSource, Contact, DeviceKeys, DowngradeLeave, KemIdentity, SPEAKS_ROSE,
    SPEAKS_SIGNAL_4, Session, Trust,
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
