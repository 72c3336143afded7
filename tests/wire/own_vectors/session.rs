// SPDX-License-Identifier: MIT OR Apache-2.0

//! A conversation, step by step: what goes in, what is drawn, what comes out, and the state after it.

use serde_json::{Value, json};
use subrosa::hazmat::crypto::kdf::Label;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::keys::KemCiphertext;
use subrosa::rand_core::{TryCryptoRng, TryRng};
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::{Ciphertext, IdentityKeyPair, Message, MessageKind, Session, Trust};

use crate::own_vectors::parties::{self, NOW, REGISTRATION_IDS, alice, bob, identity, local, text};
use crate::own_vectors::stream::Stream;
use crate::own_vectors::{braid, state};

const A: usize = 0;
const B: usize = 1;
const NAMES: [&str; 2] = ["alice", "bob"];

/// One thing that happens.
enum Step {
    Send(usize, &'static str),
    /// The message of that number reaches the other one.
    Deliver(usize),
    /// The same, and it is refused: for what is wrong with it.
    Refuse(usize, &'static str),
}
use Step::{Deliver, Refuse, Send};

/// Late, early, lost and repeated messages, over four DH ratchet steps. Messages are counted from 0.
const SCRIPT: &[Step] = &[
    Send(A, "first"),
    Send(A, ""),
    Send(A, "third, of the initiator's first chain"),
    Deliver(0),
    Deliver(2),
    Refuse(0, "repeated"),
    Send(B, "an answer"),
    Send(B, "another one, which comes early"),
    Deliver(4),
    Deliver(3),
    Send(A, "sixteen bytes..."),
    Send(A, "late, of the second chain"),
    Send(A, "early, of the second chain"),
    Refuse(7, "damaged"),
    Deliver(7),
    Deliver(1),
    Deliver(5),
    Send(B, "and so on"),
    Deliver(8),
    Send(A, "never delivered"),
    Send(A, "the last but one"),
    Deliver(10),
    Deliver(6),
    Refuse(6, "repeated"),
    Send(B, "the end"),
    Deliver(11),
];

struct Talk {
    identities: [IdentityKeyPair; 2],
    pre_keys: parties::PreKeys,
    sessions: [Session; 2],
    /// Who sent it, and what.
    sent: Vec<(usize, Ciphertext, &'static str)>,
    stream: Stream,
}

pub fn case(version: u8) -> Value {
    let seed = format!("subrosa vectors 1: version {version}");
    let mut stream = Stream::new(&seed);
    let identities = [IdentityKeyPair::generate(&mut stream), IdentityKeyPair::generate(&mut stream)];
    let pre_keys = parties::PreKeys::generate(&identities[B], &mut stream);
    stream.drawn();
    let sessions = [Session::new(alice(), bob()), Session::new(bob(), alice())];
    let mut talk = Talk { identities, pre_keys, sessions, sent: Vec::new(), stream };
    let mut steps = vec![talk.initiate(version)];
    for step in SCRIPT {
        steps.push(match *step {
            Send(by, plaintext) => talk.send(by, plaintext),
            Deliver(number) => talk.deliver(number),
            Refuse(number, why) => talk.refuse(number, why),
        });
    }
    json!({
        "name": format!("version {version}"),
        "seed": seed,
        "version": version,
        "alice": party(&talk.identities[A], A, &alice().to_string()),
        "bob": party(&talk.identities[B], B, &bob().to_string()),
        "prekeys": talk.pre_keys.describe(version),
        "steps": steps,
    })
}

fn party(pair: &IdentityKeyPair, at: usize, address: &str) -> Value {
    json!({ "IK": identity(pair), "registration": REGISTRATION_IDS[at], "address": address })
}

impl Talk {
    fn initiate(&mut self, version: u8) -> Value {
        let bundle = self.pre_keys.bundle(&self.identities[B], version);
        let (local, verified) = (local(&self.identities[A], A), bundle.verify(Trust::Anyone).unwrap());
        self.sessions[A].initiate(&local, verified, NOW, &mut self.stream).unwrap().commit();
        let mut step = self.step(A, json!({ "op": "initiate" }));
        if let Some(ciphertext) = state::value(&step["state"], "pending.KPK=33:") {
            let ciphertext = KemCiphertext::decode(&hex::decode(ciphertext).unwrap()).unwrap();
            let shared = self.pre_keys.kem.key_pair().secret().decapsulate(&ciphertext).unwrap();
            step["kem"] = json!({ "ciphertext": hex::encode(ciphertext.encode()), "ss": hex::encode(shared.as_bytes()) });
        }
        step
    }

    /// Adds what every step has.
    fn step(&mut self, by: usize, mut step: Value) -> Value {
        let listing = state::session(self.sessions[by].record().as_bytes()).listing;
        step["by"] = json!(NAMES[by]);
        step["random"] = json!(self.stream.drawn());
        step["state_hash"] = json!(listing.hash());
        step["state"] = listing.lines();
        step
    }

    fn send(&mut self, by: usize, plaintext: &'static str) -> Value {
        let before = state::session(self.sessions[by].record().as_bytes());
        let message = self.sessions[by]
            .encrypt(plaintext.as_bytes(), Trust::Anyone, NOW, &mut self.stream)
            .unwrap()
            .commit();
        let (seed, _) = ChainKey::new(Secret::new(before.sending_key), before.sending_index).step().unwrap();
        let mut step = self.step(by, json!({ "op": "encrypt" }));
        let post_quantum = before.braid.send(&mut Replay(&step["random"])).unwrap();
        let keys = MessageKeys::derive(Label::new("WhisperMessageKeys"), &seed, post_quantum.key.as_ref());
        step["number"] = json!(self.sent.len());
        step["plaintext"] = text(plaintext);
        step["kind"] = json!(if message.kind() == MessageKind::PreKey { "prekey" } else { "whisper" });
        step["message"] = text(message.as_bytes());
        step["keys"] = json!({
            "seed": hex::encode(seed.as_bytes()),
            "cipher": hex::encode(keys.cipher_key.as_bytes()),
            "mac": hex::encode(keys.mac_key.as_bytes()),
            "iv": hex::encode(keys.iv.as_bytes()),
        });
        if let Some(key) = post_quantum.key {
            step["keys"]["salt"] = text(key.as_bytes());
            step["pq_message"] = text(post_quantum.message);
            if let Some(drawn) = step["random"][0].as_str() {
                let after = state::session(self.sessions[by].record().as_bytes()).braid;
                let state = before.braid.state().unwrap().0;
                step["kem"] = braid::kem(state, drawn, &state::stored(&after), None);
            }
        }
        self.sent.push((by, message, plaintext));
        step
    }

    fn deliver(&mut self, number: usize) -> Value {
        let (from, message, plaintext) = &self.sent[number];
        let by = 1 - from;
        let decrypted = decrypt(
            &mut self.sessions[by],
            (&self.identities[by], by),
            &self.pre_keys,
            (message.kind(), message.as_bytes()),
            &mut self.stream,
        );
        assert_eq!(decrypted.unwrap(), plaintext.as_bytes());
        self.step(by, json!({ "op": "decrypt", "number": number }))
    }

    fn refuse(&mut self, number: usize, why: &str) -> Value {
        let (from, message, _) = &self.sent[number];
        let (by, mut bytes) = (1 - from, message.as_bytes().to_vec());
        if why == "damaged" {
            *bytes.last_mut().unwrap() ^= 1;
        }
        let before = self.sessions[by].record();
        let message = (message.kind(), &bytes[..]);
        let identity = (&self.identities[by], by);
        assert!(
            decrypt(&mut self.sessions[by], identity, &self.pre_keys, message, &mut self.stream).is_none()
        );
        assert_eq!(self.sessions[by].record().as_bytes(), before.as_bytes());
        // What was drawn for the attempt is gone.
        let mut step = self.step(by, json!({ "op": "refuse", "number": number, "why": why }));
        step["message"] = text(&bytes);
        step
    }
}

fn decrypt(
    session: &mut Session,
    (identity, party): (&IdentityKeyPair, usize),
    pre_keys: &parties::PreKeys,
    (kind, bytes): (MessageKind, &[u8]),
    stream: &mut Stream,
) -> Option<Vec<u8>> {
    let message = Message::parse(kind, bytes).unwrap();
    let staged = match session.receive(&local(identity, party), &message, Trust::Anyone, stream).ok()? {
        Admission::Decrypted(staged) => staged,
        Admission::New(new) => {
            let kem = new.needed().kem.map(|_| KemKey::LastResort { key: &pre_keys.kem, used_before: false });
            let (signed, one_time) = (&pre_keys.signed, Some(&pre_keys.one_time));
            new.accept(&PreKeys { signed, one_time, kem }, stream).ok()?
        }
    };
    Some(staged.commit().to_vec())
}

/// Draws that were recorded.
struct Replay<'a>(&'a Value);

impl TryRng for Replay<'_> {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("no number was drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("no number was drawn")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        hex::decode_to_slice(self.0[0].as_str().unwrap(), bytes).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for Replay<'_> {}
