// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions wipe what they no longer need: all of it from freed memory, and what left the record from memory
//! in use too.

use std::collections::HashSet;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::prekey::{
    KemPreKeyId, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey, SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::Policy;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::{
    Address, DeviceId, IdentityKeyPair, Message, MessageKind, Plaintext, PreKeyBundle, Session, Staged,
    Timestamp, Trust,
};

use super::heap::{Mixed, Piece, Watch};
use super::keys::watch_kem;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// One side of a conversation.
struct Party {
    identity: IdentityKeyPair,
    signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    kem: OneTimeKemPreKey,
    session: Session,
    policy: Policy,
    rng: ChaCha20Rng,
}

impl Party {
    fn new(names: [&str; 2], policy: Policy, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let [local, remote] = names.map(|name| Address::new(name, DeviceId::PRIMARY));
        let identity = IdentityKeyPair::generate(&mut rng);
        Self {
            signed: SignedPreKey::generate(SignedPreKeyId(0), &identity, NOW, &mut rng),
            one_time: Some(OneTimePreKey::generate(OneTimePreKeyId(0), &mut rng)),
            kem: OneTimeKemPreKey::generate(KemPreKeyId(0), &identity, NOW, &mut rng),
            session: Session::new(local, remote),
            identity,
            policy,
            rng,
        }
    }

    fn pair(policy: Policy, seed: u64) -> [Self; 2] {
        [Self::new(["alice", "bob"], policy, seed), Self::new(["bob", "alice"], policy, seed + 1)]
    }

    fn bundle(&self) -> PreKeyBundle {
        PreKeyBundle {
            registration_id: 7,
            device_id: DeviceId::PRIMARY,
            identity_key: *self.identity.public(),
            signed_pre_key: self.signed.public(),
            one_time_pre_key: self.one_time.as_ref().map(OneTimePreKey::public),
            kem_pre_key: (self.policy == Policy::PostQuantum).then(|| self.kem.public()),
        }
    }

    fn initiate(&mut self, bundle: PreKeyBundle) {
        let local = session::Config::new(&self.identity, 7).with_policy(self.policy);
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        self.session.initiate(&local, bundle, NOW, &mut self.rng).unwrap().commit();
    }

    /// The record is made too, as it would be to store it.
    fn send(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let staged = self.session.encrypt(plaintext, Trust::Anyone, NOW, &mut self.rng).unwrap();
        drop(staged.writes());
        let ciphertext = staged.commit();
        let kind = [ciphertext.kind().to_u8()];
        [&kind, ciphertext.as_bytes()].concat()
    }

    /// Receives what [`Self::send`] gave. None if it is refused.
    fn receive(&mut self, message: &[u8]) -> Option<Plaintext> {
        let message = parse(message)?;
        let staged = stage(&mut self.session, &self.identity, self.policy, &message, &mut self.rng)?;
        let plaintext = match staged {
            Admission::Decrypted(staged) => commit(staged),
            Admission::New(new) => {
                let kem = new.needed().kem.map(|_| KemKey::OneTime(&self.kem));
                let keys = PreKeys { signed: &self.signed, one_time: self.one_time.as_ref(), kem };
                let plaintext = commit(new.accept(&keys, &mut self.rng).ok()?);
                self.one_time = None;
                plaintext
            }
        };
        Some(plaintext)
    }

    /// Looks for all long-term secrets from now on.
    fn watch(&self, watch: &Watch) {
        watch.secret("identity", self.identity.private().as_bytes());
        watch.secret("signed prekey", self.signed.key_pair().private().as_bytes());
        if let Some(key) = &self.one_time {
            watch.secret("one-time prekey", key.key_pair().private().as_bytes());
        }
        watch_kem(watch, self.kem.key_pair().secret());
    }
}

/// Prepares to receive what [`Party::send`] gave. None if it is refused.
fn stage<'s, 'm>(
    session: &'s mut Session,
    identity: &'m IdentityKeyPair,
    policy: Policy,
    message: &'m Message<'_>,
    rng: &mut ChaCha20Rng,
) -> Option<Admission<'s, 'm>> {
    let config = session::Config::new(identity, 7).with_policy(policy);
    session.receive(&config, message, Trust::Anyone, rng).ok()
}

/// What [`Party::send`] gave, parsed.
fn parse(message: &[u8]) -> Option<Message<'_>> {
    let (kind, bytes) = message.split_first().unwrap();
    Message::parse(MessageKind::from_u8(*kind).unwrap(), bytes).ok()
}

fn commit(staged: Staged<'_, Plaintext>) -> Plaintext {
    drop(staged.writes());
    staged.commit()
}

fn fours(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.windows(4).map(|window| u32::from_ne_bytes(window.try_into().unwrap()))
}

/// Everything public of a conversation, in pieces of four bytes.
#[derive(Default)]
pub struct PublicBytes(HashSet<u32, Mixed>);

