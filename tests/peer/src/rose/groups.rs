// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys.

use serde_json::json;
use subrosa::rose::group::{GroupKey, GroupKeys, GroupOutgoing};
use subrosa::rose::{TagOwner, Upload};

use super::steps::device_name;
use super::{Answer, Failure, Operation, Step, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("group_new", new),
    ("group_rotate", rotate),
    ("group_distribution", distribution),
    ("group_learn", learn),
    ("group_send", send),
    ("group_receive", receive),
];

fn new(world: &mut World, step: &Step<'_>) -> Answer {
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(step.by()).ok_or_else(|| Failure::usage("no party"))?;
    let staged = GroupKey::generate(step.array("group_id")?, &mut draws.of(step.by()));
    party.store.apply(&staged.writes());
    party.groups.insert(step.text("group")?.to_owned(), staged.commit());
    Ok(json!({}))
}

fn rotate(world: &mut World, step: &Step<'_>) -> Answer {
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(step.by()).ok_or_else(|| Failure::usage("no party"))?;
    let key = party.groups.get_mut(step.text("group")?).ok_or_else(|| Failure::usage("no group"))?;
    let staged = key.rotate(&mut draws.of(step.by())).map_err(Failure::of)?;
    party.store.apply(&staged.writes());
    staged.commit();
    Ok(json!({}))
}

fn distribution(world: &mut World, step: &Step<'_>) -> Answer {
    let party = world.party(step.by())?;
    let key = party.groups.get(step.text("group")?).ok_or_else(|| Failure::usage("no group"))?;
    let distribution = key.distribution(&device_name(step.text("to")?));
    Ok(json!({ "distribution": hex::encode(distribution.as_bytes()) }))
}

fn learn(world: &mut World, step: &Step<'_>) -> Answer {
    let (sender, distribution) = (device_name(step.text("sender")?), step.bytes("distribution")?);
    let franked = step.0["franked"].as_bool().unwrap_or_default();
    let party = world.party(step.by())?;
    let id = GroupKeys::id_of(&distribution).unwrap_or_default();
    let held = party.group_keys.iter().filter(|keys| keys.sender().account() == sender.account()).count();
    let place = party.group_keys.iter().position(|keys| keys.sender() == sender && *keys.id() == id);
    let mut new = GroupKeys::new(sender, id, franked);
    let keys = match place {
        Some(at) => &mut party.group_keys[at],
        None => &mut new,
    };
    let staged = keys.learn(&distribution, held).map_err(Failure::of)?;
    party.store.apply(&staged.writes());
    staged.commit();
    if place.is_none() {
        party.group_keys.push(new);
    }
    world.group_changed = true;
    Ok(json!({}))
}

fn send(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, content) = (step.by(), step.bytes("content")?);
    let report = if step.has("report") { Some(step.array::<68>("report")?) } else { None };
    let message = GroupOutgoing { content: &content, at_least: step.at_least(), report: report.as_ref() };
    let names: Vec<_> = step.names("to")?.into_iter().map(device_name).collect();
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let us = party.account.name();
    let key = party.groups.get_mut(step.text("group")?).ok_or_else(|| Failure::usage("no group"))?;
    let to = names.iter().map(|name| (&name.as_bytes()[..], *name));
    let staged = key.encrypt(&message, &us, to, &mut draws.of(by)).map_err(Failure::of)?;
    party.store.apply(&staged.writes());
    let upload = staged.commit();
    let deliveries: Vec<Vec<u8>> =
        Upload::parse(&upload).map_err(Failure::of)?.deliveries().map(|(_, message)| message).collect();
    world.give_all(&deliveries);
    Ok(json!({ "upload": hex::encode(upload) }))
}

fn receive(world: &mut World, step: &Step<'_>) -> Answer {
    let message = world.message(step)?;
    let party = world.party(step.by())?;
    let mut outcome = Err(Failure::Refused(
        if subrosa::rose::is_wire_length(message.len()) { "NotFound" } else { "BadLength" }.to_owned(),
    ));
    for owner in party.store.owners(&message) {
        let TagOwner::Group(sender, id) = owner else { continue };
        let place = party.group_keys.iter().position(|keys| keys.sender() == sender && *keys.id() == id);
        let Some(keys) = place.and_then(|at| party.group_keys.get_mut(at)) else { continue };
        match keys.decrypt(&message) {
            Ok(staged) => {
                party.store.apply(&staged.writes());
                let received = staged.commit();
                let read = GroupKeys::from_record(keys.record().as_bytes(), sender, id).expect("a record");
                assert_eq!(read.record().as_bytes(), keys.record().as_bytes());
                assert_eq!(read.expected_tags(), keys.expected_tags());
                outcome = Ok(json!({
                    "from": hex::encode(sender.as_bytes()),
                    "content": hex::encode(&received.content[..]),
                }));
                break;
            }
            Err(error) => outcome = Err(Failure::of(error)),
        }
    }
    world.group_changed = outcome.is_ok();
    outcome
}
