// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes of OMEMO, both versions: messages of both kinds given to a session, bundles, payloads and records. What is
//! refused changes nothing.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Address;
use subrosa::omemo::{
    Account, Bundle, IdentityKey, IdentityKeyPair, Kind, Message, Session, Trust, UsedPreKey, Version,
    payload,
};

struct Party {
    account: Account,
    session: Session,
    rng: ChaCha20Rng,
}

impl Party {
    fn new(version: Version, number: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        account.renew(Some(1), &[1], &mut rng).unwrap().commit();
        Self { account, session: Session::new(version, Address::new("peer", 3 - number)), rng }
    }

    /// A party that has a session, begun by another.
    fn begun(version: Version) -> Self {
        let (mut alice, mut bob) = (Self::new(version, 1), Self::new(version, 2));
        let bundle = bob.account.bundle().unwrap().verify(None).unwrap();
        alice.session.begin(&alice.account, &bundle, Trust::Anyone, &mut alice.rng).unwrap().commit();
        let sent = alice.session.encrypt(b"first").unwrap().commit();
        bob.take(Kind::KeyExchange, sent.as_bytes());
        assert!(bob.session.is_begun());
        bob
    }

    fn take(&mut self, kind: Kind, bytes: &[u8]) {
        let Ok(message) = Message::parse(self.account.version(), kind, bytes) else { return };
        let (trust, used) = (Trust::Anyone, UsedPreKey::Keep);
        let Self { account, session, rng } = self;
        let before = session.record().as_bytes().to_vec();
        match session.receive(account, &message, trust, used, rng) {
            Ok(staged) => drop(staged.commit()),
            Err(_) => assert_eq!(session.record().as_bytes(), before),
        }
    }
}

thread_local! {
    static PARTIES: RefCell<[Party; 2]> =
        RefCell::new([Party::begun(Version::Two), Party::begun(Version::Legacy)]);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let version = if choice & 1 == 0 { Version::Two } else { Version::Legacy };
    match choice >> 1 & 7 {
        0 | 1 => {
            let kind = if choice >> 1 & 7 == 0 { Kind::Plain } else { Kind::KeyExchange };
            PARTIES.with_borrow_mut(|parties| parties[usize::from(choice & 1)].take(kind, bytes));
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
