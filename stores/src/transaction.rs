// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is stored together.

use std::fmt;

use subrosa::store::{Key, Write, Writes};
use zeroize::Zeroizing;

/// One of the two tables beside the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Messages to be sent.
    Outbox,
    /// Texts that were received.
    Inbox,
}

impl Queue {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Outbox => 0,
            Self::Inbox => 1,
        }
    }
}

/// An entry of the outbox or inbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number. Numbers only grow, and both queues share them: the order is that of the transactions.
    pub id: u64,
    /// The name that the messenger gave it, such as the peer's address.
    pub name: String,
    /// The message or text.
    pub content: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, content } = self;
        write!(f, "Entry({id}, {name}, {} bytes)", content.len())
    }
}

/// What is stored together, or not at all: the writes of stages, entries to add to outbox and inbox, and entries that
/// are done with.
///
/// `store.apply(writes)` takes plain writes, too.
#[derive(Debug, Default)]
#[must_use = "nothing is stored until a store applies it"]
pub struct Transaction {
    pub(crate) writes: Writes,
    pub(crate) entries: Vec<NewEntry>,
    pub(crate) done: Vec<(Queue, u64)>,
}

/// An entry without a number.
pub struct NewEntry {
    pub(crate) queue: Queue,
    pub(crate) name: String,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queue, name, content } = self;
        write!(f, "NewEntry({queue:?}, {name}, {} bytes)", content.len())
    }
}

impl Transaction {
    /// An empty transaction.
    pub fn new() -> Self {
        Self::default()
    }

    /// A transaction of these writes.
    pub fn of(writes: Writes) -> Self {
        Self { writes, ..Self::default() }
    }

    /// The same transaction with the writes of another stage.
    pub fn and(mut self, writes: Writes) -> Self {
        self.writes.extend(writes);
        self
    }

    /// The same transaction, which also puts a message into the outbox.
    pub fn send(self, name: impl Into<String>, message: &[u8]) -> Self {
        self.add(Queue::Outbox, name.into(), message)
    }

    /// The same transaction, which also puts a text into the inbox.
    pub fn received(self, name: impl Into<String>, text: &[u8]) -> Self {
        self.add(Queue::Inbox, name.into(), text)
    }

    /// The same transaction, which also removes an entry: a message that the service took, a text that was shown.
    pub fn done(mut self, queue: Queue, id: u64) -> Self {
        self.done.push((queue, id));
        self
    }

    /// The same transaction, which also deletes a record: [`subrosa::store`] says when one may.
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.extend([Write::Delete { key }]);
        self
    }

    /// The writes alone, for a store without queues, such as [`Memory`](subrosa::store::Memory).
    pub fn into_writes(self) -> Writes {
        self.writes
    }

    fn add(mut self, queue: Queue, name: String, content: &[u8]) -> Self {
        self.entries.push(NewEntry { queue, name, content: Zeroizing::new(content.to_vec()) });
        self
    }
}

impl From<Writes> for Transaction {
    fn from(writes: Writes) -> Self {
        Self::of(writes)
    }
}
