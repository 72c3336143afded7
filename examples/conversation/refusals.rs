// SPDX-License-Identifier: MIT OR Apache-2.0

//! Refusals. After each one the rows of the store are compared with those from before.

use std::time::Duration;

use subrosa::account::{Counts, Limits};
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, ServerCertificate};
use subrosa::sealed::{Body, ContentHint, OpenError, UnverifiedContent};
use subrosa::store::Key;
use subrosa::{Account, BundleError, DecryptError, MessageKind, RecordError, Trust};

use super::device::Refused;
use super::service::{CERTIFIED, Envelope};
use super::stage::Stage;
use super::store::StoreError;
use super::who::{Error, Who};

/// All of it.
pub fn play(stage: &mut Stage<'_>, first: &Envelope) -> Result<(), Error> {
    stage.report.scene("What is refused, and changes nothing")?;
    let genuine = stage.post(Who::Alice, "The map is in the third drawer.")?;
    flipped_bits(stage, &genuine)?;
    expired(stage, &genuine)?;
    full_disk(stage, &genuine)?;
    forged(stage, first)?;
    another_identity(stage)?;
    moved_row(stage)?;
    two_processes(stage)
}

/// Hands Bob an envelope that he must refuse.
fn refuses(
    stage: &mut Stage<'_>,
    what: &str,
    envelope: &Envelope,
    expected: impl FnOnce(&Refused) -> bool,
) -> Result<(), Error> {
    let before = stage.bob.store.rows()?;
    match stage.deliver(envelope) {
        Ok(_) => stage.report.check(false, what)?,
        Err(error) => {
            stage.report.note("bob", format_args!("refuses {what}: {error}"))?;
            stage.report.check(expected(&error), what)?;
        }
    }
    let unchanged = stage.bob.store.rows()? == before;
    stage.report.check(unchanged, "what is refused changes nothing")
}

fn flipped_bits(stage: &mut Stage<'_>, genuine: &Envelope) -> Result<(), Error> {
    let (before, bits) = (stage.bob.store.rows()?, genuine.sealed.len() * 8);
    // All behind the first byte: that is two versions, of which 0 and 1 mean the same.
    let places = (8..bits).step_by(61);
    for bit in places.clone() {
        let mut flipped = genuine.clone();
        flipped.sealed.iter_mut().skip(bit / 8).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
        let refused = stage.deliver(&flipped).is_err();
        stage.report.check(refused, "an envelope with one flipped bit is refused")?;
    }
    let unchanged = stage.bob.store.rows()? == before;
    stage.report.check(unchanged, "what is refused changes nothing")?;
    let tried = places.count();
    stage.report.note("bob", format_args!("refuses an envelope with one flipped bit, in {tried} places"))?;
    Ok(())
}

/// The service says that it took the envelope after the certificate had expired.
fn expired(stage: &mut Stage<'_>, genuine: &Envelope) -> Result<(), Error> {
    let taken = genuine.taken.saturating_add(CERTIFIED + Duration::from_secs(1));
    refuses(stage, "an envelope from after its time", &Envelope { taken, ..genuine.clone() }, |error| {
        matches!(error, Refused::Envelope(OpenError::Certificate(CertificateError::Expired)))
    })
}

/// Without a stored session there is no text, and no message.
fn full_disk(stage: &mut Stage<'_>, genuine: &Envelope) -> Result<(), Error> {
    stage.bob.store.is_full = true;
    refuses(stage, "a text that can't be stored", genuine, |error| {
        matches!(error, Refused::Store(StoreError::DiskFull))
    })?;
    stage.alice.store.is_full = true;
    let before = stage.alice.store.rows()?;
    let sent = stage.write(Who::Alice, "This is not sent.");
    let unchanged = stage.alice.store.rows()? == before && stage.flush(Who::Alice)?.is_empty();
    stage.report.check(sent.is_err() && unchanged, "nothing leaves before it is stored")?;
    stage.report.note("alice", "sends nothing that she can't store: disk full")?;
    stage.report.note("bob", "has room again, and reads the genuine envelope:")?;
    stage.read(genuine, "")?;
    refuses(stage, "it a second time", genuine, |error| {
        matches!(error, Refused::Decrypt(DecryptError::Duplicate, ..))
    })
}