impl PublicBytes {
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.extend(fours(bytes));
    }

    /// The pieces of a record that have no four public bytes: keys, seeds and chains, whatever its layout is.
    pub fn secrets_in(&self, record: &[u8]) -> HashSet<Piece> {
        let pieces = record.windows(8).step_by(3).map(|window| Piece::try_from(window).unwrap());
        pieces.filter(|piece| !self.touches(*piece)).collect()
    }

    /// Adds the ratchet key that a session would send with, by sending on a copy of it.
    fn add_ratchet_key(&mut self, session: &Session) {
        let (local, remote) = (session.local().clone(), session.remote().clone());
        let copy = Session::from_record(session.record().as_bytes(), local, remote).unwrap();
        let mut copy = copy.with_policy(Policy::AllowVersion3);
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        if let Ok(staged) = copy.encrypt(b"", Trust::Anyone, NOW, &mut rng) {
            let message = staged.commit();
            let key = match message.kind() {
                MessageKind::Whisper => *SignalMessage::parse(message.as_bytes()).unwrap().ratchet_key(),
                _ => *PreKeySignalMessage::parse(message.as_bytes()).unwrap().message().ratchet_key(),
            };
            self.add(key.as_bytes());
        }
    }

    /// Whether four bytes of a piece are known.
    fn touches(&self, piece: Piece) -> bool {
        fours(&piece).any(|four| self.0.contains(&four))
    }
}

/// Follows a state: everything secret in its record must be in no freed block, ever, and what is no longer in its
/// record must be in no block at all.
pub struct Follower<'a> {
    watch: &'a Watch,
    public: PublicBytes,
    /// What was in a record once.
    pub seen: HashSet<Piece>,
}

impl<'a> Follower<'a> {
    pub fn new(watch: &'a Watch, public: PublicBytes) -> Self {
        Self { watch, public, seen: HashSet::new() }
    }

    #[track_caller]
    fn check(&mut self, session: &Session) {
        self.public.add_ratchet_key(session);
        self.check_record(session.record().as_bytes());
    }

    #[track_caller]
    pub fn check_record(&mut self, record: &[u8]) {
        let now = self.public.secrets_in(record);
        self.watch.pieces("state", now.iter().copied());
        let mut kept = PublicBytes::default();
        kept.add(record);
        let gone = self.seen.iter().copied().filter(|piece| !kept.touches(*piece)).collect();
        assert!(!self.watch.is_live(&gone), "what left the record is still in memory");
        self.seen.extend(now);
        self.watch.assert_nothing_freed();
    }
}

const TEXT: &[u8; 40] = b"0123 this is what is said, and no more /";

/// Does what one side is to do.
type Observer<'a> = &'a mut dyn FnMut(&mut Party, &mut dyn FnMut(&mut Party));

/// A conversation of `rounds` rounds, with messages that come late. `each` is called after everything that the
/// side `followed` does, and gives it a chance to observe that.
fn converse(policy: Policy, followed: usize, rounds: usize, each: Observer<'_>) -> PublicBytes {
    let mut parties = Party::pair(policy, 10);
    let mut public = PublicBytes::default();
    let [alice, bob] = &mut parties;
    for party in [&*alice, &*bob] {
        public.add(&party.identity.public().encode());
        public.add(&party.signed.public().key.encode());
    }
    let bundle = bob.bundle();
    if followed == 0 {
        each(alice, &mut |alice| alice.initiate(bundle.clone()));
    } else {
        alice.initiate(bundle);
    }
    let mut held_back = Vec::new();
    for round in 0..rounds {
        for sender in [0, 1] {
            let (from, to) = pick(&mut parties, sender);
            for late in [round % 3 == 0, false] {
                let mut message = Vec::new();
                if sender == followed {
                    each(from, &mut |from| message = from.send(TEXT));
                } else {
                    message = from.send(TEXT);
                }
                public.add(&message);
                if late && round > 0 {
                    held_back.push((sender, message));
                } else if sender == followed {
                    assert_eq!(to.receive(&message).as_deref(), Some(&TEXT[..]));
                } else {
                    each(to, &mut |to| assert_eq!(to.receive(&message).as_deref(), Some(&TEXT[..])));
                }
            }
        }
        if round % 4 == 3 {
            for (sender, message) in held_back.drain(..) {
                let (_, to) = pick(&mut parties, sender);
                if sender == followed {
                    to.receive(&message).unwrap();
                } else {
                    each(to, &mut |to| drop(to.receive(&message).unwrap()));
                }
            }
        }
    }
    let (party, _) = pick(&mut parties, followed);
    each(party, &mut |party| {
        party.session.archive().unwrap().commit();
    });
    public
}

