// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reports from end to end: a token, content with its part, the recipient's verdict, and the moderator's (rose 35 part A).

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::keys::PrivateKey;
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::report::{
    Judgement, Moderator, Moderators, ReportError, ReportKey, Reportable, Token, group_context, part, stamp,
};
use subrosa::rose::{Kind, Outgoing, Upload};

use crate::parties::{Device, NOW, name, pair};

/// [`NOW`] in days.
const TODAY: u32 = 20_775;
const LAST_DAY: u32 = TODAY + 7;
const GROUP_CONTENT: u8 = 0x10;

struct Office {
    moderator: Moderator,
    known: Moderators,
    rng: ChaCha20Rng,
}

impl Office {
    fn new() -> Self {
        assert_eq!(u64::from(TODAY), NOW.as_secs() / 86_400);
        let mut rng = ChaCha20Rng::seed_from_u64(35);
        let signing = PrivateKey::generate(&mut rng);
        let mut known = Moderators::default();
        known.add(4, *PrivateKey::generate(&mut rng).public_key().as_bytes());
        known.add(5, *signing.public_key().as_bytes());
        Self { moderator: Moderator::new(5, Secret::new([0xA5; 32]), signing), known, rng }
    }
}

/// A token for a new key of a device, and both together.
fn token_of(office: &mut Office, device: &Device) -> (Token, ReportKey) {
    let (key, public) = ReportKey::generate(&mut office.rng);
    let token = office.moderator.issue(&device.name(), &public, LAST_DAY, &mut office.rng);
    (token, ReportKey::new(token, key).unwrap())
}

/// Alice keeps a token with her session, and Bob gets it.
fn hand_over(office: &mut Office, alice: &mut Device, bob: &mut Device) -> Token {
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let (token, key) = token_of(office, alice);
    let staged = alice.sessions.get_mut(&to_bob).unwrap().keep_report_key(key).unwrap();
    staged.commit_with(|writes| alice.store.apply(writes)).unwrap();
    alice.check();
    let message = alice.send(to_bob, &Outgoing::of(Kind::ReportToken, &token)).unwrap();
    let (_, received) = bob.receive(&message, false).unwrap();
    assert_eq!(received.kind, Kind::ReportToken);
    let session = bob.sessions.get_mut(&to_alice).unwrap();
    let staged = session.keep_token(&received.content, &office.known, TODAY).unwrap();
    staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
    token
}

/// Content with its part, and what Bob needs to report it.
fn say(alice: &mut Device, bob: &mut Device, text: &[u8], day: u32) -> (Vec<u8>, Reportable) {
    let to_bob = bob.name();
    let part = alice.sessions[&to_bob].report_part(text, day, &mut alice.rng).unwrap();
    let message = alice.send(to_bob, &Outgoing { report: Some(&part), ..Outgoing::content(text) }).unwrap();
    let (_, received) = bob.receive(&message, false).unwrap();
    assert_eq!(&received.content[..], text);
    (message, received.reportable.unwrap())
}

#[test]
fn what_was_said_in_a_session_is_proven_to_the_moderator_alone() {
    let (mut office, [mut alice, mut bob]) = (Office::new(), pair(3_500, true));
    let (us, to_alice) = (bob.name(), alice.name());
    assert!(matches!(
        alice.sessions[&us].report_part(b"x", TODAY, &mut office.rng),
        Err(ReportError::NoToken)
    ));
    let token = hand_over(&mut office, &mut alice, &mut bob);
    bob.check();
    // Both tokens are in the records.
    alice.put_back(us, alice.sessions[&us].record().as_bytes());
    bob.put_back(to_alice, bob.sessions[&to_alice].record().as_bytes());

    let (message, reportable) = say(&mut alice, &mut bob, b"a threat", TODAY);
    let (_, key) = token_of(&mut office, &alice);
    let shown = format!("{reportable:?} {key:?} {:?}", office.moderator);
    assert_eq!(shown, "Reportable(..) ReportKey(..) Moderator(5, ..)");
    let session = &bob.sessions[&to_alice];
    assert_eq!(session.judge(&reportable, &us, TODAY), Ok(()));
    assert_eq!(session.judge(&reportable, &name("carol", 1), TODAY), Err(ReportError::NotFranked));
    let commitment = reportable.commitment();
    assert!(message.windows(32).any(|window| window == commitment), "the service sees it");

    let service = [9; 32];
    let stamped = (TODAY, stamp(&service, &commitment, TODAY));
    let judgement = Judgement { sender: to_alice, content: b"a threat".to_vec() };
    let plain = reportable.report(&token, None);
    assert_eq!(office.moderator.judge(&plain, &us, None), Ok(judgement));
    let judgement = Judgement { sender: to_alice, content: b"a threat".to_vec() };
    let report = reportable.report(&token, Some(stamped));
    assert_eq!(office.moderator.judge(&report, &us, Some(&service)), Ok(judgement));

    for (reporter, key) in [(name("carol", 1), Some(&service)), (us, Some(&[8; 32])), (us, None)] {
        assert_eq!(office.moderator.judge(&report, &reporter, key), Err(ReportError::BadReport));
    }
    for at in 0..report.len() {
        let mut changed = report.clone();
        changed[at] ^= 1;
        let verdict = office.moderator.judge(&changed, &us, Some(&service));
        assert_eq!(verdict, Err(ReportError::BadReport), "byte {at}");
    }
    for len in 0..report.len() {
        let verdict = office.moderator.judge(&report[..len], &us, Some(&service));
        assert_eq!(verdict, Err(ReportError::BadReport), "{len} bytes");
    }
}

