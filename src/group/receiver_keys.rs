// SPDX-License-Identifier: MIT OR Apache-2.0

//! One sender's keys for one group.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::error::Error;
use super::{read_format, write_format};
use crate::address::{Address, mark};
use crate::crypto::curve::PublicKey;
use crate::crypto::xeddsa::VerifyingKey;
use crate::identity::{IdentityKey, Trust};
use crate::lease::Lease;
use crate::ratchet::receiving::{ReceivingChain, ReceivingChange};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State};
use crate::wire::distribution_id::Format;
use crate::writes::{Key, Writes};

/// Newest format of the records: 2 added the sender's address, the identities, and lost messages.
const RECORD_VERSION: u8 = 2;

/// Number of chains of one sender that are kept for one group. The one distributed the longest time ago goes first,
/// with its skipped keys.
pub(super) const MAX_CHAINS: usize = 5;

/// One sender's keys for one group: up to five chains, which the sender made one after the other.
///
/// A value of this type starts out empty. It belongs to one sender, a device, and one distribution id; it is stored
/// under both. [`process`](Self::process) adds the sender's distributions; [`decrypt`](Self::decrypt) reads its
/// messages. Each gives a [`Staged`](crate::Staged) change.
pub struct ReceiverKeys {
    pub(super) sender: Address,
    pub(super) format: Format,
    /// Number of committed changes.
    pub(super) generation: u64,
    /// The last one distributed first. Boxed, so that moving one moves no secrets.
    #[expect(clippy::vec_box, reason = "moving one must move no secrets")]
    pub(super) chains: Vec<Box<SenderChain>>,
    pub(super) lease: Lease,
}

/// One of the sender's chains.
#[derive(Debug)]
pub(crate) struct SenderChain {
    pub(super) chain_id: u32,
    signing_key: PublicKey,
    /// The identity that distributed it; none where the record that it was read from does not tell.
    identity: Option<IdentityKey>,
    /// The signing key, prepared, once it was needed.
    verifying_key: Option<Box<VerifyingKey>>,
    pub(super) chain: ReceivingChain,
}

impl ReceiverKeys {
    /// No keys yet of `sender`, for a distribution id; or, with [`Format::WithoutId`], for the older format.
    #[must_use]
    pub fn new(sender: Address, format: impl Into<Format>) -> Self {
        Self { sender, format: format.into(), generation: 0, chains: Vec::new(), lease: Lease::new() }
    }

    /// The device whose keys these are.
    #[must_use]
    pub const fn sender(&self) -> &Address {
        &self.sender
    }

    /// The format, with the distribution id if it has one.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The ids of the known chains, and the index of the next message of each. The last one distributed comes first.
    #[must_use]
    pub fn chains(&self) -> impl ExactSizeIterator<Item = (u32, u32)> {
        self.chains.iter().map(|held| (held.chain_id, held.chain.next().index()))
    }

    /// Number of changes that were committed to this value and to the records that it was read from. A store that is
    /// shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The record of the keys as they are.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, None)
    }

    /// Reads a stored record, for the same sender.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, one of another sender, a newer format, or damage.
    pub fn from_record(bytes: &[u8], sender: Address) -> Result<Self, RecordError> {
        let (mut reader, version) = RecordReader::open(RecordKind::ReceiverKeys, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        if version > 1 {
            reader.owner(mark(&[&sender]))?;
        }
        let format = read_format(&mut reader)?;
        let count = usize::from(reader.u8()?);
        if count > MAX_CHAINS {
            return Err(RecordError::Damaged);
        }
        let mut chains: Vec<Box<SenderChain>> = Vec::with_capacity(count);
        for _ in 0..count {
            let chain = SenderChain::read(&mut reader, version)?;
            if chains.iter().any(|held| held.chain_id == chain.chain_id) {
                return Err(RecordError::Damaged);
            }
            chains.push(Box::new(chain));
        }
        reader.finish()?;
        Ok(Self { generation, chains, ..Self::new(sender, format) })
    }

    /// Moves the keys to another address of the sender, as [`Session::move_to`](crate::Session::move_to) does with its
    /// sessions. `to` is what is stored under the new address, or a [new](Self::new) value; its chains stay the first.
    ///
    /// # Errors
    /// [`Error`]: `Busy`; `OtherDistribution`. The store is as it was.
    pub fn move_to(self, mut to: Self) -> Result<Staged<'static, Self>, Error> {
        self.lease.free()?;
        to.lease.free()?;
        if self.format != to.format {
            return Err(Error::OtherDistribution);
        }
        for chain in self.chains {
            if to.chains.iter().all(|held| held.chain_id != chain.chain_id) {
                to.chains.push(chain);
            }
        }
        to.chains.truncate(MAX_CHAINS);
        to.generation = to.generation.wrapping_add(1);
        let mut writes = Writes::default();
        writes.put_state(Key::ReceiverKeys(to.sender.clone(), to.format), to.record(), to.generation);
        if self.sender != to.sender {
            writes.delete(Key::ReceiverKeys(self.sender, self.format));
        }
        Ok(Staged::new_state(writes, to))
    }

    fn write(&self, generation: u64, change: Option<&Change>) -> Record {
        let skipped: usize = self.chains.iter().map(|held| held.chain.skipped().len()).sum();
        let capacity = 40 + 120 * MAX_CHAINS + 36 * skipped;
        let mut writer = RecordWriter::new(RecordKind::ReceiverKeys, RECORD_VERSION, capacity);
        writer.put_u64(generation);
        writer.put_u64(mark(&[&self.sender]));
        write_format(self.format, &mut writer);
        let after = self.after(change);
        writer.put_u8(u8::try_from(after.len()).unwrap_or(u8::MAX));
        for After { held, identity, change } in after {
            held.write(identity, change, &mut writer);
        }
        writer.finish()
    }

    /// The chains as they will be after `change`, and its effect on each.
    fn after<'a>(&'a self, change: Option<&'a Change>) -> Vec<After<'a>> {
        let (first, changed) = match change {
            None => (None, None),
            Some(Change::Added(added)) => (Some(After::unchanged(added)), None),
            Some(Change::Refreshed { at, identity, change }) => {
                let held = self.chains.get(*at).map(|held| After {
                    identity: held.identity.as_ref().or(Some(identity)),
                    change: change.as_ref(),
                    ..After::unchanged(held)
                });
                (held, None)
            }
            Some(Change::Received { at, change }) => (None, Some((*at, change))),
        };
        let rest = self.chains.iter().enumerate().map(|(at, held)| After {
            change: changed.filter(|(changed, _)| *changed == at).map(|(_, change)| change),
            ..After::unchanged(held)
        });
        let replaced =
            |held: &SenderChain| first.as_ref().is_some_and(|first| first.held.chain_id == held.chain_id);
        let rest: Vec<_> = rest.filter(|after| !replaced(after.held)).collect();
        first.into_iter().chain(rest).take(MAX_CHAINS).collect()
    }
}

