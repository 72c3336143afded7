// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages that were for nobody (rose 36 §5).

use super::error::ReceiveError;
use crate::timestamp::Timestamp;
use crate::wire::rose::length::is_wire_length;

/// How many messages came that no session expects and no sealing key opens, and since when.
///
/// Whose they are nobody can see: the device may have lost a session. Strangers can raise the count, so it is a hint for
/// the user, and nothing happens by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Misses {
    /// When the first of them came.
    pub since: Option<Timestamp>,
    /// Their number.
    pub count: u32,
}

impl Misses {
    /// Counts a message that was refused, if it was not found and has the length of a message.
    pub fn note(&mut self, refusal: ReceiveError, message: &[u8], now: Timestamp) {
        if refusal == ReceiveError::NotFound && is_wire_length(message.len()) {
            self.count = self.count.saturating_add(1);
            self.since = self.since.or(Some(now));
        }
    }
}
