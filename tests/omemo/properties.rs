// SPDX-License-Identifier: MIT OR Apache-2.0

//! Properties of random conversations: every message is read once, records before and after a commit agree to the byte,
//! refusals change nothing, both begin at once heals, damage is refused.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::omemo::{
    Account, IdentityKeyPair, Kind, Message, Outgoing, ReceiveError, Session, Trust, UsedPreKey, Version,
};
use subrosa::store::{Key, Write, Writes};
use subrosa::{Address, Staged};

struct Device {
    account: Account,
    session: Session,
    rng: ChaCha20Rng,
}

/// Commits, and gives the records that were to be stored.
fn commit<T>(staged: Staged<'_, T>) -> (T, Writes) {
    let mut stored = None;
    let output = staged.commit_with(|writes| {
        stored = Some(writes);
        Ok::<_, ()>(())
    });
    (output.unwrap(), stored.unwrap())
}

impl Device {
    fn new(version: Version, number: u32, peer: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        let ids = account.next_pre_key_ids(3);
        account.renew(Some(1), &ids, &mut rng).unwrap().commit();
        Self { account, session: Session::new(version, Address::new("peer@example.org", peer)), rng }
    }

    /// What was stored is what is here.
    fn agrees(&self, writes: &Writes) {
        for write in writes {
            let Write::Put { key, record, generation } = write else { panic!("nothing is deleted") };
            let (held, held_generation) = match key.kind() {
                kind if kind == self.account.record().kind() => {
                    (self.account.record(), self.account.generation())
                }
                _ => (self.session.record(), self.session.generation()),
            };
            assert_eq!(record.as_bytes(), held.as_bytes());
            assert_eq!(*generation, Some(held_generation));
            assert_eq!(Key::from_bytes(&key.to_bytes()).as_ref(), Ok(key));
        }
        assert_eq!(Writes::from_bytes(&writes.to_bytes()).unwrap().len(), writes.len());
        let read = Session::from_record(self.session.record().as_bytes(), self.session.remote().clone());
        assert_eq!(read.unwrap().record().as_bytes(), self.session.record().as_bytes());
        let read = Account::from_record(self.account.record().as_bytes()).unwrap();
        assert_eq!(read.record().as_bytes(), self.account.record().as_bytes());
    }

    fn begin(&mut self, peer: &Self) {
        let bundle = peer.account.bundle().unwrap().verify(None).unwrap();
        let (_, writes) =
            commit(self.session.begin(&self.account, &bundle, Trust::Anyone, &mut self.rng).unwrap());
        self.agrees(&writes);
    }

    fn send(&mut self, text: &[u8]) -> Outgoing {
        let (sent, writes) = commit(self.session.encrypt(text).unwrap());
        self.agrees(&writes);
        sent
    }

