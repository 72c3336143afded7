// SPDX-License-Identifier: MIT OR Apache-2.0

//! Replays vectors that were recorded from the deployed post-quantum ratchet: a selection in
//! `tests/vectors/spqr`, or all of them if the variable `SUBROSA_VECTORS` names the directory above `spqr`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::spqr::{Draws, Party, record};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::erasure::{ByteString, Chunk, Decoder, Encoder};
use subrosa::hazmat::crypto::gf16::Gf16;
use subrosa::hazmat::crypto::kdf::{Label, hkdf};
use subrosa::hazmat::crypto::kem768::{KeySeed, encapsulate1, encapsulate2, encapsulation_state};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::braid::Authenticator;
use subrosa::hazmat::ratchet::spqr::{
    Chain, ChainChange, Direction, Limits, MinimumVersion, Spqr, SpqrError,
};

fn directory() -> PathBuf {
    let folder = std::env::var_os("SUBROSA_VECTORS").unwrap_or_else(|| "tests/vectors".into());
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join("spqr")
}

fn load(name: &str) -> Value {
    let path = directory().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn secret<const N: usize>(value: &Value) -> Secret<N> {
    Secret::new(array(value))
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
    T::try_from(value.as_u64().unwrap()).ok().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn key(value: &Value) -> Option<Secret<32>> {
    (!value.is_null()).then(|| secret(value))
}

fn direction(value: &Value) -> Direction {
    match text(value) {
        "A2B" => Direction::A2B,
        "B2A" => Direction::B2A,
        other => panic!("{other}"),
    }
}

fn minimum(value: &Value) -> MinimumVersion {
    match text(value) {
        "V0" => MinimumVersion::V0,
        "V1" => MinimumVersion::V1,
        other => panic!("{other}"),
    }
}

fn limits(value: &Value) -> Limits {
    let limit = |name| value.get(name).map_or(0, number);
    Limits::new(limit("max_jump"), limit("max_ooo_keys"))
}

fn sha256(parts: impl IntoIterator<Item = Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(&part));
    hex::encode(hash.finalize())
}

/// The vectors' name of an error, and the numbers that belong to it.
fn error_name(error: &SpqrError) -> (&'static str, Vec<(&'static str, u64)>) {
    match *error {
        SpqrError::Message(_) => ("MsgDecode", vec![]),
        SpqrError::MinimumVersion(_) => ("MinimumVersion", vec![]),
        SpqrError::VersionMismatch(_) => ("VersionMismatch", vec![]),
        SpqrError::EpochAhead(epoch) | SpqrError::UnknownChainEpoch(epoch) => {
            ("EpochOutOfRange", vec![("epoch", epoch)])
        }
        SpqrError::HeaderMac | SpqrError::CiphertextMac => ("MacVerifyFailed", vec![]),
        SpqrError::EncapsulationKey(_) => ("ErroneousDataReceived", vec![]),
        SpqrError::KeyJump { counter, index } => {
            ("KeyJump", vec![("ctr", counter.into()), ("at", index.into())])
        }
        SpqrError::KeyTrimmed(index) => ("KeyTrimmed", vec![("at", index.into())]),
        SpqrError::KeyAlreadyRequested(index) => ("KeyAlreadyRequested", vec![("at", index.into())]),
        SpqrError::SendEpochDecreased { newest, asked } => {
            ("SendKeyEpochDecreased", vec![("send_epoch", newest), ("epoch", asked)])
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn assert_error(error: &SpqrError, expected: &Value) {
    let (name, numbers) = error_name(error);
    assert_eq!(name, text(&expected["name"]));
    for (field, value) in numbers {
        assert_eq!(value, number::<u64>(&expected[field]), "{error}");
    }
}

#[test]
fn gf16() {
    let element = |value: &Value| Gf16::new(u16::from_str_radix(text(value), 16).unwrap());
    let file = load("gf16.json");
    let lists: Vec<_> = file.as_object().unwrap().iter().filter(|(_, value)| value.is_array()).collect();
    assert_eq!(lists.len(), 2);
    for (name, triples) in lists {
        for triple in list(triples) {
            let [a, b, c] = [0, 1, 2].map(|k| element(&triple[k]));
            assert_eq!(if name.contains("div") { a * b.inverse() } else { a * b }, c, "{name} {triple}");
        }
    }
}

fn check_erasure<const N: usize>(case: &Value) {
    let flat = bytes(&case["message"]);
    let mut rows = Box::new([[0; 32]; N]);
    rows.as_flattened_mut().copy_from_slice(&flat);
    let data = ByteString::from_rows(rows);
    let encoder = Encoder::new(data.clone());
    for pair in list(&case["chunks_index_data"]) {
        let index = number(&pair[0]);
        assert_eq!(encoder.chunk(index), Chunk { index, data: array(&pair[1]) });
    }
    for decoding in list(&case["decodes_to_message_exactly_at_last_chunk"]) {
        let mut decoder = Decoder::<N>::new();
        let mut sent = Vec::new();
        for index in list(&decoding["indices_in_order"]) {
            assert_eq!(decoder.decode(), None);
            let chunk = encoder.chunk(number(index));
            sent.push(chunk.data.to_vec());
            decoder.add(chunk);
        }
        assert_eq!(decoder.decode(), Some(data.clone()));
        assert_eq!(sha256(sent), text(&decoding["all_chunks_sha256"]));
    }
}

#[test]
fn scenario_42_erasure() {
    let file = load("erasure.json");
    for case in list(&file["cases"]) {
        match number(&case["chunks_needed"]) {
            1 => check_erasure::<1>(case),
            3 => check_erasure::<3>(case),
            5 => check_erasure::<5>(case),
            30 => check_erasure::<30>(case),
            36 => check_erasure::<36>(case),
            other => panic!("{other}"),
        }
    }
    let whole = &file["all_65536_chunks"];
    let mut rows = Box::new([[0; 32]; 36]);
    rows.as_flattened_mut().copy_from_slice(&bytes(&whole["message"]));
    let mut encoder = Encoder::new(ByteString::from_rows(rows));
    let digest = text(&whole["sha256_of_chunk_data_0_to_65535_concatenated"]);
    assert_eq!(sha256((0..65_536).map(|_| encoder.next_chunk().data.to_vec())), digest);
}

#[test]
fn authenticator() {
    let mut authenticator = None;
    for step in list(&load("authenticator.json")["steps"]) {
        let epoch = number(&step["epoch"]);
        if text(&step["op"]) == "init" {
            authenticator = Some(Authenticator::new(&bytes(&step["key"])));
        }
        let authenticator = authenticator.as_mut().unwrap();
        match text(&step["op"]) {
            "mac_hdr" => {
                assert!(authenticator.verify_header(epoch, &array(&step["hdr"]), &array(&step["mac"])));
                continue;
            }
            "mac_ct" => {
                let both = bytes(&step["ct1_ct2"]);
                let (ct1, ct2) = (both[..960].try_into().unwrap(), both[960..].try_into().unwrap());
                assert!(authenticator.verify_ciphertext(epoch, ct1, ct2, &array(&step["mac"])));
                continue;
            }
            "update" => authenticator.update(epoch, &bytes(&step["key"])),
            other => assert_eq!(other, "init"),
        }
        assert_eq!(authenticator.root(), &secret(&step["root_key"]));
        assert_eq!(authenticator.mac(), &secret(&step["mac_key"]));
    }
}

#[test]
fn scenario_46_kem() {
    let file = load("kem.json");
    for case in list(&file["cases"]) {
        let key = KeySeed::from_seed(secret(&case["keygen_seed_d_z"])).expand();
        assert_eq!(key.header(), array(&case["hdr"]));
        assert_eq!(key.ek_vector(), array(&case["ek_vector"]));
        assert_eq!(sha256([key.as_bytes().to_vec()]), text(&case["dk_sha256"]));
        let random = secret(&case["encaps_m"]);
        let (ct1, shared) = encapsulate1(&key.header(), &random);
        let mut ct2 = encapsulate2(&key.header(), &key.ek_vector(), &random).unwrap();
        assert_eq!((ct1, ct2), (array(&case["ct1"]), array(&case["ct2"])));
        assert_eq!(shared, secret(&case["kem_ss"]));
        assert_eq!(key.decapsulate(&ct1, &ct2), shared);
        ct2[0] ^= 1;
        let rejected = secret(&case["ct2_with_bit0_of_byte0_flipped_decaps_to"]);
        assert_eq!(key.decapsulate(&ct1, &ct2), rejected);
        let state = encapsulation_state(&key.header(), &random);
        assert_eq!(sha256([state.as_bytes().to_vec()]), text(&case["libcrux_encaps_state_sha256"]));
    }
    let whole = file["header_vector_checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check.get("ek_vector").is_some());
    assert_eq!(
        whole
            .map(|check| {
                let checked =
                    encapsulate2(&array(&check["hdr"]), &array(&check["ek_vector"]), &Secret::new([0; 32]));
                assert_eq!(checked.is_ok(), check["ok"].as_bool().unwrap(), "{}", check["note"]);
            })
            .count(),
        2
    );
}

#[test]
fn scenarios_33_to_39_chain() {
    for case in list(&load("chain.json")["cases"]) {
        let mut chain =
            Chain::start(&bytes(&case["initial_key"]), direction(&case["direction"]), limits(case));
        for step in list(&case["steps"]) {
            let epoch = number(&step["epoch"]);
            let outcome = match text(&step["op"]) {
                "add_epoch" => {
                    assert_eq!(chain.current_epoch() + 1, epoch);
                    let added = Some(chain.next_epoch(&bytes(&step["secret"])));
                    chain.apply(ChainChange { added, step: None });
                    continue;
                }
                "send_key" => chain.send_key(epoch).map(|(change, index, key)| {
                    assert_eq!(index, number::<u32>(&step["index"]));
                    (change, key)
                }),
                _ => chain.receive_key(epoch, number(&step["index"])),
            };
            match outcome {
                Ok((change, given)) => {
                    assert_eq!(Some(given), key(&step["key"]), "{} {step}", case["title"]);
                    chain.apply(ChainChange { added: None, step: Some(change) });
                }
                Err(error) => assert_error(&error, &step["error"]),
            }
        }
    }
}

#[test]
fn message_keys() {
    for case in list(&load("message_keys.json")["cases"]) {
        let salt = key(&case["spqr_key"]);
        let seed = bytes(&case["message_key_seed"]);
        let keys: Secret<80> =
            hkdf(salt.as_ref().map(Secret::as_bytes), &seed, Label::new("WhisperMessageKeys"));
        let expected = ["cipher_key", "mac_key", "iv"].map(|part| bytes(&case[part])).concat();
        assert_eq!(keys.as_bytes().as_slice(), expected);
    }
}

#[test]
fn scenarios_12_and_13_wire() {
    let file = load("wire.json");
    for receiver in list(&file["receivers"]) {
        for case in list(&receiver["cases"]) {
            let braid = Spqr::with_minimum(
                minimum(&receiver["min_version"]),
                direction(&receiver["direction"]),
                &secret(&file["auth_key"]),
                Limits::default(),
            );
            let before = record(&braid, None);
            let mut party = Party { braid, reload: false, through_libsignal: false };
            let outcome = party.receive(&bytes(&case["msg"]));
            match outcome {
                Ok(given) => {
                    assert!(case["ok"].as_bool().unwrap(), "{}", case["note"]);
                    assert_eq!(given, key(&case["key"]), "{}", case["note"]);
                    assert_eq!(party.braid.state().unwrap().0, text(&case["state"]));
                    let unchanged = record(&party.braid, None) == before;
                    assert_eq!(unchanged, case["state_unchanged"].as_bool().unwrap(), "{}", case["note"]);
                }
                Err(error) => {
                    assert!(!case["ok"].as_bool().unwrap(), "{}: {error}", case["note"]);
                    assert_error(&error, &case["error"]);
                }
            }
        }
    }
}

/// As 0.103.0 of the official client behaves.
#[test]
fn scenario_9_version_bytes() {
    let file = load("version_bytes.json");
    let auth_key = secret(&file["auth_key"]);
    let situations = file.as_object().unwrap().iter().filter(|(_, value)| value.is_array());
    let mut count = 0;
    for (situation, cases) in situations {
        for case in list(cases) {
            let mut party = Party { braid: Spqr::off(), reload: false, through_libsignal: false };
            if situation != "spqr_off" {
                party.braid = Spqr::new(Direction::A2B, &auth_key, Limits::default());
                party.send(&mut ChaCha20Rng::from_seed([7; 32]));
            }
            if situation == "negotiation_over" {
                party.receive(&[1, 1, 1, 0]).unwrap();
            }
            let before = record(&party.braid, None);
            let expected = &case["libsignal_0_103_0"];
            match party.receive(&bytes(&case["msg"])) {
                Ok(given) => {
                    assert!(expected["ok"].as_bool().unwrap(), "{situation} {case}");
                    assert_eq!(given, key(&expected["key"]), "{situation} {case}");
                    if let Some(unchanged) = expected["spqr_state_unchanged"].as_bool() {
                        assert_eq!(record(&party.braid, None) == before, unchanged, "{situation} {case}");
                    }
                }
                Err(error) => assert_eq!(Some(error_name(&error).0), expected["error"].as_str(), "{case}"),
            }
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
}

/// How a replay keeps the state between two calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    InMemory,
    AsRecord,
    AsLibsignal,
}

fn party(auth_key: &Value, side: &Value, default_direction: &str, keep: Keep) -> Party {
    let way = side.get("direction").map_or_else(|| direction(&default_direction.into()), direction);
    let braid = match text(&side["version"]) {
        "V0" => Spqr::off(),
        _ => Spqr::with_minimum(minimum(&side["min_version"]), way, &secret(auth_key), limits(side)),
    };
    Party { braid, reload: keep == Keep::AsRecord, through_libsignal: keep == Keep::AsLibsignal }
}

#[track_caller]
fn assert_state(party: &Party, step: &Value) {
    let (name, epoch) = party.braid.state().unwrap_or(("V0", 0));
    assert_eq!((name, epoch), (text(&step["state"]), number(&step["epoch"])), "{step}");
}

fn replay(auth_key: &Value, sides: &Value, steps: &Value, keep: Keep) -> HashMap<String, Party> {
    let mut parties = HashMap::new();
    for (side, way) in [("A", "A2B"), ("B", "B2A")] {
        if let Some(parameters) = sides.get(side) {
            parties.insert(side.to_owned(), party(auth_key, parameters, way, keep));
        }
    }
    let mut messages = HashMap::new();
    for step in list(steps) {
        let id = step["id"].as_u64();
        match text(&step["op"]) {
            "send" => {
                let party = parties.get_mut(text(&step["by"])).unwrap();
                let draws = step.get("draws").map(|draws| list(draws).iter().map(bytes).collect());
                let mut rng = Draws(draws.unwrap_or_default());
                let (message, given) = party.send(&mut rng);
                assert!(rng.0.is_empty(), "not all was drawn: {step}");
                assert_eq!(hex::encode(&message), text(&step["msg"]));
                assert_eq!(given, key(&step["key"]), "{step}");
                assert_state(party, step);
                messages.insert(id.unwrap(), message);
            }
            "peer_send" => {
                messages.insert(id.unwrap(), bytes(&step["msg"]));
            }
            "recv" => {
                let party = parties.get_mut(text(&step["by"])).unwrap();
                let message = step.get("msg").map_or_else(|| messages[&id.unwrap()].clone(), bytes);
                match party.receive(&message) {
                    Ok(given) => assert_eq!(given, key(&step["key"]), "{step}"),
                    Err(error) => assert_error(&error, &step["error"]),
                }
                assert_state(party, step);
            }
            other => assert_eq!(other, "peer_accepts"),
        }
    }
    parties
}

#[test]
fn scenarios_4_to_8_negotiation() {
    let file = load("negotiation.json");
    for scenario in list(&file["scenarios"]) {
        let parties = replay(&file["auth_key"], scenario, &scenario["steps"], Keep::InMemory);
        for side in ["A", "B"] {
            let (braid, expected) = (&parties[side].braid, &scenario[format!("final_{side}")]);
            assert_eq!(braid.is_negotiating(), expected["negotiating"].as_bool().unwrap());
            assert_eq!(braid.is_off(), text(&expected["version"]) == "V0");
        }
    }
}

#[test]
fn scenarios_22_to_27_failures() {
    let file = load("failures.json");
    replay(&file["auth_key"], &file, &file["steps"], Keep::InMemory);
}

/// The inner values of one epoch of a recorded exchange.
fn check_epoch(epoch: &Value) {
    if epoch.get("auth_mac_key_after").is_none_or(Value::is_null) {
        return;
    }
    let number = number(&epoch["epoch"]);
    let mut authenticator =
        Authenticator::from_keys(secret(&epoch["auth_root_key"]), secret(&epoch["auth_mac_key"]));
    let key = KeySeed::from_seed(secret(&epoch["keygen_seed"])).expand();
    assert_eq!((key.header(), key.ek_vector()), (array(&epoch["hdr"]), array(&epoch["ek_vector"])));
    assert!(authenticator.verify_header(number, &key.header(), &array(&epoch["hdr_mac"])));
    let (ct1, shared) = encapsulate1(&key.header(), &secret(&epoch["encaps_m"]));
    let ct2 = encapsulate2(&key.header(), &key.ek_vector(), &secret(&epoch["encaps_m"])).unwrap();
    assert_eq!((ct1, ct2), (array(&epoch["ct1"]), array(&epoch["ct2"])));
    assert_eq!(shared, secret(&epoch["kem_ss"]));
    authenticator.update(number, &bytes(&epoch["epoch_secret"]));
    assert!(authenticator.verify_ciphertext(number, &ct1, &ct2, &array(&epoch["ct_mac"])));
    assert_eq!(authenticator.root(), &secret(&epoch["auth_root_key_after"]));
    assert_eq!(authenticator.mac(), &secret(&epoch["auth_mac_key_after"]));
}

/// Every recorded two-party exchange, in memory and with the state stored and read after each call, in our own
/// form and in libsignal's
/// (scenarios 14, 16 to 20, 30 to 32, 47).
#[test]
fn exchanges() {
    let mut names: Vec<_> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("exchange_") && name != "exchange_digest.json")
        .collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let file = load(&name);
        for keep in [Keep::InMemory, Keep::AsRecord, Keep::AsLibsignal] {
            replay(&file["auth_key"], &file, &file["steps"], keep);
        }
        for epoch in file.get("epochs").map_or(&[][..], |epochs| list(epochs)) {
            check_epoch(epoch);
        }
    }
}

#[test]
fn scenario_15_digests_of_15_000_rounds() {
    let file = load("exchange_digest.json");
    let auth_key = secret(&file["auth_key"]);
    let rng = |side| ChaCha20Rng::from_seed(array(&file[format!("rng_seed_{side}")]));
    let side = |direction| Spqr::new(direction, &auth_key, Limits::default());
    let mut rngs = [rng("A"), rng("B")];
    let mut braids = [side(Direction::A2B), side(Direction::B2A)];
    let (mut messages, mut keys) = (Sha256::new(), Sha256::new());
    let mut rounds = 0;
    for checkpoint in list(&file["checkpoints"]) {
        while rounds < number::<u64>(&checkpoint["rounds"]) {
            for sender in [0, 1] {
                let sent = braids[sender].send(&mut rngs[sender]).unwrap();
                braids[sender].apply(sent.change);
                let received = braids[1 - sender].receive(&sent.message).unwrap();
                braids[1 - sender].apply(received.change);
                assert_eq!(sent.key, received.key);
                messages.update(sent.message);
                keys.update(sent.key.unwrap().as_bytes());
            }
            rounds += 1;
        }
        assert_eq!(hex::encode(messages.clone().finalize()), text(&checkpoint["sha256_all_msgs"]));
        assert_eq!(hex::encode(keys.clone().finalize()), text(&checkpoint["sha256_all_keys"]));
        for (braid, side) in braids.iter().zip(["A", "B"]) {
            let expected = &checkpoint[format!("state_{side}")];
            assert_eq!(braid.state(), Some((text(&expected[0]), number(&expected[1]))));
        }
    }
    assert_eq!(rounds, 15_000);
}
