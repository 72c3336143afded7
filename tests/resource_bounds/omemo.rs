// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO: messages that no session opens, key exchanges, bundles.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Address;
use subrosa::keys::PrivateKey;
use subrosa::omemo::{Account, IdentityKeyPair, Kind, Message, Session, Trust, UsedPreKey, Version};

use super::ledger::{Bound, LARGE, Ledger, told};

/// Sessions that are held for a device.
const ALL: usize = 41;

struct Device {
    account: Account,
    session: Session,
    rng: ChaCha20Rng,
}

impl Device {
    fn new(version: Version, number: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        let ids = account.next_pre_key_ids(100);
        account.renew(Some(1), &ids, &mut rng).unwrap().commit();
        Self { account, session: Session::new(version, Address::new("peer@example.org", 3 - number)), rng }
    }

    fn begin(&mut self, peer: &Self) {
        let bundle = peer.account.bundle().unwrap().verify(None).unwrap();
        self.session.begin(&self.account, &bundle, Trust::Anyone, &mut self.rng).unwrap().commit();
    }

    fn read(&mut self, kind: Kind, bytes: &[u8]) -> String {
        let message = match Message::parse(self.account.version(), kind, bytes) {
            Ok(message) => message,
            Err(error) => return format!("{error:?}"),
        };
        let used = UsedPreKey::Keep;
        told(self.session.receive(&mut self.account, &message, Trust::Anyone, used, &mut self.rng).map(drop))
    }
}

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("OMEMO: message, 41 sessions", Bound { times: 3, plus: 512 << 10, stack: 32 << 10 });
    for version in [Version::Two, Version::Legacy] {
        messages(ledger, version);
    }
    ledger.kind("OMEMO: key exchange", Bound { times: 3, plus: 256 << 10, stack: 32 << 10 });
    for version in [Version::Two, Version::Legacy] {
        exchanges(ledger, version);
    }
}

/// A plain message of a ratchet key that nobody knows. `previous` and the counter are 1,000.
fn forged(version: Version, body: usize) -> Vec<u8> {
    let key = PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(9)).public_key();
    let key = key.as_bytes();
    let thousand = [0xE8, 0x07];
    let len = |len: usize| {
        let mut out = Vec::new();
        let mut rest = len;
        while rest >= 0x80 {
            out.push(0x80 | u8::try_from(rest & 0x7F).unwrap());
            rest >>= 7;
        }
        out.push(u8::try_from(rest).unwrap());
        out
    };
    let body = [&[0x22][..], &len(body), &vec![b'x'; body]].concat();
    if version == Version::Two {
        let inner = [&[0x08][..], &thousand, &[0x10], &thousand, &[0x1A, 32], key, &body].concat();
        [&[0x0A, 16][..], &[0; 16], &[0x12], &len(inner.len()), &inner].concat()
    } else {
        let front = [&[0x33, 0x0A, 33, 5][..], key, &[0x10], &thousand, &[0x18], &thousand].concat();
        [&front[..], &body, &[0; 8]].concat()
    }
}

fn messages(ledger: &mut Ledger, version: Version) {
    let (mut alice, mut bob) = (Device::new(version, 1), Device::new(version, 2));
    for _ in 0..ALL {
        bob.begin(&alice);
        // Answered, so that each has a chain that the message ends.
        let hello = bob.session.encrypt(b"hello").unwrap().commit();
        assert_eq!(alice.read(hello.kind(), hello.as_bytes()), "Ok");
        let message = Message::parse(version, hello.kind(), hello.as_bytes()).unwrap();
        let used = UsedPreKey::Keep;
        let Device { account, session, rng } = &mut alice;
        session.receive(account, &message, Trust::Anyone, used, rng).unwrap().commit();
        let answer = alice.session.encrypt(b"hello").unwrap().commit();
        let message = Message::parse(version, answer.kind(), answer.as_bytes()).unwrap();
        let Device { account, session, rng } = &mut bob;
        session.receive(account, &message, Trust::Anyone, used, rng).unwrap().commit();
    }
    for body in [16, LARGE] {
        let none = forged(version, body);
        ledger.attempt(&format!("accepted by none, {body} B"), none.len(), "NotAuthentic", || {
            bob.read(Kind::Plain, &none)
        });
    }
}

fn exchanges(ledger: &mut Ledger, version: Version) {
    let (mut alice, mut bob) = (Device::new(version, 1), Device::new(version, 2));
    alice.begin(&bob);
    let mut last = alice.session.encrypt(b"").unwrap().commit();
    for _ in 0..1_000 {
        last = alice.session.encrypt(b"").unwrap().commit();
    }
    let mut forged = last.as_bytes().to_vec();
    ledger.attempt("1,000 skipped", forged.len(), "Ok", || bob.read(last.kind(), last.as_bytes()));
    let at = forged.len() - if version == Version::Two { 1 } else { 20 };
    forged[at] ^= 1;
    ledger.attempt("1,000 skipped, forged", forged.len(), "", || bob.read(last.kind(), &forged));
    let bundle = bob.account.bundle().unwrap();
    ledger.attempt("bundle", 100 * 36, "Ok", || told(bundle.verify(None).map(drop)));
}
