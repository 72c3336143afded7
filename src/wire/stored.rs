// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of libsignal, for import and export. Peers never see them, and our own records are another format
//! (`record`).
//!
//! These are proto3 messages: a field is left out if it is 0 or empty, except where it is an `Option`. The views borrow
//! the bytes they were read from; their users decode the keys inside. Reading merges a repeated message and skips
//! unknown fields, which are lost when it is written again.
//!
//! A view takes up to eight times the memory of the bytes: of a long list it has only the usable entries. Archived
//! sessions are read one by one.

mod braid;
mod chain;
mod epoch_chain;
mod identity;
mod limits;
mod list;
mod prekey;
mod sender_key;
mod session;

pub use braid::{StoredBraid, StoredDecoder, StoredEncoder, StoredNegotiation, StoredState};
pub use chain::{StoredChain, StoredChainKey, StoredMessageKey};
pub use epoch_chain::{StoredEpochChain, StoredHalf, StoredLink};
pub use identity::StoredIdentityKeyPair;
pub use limits::StoredLimits;
pub use prekey::{StoredPreKey, StoredSignedPreKey};
pub use sender_key::{StoredSenderKey, StoredSenderKeyRecord, StoredSigningKey};
pub use session::{StoredPendingKyberPreKey, StoredPendingPreKey, StoredSession, StoredSessionRecord};
