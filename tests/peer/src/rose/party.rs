// SPDX-License-Identifier: MIT OR Apache-2.0

//! One party: its account, sessions and groups, and the store that all writes go to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subrosa::Timestamp;
use subrosa::rose::group::{GroupKey, GroupKeys};
use subrosa::rose::report::ReportKey;
use subrosa::rose::{
    Account, Certificate, Contact, DeviceName, Issuers, Policy, RoseKey, Session, TagOwner, Trust,
};
use subrosa::store::{Key, Write, Writes};

/// A party.
pub(crate) struct Party {
    pub(crate) account: Account,
    pub(crate) certificate: Certificate,
    pub(crate) issuers: Issuers,
    pub(crate) now: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) trusts: bool,
    /// In the order of making.
    pub(crate) sessions: Vec<Session>,
    /// The id of the newest hybrid prekey.
    pub(crate) newest_prekey: u32,
    pub(crate) groups: BTreeMap<String, GroupKey>,
    pub(crate) group_keys: Vec<GroupKeys>,
    pub(crate) token: Option<ReportKey>,
    /// The records of sessions that were put away.
    pub(crate) slots: BTreeMap<u64, Vec<(DeviceName, Vec<u8>)>>,
    pub(crate) store: Store,
}

/// What the writes of all changes leave.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) contacts: BTreeMap<[u8; 17], Contact>,
    tags: BTreeSet<([u8; 16], TagOwner)>,
}

impl Store {
    /// Makes writes, and gives the tags that they add and remove.
    pub(crate) fn apply(&mut self, writes: &Writes) -> (Vec<[u8; 16]>, Vec<[u8; 16]>) {
        for write in writes {
            let bytes = write.key().to_bytes();
            match write {
                Write::Put { key, record, .. } => {
                    match key {
                        Key::Rose(RoseKey::Contact(account)) => {
                            let contact = Contact::from_record(record.as_bytes()).expect("a contact");
                            self.contacts.insert(*account, contact);
                        }
                        Key::Rose(RoseKey::Tag(tag, owner)) => drop(self.tags.insert((*tag, *owner))),
                        _ => {}
                    }
                    self.rows.insert(bytes, record.as_bytes().to_vec());
                }
                Write::Delete { key } => {
                    if let Key::Rose(RoseKey::Tag(tag, owner)) = key {
                        self.tags.remove(&(*tag, *owner));
                    }
                    self.rows.remove(&bytes);
                }
            }
        }
        subrosa::rose::tags_of(writes)
    }

    /// The states that expect a message.
    pub(crate) fn owners(&self, message: &[u8]) -> Vec<TagOwner> {
        let Some(tag) = message.first_chunk::<16>() else { return Vec::new() };
        self.tags.iter().filter(|(expected, _)| expected == tag).map(|(_, owner)| *owner).collect()
    }

    /// The tags of a session are those that its record says.
    fn replace_tags(&mut self, sessions: &[Session]) {
        self.tags.retain(|(_, owner)| matches!(owner, TagOwner::Group(..)));
        for session in sessions {
            let owner = TagOwner::Session(session.remote());
            self.tags.extend(session.expected_tags().into_iter().map(|tag| (tag, owner)));
        }
    }
}

impl Party {
    pub(crate) fn has_sessions(&self) -> bool {
        self.sessions.iter().any(Session::is_begun)
    }

    /// The place of the session with a device, which is made if it is not there.
    pub(crate) fn session_at(&mut self, name: DeviceName) -> usize {
        let place = self.sessions.iter().position(|session| session.remote() == name);
        place.unwrap_or_else(|| {
            self.sessions.push(Session::new(name));
            self.sessions.len() - 1
        })
    }

    pub(crate) fn contact(&self, name: DeviceName) -> Option<Contact> {
        self.store.contacts.get(&name.account()).cloned()
    }

