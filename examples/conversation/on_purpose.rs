// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a bad network does not do by itself: done on purpose.

use subrosa::{
    BundleError, DecryptError, DeviceId, IdentityKeyPair, KemPreKeyId, LastResortKemPreKey, Policy,
    PreKeyBundle, RecordError, SignedPreKey, SignedPreKeyId,
};

use super::conversation::Conversation;
use super::device::{BeginError, SendError};
use super::failure::{Failure, promised};
use super::network::{Envelope, Fate};
use super::receive::ReceiveError;
use super::row::Row;
use super::side::Side::{Alice, Bob};
use super::side::mallory;
use super::store::StoreError;
use super::wire::flip_a_bit;
use super::world::World;

/// Does all of it. `first` is the message that began the session, if that was in this run.
pub fn play(conversation: &mut Conversation<'_>, first: Option<&Envelope>) -> Result<(), Failure> {
    conversation.report.scene("On purpose")?;
    out_of_order(conversation)?;
    forged(conversation)?;
    failing_store(conversation)?;
    if let Some(first) = first {
        replayed(conversation, first)?;
    }
    impostor(conversation)?;
    moved_record(conversation)
}

/// Three messages arrive in another order, and one of them once more.
fn out_of_order(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let mut posted = Vec::new();
    for text in ["One.", "Two.", "Three."] {
        let (envelope, visible) = conversation.post(Bob, text)?;
        conversation.report.sent(&envelope, &visible, text, "held")?;
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

/// A message with a flipped bit arrives before the genuine one.
fn forged(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let text = "The password is swordfish.";
    let (genuine, visible) = conversation.post(Alice, text)?;
    conversation.report.sent(&genuine, &visible, text, "held")?;
    let forged = flip_a_bit(genuine.kind, &genuine.bytes)?;
    let before = conversation.devices.bob.snapshot()?;
    let Conversation { devices, world, report, ledger, .. } = conversation;
    match devices.bob.receive(&Alice.address(), genuine.kind, &forged, world) {
        Err(error @ ReceiveError::Decrypt(DecryptError::Undecryptable(_))) => {
            ledger.attack();
            report.note(Bob, format_args!("receives it with one bit flipped, refuses it: {error}"))?;
        }
        _ => return Err(Failure::Promise("a forged message is refused")),
    }
    promised(devices.bob.snapshot()? == before, "a forged message changes nothing")?;
    let arrived = conversation.deliver(&genuine)?;
    promised(arrived.is_ok(), "the genuine message is decrypted after a forged one")?;
    conversation.report.note(Bob, "has changed nothing, so the genuine one is decrypted after it ✓")?;
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

/// The first message comes again, as somebody else's.
fn replayed(conversation: &mut Conversation<'_>, first: &Envelope) -> Result<(), Failure> {
    let Conversation { devices, world, report, ledger, .. } = conversation;
    let before = devices.bob.snapshot()?;
    match devices.bob.receive(&mallory(), first.kind, &first.bytes, world) {
        Err(ReceiveError::Store(error)) => return Err(error.into()),
        Err(error) => {
            ledger.attack();
            let number = first.number;
            report.note(
                Bob,
                format_args!("receives no. {number} again in mallory's name, refuses it: {error}"),
            )?;
        }
        Ok(_) => return Err(Failure::Promise("a replayed first message is refused")),
    }
    promised(devices.bob.snapshot()? == before, "a replayed message changes nothing")
}

/// The service hands out mallory's keys as bob's.
fn impostor(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { devices, world, report, ledger, policy, .. } = conversation;
    let bundle = mallorys_bundle(*policy, world);
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

/// A good bundle, but for whose it is.
fn mallorys_bundle(policy: Policy, world: &mut World) -> PreKeyBundle {
    let (now, random) = (world.now, &mut world.random);
    let identity = IdentityKeyPair::generate(random);
    let signed = SignedPreKey::generate(SignedPreKeyId(1), &identity, now, random);
    let kem = LastResortKemPreKey::generate(KemPreKeyId(1), &identity, now, random);
    PreKeyBundle {
        registration_id: 666,
        device_id: DeviceId::PRIMARY,
        identity_key: *identity.public(),
        signed_pre_key: signed.public(),
        one_time_pre_key: None,
        kem_pre_key: (policy == Policy::PostQuantum).then(|| kem.public()),
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
