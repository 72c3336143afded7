// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups: a member that sends, one that is there from the beginning, and one that joins later.

use serde_json::{Value, json};
use subrosa::Ciphertext;
use subrosa::group;
use subrosa::group::GroupMessage;
use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::{Address, Trust};

use crate::own_vectors::parties::text;
use crate::own_vectors::state;
use crate::own_vectors::stream::Stream;

const ID: [u8; 16] =
    [0xd1, 0xd1, 0xd1, 0xd1, 0x70, 0, 0x11, 0xeb, 0xb3, 0x2a, 0x33, 0xb8, 0xa8, 0xa4, 0x87, 0xa6];
const TEXTS: [&str; 5] = ["hello group", "", "sixteen bytes...", "for whoever joined, too", "the last one"];

pub fn cases() -> Vec<Value> {
    let with_id = group::Format::WithId(DistributionId::from_bytes(ID));
    vec![case("with distribution id", with_id), case("the older format", group::Format::WithoutId)]
}

struct Group {
    sender: SenderKey,
    members: [ReceiverKeys; 2],
    sent: Vec<Ciphertext>,
    stream: Stream,
    steps: Vec<Value>,
}

fn case(name: &str, format: group::Format) -> Value {
    let seed = format!("subrosa vectors 1: group, {name}");
    let mut stream = Stream::new(&seed);
    let sender = SenderKey::generate(format, &mut stream);
    let members = [(); 2].map(|()| ReceiverKeys::new(Address::new("sender", 1), format));
    let mut group = Group { sender, members, sent: Vec::new(), stream, steps: Vec::new() };
    group.sender_step(json!({ "op": "generate" }));
    group.learn(0);
    for text in &TEXTS[..3] {
        group.send(text);
    }
    // One is late: it waits among the skipped keys of both.
    for number in [2, 0] {
        group.deliver(0, number);
    }
    group.learn(1);
    for text in &TEXTS[3..] {
        group.send(text);
    }
    group.deliver(1, 4);
    for number in [4, 1] {
        group.deliver(0, number);
    }
    group.refuse(0, 1, "repeated");
    group.refuse(1, 2, "from before it joined");
    json!({
        "name": name,
        "seed": seed,
        "distribution_id": format.distribution_id().map(|id| hex::encode(id.as_bytes())),
        "steps": group.steps,
    })
}

const NAMES: [&str; 2] = ["member", "latecomer"];

impl Group {
    fn sender_step(&mut self, mut step: Value) {
        let listing = state::sender_key(self.sender.record().as_bytes());
        step["by"] = json!("sender");
        step["random"] = json!(self.stream.drawn());
        step["state_hash"] = json!(listing.hash());
        step["state"] = listing.lines();
        self.steps.push(step);
    }

    fn member_step(&mut self, by: usize, mut step: Value) {
        let listing = state::receiver_keys(self.members[by].record().as_bytes());
        step["by"] = json!(NAMES[by]);
        step["state_hash"] = json!(listing.hash());
        step["state"] = listing.lines();
        self.steps.push(step);
    }

    /// The sender's key as it is now comes to a member.
    fn learn(&mut self, by: usize) {
        let distribution = self.sender.distribution();
        let message = match self.sender.format() {
            group::Format::WithId(_) => DistributionMessage::parse(&distribution),
            group::Format::WithoutId => DistributionMessage::parse_without_id(&distribution),
        }
        .unwrap();
        self.members[by]
            .process(&message, &subrosa::IdentityKey::decode(&[5; 33]).unwrap())
            .unwrap()
            .commit();
        self.member_step(by, json!({ "op": "learn", "message": hex::encode(&*distribution) }));
    }

    fn send(&mut self, plaintext: &str) {
        let before = state::sender_key(self.sender.record().as_bytes()).lines();
        let line = state::value(&before, "CK=").unwrap();
        let mut chain_key = [0; 32];
        hex::decode_to_slice(line.split_once(':').unwrap().1, &mut chain_key).unwrap();
        let (seed, _) = ChainKey::new(Secret::new(chain_key), 0).step().unwrap();
        let message = self.sender.encrypt(plaintext.as_bytes(), &mut self.stream).unwrap().commit();
        self.sender_step(json!({
            "op": "encrypt",
            "number": self.sent.len(),
            "plaintext": text(plaintext),
            "seed": hex::encode(seed.as_bytes()),
            "message": hex::encode(message.as_bytes()),
        }));
        self.sent.push(message);
    }

    fn deliver(&mut self, by: usize, number: usize) {
        let message = GroupMessage::parse(self.sent[number].as_bytes()).unwrap();
        let plaintext = self.members[by].decrypt(&message, Trust::Anyone).unwrap().commit();
        assert_eq!(&*plaintext, TEXTS[number].as_bytes());
        self.member_step(by, json!({ "op": "decrypt", "number": number }));
    }

    fn refuse(&mut self, by: usize, number: usize, why: &str) {
        let message = GroupMessage::parse(self.sent[number].as_bytes()).unwrap();
        assert!(self.members[by].decrypt(&message, Trust::Anyone).is_err());
        self.member_step(by, json!({ "op": "refuse", "number": number, "why": why }));
    }
}
