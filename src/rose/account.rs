// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our device: its keys, its prekeys, and the memory of first contacts (rose 31 §1, §11, §12).

mod record;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use record::{write_hybrid, write_sealing, write_uses};

use super::bundle::BUNDLE_LEN;
use super::card::{Card, DeviceKeys};
use super::contact::AccountName;
use super::prekey::{Class, HYBRID_LEN, HybridPreKey, SEALING_LEN, SealingPreKey};
use crate::ids::{ACCOUNT_LEN, DeviceName};
use crate::lease::{Busy, Lease};
use crate::staged::{Staged, State};
use crate::timestamp::Timestamp;
use crate::writes::{Key, RoseKey, Writes};

/// Number of sealing keys that are kept: the newest and the last three before it.
const MAX_SEALING: usize = 4;
/// How long a replaced sealing key and an old card are kept, in seconds: 30 days.
const KEPT: u64 = 30 * 86_400;
/// Number of uses that are remembered of a last-resort prekey, and of one account.
const MAX_USES: usize = 1_000;
const MAX_USES_OF_ACCOUNT: usize = 20;
/// Number of one-time prekeys that are held.
const MAX_ONE_TIME: usize = 1_000;
/// A use: `TH`, then the account.
const USE_LEN: usize = 32 + ACCOUNT_LEN;
type Use = [u8; USE_LEN];

/// Our device in the rose profile. Its keys, ids and records are none of the Signal profile's
/// [`Account`](crate::Account).
pub struct Account {
    pub(super) keys: DeviceKeys,
    generation: u64,
    next_id: u32,
    /// The hashes of cards that were replaced, and when, in seconds.
    old_cards: Vec<([u8; 32], u64)>,
    /// Newest first.
    #[expect(clippy::vec_box, reason = "a list that grows does not wipe the old places of its entries")]
    pub(super) sealing: Vec<Box<SealingPreKey>>,
    /// Boxed, as a map that grows does not wipe the old places of its entries.
    pub(super) hybrid: BTreeMap<u32, Box<HybridPreKey>>,
    /// The uses of last-resort prekeys by id, sorted.
    uses: BTreeMap<u32, Vec<Use>>,
    pub(super) lease: Lease,
}

/// A change of an account.
#[derive(Default)]
pub(crate) struct AccountChange {
    next_id: Option<u32>,
    new_card: Option<(Card, u64)>,
    new_sealing: Option<(Box<SealingPreKey>, u64)>,
    #[expect(clippy::vec_box, reason = "they are moved to a map of such")]
    new_hybrid: Vec<Box<HybridPreKey>>,
    pub(super) used_hybrid: Option<u32>,
    pub(super) remembered: Option<(u32, Use)>,
    expired: Vec<u32>,
}

/// The memory has no room, or has this use.
pub(super) enum Remembered {
    Replayed,
    Full,
}

