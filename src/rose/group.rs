// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys with encrypted headers and a tag for each recipient (rose 34 §4).
//!
//! ```text
//! distribution = id (16) || generation (4) || iteration (4) || CK (32) || GHK (32) || GT (32)
//!                || signing key (32) || group id (32)
//! GT = HMAC(GTS, "rose1.gtag key\0" || name)        T = HMAC(GT, "rose1.gtag\0" || BE32(iteration))[0..16]
//! Ke || Ne || Kf = HKDF(0×32, seed, "rose1.gbody\0" || SHA-256(EH), 76)
//! signature = XEdDSA(key, "subrosa-rose-1 group\0" || id || name || SHA-256(EH) || SHA-256(P0); Z)
//! ```

mod keys;
mod record;
mod send;

pub use keys::{GroupKeys, GroupReceived};
pub use send::{GroupKey, GroupOutgoing};

use crate::crypto::kdf::Label;
use crate::lease::Busy;
use crate::wire::rose::length::TooLong;

use super::error::ReceiveError;

/// Length of a distribution in bytes.
pub const DISTRIBUTION_LEN: usize = 184;
/// Number of group keys that are held of one account.
pub const MAX_KEYS_OF_ACCOUNT: usize = 1_024;

const TAG_KEY: &[u8] = b"rose1.gtag key\0";
const TAG: &[u8] = b"rose1.gtag\0";
const BODY: Label = Label::new("rose1.gbody\0");
const SIGNED: &[u8] = b"subrosa-rose-1 group\0";

/// The reason that a group key refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// The content is no distribution, or of another id.
    #[error("bad distribution")]
    BadDistribution,
    /// The sending account has 1,024 keys already.
    #[error("too many group keys of one account")]
    TooManyKeys,
    /// The key has no iterations left. Rotate it.
    #[error("the chain has no numbers left")]
    Exhausted,
    /// The message would be longer than 1,048,576 bytes.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The mailboxes or their number do not make an upload.
    #[error("not an upload")]
    BadUpload,
    /// A message was not received.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// Another stage of the key is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}
