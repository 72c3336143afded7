// SPDX-License-Identifier: MIT OR Apache-2.0

//! The scenes, in their order.

use subrosa::group::DistributionId;
use subrosa::keys::PublicKey;
use subrosa::rand_core::Rng;
use subrosa::{Address, DecryptError, os_rng};

use super::Error;
use super::client::{Arrival, Client, Group, Person, ReceiveError};
use super::letter::Letter;
use super::line::Line;
use super::on_purpose;
use super::protocol::short;
use super::relay::Relay;
use super::report::Report;
use super::sight;

/// All there is.
pub struct Stage<'a> {
    pub line: Line,
    pub trust_root: PublicKey,
    pub devices: Vec<Client>,
    pub report: Report<'a>,
}

/// The accounts, with their devices.
const CAST: [(&str, &[u32]); 3] = [("alice", &[1]), ("bob", &[1, 2]), ("carol", &[1, 2, 3])];

/// The devices that a message of Alice's to the group reaches.
const OTHERS: [&str; 5] = ["bob.1", "bob.2", "carol.1", "carol.2", "carol.3"];

/// Plays all scenes.
pub fn play(stage: &mut Stage<'_>, relay: &Relay) -> Result<(), Error> {
    stage.report.line("subrosa: a service delivers messages without learning their sender or content")?;
    register(stage)?;
    let group = first_messages(stage)?;
    later_message(stage)?;
    group_message(stage, &group)?;
    without_carol(stage, &group)?;
    other_devices(stage, &group)?;
    broken_off(stage)?;
    on_purpose::play(stage)?;
    sight::play(stage, relay)
}

fn register(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("Devices register")?;
    stage.report.note("service", format_args!("listens on {}", stage.line.0))?;
    for (name, devices) in CAST {
        let person = Person::new(name);
        for device in devices {
            let device = stage.device(&person, *device)?;
            stage.devices.push(device);
        }
        let ids: Vec<_> = devices.iter().map(ToString::to_string).collect();
        let known_as = short(&person.id.into());
        stage
            .report
            .note(name, format_args!("the service knows as {known_as}, with device {}", ids.join(" and ")))?;
    }
    Ok(())
}

/// Alice writes to each device for the first time, and tells it her key for the group.
fn first_messages(stage: &mut Stage<'_>) -> Result<Group, Error> {
    stage.report.scene("First messages, one for each device: v1")?;
    let mut id = [0; 16];
    os_rng().fill_bytes(&mut id);
    let members = vec![stage.get("bob.1")?.person.id, stage.get("carol.1")?.person.id];
    let group = Group { id: DistributionId::from_bytes(id), members: members.clone() };
    let alice = stage.with("alice.1")?;
    for member in members {
        alice.begin(&member.into(), Vec::new())?;
    }
    alice.distribute(&group)?;
    stage.report.note("alice.1", "begins five sessions from bundles; sends her key for the group on each")?;
    stage.report.table()?;
    for who in OTHERS {
        let arrival = stage.only_letter(who, "alice.1")?;
        stage
            .report
            .check(matches!(arrival.letter, Letter::SenderKey(_)), "what arrives is what was sent")?;
    }
    stage.report.note("all five", "verify that it is alice.1's, and take up her key for the group")?;
    Ok(group)
}

/// Bob answers, so that messages become short; then Alice.
fn later_message(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("Later messages: v1")?;
    for (from, to, text) in [("bob.1", "alice.1", "Gladly."), ("alice.1", "bob.1", "At the harbour, then.")] {
        let address = stage.get(to)?.address().clone();
        let from_device = stage.with(from)?;
        from_device.write(&address, &Letter::Text(text.to_owned()))?;
        stage.read_by(&[to], from, text)?;
    }
    stage.report.table()?;
    Ok(())
}

fn group_message(stage: &mut Stage<'_>, group: &Group) -> Result<(), Error> {
    stage.report.scene("A message to the group: encrypted once, handed in once, v2")?;
    let text = "Bring the map, both of you.";
    let alice = stage.with("alice.1")?;
    let refusals = alice.write_to_group(group, text, &[])?;
    stage.report.check(refusals.is_empty(), "who knows all devices is not refused")?;
    stage.report.table()?;
    stage.read_by(&OTHERS, "alice.1", text)
}

fn without_carol(stage: &mut Stage<'_>, group: &Group) -> Result<(), Error> {
    stage.report.scene("A message to the group, but not to carol")?;
    let text = "It is carol's birthday tomorrow.";
    let carol = stage.get("carol.1")?.person.id;
    let alice = stage.with("alice.1")?;
    alice.write_to_group(group, text, &[carol])?;
    stage.report.table()?;
    stage.read_by(&["bob.1", "bob.2"], "alice.1", text)
}

