// SPDX-License-Identifier: MIT OR Apache-2.0

//! The known answers of an independent reference (`tests/vectors/rose`, or the folder in `SUBROSA_VECTORS`).

extern crate std;

use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::block::{self, Block};
use super::bundle::VerifiedBundle;
use super::card::{Card, DeviceKeys};
use super::certificate::Issuers;
use super::codec::{self, BodyKeys};
use super::contact::Trust;
use super::error::BeginError;
use super::first_contact::{Admission, Policy};
use super::kind::Kind;
use super::prekey::HYBRID_LEN;
use super::report::{self, Moderator};
use super::sas::SYMBOLS;
use super::send::{Outgoing, Sealing, Sender};
use super::session::Session;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::ml_kem::{ml_kem_768, ml_kem_1024};
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa;
use crate::crypto::xwing::{XWingKey, XWingPublicKey};
use crate::ids::DeviceName;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::rose::{HeaderKey, root_step, window};
use crate::record::RoseKind;
use crate::timestamp::Timestamp;
use crate::wire::rose::body::{self, Aux, Origin};
use crate::wire::rose::header::{GroupHeader, Header};
use crate::wire::rose::length::{is_wire_length, wire_length};
use crate::wire::rose::upload::Upload;
use crate::writes::{Key, RoseKey, Write};

fn load(name: &str) -> Value {
    let folder = std::env::var_os("SUBROSA_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")), PathBuf::from);
    let path = folder.join("rose").join(name).with_extension("json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn secret<const N: usize>(value: &Value) -> Secret<N> {
    Secret::new(array(value))
}

/// Draws what it was given, and nothing else.
struct Fed(Vec<Vec<u8>>);

impl Fed {
    fn of(draws: &Value) -> Self {
        Self(draws.as_array().unwrap().iter().rev().map(|draw| hex(&draw[1])).collect())
    }

    fn bytes(draws: &[&Value]) -> Self {
        Self(draws.iter().rev().map(|draw| hex(draw)).collect())
    }
}