    pub(crate) fn trust<'c>(&self, contact: Option<&'c Contact>) -> Trust<'c> {
        if self.trusts { Trust::on_first_use(contact) } else { Trust::Nobody }
    }

    /// How many tags are expected, and their hash.
    pub(crate) fn table(&self) -> Value {
        self.check();
        let is_of_session = |(tag, owner): &([u8; 16], TagOwner)| {
            if let TagOwner::Session(_) = owner { Some(*tag) } else { None }
        };
        hashed(self.store.tags.iter().filter_map(is_of_session).collect())
    }

    pub(crate) fn group_table(&self) -> Value {
        hashed(self.group_keys.iter().flat_map(GroupKeys::expected_tags).collect())
    }

    /// The digests of all states, by the peer's name.
    pub(crate) fn digests(&self) -> Value {
        let of_session = |session: &Session| {
            let digests: Vec<String> = session.digests().iter().map(hex::encode).collect();
            (hex::encode(session.remote().as_bytes()), json!(digests))
        };
        let sessions = self.sessions.iter().filter(|session| session.is_begun());
        Value::Object(sessions.map(of_session).collect::<Map<_, _>>())
    }

    /// The table is what all sessions expect, and each record is read as the state that wrote it.
    fn check(&self) {
        for session in &self.sessions {
            let owner = TagOwner::Session(session.remote());
            let in_table: Vec<_> =
                self.store.tags.iter().filter(|(_, by)| *by == owner).map(|(tag, _)| *tag).collect();
            assert_eq!(in_table, session.expected_tags(), "the table is what the session expects");
            if session.is_begun() {
                let key = Key::Rose(RoseKey::Session(session.remote())).to_bytes();
                let record = session.record();
                assert_eq!(
                    self.store.rows[&key],
                    record.as_bytes(),
                    "the record before and after the commit"
                );
                let read = Session::from_record(record.as_bytes(), session.remote()).expect("a record");
                assert_eq!(read.record().as_bytes(), record.as_bytes(), "a record is read as it was written");
                assert_eq!(read.expected_tags(), session.expected_tags());
            }
        }
    }

    pub(crate) fn save(&self) -> Vec<(DeviceName, Vec<u8>)> {
        let begun = self.sessions.iter().filter(|session| session.is_begun());
        begun.map(|session| (session.remote(), session.record().as_bytes().to_vec())).collect()
    }

    pub(crate) fn restore(&mut self, saved: &[(DeviceName, Vec<u8>)]) {
        let read = |(name, bytes): &(DeviceName, Vec<u8>)| {
            let key = Key::Rose(RoseKey::Session(*name)).to_bytes();
            self.store.rows.insert(key, bytes.clone());
            Session::from_record(bytes, *name).expect("a record")
        };
        self.sessions = saved.iter().map(read).collect();
        self.store.replace_tags(&self.sessions);
    }

    /// A copy of everything, read back from the records.
    pub(crate) fn copy(&self) -> Self {
        let mut store = self.store.clone();
        let account = account_of(&store);
        let mut party = Self {
            account,
            certificate: self.certificate,
            issuers: self.issuers.clone(),
            now: self.now,
            policy: self.policy,
            trusts: self.trusts,
            sessions: Vec::new(),
            newest_prekey: self.newest_prekey,
            groups: BTreeMap::new(),
            group_keys: Vec::new(),
            token: None,
            slots: self.slots.clone(),
            store: Store::default(),
        };
        store.tags.clear();
        party.store = store;
        party.restore(&self.save());
        party
    }
}

/// The account out of its rows.
fn account_of(store: &Store) -> Account {
    let device = &store.rows[&Key::Rose(RoseKey::Device).to_bytes()];
    let of_account = |(key, record): (&Vec<u8>, &Vec<u8>)| match Key::from_bytes(key) {
        Ok(Key::Rose(key @ (RoseKey::SealingPreKey(_) | RoseKey::HybridPreKey(_) | RoseKey::Memory(_)))) => {
            Some((key, record.clone()))
        }
        _ => None,
    };
    let rows: Vec<(RoseKey, Vec<u8>)> = store.rows.iter().filter_map(of_account).collect();
    Account::from_records(device, rows.iter().map(|(key, record)| (*key, &record[..]))).expect("an account")
}

fn hashed(tags: BTreeSet<[u8; 16]>) -> Value {
    let count = tags.len();
    let hash = tags.into_iter().fold(Sha256::new(), Digest::chain_update);
    json!([count, hex::encode(hash.finalize())])
}