impl Account {
    /// A device with its first sealing prekey. Draws that key (32) and its signature (64).
    pub fn new(keys: DeviceKeys, now: Timestamp, rng: &mut impl CryptoRng) -> Staged<'static, Self> {
        let sealing = alloc::vec![SealingPreKey::generate(&keys, 1, now, rng)];
        let account = Self {
            keys,
            generation: 1,
            next_id: 2,
            old_cards: Vec::new(),
            sealing,
            hybrid: BTreeMap::new(),
            uses: BTreeMap::new(),
            lease: Lease::new(),
        };
        let mut writes = Writes::default();
        writes.put_state(Key::Rose(RoseKey::Device), account.record_after(1, None), 1);
        for sealing in &account.sealing {
            writes.put(Key::Rose(RoseKey::SealingPreKey(sealing.id())), write_sealing(sealing, None));
        }
        Staged::new_state(writes, account)
    }

    /// The device's keys.
    #[must_use]
    pub const fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// Account and device.
    #[must_use]
    pub fn name(&self) -> DeviceName {
        self.keys.name()
    }

    /// Number of committed changes.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Number of hybrid prekeys of a class that are held.
    #[must_use]
    pub fn prekeys(&self, class: Class) -> usize {
        self.hybrid.values().filter(|prekey| prekey.class() == Some(class)).count()
    }

    /// Number of uses that are remembered of a last-resort prekey. Replace it at 750.
    #[must_use]
    pub fn uses(&self, id: u32) -> usize {
        self.uses.get(&id).map_or(0, Vec::len)
    }

    /// The newest sealing prekey, as it is published.
    #[must_use]
    pub fn sealing_prekey(&self) -> Option<&[u8; SEALING_LEN]> {
        self.sealing.first().map(|sealing| &*sealing.public)
    }

    /// A bundle of our own for a hybrid prekey that is held: 4,281 bytes.
    #[must_use]
    pub fn bundle(&self, id: u32) -> Option<Vec<u8>> {
        let (sealing, hybrid) = self.sealing.first().zip(self.hybrid.get(&id))?;
        let mut out = Vec::with_capacity(BUNDLE_LEN);
        out.extend_from_slice(self.keys.card.as_bytes());
        out.extend_from_slice(sealing.public.as_slice());
        out.extend_from_slice(hybrid.public.as_slice());
        Some(out)
    }

    /// A new card, with other profiles. First contacts that were made for the one before it are accepted for 30 days. Draws
    /// 64.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn new_card(
        &mut self,
        profiles: u32,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Card>, Busy> {
        self.lease.free()?;
        let card = self.keys.new_card(profiles, now, rng);
        let new_card = Some((card.clone(), now.as_secs()));
        Ok(Staged::of(self, AccountChange { new_card, ..AccountChange::default() }, card))
    }

    /// A new sealing prekey, due weekly. The last three before it go on opening first contacts for 30 days. Draws 32
    /// and 64.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn new_sealing_prekey(
        &mut self,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Box<[u8; SEALING_LEN]>>, Busy> {
        self.lease.free()?;
        let sealing = SealingPreKey::generate(&self.keys, self.next_id, now, rng);
        let public = sealing.public.clone();
        let change = AccountChange {
            next_id: Some(self.next_id.wrapping_add(1)),
            new_sealing: Some((sealing, now.as_secs())),
            ..self.expire(now)
        };
        Ok(Staged::of(self, change, public))
    }

    /// New hybrid prekeys of a class, as they are published: of one-time ones no more than there is room for, since at most
    /// 1,000 are held. Draws 32, 64 and 64 for each.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn new_prekeys(
        &mut self,
        (class, count): (Class, u32),
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Vec<Box<[u8; HYBRID_LEN]>>>, Busy> {
        self.lease.free()?;
        let room = match class {
            Class::OneTime => MAX_ONE_TIME.saturating_sub(self.prekeys(class)),
            Class::LastResort => MAX_ONE_TIME,
        };
        let count = count.min(u32::try_from(room).unwrap_or(u32::MAX));
        let ids = self.next_id..self.next_id.saturating_add(count);
        let change = AccountChange {
            next_id: Some(ids.end),
            new_hybrid: ids.map(|id| HybridPreKey::generate(&self.keys, (id, class), now, rng)).collect(),
            ..AccountChange::default()
        };
        let public = change.new_hybrid.iter().map(|prekey| prekey.public.clone()).collect();
        Ok(Staged::of(self, change, public))
    }

    /// Deletes a hybrid prekey, and the memory of its uses: a last-resort one after 90 days.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn delete_prekey(&mut self, id: u32) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        let change = AccountChange { used_hybrid: Some(id), ..AccountChange::default() };
        Ok(Staged::of(self, change, ()))
    }

    /// Deletes sealing keys that were replaced 30 days ago. Recorded first contacts open no more.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn maintain(&mut self, now: Timestamp) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        let change = self.expire(now);
        Ok(Staged::of(self, change, ()))
    }

    fn expire(&self, now: Timestamp) -> AccountChange {
        let is_over = |sealing: &SealingPreKey| {
            sealing.replaced.is_some_and(|replaced| replaced.saturating_add(KEPT) < now.as_secs())
        };
        let expired =
            self.sealing.iter().filter(|sealing| is_over(sealing)).map(|sealing| sealing.id()).collect();
        AccountChange { expired, ..AccountChange::default() }
    }

    /// Returns whether a card hash is that of our card, or of one of the last 30 days.
    pub(super) fn knows_card(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        let is_recent = |replaced: u64| now.as_secs() <= replaced.saturating_add(KEPT);
        self.keys.card.hash() == *hash
            || self.old_cards.iter().any(|(old, replaced)| old == hash && is_recent(*replaced))
    }

    /// The use of a last-resort prekey by an account, if it may be made.
    pub(super) fn new_use(
        &self,
        id: u32,
        transcript: &[u8; 32],
        account: &AccountName,
    ) -> Result<(u32, Use), Remembered> {
        let mut used = [0; USE_LEN];
        let parts = transcript.iter().chain(account);
        used.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        let held = self.uses.get(&id).map_or(&[][..], Vec::as_slice);
        if held.binary_search(&used).is_ok() {
            return Err(Remembered::Replayed);
        }
        let of_account = held.iter().filter(|used| used.ends_with(account)).count();
        if held.len() >= MAX_USES || of_account >= MAX_USES_OF_ACCOUNT {
            return Err(Remembered::Full);
        }
        Ok((id, used))
    }

    /// The cards of the last 30 days, after ours was replaced at a time.
    fn old_cards_after(&self, replaced: Option<u64>) -> Vec<([u8; 32], u64)> {
        let Some(now) = replaced else { return self.old_cards.clone() };
        let kept =
            self.old_cards.iter().filter(|(_, replaced)| now <= replaced.saturating_add(KEPT)).copied();
        kept.chain([(self.keys.card.hash(), now)]).collect()
    }

    /// The ids of sealing keys that go with a change.
    fn dropped_sealing<'a>(&'a self, change: &'a AccountChange) -> impl Iterator<Item = u32> + 'a {
        let kept = if change.new_sealing.is_some() { MAX_SEALING - 1 } else { MAX_SEALING };
        let ids = self.sealing.iter().map(|sealing| sealing.id());
        ids.enumerate().filter(move |(at, id)| *at >= kept || change.expired.contains(id)).map(|(_, id)| id)
    }
}