fn pick(parties: &mut [Party; 2], first: usize) -> (&mut Party, &mut Party) {
    let [alice, bob] = parties;
    if first == 0 { (alice, bob) } else { (bob, alice) }
}

fn observe(policy: Policy, side: usize, rounds: usize) {
    // First to learn what is public; a little longer, for what the record holds but was not sent yet.
    let public = converse(policy, side, rounds + 50, &mut |party, act| act(party));
    let watch = Watch::begin();
    watch.secret("plaintext", TEXT);
    let mut follow = Follower::new(&watch, public);
    let mut first = true;
    converse(policy, side, rounds, &mut |party, act| {
        if std::mem::take(&mut first) {
            party.watch(&watch);
        }
        watch.over(|| act(party));
        follow.check(&party.session);
    });
    // All is dropped now.
    assert!(!watch.is_live(&follow.seen));
    watch.assert_nothing_freed();
    assert!(watch.freed() > rounds && follow.seen.len() > rounds, "too little was observed");
}

#[test]
fn a_version_3_session_forgets() {
    observe(Policy::AllowVersion3, 0, 40);
    observe(Policy::AllowVersion3, 1, 40);
}

#[test]
fn a_version_4_session_forgets() {
    // Three epochs of the post-quantum ratchet.
    observe(Policy::PostQuantum, 0, 60);
    observe(Policy::PostQuantum, 1, 60);
}

#[test]
fn skipped_keys_are_wiped_when_they_are_used_evicted_or_moved() {
    for policy in [Policy::AllowVersion3, Policy::PostQuantum] {
        let [mut alice, mut bob] = Party::pair(policy, 20);
        let mut public = PublicBytes::default();
        public.add(&alice.identity.public().encode());
        public.add(&bob.identity.public().encode());
        public.add(&bob.signed.public().key.encode());
        alice.initiate(bob.bundle());
        let mut messages = vec![alice.send(TEXT)];
        assert!(bob.receive(&messages[0]).is_some());
        let reply = bob.send(TEXT);
        alice.receive(&reply).unwrap();
        messages.extend((0..5_000).map(|_| alice.send(TEXT)));
        messages.iter().chain([&reply]).for_each(|message| public.add(message));

        let watch = Watch::begin();
        let session = bob.session.record();
        let [local, remote] = ["bob", "alice"].map(|name| Address::new(name, DeviceId::PRIMARY));
        bob.session = watch.over(|| Session::from_record(session.as_bytes(), local, remote).unwrap());
        let mut follower = Follower::new(&watch, public);
        follower.check(&bob.session);
        // Ahead in steps, so that the buffer grows; back for some of them; ahead until the first are evicted,
        // then until all are.
        let order = [3, 10, 11, 40, 41, 300, 5, 299, 20, 1_000, 900, 7, 2_300, 1_500, 2_600, 5_000, 4_000];
        for number in order {
            let received = watch.over(|| bob.receive(&messages[number]).map(drop));
            assert!(received.is_some(), "{number}");
            follower.check(&bob.session);
        }
        assert!(bob.receive(&messages[2_500]).is_none());
        watch.over(|| bob.session = Session::new(bob.session.local().clone(), bob.session.remote().clone()));
        assert!(!watch.is_live(&follower.seen));
        watch.assert_nothing_freed();
    }
}

/// Looks for everything secret in a session from now on.
fn watch_session(watch: &Watch, session: &Session, public: &[&[u8]]) -> HashSet<Piece> {
    let mut known = PublicBytes::default();
    known.add(&public.concat());
    known.add_ratchet_key(session);
    let secrets = known.secrets_in(session.record().as_bytes());
    watch.pieces("session", secrets.iter().copied());
    secrets
}

/// Alice has begun a session with bob, and sent a message. The same each time.
fn first_message(policy: Policy) -> ([Party; 2], Vec<u8>) {
    let [mut alice, bob] = Party::pair(policy, 30);
    alice.initiate(bob.bundle());
    let first = alice.send(TEXT);
    ([alice, bob], first)
}

fn public_keys([alice, bob]: &[Party; 2]) -> Vec<u8> {
    let signed = bob.signed.public().key;
    [alice.identity.public().encode(), bob.identity.public().encode(), signed.encode()].concat()
}

#[test]
fn a_first_message_refused_or_not_committed_leaves_nothing() {
    for policy in [Policy::AllowVersion3, Policy::PostQuantum] {
        let watch = Watch::begin();
        watch.secret("plaintext", TEXT);
        // What it would leave in the record.
        let (mut parties, first) = first_message(policy);
        let public = public_keys(&parties);
        parties[1].receive(&first).unwrap();
        let secrets = watch_session(&watch, &parties[1].session, &[&public, &first]);

        let ([_, mut bob], first) = first_message(policy);
        bob.watch(&watch);
        let mac = mac_of(&first);
        watch.over(|| {
            let mut forged = first.clone();
            let at = first.windows(8).rposition(|window| window == mac).unwrap();
            forged[at] ^= 1;
            assert!(bob.receive(&forged).is_none());
            assert!(bob.one_time.is_some(), "it came back");
            drop_staged(&mut bob, &first);
        });
        assert!(!watch.is_live(&secrets));
        watch.assert_nothing_freed();
    }
}

