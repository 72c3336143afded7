// SPDX-License-Identifier: MIT OR Apache-2.0

//! The error of all stores.

use std::error::Error;

use subrosa::RecordError;
use subrosa::account::LoadError;
use subrosa::store::StaleStage;

/// The failure to open a store, to read it, or to make a transaction. After any of these but
/// [`InDoubt`](Self::InDoubt) nothing of the transaction is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else has stored a newer state. Read it back and repeat the operation.
    #[error(transparent)]
    Stale(#[from] StaleStage),
    /// A record does not open, or is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The account's records don't fit together.
    #[error(transparent)]
    Account(#[from] LoadError),
    /// The store was sealed with another key, or not sealed.
    #[error("the store is sealed with another key")]
    WrongKey,
    /// A later version of this crate wrote the store.
    #[error("the store has the newer version {0}; update this program")]
    NewerVersion(u32),
    /// Another process has the store open, or holds a transaction for too long.
    #[error("another process is using the store; try again")]
    Locked,
    /// The file is not a store, or was damaged.
    #[error("the store is damaged; restore it from a backup")]
    Damaged(#[source] Box<dyn Error + Send + Sync>),
    /// The disk is full; free some space and repeat the operation.
    #[error("the disk is full")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The disk or the database takes no writes.
    #[error("the store can only be read")]
    ReadOnly(#[source] Box<dyn Error + Send + Sync>),
    /// The end of a transaction failed: it may be stored, or not. Open the store again and read the states back.
    #[error("the transaction may or may not be stored; read the states back")]
    InDoubt(#[source] Box<dyn Error + Send + Sync>),
    /// Any other failure of the database.
    #[error("the database failed")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Returns whether the transaction may be stored in spite of the error.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        matches!(self, Self::InDoubt(_))
    }

    /// Returns whether a newer state is stored: read it back and repeat the operation.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Stale(_))
    }
}
