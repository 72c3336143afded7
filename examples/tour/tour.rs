// SPDX-License-Identifier: MIT OR Apache-2.0

//! What happens on the tour.

use subrosa::group::DistributionId;
use subrosa::keys::KeyPair;
use subrosa::rand_core::UnwrapErr;
use subrosa::sealed::certificate::{OFFICIAL_REVOKED, TrustStore};
use subrosa::{Address, DeviceId, Session, Timestamp};

use super::device::{Device, Error, Rng};
use super::service::{Service, split, trust_roots};
use super::{initiator, member, responder, verification};

/// Takes the tour, and tells about it.
pub fn tour(mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let mut rng: Rng = UnwrapErr(getrandom::SysRng);
    let now = Timestamp::from_secs(1_700_000_000);
    let tomorrow = Timestamp::from_secs(1_700_086_400);

    let trust_root = KeyPair::generate(&mut rng);
    let service = Service::new(&trust_root, &mut rng);
    let roots = trust_roots(&trust_root);
    let authority = TrustStore { trust_roots: &roots, revoked: &OFFICIAL_REVOKED, known: &[] };
    let device = |uuid: &str| {
        let mut random = UnwrapErr(getrandom::SysRng);
        let address = Address::new(uuid, DeviceId::PRIMARY);
        let certify = |address: &Address, key: &_| {
            service.certify(address, key, tomorrow, &mut UnwrapErr(getrandom::SysRng))
        };
        Device::new(address, certify, now, &mut random)
    };
    let mut alice = device("796abedb-ca4e-4f18-8803-1fde5b921f9f")?;
    let mut bob = device("b24df4f2-6ab8-49f5-a9a7-3a3e1d1d9b2c")?;
    let mut carol = device("1a9d2f3e-55f7-4c9c-8d0e-0d9c7c9a6b11")?;

    // One to one.
    let bundle = bob.bundle(now)?;
    initiator::begin(&mut alice, &bob.address, bundle, now, &mut rng)?;
    let envelope = initiator::write(&mut alice, &bob.address, b"hello, Bob", now, &mut rng)?;
    let from = responder::receive(&mut bob, &envelope, &authority, now, &mut rng)?;
    assert_eq!(bob.store.inbox, [(from.clone(), "hello, Bob".to_owned())]);
    tell("Alice wrote to Bob under seal; Bob knows from whom, the service does not");
    let envelope = initiator::write(&mut bob, &from, b"hello, Alice", now, &mut rng)?;
    responder::receive(&mut alice, &envelope, &authority, now, &mut rng)?;
    tell("Bob answered");

    // A group: Bob gives his sender key to Alice and Carol, on the sessions with them.
    let bundle = carol.bundle(now)?;
    initiator::begin(&mut bob, &carol.address, bundle, now, &mut rng)?;
    let group = DistributionId::from_bytes([7; 16]);
    let distribution = hex::encode(member::found(&mut bob, group, &mut rng)?);
    for other in [&mut alice, &mut carol] {
        let envelope = initiator::write(&mut bob, &other.address, distribution.as_bytes(), now, &mut rng)?;
        let from = responder::receive(other, &envelope, &authority, now, &mut rng)?;
        let (_, received) = other.store.inbox.pop().ok_or("received")?;
        member::learn(other, &from, &hex::decode(received)?)?;
    }
    let sessions = |with: &Address| bob.session(with).map(|session| vec![session]);
    let members: Vec<Vec<Session>> = vec![sessions(&alice.address)?, sessions(&carol.address)?];
    let sent = member::say(&mut bob, group, b"hello, all", &members, &mut rng)?;
    split(&sent, |to, parts| {
        let received = parts.concat();
        let device = [&mut alice, &mut carol].into_iter().find(|device| device.address == to);
        member::hear(device.ok_or("a recipient")?, &received, &authority, now)
    })?;
    for other in [&alice, &carol] {
        assert_eq!(other.store.inbox.last(), Some(&(bob.address.clone(), "hello, all".to_owned())));
    }
    tell("Bob spoke to the group: one upload, which the service split");

    // Alice and Bob meet.
    let [a, b] = [&alice, &bob].map(|device| device.address.service_id());
    let (a, b) = a.zip(b).ok_or("both are accounts")?;
    let on_alice = verification::fingerprint(&alice, &b, bob.account.identity_key())?;
    let on_bob = verification::fingerprint(&bob, &a, alice.account.identity_key())?;
    assert_eq!(on_alice.displayable().as_str(), on_bob.displayable().as_str());
    verification::scan(&on_alice, &on_bob.scannable().encode())?;
    tell("Alice and Bob compared their safety numbers");
    Ok(())
}
