// SPDX-License-Identifier: MIT OR Apache-2.0

//! Seeds of sealed sender's targets: recorded from the official client, and for what must open with the targets'
//! keys, recorded contents sealed anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::sealed::{Entry, seal_for_many};
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::Secret;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed::certificate::{SenderCertificate, ServerCertificate};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{ContentHint, OpenError, UnverifiedContent};
use subrosa::{DeviceId, MessageKind};

use super::{read, write};
use crate::envelopes::{BOB, Cast, NOW, bobs_address};

/// The known answers of fact sheet 10 §14, all of which the official client took: version 1, for our reader.
const KNOWN_V1: [u8; 267] = hex!(
    "110a210538ab664bd86f77d7e66bdd9ae0792913a94fd8b33a1260027e4b46c1f4884c67122b8c371db390f41b1019bb0ffc12f9"
    "a407f6c26ec6b2a65514c38516897803db3b7482ec98bcb7a7d6cded0a1ab701f651d7ee5a6f6ff3a7b147a71e0558ac4169f655"
    "da52ec00247c296c020a22754ca5a560e2ba9684d4fe026dd07220ddd6149b1b41d4891e78ce2aacccd7e83607843a280fa792c2"
    "2938105d42962b644b1482c196ea54f37a9fed05154b550c4063553dde36248c8dab4056e7f6f2b202d139e5c2a22b1a697bd154"
    "9c783cb9bfc028f602c4bfd60cab6bbf14a0bd2965762daf2c78b9cdd3e264eff16a7160e5d2faa599899abb6e82739d22a02edb"
    "20ebd63576052f"
);

/// Version 2, for our reader and another one, with one excluded.
const KNOWN_SENT: [u8; 380] = hex!(
    "230300a1b2c3d400014002800300000000000b033fff0cd47a344193aeff54f7a845cc2182636e3815e25058a0ce3951a5737387"
    "a39b633f2705579f6b47b69c53ed0b6539be01a1b2c3d400014002800300000000000c0191110222225b2067cae4133f890fc139"
    "de6694ecd7df0ff4d7c3bab4b54c3189ff367f1d770be769c0c85756ec8a405dd6d3b5caeb00a1b2c3d400014002800300000000"
    "000e00326a3d30c16c6ede8ee3f33280ead9ee29c33132e76ef103459702db5755350e8ffe5e845da216a2cc463f762cb8702d8c"
    "8c58dd8852e5e321f2f442e887fb7925eb175eb504cc1fad48ef5ffdb11515fc9057b268ce6ae0a186ea8a986ebdba13e4e76071"
    "e73919c4783afa57adbf57c76e8462e9b3fa63f6262b36dd24bfdf384bacbb1a4f278db05a4697894fd39dbca599ee8cb405ff92"
    "0da25ae55298e7ebad499a51f0662b5f0c58f1d37afdd2681127bb714464ed37a70fcebc69f26d4333dab47555a389d3d0dde0dc"
    "6d1397278156690f4d6cb8fd4abb58ec"
);

/// What the steps of a recorded file gave out under this name, in their order.
fn recorded(file: &str, field: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/libsignal-0.103.0").join(file);
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let steps = cases.flat_map(|case| case["steps"].as_array().unwrap());
    steps.filter_map(|step| step["out"][field].as_str()).map(|bytes| hex::decode(bytes).unwrap()).collect()
}

