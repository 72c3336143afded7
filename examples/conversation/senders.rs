// SPDX-License-Identifier: MIT OR Apache-2.0

//! Senders who are not who they say, and certificates that are no good.

use std::time::Duration;

use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate};
use subrosa::sealed::{ContentHint, OpenError, SealError};
use subrosa::{Address, DecryptError, IdentityKeyPair, PreKeyBundle, Session, Trust, sealed, session};

use super::conversation::Conversation;
use super::device::{BeginError, CertifyError, SendError};
use super::failure::{Failure, promised};
use super::network::{Envelope, Fate};
use super::on_purpose::mallorys_keys;
use super::receive::ReceiveError;
use super::service::{CERTIFIED, Service};
use super::side::Side::{self, Alice, Bob};
use super::side::mallory;
use super::wire::message_inside;
use super::world::{World, later};

/// Plays all of it, and lets a day pass in the end. `first` is the message that began the session, if that was
/// in this run.
pub fn play(conversation: &mut Conversation<'_>, first: Option<&Envelope>) -> Result<(), Failure> {
    conversation.report.scene("Senders who are not who they say")?;
    if let Some(first) = first {
        // As a duplicate; or, after a long conversation, as one whose keys are gone.
        refuses(conversation, Bob, &first.sealed, &format!("no. {} again,", first.number), |error| {
            matches!(error, ReceiveError::Receive(DecryptError::Decrypt(_)))
        })?;
        resealed(conversation, first)?;
    }
    forged_certificate(conversation)?;
    self_send(conversation)?;
    conversation.report.scene("A day later")?;
    expired(conversation)
}

/// Mallory, who somehow got what is inside Alice's first message, seals it as his own.
fn resealed(conversation: &mut Conversation<'_>, first: &Envelope) -> Result<(), Failure> {
    let Conversation { devices, service, world, policy, .. } = conversation;
    let identity = IdentityKeyPair::generate(&mut world.random);
    service.publish(mallory(), mallorys_keys(*policy, &identity, world));
    let certificate = service.certify(&mallory(), world.now, &mut world.random);
    let certificate = certificate.ok_or(CertifyError::NotRegistered)?;
    let (kind, message) = message_inside(&first.sealed, &devices.bob.identity)?;
    let content = SealedContent {
        kind,
        certificate: certificate.as_bytes(),
        message: &message,
        hint: ContentHint::Default,
        group_id: None,
    };
    let sealed = v1::seal(&content.encode(), &identity, devices.bob.identity(), &mut world.random);
    let sealed = sealed.map_err(SealError::from).map_err(SendError::from)?;
    let what = format!("what is inside no. {}, in an envelope of mallory's,", first.number);
    refuses(conversation, Bob, &sealed, &what, |error| {
        matches!(error, ReceiveError::Receive(DecryptError::IdentityMismatch))
    })
}

/// Mallory has a service of his own, which certifies that he is Alice.
fn forged_certificate(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { service, world, policy, .. } = conversation;
    let identity = IdentityKeyPair::generate(&mut world.random);
    let root = KeyPair::generate(&mut world.random);
    let mut mallorys = Service::new(root.private(), &mut world.random);
    mallorys.publish(Alice.address(), mallorys_keys(*policy, &identity, world));
    let certificate = mallorys.certify(&Alice.address(), world.now, &mut world.random);
    let certificate = certificate.ok_or(CertifyError::NotRegistered)?;
    let bundle = service.fetch(&Bob.address());
    let local = session::Config::new(&identity, 666).with_policy(*policy);
    let sealed = first_message(&local, &certificate, (&Bob.address(), bundle), &mut conversation.world)?;
    refuses(
        conversation,
        Bob,
        &sealed,
        "an envelope of mallory's, certified by himself as alice's,",
        |error| matches!(error, ReceiveError::Sender(OpenError::Certificate(CertificateError::Untrusted))),
    )
}

