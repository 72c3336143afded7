// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service's side of version 2: splitting a message for many. It takes no secrets, and learns nothing about the
//! sender.
//!
//! ```
//! use subrosa::DeviceId;
//! use subrosa::sealed::OpenError;
//! use subrosa::sealed::server::SentMessage;
//!
//! fn deliver(upload: &[u8], mut push: impl FnMut(DeviceId, [&[u8]; 3])) -> Result<(), OpenError> {
//!     for recipient in SentMessage::parse(upload)?.recipients() {
//!         for (device, _registration_id) in recipient.devices() {
//!             push(device, recipient.received().parts());
//!         }
//!     }
//!     Ok(())
//! }
//! assert_eq!(deliver(&[], |_, _| ()), Err(OpenError::Empty));
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::error::OpenError;
use super::many::{MAX_REGISTRATION_ID, MORE_DEVICES};
use super::v2::KEY_MATERIAL_LEN;
use crate::address::{ServiceId, ServiceIdKind};
use crate::ids::DeviceId;

/// First byte of the older form, whose service ids are ACIs without a kind byte.
const ACIS_ONLY: u8 = 0x22;
/// First byte of today's form.
const SERVICE_IDS: u8 = 0x23;
/// First byte of each recipient's part, in either form.
const RECEIVED: u8 = 0x22;

/// Length of a device in an entry: its id, and its registration id.
const DEVICE_LEN: usize = 3;
/// The ciphertext's key, E, which comes before it. The rest is not checked.
const MIN_SHARED_LEN: usize = 32;

/// A message that was sent to many, taken apart but not copied.
///
/// Parsing allocates two lists with a place for each entry, for any number of its devices, and never by the number of
/// entries that the message claims.
pub struct SentMessage<'a> {
    bytes: &'a [u8],
    /// In the order in which they come.
    entries: Vec<Entry>,
    /// The place where the common part begins.
    shared: usize,
}

/// An entry of a message.
#[derive(Debug)]
struct Entry {
    id: ServiceId,
    /// Where its devices begin.
    start: usize,
    /// Number of devices: none if it is excluded.
    devices: usize,
    /// The next entry of the same account.
    next: Option<u32>,
    /// Whether it is the first of its account.
    first: bool,
}

impl<'a> SentMessage<'a> {
    /// Parses a message, in no more time than sorting its entries takes.
    ///
    /// Entries of one account are merged, as deployed: the key material of the first counts. A device that is named
    /// twice is kept twice. An excluded account must not come again.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, OpenError> {
        let (&version, rest) = bytes.split_first().ok_or(OpenError::Empty)?;
        if version != ACIS_ONLY && version != SERVICE_IDS {
            return Err(OpenError::UnknownVersion(version));
        }
        let mut reader = Reader { rest, at: 1 };
        let count = reader.count()?;
        // Not allocated by the count, which anybody can write.
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(reader.entry(version)?);
        }
        if reader.rest.len() < MIN_SHARED_LEN {
            return Err(OpenError::Malformed);
        }
        link(&mut entries)?;
        Ok(Self { bytes, entries, shared: reader.at })
    }

    /// The recipients, in the order in which they first come.
    pub fn recipients(&self) -> impl Iterator<Item = Recipient<'_>> {
        let first = self.entries.iter().filter(|entry| entry.first && entry.devices > 0);
        first.map(|entry| Recipient { message: self, entry })
    }

    /// The accounts that the sender excludes, in the order in which they come.
    pub fn excluded(&self) -> impl Iterator<Item = ServiceId> + '_ {
        self.entries.iter().filter(|entry| entry.devices == 0).map(|entry| entry.id)
    }

    /// The part that all recipients have in common, by its place in the message: the last part of each recipient's
    /// bytes.
    #[must_use]
    pub const fn shared_range(&self) -> Range<usize> {
        self.shared..self.bytes.len()
    }

    fn part(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

impl fmt::Debug for SentMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, entries, shared: _ } = self;
        write!(f, "SentMessage({} entries, {} bytes)", entries.len(), bytes.len())
    }
}

/// Links the entries of each account, and refuses those that are excluded and come again.
fn link(entries: &mut [Entry]) -> Result<(), OpenError> {
    let mut order: Vec<(ServiceId, u32)> = entries.iter().map(|entry| entry.id).zip(0..).collect();
    order.sort_unstable();
    for pair in order.windows(2) {
        let [(id, earlier), (other, later)] = *pair else { continue };
        if id != other {
            continue;
        }
        let Some([earlier, second]) = both(entries, earlier, later) else { continue };
        if earlier.devices == 0 || second.devices == 0 {
            return Err(OpenError::RedundantlyExcluded(id));
        }
        earlier.next = Some(later);
        second.first = false;
    }
    Ok(())
}

