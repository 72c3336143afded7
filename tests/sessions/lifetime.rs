// SPDX-License-Identifier: MIT OR Apache-2.0

//! How sessions begin, grow old, are archived and come back; simultaneous initiation.
//!
//! * F2, a version edited to 3 in the stored bytes: a real version-3 session serves instead.
//! * F3, accessors that fail with "session not found": they give an `Option`. Garbage that fails to load is in
//!   `scenarios_records_and_bundles`.
//! * F12, restoring a snapshot, is in `scenarios_random`.

use std::time::Duration;

use crate::device::{Device, Failure, Letter, Offer, START, TrustRule};
use subrosa::keys::KeyPair;
use subrosa::session::{Policy, Requirements};
use subrosa::{BundleError, DecryptError, EncryptError, IdentityKey, MessageKind, Session, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn is_undecryptable(failure: &Failure) -> bool {
    matches!(failure, Failure::Decrypt(DecryptError::Forged(_) | DecryptError::TooFarAhead { .. }))
}

fn archived(device: &Device, peer: &Device) -> usize {
    device.session(&peer.address).unwrap().archived_len()
}

#[test]
fn an_unacknowledged_session_lasts_30_days() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.now = Timestamp::from_millis(0);
    alice.begin_with(&mut bob, Offer::FULL);
    let stale_is_fine = Requirements { not_stale: false, ..Requirements::default() };
    assert!(alice.is_usable(&bob.address, Requirements::default()));
    alice.advance(SECOND);
    alice.send(&bob.address, b"one second");

    alice.now = Timestamp::from_secs(30 * DAY.as_secs());
    assert!(alice.is_usable(&bob.address, Requirements::default()), "exactly 30 days");
    alice.send(&bob.address, b"exactly 30 days");

    for late in [SECOND, 60 * DAY] {
        alice.now = Timestamp::from_secs(30 * DAY.as_secs());
        alice.advance(late);
        assert!(!alice.is_usable(&bob.address, Requirements::default()));
        assert!(alice.is_usable(&bob.address, stale_is_fine));
        let before = alice.store.clone();
        assert_eq!(alice.encrypt(&bob.address, b"late"), Err(Failure::Encrypt(EncryptError::Stale)));
        alice.store.assert_same(&before);
    }
}

#[test]
fn the_edge_is_one_of_whole_seconds() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.now = Timestamp::from_millis(1_999);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.now = Timestamp::from_millis(1_999 + 30 * 86_400_000);
    assert!(alice.is_usable(&bob.address, Requirements::default()));
    alice.now = Timestamp::from_millis(2_000 + 30 * 86_400_000);
    assert!(!alice.is_usable(&bob.address, Requirements::default()));
}

#[test]
fn an_acknowledged_session_does_not_grow_old() {
    let [mut alice, mut bob] = Device::acquainted(1);
    alice.advance(3_650 * DAY);
    bob.advance(3_650 * DAY);
    assert!(alice.is_usable(&bob.address, Requirements::default()));
    assert!(bob.is_usable(&alice.address, Requirements::default()));
    alice.tell(&mut bob, b"ten years later");
}

#[test]
fn a_late_reply_revives_a_stale_session() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let reply = bob.send(&alice.address, b"reply");
    alice.advance(31 * DAY);
    assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::Stale)));
    alice.hear(&bob, &reply, b"reply");
    alice.tell(&mut bob, b"good again");
}

#[test]
fn a_clock_that_runs_backwards_or_to_its_end() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    let begun = alice.now;
    alice.now = Timestamp::from_secs(begun.as_secs() - 30 * DAY.as_secs());
    assert!(alice.is_usable(&bob.address, Requirements::default()));
    alice.send(&bob.address, b"from the past");
    // So late a beginning is one by a wrong clock, and would be good for ever.
    for now in [0, begun.as_millis() - 30 * 86_400_000 - 1_000] {
        alice.now = Timestamp::from_millis(now);
        assert!(!alice.is_usable(&bob.address, Requirements::default()));
        assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::Stale)));
    }

    let [mut alice, mut bob] = Device::pair(2);
    alice.now = Timestamp::from_millis(u64::MAX);
    alice.begin_with(&mut bob, Offer::FULL);
    assert!(alice.is_usable(&bob.address, Requirements::default()));
    alice.send(&bob.address, b"from the end of time");
}

