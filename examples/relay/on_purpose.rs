// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is handed in to do harm. The service carries envelopes, since it can't tell; receivers refuse them.

use std::sync::Arc;

use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, ServerCertificate};
use subrosa::sealed::{ContentHint, OpenError};
use subrosa::{
    Address, Ciphertext, IdentityKeyPair, PreKeyBundle, Session, Timestamp, Trust, sealed, session,
};

use super::client::{Account, Client, SetUpError};
use super::failure::{Failure, promised};
use super::letter::Letter;
use super::line::LineError;
use super::protocol::Request;
use super::receive::ReceiveError;
use super::relay::new_account;
use super::scenes::Stage;
use super::send::SendError;
use super::world::World;

/// Does all of it.
pub fn play(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.report.scene("On purpose: mallory, who has an account too")?;
    let account = Account {
        name: "mallory",
        id: new_account(&mut stage.world.random),
        identity: Arc::new(IdentityKeyPair::generate(&mut stage.world.random)),
    };
    let mallory = stage.device(&account, 1)?;
    stage.devices.push(mallory);
    let bob = stage.get("bob.1")?.place();
    let (mallory, world) = stage.with("mallory.1")?;
    mallory.begin(bob.0, vec![bob.1], world)?;
    forged_certificate(stage)?;
    borrowed_certificate(stage)?;
    flipped_bit(stage)?;
    stage.report.table()?;
    not_messages(stage)
}

/// Mallory is his own trust root, and certifies that he is Alice.
fn forged_certificate(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (alice, bob) = (stage.get("alice.1")?.certificate.clone(), stage.get("bob.1")?.address.clone());
    let (mallory, world) = stage.with("mallory.1")?;
    let random = &mut world.random;
    let (root, server) = (KeyPair::generate(random), KeyPair::generate(random));
    let certificate = ServerCertificate::issue(1, server.public(), root.private(), random);
    let mut details = alice.claimed().clone();
    details.identity_key = *mallory.account.identity.public();
    details.expires = Timestamp::from_millis(u64::MAX);
    let forged = details.issue(&certificate, server.private(), random);
    let message = mallory.encrypt_as(&alice, &bob, world)?;
    let sender = sealed::Sender::new(&mallory.account.identity, &forged).map_err(SendError::from)?;
    let identity = mallory.peer(&bob)?;
    let sealed = sender.seal(&message, &identity, &mut world.random).map_err(SendError::from)?;
    mallory.hand_in(&bob, &sealed)?;
    refuses(stage, "an envelope of mallory's, with a certificate of his own that says alice.1", |error| {
        matches!(error, ReceiveError::Sender(OpenError::Certificate(CertificateError::Untrusted)))
    })
}

/// Mallory puts Alice's own certificate into his envelope. She sends it to everybody, so he may have it.
fn borrowed_certificate(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let (alice, bob) = (stage.get("alice.1")?.certificate.clone(), stage.get("bob.1")?.address.clone());
    let (mallory, world) = stage.with("mallory.1")?;
    promised(
        sealed::Sender::new(&mallory.account.identity, &alice).is_err(),
        "nothing is sealed with the certificate of somebody else",
    )?;
    // So he writes the bytes himself.
    let message = mallory.encrypt_as(&alice, &bob, world)?;
    let content = SealedContent {
        kind: message.kind(),
        certificate: alice.as_bytes(),
        message: message.as_bytes(),
        hint: ContentHint::Default,
        group_id: None,
    };
    let identity = mallory.peer(&bob)?;
    let sealed = v1::seal(&content.encode(), &mallory.account.identity, &identity, &mut world.random);
    mallory.hand_in(&bob, &sealed.map_err(SendError::from)?)?;
    refuses(stage, "an envelope of mallory's, with alice.1's certificate", |error| {
        matches!(error, ReceiveError::Open(OpenError::WrongSender))
    })
}

/// An envelope of Alice's with one bit flipped arrives before the genuine one.
fn flipped_bit(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let text = "The password is swordfish.";
    let bob = stage.get("bob.1")?.address.clone();
    let (alice, world) = stage.with("alice.1")?;
    let genuine = alice.seal(&bob, &Letter::Text(text.to_owned()), world)?;
    let mut forged = genuine.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    stage.get("mallory.1")?.hand_in(&bob, &forged)?;
    refuses(stage, "an envelope of alice.1's with one bit flipped", |error| {
        matches!(error, ReceiveError::Open(OpenError::NotAuthentic))
    })?;
    stage.get("alice.1")?.hand_in(&bob, &genuine)?;
    stage.read_by(&["bob.1"], "alice.1", text)
}

