// SPDX-License-Identifier: MIT OR Apache-2.0

//! Encrypting for several devices in one transaction.

use std::time::Duration;

use subrosa::delivery::{DeviceFailure, DeviceMessage, encrypt_each};
use subrosa::store::Writes;
use subrosa::{Address, Ciphertext, EncryptError, MessageKind, Session, Staged, Trust};

use super::{at, id};
use crate::device::{self, ALICE, BOB, CAROL, Device, Failure, Faults, Letter, Offer, Table};
use crate::put;

const TO_THEM: &[u8] = b"hello bob";
const TO_OURSELVES: &[u8] = b"hello bob, was sent to bob";

/// Alice's phone, and the devices that it has sessions with: two of bob's, and alice's desktop.
fn devices() -> (Device, [Device; 3]) {
    let mut phone = Device::new(ALICE, 1);
    let bob = Device::new(BOB, 2);
    let mut others = [bob.sibling(2, 3), bob, phone.sibling(2, 4)];
    others[2].registration_id += 1;
    for other in &mut others {
        phone.greet(other, Offer::FULL);
    }
    (phone, others)
}

fn sessions(phone: &Device, with: &[Device]) -> Vec<Session> {
    with.iter().map(|other| phone.session(&other.address).unwrap()).collect()
}

/// Encrypts on all sessions: what others get, and what our own devices get.
fn encrypt<'s>(
    phone: &mut Device,
    sessions: &'s mut [Session],
) -> (Staged<'s, Vec<DeviceMessage>>, Vec<DeviceFailure>) {
    let own = phone.address.name();
    let each = sessions.iter_mut().map(|session| {
        let text = if session.remote().name() == own { TO_OURSELVES } else { TO_THEM };
        (session, Trust::Anyone, text)
    });
    encrypt_each(each, phone.now, &mut phone.rng)
}

fn letter(ciphertext: &Ciphertext) -> Letter {
    Letter::from(ciphertext.clone())
}

#[test]
fn each_device_reads_what_is_meant_for_it() {
    let (mut phone, mut others) = devices();
    phone.begin_with(&mut others[0], Offer::FULL);
    let mut sessions = sessions(&phone, &others);
    let (staged, failures) = encrypt(&mut phone, &mut sessions);
    assert_eq!(failures, []);
    let messages = staged.commit();
    for ((message, other), kind) in messages.iter().zip(&mut others).zip([
        MessageKind::PreKey,
        MessageKind::Whisper,
        MessageKind::Whisper,
    ]) {
        assert_eq!(message.address, other.address);
        assert_eq!(message.registration_id, other.registration_id);
        assert_eq!(message.identity, *other.identity.public());
        assert_eq!(message.ciphertext.kind(), kind);
        let text = if other.address.name() == phone.address.name() { TO_OURSELVES } else { TO_THEM };
        other.hear(&phone, &letter(&message.ciphertext), text);
        let shown = format!("{message:?}");
        assert_eq!(
            shown,
            format!(
                "DeviceMessage({kind:?} of {} bytes for {})",
                letter(&message.ciphertext).bytes.len(),
                other.address
            )
        );
    }
}

/// The bytes are those of one encryption after the other, with the same random numbers.
#[test]
fn encrypting_for_each_is_encrypting_one_after_the_other() {
    let (mut phone, others) = devices();
    let rng = phone.rng.clone();
    let (mut writes, mut ciphertexts) = (Writes::default(), Vec::new());
    for session in &mut sessions(&phone, &others) {
        let text = if session.remote().name() == phone.address.name() { TO_OURSELVES } else { TO_THEM };
        let staged = session.encrypt(text, Trust::Anyone, phone.now, &mut phone.rng).unwrap();
        writes.extend(staged.writes());
        ciphertexts.push(staged.commit());
    }
    phone.rng = rng;
    let mut sessions = sessions(&phone, &others);
    let (staged, _) = encrypt(&mut phone, &mut sessions);
    assert_eq!(put(&staged.writes()), put(&writes));
    let messages = staged.commit();
    assert!(messages.iter().map(|message| &message.ciphertext).eq(&ciphertexts));
}

