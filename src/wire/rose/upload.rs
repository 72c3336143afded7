// SPDX-License-Identifier: MIT OR Apache-2.0

//! Uploads for many mailboxes, and the service's splitter, which needs no keys and no names (rose 34 §2).
//!
//! ```text
//! upload = 0001 || stub type (1) || entries (4) || entry* || shared length (4) || shared part
//! entry = mailbox length (1) || mailbox (1..64) || stub (16 or 184)
//! ```

use alloc::vec::Vec;

use super::length::is_wire_length;

/// Greatest number of entries of an upload.
pub const MAX_ENTRIES: usize = 5_000;
/// Length of the longest name of a mailbox in bytes.
pub const MAX_MAILBOX_LEN: usize = 64;
/// Length of a tag stub in bytes.
pub const TAG_STUB_LEN: usize = 16;
/// Length of a session stub in bytes.
pub const SESSION_STUB_LEN: usize = 184;

/// The bytes are no upload, or its parts cannot make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an upload")]
pub struct BadUpload;

/// An upload that was read: what the service learns.
#[derive(Debug)]
pub struct Upload<'a> {
    entries: Vec<(&'a [u8], &'a [u8])>,
    shared: &'a [u8],
}

impl<'a> Upload<'a> {
    /// Reads an upload, in the splitter's order: form, type, count, each entry, ascending mailboxes, shared part,
    /// length of the deliveries.
    ///
    /// # Errors
    /// [`BadUpload`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadUpload> {
        let Some((&[0, 1, stub_type, a, b, c, d], mut rest)) = bytes.split_first_chunk() else {
            return Err(BadUpload);
        };
        let stub_len = match stub_type {
            1 => TAG_STUB_LEN,
            2 => SESSION_STUB_LEN,
            _ => return Err(BadUpload),
        };
        let count = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| BadUpload)?;
        if !(1..=MAX_ENTRIES).contains(&count) || count.saturating_mul(stub_len + 2) > rest.len() {
            return Err(BadUpload);
        }
        let mut entries: Vec<(&[u8], &[u8])> = Vec::with_capacity(count);
        for _ in 0..count {
            let mailbox;
            let (&len, after) = rest.split_first().ok_or(BadUpload)?;
            (mailbox, rest) = after.split_at_checked(len.into()).ok_or(BadUpload)?;
            let stub;
            (stub, rest) = rest.split_at_checked(stub_len).ok_or(BadUpload)?;
            let ascends = entries.last().is_none_or(|(before, _)| *before < mailbox);
            if !(1..=MAX_MAILBOX_LEN).contains(&mailbox.len()) || !ascends {
                return Err(BadUpload);
            }
            entries.push((mailbox, stub));
        }
        let (len, shared) = rest.split_first_chunk().ok_or(BadUpload)?;
        let fits = usize::try_from(u32::from_be_bytes(*len)).is_ok_and(|len| len == shared.len());
        if !fits || !is_wire_length(stub_len + shared.len()) {
            return Err(BadUpload);
        }
        Ok(Self { entries, shared })
    }

    /// Each mailbox and the message for it: its stub and the shared part.
    #[must_use]
    pub fn deliveries(&self) -> impl ExactSizeIterator<Item = (&'a [u8], Vec<u8>)> {
        self.entries.iter().map(|(mailbox, stub)| (*mailbox, [*stub, self.shared].concat()))
    }
}

/// The bytes of an upload. The entries are sorted; all stubs are equally long.
///
/// # Errors
/// [`BadUpload`]: no entries, or more than 5,000; a mailbox twice, empty, or of more than 64 bytes.
pub fn encode<'a>(
    entries: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    shared: &[u8],
) -> Result<Vec<u8>, BadUpload> {
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_unstable();
    let stub_type = if entries.first().is_some_and(|(_, stub)| stub.len() == TAG_STUB_LEN) { 1 } else { 2 };
    let entries_len = entries.iter().map(|(mailbox, stub)| 1 + mailbox.len() + stub.len()).sum::<usize>();
    let mut out = Vec::with_capacity(7 + entries_len + 4 + shared.len());
    out.extend_from_slice(&[0, 1, stub_type]);
    put_len(&mut out, entries.len())?;
    for (mailbox, stub) in entries {
        out.push(u8::try_from(mailbox.len()).map_err(|_| BadUpload)?);
        out.extend_from_slice(mailbox);
        out.extend_from_slice(stub);
    }
    put_len(&mut out, shared.len())?;
    out.extend_from_slice(shared);
    Upload::parse(&out)?;
    Ok(out)
}

fn put_len(out: &mut Vec<u8>, len: usize) -> Result<(), BadUpload> {
    out.extend_from_slice(&u32::try_from(len).map_err(|_| BadUpload)?.to_be_bytes());
    Ok(())
}
