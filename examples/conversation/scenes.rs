// SPDX-License-Identifier: MIT OR Apache-2.0

//! The scenes, in their order.

use subrosa::IdentityKey;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};
use subrosa::repair::Show;
use subrosa::store::Key;

use super::args::Options;
use super::device::{Received, Refused};
use super::network::{Fate, Network};
use super::refusals;
use super::service::Envelope;
use super::stage::{Stage, other};
use super::thief::Thieves;
use super::who::{Error, Who};

/// One side of a fingerprint.
fn hash(who: Who, key: &IdentityKey) -> FingerprintHash {
    FingerprintHash::compute(FingerprintIterations::DEPLOYED, who.account().uuid(), key)
}

/// Plays all scenes.
pub fn play(stage: &mut Stage<'_>, options: Options) -> Result<(), Error> {
    let first = begin(stage)?;
    safety_number(stage)?;
    bad_network(stage, options.loss)?;
    crashes(stage)?;
    refusals::play(stage, &first)?;
    repair(stage)?;
    let mut thieves = theft(stage)?;
    if options.quick {
        stage.report.line("\n(--quick: the thief with a quantum computer is left out)")?;
    } else {
        quantum_theft(stage, &mut thieves)?;
    }
    let right = stage.inboxes_are_right()?;
    stage.report.check(right, "each text that arrived is in the inbox, once")?;
    let (messages, checks) = (stage.number, stage.report.checks);
    stage.report.line(format_args!(
        "\n{messages} messages, {checks} checks: every promise was kept. Each text that arrived is in the inbox once."
    ))?;
    Ok(())
}

/// Gives the first envelope, to be replayed later.
fn begin(stage: &mut Stage<'_>) -> Result<Envelope, Error> {
    stage.report.scene("Two accounts, a first message, an answer")?;
    for who in [Who::Alice, Who::Bob] {
        let rows = stage.with(who).0.store.rows()?.len();
        stage
            .report
            .note(who, format_args!("uploads prekeys; the store has {rows} rows, each sealed for its key"))?;
    }
    let one_time = |stage: &Stage<'_>| {
        let keys = stage.bob.store.memory().keys();
        keys.filter(|key| matches!(key, Key::OneTimePreKey(_) | Key::OneTimeKemPreKey(_))).count()
    };
    let before = one_time(stage);
    stage.report.columns()?;
    let first = stage.post(Who::Alice, "Shall we meet?")?;
    stage.read(&first, "")?;
    let pinned = stage.bob.store.memory().identity(Who::Alice.address().name())?;
    stage
        .report
        .check(pinned.as_ref() == Some(stage.alice.identity()), "an identity is pinned on first use")?;
    stage
        .report
        .check(one_time(stage) + 2 == before, "one-time prekeys are deleted with the first message")?;
    let answer = stage.say(Who::Bob, "Gladly. Where?")?;
    stage.report.check(!answer.first, "the answer needs no prekeys")?;
    let next = stage.say(Who::Alice, "At the harbour, at noon.")?;
    stage.report.check(!next.first, "after an answer no prekeys are named")?;
    stage
        .report
        .note(Who::Bob, "has stored each text with its session, pinned alice, deleted the used prekeys")?;
    Ok(first)
}

/// Each side computes it from its own identity and the one that it has pinned.
fn safety_number(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("The safety number")?;
    let seen_by = |stage: &mut Stage<'_>, who: Who| {
        let (device, theirs) = (&*stage.with(who).0, other(who));
        let pinned = device.store.memory().identity(theirs.address().name())?.ok_or("not pinned")?;
        let hashes = (hash(who, device.identity()), hash(theirs, &pinned));
        Ok::<_, Error>(Fingerprint::new(FingerprintVersion::ACCOUNT, hashes.0, hashes.1))
    };
    let (alices, bobs) = (seen_by(stage, Who::Alice)?, seen_by(stage, Who::Bob)?);
    for line in format!("{:#}", alices.displayable()).lines() {
        stage.report.note("", line)?;
    }
    stage.report.check(alices.displayable() == bobs.displayable(), "both see the same digits")?;
    alices.scannable().compare(&bobs.scannable().to_bytes())?;
    stage.report.note("both", "see these digits, and scan each other's code: nobody is between them")?;
    Ok(())
}

