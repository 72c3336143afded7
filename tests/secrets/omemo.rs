// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO wipes its keys, and key material, in both versions.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::Address;
use subrosa::omemo::{
    Account, IdentityKeyPair, Message, Session, Trust, UsedPreKey, Version, inspect, payload,
};

use super::heap::Watch;

struct Party {
    account: Account,
    session: Session,
    rng: ChaCha20Rng,
}

impl Party {
    fn new(version: Version, number: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        account.renew(Some(1), &[1, 2], &mut rng).unwrap().commit();
        Self { account, session: Session::new(version, Address::new("peer", 3 - number)), rng }
    }

    /// Watches all secrets of the session that sends.
    fn watch(&self, watch: &Watch) {
        let Some(shown) = inspect::session(&self.session) else { return };
        watch.secret("root key", shown.root.as_bytes());
        watch.secret("ratchet key", shown.own_private);
        watch.secret("sending chain key", shown.sending.as_bytes());
        if let Some(receiving) = shown.receiving {
            watch.secret("receiving chain key", receiving.as_bytes());
        }
        for (_, _, key) in shown.skipped {
            watch.secret("skipped key", key);
        }
    }

    /// Sends a text to the other, who reads it unless it is lost.
    fn say(&mut self, watch: &Watch, other: &mut Self, lost: bool) {
        let version = self.account.version();
        let mut said = [0; 48];
        self.rng.fill_bytes(&mut said);
        watch.secret("key material", &said);
        watch.over(|| {
            drop(self.session.encrypt(&said).unwrap());
            let sent = self.session.encrypt(&said).unwrap().commit();
            if lost {
                return;
            }
            let mut damaged = sent.as_bytes().to_vec();
            *damaged.last_mut().unwrap() ^= 1;
            for (bytes, good) in [(&damaged[..], false), (sent.as_bytes(), true)] {
                let Ok(message) = Message::parse(version, sent.kind(), bytes) else { continue };
                let Self { account, session, rng } = &mut *other;
                let used = UsedPreKey::Delete;
                let staged = session.receive(account, &message, Trust::Anyone, used, rng);
                assert_eq!(staged.is_ok(), good);
                if let Ok(staged) = staged {
                    assert_eq!(staged.commit().plaintext(), said);
                }
            }
        });
        self.watch(watch);
        other.watch(watch);
    }
}

#[test]
fn keys_and_texts_of_a_conversation_are_wiped() {
    for version in [Version::Two, Version::Legacy] {
        let watch = Watch::begin();
        let (mut alice, mut bob) = watch.over(|| (Party::new(version, 1), Party::new(version, 2)));
        watch.over(|| {
            let bundle = bob.account.bundle().unwrap().verify(None).unwrap();
            let begun = alice.session.begin(&alice.account, &bundle, Trust::Anyone, &mut alice.rng);
            drop(begun.unwrap().commit());
        });
        alice.watch(&watch);
        for turn in 0..6 {
            alice.say(&watch, &mut bob, turn % 2 == 1);
            alice.say(&watch, &mut bob, false);
            bob.say(&watch, &mut alice, turn % 3 == 2);
            bob.say(&watch, &mut alice, false);
        }
        watch.over(|| drop((alice, bob)));
        watch.assert_nothing_freed();
    }
}

#[test]
fn keys_of_payloads_are_wiped() {
    let watch = Watch::begin();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut text = [0; 64];
    ChaCha20Rng::seed_from_u64(4).fill_bytes(&mut text);
    watch.secret("text", &text);
    let sealed =
        [payload::Two::seal(&text, &mut rng.clone()), payload::Legacy::seal(&text, &mut rng.clone())];
    for sealed in &sealed {
        watch.secret("key material", &sealed.key_material);
    }
    watch.over(|| {
        let two = payload::Two::seal(&text, &mut rng.clone());
        assert_eq!(payload::Two::open(&two.payload, &two.key_material).unwrap()[..], text);
        let legacy = payload::Legacy::seal(&text, &mut rng);
        let opened = payload::Legacy::open(&legacy.payload, &legacy.iv.unwrap(), &legacy.key_material);
        assert_eq!(opened.unwrap()[..], text);
    });
    watch.assert_nothing_freed();
}
