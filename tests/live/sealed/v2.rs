// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes for many recipients.

use serde_json::{Value, json};

use crate::sealed::{Device, OURS, THEIRS, World};

const GROUP: &str = "d2d2d2d2-7000-11eb-b32a-33b8a8a487a6";

/// Accounts of 1 to 3 devices each, with whom `from` has sessions, and who have learnt its sender key.
fn accounts(world: &mut World, from: &Device, count: usize) -> Vec<Vec<Device>> {
    let home = 1 - from.home;
    let create = json!({ "op": "sender_key_create", "party": from.party, "distribution_id": GROUP });
    let skdm = world.must(from.home, create)["skdm"].clone();
    let mut accounts = Vec::new();
    for _ in 0..count {
        let mut devices = vec![world.device(home, None)];
        for _ in 0..world.below(3) {
            let sibling = devices.last().cloned();
            devices.push(world.device(home, sibling.as_ref()));
        }
        accounts.push(devices);
    }
    let devices: Vec<&Device> = accounts.iter().flatten().collect();
    let bundles: Vec<_> = devices
        .iter()
        .map(|device| json!({ "op": "bundle", "party": device.party, "one_time": false }))
        .collect();
    let bundles = world.must_all(home, &bundles);
    let sessions: Vec<_> = devices
        .iter()
        .zip(bundles)
        .map(|(device, answer)| json!({
            "op": "process_bundle", "party": from.party, "remote": device.address(), "bundle": answer["bundle"],
        }))
        .collect();
    world.must_all(from.home, &sessions);
    let learn: Vec<_> = devices
        .iter()
        .map(|device| {
            json!({
                "op": "sender_key_process", "party": device.party, "sender": from.address(), "skdm": skdm,
            })
        })
        .collect();
    world.must_all(home, &learn);
    accounts
}

/// Seals a content for accounts and splits it.
fn split(
    world: &mut World,
    (from, content): (&Device, &Value),
    accounts: &[Vec<Device>],
    excluded: &[String],
) -> Vec<String> {
    let recipients: Vec<_> = accounts.iter().flatten().map(Device::address).collect();
    let sent = world.must(
        from.home,
        json!({
            "op": "seal_multi", "party": from.party, "recipients": recipients, "excluded": excluded,
            "usmc": content["usmc"],
        }),
    );
    let split = world.split(&sent["sent"]);
    assert_eq!(split["excluded"], json!(excluded));
    let found = split["recipients"].as_array().unwrap();
    assert_eq!(found.len(), accounts.len());
    for (found, account) in found.iter().zip(accounts) {
        assert_eq!(found["service_id"], account[0].name);
        assert_eq!(found["devices"], json!(account.iter().map(|device| device.id).collect::<Vec<_>>()));
        let ids: Vec<_> = account.iter().map(|device| device.registration_id.clone()).collect();
        assert_eq!(found["registration_ids"], json!(ids));
    }
    found.iter().map(|found| found["received"].as_str().unwrap().to_owned()).collect()
}

/// Sends a group message to accounts. Every one of their devices must open it, and those of the first `reading`
/// accounts read it.
fn send(world: &mut World, from: &Device, accounts: &[Vec<Device>], (excluded, reading): (usize, usize)) {
    let issuer = world.below(2);
    let certificate = world.certificate(issuer, from, None);
    let plaintext = world.hex(200);
    let inner = json!({ "inner": "group", "distribution_id": GROUP, "plaintext": plaintext });
    let content = world.content(from, &certificate, &inner);
    let excluded: Vec<_> = (0..excluded).map(|_| world.name()).collect();
    let received = split(world, (from, &content), accounts, &excluded);
    let home = 1 - from.home;
    let deliveries = || {
        accounts.iter().zip(&received).flat_map(|(devices, bytes)| devices.iter().map(move |to| (to, bytes)))
    };
    let open: Vec<_> = deliveries()
        .map(|(to, received)| json!({ "op": "unseal_usmc", "party": to.party, "sealed": received }))
        .collect();
    for opened in world.must_all(home, &open) {
        assert_eq!(opened, content);
    }
    let read: Vec<_> = accounts[..reading]
        .iter()
        .flatten()
        .map(|to| json!({
            "op": "group_decrypt", "party": to.party, "sender": from.address(), "message": content["contents"],
        }))
        .collect();
    for read in world.must_all(home, &read) {
        assert_eq!(read["plaintext"], plaintext);
    }
    // Nobody opens another account's.
    if let [first, second, ..] = accounts {
        for (to, received) in [(&first[0], &received[1]), (&second[0], &received[0])] {
            let open = json!({ "op": "unseal_usmc", "party": to.party, "sealed": received });
            world.ask(home, &open).unwrap_err();
        }
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn to_one_and_two_accounts() {
    let mut world = World::new(20);
    for home in [OURS, THEIRS] {
        let from = world.device(home, None);
        let accounts = accounts(&mut world, &from, 2);
        for (count, excluded) in [(1, 0), (2, 0), (1, 1), (2, 3), (0, 2), (0, 0)] {
            send(&mut world, &from, &accounts[..count], (excluded, count));
        }
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn to_500_accounts() {
    let mut world = World::new(21);
    for home in [OURS, THEIRS] {
        let from = world.device(home, None);
        let accounts = accounts(&mut world, &from, 500);
        send(&mut world, &from, &accounts, (17, 20));
    }
}

/// First messages and later ones, each to one device.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn messages_of_sessions() {
    let mut world = World::new(22);
    for home in [OURS, THEIRS] {
        let [from, to] = [world.device(home, None), world.device(1 - home, None)];
        let certificates =
            [world.certificate(1 - home, &from, Some("+1")), world.certificate(home, &to, None)];
        world.begin(&from, &to);
        for round in 0..30 {
            let at = if round < 2 { 0 } else { world.below(2) };
            let [from, to] = if at == 0 { [&from, &to] } else { [&to, &from] };
            let plaintext = world.hex(200);
            let inner = json!({ "inner": "message", "remote": to.address(), "plaintext": plaintext });
            let content = world.content(from, &certificates[at], &inner);
            let account = [vec![to.clone()]];
            let received = split(&mut world, (from, &content), &account, &[]).remove(0);
            let unseal = world.unseal(to, &received.into());
            let read = world.must(to.home, unseal.clone());
            assert_eq!((&read["plaintext"], &read["sender_uuid"]), (&json!(plaintext), &json!(from.name)));
            world.ask(to.home, &unseal).unwrap_err();
        }
    }
}
