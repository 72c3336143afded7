// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile, `subrosa-rose-1`: sessions that show nothing on the wire. **Experimental, not audited.**
//!
//! After first contact a message is a one-time tag, an encrypted header, a commitment and an encrypted body, in one of
//! few lengths: no version, key, counter, kind or exact length. A device finds its session by the tag, in a table that
//! each staged change keeps up to date. First contacts are sealed to a device's key; both sides prove themselves by
//! KEMs, deniably. Ratchets, records and stages are those of the Signal profile; keys, prekeys and records are not.
//!
//! `docs/metadata.md` shows what each observer learns.

mod account;
mod arrange;
mod block;
mod bundle;
mod card;
mod certificate;
mod change;
pub(crate) mod codec;
mod comparison;
mod contact;
mod error;
mod first_contact;
mod franking;
pub mod group;
mod kind;
mod known;
#[cfg(test)]
mod known_answers;
mod misses;
mod prekey;
mod profile;
mod receive;
mod repair;
mod repairs;
pub mod report;
pub mod sas;
mod sealed_tags;
mod send;
mod session;
mod split;
mod state;
mod tags;
mod timing;

pub use account::Account;
pub use bundle::{BUNDLE_LEN, VerifiedBundle};
pub use card::{BadCard, CARD_LEN, Card, DeviceKeys, IdentityKey, SPEAKS_ROSE, SPEAKS_SIGNAL_4};
pub use certificate::{CERTIFICATE_LEN, Certificate, Issuers, issue};
pub use contact::{Contact, KemIdentity, PeerAuthentication, Trust};
pub use error::{BeginError, BraidError, ReceiveError, SendError};
pub use first_contact::{Admission, FirstContact, Policy};
pub use kind::Kind;
pub use misses::Misses;
pub use prekey::{Class, HYBRID_LEN, SEALING_LEN};
pub use profile::{CardSeen, CardSource, DowngradeLeave};
pub use receive::{MAX_TRIAL, Received, trial};
pub use repair::{Repair, Typed};
pub use repairs::{RepairRefused, Repairs, Resend};
pub use sealed_tags::SealedTags;
pub use send::{Outgoing, Sender};
pub use session::Session;
pub use split::{SplitUpload, seal_for_many};
pub use tags::{find, tags_of};
pub use timing::{ReceiptFacts, ReceiptPolicy, Receipts, answer_by, next_dummy};

pub use crate::ids::{ACCOUNT_LEN, DeviceName};
pub use crate::wire::rose::length::{TooLong, is_wire_length, wire_length};
pub use crate::wire::rose::upload::{BadUpload, Upload};
pub use crate::wire::rose::{TAG_LEN, Tag};
pub use crate::writes::{RoseKey, TagOwner};