#[test]
fn a_version_3_session_does_not_meet_the_pqxdh_requirement() {
    let [mut alice, mut bob] = Device::pair(2);
    alice.policy = Policy::AllowVersion3;
    bob.policy = Policy::AllowVersion3;
    alice.greet(&mut bob, Offer::VERSION_3);
    assert_eq!(alice.session(&bob.address).unwrap().version(), Some(3));
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        assert!(one.is_usable(&other.address, Requirements::NONE));
        assert!(one.is_usable(&other.address, Requirements { not_stale: true, ..Requirements::NONE }));
        assert!(!one.is_usable(&other.address, Requirements { pqxdh: true, ..Requirements::NONE }));
        assert!(!one.is_usable(&other.address, Requirements::default()));
    }
    // Without the policy it is still read, and nothing is sent on it.
    let old = alice.send(&bob.address, b"old");
    alice.policy = Policy::PostQuantum;
    bob.policy = Policy::PostQuantum;
    bob.hear(&alice, &old, b"old");
    let refused = Err(Failure::Encrypt(EncryptError::Version3Refused));
    assert_eq!(alice.encrypt(&bob.address, b"no"), refused);
    assert_eq!(bob.encrypt(&alice.address, b"no"), refused);
}

#[test]
fn version_3_must_be_asked_for() {
    let [mut alice, mut bob] = Device::pair(2);
    let bundle = bob.bundle(Offer::VERSION_3);
    let failure = alice.initiate(&bob.address, bundle.clone()).unwrap_err();
    assert_eq!(failure, Failure::Bundle(BundleError::Version3Refused));
    assert!(alice.store.sessions.is_empty());
    alice.policy = Policy::AllowVersion3;
    let letter = alice.first(&bob.address, bundle, b"old");
    assert_eq!(
        bob.refuse(&alice.address, &letter),
        Failure::Decrypt(DecryptError::Version3Refused),
        "nor does bob begin one"
    );
    bob.policy = Policy::AllowVersion3;
    bob.hear(&alice, &letter, b"old");
    // Whoever allows version 3 still begins version 4 where the peer can.
    alice.begin_with(&mut bob, Offer::FULL);
    assert_eq!(alice.session(&bob.address).unwrap().version(), Some(4));
}

#[test]
fn an_empty_record() {
    let [mut alice, bob] = Device::pair(3);
    let empty = Session::new(alice.address.clone(), bob.address.clone());
    let again =
        Session::from_record(empty.record().as_bytes(), alice.address.clone(), bob.address.clone()).unwrap();
    for session in [&empty, &again] {
        assert!(!session.has_current());
        assert!(!session.is_usable(START, Requirements::NONE));
        assert_eq!((session.version(), session.archived_len(), session.generation()), (None, 0, 0));
        assert_eq!((session.remote_identity(), session.base_key()), (None, None));
        assert_eq!((session.remote_registration_id(), session.local_registration_id()), (None, None));
        assert!(!session.current_ratchet_key_matches(bob.identity.public().public_key()));
    }
    assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::NoSession)));
    // Archiving is no error, and there is still nothing.
    alice.archive(&bob.address).unwrap();
    let session = alice.session(&bob.address).unwrap();
    assert!(!session.has_current());
    assert_eq!(session.archived_len(), 0);
}

#[test]
fn a_whisper_message_for_an_archived_session() {
    let [mut alice, mut bob] = Device::acquainted(4);
    // The message belongs to a chain that bob knows, so that it makes no turn.
    alice.tell(&mut bob, b"turn");
    let letter = alice.send(&bob.address, b"to the archive");
    let base_key = bob.base_key(&alice.address);
    let random = *KeyPair::generate(&mut alice.rng).public();
    let own_key = *bob.send(&alice.address, b"lost").signal().ratchet_key();
    let matches = |bob: &Device, key| bob.session(&alice.address).unwrap().current_ratchet_key_matches(key);
    assert!(matches(&bob, &own_key) && !matches(&bob, &random));

    bob.archive(&alice.address).unwrap();
    assert!(!bob.is_usable(&alice.address, Requirements::NONE));
    assert!(!matches(&bob, &own_key) && !matches(&bob, &random));

    bob.hear(&alice, &letter, b"to the archive");
    assert_eq!(bob.base_key(&alice.address), base_key);
    assert_eq!(archived(&bob, &alice), 0);
    assert!(matches(&bob, &own_key) && !matches(&bob, &random));
    bob.tell(&mut alice, b"from the archive");
}

