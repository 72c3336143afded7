// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments and incremental MACs as readers and writers of the standard library.

mod attachment;
mod incremental_mac;

use std::io;

pub use attachment::{AttachmentReader, AttachmentWriter};
pub use incremental_mac::{IncrementalMacReader, IncrementalMacWriter};

use super::error::AttachmentError;

/// How much is read or written at once, in bytes.
const BUFFER_LEN: usize = 1 << 14;

/// The data is to blame. The error itself is inside.
impl From<AttachmentError> for io::Error {
    fn from(error: AttachmentError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