/// A chain as it will be after a change.
struct After<'a> {
    held: &'a SenderChain,
    identity: Option<&'a IdentityKey>,
    change: Option<&'a ReceivingChange>,
}

impl<'a> After<'a> {
    const fn unchanged(held: &'a SenderChain) -> Self {
        Self { held, identity: held.identity.as_ref(), change: None }
    }
}

impl SenderChain {
    pub(super) const fn new(
        chain_id: u32,
        signing_key: PublicKey,
        identity: Option<IdentityKey>,
        chain: ReceivingChain,
    ) -> Self {
        Self { chain_id, signing_key, identity, verifying_key: None, chain }
    }

    pub(super) const fn identity(&self) -> Option<&IdentityKey> {
        self.identity.as_ref()
    }

    /// Returns whether `trust` accepts the identity that distributed the chain. Where that is not known, the envelope's
    /// must be, unless anybody is accepted.
    pub(super) fn is_trusted(&self, certified: Option<&IdentityKey>, trust: Trust<'_>) -> bool {
        match self.identity.as_ref().or(certified) {
            Some(identity) => trust.accepts(identity),
            None => matches!(trust, Trust::Anyone),
        }
    }

    pub(super) const fn signing_key(&self) -> &PublicKey {
        &self.signing_key
    }

    /// The signing key, ready to verify.
    pub(super) fn verifying_key(&mut self) -> &VerifyingKey {
        let key = &self.signing_key;
        self.verifying_key.get_or_insert_with(|| Box::new(VerifyingKey::new(key)))
    }

    fn write(
        &self,
        identity: Option<&IdentityKey>,
        change: Option<&ReceivingChange>,
        writer: &mut RecordWriter,
    ) {
        writer.put_u32(self.chain_id);
        writer.put_array(self.signing_key.as_bytes());
        writer.put_flag(identity.is_some());
        if let Some(identity) = identity {
            writer.put_array(identity.public_key().as_bytes());
        }
        self.chain.write(change, writer);
    }

    fn read(reader: &mut RecordReader<'_>, version: u8) -> Result<Self, RecordError> {
        let chain_id = reader.u32()?;
        let signing_key = PublicKey::from_bytes(reader.array()?);
        let identity = if version > 1 && reader.flag()? {
            Some(IdentityKey::new(PublicKey::from_bytes(reader.array()?)))
        } else {
            None
        };
        Ok(Self::new(chain_id, signing_key, identity, ReceivingChain::read(reader, version > 1)?))
    }
}

/// A change to [`ReceiverKeys`], prepared but not made.
pub(crate) enum Change {
    /// A chain was distributed that was not held.
    Added(Box<SenderChain>),
    /// The chain at `at` was distributed again, and perhaps moved on. Where it was not known who distributed it, it is
    /// now.
    Refreshed { at: usize, identity: IdentityKey, change: Option<ReceivingChange> },
    /// A message was received on the chain at `at`.
    Received { at: usize, change: ReceivingChange },
}

impl State for ReceiverKeys {
    type Change = Change;

    fn write_after(&self, change: &Change, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let key = Key::ReceiverKeys(self.sender.clone(), self.format);
        writes.put_state(key, self.write(generation, Some(change)), generation);
    }

    fn apply(&mut self, change: Change) {
        self.generation = self.generation.wrapping_add(1);
        match change {
            Change::Added(added) => {
                self.chains.retain(|held| held.chain_id != added.chain_id);
                self.chains.truncate(MAX_CHAINS - 1);
                self.chains.insert(0, added);
            }
            Change::Refreshed { at, identity, change } => {
                if let Some(chains) = self.chains.get_mut(..=at) {
                    chains.rotate_right(1);
                }
                if let Some(held) = self.chains.first_mut() {
                    held.identity.get_or_insert(identity);
                }
                self.advance(0, change);
            }
            Change::Received { at, change } => self.advance(at, Some(change)),
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl ReceiverKeys {
    fn advance(&mut self, at: usize, change: Option<ReceivingChange>) {
        if let Some((held, change)) = self.chains.get_mut(at).zip(change) {
            held.chain.apply(change);
        }
    }
}

impl fmt::Debug for ReceiverKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, format: _, generation, chains, lease: _ } = self;
        write!(f, "ReceiverKeys({sender}, {} chains, generation {generation})", chains.len())
    }
}
