// SPDX-License-Identifier: MIT OR Apache-2.0

//! Certificates, and envelopes for one recipient.

use serde_json::{Value, json};

use crate::sealed::{Device, EXPIRES, NOW, OURS, THEIRS, World};

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn certificates_are_read_and_believed_by_the_other() {
    let mut world = World::new(10);
    let other_root = world.must(OURS, json!({ "op": "ec_generate" }))["public"].clone();
    for issuer in [OURS, THEIRS] {
        let device = world.device(issuer, None);
        for e164 in [None, Some("+12025550123")] {
            let certificate = world.certificate(issuer, &device, e164);
            let [ours, theirs] = [OURS, THEIRS].map(|home| {
                world.must(home, json!({ "op": "parse_sender_cert", "sender_cert": certificate }))
            });
            assert_eq!(ours, theirs);
            assert_eq!((&ours["sender_uuid"], &ours["sender_e164"]), (&json!(device.name), &json!(e164)));
            let root = world.root["public"].clone();
            let validations = [
                (vec![root.clone()], NOW, true),
                (vec![other_root.clone(), root.clone()], EXPIRES, true),
                (vec![root.clone()], EXPIRES + 1, false),
                (vec![other_root.clone()], NOW, false),
                (vec![], NOW, false),
            ];
            for (roots, now, valid) in validations {
                for home in [OURS, THEIRS] {
                    let answer = world.must(home, json!({
                        "op": "validate_sender_cert", "sender_cert": certificate, "trust_roots": roots, "now": now,
                    }));
                    assert_eq!(answer["valid"], valid, "{home}: {roots:?} {now}");
                }
            }
        }
        let server = world.server_certificates[issuer].clone();
        let [ours, theirs] = [OURS, THEIRS]
            .map(|home| world.must(home, json!({ "op": "parse_server_cert", "server_cert": server })));
        assert_eq!(ours, theirs);
    }
}

