// SPDX-License-Identifier: MIT OR Apache-2.0

//! What happens, in its order.

use std::sync::Arc;

use subrosa::group::DistributionId;
use subrosa::keys::PublicKey;
use subrosa::rand_core::Rng;
use subrosa::{DeviceId, IdentityKeyPair};

use super::answer::short;
use super::client::{Account, Client};
use super::failure::{Failure, promised};
use super::letter::Letter;
use super::line::Line;
use super::on_purpose;
use super::receive::Arrival;
use super::relay::{Relay, new_account};
use super::report::Report;
use super::send::Group;
use super::sight::{self, Sight};
use super::world::World;

/// What is on the stage.
pub struct Stage<'a> {
    pub line: Line,
    pub trust_root: PublicKey,
    pub devices: Vec<Client>,
    pub world: World,
    pub report: Report<'a>,
}

/// Who has which devices.
const CAST: [(&str, &[u32]); 3] = [("alice", &[1]), ("bob", &[1, 2]), ("carol", &[1, 2, 3])];

/// The devices that a message of Alice's to the group reaches.
const OTHERS: [&str; 5] = ["bob.1", "bob.2", "carol.1", "carol.2", "carol.3"];

/// Plays all scenes.
pub fn play(stage: &mut Stage<'_>, relay: &Relay) -> Result<Sight, Failure> {
    stage.report.line("subrosa: a service that carries messages and does not know who wrote them")?;
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

fn register(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.report.scene("Devices register")?;
    stage.report.note("service", format_args!("listens on {}", stage.line.0))?;
    for (name, devices) in CAST {
        let account = Account {
            name,
            id: new_account(&mut stage.world.random),
            identity: Arc::new(IdentityKeyPair::generate(&mut stage.world.random)),
        };
        for device in devices {
            let device = stage.device(&account, *device)?;
            stage.devices.push(device);
        }
        let ids: Vec<_> = devices.iter().map(ToString::to_string).collect();
        let known_as = short(&account.id);
        stage
            .report
            .note(name, format_args!("the service knows as {known_as}, with device {}", ids.join(" and ")))?;
    }
    Ok(())
}

/// Alice writes to each device for the first time, and tells it her key for the group.
fn first_messages(stage: &mut Stage<'_>) -> Result<Group, Failure> {
    stage.report.scene("First messages, one for each device: v1")?;
    let mut id = [0; 16];
    stage.world.random.fill_bytes(&mut id);
    let members = vec![stage.get("bob.1")?.account.id, stage.get("carol.1")?.account.id];
    let group = Group { id: DistributionId::from_bytes(id), members: members.clone() };
    let (alice, world) = stage.with("alice.1")?;
    for member in members {
        alice.begin(member, Vec::new(), world)?;
    }
    alice.distribute(&group, world)?;
    stage
        .report
        .note("alice.1", "fetches bundles and begins five sessions; in each, her key for the group")?;
    stage.report.table()?;
    for who in OTHERS {
        let arrival = stage.only_letter(who, "alice.1")?;
        promised(matches!(arrival.letter, Letter::SenderKey(_)), "what arrives is what was sent")?;
    }
    stage
        .report
        .note("all five", "open it, verify that it is alice.1's, and take up her key for the group")?;
    Ok(group)
}

/// Bob answers, so that messages become short; then Alice.
fn later_message(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.report.scene("Later messages: v1")?;
    for (from, to, text) in [("bob.1", "alice.1", "Gladly."), ("alice.1", "bob.1", "At the harbour, then.")] {
        let address = stage.get(to)?.address.clone();
        let (from_device, world) = stage.with(from)?;
        from_device.write(&address, &Letter::Text(text.to_owned()), world)?;
        stage.read_by(&[to], from, text)?;
    }
    stage.report.table()?;
    Ok(())
}

fn group_message(stage: &mut Stage<'_>, group: &Group) -> Result<(), Failure> {
    stage.report.scene("A message to the group: encrypted once, handed in once, v2")?;
    let text = "Bring the map, both of you.";
    let (alice, world) = stage.with("alice.1")?;
    let refusals = alice.write_to_group(group, text, &[], world)?;
    promised(refusals.is_empty(), "who knows all devices is not refused")?;
    stage.report.table()?;
    stage.read_by(&OTHERS, "alice.1", text)
}

fn without_carol(stage: &mut Stage<'_>, group: &Group) -> Result<(), Failure> {
    stage.report.scene("A message to the group, but not to carol")?;
    let text = "It is carol's birthday tomorrow.";
    let carol = stage.get("carol.1")?.place().0;
    let (alice, world) = stage.with("alice.1")?;
    alice.write_to_group(group, text, &[carol], world)?;
    stage.report.table()?;
    stage.read_by(&["bob.1", "bob.2"], "alice.1", text)
}

/// Bob's second device is set up anew, and Carol has another one in the place of her third.
fn other_devices(stage: &mut Stage<'_>, group: &Group) -> Result<(), Failure> {
    stage.report.scene("Devices change, and the sender does not know")?;
    for (account, device, gone) in [("bob.1", 2, "bob.2"), ("carol.1", 4, "carol.3")] {
        let first = stage.get(account)?;
        first.unlink(stage.get(gone)?.address.device())?;
        let account = first.account.clone();
        let fresh = stage.device(&account, device)?;
        stage.report.note(&fresh, format_args!("is set up in the place of {gone}"))?;
        stage.devices.retain(|device| device.to_string() != gone);
        stage.devices.push(fresh);
    }
    let text = "Carol, happy birthday!";
    let (alice, world) = stage.with("alice.1")?;
    let refusals = alice.write_to_group(group, text, &[], world)?;
    promised(refusals.len() == 1, "a stale list of devices is refused once")?;
    stage.report.table()?;
    stage.report.note(
        "alice.1",
        "is refused; begins sessions with the new devices, makes another key, tells all, and tries again",
    )?;
    for who in ["bob.1", "bob.2", "carol.1", "carol.2", "carol.4"] {
        let arrivals = stage.letters(who)?;
        let [Arrival { letter: Letter::SenderKey(_), .. }, Arrival { letter: Letter::Text(read), .. }] =
            arrivals.as_slice()
        else {
            return Err(Failure::Promise("a message that was refused arrives once it is right"));
        };
        promised(read == text, "what arrives is what was sent")?;
    }
    stage.report.note("all five", format_args!("read \"{text}\""))?;
    Ok(())
}

/// A device receives and does not say so: the service keeps the message, and the device knows it again.
fn broken_off(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.report.scene("A connection breaks before a receipt is given")?;
    let text = "Are you there?";
    let to = stage.get("bob.2")?.address.clone();
    let (alice, world) = stage.with("alice.1")?;
    alice.write(&to, &Letter::Text(text.to_owned()), world)?;
    let (bob, world) = stage.with("bob.2")?;
    let (first, receipt) = bob.fetch(world)?;
    promised(matches!(first.as_slice(), [Ok(_)]), "a message arrives")?;
    drop(receipt);
    let (again, receipt) = bob.fetch(world)?;
    let [Err(error)] = again.as_slice() else {
        return Err(Failure::Promise("a message without a receipt comes again, and is known again"));
    };
    receipt.give()?;
    let error = error.to_string();
    promised(error.contains("old counter"), "a message that comes again is refused as a duplicate")?;
    stage.report.note("bob.2", format_args!("reads \"{text}\"; gets it again, and refuses it: {error}"))?;
    stage.report.table()?;
    Ok(())
}

impl Stage<'_> {
    /// Registers another device of an account.
    pub fn device(&mut self, account: &Account, device: u32) -> Result<Client, Failure> {
        let device = DeviceId::new(device).unwrap_or(DeviceId::PRIMARY);
        Ok(Client::register(account, device, self.trust_root, self.line, &mut self.world)?)
    }

    pub fn get(&self, who: &str) -> Result<&Client, Failure> {
        let found = self.devices.iter().find(|device| device.to_string() == who);
        found.ok_or(Failure::Promise("who plays is there"))
    }

    /// A device, to do something.
    pub fn with(&mut self, who: &str) -> Result<(&mut Client, &mut World), Failure> {
        let found = self.devices.iter_mut().find(|device| device.to_string() == who);
        Ok((found.ok_or(Failure::Promise("who plays is there"))?, &mut self.world))
    }

    /// What waits for a device. All of it must be good.
    pub fn letters(&mut self, who: &str) -> Result<Vec<Arrival>, Failure> {
        let (device, world) = self.with(who)?;
        let (opened, receipt) = device.fetch(world)?;
        receipt.give()?;
        let refused = |error| Failure::Receive { device: who.to_owned(), error };
        opened.into_iter().map(|opened| opened.map_err(refused)).collect()
    }

    /// The one letter that waits for a device, which must be from that sender.
    fn only_letter(&mut self, who: &str, from: &str) -> Result<Arrival, Failure> {
        let sender = self.get(from)?.address.clone();
        let mut letters = self.letters(who)?;
        promised(letters.len() == 1, "just what was sent arrives")?;
        let arrival = letters.pop().ok_or(Failure::Promise("what was sent arrives"))?;
        promised(arrival.sender == sender, "the sender is who it was")?;
        Ok(arrival)
    }

    /// These devices read this text, and no other device gets anything.
    pub fn read_by(&mut self, devices: &[&str], from: &str, text: &str) -> Result<(), Failure> {
        for who in devices {
            let arrival = self.only_letter(who, from)?;
            promised(arrival.letter == Letter::Text(text.to_owned()), "what arrives is what was sent")?;
        }
        for who in self.devices.iter().map(ToString::to_string).collect::<Vec<_>>() {
            promised(self.letters(&who)?.is_empty(), "nobody gets what is not for them")?;
        }
        let read = if devices.len() == 1 { "reads" } else { "read" };
        self.report.note(devices.join(", "), format_args!("{read} \"{text}\", from {from}"))?;
        Ok(())
    }
}
