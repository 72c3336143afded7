// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages that are handed in to do harm. The service can't tell and carries them; receivers refuse them.

use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, ServerCertificate};
use subrosa::sealed::{ContentHint, OpenError, Sender};
use subrosa::{Address, Ciphertext, IdentityKey, PreKeyBundle, Session, Timestamp, Trust, os_rng};

use super::Error;
use super::client::{Client, Person, ReceiveError};
use super::letter::Letter;
use super::line::LineError;
use super::protocol::{Refusal, Request};
use super::scenes::Stage;

/// Does all of it.
pub fn play(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("On purpose: mallory, who has an account too")?;
    let mallory = stage.device(&Person::new("mallory"), 1)?;
    stage.devices.push(mallory);
    let bob = stage.get("bob.1")?.address().clone();
    stage.with("mallory.1")?.begin(bob.name(), vec![bob.device()])?;
    forged_certificate(stage)?;
    borrowed_certificate(stage)?;
    flipped_bit(stage)?;
    stage.report.table()?;
    not_messages(stage)
}

/// Mallory is his own trust root, and certifies that he is Alice.
fn forged_certificate(stage: &mut Stage<'_>) -> Result<(), Error> {
    let (alice, bob) = (stage.get("alice.1")?.certificate.clone(), stage.get("bob.1")?.address().clone());
    let mallory = stage.with("mallory.1")?;
    let random = &mut os_rng();
    let (root, server) = (KeyPair::generate(random), KeyPair::generate(random));
    let certificate = ServerCertificate::issue(1, server.public(), root.private(), random);
    let mut details = alice.claimed().clone();
    details.identity_key = *mallory.account.identity_key();
    details.expires = Timestamp::from_millis(u64::MAX);
    let forged = details.issue(&certificate, server.private(), random)?;
    let message = mallory.encrypt_as(&alice, &bob)?;
    let sender = Sender::new(mallory.account.identity(), &forged)?;
    let identity = mallory.peer(&bob)?;
    let sealed = sender.seal(&message, &identity, &mut os_rng())?;
    mallory.hand_in(&bob, &sealed)?;
    refuses(stage, "a certificate that mallory made", |error| {
        matches!(error, ReceiveError::Envelope(OpenError::Certificate(CertificateError::Untrusted)))
    })
}

/// Mallory puts Alice's own certificate into his envelope. She sends it to everybody, so he may have it.
fn borrowed_certificate(stage: &mut Stage<'_>) -> Result<(), Error> {
    let (alice, bob) = (stage.get("alice.1")?.certificate.clone(), stage.get("bob.1")?.address().clone());
    let mallory = stage.with("mallory.1")?;
    if Sender::new(mallory.account.identity(), &alice).is_ok() {
        return Err("a promise was broken: nothing is sealed with somebody else's certificate".into());
    }
    // So he writes the bytes himself.
    let message = mallory.encrypt_as(&alice, &bob)?;
    let content = SealedContent {
        kind: message.kind(),
        certificate: alice.as_bytes(),
        message: message.as_bytes(),
        hint: ContentHint::Default,
        group_id: None,
    };
    let identity = mallory.peer(&bob)?;
    let sealed = v1::seal(&content.encode(), mallory.account.identity(), &identity, &mut os_rng());
    mallory.hand_in(&bob, &sealed?)?;
    refuses(stage, "alice.1's certificate from mallory", |error| {
        matches!(error, ReceiveError::Envelope(OpenError::WrongSender))
    })
}

/// An envelope of Alice's with one bit flipped arrives before the genuine one.
fn flipped_bit(stage: &mut Stage<'_>) -> Result<(), Error> {
    let text = "The password is swordfish.";
    let bob = stage.get("bob.1")?.address().clone();
    let alice = stage.with("alice.1")?;
    let genuine = alice.seal(&bob, &Letter::Text(text.to_owned()))?;
    let mut forged = genuine.clone();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    stage.get("mallory.1")?.hand_in(&bob, &forged)?;
    refuses(stage, "an envelope of alice.1's with one bit flipped", |error| {
        matches!(error, ReceiveError::Envelope(OpenError::NotAuthentic))
    })?;
    stage.get("alice.1")?.hand_in(&bob, &genuine)?;
    stage.read_by(&["bob.1"], "alice.1", text)
}

