// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is read of the rose profile.

use subrosa::RecordError;
use subrosa::rose::{self, DeviceName, RoseKey, TagOwner};
use subrosa::store::{Key, Memory};

/// The states that expect a message, out of the rows of its tag.
pub(crate) fn expecting(message: &[u8], rows: &Memory) -> Vec<TagOwner> {
    rose::find(message, rows.keys().cloned()).collect()
}

/// The key of the session with a device.
pub(crate) const fn key(remote: DeviceName) -> Key {
    Key::Rose(RoseKey::Session(remote))
}

/// The session with a device; empty if none is stored.
pub(crate) fn session(remote: DeviceName, rows: &Memory) -> Result<rose::Session, RecordError> {
    let empty = || Ok(rose::Session::new(remote));
    rows.get(&key(remote)).map_or_else(empty, |record| rose::Session::from_record(record.as_bytes(), remote))
}
