// SPDX-License-Identifier: MIT OR Apache-2.0

//! The changes of the sessions with a device.

use alloc::boxed::Box;

use super::state::SessionState;
use crate::ratchet::omemo::{Received, Sent};

/// A change.
#[derive(Debug)]
pub(crate) enum Change {
    /// The first session sent.
    Sent(Sent),
    /// A session received, and becomes the first.
    Received(usize, Received),
    /// Another session becomes the first.
    Begun(Box<SessionState>),
}