fn both(entries: &mut [Entry], a: u32, b: u32) -> Option<[&mut Entry; 2]> {
    entries.get_disjoint_mut([usize::try_from(a).ok()?, usize::try_from(b).ok()?]).ok()
}

/// A recipient of a message that was sent to many.
#[derive(Clone, Copy)]
pub struct Recipient<'m> {
    message: &'m SentMessage<'m>,
    entry: &'m Entry,
}

impl<'m> Recipient<'m> {
    /// The account.
    #[must_use]
    pub const fn service_id(&self) -> ServiceId {
        self.entry.id
    }

    /// Its devices, each with the registration id known to the sender. A service refuses the message if these are not
    /// exactly the account's devices.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, u16)> + Clone + use<'m> {
        Devices { message: self.message, entry: self.entry, at: 0 }
    }

    /// The bytes for each of its devices.
    #[must_use]
    pub fn received(&self) -> RecipientMessage<'m> {
        let message = self.message;
        RecipientMessage {
            key_material: message.part(self.key_material_range()),
            shared: message.part(message.shared_range()),
        }
    }

    /// The recipient's key material, 48 bytes, by its place in the message: the second part of what it receives.
    #[must_use]
    pub const fn key_material_range(&self) -> Range<usize> {
        let start = self.entry.start + self.entry.devices * DEVICE_LEN;
        start..start + KEY_MATERIAL_LEN
    }
}

impl fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message: _, entry } = self;
        f.debug_tuple("Recipient").field(&entry.id).finish()
    }
}

/// The devices of a recipient: device ids and registration ids of 14 bits.
#[derive(Clone, Debug)]
struct Devices<'m> {
    message: &'m SentMessage<'m>,
    entry: &'m Entry,
    at: usize,
}

impl Iterator for Devices<'_> {
    type Item = (DeviceId, u16);

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.entry.devices {
            self.entry = self.message.entries.get(usize::try_from(self.entry.next?).ok()?)?;
            self.at = 0;
        }
        let start = self.entry.start + self.at * DEVICE_LEN;
        self.at += 1;
        let [device, high, low] = *self.message.part(start..start + DEVICE_LEN).first_chunk()?;
        let registration_id = u16::from_be_bytes([high, low]) & MAX_REGISTRATION_ID;
        Some((DeviceId::new(device.into()), registration_id))
    }
}

/// A received message in three parts of the sent one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecipientMessage<'m> {
    key_material: &'m [u8],
    shared: &'m [u8],
}

impl<'m> RecipientMessage<'m> {
    /// The three parts: to be written one after the other.
    #[must_use]
    pub const fn parts(&self) -> [&'m [u8]; 3] {
        [&[RECEIVED], self.key_material, self.shared]
    }

    /// Their total length in bytes.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        1 + self.key_material.len() + self.shared.len()
    }

    /// A copy in one piece.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.parts().concat()
    }
}

impl fmt::Debug for RecipientMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientMessage({} bytes)", self.total_len())
    }
}

/// The unread rest, and its place in the message.
struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], OpenError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(OpenError::Malformed)?;
        self.rest = rest;
        self.at += N;
        Ok(taken)
    }

    /// A varint of 32 bits at most. One with more bytes than needed is refused: the deployed parser loses its place
    /// then.
    fn count(&mut self) -> Result<u32, OpenError> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = *self.take()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                let minimal = byte != 0 || shift == 0;
                return u32::try_from(value).ok().filter(|_| minimal).ok_or(OpenError::Malformed);
            }
        }
        Err(OpenError::Malformed)
    }

    fn entry(&mut self, version: u8) -> Result<Entry, OpenError> {
        let id = if version == ACIS_ONLY {
            ServiceId::new(ServiceIdKind::Aci, *self.take()?)
        } else {
            ServiceId::from_bytes(self.take::<{ ServiceId::FIXED_LEN }>()?)
                .map_err(|_| OpenError::Malformed)?
        };
        let start = self.at;
        let devices = self.devices()?;
        if devices > 0 {
            self.take::<KEY_MATERIAL_LEN>()?;
        }
        Ok(Entry { id, start, devices, next: None, first: true })
    }

    /// Skips the devices of an entry, and returns their number.
    fn devices(&mut self) -> Result<usize, OpenError> {
        for number in 0.. {
            match *self.take::<1>()? {
                [0] if number == 0 => return Ok(0),
                [1..=127] => {}
                _ => return Err(OpenError::Malformed),
            }
            if u16::from_be_bytes(*self.take()?) & MORE_DEVICES == 0 {
                return Ok(number + 1);
            }
        }
        Err(OpenError::Malformed)
    }
}