#[test]
fn a_whisper_message_without_a_record() {
    let [mut alice, mut bob] = Device::acquainted(5);
    let letter = alice.send(&bob.address, b"to nobody");
    bob.store.sessions.remove(&alice.address);
    assert_eq!(bob.refuse(&alice.address, &letter), Failure::Decrypt(DecryptError::NoSession));
}

#[test]
fn only_archived_sessions() {
    let [mut alice, mut bob] = Device::acquainted(6);
    alice.archive(&bob.address).unwrap();
    let before = alice.store.clone();
    assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::NoSession)));
    alice.store.assert_same(&before);
    bob.tell(&mut alice, b"but they receive");
    alice.tell(&mut bob, b"and then send");
}

#[test]
fn a_delayed_message_brings_both_back_to_the_older_session() {
    let [mut alice, mut bob] = Device::acquainted(7);
    let first = alice.base_key(&bob.address);
    let delayed = alice.send(&bob.address, b"delayed");
    alice.greet(&mut bob, Offer::FULL);
    let second = bob.base_key(&alice.address);
    assert_ne!(first, second);

    bob.hear(&alice, &delayed, b"delayed");
    assert_eq!(bob.base_key(&alice.address), first);
    assert_eq!(archived(&bob, &alice), 1);

    bob.tell(&mut alice, b"on the first session");
    assert_eq!(alice.base_key(&bob.address), first);
    assert_eq!(archived(&alice, &bob), 1);
    alice.tell(&mut bob, b"and on");
    assert!(alice.agrees_with(&bob));
}

#[test]
fn a_prekey_message_for_an_archived_session() {
    let [mut alice, mut bob] = Device::pair(8);
    alice.begin_with(&mut bob, Offer::FULL);
    let letters = [0; 2].map(|_| alice.send(&bob.address, b"first session"));
    bob.hear(&alice, &letters[0], b"first session");
    bob.begin_with(&mut alice, Offer::FULL);
    assert!(!alice.agrees_with(&bob));
    assert_eq!(archived(&bob, &alice), 1);

    bob.hear(&alice, &letters[1], b"first session");
    assert!(alice.agrees_with(&bob));
    assert_eq!(archived(&bob, &alice), 1);
}

#[test]
fn a_duplicate_of_an_archived_session() {
    let [mut alice, mut bob] = Device::acquainted(9);
    let letter = alice.tell(&mut bob, b"first session");
    alice.greet(&mut bob, Offer::FULL);
    let current = bob.base_key(&alice.address);
    let failure = bob.refuse(&alice.address, &letter);
    assert_eq!(
        failure,
        Failure::Decrypt(DecryptError::Duplicate),
        "and not what the current session says of it"
    );
    assert_eq!(bob.base_key(&alice.address), current);
}

#[test]
fn a_duplicate_prekey_message_of_an_archived_session() {
    let [mut alice, mut bob] = Device::pair(9);
    alice.begin_with(&mut bob, Offer::FULL);
    let letter = alice.tell(&mut bob, b"first session");
    alice.greet(&mut bob, Offer::FULL);
    let failure = bob.refuse(&alice.address, &letter);
    assert_eq!(failure, Failure::Decrypt(DecryptError::Duplicate));
}

#[test]
fn forty_archived_sessions_are_kept() {
    let [mut alice, mut bob] = Device::acquainted(10);
    let oldest = alice.base_key(&bob.address);
    let to_oldest = bob.send(&alice.address, b"oldest");
    // The 40th bundle in a row: all are kept.
    for made in 1..=40 {
        alice.begin_with(&mut bob, Offer::LAST_RESORT);
        assert_eq!(archived(&alice, &bob), made);
    }
    let with_oldest = alice.store.clone();
    alice.hear(&bob, &to_oldest, b"oldest");
    assert_eq!(alice.base_key(&bob.address), oldest);
    assert_eq!(archived(&alice, &bob), 40);

    alice.store = with_oldest;
    for _ in 41..=45 {
        alice.begin_with(&mut bob, Offer::LAST_RESORT);
        assert_eq!(archived(&alice, &bob), 40);
    }
    assert!(is_undecryptable(&alice.refuse(&bob.address, &to_oldest)), "the oldest went first");
    alice.tell(&mut bob, b"the newest is current");
}