#[test]
fn a_part_counts_while_its_day_is_near_and_its_token_good() {
    let (mut office, [mut alice, mut bob]) = (Office::new(), pair(3_501, true));
    let (us, to_alice) = (bob.name(), alice.name());
    hand_over(&mut office, &mut alice, &mut bob);
    for (day, today, is_good) in [
        (TODAY, TODAY + 45, true),
        (TODAY, TODAY + 46, false),
        (TODAY, TODAY - 1, true),
        (TODAY, TODAY - 2, false),
        (LAST_DAY, LAST_DAY, true),
        (LAST_DAY + 1, LAST_DAY, false),
    ] {
        let (_, reportable) = say(&mut alice, &mut bob, b"text", day);
        let verdict = bob.sessions[&to_alice].judge(&reportable, &us, today);
        assert_eq!(verdict.is_ok(), is_good, "said on {day}, judged on {today}: {verdict:?}");
    }
}

#[test]
fn a_token_is_of_a_known_moderator_and_of_today() {
    let (mut office, [alice, mut bob]) = (Office::new(), pair(3_502, true));
    let (token, _) = token_of(&mut office, &alice);
    for (today, is_good) in [(LAST_DAY, true), (LAST_DAY + 1, false)] {
        assert_eq!(office.known.judge(&token, today).is_ok(), is_good);
    }
    assert_eq!(Moderators::default().judge(&token, TODAY), Err(ReportError::BadToken));
    let session = bob.sessions.get_mut(&alice.name()).unwrap();
    for at in 0..token.len() {
        let mut changed = token;
        changed[at] ^= 1;
        assert_eq!(office.known.judge(&changed, TODAY), Err(ReportError::BadToken), "byte {at}");
        assert!(matches!(session.keep_token(&changed, &office.known, TODAY), Err(ReportError::BadToken)));
    }
    assert!(matches!(session.keep_token(&token[1..], &office.known, TODAY), Err(ReportError::BadToken)));
    let (key, _) = ReportKey::generate(&mut office.rng);
    assert!(matches!(ReportKey::new(token, key), Err(ReportError::BadToken)));
}

#[test]
fn what_was_said_in_a_group_is_proven_too() {
    let (mut office, [mut alice, bob]) = (Office::new(), pair(3_503, true));
    let us = bob.name();
    let (token, own) = token_of(&mut office, &alice);
    let mut group = GroupKey::generate([7; 32], &mut alice.rng).commit();
    group.rotate(&mut alice.rng).unwrap().commit();
    assert_eq!((group.key_generation(), group.iteration()), (2, 0));
    let mut keys = GroupKeys::new(alice.name(), *group.id(), true);
    keys.learn(group.distribution(&us).as_bytes(), 0).unwrap().commit();

    let context = group_context(group.id(), group.key_generation());
    let expected = Sha256::digest([b"rose1.group context\0", &group.id()[..], &[0, 0, 0, 2]].concat());
    assert_eq!(context, expected[..]);
    let part = part(own.key(), &context, TODAY, (GROUP_CONTENT, b"to all"), &mut office.rng);
    let message = GroupOutgoing { content: b"to all", at_least: 0, report: Some(&part) };
    let staged = group.encrypt(&message, &alice.name(), [(*us.as_bytes(), us)], &mut alice.rng);
    let upload = staged.unwrap().commit();
    assert_eq!(group.iteration(), 1);
    let (_, message) = Upload::parse(&upload).unwrap().deliveries().next().unwrap();
    let reportable = keys.decrypt(&message).unwrap().commit().reportable.unwrap();

    assert_eq!(reportable.judge(&token, &us, TODAY), Ok(()));
    let (other_token, _) = token_of(&mut office, &alice);
    assert_eq!(reportable.judge(&other_token, &us, TODAY), Err(ReportError::NotFranked));
    let judgement = Judgement { sender: alice.name(), content: b"to all".to_vec() };
    assert_eq!(office.moderator.judge(&reportable.report(&token, None), &us, None), Ok(judgement));
}
