// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender, live with the official client's build: what either seals, certifies or splits, the other
//! opens, believes and splits alike; and what was tampered with both refuse. Needs `SUBROSA_INTEROP`; see
//! CONTRIBUTING.md. `SUBROSA_SEED` repeats a run's choices.

mod tampering;
mod v1;
mod v2;

use crate::live::{Home, Program, seed};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Where a party lives.
const OURS: usize = 0;
const THEIRS: usize = 1;

/// What time it is, and until when certificates are good.
const NOW: u64 = 1_700_000_000_000;
const EXPIRES: u64 = NOW + 1000;

/// Both implementations, each with any number of parties; and a service that both know.
struct World {
    homes: [Home; 2],
    rng: ChaCha20Rng,
    parties: usize,
    root: Value,
    server: Value,
    /// By the implementation that issued it.
    server_certificates: [Value; 2],
}

/// A party: one device of an account.
#[derive(Clone)]
struct Device {
    home: usize,
    /// What it is called at its home.
    party: String,
    name: String,
    id: u64,
    identity_public: Value,
    identity_private: Value,
    registration_id: Value,
}

impl Device {
    fn address(&self) -> Value {
        json!({ "name": self.name, "device": self.id })
    }
}

impl World {
    fn new(salt: u64) -> Self {
        let program = Program::node("", "peer.mjs", &[]);
        let homes = [Home::Ours(Box::default()), Home::Theirs(program)];
        let rng = ChaCha20Rng::seed_from_u64(seed(salt));
        let mut world = Self {
            homes,
            rng,
            parties: 0,
            root: Value::Null,
            server: Value::Null,
            server_certificates: Default::default(),
        };
        world.root = world.must(OURS, json!({ "op": "ec_generate" }));
        world.server = world.must(THEIRS, json!({ "op": "ec_generate" }));
        let request = json!({
            "op": "server_cert", "key_id": 7,
            "server_public": world.server["public"], "trust_root_private": world.root["private"],
        });
        for home in [OURS, THEIRS] {
            world.server_certificates[home] = world.must(home, request.clone())["server_cert"].clone();
        }
        world
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u32()).expect("a number") % limit
    }

    /// One of several.
    fn choose<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    fn hex(&mut self, longest: usize) -> String {
        let len = self.below(longest + 1);
        hex::encode(self.bytes(len))
    }

    /// The answer, or why there is none.
    fn ask(&mut self, home: usize, request: &Value) -> Result<Value, String> {
        let mut answer = self.homes[home].handle(request);
        if answer["ok"] == true { Ok(answer) } else { Err(answer["error"].take().to_string()) }
    }

    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "requests are written where they are made")]
    fn must(&mut self, home: usize, request: Value) -> Value {
        self.ask(home, &request).unwrap_or_else(|error| panic!("{home}: {request:.300}: {error}"))
    }

    /// The answers to many requests, with and without success.
    fn batch(&mut self, home: usize, requests: &[Value]) -> Vec<Value> {
        let mut answers = Vec::with_capacity(requests.len());
        for requests in requests.chunks(100) {
            let answer = self.must(home, json!({ "op": "batch", "requests": requests }));
            answers.extend(answer["responses"].as_array().unwrap().iter().cloned());
        }
        assert_eq!(answers.len(), requests.len());
        answers
    }

    /// The answers to many requests, none of which may be refused.
    #[track_caller]
    fn must_all(&mut self, home: usize, requests: &[Value]) -> Vec<Value> {
        let answers = self.batch(home, requests);
        for (request, answer) in requests.iter().zip(&answers) {
            assert_eq!(answer["ok"], true, "{home}: {request:.300}: {answer}");
        }
        answers
    }

    /// An account's name.
    fn name(&mut self) -> String {
        let uuid = hex::encode(self.bytes(16));
        let kind = self.choose(&["", "PNI:"]);
        format!("{kind}{}-{}-{}-{}-{}", &uuid[..8], &uuid[8..12], &uuid[12..16], &uuid[16..20], &uuid[20..])
    }

    /// A new device; of the account of another one, or of a new account.
    fn device(&mut self, home: usize, sibling: Option<&Device>) -> Device {
        self.parties += 1;
        let party = format!("party {}", self.parties);
        let (name, id) = match sibling {
            None => (self.name(), self.below(40) + 1),
            Some(sibling) => (sibling.name.clone(), usize::try_from(sibling.id).unwrap() + 40),
        };
        let any = self.below(0x3FFF) + 1;
        let registration_id = self.choose(&[1, 0x3FFF, any]);
        let answer = self.must(
            home,
            json!({
                "op": "new_party", "party": party, "name": name, "device": id,
                "registration_id": registration_id,
                "identity_private": sibling.map(|sibling| sibling.identity_private.clone()),
            }),
        );
        Device {
            home,
            party,
            name,
            id: u64::try_from(id).unwrap(),
            identity_public: answer["identity_public"].clone(),
            identity_private: answer["identity_private"].clone(),
            registration_id: answer["registration_id"].clone(),
        }
    }

    /// Lets `from` begin a session with `to`, and send nothing yet.
    fn begin(&mut self, from: &Device, to: &Device) {
        let one_time = self.below(2) == 0;
        let bundle = self.must(to.home, json!({ "op": "bundle", "party": to.party, "one_time": one_time }));
        self.must(from.home, json!({
            "op": "process_bundle", "party": from.party, "remote": to.address(), "bundle": bundle["bundle"],
        }));
    }

    /// A certificate for a device, issued by an implementation.
    fn certificate(&mut self, issuer: usize, device: &Device, e164: Option<&str>) -> Value {
        let answer = self.must(
            issuer,
            json!({
                "op": "sender_cert", "sender_uuid": device.name, "sender_device": device.id,
                "sender_public": device.identity_public, "sender_e164": e164, "expiration": EXPIRES,
                "server_cert": self.server_certificates[issuer], "server_private": self.server["private"],
            }),
        );
        answer["sender_cert"].clone()
    }

    /// A content of a device's, with any hint and group.
    fn content(&mut self, from: &Device, certificate: &Value, inner: &Value) -> Value {
        let mut request = json!({
            "op": "usmc", "party": from.party, "sender_cert": certificate,
            "content_hint": self.choose(&[0, 1, 2, 200, 4_000_000_000_u32]),
        });
        if self.below(2) == 0 {
            request["group_id"] = format!("aa{}", self.hex(40)).into();
        }
        for (key, value) in inner.as_object().unwrap() {
            request[key] = value.clone();
        }
        let content = self.must(from.home, request);
        // What one has written both read alike.
        for home in [OURS, THEIRS] {
            let read = self.must(home, json!({ "op": "parse_usmc", "usmc": content["usmc"] }));
            assert_eq!(read, content);
        }
        content
    }

    /// What a device does to read a sealed message of a session.
    fn unseal(&self, to: &Device, sealed: &Value) -> Value {
        json!({
            "op": "unseal", "party": to.party, "sealed": sealed, "trust_root": self.root["public"], "now": NOW,
        })
    }

    /// What both make of a sent message, which must be the same.
    fn split(&mut self, sent: &Value) -> Value {
        let request = json!({ "op": "parse_multi", "sent": sent });
        let [ours, theirs] = [OURS, THEIRS].map(|home| self.must(home, request.clone()));
        assert!(ours == theirs, "{ours:.2000}\n{theirs:.2000}");
        ours
    }
}
