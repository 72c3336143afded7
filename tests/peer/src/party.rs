// SPDX-License-Identifier: MIT OR Apache-2.0

//! A party: one device with its keys, its peers' identities and its sessions.

use std::collections::HashMap;
use std::rc::Rc;

use subrosa::{Address, IdentityKey, IdentityKeyPair, KemPreKeyEffect, Local, Policy, SessionEffects, Trust};

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

    /// What sessions are begun with.
    pub(crate) fn local(&self) -> Local<'_> {
        Local::new(&self.identity, self.registration_id).with_policy(self.policy)
    }

    /// What the party thinks of identity keys at `remote`.
    pub(crate) fn trust(&self, remote: &Address) -> Trust<'_> {
        match self.trust {
            TrustPolicy::FirstUse => Trust::on_first_use(self.identities.get(remote)),
            TrustPolicy::All => Trust::Anyone,
            TrustPolicy::None => Trust::Nobody,
        }
    }

    /// Stores a session's record and the effects with it.
    pub(crate) fn store(&mut self, remote: &Address, record: &[u8], effects: &SessionEffects) {
        self.sessions.insert(remote.clone(), record.to_vec());
        if let Some(identity) = effects.save_identity {
            self.identities.insert(remote.clone(), identity);
        }
        if let Some(id) = effects.delete_one_time_pre_key {
            self.shelves.one_time.remove(id.0);
        }
        match &effects.kem_pre_key {
            Some(KemPreKeyEffect::Delete(id)) => self.shelves.kyber.remove(id.0),
            Some(KemPreKeyEffect::Remember(usage)) => self.shelves.kyber_used.push(*usage),
            _ => {}
        }
    }
}