/// Forgeries by Mallory, who has an account, too.
fn forged(stage: &mut Stage<'_>, first: &Envelope) -> Result<(), Error> {
    let alices = stage.alice.certificate().ok_or("no certificate")?.clone();
    let rng = &mut stage.world.rng;
    let mallory = Account::generate(Who::Mallory.address(), Limits::default(), rng)?.commit();
    let (root, server) = (KeyPair::generate(rng), KeyPair::generate(rng));
    let untrusted = ServerCertificate::issue(1, server.public(), root.private(), rng);
    let mut details = alices.claimed().clone();
    details.identity_key = *mallory.identity_key();
    let forged = details.issue(&untrusted, server.private(), rng)?;
    let own = stage.service.certify(Who::Mallory, *mallory.identity_key(), &mut stage.world)?;

    let opened = UnverifiedContent::open(&first.sealed, stage.bob.account().identity())?;
    let trust = subrosa::sealed::certificate::TrustStore {
        trust_roots: &[stage.service.trust_root],
        revoked: &[],
        known: &[],
    };
    let content = opened.verify(&trust, &Who::Bob.address(), None, first.taken)?;
    let Body::Session(message) = content.body()? else { return Err("not a message".into()) };
    // With Bob's key, as if Mallory had come by it somehow.
    let inside = (message.kind(), message.as_bytes());
    let mut envelope = |certificate: &SenderCertificate| seal(stage, &mallory, certificate, inside, first);
    let envelopes = [envelope(&forged)?, envelope(&alices)?, envelope(&own)?];
    let [forged, borrowed, own] = &envelopes;
    refuses(stage, "a certificate that mallory made", forged, |error| {
        matches!(error, Refused::Envelope(OpenError::Certificate(CertificateError::Untrusted)))
    })?;
    refuses(stage, "alice's certificate from mallory", borrowed, |error| {
        matches!(error, Refused::Envelope(OpenError::WrongSender))
    })?;
    refuses(stage, "her message from mallory", own, |error| {
        matches!(error, Refused::Decrypt(DecryptError::IdentityMismatch, ..))
    })?;
    // Bob keeps five chains of her DH ratchet. A message of one before these can't be told from a forged one.
    refuses(stage, "alice's first message once more", first, |error| {
        matches!(error, Refused::Decrypt(DecryptError::Duplicate | DecryptError::Forged(_), ..))
    })
}

/// Seals any message with any certificate, which the crate's `Sender` refuses to do.
fn seal(
    stage: &mut Stage<'_>,
    by: &Account,
    certificate: &SenderCertificate,
    (kind, message): (MessageKind, &[u8]),
    like: &Envelope,
) -> Result<Envelope, Error> {
    let (certificate, hint) = (certificate.as_bytes(), ContentHint::Default);
    let content = SealedContent { kind, certificate, message, hint, group_id: None }.encode();
    let sealed = v1::seal(&content, by.identity(), stage.bob.identity(), &mut stage.world.rng)?;
    Ok(Envelope { sealed, ..like.clone() })
}

/// The service lies: it says that Mallory's identity is Alice's, and Bob's.
fn another_identity(stage: &mut Stage<'_>) -> Result<(), Error> {
    let (now, service) = (stage.world.now, &mut stage.service);
    let rng = &mut stage.world.rng;
    let mut other = Account::generate(Who::Alice.address(), Limits::default(), rng)?.commit();
    let mut session = other.new_session(&Who::Bob.address());
    let bundle = service.bundle(Who::Bob).ok_or("no bundle")?.verify(Trust::Anyone)?;
    session.initiate(&other.config(), bundle, now, rng)?.commit();
    let upload = other.maintain(Counts::default(), now, rng)?.commit().next_bundle();
    let certificate = service.certify(Who::Alice, *other.identity_key(), &mut stage.world)?;
    let sender = subrosa::sealed::Sender::new(other.identity(), &certificate)?;
    let staged = sender.encrypt(&mut session, b"It is me.", Trust::Anyone, now, &mut stage.world.rng)?;
    let envelope = Envelope { number: 0, to: Who::Bob, sent: now, taken: now, sealed: staged.commit() };
    refuses(stage, "alice under another identity", &envelope, |error| {
        matches!(error, Refused::Decrypt(DecryptError::UntrustedIdentity, ..))
    })?;
    let pinned = stage.alice.store.memory().identity(Who::Bob.address().name())?;
    let refused = upload.ok_or("no bundle")?.verify(Trust::on_first_use(pinned.as_ref()));
    let Err(error) = refused else { return Err("a promise was broken: another identity is refused".into()) };
    stage.report.check(error == BundleError::UntrustedIdentity, "another identity is refused")?;
    stage.report.note("alice", format_args!("refuses another bundle as bob's: {error}"))?;
    Ok(())
}

/// Somebody who can write to the file puts a row in the place of another.
fn moved_row(stage: &mut Stage<'_>) -> Result<(), Error> {
    let row = Key::Session(Who::Alice.address());
    let moved = stage.bob.store.opens_in(&row, &Key::Session(Who::Mallory.address()));
    stage.report.check(stage.bob.store.opens_in(&row, &row).is_ok(), "a record opens in its row")?;
    let Err(error) = moved else { return Err("a promise was broken: a moved row is refused".into()) };
    stage.report.check(error == RecordError::NotAuthentic, "a record opens in its row alone")?;
    stage.report.note("bob", format_args!("refuses alice's session in mallory's row: {error}"))?;
    Ok(())
}

/// Two processes use one store: the second sends, and the first does not know.
fn two_processes(stage: &mut Stage<'_>) -> Result<(), Error> {
    let second = stage.open(Who::Alice, "alice")?;
    let first = std::mem::replace(&mut stage.alice, second);
    stage.say(Who::Alice, "Third drawer from below.")?;
    stage.alice = first;
    let before = stage.alice.store.rows()?;
    let sent = stage.write(Who::Alice, "No, from above.");
    let outdated = |error: &Error| matches!(error.downcast_ref(), Some(StoreError::Stale(_)));
    let refused = sent.as_ref().is_err_and(outdated) && stage.alice.store.rows()? == before;
    stage.report.check(refused, "no key is used twice, by two processes")?;
    if let Err(error) = sent {
        stage.report.note("alice", format_args!("in an older process can't send: {error}"))?;
    }
    stage.restart(Who::Alice)?;
    stage.say(Who::Alice, "From above, I mean.")?;
    Ok(())
}