impl State for Account {
    type Change = AccountChange;

    fn write_after(&self, change: &AccountChange, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let record = self.record_after(generation, Some(change));
        writes.put_state(Key::Rose(RoseKey::Device), record, generation);
        for id in self.dropped_sealing(change) {
            writes.delete(Key::Rose(RoseKey::SealingPreKey(id)));
        }
        if let Some((new, now)) = &change.new_sealing {
            if let Some(before) = self.sealing.first() {
                writes.put(Key::Rose(RoseKey::SealingPreKey(before.id())), write_sealing(before, Some(*now)));
            }
            writes.put(Key::Rose(RoseKey::SealingPreKey(new.id())), write_sealing(new, None));
        }
        for prekey in &change.new_hybrid {
            writes.put(Key::Rose(RoseKey::HybridPreKey(prekey.id())), write_hybrid(prekey));
        }
        if let Some(id) = change.used_hybrid {
            writes.delete(Key::Rose(RoseKey::HybridPreKey(id)));
            if self.uses.contains_key(&id) {
                writes.delete(Key::Rose(RoseKey::Memory(id)));
            }
        }
        if let Some((id, used)) = &change.remembered {
            let uses = self.uses.get(id).map_or(&[][..], Vec::as_slice);
            writes.put(Key::Rose(RoseKey::Memory(*id)), write_uses(uses, used));
        }
    }

    fn apply(&mut self, change: AccountChange) {
        self.generation = self.generation.wrapping_add(1);
        let dropped: Vec<u32> = self.dropped_sealing(&change).collect();
        self.sealing.retain(|sealing| !dropped.contains(&sealing.id()));
        self.next_id = change.next_id.unwrap_or(self.next_id);
        if let Some((card, now)) = change.new_card {
            self.old_cards = self.old_cards_after(Some(now));
            self.keys.card = card;
        }
        if let Some((new, now)) = change.new_sealing {
            if let Some(before) = self.sealing.first_mut() {
                before.replaced = Some(now);
            }
            self.sealing.insert(0, new);
        }
        self.hybrid.extend(change.new_hybrid.into_iter().map(|prekey| (prekey.id(), prekey)));
        if let Some(id) = change.used_hybrid {
            self.hybrid.remove(&id);
            self.uses.remove(&id);
        }
        if let Some((id, used)) = change.remembered {
            let uses = self.uses.entry(id).or_default();
            if let Err(at) = uses.binary_search(&used) {
                uses.insert(at, used);
            }
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, generation, next_id: _, old_cards: _, sealing, hybrid, uses: _, lease: _ } = self;
        let (sealing, hybrid) = (sealing.len(), hybrid.len());
        write!(f, "Account({keys:?}, {sealing} sealing and {hybrid} hybrid prekeys, generation {generation})")
    }
}