#[test]
fn a_message_refused_or_not_committed_leaves_nothing() {
    for policy in [Policy::AllowVersion3, Policy::PostQuantum] {
        let watch = Watch::begin();
        watch.secret("plaintext", TEXT);
        let (mut parties, first) = first_message(policy);
        let mut public = public_keys(&parties);
        public.extend(first.iter());
        let [alice, bob] = &mut parties;
        bob.receive(&first).unwrap();
        let reply = bob.send(TEXT);
        alice.receive(&reply).unwrap();
        let mut message = Vec::new();
        for _ in 0..60 {
            message = alice.send(TEXT);
            public.extend(message.iter());
        }
        // With it 59 keys would be skipped.
        let record = bob.session.record();
        let before = watch_session(&watch, &bob.session, &[&public, &reply]);
        bob.receive(&message).unwrap();
        let after = watch_session(&watch, &bob.session, &[&public, &reply]);
        // Wherever they lie: what is new pushes the others along.
        let kept: HashSet<&[u8]> = record.as_bytes().windows(8).collect();
        let added = after.into_iter().filter(|piece| !kept.contains(&piece[..])).collect();

        let ([_, mut bob], _) = first_message(policy);
        let (local, remote) = (bob.session.local().clone(), bob.session.remote().clone());
        watch.over(|| {
            let session = Session::from_record(record.as_bytes(), local, remote).unwrap();
            bob.session = session.with_policy(policy);
            let mut forged = message.clone();
            *forged.last_mut().unwrap() ^= 1;
            assert!(bob.receive(&forged).is_none());
            drop_staged(&mut bob, &message);
            drop(bob.session.encrypt(TEXT, Trust::Anyone, NOW, &mut bob.rng).unwrap());
        });
        assert!(watch.is_live(&before) && !watch.is_live(&added));
        watch.over(|| drop(bob));
        assert!(!watch.is_live(&before));
        watch.assert_nothing_freed();
    }
}

#[test]
fn records_of_libsignal_are_wiped() {
    let watch = Watch::begin();
    let (mut parties, first) = first_message(Policy::AllowVersion3);
    let public = public_keys(&parties);
    let [_, bob] = &mut parties;
    bob.receive(&first).unwrap();
    watch_session(&watch, &bob.session, &[&public, &first]);
    // One with and one without a current session.
    for _ in 0..2 {
        watch.over(|| {
            let record = bob.session.to_libsignal_record();
            let (local, remote) = (bob.session.local().clone(), bob.session.remote().clone());
            drop(Session::from_libsignal_record(&record, local, remote).unwrap());
        });
        bob.session.archive().unwrap().commit();
    }
    watch.assert_nothing_freed();
    assert!(watch.freed() > 0);
}

/// The MAC of the `SignalMessage` in a `PreKeySignalMessage`.
fn mac_of(message: &[u8]) -> [u8; 8] {
    *PreKeySignalMessage::parse(&message[1..]).unwrap().message().mac()
}

/// Prepares to receive a message, has its record made, and drops that.
fn drop_staged(party: &mut Party, message: &[u8]) {
    let message = parse(message).unwrap();
    let staged = stage(&mut party.session, &party.identity, party.policy, &message, &mut party.rng);
    match staged.unwrap() {
        Admission::Decrypted(staged) => drop(staged.writes()),
        Admission::New(new) => {
            let kem = new.needed().kem.map(|_| KemKey::OneTime(&party.kem));
            let keys = PreKeys { signed: &party.signed, one_time: party.one_time.as_ref(), kem };
            drop(new.accept(&keys, &mut party.rng).unwrap().writes());
        }
    }
}

#[test]
fn plaintexts_are_wiped() {
    let watch = Watch::begin();
    let [mut alice, mut bob] = Party::pair(Policy::PostQuantum, 40);
    alice.initiate(bob.bundle());
    watch.secret("plaintext", TEXT);
    // Of a length that ends in the middle of a block.
    let message = watch.over(|| alice.send(TEXT));
    watch.over(|| {
        let plaintext = bob.receive(&message).unwrap();
        assert_eq!(&*plaintext, TEXT);
        drop(plaintext);
        let message = alice.send(TEXT);
        let plaintext = bob.receive(&message).unwrap().into_zeroizing();
        assert_eq!(plaintext.as_slice(), TEXT);
        drop(plaintext);
        let message = alice.send(TEXT);
        drop_staged(&mut bob, &message);
    });
    watch.assert_nothing_freed();
}
