// SPDX-License-Identifier: MIT OR Apache-2.0

//! Distribution ids of sender keys, and with them the format of their messages.

use core::fmt;
use core::str::FromStr;

use rand_core::CryptoRng;

use super::uuid;

/// The text is not a distribution id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distribution id")]
pub struct NotADistributionId;

/// The name of a sender key: a UUID, drawn by the sender's application for a group and known to its members alone. Each
/// sender has its own; a receiver stores its keys under the sender's address and this id.
///
/// As text it is the hyphenated UUID in lower case.
///
/// ```
/// use subrosa::group::DistributionId;
/// let id: DistributionId = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6".parse()?;
/// assert_eq!(DistributionId::from_bytes(*id.as_bytes()), id);
/// # Ok::<(), subrosa::group::NotADistributionId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistributionId([u8; 16]);

impl DistributionId {
    /// A random UUID, of version 4. Draws 16 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut uuid = [0; 16];
        rng.fill_bytes(&mut uuid);
        uuid[6] = uuid[6] & 0x0F | 0x40;
        uuid[8] = uuid[8] & 0x3F | 0x80;
        Self(uuid)
    }

    /// The id of a UUID in network order. Version and variant bits are not checked.
    #[must_use]
    pub const fn from_bytes(uuid: [u8; 16]) -> Self {
        Self(uuid)
    }

    /// The UUID in network order.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for DistributionId {
    type Err = NotADistributionId;

    fn from_str(text: &str) -> Result<Self, NotADistributionId> {
        uuid::parse(text).map(Self).ok_or(NotADistributionId)
    }
}

impl fmt::Display for DistributionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        uuid::write(&self.0, f)
    }
}

impl fmt::Debug for DistributionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The format of a sender key's messages. Keys and chains are the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// The format of today's clients: each message names the distribution id.
    WithId(DistributionId),
    /// The older format, without an id, for deployments that still speak it as they speak version 3. Nothing in a
    /// message names its group: that comes from outside. A [`Key`](crate::store::Key) has no room for the group either,
    /// so a messenger with several such groups keeps a store for each.
    WithoutId,
}

impl Format {
    /// The distribution id, if messages name one.
    #[must_use]
    pub const fn distribution_id(&self) -> Option<DistributionId> {
        match self {
            Self::WithId(id) => Some(*id),
            Self::WithoutId => None,
        }
    }
}

impl From<DistributionId> for Format {
    fn from(id: DistributionId) -> Self {
        Self::WithId(id)
    }
}

/// Whether a format has the id: a number to be added to the numbers of the fields after it.
#[derive(Clone, Copy)]
pub(super) struct FieldShift(u32);

impl FieldShift {
    pub(super) const WITH_ID: Self = Self(1);
    pub(super) const WITHOUT_ID: Self = Self(0);

    pub(super) const fn of(format: Format) -> Self {
        match format {
            Format::WithId(_) => Self::WITH_ID,
            Format::WithoutId => Self::WITHOUT_ID,
        }
    }

    /// The number in this format of the field that has `number` in the format without id; 0 is the id.
    pub(super) const fn number(self, number: u32) -> u32 {
        number + self.0
    }

    /// The reverse of [`Self::number`].
    pub(super) const fn field(self, number: u32) -> u32 {
        number.wrapping_sub(self.0)
    }

    /// The format of a message in which `id` was found.
    pub(super) fn format(self, id: Option<&[u8]>) -> Option<Format> {
        if self.0 == 0 {
            return Some(Format::WithoutId);
        }
        let uuid = id?.try_into().ok()?;
        Some(Format::WithId(DistributionId(uuid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_id_is_shown_as_it_is_read() {
        let text = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
        let id: DistributionId = text.parse().unwrap();
        assert_eq!((id.to_string(), alloc::format!("{id:?}")), (text.into(), text.into()));
    }
}