    fn read(&mut self, kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, Option<ReceiveError>> {
        let before = self.session.record().as_bytes().to_vec();
        let message = Message::parse(self.account.version(), kind, bytes).map_err(|_| None)?;
        let used = UsedPreKey::Keep;
        match self.session.receive(&mut self.account, &message, Trust::Anyone, used, &mut self.rng) {
            Ok(staged) => {
                let (received, writes) = commit(staged);
                self.agrees(&writes);
                Ok(received.plaintext().to_vec())
            }
            Err(error) => {
                assert_eq!(self.session.record().as_bytes(), before);
                Err(Some(error))
            }
        }
    }
}

fn versions() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::Two), Just(Version::Legacy)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Steps: who sends, whether it is lost, and which of those under way arrives.
    #[test]
    fn each_message_is_read_once(
        version in versions(),
        both in any::<bool>(),
        steps in prop::collection::vec((any::<bool>(), 0..6_u8, any::<prop::sample::Index>()), 1..60),
    ) {
        let (mut alice, mut bob) = (Device::new(version, 11, 22), Device::new(version, 22, 11));
        alice.begin(&bob);
        if both {
            bob.begin(&alice);
        }
        let mut under_way: Vec<(bool, Outgoing, Vec<u8>)> = Vec::new();
        for (at, (from_alice, fate, which)) in steps.into_iter().enumerate() {
            let sender = if from_alice { &mut alice } else { &mut bob };
            if sender.session.is_begun() {
                let text = at.to_le_bytes().to_vec();
                let sent = sender.send(&text);
                if fate > 0 {
                    under_way.push((from_alice, sent, text));
                }
            }
            if fate > 2 && !under_way.is_empty() {
                let (from_alice, sent, text) = under_way.swap_remove(which.index(under_way.len()));
                let reader = if from_alice { &mut bob } else { &mut alice };
                match reader.read(sent.kind(), sent.as_bytes()) {
                    Ok(read) => {
                        prop_assert_eq!(read, text);
                        let again = reader.read(sent.kind(), sent.as_bytes());
                        prop_assert_eq!(again, Err(Some(ReceiveError::Duplicate)));
                    }
                    // A session may have gone for another of the same peer, and its plain messages with it.
                    Err(error) => prop_assert!(both, "{error:?}"),
                }
            }
        }
    }

    #[test]
    fn damage_is_refused_and_changes_nothing(
        version in versions(), exchange in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8_u32,
    ) {
        let (mut alice, mut bob) = (Device::new(version, 11, 22), Device::new(version, 22, 11));
        alice.begin(&bob);
        let mut sent = alice.send(b"key material");
        if !exchange {
            bob.read(sent.kind(), sent.as_bytes()).unwrap();
            let answer = bob.send(b"answer");
            alice.read(answer.kind(), answer.as_bytes()).unwrap();
            sent = alice.send(b"key material");
        }
        let mut bytes = sent.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // The top bits of the ephemeral key and of a legacy identity are no part of their points.
        if let Ok(read) = bob.read(sent.kind(), &bytes) {
            prop_assert!(exchange && bit == 7 && read == b"key material");
        } else {
            prop_assert_eq!(bob.read(sent.kind(), sent.as_bytes()).unwrap(), b"key material");
        }
    }

    #[test]
    fn anything_parses_or_not(version in versions(), exchange in any::<bool>(), bytes: Vec<u8>) {
        let kind = if exchange { Kind::KeyExchange } else { Kind::Plain };
        let _ = Message::parse(version, kind, &bytes);
        let _ = Session::from_record(&bytes, Address::new("x", 1));
        let _ = Account::from_record(&bytes);
    }
}

#[test]
fn two_that_began_at_once_agree_after_one_message() {
    for version in [Version::Two, Version::Legacy] {
        let (mut alice, mut bob) = (Device::new(version, 11, 22), Device::new(version, 22, 11));
        alice.begin(&bob);
        bob.begin(&alice);
        let (one, other) = (alice.send(b"one"), bob.send(b"other"));
        assert_eq!(bob.read(one.kind(), one.as_bytes()).unwrap(), b"one");
        assert_eq!(alice.read(other.kind(), other.as_bytes()).unwrap(), b"other");
        for _ in 0..5 {
            let sent = alice.send(b"to bob");
            assert_eq!(sent.kind(), Kind::Plain);
            assert_eq!(bob.read(sent.kind(), sent.as_bytes()).unwrap(), b"to bob");
            let sent = bob.send(b"to alice");
            assert_eq!(sent.kind(), Kind::Plain);
            assert_eq!(alice.read(sent.kind(), sent.as_bytes()).unwrap(), b"to alice");
        }
        // Messages that crossed, sent on two sessions.
        let (one, other) = (alice.send(b"one"), bob.send(b"other"));
        assert_eq!(bob.read(one.kind(), one.as_bytes()).unwrap(), b"one");
        assert_eq!(alice.read(other.kind(), other.as_bytes()).unwrap(), b"other");
    }
}

#[test]
fn the_last_message_of_a_chain_comes_after_the_next_chain_and_once() {
    let (mut alice, mut bob) = (Device::new(Version::Two, 11, 22), Device::new(Version::Two, 22, 11));
    alice.begin(&bob);
    let first = alice.send(b"first");
    let late = alice.send(b"late");
    bob.read(first.kind(), first.as_bytes()).unwrap();
    let answer = bob.send(b"answer");
    alice.read(answer.kind(), answer.as_bytes()).unwrap();
    let next = alice.send(b"next");
    bob.read(next.kind(), next.as_bytes()).unwrap();
    assert_eq!(bob.read(late.kind(), late.as_bytes()).unwrap(), b"late");
    assert_eq!(bob.read(late.kind(), late.as_bytes()), Err(Some(ReceiveError::Duplicate)));
}
