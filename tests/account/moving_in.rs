// SPDX-License-Identifier: MIT OR Apache-2.0

//! Devices of the official client move in: their recorded keys become accounts, which receive the first messages
//! that the client received with them, and give the same records back.

use std::collections::{BTreeMap, BTreeSet};

use crate::vectors::{Case, Step, load};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use subrosa::account;
use subrosa::account::IdSpace;
use subrosa::hazmat::wire::stored::StoredIdentityKeyPair;
use subrosa::prekey::{LastResortKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::store::Key;
use subrosa::{Account, Address, DeviceId, IdentityKeyPair, Message, MessageKind, Session, Timestamp, Trust};

const FILES: [&str; 4] = ["one-way", "both-ways", "limits", "retry"];

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn address(value: &Value) -> Address {
    let device = u32::try_from(value["device"].as_u64().unwrap()).unwrap();
    Address::new(value["name"].as_str().unwrap(), DeviceId::new(device))
}

/// What a party stored before its first message came.
struct Party {
    import: account::Import,
    records: Vec<Vec<u8>>,
}

impl Party {
    fn new(step: &Step) -> Self {
        let out = step.out.as_ref().unwrap();
        let (public, private) = (bytes(&out["identity_public"]), bytes(&out["identity_private"]));
        let stored = StoredIdentityKeyPair { public_key: &public, private_key: &private }.encode();
        let identity = IdentityKeyPair::from_libsignal_record(&stored).unwrap();
        assert_eq!(*identity.to_libsignal_record(), *stored);
        let registration_id = u32::try_from(out["registration_id"].as_u64().unwrap()).unwrap();
        let (address, now) = (address(&step.input), Timestamp::from_secs(1_700_000_000));
        let import = account::Import::new(address, identity, registration_id, now);
        Self { import, records: Vec::new() }
    }

    /// Takes over the keys of a bundle. The recorder's store keeps Kyber prekeys for ever: they are of last resort.
    fn take(&mut self, records: &Value) {
        if !records["pre_key"].is_null() {
            let record = bytes(&records["pre_key"]);
            let key = OneTimePreKey::from_libsignal_record(&record).unwrap();
            assert_eq!(*key.to_libsignal_record(), record);
            self.import.one_time_pre_key(key).unwrap();
            self.records.push(record);
        }
        let record = bytes(&records["signed_pre_key"]);
        let key = SignedPreKey::from_libsignal_record(&record).unwrap();
        assert_eq!(*key.to_libsignal_record(), record);
        self.import.signed_pre_key(key).unwrap();
        self.records.push(record);
        let record = bytes(&records["kyber_pre_key"]);
        let key = LastResortKemPreKey::from_libsignal_record(&record).unwrap();
        assert_eq!(*key.to_libsignal_record(), record);
        self.import.last_resort_kem_pre_key(key).unwrap();
        self.records.push(record);
    }

    /// Ids were drawn from all 32 bits, so where to continue from must be said.
    fn finish(mut self, rng: &mut ChaCha20Rng) -> Account {
        for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
            self.import.next_id(space, 7);
        }
        let account = self.import.finish(account::Limits::default(), rng).unwrap().commit();
        let exported: BTreeSet<Vec<u8>> = account
            .one_time_pre_keys()
            .map(|key| key.to_libsignal_record().to_vec())
            .chain(account.signed_pre_keys().map(|key| key.to_libsignal_record().to_vec()))
            .chain(account.last_resort_kem_pre_keys().map(|key| key.to_libsignal_record().to_vec()))
            .collect();
        assert_eq!(exported, self.records.into_iter().collect());
        account
    }
}

/// An account that moved in, and its sessions.
struct Resident {
    account: Account,
    sessions: BTreeMap<Address, Session>,
}

impl Resident {
    /// Receives a message as the recorded client did, with the same outcome.
    fn receive(&mut self, step: &Step, message: &[u8], rng: &mut ChaCha20Rng) -> bool {
        let remote = address(&step.input["remote"]);
        let new = self.account.new_session(&remote);
        let session = self.sessions.entry(remote).or_insert(new);
        let message = Message::parse(MessageKind::PreKey, message).unwrap();
        let outcome = self.account.receive(session, &message, Trust::Anyone, rng);
        let begins = outcome
            .as_ref()
            .is_ok_and(|staged| staged.writes().iter().any(|write| *write.key() == Key::Account));
        match &step.out {
            Some(out) => assert_eq!(outcome.unwrap().commit()[..], bytes(&out["plaintext"])),
            None => drop(outcome.unwrap_err()),
        }
        begins
    }
}

/// Gives how many sessions were begun with keys that moved in.
fn follow(case: &Case, rng: &mut ChaCha20Rng) -> usize {
    let (mut parties, mut residents) = (BTreeMap::new(), BTreeMap::new());
    let mut begun = 0;
    for step in &case.steps {
        let Some(name) = step.input["party"].as_str() else { continue };
        match step.op.as_str() {
            "new_party" => drop(parties.insert(name, Party::new(step))),
            "bundle" => {
                if let Some(party) = parties.get_mut(name) {
                    party.take(&step.out.as_ref().unwrap()["records"]);
                }
            }
            "decrypt" if step.input["type"] == 3 => {
                if let Some(party) = parties.remove(name) {
                    let account = party.finish(rng);
                    residents.insert(name, Resident { account, sessions: BTreeMap::new() });
                }
                if let (Some(resident), Some(message)) = (residents.get_mut(name), message(case, step)) {
                    begun += usize::from(resident.receive(step, &message, rng));
                }
            }
            "list_pre_keys" => {}
            // What else a party does, the account's sessions don't follow.
            _ => drop((parties.remove(name), residents.remove(name))),
        }
    }
    begun
}

/// The message that a step is about: one that was sent in an earlier step.
fn message(case: &Case, step: &Step) -> Option<Vec<u8>> {
    let at = step.input["message"].as_str()?.strip_prefix('@')?.strip_suffix(".message")?;
    let sent = case.steps[at.parse::<usize>().ok()?].out.as_ref()?;
    Some(bytes(&sent["message"]))
}

#[test]
fn recorded_devices_move_in_and_receive_what_was_sent_to_them() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut begun = 0;
    for file in FILES {
        for case in &load(&format!("libsignal-0.103.0/{file}.json")).cases {
            begun += follow(case, &mut rng);
        }
    }
    assert!(begun >= 20, "{begun} sessions");
}
