// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts as `WhatsApp` has them: device 0, version 3, 812 prekeys at once, the older sender keys; and their move from one
//! kind of address to another.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Limits};
use subrosa::group::{DistributionMessage, Format, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::session::{MoveError, Policy};
use subrosa::store::{Key, Memory};
use subrosa::{Account, Address, Ciphertext, IdentityKeyPair, Message, PreKeyBundle, Session, Trust};

use crate::device::{Device, Offer, START};

const LIMITS: Limits = Limits {
    batch: 812,
    low: 5,
    max_kept: 2_000,
    max_given_out: 1_000,
    signed_lifetime: Duration::from_secs(30 * 86_400),
    last_resort_lifetime: Duration::from_secs(30 * 86_400),
    grace: Duration::from_secs(90 * 86_400),
    max_retired: 100,
    max_uses: 1_000,
    kem_pre_keys: false,
    max_id: 0xFF_FFFF,
};

/// A telephone with its store.
struct Phone {
    account: Account,
    store: Memory,
    rng: ChaCha20Rng,
}

impl Phone {
    fn new(name: &str, seed: u64) -> Self {
        let (mut rng, mut store) = (ChaCha20Rng::seed_from_u64(seed), Memory::default());
        let staged = Account::generate(Address::new(name, 0), LIMITS, &mut rng).unwrap();
        let account = staged.commit_with(|writes| store.apply(writes)).unwrap();
        Self { account: account.with_policy(Policy::AllowVersion3), store, rng }
    }

    fn address(&self) -> Address {
        self.account.address().clone()
    }

    fn session(&self, peer: &Address) -> Session {
        let session = self.store.session(self.account.address(), peer).unwrap();
        session.with_policy(Policy::AllowVersion3)
    }

    fn bundle(&mut self) -> PreKeyBundle {
        let staged = self.account.maintain(Counts::default(), START, &mut self.rng).unwrap();
        let upload = staged.commit_with(|writes| self.store.apply(writes)).unwrap();
        assert_eq!(upload.one_time_pre_keys.len(), 812);
        PreKeyBundle {
            registration_id: self.account.registration_id(),
            device_id: self.account.address().device(),
            identity_key: *self.account.identity_key(),
            signed_pre_key: upload.signed_pre_key.unwrap(),
            one_time_pre_key: upload.one_time_pre_keys.first().cloned(),
            kem_pre_key: None,
        }
    }

    fn send(&mut self, peer: &Address, text: &[u8]) -> Ciphertext {
        let mut session = self.session(peer);
        let staged = session.encrypt(text, Trust::Anyone, START, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.store.apply(writes)).unwrap()
    }

    #[track_caller]
    fn hear(&mut self, peer: &Address, sent: &Ciphertext, text: &[u8]) {
        let (mut session, message) = (self.session(peer), Message::try_from(sent).unwrap());
        let staged = self.account.receive(&mut session, &message, Trust::Anyone, &mut self.rng).unwrap();
        let heard = staged.commit_with(|writes| self.store.apply(writes)).unwrap();
        assert_eq!((&*heard, session.version()), (text, Some(3)));
    }

    fn keys_of(&self, sender: &Address) -> ReceiverKeys {
        self.store.receiver_keys(sender, Format::WithoutId).unwrap()
    }

    /// Moves the peer's sessions and keys, and this account, in one transaction.
    fn move_all(self, [from, to]: [&Address; 2], own: &Address) -> Self {
        let Self { account, mut store, rng } = self;
        let session = store.session(account.address(), from).unwrap();
        let keys = store.receiver_keys(from, Format::WithoutId).unwrap();
        let account = account.move_to(own.clone()).unwrap();
        let session =
            session.move_to(Session::new(own.clone(), to.clone()), Trust::on_first_use(None)).unwrap();
        let keys = keys.move_to(ReceiverKeys::new(to.clone(), Format::WithoutId)).unwrap();
        let mut writes = account.writes();
        writes.extend(session.writes());
        writes.extend(keys.writes());
        store.apply(writes).unwrap();
        drop((session.commit(), keys.commit()));
        Self { account: account.commit().with_policy(Policy::AllowVersion3), store, rng }
    }
}

/// Two phones that talked, and a group message.
fn acquainted() -> ([Phone; 2], SenderKey) {
    let [mut alice, mut bob] = [Phone::new("4915112345678", 1), Phone::new("4915187654321", 2)];
    let mut session = alice.session(&bob.address());
    let bundle = bob.bundle().verify(Trust::Anyone).unwrap();
    let staged = session.initiate(&alice.account.config(), bundle, START, &mut alice.rng).unwrap();
    staged.commit_with(|writes| alice.store.apply(writes)).unwrap();
    let sent = alice.send(&bob.address(), b"hello");
    bob.hear(&alice.address(), &sent, b"hello");
    let sent = bob.send(&alice.address(), b"hello");
    alice.hear(&bob.address(), &sent, b"hello");
    let group = SenderKey::generate(Format::WithoutId, &mut alice.rng);
    let distribution = group.distribution();
    let distribution = DistributionMessage::parse_without_id(&distribution).unwrap();
    let mut keys = bob.keys_of(&alice.address());
    let staged = keys.process(&distribution, alice.account.identity_key()).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    ([alice, bob], group)
}

#[test]
fn sessions_and_keys_move_to_another_address_in_one_transaction() {
    let ([mut alice, bob], mut group) = acquainted();
    let [old, new] = [alice.address(), Address::new("278901234567890", 0)];
    let [bob_old, bob_new] = [bob.address(), Address::new("190123456789012", 0)];
    let late = alice.send(&bob_old, b"under way");
    let shout = group.encrypt(b"to all", &mut alice.rng).unwrap().commit();

    let mut bob = bob.move_all([&old, &new], &bob_new);
    let peers: Vec<_> = bob.store.peers().cloned().collect();
    assert_eq!((peers, bob.account.address()), (vec![new.clone()], &bob_new));
    assert!(bob.store.get(&Key::ReceiverKeys(old, Format::WithoutId)).is_none());
    assert_eq!(
        bob.store.identity(new.name()).unwrap().as_ref(),
        Some(alice.account.identity_key()),
        "the identity is pinned under the new name"
    );
    bob.hear(&new, &late, b"under way");
    let mut keys = bob.keys_of(&new);
    let shout = GroupMessage::parse(shout.as_bytes()).unwrap();
    let staged = keys.decrypt(&shout, Trust::Anyone).unwrap();
    assert_eq!(&*staged.commit_with(|writes| bob.store.apply(writes)).unwrap(), b"to all");
    assert_eq!(bob.store.account(&bob_new, LIMITS).unwrap().unwrap().address(), &bob_new);

    // Alice moves later, and not her own address.
    let sent = bob.send(&new, b"back");
    alice.hear(&bob_old, &sent, b"back");
    let session = alice.session(&bob_old);
    let to = Session::new(alice.address(), bob_new.clone());
    let staged = session.move_to(to, Trust::on_first_use(None)).unwrap();
    staged.commit_with(|writes| alice.store.apply(writes)).unwrap();
    let sent = alice.send(&bob_new, b"and forth");
    bob.hear(&new, &sent, b"and forth");
}

#[test]
fn sessions_under_both_addresses_become_one() {
    let ([mut alice, mut bob], _) = acquainted();
    let [old, new] = [alice.address(), Address::new("278901234567890", 0)];
    let late = alice.send(&bob.address(), b"under way");
    // Bob has begun another session, under Alice's new address.
    let mut session = bob.session(&new);
    let bundle = alice.bundle().verify(Trust::Anyone).unwrap();
    let staged = session.initiate(&bob.account.config(), bundle, START, &mut bob.rng).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    let base_key = *session.base_key().unwrap();

    let pinned = bob.store.identity(new.name()).unwrap();
    let staged = bob.session(&old).move_to(session, Trust::on_first_use(pinned.as_ref())).unwrap();
    let moved = staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert_eq!((moved.archived_len(), moved.base_key()), (1, Some(&base_key)));
    assert_eq!(
        bob.store.session(&bob.address(), &new).unwrap().record().as_bytes(),
        moved.record().as_bytes()
    );
    bob.hear(&new, &late, b"under way");
}

#[test]
fn another_identity_is_not_moved_under_a_name() {
    let ([_, mut bob], _) = acquainted();
    let [old, new] = [Address::new("4915112345678", 0), Address::new("278901234567890", 0)];
    let other = IdentityKeyPair::generate(&mut ChaCha20Rng::seed_from_u64(3));
    let fresh = || Session::new(bob.address(), new.clone());
    let outcome = bob.session(&old).move_to(fresh(), Trust::Pinned(other.public())).err();
    assert_eq!(outcome, Some(MoveError::OtherIdentity));
    // As under the new address with somebody else.
    let mut eve = Phone::new("eve", 4);
    let mut session = bob.session(&new);
    let bundle = eve.bundle().verify(Trust::Anyone).unwrap();
    let staged = session.initiate(&bob.account.config(), bundle, START, &mut bob.rng).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    let outcome = bob.session(&old).move_to(session, Trust::Anyone).err();
    assert_eq!(outcome, Some(MoveError::OtherIdentity));
}

#[test]
fn what_messages_carry_of_the_addresses_does_not_move() {
    const SERVICE_ID: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
    const OTHER: &str = "00000000-0000-0000-0000-000000000001";
    let [mut alice, mut bob] = [Device::new(SERVICE_ID, 1), Device::new(OTHER, 2)];
    alice.greet(&mut bob, Offer::FULL);
    let to = Session::new(alice.address.clone(), Address::new("bob", 1));
    let outcome = alice.session(&bob.address).unwrap().move_to(to, Trust::Anyone).err();
    assert_eq!(outcome, Some(MoveError::Bound));
    let [mut alice, mut bob] = [Device::new("alice", 1), Device::new("bob", 2)];
    alice.greet(&mut bob, Offer::FULL);
    let to = Session::new(alice.address.clone(), Address::new("robert", 1));
    assert!(alice.session(&bob.address).unwrap().move_to(to, Trust::Anyone).is_ok(), "they carry nothing");
}
