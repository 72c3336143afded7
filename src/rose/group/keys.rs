// SPDX-License-Identifier: MIT OR Apache-2.0

//! The keys of another device for a group.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use super::{BODY, DISTRIBUTION_LEN, GroupError, MAX_KEYS_OF_ACCOUNT, SIGNED, TAG};
use crate::crypto::curve::PublicKey;
use crate::crypto::kdf::HkdfSalt;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::crypto::xeddsa;
use crate::ids::DeviceName;
use crate::lease::Lease;
use crate::plaintext::Plaintext;
use crate::ratchet::chain::{ChainKey, MessageKeySeed};
use crate::ratchet::rose::{Expected, HeaderKey, Numbered, SeedChain, SeedChange, TagChanges, window};
use crate::rose::codec::{BodyKeys, Parts};
use crate::rose::error::ReceiveError;
use crate::rose::report::{Reportable, group_context};
use crate::staged::{Staged, State};
use crate::wire::rose::Tag;
use crate::wire::rose::body::{self, Body, Origin, SIGNED_LEN};
use crate::wire::rose::header::GroupHeader;
use crate::wire::rose::length::is_wire_length;
use crate::writes::{Key, RoseKey, TagOwner, Writes};

/// Number of generations that are held.
pub(super) const MAX_GENERATIONS: usize = 2;

/// The keys of one device for one group, by the distribution id: up to two generations.
pub struct GroupKeys {
    pub(super) sender: DeviceName,
    pub(super) id: [u8; 16],
    pub(super) franked: bool,
    /// Number of committed changes.
    pub(super) commits: u64,
    /// The oldest first. Boxed, so that moving one moves no secrets.
    #[expect(clippy::vec_box, reason = "moving one must move no secrets")]
    pub(super) generations: Vec<Box<Generation>>,
    pub(super) lease: Lease,
}

/// The keys of one generation.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(super) number: u32,
    pub(super) chain: SeedChain,
    /// `GHK`.
    pub(super) header_key: HeaderKey,
    /// `GT`, with its tags.
    pub(super) expected: Expected,
    pub(super) signing: PublicKey,
    pub(super) group: [u8; 32],
}

/// A group's message that was received.
pub struct GroupReceived {
    /// The content.
    pub content: Plaintext,
    /// The group id that came with the key.
    pub group: [u8; 32],
    /// What a report of it needs, in a franked group.
    pub reportable: Option<Reportable>,
}

impl fmt::Debug for GroupReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content, group: _, reportable: _ } = self;
        write!(f, "GroupReceived({} bytes)", content.len())
    }
}

/// A change of group keys.
pub(crate) enum GroupKeysChange {
    Learned(Option<Box<Generation>>),
    Received { at: usize, change: SeedChange, tags: Vec<Numbered> },
}

impl GroupKeys {
    /// No keys yet of a device for a distribution id. `franked` is what the application says of the group.
    #[must_use]
    pub const fn new(sender: DeviceName, id: [u8; 16], franked: bool) -> Self {
        Self { sender, id, franked, commits: 0, generations: Vec::new(), lease: Lease::new() }
    }

    /// The device.
    #[must_use]
    pub const fn sender(&self) -> DeviceName {
        self.sender
    }

    /// The distribution id.
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The distribution id of a distribution's content.
    #[must_use]
    pub fn id_of(distribution: &[u8]) -> Option<[u8; 16]> {
        distribution.first_chunk().copied()
    }