/// An envelope of Alice's comes back to her.
fn self_send(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let now = conversation.world.now;
    if !conversation.devices.alice.is_certified(now) {
        conversation.certify(Alice)?;
    }
    let Conversation { devices, service, world, .. } = conversation;
    let alice = &devices.alice;
    let certificate = alice.certificate.as_ref().ok_or(SendError::NotCertified)?;
    let local = session::Config::new(&alice.identity, alice.registration_id).with_policy(alice.policy);
    let to = (&Alice.address(), service.fetch(&Alice.address()));
    let sealed = first_message(&local, certificate, to, world)?;
    refuses(conversation, Alice, &sealed, "an envelope from herself,", |error| {
        matches!(error, ReceiveError::Sender(OpenError::SelfSend))
    })
}

/// A certificate expires while a message is under way, and before another one is sent.
fn expired(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let text = "Are you still there?";
    let late = conversation.post(Alice, text)?;
    conversation.show(&late, text, "held")?;
    let world = &mut conversation.world;
    world.now = later(world.now, CERTIFIED + Duration::from_millis(1));
    let as_if_new = Envelope { taken: world.now, ..late.clone() };
    refuses(
        conversation,
        Bob,
        &as_if_new.sealed,
        &format!("no. {} as if sent only now,", late.number),
        |error| matches!(error, ReceiveError::Sender(OpenError::Certificate(CertificateError::Expired))),
    )?;
    promised(conversation.deliver(&late)?.is_ok(), "a certificate counts at the time of the message")?;
    conversation.report.note(Bob, "is told when the service took it: it was good then, decrypted ✓")?;

    let before = conversation.devices.alice.snapshot()?;
    let Conversation { devices, world, report, .. } = conversation;
    match devices.alice.send("Nobody would open this.", world) {
        Err(SendError::Encrypt(error @ SealError::CertificateExpired)) => {
            report.note(
                Alice,
                format_args!("would send on: {error}; nothing comes out, nothing has changed"),
            )?;
        }
        _ => return Err(Failure::Promise("nothing is sealed with an expired certificate")),
    }
    promised(devices.alice.snapshot()? == before, "an expired certificate changes nothing")?;
    conversation.say(Alice, "It is late.", Fate::Arrives)
}

/// The first message of somebody who holds `local` and this certificate, whoever that names.
fn first_message(
    local: &session::Config<'_>,
    certificate: &SenderCertificate,
    (to, bundle): (&Address, Option<PreKeyBundle>),
    world: &mut World,
) -> Result<Vec<u8>, Failure> {
    let claimed = certificate.claimed();
    let mut session = Session::new(Address::new(claimed.name.as_str(), claimed.device), to.clone());
    let bundle = bundle.ok_or(BeginError::NoBundle)?.verify(Trust::Anyone).map_err(BeginError::from)?;
    let begun = session.initiate(local, bundle, world.now, &mut world.random);
    begun.map_err(BeginError::from)?.commit();
    let sender = sealed::Sender::new(local.identity, certificate).map_err(SendError::from)?;
    let sealed = sender.encrypt(&mut session, b"It is me.", Trust::Anyone, world.now, &mut world.random);
    Ok(sealed.map_err(SendError::from)?.commit())
}

/// A device refuses an envelope that comes now, for the expected reason, and nothing changes.
fn refuses(
    conversation: &mut Conversation<'_>,
    side: Side,
    sealed: &[u8],
    what: &str,
    expected: impl FnOnce(&ReceiveError) -> bool,
) -> Result<(), Failure> {
    let Conversation { devices, world, report, ledger, .. } = conversation;
    let before = devices.get(side).snapshot()?;
    let now = world.now;
    match devices.get_mut(side).receive(sealed, now, world) {
        Err(error) if expected(&error) => {
            ledger.attack();
            report.note(side, format_args!("receives {what}"))?;
            report.note("", format_args!("refuses it: {error}"))?;
        }
        _ => {
            return Err(Failure::Promise(
                "an envelope that is not genuine is refused for what is wrong with it",
            ));
        }
    }
    promised(devices.get(side).snapshot()? == before, "an envelope that is refused changes nothing")
}
