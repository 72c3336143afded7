// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes of the rose profile: uploads, headers, bodies, cards, bundles, distributions, records, and the content of an
//! envelope that anybody can seal. What is read is written as the same; nothing else happens.

#![no_main]

#[path = "../../tests/support/rose.rs"]
mod parties;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use parties::{Device, NOW, Service, name};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::crypto::xwing::XWingPublicKey;
use subrosa::hazmat::rose::{body, header, length, upload};
use subrosa::rose::group::{GroupKey, GroupKeys};
use subrosa::rose::{Card, Contact, Session, Trust, VerifiedBundle};

thread_local! {
    static BOB: RefCell<Device> = RefCell::new(Device::new(&Service::new(), "bob", 1, 2));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let peer = name("alice", 1);
    match choice % 8 {
        0 => {
            if let Ok(read) = upload::Upload::parse(bytes) {
                for (_, message) in read.deliveries() {
                    assert!(length::is_wire_length(message.len()));
                }
            }
        }
        1 => {
            let Some(bytes) = bytes.first_chunk() else { return };
            if let Ok(read) = header::Header::parse(bytes) {
                assert_eq!(read.encode(), *bytes);
            }
            if let Ok(read) = header::GroupHeader::parse(bytes) {
                assert_eq!(read.encode(), *bytes);
            }
        }
        2 => {
            for origin in [body::Origin::Session, body::Origin::Group] {
                if let Ok(read) = body::parse(origin, bytes) {
                    assert_eq!(body::encode(read.kind, &read.aux, read.content, bytes.len())[..], *bytes);
                }
            }
        }
        3 => {
            drop(Card::verify(bytes));
            drop(VerifiedBundle::verify(bytes, &Session::new(peer), Trust::Anyone, NOW));
        }
        4 => {
            let mut keys = GroupKeys::new(peer, GroupKeys::id_of(bytes).unwrap_or_default(), false);
            if let Ok(staged) = keys.learn(bytes, 0) {
                staged.commit();
                assert!(keys.expected_tags().len() <= 16);
            }
        }
        5 => {
            if let Ok(session) = Session::from_record(bytes, peer) {
                let record = session.record();
                let again = Session::from_record(record.as_bytes(), peer).unwrap();
                assert_eq!(again.record().as_bytes(), record.as_bytes());
                assert_eq!(again.expected_tags(), session.expected_tags());
            }
        }
        6 => {
            drop(Contact::from_record(bytes));
            drop(GroupKey::from_record(bytes));
            drop(GroupKeys::from_record(bytes, peer, [1; 16]));
        }
        _ => BOB.with_borrow_mut(|bob| first_contact(bob, bytes)),
    }
});

/// Anybody can seal to Bob: the content is theirs.
fn first_contact(bob: &mut Device, bytes: &[u8]) {
    let public: [u8; 1216] = bob.account.sealing_prekey().unwrap()[12..1228].try_into().unwrap();
    let card = bob.account.keys().card();
    let info = [b"rose1.envelope\0", &bob.name().as_bytes()[..], card.identity().as_bytes()].concat();
    let mut content = bytes.to_vec();
    content.resize(6_144 - 1_136, 0);
    let sealed = XWingPublicKey(public).seal(&info, &content, &Secret::new([7; 64])).unwrap();
    assert!(bob.receive(&sealed, false).is_err());
    bob.sessions.clear();
}