const TALK: [&str; 16] = [
    "The harbour is closed today.",
    "Then at the old mill?",
    "Too far. I am on foot.",
    "Take the tram, line 9.",
    "It does not stop there now.",
    "Since when?",
    "Since Monday.",
    "I see.",
    "What about the library?",
    "Upstairs, by the maps.",
    "Yes. Bring yours.",
    "Which one?",
    "The one with the red cross.",
    "I lent it to Carol.",
    "Ask her.",
    "I will.",
];

fn bad_network(stage: &mut Stage<'_>, loss: u32) -> Result<(), Error> {
    stage.report.scene(&format!("A bad network: it loses {loss} %, and delivers late or twice"))?;
    stage.report.columns()?;
    let mut network = Network::new(loss);
    for text in TALK {
        // Two messages in three go on from the same side: chains grow, and get out of order.
        let from = if stage.world.below(3) == 0 { Who::Alice } else { Who::Bob };
        let envelope = stage.post(from, text)?;
        match network.fate(&mut stage.world) {
            Fate::Lost => stage.report.message(&envelope, "(lost)")?,
            Fate::Late => {
                stage.report.message(&envelope, "(late)")?;
                network.hold(envelope, &mut stage.world);
            }
            fate => {
                stage.read(&envelope, "")?;
                if fate == Fate::Twice {
                    stage.again(&envelope)?;
                    stage.report.message(&envelope, "(the same once more: known, refused)")?;
                }
            }
        }
        for late in network.due() {
            stage.read(&late, " (late)")?;
        }
    }
    for late in network.all() {
        stage.read(&late, " (late)")?;
    }
    Ok(())
}

fn crashes(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("Crashes")?;
    stage.write(Who::Alice, "On my way.")?;
    stage.restart(Who::Alice)?;
    stage
        .report
        .note(Who::Alice, "crashes with a message in the outbox, starts again, and sends that one")?;
    let envelopes = stage.flush(Who::Alice)?;
    stage.report.check(envelopes.len() == 1, "what is in the outbox survives a crash")?;
    for envelope in envelopes {
        stage.read(&envelope, "")?;
        stage.restart(Who::Bob)?;
        stage.again(&envelope)?;
        stage.report.message(&envelope, "(the same once more: known, refused)")?;
        stage.report.note(
            Who::Bob,
            "crashed before he told the service, which sent it again: it is in his inbox once",
        )?;
    }
    let again = stage.flush(Who::Alice)?;
    stage.report.check(again.is_empty(), "what the service has is not sent again")?;
    Ok(())
}

/// Bob's phone breaks. His backup is older than his session.
fn repair(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("A backup is restored, and a session repaired")?;
    let backup = stage.backup(Who::Bob)?;
    // The app starts each morning, and leaves a token with the service then.
    stage.restart(Who::Bob)?;
    stage.report.columns()?;
    stage.say(Who::Alice, "Look what I found.")?;
    stage.say(Who::Bob, "Show me!")?;
    stage.say(Who::Alice, "Tonight.")?;
    stage.say(Who::Bob, "At eight?")?;
    stage.say(Who::Alice, "At nine.")?;
    stage.restore(Who::Bob, backup)?;
    let recovered = stage.bob.recover(&mut stage.service, &mut stage.world)?;
    stage.report.check(recovered, "an old backup is noticed")?;
    stage
        .report
        .note(Who::Bob, "restores an old backup; the service's token tells him, and he makes new prekeys")?;

    let envelope = stage.post(Who::Alice, "Are you there?")?;
    let Err(Refused::Decrypt(error, from, advice)) = stage.deliver(&envelope) else {
        return Err("a promise was broken: a lost session decrypts nothing".into());
    };
    stage.report.message(&envelope, format_args!("(can't be read: {error})"))?;
    stage
        .report
        .check(advice.show == Show::IfNotSentAgain, "a message that is sent again is not shown as missing")?;
    stage.world.tick();
    stage.bob.ask(from, advice.ask.ok_or("asking is of no use")?, &mut stage.service, &mut stage.world)?;
    for request in stage.flush(Who::Bob)? {
        let Received::Asked { from, resend } = stage.deliver(&request)? else {
            return Err("a promise was broken: a request is not a text".into());
        };
        stage.report.message(&request, format_args!("{from}: (asks for it again)"))?;
        stage.report.check(resend.reset, "a broken session is reset")?;
        stage.alice.resend(from, resend.timestamp, &mut stage.service, &mut stage.world)?;
    }
    for envelope in stage.flush(Who::Alice)? {
        let inside = stage.read(&envelope, "")?;
        stage.report.check(inside.first, "what is sent again begins another session")?;
    }
    stage.say(Who::Bob, "I am.")?;
    Ok(())
}

