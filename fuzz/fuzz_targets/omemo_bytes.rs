// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes of OMEMO, both versions: messages of both kinds given to a session, bundles, payloads and records. What is
//! refused changes nothing.

#![no_main]

#[path = "../../tests/support/omemo.rs"]
mod party;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use subrosa::Address;
use subrosa::omemo::{Account, Bundle, IdentityKey, Kind, Message, Session, UsedPreKey, Version, payload};

use party::Party;

/// A party that has a session, begun by another.
fn begun(version: Version) -> Party {
    let [mut alice, mut bob] = Party::pair(version);
    let sent = alice.session.encrypt(b"first").unwrap().commit();
    take(&mut bob, Kind::KeyExchange, sent.as_bytes());
    assert!(bob.session.is_begun());
    bob
}

fn take(party: &mut Party, kind: Kind, bytes: &[u8]) {
    let Ok(message) = Message::parse(party.account.version(), kind, bytes) else { return };
    let before = party.session.record().as_bytes().to_vec();
    if party.receive(&message, UsedPreKey::Keep).is_err() {
        assert_eq!(party.session.record().as_bytes(), before);
    }
}

thread_local! {
    static PARTIES: RefCell<[Party; 2]> =
        RefCell::new([begun(Version::Two), begun(Version::Legacy)]);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let version = if choice & 1 == 0 { Version::Two } else { Version::Legacy };
    match choice >> 1 & 7 {
        0 | 1 => {
            let kind = if choice >> 1 & 7 == 0 { Kind::Plain } else { Kind::KeyExchange };
            PARTIES.with_borrow_mut(|parties| take(&mut parties[usize::from(choice & 1)], kind, bytes));
        }
        2 => {
            if let Ok(session) = Session::from_record(bytes, Address::new("peer", 1)) {
                assert_eq!(session.record().as_bytes(), bytes);
            }
        }
        3 => drop(Account::from_record(bytes)),
        4 => {
            if let Ok(identity) = IdentityKey::decode(version, bytes) {
                assert_eq!(IdentityKey::decode(version, &identity.encode()), Ok(identity));
            }
        }
        5 => {
            let Some((key, payload)) = bytes.split_at_checked(48) else { return };
            let _ = payload::Two::open(payload, key);
            let _ = payload::Legacy::open(payload, &key[..12], &key[16..]);
        }
        _ => {
            let mut parts = bytes.chunks(33);
            let mut part = || parts.next().unwrap_or_default().to_vec();
            let (identity, signed_pre_key, mut signature) = (part(), part(), part());
            signature.extend(part());
            let pre_keys = vec![(1, part()), (2, part())];
            let bundle = Bundle {
                version,
                device: 1,
                identity,
                signed_pre_key_id: 1,
                signed_pre_key,
                signature,
                pre_keys,
            };
            drop(bundle.verify(None));
        }
    }
});
