// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is known of a session's remote device (rose 36 §3).

use super::contact::Contact;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// What is known of the remote device.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(super) card_hash: [u8; 32],
    pub(super) contact: Contact,
    /// The user said that the comparison strings differ.
    pub(super) distrusted: bool,
    /// The profiles that the device was seen to speak.
    pub(super) profiles: u32,
    /// When the newest sealing prekey and last-resort prekey that were seen were made, in seconds.
    pub(super) newest: [u64; 2],
}

impl Known {
    pub(super) fn write(&self, writer: &mut RecordWriter) {
        writer.put_array(&self.card_hash);
        self.contact.write(writer);
        writer.put_flag(self.distrusted);
        writer.put_flag(self.contact.was_hybrid);
        writer.put_u32(self.profiles);
        for newest in self.newest {
            writer.put_u64(newest);
        }
    }

    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let (card_hash, contact) = (reader.array()?, Contact::read(reader)?);
        let (distrusted, was_hybrid, profiles) = (reader.flag()?, reader.flag()?, reader.u32()?);
        let contact = Contact { was_hybrid, ..contact };
        Ok(Self { card_hash, contact, distrusted, profiles, newest: [reader.u64()?, reader.u64()?] })
    }
}