/// Bob's second device is set up anew, and Carol has another one in the place of her third.
fn other_devices(stage: &mut Stage<'_>, group: &Group) -> Result<(), Error> {
    stage.report.scene("Devices change, and the sender does not know")?;
    for (account, device, gone) in [("bob.1", 2, "bob.2"), ("carol.1", 4, "carol.3")] {
        let first = stage.get(account)?;
        first.unlink(stage.get(gone)?.address().device())?;
        let account = first.person.clone();
        let fresh = stage.device(&account, device)?;
        stage.report.note(&fresh, format_args!("is set up in the place of {gone}"))?;
        stage.devices.retain(|device| device.to_string() != gone);
        stage.devices.push(fresh);
    }
    let text = "Carol, happy birthday!";
    let alice = stage.with("alice.1")?;
    let refusals = alice.write_to_group(group, text, &[])?;
    stage.report.check(refusals.len() == 1, "a stale list of devices is refused once")?;
    stage.report.table()?;
    stage.report.note(
        "alice.1",
        "is refused; begins sessions with the new devices, tells all another key, tries again",
    )?;
    for who in ["bob.1", "bob.2", "carol.1", "carol.2", "carol.4"] {
        let arrivals = stage.letters(who)?;
        let [Arrival { letter: Letter::SenderKey(_), .. }, Arrival { letter: Letter::Text(read), .. }] =
            arrivals.as_slice()
        else {
            return Err("a promise was broken: a refused message arrives once it is right".into());
        };
        stage.report.check(read == text, "what arrives is what was sent")?;
    }
    stage.report.note("all five", format_args!("read \"{text}\""))?;
    Ok(())
}

/// A device receives and does not say so: the service keeps the message, and the device knows it again.
fn broken_off(stage: &mut Stage<'_>) -> Result<(), Error> {
    stage.report.scene("A connection breaks before a receipt is given")?;
    let text = "Are you there?";
    let to = stage.get("bob.2")?.address().clone();
    let alice = stage.with("alice.1")?;
    alice.write(&to, &Letter::Text(text.to_owned()))?;
    let (first, receipt) = stage.with("bob.2")?.fetch()?;
    stage.report.check(matches!(first.as_slice(), [Ok(_)]), "a message arrives")?;
    drop(receipt);
    let (again, receipt) = stage.with("bob.2")?.fetch()?;
    let [Err(ReceiveError::Decrypt(error))] = again.as_slice() else {
        return Err("a promise was broken: a message without a receipt comes again, and is known".into());
    };
    receipt.give()?;
    stage
        .report
        .check(*error == DecryptError::Duplicate, "a message that comes again is refused as a duplicate")?;
    stage.report.note("bob.2", format_args!("reads \"{text}\"; gets it again, and refuses it: {error}"))?;
    stage.report.table()?;
    Ok(())
}

impl Stage<'_> {
    /// Registers another device of an account.
    pub fn device(&mut self, person: &Person, device: u32) -> Result<Client, Error> {
        Client::register(person, device, self.trust_root, self.line)
    }

    pub fn get(&self, who: &str) -> Result<&Client, Error> {
        self.devices.iter().find(|device| device.to_string() == who).ok_or_else(|| "no such device".into())
    }

    /// A device, to do something.
    pub fn with(&mut self, who: &str) -> Result<&mut Client, Error> {
        self.devices
            .iter_mut()
            .find(|device| device.to_string() == who)
            .ok_or_else(|| "no such device".into())
    }

    /// The messages that wait for a device. All must be good.
    pub fn letters(&mut self, who: &str) -> Result<Vec<Arrival>, Error> {
        let (opened, receipt) = self.with(who)?.fetch()?;
        receipt.give()?;
        Ok(opened.into_iter().collect::<Result<_, _>>()?)
    }

    /// The one letter that waits for a device, which must be from that sender.
    fn only_letter(&mut self, who: &str, from: &str) -> Result<Arrival, Error> {
        let sender: Address = self.get(from)?.address().clone();
        let mut letters = self.letters(who)?;
        self.report.check(letters.len() == 1, "just what was sent arrives")?;
        let arrival = letters.pop().ok_or("nothing arrived")?;
        self.report.check(arrival.sender == sender, "the sender is the one who wrote it")?;
        Ok(arrival)
    }

    /// These devices read this text, and no other device gets anything.
    pub fn read_by(&mut self, devices: &[&str], from: &str, text: &str) -> Result<(), Error> {
        for who in devices {
            let arrival = self.only_letter(who, from)?;
            self.report
                .check(arrival.letter == Letter::Text(text.to_owned()), "what arrives is what was sent")?;
        }
        for who in self.devices.iter().map(ToString::to_string).collect::<Vec<_>>() {
            let nothing = self.letters(&who)?.is_empty();
            self.report.check(nothing, "nobody gets what is not for them")?;
        }
        let read = if devices.len() == 1 { "reads" } else { "read" };
        self.report.note(devices.join(", "), format_args!("{read} \"{text}\", from {from}"))?;
        Ok(())
    }
}