fn theft(stage: &mut Stage<'_>) -> Result<Thieves, Error> {
    stage.report.scene("Alice's store is stolen, with its key")?;
    stage.report.columns()?;
    stage.say(Who::Alice, "I left my phone somewhere.")?;
    let mut thieves = Thieves::steal(stage)?;
    stage.report.note("thief", "has a copy of her store, and gets a copy of each later envelope for her")?;
    for text in ["Is it back?", "The door code is 1749."] {
        let heard = thieves.bob_writes(stage, text)?;
        let reads = format!("bob: \"{text}\"  ({}) thief: reads it", heard.inside);
        stage.report.message(&heard.envelope, reads)?;
        stage.report.check(heard.classical && heard.quantum, "a thief reads what the stolen keys open")?;
    }
    let text = "Yes, it lay in the tram.";
    let (answer, inside) = thieves.alice_writes(stage, text)?;
    stage.report.message(&answer, format_args!("alice: \"{text}\"  ({inside})"))?;
    stage.report.note(Who::Alice, "has answered with a DH key that was made after the theft")?;
    for text in ["The new one is 5206.", "Tell nobody."] {
        let heard = thieves.bob_writes(stage, text)?;
        let reads = format!("bob: \"{text}\"  ({}) thief: can't", heard.inside);
        stage.report.message(&heard.envelope, reads)?;
        stage.report.check(!heard.classical, "one answer locks a thief out")?;
    }
    stage
        .report
        .note("thief", "is locked out. He can still pose as alice: her identity key is stolen, too,")?;
    stage.report.note("", "and only a new one ends that")?;
    Ok(thieves)
}

/// An epoch of the post-quantum ratchet takes about a hundred messages; this is enough for ten.
const MANY: u32 = 500;
/// After how many messages without a key the thief is believed to be locked out: most of an epoch.
const LOCKED_OUT: u32 = 40;

fn quantum_theft(stage: &mut Stage<'_>, thieves: &mut Thieves) -> Result<(), Error> {
    stage.report.scene("The same thief, with a quantum computer: no X25519 key is secret from him")?;
    let (mut epoch, mut read, mut unread) = (0, 0, 0);
    for number in 0..MANY {
        thieves.alice_writes(stage, &format!("Question {number}?"))?;
        let heard = thieves.bob_writes(stage, &format!("Answer {number}."))?;
        if heard.inside.epoch != epoch {
            let end = if epoch == 0 { "" } else { "\n" };
            epoch = heard.inside.epoch;
            stage.report.progress(format_args!("{end}   epoch {epoch:<2} "))?;
        }
        stage.report.progress(if heard.quantum { "r" } else { "." })?;
        stage.report.check(!heard.quantum || unread == 0, "a thief who is locked out stays so")?;
        read += u32::from(heard.quantum);
        unread += u32::from(!heard.quantum);
        if unread == LOCKED_OUT {
            break;
        }
    }
    stage.report.line("\n            r: a message of bob's that the thief reads    .: one that he can't")?;
    stage
        .report
        .check(read > 0 && unread == LOCKED_OUT, "new epochs lock out a thief with a quantum computer")?;
    stage.report.note(
        "thief",
        format_args!("reads {read} more messages, until a secret counts that was agreed by ML-KEM"),
    )?;
    stage
        .report
        .note("", "made after the theft; without the post-quantum ratchet he would read on for ever")?;
    Ok(())
}
