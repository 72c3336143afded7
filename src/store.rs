// SPDX-License-Identifier: MIT OR Apache-2.0

//! The interface to a store, and a store in memory.
//!
//! Every operation that changes a state gives a [`Staged`](crate::Staged) value with its [`Writes`]: records to put
//! under a [`Key`] and keys to delete. A store makes them **in one transaction**; after that the stage gives the
//! message or text.
//!
//! The simplest store is one table `key -> (generation, record)`, with [`Key::to_bytes`] and
//! [`Record::as_bytes`](crate::Record::as_bytes):
//!
//! ```
//! use std::collections::BTreeMap;
//! use subrosa::store::{StaleStage, Write, Writes};
//!
//! #[derive(Default)]
//! struct Table(BTreeMap<Vec<u8>, (Option<u64>, Vec<u8>)>);
//!
//! impl Table {
//!     fn apply(&mut self, writes: Writes) -> Result<(), StaleStage> {
//!         // BEGIN. Is the state in the store the one before? Always asked, also where there is one writer.
//!         for write in &writes {
//!             if let Write::Put { key, generation: Some(generation), .. } = write {
//!                 let held = self.0.get(&key.to_bytes()).and_then(|(generation, _)| *generation);
//!                 StaleStage::check(*generation, held)?;
//!             }
//!         }
//!         for write in writes {
//!             let key = write.key().to_bytes();
//!             match write {
//!                 Write::Put { record, generation, .. } => {
//!                     self.0.insert(key, (generation, record.as_bytes().to_vec()));
//!                 }
//!                 Write::Delete { .. } => drop(self.0.remove(&key)),
//!             }
//!         }
//!         Ok(()) // COMMIT.
//!     }
//! }
//! ```
//!
//! To read states back, collect the rows into a [`Memory`], all or those that are needed, and ask it:
//!
//! ```
//! # use subrosa::store::{Key, Memory, Write};
//! # use subrosa::{Address, Record, RecordError, Session};
//! # fn read(rows: Vec<(Vec<u8>, Option<u64>, Vec<u8>)>, us: &Address, bob: &Address) -> Result<Session, RecordError> {
//! let rows = rows.into_iter().map(|(key, generation, record)| {
//!     let key = Key::from_bytes(&key)?;
//!     Ok(Write::Put { record: Record::parse(key.kind(), &record)?, key, generation })
//! });
//! let store: Memory = rows.collect::<Result<_, RecordError>>()?;
//! let with_bob = store.session(us, bob)?; // And `account`, `identity`, `sender_key`, `receiver_keys`, `repair_log`.
//! # Ok(with_bob)
//! # }
//! ```
//!
//! A record holds secrets. Where others can read the store, seal it with a [`RecordKey`](crate::RecordKey), for its
//! key's bytes as the owner. `docs/records.md` describes the records byte by byte.
//!
//! | key | when the messenger may delete it |
//! | --- | --- |
//! | [`Account`](Key::Account) | never; it is the identity |
//! | prekeys and their uses | never; [`maintain`](crate::Account::maintain) does it |
//! | [`Session`](Key::Session), with archived ones inside | when the device is no more, or the contact is deleted |
//! | [`Identity`](Key::Identity) | with the contact: after deletion the next identity key is trusted on first use |
//! | [`SenderKey`](Key::SenderKey) | when we have left the group |
//! | [`ReceiverKeys`](Key::ReceiverKeys) | when the member has left, and messages under way have arrived |
//! | [`RepairLog`](Key::RepairLog) | with the session |

pub use crate::lease::Busy;
pub use crate::memory::Memory;
#[cfg(feature = "omemo")]
pub use crate::record::OmemoKind;
pub use crate::record::RecordKind;
#[cfg(feature = "rose")]
pub use crate::record::RoseKind;
#[cfg(target_has_atomic = "ptr")]
pub use crate::staged::States;
pub use crate::writes::{Key, StaleStage, Write, Writes};
