// SPDX-License-Identifier: MIT OR Apache-2.0

//! The interop peer as a program: what it answers, and what it keeps.

use crate::peer::{Peer, serve};
use serde_json::{Value, json};

/// A response that must be a success.
fn ask(peer: &mut Peer, request: &Value) -> Value {
    let response = peer.handle(request);
    assert_eq!(response["ok"], true, "{request}: {response}");
    response
}

/// The kind of a refusal.
fn refusal(peer: &mut Peer, request: &Value) -> (String, Value) {
    let response = peer.handle(request);
    assert_eq!(response["ok"], false, "{request}: {response}");
    (response["error"]["name"].as_str().unwrap().to_owned(), response["error"]["code"].clone())
}

fn address(name: &str) -> Value {
    json!({ "name": name, "device": 1 })
}

/// Alice and Bob of version 3, and Alice's session with Bob.
fn two_parties() -> Peer {
    let mut peer = Peer::default();
    for party in ["alice", "bob"] {
        ask(
            &mut peer,
            &json!({ "op": "new_party", "party": party, "name": party, "device": 1, "version3": true }),
        );
    }
    let bundle = ask(&mut peer, &json!({ "op": "bundle", "party": "bob", "kyber": false }))["bundle"].clone();
    ask(
        &mut peer,
        &json!({ "op": "process_bundle", "party": "alice", "remote": address("bob"), "bundle": bundle }),
    );
    peer
}

fn encrypt(peer: &mut Peer, party: &str, remote: &str, plaintext: &str) -> (Value, Value) {
    let request =
        json!({ "op": "encrypt", "party": party, "remote": address(remote), "plaintext": plaintext });
    let response = ask(peer, &request);
    (response["type"].clone(), response["message"].clone())
}

fn decrypt(party: &str, remote: &str, (kind, message): &(Value, Value)) -> Value {
    json!({ "op": "decrypt", "party": party, "remote": address(remote), "type": kind, "message": message })
}

fn export(peer: &mut Peer, party: &str, remote: &str) -> Value {
    ask(peer, &json!({ "op": "session_export", "party": party, "remote": address(remote) }))["record"].clone()
}

#[test]
fn every_line_is_answered_until_the_input_ends() {
    let input = b"{\"id\":7,\"op\":\"hello\"}\r\n\nno JSON\n[]\n\xFF\xFE\n{\"op\":\"nothing\"}\n{\"op\":\"ec_generate\"}";
    let mut output = Vec::new();
    serve(&mut Peer::default(), &input[..], &mut output).unwrap();
    let responses: Vec<Value> =
        output.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let ok: Vec<bool> = responses.iter().map(|response| response["ok"] == true).collect();
    assert_eq!(ok, [true, false, false, false, false, true]);
    assert_eq!((&responses[0]["id"], &responses[0]["peer"]), (&json!(7), &json!("subrosa")));
    assert!(responses[1..5].iter().all(|response| response["error"]["code"].is_null()));
}

#[test]
fn deep_nesting_is_refused() {
    let (mut output, input) = (Vec::new(), "[".repeat(1_000_000));
    serve(&mut Peer::default(), input.as_bytes(), &mut output).unwrap();
    assert!(serde_json::from_slice::<Value>(&output).unwrap()["error"].is_object());
}