/// What the service itself refuses.
fn not_messages(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let nobody = new_account(&mut stage.world.random);
    let line = stage.line;
    let sent = |request: &Request, body: &[u8]| match line.ask(request, Some(body)) {
        Err(LineError::Refused(refusal)) => Ok(refusal.code()),
        Err(LineError::Io(_)) => Ok(0),
        Err(error) => Err(error),
        Ok(_) => Ok(200),
    };
    let bob = stage.get("bob.1")?.place();
    let repeated = repeated_device(stage)?;
    let answers = [
        sent(&Request::DeliverToMany, b"no message")?,
        sent(&Request::DeliverToMany, &repeated)?,
        sent(&Request::Deliver((nobody, bob.1), 1), b"to nobody")?,
        sent(&Request::Deliver(bob, 1), &vec![0; super::frame::MAX_LEN as usize + 1])?,
    ];
    stage.report.table()?;
    promised(answers == [400, 400, 404, 0], "what is no message is refused")?;
    stage.report.note("service", "hangs up on somebody whose message is too long")?;
    for who in ["bob.1", "bob.2"] {
        promised(stage.letters(who)?.is_empty(), "what is refused is not delivered")?;
    }
    Ok(())
}

/// A message for many that names a device twice.
fn repeated_device(stage: &mut Stage<'_>) -> Result<Vec<u8>, Failure> {
    let bob = stage.get("bob.1")?.place().0.to_fixed();
    let device = [1, 0x80, 7, 1, 0, 7];
    Ok([&[0x23, 1][..], &bob, &device, &[0; 48 + 32 + 16]].concat())
}

/// Bob's first device refuses what waits for it, for the expected reason, and nothing changes.
fn refuses(
    stage: &mut Stage<'_>,
    what: &str,
    expected: impl FnOnce(&ReceiveError) -> bool,
) -> Result<(), Failure> {
    let before = stage.get("bob.1")?.shelf.records();
    let (bob, world) = stage.with("bob.1")?;
    let (opened, receipt) = bob.fetch(world)?;
    receipt.give()?;
    let [Err(error)] = opened.as_slice() else {
        return Err(Failure::Promise("a forged envelope is refused"));
    };
    promised(expected(error), "a forged envelope is refused for what is wrong with it")?;
    stage.report.note("bob.1", format_args!("gets {what},"))?;
    stage.report.note("", format_args!("refuses it: {error}"))?;
    promised(stage.get("bob.1")?.shelf.records() == before, "a forged envelope changes nothing")
}

impl Client {
    /// A message on a session that this device begins as somebody else.
    fn encrypt_as(
        &mut self,
        other: &SenderCertificate,
        to: &Address,
        world: &mut World,
    ) -> Result<Ciphertext, Failure> {
        let claimed = Address::new(other.claimed().name.as_str(), other.claimed().device);
        let account = to.service_id().ok_or(SendError::NoSession)?;
        let bundles: Vec<PreKeyBundle> = self.line.ask_for(&Request::Bundles(account, vec![to.device()]))?;
        let mut session = Session::new(claimed, to.clone());
        let local = session::Config::new(&self.account.identity, self.registration_id);
        for bundle in bundles {
            let bundle = bundle.verify(Trust::Anyone).map_err(SetUpError::from)?;
            let staged = session.initiate(&local, bundle, world.now, &mut world.random);
            staged.map_err(SetUpError::from)?.commit();
        }
        let letter = Letter::Text("It is me, Alice.".to_owned()).encode();
        let staged = session.encrypt(&letter, Trust::Anyone, world.now, &mut world.random);
        Ok(staged.map_err(SendError::from)?.commit())
    }

    /// The identity that a session is with.
    fn peer(&self, of: &Address) -> Result<subrosa::IdentityKey, SendError> {
        let session = self.sessions.get(of).and_then(Session::remote_identity);
        session.copied().ok_or(SendError::NoSession)
    }
}