/// Uploads that the service itself refuses.
fn not_messages(stage: &mut Stage<'_>) -> Result<(), Error> {
    let line = stage.line;
    let sent = |request: &Request, body: &[u8]| match line.ask(request, Some(body)) {
        Err(LineError::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    let nobody = Address::new(Person::new("nobody").id, 1);
    let bob = stage.get("bob.1")?.address().clone();
    let repeated = repeated_device(stage)?;
    let answers = [
        sent(&Request::DeliverToMany, b"no message"),
        sent(&Request::DeliverToMany, &repeated),
        sent(&Request::Deliver(nobody.clone(), 1), b"to nobody"),
        sent(&Request::Deliver(bob, 1), &vec![0; super::frame::MAX_LEN as usize + 1]),
    ];
    stage.report.table()?;
    let unknown = Refusal::Unknown(vec![nobody.name().clone()]);
    let expected = [Some(Refusal::Malformed), Some(Refusal::Malformed), Some(unknown), None];
    stage.report.check(answers == expected, "bytes that are no message are refused")?;
    stage.report.note("service", "hangs up on somebody whose message is too long")?;
    for who in ["bob.1", "bob.2"] {
        let nothing = stage.letters(who)?.is_empty();
        stage.report.check(nothing, "a refused message is not delivered")?;
    }
    Ok(())
}

/// A message for many that names a device twice.
fn repeated_device(stage: &mut Stage<'_>) -> Result<Vec<u8>, Error> {
    let bob = stage.get("bob.1")?.person.id.to_bytes();
    let device = [1, 0x80, 7, 1, 0, 7];
    Ok([&[0x23, 1][..], &bob, &device, &[0; 48 + 32 + 16]].concat())
}

/// Bob's first device refuses the waiting message for the expected reason, and nothing changes.
fn refuses(
    stage: &mut Stage<'_>,
    what: &str,
    expected: impl FnOnce(&ReceiveError) -> bool,
) -> Result<(), Error> {
    let records = |stage: &Stage<'_>| {
        let records = stage.get("bob.1")?.records().into_iter();
        Ok::<_, Error>(
            records.map(|(key, record)| (key.clone(), record.map(<[u8]>::to_vec))).collect::<Vec<_>>(),
        )
    };
    let before = records(stage)?;
    let (opened, receipt) = stage.with("bob.1")?.fetch()?;
    receipt.give()?;
    let [Err(error)] = opened.as_slice() else {
        return Err("a promise was broken: a forged envelope is refused".into());
    };
    stage.report.check(expected(error), "a forged envelope is refused for what is wrong with it")?;
    stage.report.note("bob.1", format_args!("refuses {what}: {error}"))?;
    let unchanged = records(stage)? == before;
    stage.report.check(unchanged, "a forged envelope changes nothing")
}

impl Client {
    /// A message on a session that this device begins as somebody else.
    fn encrypt_as(&mut self, other: &SenderCertificate, to: &Address) -> Result<Ciphertext, Error> {
        let request = Request::Bundles(to.name().clone(), vec![to.device()]);
        let bundles: Vec<PreKeyBundle> = self.line.ask_for(&request)?;
        let (mut session, now) =
            (Session::new(other.claimed().address.clone(), to.clone()), Timestamp::now());
        for bundle in bundles {
            let bundle = bundle.verify(Trust::Anyone)?;
            session.initiate(&self.account.config(), bundle, now, &mut os_rng())?.commit();
        }
        let letter = Letter::Text("It is me, Alice.".to_owned()).encode();
        Ok(session.encrypt(&letter, Trust::Anyone, now, &mut os_rng())?.commit())
    }

    /// The identity that a session is with.
    fn peer(&self, of: &Address) -> Result<IdentityKey, Error> {
        let identity = self.sessions.get(of).and_then(Session::remote_identity);
        identity.copied().ok_or_else(|| "no session".into())
    }
}