#[test]
fn forty_archived_sessions_of_the_responder() {
    let [mut alice, mut bob] = Device::pair(10);
    let mut letters = Vec::new();
    for number in 0..45u8 {
        alice.begin_with(&mut bob, Offer::LAST_RESORT);
        letters.push(alice.tell(&mut bob, &[number]));
        letters.push(alice.send(&bob.address, &[number]));
    }
    assert_eq!(archived(&bob, &alice), 40);
    // 0 to 3 are gone: their messages would begin sessions again, which is a replay.
    for number in 0..4u8 {
        let failure = bob.refuse(&alice.address, &letters[usize::from(number) * 2 + 1]);
        assert_eq!(failure, Failure::Decrypt(DecryptError::Replayed));
    }
    for number in 4..45u8 {
        bob.hear(&alice, &letters[usize::from(number) * 2 + 1], &[number]);
        assert_eq!(archived(&bob, &alice), 40);
    }
}

#[test]
fn archiving_clears_what_makes_messages_prekey_messages() {
    let [mut alice, mut bob] = Device::pair(11);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let reply = bob.send(&alice.address, b"reply");
    assert_eq!(alice.send(&bob.address, b"lost").kind, MessageKind::PreKey);
    alice.archive(&bob.address).unwrap();
    alice.hear(&bob, &reply, b"reply");
    assert_eq!(alice.tell(&mut bob, b"promoted").kind, MessageKind::Whisper);
}

#[test]
fn only_the_session_that_decrypted_is_acknowledged() {
    let [mut alice, mut bob] = Device::acquainted(11);
    let on_first = bob.send(&alice.address, b"first session");
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"second session");
    let on_second = bob.send(&alice.address, b"second session");
    alice.hear(&bob, &on_first, b"first session");
    assert_eq!(alice.send(&bob.address, b"first").kind, MessageKind::Whisper);
    alice.hear(&bob, &on_second, b"second session");
    assert_eq!(alice.tell(&mut bob, b"second").kind, MessageKind::Whisper);
    assert!(alice.agrees_with(&bob));
}

#[test]
fn failures_do_not_acknowledge() {
    let [mut alice, mut bob] = Device::pair(12);
    alice.begin_with(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"first");
    let reply = bob.send(&alice.address, b"reply");
    alice.refuse(&bob.address, &reply.flipped(0));
    assert_eq!(alice.send(&bob.address, b"still").kind, MessageKind::PreKey);
}

#[test]
fn untrusted_identities_are_asked_about_in_each_direction() {
    let [mut alice, mut bob] = Device::acquainted(13);
    let letter = bob.send(&alice.address, b"to be trusted");
    let other = IdentityKey::new(*KeyPair::generate(&mut alice.rng).public());
    for set in [
        |device: &mut Device, _: &Device, _: IdentityKey| {
            device.sending = TrustRule::Nobody;
            device.receiving = TrustRule::Nobody;
        },
        |device: &mut Device, peer: &Device, other: IdentityKey| {
            device.store.identities.insert(peer.address.clone(), other);
        },
    ] {
        let good = alice.store.clone();
        set(&mut alice, &bob, other);
        let before = alice.store.clone();
        assert_eq!(alice.encrypt(&bob.address, b""), Err(Failure::Encrypt(EncryptError::UntrustedIdentity)));
        alice.store.assert_same(&before);
        let failure = alice.refuse(&bob.address, &letter);
        assert_eq!(failure, Failure::Decrypt(DecryptError::UntrustedIdentity));
        // That the message is authentic is found out first.
        let failure = alice.refuse(&bob.address, &letter.flipped(0));
        assert!(is_undecryptable(&failure));
        alice.store = good;
        alice.sending = TrustRule::FirstUse;
        alice.receiving = TrustRule::FirstUse;
    }
    let counter = alice.tell(&mut bob, b"no counter was used up").signal().counter();
    alice.hear(&bob, &letter, b"to be trusted");
    assert_eq!(counter, 0);
}

/// Both begin a session with the other, and send a message on it.
fn simultaneous(alice: &mut Device, bob: &mut Device) -> [Letter; 2] {
    let bundle = alice.bundle(Offer::LAST_RESORT);
    alice.begin_with(bob, Offer::LAST_RESORT);
    bob.initiate(&alice.address, bundle).unwrap();
    [alice.send(&bob.address, b"hi bob"), bob.send(&alice.address, b"hi alice")]
}