impl rand_core::TryRng for Fed {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unimplemented!()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unimplemented!()
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Self::Error> {
        target.copy_from_slice(&self.0.pop().unwrap());
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Fed {}

#[test]
fn headers_tags_and_windows() {
    let file = load("primitives");
    let case = &file["header"];
    let key = HeaderKey::new(secret(&case["hk"]));
    let (header, m) = (array(&case["plain"]), hex(&case["M"]));
    let eh = codec::encrypt_header(&key, &array(&case["seed"]), (&header, [&m, &[]]), &array(&case["D"]));
    assert_eq!(eh.to_vec(), hex(&case["EH"]));
    let (message_key, nonce) = key.message_key(&array(&case["R"]));
    assert_eq!(message_key, secret(&case["key"]));
    assert_eq!(nonce, secret(&case["nonce"]));
    for (number, tag) in case["tags"].as_object().unwrap() {
        assert_eq!(key.tag(number.parse().unwrap()), array(tag));
    }
    for (first, numbers) in file["windows"].as_object().unwrap() {
        let numbers: Vec<u32> = serde_json::from_value(numbers.clone()).unwrap();
        assert_eq!(window(first.parse().unwrap()).collect::<Vec<_>>(), numbers, "{first}");
    }
}

#[test]
fn bodies_lengths_and_chains() {
    let file = load("primitives");
    let case = &file["body"];
    let keys = BodyKeys::of_message(&secret(&case["pq"]), &array(&case["seed"]), &array(&case["EH"]));
    assert_eq!(keys.commitment, secret(&case["Kf"]));
    let mut out = Vec::new();
    keys.seal_body(&hex(&case["P"]), &mut out);
    assert_eq!(out, hex(&case["F C t"]));
    let case = &file["split keys"];
    assert_eq!(BodyKeys::shared(&secret(&case["B"])).commitment, secret(&case["Ke Ne Kf"][2]));
    for (len, wire) in file["wire"].as_object().unwrap() {
        let expected = wire.as_u64().map(|wire| usize::try_from(wire).unwrap());
        assert_eq!(wire_length(len.parse().unwrap()).ok(), expected, "{len}");
    }
    for (len, is_one) in file["is_wire"].as_object().unwrap() {
        assert_eq!(is_wire_length(len.parse().unwrap()), is_one.as_bool().unwrap(), "{len}");
    }
    let case = &file["root"];
    let [rk, dh, hx, ss_a] = ["rk", "dh", "hx", "ss_a"].map(|name| secret(&case[name]));
    for (out, ss_a) in [("out", None), ("out_auth", Some(&ss_a))] {
        let (root, chain, header) = root_step(&rk, &dh, &hx, ss_a);
        assert_eq!(root, secret(&case[out][0]));
        assert_eq!(chain.as_bytes(), &array(&case[out][1]));
        assert_eq!(header, secret(&case[out][2]));
    }
    let case = &file["chain step"];
    let (seed, next) = ChainKey::new(secret(&case["ck"]), 0).step().unwrap();
    assert_eq!(seed.as_bytes(), &array(&case["seed, next"][0]));
    assert_eq!(next.as_bytes(), &array(&case["seed, next"][1]));
}

#[test]
fn signatures_and_kems() {
    let file = load("primitives");
    let case = &file["xeddsa"];
    let key = PrivateKey::from_secret(&secret(&case["secret"]));
    let (public, message) = (PublicKey::from_bytes(array(&case["public"])), hex(&case["message"]));
    assert_eq!(key.public_key(), public);
    let signature = xeddsa::sign_with(&key, &[&message], &secret(&case["Z"]));
    assert_eq!(signature, array(&case["signature"]));
    assert!(xeddsa::verify_strict(&public, &[&message], &signature));
    for (name, refused) in case["refused"].as_object().unwrap() {
        assert!(!xeddsa::verify_strict(&public, &[&message], &array(refused)), "{name}");
    }
    macro_rules! kem {
        ($name:literal, $module:ident) => {
            let case = &file["kem"][$name];
            let (seed, mut ciphertext) = (secret(&case["seed (d, z)"]), array(&case["ct"]));
            let public = $module::public_key(&seed);
            assert_eq!(Sha256::digest(public).to_vec(), hex(&case["ek_sha256"]));
            let encapsulated = $module::encapsulate(&public, &secret(&case["m"]));
            assert_eq!(encapsulated, (ciphertext, secret(&case["ss"])));
            assert_eq!($module::decapsulate(&seed, &ciphertext), secret(&case["ss"]));
            ciphertext[0] ^= 1;
            let other = secret(&case["ss of ct with bit 0 flipped"]);
            assert_eq!($module::decapsulate(&seed, &ciphertext), other);
        };
    }
    kem!("ML-KEM-768", ml_kem_768);
    kem!("ML-KEM-1024", ml_kem_1024);
}

#[test]
fn x_wing_and_its_hpke() {
    let file = load("primitives");
    let case = &file["x-wing"];
    let key = XWingKey::from_seed(secret(&case["seed"]));
    assert_eq!(Sha256::digest(key.public().0).to_vec(), hex(&case["pk_sha256"]));
    let (enc, shared) = key.public().encapsulate(&secret(&case["eseed"])).unwrap();
    assert_eq!((enc.to_vec(), &shared), (hex(&case["enc"]), &secret(&case["ss"])));
    assert_eq!(key.decapsulate(&enc).unwrap(), shared);
    let case = &file["hpke"];
    let key = XWingKey::from_seed(secret(&case["seed"]));
    let (info, plaintext) = (hex(&case["info"]), hex(&case["plaintext"]));
    let mut sealed = key.public().seal(&info, &plaintext, &secret(&case["eseed"])).unwrap();
    assert_eq!(sealed, hex(&case["enc ct"]));
    assert_eq!(key.open(&info, &sealed).unwrap().to_vec(), plaintext);
    assert!(key.open(b"other", &sealed).is_err());
    for at in [0, 1087, 1088, 1119, 1120, sealed.len() - 1] {
        sealed[at] ^= 1;
        assert!(key.open(&info, &sealed).is_err(), "{at}");
        sealed[at] ^= 1;
    }
    for len in 0..sealed.len() {
        assert!(key.open(&info, &sealed[..len]).is_err());
    }
}

/// An X25519 half of low order counts as not opened, and seals nothing.
#[test]
fn x_wing_refuses_low_order() {
    let key = XWingKey::from_seed(Secret::new([1; 32]));
    let mut public = key.public().0;
    public[1184..].fill(0);
    assert!(XWingPublicKey(public).seal(b"", b"", &Secret::new([2; 64])).is_err());
    let mut sealed = key.public().seal(b"", b"text", &Secret::new([2; 64])).unwrap();
    sealed[1088..1120].fill(0);
    assert!(key.open(b"", &sealed).is_err());
}

#[test]
fn symbols() {
    let table = load("primitives")["emoji"].clone();
    for ((symbol, name), expected) in SYMBOLS.iter().zip(table.as_array().unwrap()) {
        let first = std::format!("{:X}", u32::from(symbol.chars().next().unwrap()));
        assert_eq!(
            (*name, first),
            (expected[0].as_str().unwrap(), expected[1].as_str().unwrap().to_string())
        );
    }
}

#[test]
fn whole_messages() {
    for case in load("message")["messages"].as_array().unwrap() {
        let content = if let Some(content) = case["content"].as_str() {
            hex::decode(content).unwrap()
        } else {
            let len = usize::try_from(case["content_length"].as_u64().unwrap()).unwrap();
            hex(&case["content_unit"]).into_iter().cycle().take(len).collect()
        };
        let aux = hex(&case["aux"]);
        let flags = case["flags"].as_u64().unwrap();
        let (auth, rest) = if flags & 1 != 0 { aux.split_at(1088) } else { (&[][..], &aux[..]) };
        let parts = Aux { auth: auth.try_into().ok(), frank: rest.try_into().ok(), signed: None };
        let at_least = usize::try_from(case["at_least"].as_u64().unwrap()).unwrap();
        let len = wire_length((190 + aux.len() + content.len()).max(at_least)).unwrap();
        assert_eq!(u64::try_from(len).unwrap(), case["length"].as_u64().unwrap());
        let kind = u8::try_from(case["kind"].as_u64().unwrap()).unwrap();
        let padded = body::encode(kind, &parts, &content, len - 184);
        let (header_key, seed) = (HeaderKey::new(secret(&case["HK"])), array(&case["seed"]));
        let pq = secret(&case["pq"]);
        let sealing = Sealing { header_key: &header_key, seed: &seed, post_quantum: &pq };
        let header = array(&case["header"]);
        let (eh, keys) = sealing.header(&header, [&padded, &[]], &mut Fed::bytes(&[&case["D"]]));
        let mut message = header_key.tag(crate::wire::rose::header::number(&header)).to_vec();
        message.extend_from_slice(&eh);
        keys.seal_body(&padded, &mut message);
        match case["message"].as_str() {
            Some(expected) => assert_eq!(hex::encode(message), expected),
            None => assert_eq!(Sha256::digest(message).to_vec(), hex(&case["message_sha256"])),
        }
    }
}

#[test]
fn malformed_headers_and_bodies() {
    let file = load("malformed");
    for case in file["headers"].as_array().unwrap() {
        let bytes = array(&case[1]);
        let is_read = match case[0].as_str().unwrap() {
            "session" => Header::parse(&bytes).map(|header| assert_eq!(header.encode(), bytes)).is_ok(),
            _ => GroupHeader::parse(&bytes).map(|header| assert_eq!(header.encode(), bytes)).is_ok(),
        };
        assert_eq!(is_read, case[2] == "ok", "{case}");
    }
    for case in file["bodies"].as_array().unwrap() {
        let origin = if case[0] == "session" { Origin::Session } else { Origin::Group };
        assert_eq!(body::parse(origin, &hex(&case[1])).is_ok(), case[2] == "ok", "{case}");
    }
}

fn verify(bytes: &[u8]) -> Result<VerifiedBundle, BeginError> {
    let name = DeviceName::from_bytes(*b"\0bob\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
    VerifiedBundle::verify(bytes, &Session::new(name), Trust::Anyone, Timestamp::from_secs(1_795_000_000))
}

#[test]
fn bundles() {
    let file = load("bundle");
    for class in ["class 1", "class 2"] {
        assert!(verify(&hex(&file[class]["bundle"])).is_ok());
    }
    let bundle = hex(&file["class 1"]["bundle"]);
    let name = |outcome: Result<VerifiedBundle, BeginError>| match outcome {
        Ok(_) => "ok".to_string(),
        Err(error) => std::format!("{error:?}"),
    };
    for case in file["class 1 with a byte xored"].as_array().unwrap() {
        let mut changed = bundle.clone();
        changed[usize::try_from(case[0].as_u64().unwrap()).unwrap()] ^=
            u8::try_from(case[1].as_u64().unwrap()).unwrap();
        assert_eq!(name(verify(&changed)), case[2].as_str().unwrap(), "{case}");
    }
    for case in file["cut"].as_array().unwrap() {
        let len = usize::try_from(case[0].as_u64().unwrap()).unwrap();
        assert_eq!(name(verify(&bundle[..len])), case[1].as_str().unwrap());
    }
    for case in file["re-signed"].as_array().unwrap() {
        let part = hex(&case[1]);
        let outcome = if part.len() == HYBRID_LEN {
            name(verify(&[&bundle[..bundle.len() - HYBRID_LEN], &part].concat()))
        } else {
            Card::verify(&part).map_or("BadCard".to_string(), |_| "ok".to_string())
        };
        assert_eq!(outcome, case[2].as_str().unwrap(), "{}", case[0]);
    }
}

#[test]
fn bundles_are_made_as_the_reference_makes_them() {
    let file = load("bundle");
    let draws = file["draws in order"].as_array().unwrap();
    // The last ones are the device's; others before it drew under the same names.
    let draw = |name: &str| draws.iter().rev().find(|draw| draw[0] == name).map(|draw| &draw[1]).unwrap();
    let now = Timestamp::from_secs(1_795_000_000);
    let name = DeviceName::from_bytes(*b"\0bob\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
    let mut rng = Fed::bytes(&["IK", "KIK", "card signature", "SEAL", "seal signature"].map(draw));
    let keys = DeviceKeys::generate(name, 1, now, &mut rng);
    let account = Account::new(keys, now, &mut rng).commit();
    let bundle = hex(&file["class 1"]["bundle"]);
    assert!(account.keys.card.as_bytes()[..] == bundle[..1312]);
    assert!(account.sealing_prekey().unwrap()[..] == bundle[1312..2604]);
    assert_eq!(account.keys.identity().as_bytes(), &array(&file["ik"]));
}

/// A device of the file's keys.
fn device(case: &Value, card: &[u8]) -> DeviceKeys {
    let identity = KeyPair::from_private(PrivateKey::from_secret(&secret(&case["ik"])));
    DeviceKeys::from_parts(identity, secret(&case["kik_seed"]), Card::verify(card).unwrap())
}

/// The account of a bundle's private keys, read from records of them.
fn account(case: &Value) -> Account {
    use crate::record::{RecordKind, RecordWriter};
    let bundle = hex(&case["bundle"]);
    let (card, rest) = bundle.split_at(1312);
    let (seal, hybrid) = rest.split_at(1292);
    let mut device = RecordWriter::new(RecordKind::Rose(RoseKind::Device), 1, 0);
    device.put_u64(1);
    device.put_array(&hex(&case["ik"]));
    device.put_array(&hex(&case["kik_seed"]));
    device.put_array(card);
    device.put_u32(9);
    device.put_count(0);
    let mut sealing = RecordWriter::new(RecordKind::Rose(RoseKind::SealingPreKey), 1, 0);
    sealing.put_array(seal);
    sealing.put_array(&hex(&case["seal_seed"]));
    sealing.put_flag(false);
    let mut prekey = RecordWriter::new(RecordKind::Rose(RoseKind::HybridPreKey), 1, 0);
    prekey.put_array(hybrid);
    prekey.put_array(&hex(&case["x"]));
    prekey.put_array(&hex(&case["kpk_seed"]));
    let [device, sealing, prekey] = [device, sealing, prekey].map(RecordWriter::finish);
    let id = |bytes: &[u8]| u32::from_be_bytes(*bytes.first_chunk().unwrap());
    let rows = [
        (RoseKey::SealingPreKey(id(seal)), sealing.as_bytes()),
        (RoseKey::HybridPreKey(id(hybrid)), prekey.as_bytes()),
    ];
    Account::from_records(device.as_bytes(), rows).unwrap()
}

#[test]
fn agreements_both_sides_and_the_envelope() {
    let file = load("agreement");
    let now = Timestamp::from_secs(1_795_000_000);
    for case in [&file["class 1"], &file["class 2"]] {
        let alice = device(&case["a"], &hex(&case["a"]["card"]));
        let mut bob = account(&case["b"]);
        let certificate = array(&case["a"]["certificate"]);
        let franked = case["franking"].as_bool().unwrap();
        let mut session = Session::new(bob.name());
        let bundle =
            VerifiedBundle::verify(&hex(&case["b"]["bundle"]), &session, Trust::Anyone, now).unwrap();
        let mut rng = Fed::of(&case["draws"]);
        session.initiate(&alice, bundle, franked, now, &mut rng).unwrap().commit();
        let [transcript, sx] = session.secrets().unwrap();
        let block = Block(std::boxed::Box::new(session.block().unwrap().try_into().unwrap()));
        assert_eq!(block.0.to_vec(), hex(&case["block"]));
        assert_eq!(block.hash(), array(&case["KH"]));
        assert_eq!(*transcript, array(&case["TH"]));
        assert_eq!(sx.to_vec(), hex(&case["o"])[128..160]);

        let first = &case["first message"];
        let report = first["report"].as_str().map(|_| array(&first["report"]));
        let content = hex(&first["content"]);
        let outgoing = Outgoing { report: report.as_ref(), ..Outgoing::content(&content) };
        let sender = Sender { certificate: &certificate, contact: None, now };
        let mut draws: Vec<&Value> = first["draws"].as_array().unwrap().iter().map(|draw| &draw[1]).collect();
        draws.push(&case["envelope"]["draw"]);
        let staged = session.encrypt(&outgoing, &sender, &mut Fed::bytes(&draws)).unwrap();
        let wire = staged.commit();
        assert_eq!(wire, hex(&case["envelope"]["wire"]));
        let opened = block::open(&wire, &bob.sealing, (&bob.name(), &bob.keys.card.identity())).unwrap();
        assert_eq!(opened.inner, hex(&first["inner"]));

        let mut issuers = Issuers::default();
        issuers.add(7, *PrivateKey::from_secret(&secret(&case["issuer"])).public_key().as_bytes());
        if !issuers.is_good(&certificate, &alice.card.hash(), now) {
            issuers.add(7, array(&case["issuer"]));
        }
        let policy = Policy { franked: None, require_one_time: false };
        let admission = Admission { issuers: &issuers, trust: Trust::Anyone, policy, now };
        let mut theirs = Session::new(alice.name());
        let envelope = bob.open(&wire).unwrap();
        let mut rng = Fed::of(&case["accept"]["draws"]);
        let staged = bob.receive_first(&mut theirs, &envelope, &admission, &mut rng).unwrap();
        let is_memory =
            |write: &Write| matches!(write, Write::Put { key: Key::Rose(RoseKey::Memory(_)), .. });
        assert_eq!(staged.writes().iter().any(is_memory), block.class() == 2);
        let received = staged.commit();
        assert_eq!((received.kind, &received.content[..]), (Kind::Content, &content[..]));
        assert_eq!(theirs.digests(), [array::<32>(&case["accept"]["digest"])]);
    }
}

/// Each root step of a conversation, and each message from its keys.
#[test]
fn every_key_of_twelve_messages() {
    let file = load("ratchet");
    let mut states = [Some(file["state_a"].clone()), None];
    for step in file["steps"].as_array().unwrap() {
        let by = usize::from(step["by"] == "B");
        let sender = states[by].replace(step["sender"].clone()).unwrap();
        let header = Header::parse(&array(&step["header"])).unwrap();
        assert_eq!(header.ratchet_key, *KeyPair::from_private(private(&sender["DHs"])).public().as_bytes());
        let (seed, next) = ChainKey::new(secret(&sender["CKs"]), header.number).step().unwrap();
        assert_eq!(seed.as_bytes(), &array(&step["seed"]));
        assert_eq!(next.as_bytes(), &array(&step["sender"]["CKs"]));
        let message = hex(&step["message"]);
        let header_key = HeaderKey::new(secret(&sender["HKs"]));
        assert_eq!(message[..16], header_key.tag(header.number));
        let eh = message[16..136].try_into().unwrap();
        let keys = BodyKeys::of_message(&secret(&step["pq"]), seed.as_bytes(), &eh);
        assert_eq!(keys.commitment, secret(&step["Kf"]));
        let padded = keys.open_body(&message[136..]).unwrap();
        let body = body::parse(Origin::Session, &padded).unwrap();
        assert_eq!(body.content, hex(&step["content"]));

        let after = step["receiver"].clone();
        let before = states[1 - by].replace(after.clone());
        let Some(before) = before.filter(|before| before["DHs"] != after["DHs"]) else { continue };
        let ct_a = body.aux.auth.map(|ct| ml_kem_768::decapsulate(&secret(&file["kik_seed_a"]), ct));
        check_step((&before, &after), &header, ct_a.as_ref());
    }
}

fn private(value: &Value) -> PrivateKey {
    PrivateKey::from_secret(&secret(value))
}

/// Both root steps of a DH step of A, or of B after its first.
fn check_step((before, after): (&Value, &Value), header: &Header, ss_a: Option<&Secret<32>>) {
    let remote = PublicKey::from_bytes(header.ratchet_key);
    let hx = |state: &Value, epoch: u64| -> Secret<32> { secret(&state["hx"][epoch.to_string()]) };
    if before["received_chains"] == 1 && before["sent_chains"] == 1 {
        return; // B's second receiving chain takes in what it drew; the conversations show that.
    }
    let dh = private(&before["DHs"]).diffie_hellman(&remote).unwrap();
    let (root, chain, next) = root_step(&secret(&before["RK"]), &dh, &hx(before, header.mix.into()), None);
    let (_, chain) = chain.step().unwrap();
    assert_eq!(chain.as_bytes(), &array(&after["CKr"]));
    assert_eq!(next, secret(&after["NHKr"]));
    let dh = private(&after["DHs"]).diffie_hellman(&remote).unwrap();
    let mix = after["mix_s"].as_u64().unwrap();
    let (root, chain, next) = root_step(&root, &dh, &hx(after, mix), ss_a);
    assert_eq!((root, next), (secret(&after["RK"]), secret(&after["NHKs"])));
    assert_eq!(chain.as_bytes(), &array(&after["CKs"]));
}

#[test]
fn uploads_are_split_and_refused() {
    let file = load("upload");
    for case in file["good"].as_array().unwrap() {
        let bytes = hex(&case["upload"]);
        let upload = Upload::parse(&bytes).unwrap();
        let deliveries: Vec<[String; 2]> = upload
            .deliveries()
            .map(|(mailbox, message)| [hex::encode(mailbox), hex::encode(message)])
            .collect();
        assert_eq!(serde_json::to_value(&deliveries).unwrap(), case["deliveries"]);
        for len in 0..bytes.len().min(600) {
            assert!(Upload::parse(&bytes[..len]).is_err());
        }
    }
    for case in file["refused"].as_array().unwrap() {
        assert!(Upload::parse(&hex(&case[0])).is_err(), "{case}");
    }
}

#[test]
fn reports_are_judged() {
    let file = load("judge");
    let moderator = || Moderator::new(1, secret(&file["K_m"]), private(&file["moderator"]));
    let reporter = DeviceName::from_bytes(array(&file["addressee"]));
    let context = report::session_context(&array(&file["TH"]), &reporter);
    assert_eq!(context, array(&file["context"]));
    let fields = ["token", "TH", "Kf", "F", "P"].map(|name| (name, hex(&file[name])));
    let report = |changed: Option<(&str, usize)>| {
        let part = |(name, bytes): &(&str, Vec<u8>)| {
            let mut bytes = bytes.clone();
            if let Some((_, at)) = changed.filter(|(field, _)| field == name) {
                bytes[at] ^= 1;
            }
            if *name == "P" { [&[0][..], &bytes].concat() } else { bytes }
        };
        fields.iter().flat_map(part).collect::<Vec<u8>>()
    };
    let judgement = moderator().judge(&report(None), &reporter, None).unwrap();
    assert_eq!(judgement.sender, DeviceName::from_bytes(array(&file["judged"])));
    for case in file["refused (field, byte xored with 1)"].as_array().unwrap() {
        // The context is made of what the reporter says.
        let field = if case[0] == "context" { "TH" } else { case[0].as_str().unwrap() };
        let at = usize::try_from(case[1].as_u64().unwrap()).unwrap();
        assert!(moderator().judge(&report(Some((field, at))), &reporter, None).is_err(), "{case}");
    }
    let other = DeviceName::from_bytes(array(&file["account_device"]));
    assert!(moderator().judge(&report(None), &other, None).is_err(), "passed on to another");
    receiver_judges_days(&file);
}

fn receiver_judges_days(file: &Value) {
    let (key, token) = (private(&file["k_t"]), array(&file["token"]));
    let context = array(&file["context"]);
    for case in file["receiver: [today, day, good]"].as_array().unwrap() {
        let [today, day] = [0, 1].map(|at| u32::try_from(case[at].as_u64().unwrap()).unwrap());
        let mut rng = Fed(std::vec![std::vec![7; 64]]);
        let part = report::part(&key, &context, day, (1, b"content"), &mut rng);
        let good = report::judge_part(&token, &context, (1, b"content"), (&part, today)).is_ok();
        assert_eq!(good, case[2].as_bool().unwrap(), "{case}");
    }
}
