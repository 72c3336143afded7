// SPDX-License-Identifier: MIT OR Apache-2.0

//! What happens, in its order.

use std::io::Write;

use subrosa::Session;
use subrosa::keys::KeyPair;
use subrosa::session::Policy;

use super::args::Options;
use super::conversation::{Conversation, Devices, stored};
use super::failure::{Failure, promised};
use super::ledger::{Ledger, Summary};
use super::network::{Envelope, Fate, Network};
use super::on_purpose;
use super::place::Place;
use super::report::{Report, grouped};
use super::service::Service;
use super::side::Side::{self, Alice, Bob};
use super::store::StoreError;
use super::wire::hex;
use super::world::{World, luck};

/// What they say, over and over.
const TALK: [(Side, &str); 16] = [
    (Bob, "Gladly. Where?"),
    (Bob, "And when?"),
    (Alice, "At the harbour, by the crane."),
    (Alice, "Seven o'clock."),
    (Bob, "I may be late."),
    (Alice, "Then I shall wait."),
    (Bob, "Bring the map."),
    (Alice, "Which one?"),
    (Bob, "The one with the rose on it."),
    (Bob, "And tell nobody."),
    (Alice, "Sub rosa, as always."),
    (Alice, "Is it raining with you?"),
    (Bob, "Not yet."),
    (Alice, "Take the umbrella all the same."),
    (Bob, "You sound like my mother."),
    (Alice, "I take that as a compliment."),
];

const POLICY_4: &str = "version 4 (PQXDH, post-quantum ratchet); the older version 3 is refused";
const POLICY_3: &str = "version 3 (X3DH) is allowed: what is recorded today may be read by quantum computers";

/// Plays all scenes.
pub fn play(options: &Options, out: &mut dyn Write) -> Result<Summary, Failure> {
    let place = Place::open(options.dir.as_deref())?;
    let policy = if options.version3 { Policy::AllowVersion3 } else { Policy::PostQuantum };
    let mut world = World::new(options.seed, place.run());
    let trust_root = KeyPair::generate(&mut world.random);
    let mut conversation = Conversation {
        devices: Devices::open(&place, policy, *trust_root.public(), &mut world)?,
        place: &place,
        policy,
        trust_root: *trust_root.public(),
        service: Service::new(trust_root.private(), &mut world.random),
        network: Network::new(luck(options.seed, place.run()), options.loss),
        ledger: Ledger::default(),
        world,
        report: Report::new(out),
    };
    title(options, &mut conversation)?;
    prekeys(&mut conversation)?;
    let first = first_contact(&mut conversation)?;
    let mut lines = TALK.iter().cycle();
    let half = options.messages / 2;
    talk(&mut conversation, lines.by_ref().take(half as usize))?;
    let mut conversation = restart(conversation)?;
    talk(&mut conversation, lines.take((options.messages - half) as usize))?;
    on_purpose::play(&mut conversation, first.as_ref())?;
    goodbye(&mut conversation)?;
    let summary = conversation.summary()?;
    let records = [records(&conversation, Alice)?, records(&conversation, Bob)?];
    conversation.report.summary(&summary, &records)?;
    Ok(summary)
}

fn title(options: &Options, conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { place, report, .. } = conversation;
    report.line("subrosa: a conversation between two devices\n")?;
    report.field("policy", if options.version3 { POLICY_3 } else { POLICY_4 })?;
    let loss = options.loss;
    report.field("network", format_args!("loses {loss} %, and delays and repeats some of the rest"))?;
    match options.seed {
        None => report.field("random bytes", "from the operating system"),
        Some(seed) => {
            report.field("random bytes", format_args!("from seed {seed}: everybody can guess the keys"))
        }
    }?;
    if place.is_temporary() {
        report.field("stores", "in a temporary directory, removed at the end")?;
    } else {
        report.field("stores", format_args!("in {}, run {}", place.path().display(), place.run()))?;
    }
    report.field(
        "message lines",
        "number; what anybody on the way sees: receiver, envelope's version and bytes;",
    )?;
    report.field("", "│ inside: sender, kind, version, epoch (e) and bytes (+) of the third ratchet,")?;
    report.field("", "place in its chain (#), bytes, text; and its fate")?;
    Ok(())
}

fn prekeys(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    let Conversation { devices, service, world, report, .. } = conversation;
    report.scene("Both devices publish their prekeys")?;
    for side in Side::BOTH {
        let device = devices.get_mut(side);
        let published = device.publish(world)?;
        let identity = hex(device.identity().encode().get(..4).unwrap_or_default());
        let ids: Vec<_> = published.one_time_pre_keys.iter().map(|key| key.id.0.to_string()).collect();
        let kem = published.last_resort_kem_pre_key.as_ref();
        let kem = kem.map_or_else(String::new, |key| format!(", last-resort KEM prekey {}", key.id.0));
        let (signed, ids) = (published.signed_pre_key.id.0, ids.join(" "));
        report.note(
            side,
            format_args!("identity {identity} …, signed prekey {signed}{kem}, one-time prekeys {ids}"),
        )?;
        service.publish(side.address(), published);
    }
    report.note("at rest", "every record is sealed, for its kind and for its row in its device's store")?;
    for side in Side::BOTH {
        conversation.certify(side)?;
    }
    Ok(())
}