#[test]
fn a_batch_answers_each_request() {
    let mut peer = Peer::default();
    let requests = json!([{ "op": "ec_generate", "id": "a" }, { "op": "agree" }, { "op": "kem_generate" }]);
    let response = ask(&mut peer, &json!({ "op": "batch", "requests": requests }));
    let responses = response["responses"].as_array().unwrap();
    assert_eq!(responses.iter().map(|one| one["ok"] == true).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(responses[0]["id"], "a");
}

#[test]
fn kinds_of_refusals() {
    let mut peer = two_parties();
    let javascript = ("TypeError".to_owned(), Value::Null);
    assert_eq!(refusal(&mut peer, &json!({ "op": "ec_parse" })), javascript);
    assert_eq!(refusal(&mut peer, &json!({ "op": "ec_parse", "public": "5" })), javascript);
    assert_eq!(refusal(&mut peer, &json!({ "op": "ec_parse", "public": 5 })), javascript);
    assert_eq!(
        refusal(&mut peer, &json!({ "op": "ec_parse", "public": "06" })),
        ("Generic".into(), 0.into())
    );
    assert_eq!(
        refusal(&mut peer, &json!({ "op": "list_pre_keys", "party": "eve" })),
        ("Error".into(), Value::Null)
    );
    let session =
        json!({ "op": "session_import", "party": "bob", "remote": address("alice"), "record": "00" });
    assert_eq!(refusal(&mut peer, &session), ("InvalidSession".into(), 7.into()));
    let device = json!({ "op": "new_party", "party": "x", "name": "x", "device": 1_u64 << 32 });
    assert_eq!(refusal(&mut peer, &device), javascript);

    let message = encrypt(&mut peer, "alice", "bob", "00ff");
    assert_eq!(ask(&mut peer, &decrypt("bob", "alice", &message))["plaintext"], "00ff");
    assert_eq!(
        refusal(&mut peer, &decrypt("bob", "alice", &message)),
        ("DuplicatedMessage".into(), 1.into())
    );
    ask(&mut peer, &json!({ "op": "set_trust", "party": "bob", "policy": "none" }));
    let message = encrypt(&mut peer, "alice", "bob", "01");
    assert_eq!(
        refusal(&mut peer, &decrypt("bob", "alice", &message)),
        ("UntrustedIdentity".into(), 3.into())
    );
    ask(&mut peer, &json!({ "op": "set_trust", "party": "bob", "policy": "tofu" }));
    ask(&mut peer, &decrypt("bob", "alice", &message));
}

#[test]
fn devices_are_of_32_bits() {
    let mut peer = Peer::default();
    for (party, device) in [("alice", 0), ("bob", u32::MAX)] {
        ask(&mut peer, &json!({ "op": "new_party", "party": party, "name": party, "device": device }));
    }
}

#[test]
fn a_refused_message_changes_nothing() {
    let mut peer = two_parties();
    let good = encrypt(&mut peer, "alice", "bob", "aa");
    let mut damaged = good.1.as_str().unwrap().to_owned();
    // The MAC is the 8 bytes before fields 5 and 6.
    let at = damaged.len() - 2 * 8;
    damaged.replace_range(at..=at, if damaged.as_bytes()[at] == b'0' { "1" } else { "0" });
    refusal(&mut peer, &decrypt("bob", "alice", &(good.0.clone(), damaged.into())));
    assert_eq!(export(&mut peer, "bob", "alice"), Value::Null);
    let ids = ask(&mut peer, &json!({ "op": "list_pre_keys", "party": "bob" }));
    assert_eq!(ids["pre_keys"], json!([1]), "the one-time prekey is still there");

    ask(&mut peer, &decrypt("bob", "alice", &good));
    let ids = ask(&mut peer, &json!({ "op": "list_pre_keys", "party": "bob" }));
    assert_eq!(ids["pre_keys"], json!([]), "and gone when it was used");
    let before = export(&mut peer, "bob", "alice");
    refusal(&mut peer, &decrypt("bob", "alice", &good));
    assert_eq!(export(&mut peer, "bob", "alice"), before);
}

#[test]
fn a_copy_of_a_party_goes_its_own_way() {
    let mut peer = two_parties();
    ask(&mut peer, &json!({ "op": "clone_party", "party": "alice", "as": "second" }));
    let (one, two) = (encrypt(&mut peer, "alice", "bob", "aa"), encrypt(&mut peer, "second", "bob", "aa"));
    assert_eq!(one, two, "both are at the same message");
    assert_eq!(ask(&mut peer, &json!({ "op": "drop_party", "party": "second" }))["dropped"], true);
    assert_eq!(ask(&mut peer, &json!({ "op": "drop_party", "party": "second" }))["dropped"], false);
    encrypt(&mut peer, "alice", "bob", "bb");
}

#[test]
fn an_exported_session_goes_on_elsewhere() {
    let mut peer = two_parties();
    let record = export(&mut peer, "alice", "bob");
    let deleted = json!({ "op": "session_delete", "party": "alice", "remote": address("bob") });
    assert_eq!(ask(&mut peer, &deleted)["deleted"], true);
    refusal(
        &mut peer,
        &json!({ "op": "encrypt", "party": "alice", "remote": address("bob"), "plaintext": "" }),
    );
    ask(
        &mut peer,
        &json!({ "op": "session_import", "party": "alice", "remote": address("bob"), "record": record }),
    );
    let message = encrypt(&mut peer, "alice", "bob", "cc");
    assert_eq!(ask(&mut peer, &decrypt("bob", "alice", &message))["plaintext"], "cc");
}

#[test]
fn fed_randomness_belongs_to_one_party() {
    let mut peer = Peer::default();
    let feed = |party: Value, byte: u8| json!({ "op": "feed_rng", "party": party, "bytes": hex::encode([byte; 40]) });
    ask(&mut peer, &feed("alice".into(), 8));
    ask(&mut peer, &feed(Value::Null, 16));
    let alone = ask(&mut peer, &json!({ "op": "ec_generate" }));
    let new = |party: &str| json!({ "op": "new_party", "party": party, "name": party, "device": 1 });
    let (alice, bob) = (ask(&mut peer, &new("alice")), ask(&mut peer, &new("bob")));
    assert_eq!(alone["private"], format!("{}50", "10".repeat(31)));
    assert_eq!(alice["identity_private"], format!("{}48", "08".repeat(31)));
    assert_ne!(alice["identity_private"], bob["identity_private"]);
    let left = ask(&mut peer, &json!({ "op": "feed_rng", "party": "alice", "bytes": "" }));
    assert_eq!((&left["waiting"], &left["from_system"]), (&json!(8), &json!(0)));
}

#[test]
fn version_3_is_for_those_who_allow_it() {
    let mut peer = two_parties();
    ask(&mut peer, &json!({ "op": "new_party", "party": "carol", "name": "carol", "device": 1 }));
    let bundle = ask(&mut peer, &json!({ "op": "bundle", "party": "bob", "kyber": false }))["bundle"].clone();
    let begin =
        json!({ "op": "process_bundle", "party": "carol", "remote": address("bob"), "bundle": bundle });
    assert_eq!(refusal(&mut peer, &begin).0, "Generic");
    let full = ask(&mut peer, &json!({ "op": "bundle", "party": "carol" }))["bundle"].clone();
    assert_eq!(full["kyber_pre_key_public"].as_str().unwrap().len(), 2 * 1569);
}
