// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messenger's own rows: texts that were sent, and texts that were received.

use subrosa::Timestamp;

use super::store::{Store, StoreError, part};
use super::who::Who;

/// A text in the outbox.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub to: Who,
    pub sent: Timestamp,
    pub text: String,
    /// Its envelope; empty once the service has it.
    pub sealed: Vec<u8>,
}

pub const OUTBOX: &str = "outbox";
pub const INBOX: &str = "inbox";

impl Outgoing {
    /// Name and content of its row.
    pub fn row(&self) -> (String, Vec<u8>) {
        let name = format!("{OUTBOX} {:016} {}", self.sent.as_millis(), self.to);
        let len = u32::try_from(self.sealed.len()).unwrap_or(u32::MAX).to_be_bytes();
        (name, [&len[..], &self.sealed, self.text.as_bytes()].concat())
    }

    /// The whole outbox, oldest first.
    pub fn all(store: &Store) -> Result<Vec<Self>, StoreError> {
        let read = |(name, content): (String, Vec<u8>)| {
            let (sent, to) = name.strip_prefix(OUTBOX)?.trim_start().split_once(' ')?;
            let to = [Who::Alice, Who::Bob, Who::Mallory].into_iter().find(|who| who.to_string() == to)?;
            let mut rest = content.as_slice();
            let sealed = part(&mut rest)?.to_vec();
            let (sent, text) =
                (Timestamp::from_millis(sent.parse().ok()?), str::from_utf8(rest).ok()?.to_owned());
            Some(Self { to, sent, text, sealed })
        };
        store.texts(OUTBOX)?.into_iter().map(|row| read(row).ok_or(StoreError::Damaged)).collect()
    }
}

/// The name of a received text's row. A text that is sent again comes into the same one.
pub fn inbox_row(from: Who, sent: Timestamp) -> String {
    format!("{INBOX} {:016} {from}", sent.as_millis())
}

/// All received texts, oldest first.
pub fn inbox(store: &Store) -> Result<Vec<String>, StoreError> {
    let texts = store.texts(INBOX)?.into_iter();
    Ok(texts.map(|(_, text)| String::from_utf8_lossy(&text).into_owned()).collect())
}