/// One content of each kind and hint, the shortest that was recorded; and one that was not.
fn contents() -> BTreeMap<String, Vec<u8>> {
    let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for bytes in ["sealed-v1.json", "sealed-v2.json"].iter().flat_map(|file| recorded(file, "usmc")) {
        let content = SealedContent::parse(&bytes).unwrap();
        let name = format!("{:?}-{}", content.kind, content.hint.to_u32()).to_lowercase();
        let shortest = contents.entry(name).or_insert_with(|| bytes.clone());
        if bytes.len() < shortest.len() {
            *shortest = bytes;
        }
    }
    let error =
        DecryptionErrorMessage::for_original(b"", MessageKind::SenderKey, NOW, DeviceId::PRIMARY).unwrap();
    let (cast, message) = (Cast::new(), PlaintextContent::from(&error));
    let plaintext = SealedContent {
        kind: MessageKind::Plaintext,
        certificate: cast.certificate.as_bytes(),
        message: message.as_bytes(),
        hint: ContentHint::Implicit,
        group_id: Some(b"group"),
    };
    contents.insert("plaintext-2".to_owned(), plaintext.encode());
    contents
}

pub fn write_seeds() {
    let cast = Cast::new();
    for (name, field, count) in [("server", "server_cert", 3), ("sender", "sender_cert", 12)] {
        for (at, certificate) in recorded("certificates.json", field).iter().take(count).enumerate() {
            write("certificate", &format!("{name}-{at}"), certificate);
        }
    }
    write("certificate", "ours", cast.certificate.as_bytes());
    for (name, content) in contents() {
        write("sealed_content", &format!("{name}-recorded"), &content);
        let content = SealedContent {
            certificate: cast.certificate.as_bytes(),
            ..SealedContent::parse(&content).unwrap()
        };
        let content = content.encode();
        write("sealed_content", &name, &content);
        let rng = &mut ChaCha20Rng::seed_from_u64(3);
        write("sealed_v1", &name, &v1::seal(&content, &cast.alice, cast.bob().public(), rng).unwrap());
        let bob = BOB.parse().unwrap();
        let entry =
            Entry { service_id: bob, identity: cast.bob().public(), devices: vec![(1, 1)], agreement: None };
        let sent = seal_for_many(&content, &cast.alice, &[&entry], &[], Secret::new([4; 32])).unwrap();
        let sent = SentMessage::parse(&sent.bytes).unwrap();
        write("sealed_v2", &name, &sent.recipients().next().unwrap().received().to_vec());
    }
    write("sealed_v1", "known", &KNOWN_V1);
    write("sent_message", "known", &KNOWN_SENT);
    let known = SentMessage::parse(&KNOWN_SENT).unwrap();
    write("sealed_v2", "known", &known.recipients().next().unwrap().received().to_vec());
    for (at, sent) in recorded("sealed-v2.json", "sent").iter().enumerate() {
        write("sent_message", &format!("recorded-{at}"), sent);
        // In the older form there is no kind byte.
        if let [0x23, 1, 0, rest @ ..] = sent.as_slice() {
            write("sent_message", &format!("older-{at}"), &[&[0x22, 1], rest].concat());
        }
    }
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    for (name, len) in [("short", 30), ("medium", 90), ("long", 250)] {
        let mut schedule = vec![0; len];
        rng.fill_bytes(&mut schedule);
        write("sealed_for_many", name, &schedule);
    }
}

pub fn check_seeds() {
    let cast = Cast::new();
    for seed in read("certificate") {
        assert!(SenderCertificate::parse(&seed).is_ok() || ServerCertificate::parse(&seed).is_ok());
    }
    let parsed = read("sealed_content").into_iter().filter(|seed| SealedContent::parse(seed).is_ok());
    assert_eq!(parsed.count(), read("sealed_content").len());
    let (address, mut not_messages) = (bobs_address(), 0);
    for seed in [read("sealed_v1"), read("sealed_v2")].concat() {
        let content = UnverifiedContent::open(&seed, cast.bob()).unwrap();
        let content = content.verify(&cast.trust(), &address, None, NOW).unwrap();
        not_messages += usize::from(content.body().is_err());
    }
    assert_eq!(not_messages, 2, "what is inside the known answers is none");
    for seed in read("sent_message") {
        match SentMessage::parse(&seed) {
            // The official client writes some that its parser refuses.
            Ok(_) | Err(OpenError::RedundantlyExcluded(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    read("sealed_for_many");
}