#[test]
fn failures_are_known_before_anything_is_stored() {
    let (mut phone, mut others) = devices();
    let mut unacknowledged = Device::new(CAROL, 5);
    phone.begin_with(&mut unacknowledged, Offer::FULL);
    phone.advance(Duration::from_secs(31 * 24 * 3_600));
    let nobody = Session::new(phone.address.clone(), Address::new("nobody", id(1)));
    let mut sessions = sessions(&phone, &others);
    sessions.push(phone.session(&unacknowledged.address).unwrap());
    sessions.push(nobody);
    let each =
        sessions.iter_mut().zip([Trust::Anyone, Trust::Nobody, Trust::Anyone, Trust::Anyone, Trust::Anyone]);
    let each = each.map(|(session, trust)| (session, trust, TO_THEM));
    let (staged, failures) = encrypt_each(each, phone.now, &mut phone.rng);
    let expected = [
        (others[1].address.clone(), EncryptError::UntrustedIdentity),
        (unacknowledged.address, EncryptError::Stale),
        (Address::new("nobody", id(1)), EncryptError::NoSession),
    ];
    let failures: Vec<_> = failures.into_iter().map(|failure| (failure.address, failure.error)).collect();
    assert_eq!(failures, expected);
    let messages = staged.commit();
    let addresses: Vec<_> = messages.iter().map(|message| message.address.clone()).collect();
    assert_eq!(addresses, [others[0].address.clone(), others[2].address.clone()]);
    others[0].hear(&phone, &letter(&messages[0].ciphertext), TO_THEM);
    assert_eq!(sessions[1].generation(), phone.session(&others[1].address).unwrap().generation());
}

/// All writes in one transaction, which fails: nothing has changed.
#[test]
fn a_store_that_fails_changes_no_session() {
    let (mut phone, mut others) = devices();
    let mut sessions = sessions(&phone, &others);
    let before: Vec<_> = sessions.iter().map(Session::record).collect();
    let stored = phone.store.clone();
    for table in [Table::Identities, Table::Sessions] {
        let (staged, _) = encrypt(&mut phone, &mut sessions);
        let faults = Faults { writes: vec![table], ..Faults::default() };
        let outcome = staged.commit_with(|writes| phone.store.apply_unless(&faults, writes));
        assert_eq!(outcome.map(|messages| messages.len()), Err(Failure::Store(table)));
        phone.store.assert_same(&stored);
        for (session, before) in sessions.iter().zip(&before) {
            assert_eq!(session.record().as_bytes(), before.as_bytes());
        }
    }
    let (staged, _) = encrypt(&mut phone, &mut sessions);
    let messages = device::store_and_commit(staged, &mut phone.store, &phone.faults).unwrap();
    for ((session, other), message) in sessions.iter().zip(&mut others).zip(messages) {
        assert_eq!(session.record().as_bytes(), phone.record(&other.address));
        let text = if other.address.name() == phone.address.name() { TO_OURSELVES } else { TO_THEM };
        other.hear(&phone, &letter(&message.ciphertext), text);
    }
}

#[test]
fn a_dropped_stage_uses_up_nothing() {
    let (mut phone, mut others) = devices();
    let mut sessions = sessions(&phone, &others);
    let (staged, _) = encrypt(&mut phone, &mut sessions);
    assert_eq!(format!("{staged:?}"), "Staged(3 states)");
    drop(staged);
    let (staged, _) = encrypt(&mut phone, &mut sessions);
    for (message, other) in staged.commit().iter().zip(&mut others) {
        let letter = letter(&message.ciphertext);
        assert_eq!(letter.signal().counter(), 0, "the first of its chain");
        let text = if other.address.name() == phone.address.name() { TO_OURSELVES } else { TO_THEM };
        other.hear(&phone, &letter, text);
    }
}

#[test]
fn no_session_gives_no_message() {
    let mut phone = Device::new("alice", 1);
    let (staged, failures) = encrypt(&mut phone, &mut []);
    assert_eq!((staged.writes().len(), failures.len()), (0, 0));
    assert!(staged.commit().is_empty());
    assert_eq!(at("alice", [1]), [phone.address]);
}
