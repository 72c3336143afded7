// SPDX-License-Identifier: MIT OR Apache-2.0

//! A party: one device with its keys, its peers' identities and its sessions.

use std::collections::HashMap;
use std::rc::Rc;

use subrosa::session::{Config, Policy};
use subrosa::store::{Key, Write, Writes};
use subrosa::{Address, IdentityKey, IdentityKeyPair, Trust};

use super::groups::GroupKeys;
use super::shelf::Shelves;

/// Which identities a party trusts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TrustPolicy {
    /// The first identity seen for an address.
    FirstUse,
    All,
    None,
}

/// Everything that a messenger would keep for one device. A copy is independent.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) address: Address,
    pub(crate) identity: Rc<IdentityKeyPair>,
    pub(crate) registration_id: u32,
    pub(crate) policy: Policy,
    pub(crate) trust: TrustPolicy,
    pub(crate) identities: HashMap<Address, IdentityKey>,
    pub(crate) shelves: Shelves,
    /// The records of the sessions, read anew for each operation.
    pub(crate) sessions: HashMap<Address, Vec<u8>>,
    pub(crate) groups: GroupKeys,
}

impl Party {
    pub(crate) fn new(
        address: Address,
        identity: IdentityKeyPair,
        registration_id: u32,
        policy: Policy,
    ) -> Self {
        Self {
            address,
            identity: Rc::new(identity),
            registration_id,
            policy,
            trust: TrustPolicy::FirstUse,
            identities: HashMap::new(),
            shelves: Shelves::default(),
            sessions: HashMap::new(),
            groups: GroupKeys::default(),
        }
    }

    /// Identity and settings for new sessions.
    pub(crate) fn config(&self) -> Config<'_> {
        Config::new(&self.identity, self.registration_id).with_policy(self.policy)
    }

    /// What the party thinks of identity keys at `remote`.
    pub(crate) fn trust(&self, remote: &Address) -> Trust<'_> {
        match self.trust {
            TrustPolicy::FirstUse => Trust::on_first_use(self.identities.get(remote)),
            TrustPolicy::All => Trust::Anyone,
            TrustPolicy::None => Trust::Nobody,
        }
    }

    /// Stores the writes of a session with `remote`. Identities are kept by address, as the recorders keep them.
    pub(crate) fn store(&mut self, remote: &Address, writes: Writes) {
        for write in writes {
            match write {
                Write::Put { key: Key::Session(address), record, .. } => {
                    self.sessions.insert(address, record.as_bytes().to_vec());
                }
                Write::Put { key: Key::Identity(_), record, .. } => {
                    let identity = IdentityKey::from_record(record.as_bytes()).expect("it was just written");
                    self.identities.insert(remote.clone(), identity);
                }
                Write::Put { key: Key::KemPreKeyUse(used), .. } => self.shelves.kyber_used.push(used),
                Write::Delete { key: Key::OneTimePreKey(id) } => self.shelves.one_time.remove(id.0),
                Write::Delete { key: Key::OneTimeKemPreKey(id) } => self.shelves.kyber.remove(id.0),
                // A session writes nothing else.
                Write::Put { .. } | Write::Delete { .. } => {}
            }
        }
    }
}
