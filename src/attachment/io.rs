// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments and incremental MACs as readers and writers of the standard library.

mod attachment;
mod incremental_mac;

use std::io;

pub use attachment::{AttachmentReader, AttachmentWriter};
pub use incremental_mac::{IncrementalMacReader, IncrementalMacWriter};

use super::error::AttachmentError;

/// Number of bytes that are read or written at once.
const BUFFER_LEN: usize = 1 << 14;

/// An error of the data, with the error itself inside.
impl From<AttachmentError> for io::Error {
    fn from(error: AttachmentError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