    /// Learns a distribution that came from the device over a session. `held` is how many keys its account has. A known
    /// generation is not replaced, and one older than both that are held is not kept.
    ///
    /// # Errors
    /// [`GroupError`]: `Busy`, `BadDistribution`, `TooManyKeys`.
    pub fn learn(&mut self, distribution: &[u8], held: usize) -> Result<Staged<'_, ()>, GroupError> {
        self.lease.free()?;
        let new = Generation::parse(distribution, &self.id).ok_or(GroupError::BadDistribution)?;
        if self.generations.is_empty() && held >= MAX_KEYS_OF_ACCOUNT {
            return Err(GroupError::TooManyKeys);
        }
        let is_known = self.generations.iter().any(|known| known.number == new.number);
        let new = if is_known { None } else { Some(Box::new(new)) };
        Ok(Staged::of(self, GroupKeysChange::Learned(new), ()))
    }

    /// All tags that are expected, ascending.
    #[must_use]
    pub fn expected_tags(&self) -> Vec<Tag> {
        let tags = self.generations.iter().flat_map(|generation| &generation.expected.tags);
        let mut tags: Vec<Tag> = tags.map(|(_, tag)| *tag).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Decrypts a message whose tag is expected.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Staged<'_, GroupReceived>, ReceiveError> {
        self.lease.free()?;
        if !is_wire_length(message.len()) {
            return Err(ReceiveError::BadLength);
        }
        let parts = Parts::of(message).ok_or(ReceiveError::BadLength)?;
        let at = self.generations.iter().position(|generation| generation.expected.has(parts.tag));
        let at = at.ok_or(ReceiveError::NotFound)?;
        stack::wiped(stack::ROSE, move || {
            let generation = self.generations.get(at).ok_or(ReceiveError::NotFound)?;
            let (received, change, tags) = self.open(generation, &parts)?;
            Ok(Staged::of(self, GroupKeysChange::Received { at, change, tags }, received))
        })
    }

    fn open(
        &self,
        generation: &Generation,
        parts: &Parts<'_>,
    ) -> Result<(GroupReceived, SeedChange, Vec<Numbered>), ReceiveError> {
        let tag_of = |number| generation.expected.tag(number);
        let header = parts.open_header_with(&generation.header_key, tag_of);
        let header = GroupHeader::parse(&header.ok_or(ReceiveError::NotAuthentic)?)?;
        if header.generation != generation.number {
            return Err(ReceiveError::Malformed);
        }
        let mut seed = MessageKeySeed::to_be_filled();
        let change = generation.chain.receive(header.iteration, &mut seed)?;
        let keys = BodyKeys::with_label(&HkdfSalt::ZERO, seed.as_bytes(), BODY, parts.eh);
        let mut padded = keys.open_body(parts.rest)?;
        let reportable = {
            let body = body::parse(Origin::Group, &padded)?;
            if body.aux.frank.is_some() != self.franked {
                return Err(ReceiveError::Malformed);
            }
            let context = group_context(&self.id, generation.number);
            self.franked.then(|| Reportable::new(&padded, keys.commitment, context))
        };
        let content = self.verified(generation, parts, &mut padded)?;
        let (next, skipped) = generation.chain.after(Some(&change));
        let numbers = skipped.map(|(number, _)| number).chain(window(next.index()));
        let tags = generation.expected.tags_of(numbers);
        Ok((GroupReceived { content, group: generation.group, reportable }, change, tags))
    }

    /// The content, if the signature is the sender's. It is taken out of `padded` to be verified.
    fn verified(
        &self,
        generation: &Generation,
        parts: &Parts<'_>,
        padded: &mut [u8],
    ) -> Result<Plaintext, ReceiveError> {
        let Body { aux, content, .. } = body::parse(Origin::Group, padded)?;
        let signature = *aux.signed.ok_or(ReceiveError::Malformed)?;
        let offset = body::PREFIX_LEN + aux.len() - SIGNED_LEN;
        let content = Plaintext::new(content.to_vec().into());
        padded.iter_mut().skip(offset).take(SIGNED_LEN).for_each(|byte| *byte = 0);
        let (of_header, of_body) = (Sha256::digest(parts.eh), Sha256::digest(&*padded));
        let message: [&[u8]; 5] = [SIGNED, &self.id, self.sender.as_bytes(), &of_header, &of_body];
        let is_good = xeddsa::verify_strict(&generation.signing, &message, &signature);
        if is_good { Ok(content) } else { Err(ReceiveError::NotAuthentic) }
    }

    /// The generations after a new one: of three the oldest goes.
    pub(super) fn with<'a>(&'a self, new: Option<&'a Generation>) -> Vec<&'a Generation> {
        let mut all: Vec<&Generation> = self.generations.iter().map(|known| &**known).chain(new).collect();
        all.sort_unstable_by_key(|generation| generation.number);
        let gone = all.len().saturating_sub(MAX_GENERATIONS);
        all.split_off(gone)
    }
}

impl Generation {
    fn parse(bytes: &[u8], id: &[u8; 16]) -> Option<Self> {
        let bytes: &[u8; DISTRIBUTION_LEN] = bytes.try_into().ok()?;
        let (their_id, rest) = bytes.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let (iteration, rest) = rest.split_first_chunk::<4>()?;
        let (keys, _) = rest.as_chunks::<32>();
        let [chain, header_key, tag_key, signing, group] = keys else { return None };
        let (number, iteration) = (u32::from_be_bytes(*number), u32::from_be_bytes(*iteration));
        let signing = PublicKey::from_bytes(*signing);
        let is_sound = their_id == id && *id != [0; 16] && number != 0 && signing.is_reduced();
        is_sound.then(|| Self {
            number,
            chain: SeedChain::new(ChainKey::new(Secret::new(*chain), iteration)),
            header_key: HeaderKey::new(Secret::new(*header_key)),
            expected: Expected::new(HeaderKey::with_label(Secret::new(*tag_key), TAG), window(iteration)),
            signing,
            group: *group,
        })
    }
}

impl State for GroupKeys {
    type Change = GroupKeysChange;

    fn write_after(&self, change: &GroupKeysChange, writes: &mut Writes) {
        let commits = self.commits.wrapping_add(1);
        let mut tags = TagChanges::default();
        let record = match change {
            GroupKeysChange::Learned(new) => {
                let kept = self.with(new.as_deref());
                let gone = self
                    .generations
                    .iter()
                    .filter(|known| kept.iter().all(|kept| kept.number != known.number));
                gone.for_each(|gone| tags.replace(&gone.expected.tags, &[]));
                if let Some(new) =
                    kept.iter().find(|kept| self.generations.iter().all(|known| known.number != kept.number))
                {
                    tags.replace(&[], &new.expected.tags);
                }
                self.write(commits, &kept, None)
            }
            GroupKeysChange::Received { at, change, tags: after } => {
                if let Some(generation) = self.generations.get(*at) {
                    tags.replace(&generation.expected.tags, after);
                }
                self.write(commits, &self.with(None), Some((*at, change)))
            }
        };
        writes.put_state(Key::Rose(RoseKey::GroupKeys(self.sender, self.id)), record, commits);
        let TagChanges { add, remove } = tags.sorted();
        crate::rose::tags::write((add, remove), TagOwner::Group(self.sender, self.id), writes);
    }

    fn apply(&mut self, change: GroupKeysChange) {
        self.commits = self.commits.wrapping_add(1);
        match change {
            GroupKeysChange::Learned(new) => {
                self.generations.extend(new);
                self.generations.sort_unstable_by_key(|generation| generation.number);
                let gone = self.generations.len().saturating_sub(MAX_GENERATIONS);
                self.generations.drain(..gone);
            }
            GroupKeysChange::Received { at, change, tags } => {
                if let Some(generation) = self.generations.get_mut(at) {
                    generation.chain.apply(change);
                    generation.expected.tags = tags;
                }
            }
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for GroupKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, id: _, franked: _, commits: _, generations, lease: _ } = self;
        write!(f, "GroupKeys({sender:?}, {} generations)", generations.len())
    }
}
