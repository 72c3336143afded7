// SPDX-License-Identifier: MIT OR Apache-2.0

//! A whole device moves, while it talks with two others, is a member of a group, and while first messages to it are
//! under way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use subrosa::account;
use subrosa::group::{DistributionId, Format, ReceiverKeys, SenderKey};
use subrosa::keys::PublicKey;
use subrosa::prekey::{LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::store::Key;
use subrosa::{Address, IdentityKey, IdentityKeyPair, Session, Timestamp};

use crate::group_network::{GroupNetwork, Rotation};
use crate::live::{Home, Program, Side, seed};
use crate::moving_in::{MOVES, STAYS};
use crate::network::Network;
use crate::resident::{Resident, address, bytes};

const OURS: &str = "0c0c0c0c-0000-4000-8000-00000000000c";
const TEXT: &str = "6669727374";

fn written(address: &Address) -> Value {
    json!({ "name": address.name().as_str(), "device": address.device().get() })
}

fn import_sender_key(there: &mut Side, sender: &Address, format: Format, record: &[u8]) {
    let id = format.distribution_id().unwrap().to_string();
    there.must(json!({
        "op": "sender_key_import", "sender": written(sender), "distribution_id": id, "record": hex::encode(record),
    }));
}

fn distribution(number: usize) -> String {
    format!("d1d1d1d1-0000-4000-8000-{number:012x}")
}

/// Somebody who began a session with the device, and has sent it a first message that did not arrive yet.
struct Newcomer {
    side: Side,
    first: Value,
}

impl Newcomer {
    fn new(side: Side, device: &Value, bundle: &Value) -> Self {
        let mut new = Self { side, first: Value::Null };
        new.side.must(json!({ "op": "process_bundle", "remote": device, "bundle": bundle }));
        new.first = new.send(device);
        new
    }

    fn send(&mut self, device: &Value) -> Value {
        self.side.must(json!({ "op": "encrypt", "remote": device, "plaintext": TEXT }))
    }

    /// The first message arrives at the device, and is answered.
    fn arrive(&mut self, device: &mut Side) {
        let arrived = json!({
            "op": "decrypt", "remote": self.side.address(),
            "type": self.first["type"], "message": self.first["message"],
        });
        assert_eq!(device.must(arrived.clone())["plaintext"], TEXT);
        device.ask(arrived).expect_err("it does not come twice");
        let answer =
            device.must(json!({ "op": "encrypt", "remote": self.side.address(), "plaintext": TEXT }));
        self.side.must(json!({
            "op": "decrypt", "remote": device.address(), "type": answer["type"], "message": answer["message"],
        }));
    }
}

/// The device, and everybody who has to do with it.
struct World {
    device: Side,
    /// Its private identity key and registration id, which it takes along.
    who: Value,
    /// The records of the prekeys that it has given out.
    pre_keys: Vec<Value>,
    /// Conversations with one of the official client's, and with one of ours.
    with: [Network; 2],
    group: GroupNetwork,
    newcomers: Vec<Newcomer>,
    seed: u64,
    now: Timestamp,
}

impl World {
    /// A device of the official client's.
    fn new(salt: u64) -> Self {
        let seed = seed(salt);
        let mut device = Side::new(Home::Theirs(Program::node("", "peer.mjs", &[])), MOVES, &Value::Null);
        let who = device.must(json!({ "op": "new_party", "name": MOVES, "device": 1 }));
        let theirs = Side::beside(&device, "stays", STAYS, &Value::Null);
        let ours = Side::new(Home::Ours(Box::default()), OURS, &Value::Null);
        let members = vec![device.again(), theirs.again(), ours.again()];
        let group = GroupNetwork::new(members, distribution, seed);
        let with = [theirs, ours].map(|other| Network::new([device.again(), other], seed));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().into();
        let mut world =
            Self { device, who, pre_keys: Vec::new(), with, group, newcomers: Vec::new(), seed, now };
        for (begins, network) in world.with.iter_mut().enumerate() {
            network.initiate(begins, &json!({}));
            network.exchange_from(begins);
            for _ in 0..200 {
                network.tick();
            }
        }
        world.group.run(60);
        world
    }

    /// A party of the official client's, or one of ours.
    fn newcomer(&mut self, number: usize) -> Side {
        let beside = &self.with[number % 2].sides[1];
        let name = format!("0d0d0d0d-0000-4000-8000-{number:012x}");
        Side::beside(beside, &format!("newcomer {number}"), &name, &Value::Null)
    }

    /// Somebody fetches a bundle of the device and sends a first message.
    fn come(&mut self, number: usize) -> Newcomer {
        let side = self.newcomer(number);
        let request = json!({
            "op": "bundle", "one_time": number % 4 < 2, "timestamp": self.now.as_millis(),
        });
        let answer = self.device.must(request);
        self.pre_keys.extend(answer.get("records").cloned());
        Newcomer::new(side, &self.device.address(), &answer["bundle"])
    }

    /// All whom the device has a session with.
    fn peers(&self) -> Vec<Value> {
        let newcomers = self.newcomers.iter().map(|newcomer| newcomer.side.address());
        self.with.iter().map(|network| network.sides[1].address()).chain(newcomers).collect()
    }

    /// The account, of what the device has: its prekeys that are not used up, one half of its KEM prekeys as one-time
    /// ones, the other half as of last resort.
    fn account(&mut self) -> account::Import {
        let public = self.who["identity_public"].clone();
        let private = self.who["identity_private"].clone();
        let pair = json!({ "op": "identity_serialize", "public": public, "private": private });
        let pair = bytes(&self.device.must(pair)["identity_key_pair"]);
        let identity = IdentityKeyPair::from_libsignal_record(&pair).unwrap();
        let registration_id = u32::try_from(self.who["registration_id"].as_u64().unwrap()).unwrap();
        let mut import =
            account::Import::new(address(&self.device.address()), identity, registration_id, self.now);
        let there = self.device.must(json!({ "op": "list_pre_keys" }))["pre_keys"].clone();
        let there = |id: u32| there.as_array().unwrap().iter().any(|there| *there == id);
        for (number, records) in self.pre_keys.iter().enumerate() {
            if !records["pre_key"].is_null() {
                let key = OneTimePreKey::from_libsignal_record(&bytes(&records["pre_key"])).unwrap();
                if there(key.id().0) {
                    import.one_time_pre_key(key).unwrap();
                }
            }
            let key = SignedPreKey::from_libsignal_record(&bytes(&records["signed_pre_key"])).unwrap();
            import.signed_pre_key(key).unwrap();
            let record = bytes(&records["kyber_pre_key"]);
            if number % 2 == 0 {
                let key = OneTimeKemPreKey::from_libsignal_record(&record).unwrap();
                import.one_time_kem_pre_key(key).unwrap();
            } else {
                let key = LastResortKemPreKey::from_libsignal_record(&record).unwrap();
                import.last_resort_kem_pre_key(key).unwrap();
            }
        }
        import
    }

    /// The device moves in with us. Nothing that is under way to it waits for that.
    fn move_in(&mut self) -> Rc<RefCell<Resident>> {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        let account = self.account().finish(account::Limits::default(), &mut rng).unwrap();
        let mut us = Resident::with_account(account, self.now, rng);
        for remote in self.peers() {
            let export = json!({ "op": "session_export", "remote": remote });
            let exported = self.device.must(export)["record"].clone();
            if exported.is_null() {
                continue;
            }
            let peer = address(&remote);
            let session =
                Session::from_libsignal_record(&bytes(&exported), us.address.clone(), peer.clone()).unwrap();
            us.put(Key::Session(peer.clone()), session.record());
            let kept =
                self.device.must(json!({ "op": "identity_get", "remote": remote }))["identity"].clone();
            let kept = IdentityKey::new(PublicKey::decode(&bytes(&kept)).unwrap());
            us.put(Key::Identity(peer.name().clone()), kept.record());
        }
        for (sender, id, record) in self.group.records(0) {
            let (format, record) = (id.parse::<DistributionId>().unwrap(), hex::decode(record).unwrap());
            if sender == self.device.address() {
                let key = SenderKey::from_libsignal_record(&record, format).unwrap();
                us.put(Key::SenderKey(format.into()), key.record());
            } else {
                let sender = address(&sender);
                let keys = ReceiverKeys::from_libsignal_record(&record, sender.clone(), format).unwrap();
                us.put(Key::ReceiverKeys(sender, format.into()), keys.record());
            }
        }
        let us = Rc::new(RefCell::new(us));
        self.settle_at(Resident::side(&us));
        us
    }

    /// Our device moves out, to the official client.
    fn move_out(&mut self, us: &Resident) {
        let mut there = Side::beside(&self.with[0].sides[1], "moved out", MOVES, &self.who);
        let mut import = |name: &str, record: &[u8]| {
            there.must(json!({ "op": "import_pre_keys", name: hex::encode(record) }));
        };
        let account = &us.account;
        account.one_time_pre_keys().for_each(|key| import("pre_key", &key.to_libsignal_record()));
        account.signed_pre_keys().for_each(|key| import("signed_pre_key", &key.to_libsignal_record()));
        account.one_time_kem_pre_keys().for_each(|key| import("kyber_pre_key", &key.to_libsignal_record()));
        account
            .last_resort_kem_pre_keys()
            .for_each(|key| import("kyber_pre_key", &key.to_libsignal_record()));
        for key in us.rows.keys() {
            match key {
                Key::Session(peer) => {
                    let identity = hex::encode(us.identity(peer).unwrap().encode());
                    let record = hex::encode(us.session(peer).to_libsignal_record());
                    let remote = written(peer);
                    there.must(json!({ "op": "identity_set", "remote": remote, "identity": identity }));
                    there.must(json!({ "op": "session_import", "remote": remote, "record": record }));
                }
                Key::SenderKey(format) => {
                    let key = us.rows.sender_key(*format).unwrap().unwrap();
                    import_sender_key(&mut there, &us.address, *format, &key.to_libsignal_record());
                }
                Key::ReceiverKeys(sender, format) => {
                    let keys = us.rows.receiver_keys(sender, *format).unwrap();
                    import_sender_key(&mut there, sender, *format, &keys.to_libsignal_record());
                }
                _ => {}
            }
        }
        self.settle_at(there);
    }

    /// From now on the device is at another home.
    fn settle_at(&mut self, there: Side) {
        for network in &mut self.with {
            *network = network.fork([there.again(), network.sides[1].again()]);
        }
        self.group.members[0] = there.again();
        self.device = there;
    }

    /// All goes on as if nothing had been.
    fn go_on(&mut self) {
        for newcomer in &mut self.newcomers {
            newcomer.arrive(&mut self.device);
        }
        for network in &mut self.with {
            network.run(crate::moving_in::EACH);
            network.exchange();
        }
        for _ in 0..3 {
            self.group.run(80);
            self.group.rotate(0, Rotation::NewId);
        }
        self.group.run(80);
        self.group.settle();
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_whole_device_moves_in_and_out() {
    let mut world = World::new(23);
    for number in 0..8 {
        let newcomer = world.come(number);
        world.newcomers.push(newcomer);
    }
    // Of some the first message has arrived before the move, but was not answered, and the next is under way.
    for number in [1, 2, 3, 4] {
        let remote = world.newcomers[number].side.address();
        let first = world.newcomers[number].first.clone();
        world.device.must(json!({
            "op": "decrypt", "remote": remote, "type": first["type"], "message": first["message"],
        }));
        let next = world.newcomers[number].send(&world.device.address());
        assert_eq!(next["type"], 3, "unanswered");
        world.newcomers[number].first = next;
    }
    let us = world.move_in();
    world.go_on();

    // Bundles that our account gives out are good for those who write after the device has moved out again.
    world.newcomers.clear();
    world.pre_keys.clear();
    for number in 8..12 {
        let newcomer = world.come(number);
        world.newcomers.push(newcomer);
    }
    world.move_out(&us.borrow());
    world.go_on();
}
