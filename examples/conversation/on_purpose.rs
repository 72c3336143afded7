// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a bad network does not do by itself: done on purpose.

use std::collections::VecDeque;

use subrosa::prekey::{KemPreKeyId, LastResortKemPreKey, SignedPreKey, SignedPreKeyId};
use subrosa::sealed::OpenError;
use subrosa::session::Policy;
use subrosa::{BundleError, DeviceId, IdentityKeyPair, RecordError};

use super::conversation::Conversation;
use super::device::{BeginError, SendError};
use super::failure::{Failure, promised};
use super::network::{Envelope, Fate};
use super::published::Published;
use super::receive::ReceiveError;
use super::row::Row;
use super::senders;
use super::side::Side::{Alice, Bob};
use super::side::mallory;
use super::store::StoreError;
use super::wire::flip_bits;
use super::world::World;

/// Does all of it. `first` is the message that began the session, if that was in this run.
pub fn play(conversation: &mut Conversation<'_>, first: Option<&Envelope>) -> Result<(), Failure> {
    conversation.report.scene("On purpose")?;
    out_of_order(conversation)?;
    tampered(conversation)?;
    failing_store(conversation)?;
    impostor(conversation)?;
    moved_record(conversation)?;
    senders::play(conversation, first)
}

/// Three messages arrive in another order, and one of them once more.
fn out_of_order(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let mut posted = Vec::new();
    for text in ["One.", "Two.", "Three."] {
        let envelope = conversation.post(Bob, text)?;
        conversation.show(&envelope, text, "held")?;
        posted.push(envelope);
    }
    posted.rotate_right(1);
    for envelope in &posted {
        let arrived = conversation.deliver(envelope)?;
        promised(arrived.is_ok(), "messages are decrypted in any order")?;
    }
    let order: Vec<_> = posted.iter().map(|envelope| envelope.number.to_string()).collect();
    conversation
        .report
        .note(Alice, format_args!("receives no. {} in this order: decrypted ✓", order.join(", ")))?;
    if let Some(again) = posted.first() {
        conversation.ledger.repeated();
        conversation.deliver_late(again)?;
    }
    Ok(())
}

/// Envelopes with a flipped bit arrive before the genuine one.
fn tampered(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let text = "The password is swordfish.";
    let genuine = conversation.post(Alice, text)?;
    conversation.show(&genuine, text, "held")?;
    let before = conversation.devices.bob.snapshot()?;
    let Conversation { devices, world, report, ledger, .. } = conversation;
    let number = genuine.number;
    report.note(Bob, format_args!("receives no. {number} three times with one bit flipped, refuses it:"))?;
    for (part, forged) in flip_bits(&genuine.sealed)? {
        match devices.bob.receive(&forged, genuine.taken, world) {
            Err(ReceiveError::Open(error @ (OpenError::NotForUs | OpenError::NotAuthentic))) => {
                ledger.attack();
                report.note("", format_args!("in {part}: {error}"))?;
            }
            _ => return Err(Failure::Promise("a tampered envelope is refused")),
        }
    }
    promised(devices.bob.snapshot()? == before, "a tampered envelope changes nothing")?;
    let arrived = conversation.deliver(&genuine)?;
    promised(arrived.is_ok(), "the genuine message is decrypted after a tampered one")?;
    conversation.report.note(Bob, "has changed nothing, so the genuine one is decrypted after them ✓")?;
    Ok(())
}

/// A store fails while a message is being sent.
fn failing_store(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let text = "Got it.";
    let before = conversation.devices.bob.snapshot()?;
    let Conversation { devices, world, report, .. } = conversation;
    devices.bob.store().fail_next();
    match devices.bob.send(text, world) {
        Err(SendError::Store(error @ StoreError::OnPurpose)) => {
            report
                .note(Bob, format_args!("can't store, {error}: no message comes out, nothing has changed"))?;
        }
        _ => return Err(Failure::Promise("a store that fails stops a message")),
    }
    promised(devices.bob.snapshot()? == before, "a store that fails changes nothing")?;
    conversation.say(Bob, text, Fate::Arrives)
}

/// The service hands out mallory's keys as bob's.
fn impostor(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { devices, world, report, ledger, policy, .. } = conversation;
    let identity = IdentityKeyPair::generate(&mut world.random);
    let bundle = mallorys_keys(*policy, &identity, world).bundle(DeviceId::PRIMARY);
    let before = devices.alice.snapshot()?;
    match devices.alice.begin(Some(bundle), world) {
        Err(BeginError::Bundle(error @ BundleError::UntrustedIdentity)) => {
            ledger.attack();
            report.note(
                Alice,
                format_args!("is given mallory's bundle as bob's, refuses it: {error}; bob's is pinned"),
            )?;
        }
        _ => return Err(Failure::Promise("an identity that is not the pinned one is refused")),
    }
    promised(devices.alice.snapshot()? == before, "a refused bundle changes nothing")
}

/// What mallory publishes.
pub fn mallorys_keys(policy: Policy, identity: &IdentityKeyPair, world: &mut World) -> Published {
    let (now, random) = (world.now, &mut world.random);
    let signed = SignedPreKey::generate(SignedPreKeyId(1), identity, now, random);
    let kem = LastResortKemPreKey::generate(KemPreKeyId(1), identity, now, random);
    Published {
        registration_id: 666,
        identity_key: *identity.public(),
        signed_pre_key: signed.public(),
        last_resort_kem_pre_key: (policy == Policy::PostQuantum).then(|| kem.public()),
        one_time_pre_keys: VecDeque::new(),
    }
}

/// Somebody who can write the store moves a record to another row.
fn moved_record(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { devices, report, ledger, .. } = conversation;
    let store = devices.bob.store();
    let sealed = store.sealed(&Row::session(&Alice.address()))?.unwrap_or_default();
    match store.unseal(&Row::session(&mallory()), &sealed) {
        Err(StoreError::Record { error: error @ RecordError::NotAuthentic, .. }) => {
            ledger.attack();
            report.note(
                Bob,
                format_args!("finds the session with alice in mallory's row, refuses it: {error}"),
            )?;
            Ok(())
        }
        _ => Err(Failure::Promise("a record that was moved does not open")),
    }
}