/// Alice's first message, and a store that fails when bob receives it. Gives the message, if there was need
/// for one.
fn first_contact(conversation: &mut Conversation<'_>) -> Result<Option<Envelope>, Failure> {
    if conversation.devices.alice.is_ready(conversation.world.now) {
        conversation.report.scene("The conversation goes on")?;
        for side in Side::BOTH {
            let device = conversation.devices.get(side);
            let Some((version, generation)) =
                device.session().and_then(|session| Some((session.version()?, session.generation())))
            else {
                conversation.report.note(side, "has no session yet")?;
                continue;
            };
            conversation.report.note(side, format_args!(
                "session of version {version} read from the store, after {generation} changes; no bundle is needed"
            ))?;
        }
        return Ok(None);
    }
    conversation.report.scene("First contact")?;
    let text = "Shall we meet?";
    let envelope = conversation.post(Alice, text)?;
    conversation.show(&envelope, text, "")?;
    let before = conversation.devices.bob.snapshot()?;
    conversation.devices.bob.store().fail_next();
    let failed = conversation.deliver(&envelope);
    promised(
        matches!(failed, Err(Failure::Store(StoreError::OnPurpose))),
        "a store that fails stops a message",
    )?;
    promised(conversation.devices.bob.snapshot()? == before, "a store that fails changes nothing")?;
    conversation
        .report
        .note(Bob, "his store fails, disk full: no plaintext comes out, and nothing has changed")?;
    let received = conversation.deliver(&envelope)??;
    conversation.report.note(Bob, "tries again: decrypted ✓; in one transaction were stored")?;
    for words in stored(&received.saved) {
        conversation.report.note("", words.join(", "))?;
    }
    Ok(Some(envelope))
}

fn talk<'l>(
    conversation: &mut Conversation<'_>,
    lines: impl Iterator<Item = &'l (Side, &'l str)>,
) -> Result<(), Failure> {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        conversation.report.scene("Over a bad network")?;
    }
    for (from, text) in lines {
        let fate = conversation.network.fate();
        conversation.say(*from, text, fate)?;
    }
    Ok(())
}

/// Both processes end and start again: all that is in memory is dropped, and read from the stores again.
fn restart(mut conversation: Conversation<'_>) -> Result<Conversation<'_>, Failure> {
    conversation.report.scene("Both processes end and start again")?;
    conversation.say(Alice, "I am on my way.", Fate::Late)?;
    let Conversation { place, policy, trust_root, devices, service, network, ledger, mut world, mut report } =
        conversation;
    report.note("network", format_args!("goes on, with no. {} under way", network.under_way().join(", ")))?;
    let before = [devices.alice.snapshot()?, devices.bob.snapshot()?];
    drop(devices);
    let devices = Devices::open(place, policy, trust_root, &mut world)?;
    promised(before == [devices.alice.snapshot()?, devices.bob.snapshot()?], "a restart changes nothing")?;
    for side in Side::BOTH {
        let session = devices.get(side).session();
        let generation = session.map_or(0, Session::generation);
        let len = session.map_or(0, |session| session.record().as_bytes().len());
        report.note(
            side,
            format_args!(
                "reads the session from the store: {} bytes, as it was after {generation} changes",
                grouped(len)
            ),
        )?;
    }
    Ok(Conversation { place, policy, trust_root, devices, service, network, ledger, world, report })
}

/// What is still under way arrives, and one more message each way.
fn goodbye(conversation: &mut Conversation<'_>) -> Result<(), Failure> {
    conversation.report.scene("Goodbye, on a network that loses nothing")?;
    for late in conversation.network.rest() {
        conversation.deliver_late(&late)?;
    }
    conversation.say(Bob, "Until seven, then.", Fate::Arrives)?;
    conversation.say(Alice, "Until seven.", Fate::Arrives)
}

/// The lengths of the sealed records in a store, in words.
fn records(conversation: &Conversation<'_>, side: Side) -> Result<(Side, String), Failure> {
    let rows = conversation.devices.get(side).store().all_sealed()?;
    let count_and_len = |part: &str| {
        let of_kind = rows.iter().filter(|(name, _)| name.contains(part));
        of_kind.fold((0, 0), |(count, len), (_, sealed)| (count + 1, len + sealed.len()))
    };
    let [(_, session), (_, identity), (count, prekeys)] =
        ["session", "identity", "prekey"].map(count_and_len);
    let [session, identity, prekeys] = [session, identity, prekeys].map(grouped);
    let texts = conversation.devices.get(side).store().text_count()?;
    let words = format!(
        "session {session} bytes, identity {identity}, {count} prekeys {prekeys}, {texts} texts; all sealed"
    );
    Ok((side, words))
}
