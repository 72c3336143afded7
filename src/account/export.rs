// SPDX-License-Identifier: MIT OR Apache-2.0

//! Export: all keys of an account.

use alloc::boxed::Box;

use super::Account;
use super::ids::{FreeIds, IdSpace};
use crate::prekey::{KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};

/// The state that another implementation needs to go on with this account, beside [identity](Self::identity) and
/// [registration id](Self::registration_id). Each key can be written as libsignal stores it with the feature
/// `libsignal`. Of the signed and of the last-resort keys, the newest is in use.
impl Account {
    /// The one-time prekeys, by id.
    pub fn one_time_pre_keys(&self) -> impl Iterator<Item = &OneTimePreKey> {
        self.keys.one_time.values().map(Box::as_ref)
    }

    /// The signed prekeys, by id.
    pub fn signed_pre_keys(&self) -> impl Iterator<Item = &SignedPreKey> {
        self.keys.signed.values().map(Box::as_ref)
    }

    /// The one-time KEM prekeys, by id.
    pub fn one_time_kem_pre_keys(&self) -> impl Iterator<Item = &OneTimeKemPreKey> {
        self.keys.one_time_kem.values()
    }

    /// The last-resort KEM prekeys, by id.
    pub fn last_resort_kem_pre_keys(&self) -> impl Iterator<Item = &LastResortKemPreKey> {
        self.keys.last_resort.values().map(|last_resort| &last_resort.key)
    }

    /// The uses of the last-resort KEM prekeys.
    pub fn last_resort_uses(&self) -> impl Iterator<Item = KemPreKeyUse> {
        self.keys.last_resort.iter().flat_map(|(id, last_resort)| last_resort.uses.iter(*id))
    }

    /// The id that the next prekey gets. If all are in use, there is none.
    #[must_use]
    pub fn next_id(&self, space: IdSpace) -> Option<u32> {
        let free = self.inventory.ids.free(space);
        let gap = || FreeIds::largest_gap(self.inventory.ids_in_use(space), self.limits.max_id);
        let free = if free.len() > 0 { free } else { gap() };
        (free.len() > 0).then_some(free.next)
    }
}
