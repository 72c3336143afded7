// SPDX-License-Identifier: MIT OR Apache-2.0

//! The header of a message, which its receiver sees and the service does not. For this program's output: a messenger
//! has no use for it.

use std::fmt;

use subrosa::hazmat::wire::braid_message::BraidPrefix;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::{Message, MessageKind};

use super::who::Error;

/// The header of a message.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Whether it can begin a session.
    pub first: bool,
    /// The sender's DH ratchet key.
    pub dh: [u8; 32],
    /// Its place in the chain of that key.
    pub counter: u32,
    /// The post-quantum ratchet's epoch.
    pub epoch: u64,
    /// The post-quantum ratchet's part of the message.
    pub pq: Vec<u8>,
}

impl Inside {
    pub fn of(message: &Message<'_>) -> Result<Self, Error> {
        let first = message.kind() == MessageKind::PreKey;
        let signal = if first {
            *PreKeySignalMessage::parse(message.as_bytes())?.message()
        } else {
            SignalMessage::parse(message.as_bytes())?
        };
        let (pq, dh) = (signal.pq_ratchet().to_vec(), *signal.ratchet_key().as_bytes());
        Ok(Self { first, dh, counter: signal.counter(), epoch: BraidPrefix::parse(&pq)?.epoch, pq })
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, dh: [a, b, ..], counter, epoch, .. } = self;
        write!(f, "{a:02x}{b:02x}.{counter} e{epoch}{}", if *first { " prekey" } else { "" })
    }
}