/// Seals a message of a session, and has it opened and read by the other side. Gives its type.
fn deliver(world: &mut World, [from, to]: [&Device; 2], certificate: &Value) -> Value {
    let plaintext = world.hex(200);
    let inner = json!({ "inner": "message", "remote": to.address(), "plaintext": plaintext });
    let content = world.content(from, certificate, &inner);
    let sealed = world.must(
        from.home,
        json!({
            "op": "seal_v1", "party": from.party, "remote": to.address(), "usmc": content["usmc"],
        }),
    )["sealed"]
        .clone();
    let opened = world.must(to.home, json!({ "op": "unseal_usmc", "party": to.party, "sealed": sealed }));
    assert_eq!(opened, content);

    // What would make it refuse, and leave it to be read.
    let unseal = world.unseal(to, &sealed);
    let mut refused = vec![unseal.clone(), unseal.clone()];
    refused[0]["now"] = (EXPIRES + 1).into();
    refused[1]["trust_root"] = world.server["public"].clone();
    for request in refused {
        world.ask(to.home, &request).unwrap_err();
    }
    let read = world.must(to.home, unseal.clone());
    assert_eq!(read["plaintext"], plaintext);
    assert_eq!((&read["sender_uuid"], &read["sender_device"]), (&json!(from.name), &json!(from.id)));
    assert_eq!(read["sender_e164"], content["sender_e164"]);
    assert!(world.ask(to.home, &unseal).unwrap_err().contains("DuplicatedMessage"));
    content["msg_type"].clone()
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn conversations() {
    let mut world = World::new(11);
    for initiator in [OURS, THEIRS] {
        let pair = [world.device(initiator, None), world.device(1 - initiator, None)];
        // Each has a certificate that the other implementation issued, or its own.
        let certificates = [0, 1].map(|at: usize| {
            let (issuer, e164) = (world.below(2), world.choose(&[None, Some("+12025550123")]));
            world.certificate(issuer, &pair[at], e164)
        });
        world.begin(&pair[0], &pair[1]);
        let mut answered = false;
        for round in 0..60 {
            let from = if round < 3 { 0 } else { world.below(2) };
            let kind = deliver(&mut world, [&pair[from], &pair[1 - from]], &certificates[from]);
            // Until the first answer the initiator's messages begin the session.
            assert_eq!(kind, if from == 0 && !answered { 3 } else { 2 });
            answered |= from == 1;
        }
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn group_messages_and_requests_to_send_again() {
    let mut world = World::new(12);
    for home in [OURS, THEIRS] {
        let [from, to] = [world.device(home, None), world.device(1 - home, None)];
        let certificate = world.certificate(1 - home, &from, None);
        world.begin(&from, &to);
        let id = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6";
        let create = json!({ "op": "sender_key_create", "party": from.party, "distribution_id": id });
        let skdm = world.must(home, create)["skdm"].clone();
        world.must(
            to.home,
            json!({
                "op": "sender_key_process", "party": to.party, "sender": from.address(), "skdm": skdm,
            }),
        );
        for _ in 0..10 {
            let plaintext = world.hex(100);
            let inner = json!({ "inner": "group", "distribution_id": id, "plaintext": plaintext });
            let opened = open(&mut world, [&from, &to], &certificate, &inner);
            assert_eq!(opened["msg_type"], 7);
            let read = world.must(
                to.home,
                json!({
                    "op": "group_decrypt", "party": to.party, "sender": from.address(),
                    "message": opened["contents"],
                }),
            );
            assert_eq!(read["plaintext"], plaintext);
        }
        let failed = world.must(
            home,
            json!({
                "op": "encrypt", "party": from.party, "remote": to.address(), "plaintext": "aa",
            }),
        );
        let error = world.must(
            home,
            json!({
                "op": "dem", "original": failed["message"], "original_type": failed["type"],
                "timestamp": NOW, "device": 3,
            }),
        );
        let inner = json!({ "inner": "plaintext", "dem": error["dem"] });
        let opened = open(&mut world, [&from, &to], &certificate, &inner);
        assert_eq!(opened["msg_type"], 8);
        let body = &opened["contents"].as_str().unwrap()[2..];
        let read = world.must(to.home, json!({ "op": "dem_from_body", "body": body }));
        for field in ["dem", "timestamp", "device", "ratchet_key"] {
            assert_eq!(read[field], error[field], "{field}");
        }
    }
}

/// Seals what is none of a session, and opens it on the other side: which must not take it for one.
fn open(world: &mut World, [from, to]: [&Device; 2], certificate: &Value, inner: &Value) -> Value {
    let content = world.content(from, certificate, inner);
    let sealed = world.must(
        from.home,
        json!({
            "op": "seal_v1", "party": from.party, "remote": to.address(), "usmc": content["usmc"],
        }),
    )["sealed"]
        .clone();
    let unseal = world.unseal(to, &sealed);
    world.ask(to.home, &unseal).unwrap_err();
    let opened = world.must(to.home, json!({ "op": "unseal_usmc", "party": to.party, "sealed": sealed }));
    assert_eq!(opened, content);
    opened
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_message_to_oneself() {
    let mut world = World::new(13);
    for home in [OURS, THEIRS] {
        let [from, to] = [world.device(home, None), world.device(1 - home, None)];
        world.begin(&from, &to);
        let inner = json!({ "inner": "message", "remote": to.address(), "plaintext": "aa" });
        // Named as the recipient, by the account or by the number.
        let named = [(&to.name, None, None), (&from.name, Some("+1"), Some("+1"))];
        for (name, e164, local_e164) in named {
            let claimed = Device { name: name.clone(), id: to.id, ..from.clone() };
            let certificate = world.certificate(home, &claimed, e164);
            let content = world.content(&from, &certificate, &inner);
            let sealed = world.must(
                home,
                json!({
                    "op": "seal_v1", "party": from.party, "remote": to.address(), "usmc": content["usmc"],
                }),
            );
            let mut unseal = world.unseal(&to, &sealed["sealed"]);
            unseal["local_e164"] = local_e164.into();
            assert!(world.ask(to.home, &unseal).unwrap_err().contains("SealedSenderSelfSend"));
        }
    }
}
