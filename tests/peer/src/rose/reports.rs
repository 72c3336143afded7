// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reports: the moderator, tokens, parts.

use rand_core::Rng;
use serde_json::json;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::keys::PrivateKey;
use subrosa::rose::report::{Moderator, ReportKey, part, session_context};

use super::steps::device_name;
use super::{Answer, Failure, Operation, Step, World};

pub(super) const OPERATIONS: &[Operation] =
    &[("moderator", moderator), ("token", token), ("report_part", report_part)];

const MODERATOR_ID: u32 = 1;

fn moderator(world: &mut World, _: &Step<'_>) -> Answer {
    let signing = PrivateKey::generate(&mut world.draws.of("moderator"));
    let public = signing.public_key();
    let mut sealing = [0; 32];
    world.draws.of("moderator").fill_bytes(&mut sealing);
    world.moderator = Some(Moderator::new(MODERATOR_ID, Secret::new(sealing), signing));
    Ok(json!({ "public": hex::encode(public.as_bytes()), "k_m": hex::encode(sealing) }))
}

fn token(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, day) = (step.by(), u32::try_from(step.number("day")?).map_err(|_| Failure::usage("day"))?);
    let (key, public) = ReportKey::generate(&mut world.draws.of(by));
    let World { parties, draws, moderator, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let moderator = moderator.as_ref().ok_or_else(|| Failure::usage("no moderator"))?;
    let token = moderator.issue(&party.account.name(), &public, day, &mut draws.of("moderator"));
    let out = json!({ "token": hex::encode(token), "k_t": hex::encode(key.as_bytes()) });
    party.token = Some(ReportKey::new(token, key).map_err(Failure::of)?);
    Ok(out)
}

fn report_part(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, peer) = (step.by(), device_name(step.text("peer")?));
    let (said, day) = (step.bytes("content")?, step.number("day")?);
    let day = u32::try_from(day).map_err(|_| Failure::usage("day"))?;
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let at = party.session_at(peer);
    let [transcript, _] = party.sessions[at].secrets().ok_or_else(|| Failure::usage("no session"))?;
    let key = party.token.as_ref().ok_or_else(|| Failure::usage("no token"))?;
    let context = session_context(transcript, &peer);
    let part = part(key.key(), &context, day, (1, &said), &mut draws.of(by));
    Ok(json!({ "report": hex::encode(part) }))
}