#[test]
fn simultaneous_initiation() {
    let [mut alice, mut bob] = Device::pair(1);
    let [to_bob, to_alice] = simultaneous(&mut alice, &mut bob);
    assert_eq!((to_bob.kind, to_alice.kind), (MessageKind::PreKey, MessageKind::PreKey));
    alice.hear(&bob, &to_alice, b"hi alice");
    bob.hear(&alice, &to_bob, b"hi bob");
    assert!(!alice.agrees_with(&bob));

    assert_eq!(alice.tell(&mut bob, b"answer").kind, MessageKind::Whisper);
    assert!(alice.agrees_with(&bob));
    assert_eq!(bob.tell(&mut alice, b"answer").kind, MessageKind::Whisper);
    assert!(alice.agrees_with(&bob));
}

#[test]
fn simultaneous_initiation_and_one_message_lost() {
    let [mut alice, mut bob] = Device::pair(2);
    let [to_bob, _lost] = simultaneous(&mut alice, &mut bob);
    bob.hear(&alice, &to_bob, b"hi bob");
    assert_eq!(alice.tell(&mut bob, b"second").kind, MessageKind::PreKey);
    assert_eq!(bob.tell(&mut alice, b"reply").kind, MessageKind::Whisper);
    assert!(alice.agrees_with(&bob));
}

#[test]
fn simultaneous_initiation_and_an_answer_lost() {
    let [mut alice, mut bob] = Device::pair(3);
    let [to_bob, to_alice] = simultaneous(&mut alice, &mut bob);
    alice.hear(&bob, &to_alice, b"hi alice");
    bob.hear(&alice, &to_bob, b"hi bob");
    alice.send(&bob.address, b"lost");
    assert!(!alice.agrees_with(&bob));
    bob.tell(&mut alice, b"answer");
    assert!(alice.agrees_with(&bob));
}

/// 15 rounds of simultaneous initiation, and 50 of messages that cross.
fn never_agreeing(seed: u64) -> ([Device; 2], Letter) {
    let [mut alice, mut bob] = Device::pair(seed);
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    let very_early = alice.send(&bob.address, b"very early");
    // B knows the session of the very early message.
    alice.tell(&mut bob, b"early");
    for _ in 0..15 {
        let [to_bob, to_alice] = simultaneous(&mut alice, &mut bob);
        alice.hear(&bob, &to_alice, b"hi alice");
        bob.hear(&alice, &to_bob, b"hi bob");
        assert!(!alice.agrees_with(&bob));
    }
    for _ in 0..50 {
        let to_bob = alice.send(&bob.address, b"crossing");
        let to_alice = bob.send(&alice.address, b"crossing too");
        assert_eq!((to_bob.kind, to_alice.kind), (MessageKind::Whisper, MessageKind::Whisper));
        alice.hear(&bob, &to_alice, b"crossing too");
        bob.hear(&alice, &to_bob, b"crossing");
        assert!(!alice.agrees_with(&bob));
    }
    ([alice, bob], very_early)
}

#[test]
fn repeated_simultaneous_initiation() {
    let ([mut alice, mut bob], _) = never_agreeing(4);
    alice.tell(&mut bob, b"in order");
    assert!(alice.agrees_with(&bob));
    bob.tell(&mut alice, b"in order");
    assert!(alice.agrees_with(&bob));
}

#[test]
fn a_very_early_prekey_message_comes_last() {
    let ([mut alice, mut bob], very_early) = never_agreeing(5);
    alice.tell(&mut bob, b"in order");
    bob.tell(&mut alice, b"in order");
    assert!(alice.agrees_with(&bob));
    let agreed = bob.base_key(&alice.address);

    bob.hear(&alice, &very_early, b"very early");
    assert_ne!(bob.base_key(&alice.address), agreed);
    assert_eq!(bob.base_key(&alice.address).as_ref(), Some(very_early.pre_key().base_key()));
    assert!(!alice.agrees_with(&bob));

    bob.tell(&mut alice, b"on the very early session");
    assert!(alice.agrees_with(&bob));
    assert_ne!(bob.base_key(&alice.address), agreed);
}
