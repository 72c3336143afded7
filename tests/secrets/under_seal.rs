// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender wipes its keys, what was opened, and what was read.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::address::ServiceIdKind;
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::sealed::v2::Shared;
use subrosa::hazmat::sealed::{Entry, seal_for_many};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::{PrivateKey, Secret};
use subrosa::sealed;
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{OpenError, UnverifiedContent};
use subrosa::session;
use subrosa::session::manual::Admission;
use subrosa::{IdentityKeyPair, ServiceId, Trust};

use super::by_hand::{Inner, Many, Outer};
use super::debug::device::{Device, FoundKeys, Offer};
use super::debug::sealed::{Seal, Service};
use super::heap::Watch;

const TEXT: &[u8; 40] = b"0123 this is what is said, and no more /";

fn pair(rng: &mut ChaCha20Rng) -> [Box<IdentityKeyPair>; 2] {
    [(); 2].map(|()| Box::new(IdentityKeyPair::generate(rng)))
}

/// A content that no other bytes are alike.
fn any_content(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut content = vec![0; 300];
    rng.fill_bytes(&mut content);
    content
}

#[test]
fn keys_of_version_1_and_what_was_opened_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let [alice, bob] = pair(&mut rng);
    let content = any_content(&mut rng);
    let ephemeral = PrivateKey::generate(&mut rng.clone());
    let outer = Outer::new(&ephemeral, bob.public());
    let encrypted_static = outer.encrypted_static(&alice.public().encode());
    let inner = Inner::new(&outer, &encrypted_static, &alice, bob.public());
    watch.secret("ephemeral key", ephemeral.as_bytes());
    for key in [outer.shared, outer.chain, outer.cipher, outer.mac, inner.shared, inner.cipher, inner.mac] {
        watch.secret("key of an envelope", &key);
    }
    watch.secret("unused key", &inner.unused);
    let sealed = watch.over(|| v1::seal(&content, &alice, bob.public(), &mut rng).unwrap());
    assert!(sealed.ends_with(&inner.encrypted_message(&content)), "these are the keys");

    watch.secret("content", &content);
    watch.secret("sender", alice.public().public_key().as_bytes());
    watch.over(|| {
        let envelope = Envelope::open(&sealed, &bob).unwrap();
        assert_eq!(**envelope.content(), content);
        drop(envelope);
        let mut damaged = sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(Envelope::open(&damaged, &bob).map(drop).unwrap_err(), OpenError::NotAuthentic);
    });
    watch.assert_nothing_freed();
    assert!(watch.freed() > 0);
}

#[test]
fn keys_of_version_2_and_what_was_opened_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let [alice, bob] = pair(&mut rng);
    let content = any_content(&mut rng);
    let seed = *Secret::<32>::random(&mut rng).as_bytes();
    let many = Many::new(seed, &content);
    let material = many.material(&alice, bob.public());
    watch.secret("m", &seed);
    watch.secret("r", &many.unclamped);
    watch.secret("e", many.ephemeral.as_bytes());
    for key in [many.key, material.shared, material.pad, material.sender_shared] {
        watch.secret("key of an envelope", &key);
    }
    let service_id = ServiceId::new(ServiceIdKind::Aci, [7; 16]);
    let devices = vec![(1, 1)];
    let entry = Entry { service_id, identity: bob.public(), devices, agreement: None };
    let sent = watch.over(|| {
        drop(Box::new(Shared::derive(Secret::new(seed))));
        seal_for_many(&content, &alice, &[&entry], &[], Secret::new(seed)).unwrap().bytes
    });
    let received = SentMessage::parse(&sent).unwrap().recipients().next().unwrap().received().to_vec();
    assert_eq!(received, many.received(&material), "these are the keys");

    watch.secret("content", &content);
    watch.over(|| {
        let envelope = Box::new(Envelope::open(&received, &bob).unwrap());
        assert_eq!(**envelope.content(), content);
        assert_eq!(envelope.is_from(alice.public(), &bob), Ok(true));
        drop(envelope);
        let mut damaged = received.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(Envelope::open(&damaged, &bob).map(drop).unwrap_err(), OpenError::NotAuthentic);
    });
    watch.assert_nothing_freed();
    assert!(watch.freed() > 0);
}

/// From envelope to plaintext, for a message that begins a session and for one that follows; and each of the
/// stations at which it may be given up.
#[test]
fn what_comes_under_seal_is_wiped() {
    let [mut alice, mut bob] = Device::pair(3);
    alice.begin_with(&mut bob, Offer::FULL);
    let mut service = Service::new(3);
    let certificate = service.certify(&alice);
    let sealed = [(); 2].map(|()| alice.seal(&bob.address, Seal::with(&certificate), TEXT).unwrap());
    // But for its keys and the KEM's ciphertext, which the session has to copy.
    let opened = |sealed: &Vec<u8>| {
        let envelope = Envelope::open(sealed, &bob.identity).unwrap();
        let content = SealedContent::parse(envelope.content()).unwrap();
        PreKeySignalMessage::parse(content.message).unwrap().message().body().to_vec()
    };
    let contents: Vec<_> = sealed.iter().map(opened).collect();

    let watch = Watch::begin();
    watch.secret("plaintext", TEXT);
    for content in &contents {
        watch.secret("opened content", content);
    }
    let mut session = bob.session(&alice.address).unwrap();
    for sealed in &sealed {
        watch.over(|| {
            drop(UnverifiedContent::open(sealed, &bob.identity).unwrap());
            let content = Box::new(UnverifiedContent::open(sealed, &bob.identity).unwrap());
            assert!(content.verify(&Service::new(30).trust(), &bob.address, None, bob.now).is_err());
            let content = Box::new(UnverifiedContent::open(sealed, &bob.identity).unwrap());
            let content = Box::new(content.verify(&service.trust(), &bob.address, None, bob.now).unwrap());
            let mut read = |commit| {
                let sealed::Body::Session(message) = content.body().unwrap() else {
                    panic!("a message of a session")
                };
                let ours = session::Config::new(&bob.identity, bob.registration_id);
                let rng = &mut bob.rng;
                let staged = match session.receive(&ours, &message, Trust::Anyone, rng).unwrap() {
                    Admission::Decrypted(staged) => staged,
                    Admission::New(new) => {
                        let keys = FoundKeys::find(&bob.store, &bob.faults, new.needed()).unwrap();
                        new.accept(&keys.lend(), rng).unwrap()
                    }
                };
                let staged = Box::new(staged);
                if commit {
                    let plaintext = Box::new(staged.commit());
                    assert_eq!(**plaintext, *TEXT);
                }
            };
            read(false);
            read(true);
        });
        watch.assert_nothing_freed();
    }
    assert!(watch.freed() > 20);
}
