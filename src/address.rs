// SPDX-License-Identifier: MIT OR Apache-2.0

//! Addresses: the name of an account and the number of a device; and service ids, the names of Signal's accounts.
//!
//! ```
//! use subrosa::Address;
//! use subrosa::address::ServiceIdKind;
//!
//! let address = Address::new("PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f", 1);
//! assert_eq!(address.service_id().map(|id| id.kind()), Some(ServiceIdKind::Pni));
//! ```

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

pub use crate::ids::DeviceId;
use crate::record::Mark;
use crate::wire::uuid;

/// The text or the bytes are not a service id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a service id")]
pub struct NotAServiceId;

/// The kind of account name that a service id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceIdKind {
    /// The account itself. Kind byte 0.
    Aci,
    /// The account as known by its phone number. Kind byte 1.
    Pni,
}

/// An account's name at the service: a UUID and its kind. Ordered by kind, then by UUID.
///
/// As text it is the hyphenated UUID in lower case, with `PNI:` in front where it is one.
///
/// ```
/// use subrosa::address::{ServiceId, ServiceIdKind};
/// let id: ServiceId = "PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f".parse()?;
/// assert_eq!(id.kind(), ServiceIdKind::Pni);
/// # Ok::<(), subrosa::address::NotAServiceId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId {
    kind: ServiceIdKind,
    uuid: [u8; 16],
}

impl ServiceId {
    /// Length of the fixed-width binary form in bytes.
    pub const FIXED_LEN: usize = 17;

    /// A service id from its parts; the UUID in network order. Version and variant bits are not checked.
    #[must_use]
    pub const fn new(kind: ServiceIdKind, uuid: [u8; 16]) -> Self {
        Self { kind, uuid }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> ServiceIdKind {
        self.kind
    }

    /// The UUID in network order.
    #[must_use]
    pub const fn uuid(&self) -> &[u8; 16] {
        &self.uuid
    }

    /// The fixed-width binary form: the kind byte and the UUID.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::FIXED_LEN] {
        let mut out = [self.kind as u8; Self::FIXED_LEN];
        out[1..].copy_from_slice(&self.uuid);
        out
    }

    /// Reads the fixed-width binary form.
    ///
    /// # Errors
    /// [`NotAServiceId`] for another length or kind byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAServiceId> {
        let (&kind, uuid) = bytes.split_first().ok_or(NotAServiceId)?;
        let kind = match kind {
            0 => ServiceIdKind::Aci,
            1 => ServiceIdKind::Pni,
            _ => return Err(NotAServiceId),
        };
        Ok(Self { kind, uuid: uuid.try_into().map_err(|_| NotAServiceId)? })
    }

    /// Reads the variable-width binary form: 16 bytes are an ACI; 17, of which the first is `01`, a PNI.
    ///
    /// # Errors
    /// [`NotAServiceId`] for anything else, also for an ACI of 17 bytes.
    pub fn from_binary(bytes: &[u8]) -> Result<Self, NotAServiceId> {
        match <[u8; 16]>::try_from(bytes) {
            Ok(uuid) => Ok(Self { kind: ServiceIdKind::Aci, uuid }),
            Err(_) => {
                Self::from_bytes(bytes).ok().filter(|id| id.kind == ServiceIdKind::Pni).ok_or(NotAServiceId)
            }
        }
    }
}

impl FromStr for ServiceId {
    type Err = NotAServiceId;

    fn from_str(text: &str) -> Result<Self, NotAServiceId> {
        let (kind, uuid) = match text.strip_prefix("PNI:") {
            Some(rest) => (ServiceIdKind::Pni, rest),
            None => (ServiceIdKind::Aci, text),
        };
        Ok(Self { kind, uuid: uuid::parse(uuid).ok_or(NotAServiceId)? })
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == ServiceIdKind::Pni {
            f.write_str("PNI:")?;
        }
        uuid::write(&self.uuid, f)
    }
}

impl fmt::Debug for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name of an account at its service: normally the text of a [`ServiceId`], or any other text.
///
/// Service ids are compared as such, so that capital letters make no other account; other texts by their bytes.
///
/// ```
/// use subrosa::address::AccountName;
/// let capitals = AccountName::new("796ABEDB-CA4E-4F18-8803-1FDE5B921F9F");
/// assert_eq!(capitals, AccountName::new("796abedb-ca4e-4f18-8803-1fde5b921f9f"));
/// assert_ne!(AccountName::new("alice"), AccountName::new("Alice"));
/// ```
#[derive(Clone)]
pub struct AccountName {
    text: String,
    id: Option<ServiceId>,
}

/// The form in which names are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Compared<'a> {
    Id(ServiceId),
    Text(&'a str),
}

impl AccountName {
    /// A name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let text = name.into();
        Self { id: text.parse().ok(), text }
    }

    /// The text, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The service id that the name spells, if it is one.
    #[must_use]
    pub const fn service_id(&self) -> Option<ServiceId> {
        self.id
    }

    /// The text that all equal names have in common.
    pub(crate) fn canonical(&self) -> Cow<'_, str> {
        self.id.map_or(Cow::Borrowed(self.as_str()), |id| Cow::Owned(id.to_string()))
    }

    fn compared(&self) -> Compared<'_> {
        self.id.map_or(Compared::Text(&self.text), Compared::Id)
    }
}

impl PartialEq for AccountName {
    fn eq(&self, other: &Self) -> bool {
        self.compared() == other.compared()
    }
}

impl Eq for AccountName {}

impl PartialOrd for AccountName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AccountName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compared().cmp(&other.compared())
    }
}

impl Hash for AccountName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.compared().hash(state);
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl From<ServiceId> for AccountName {
    fn from(id: ServiceId) -> Self {
        Self { text: id.to_string(), id: Some(id) }
    }
}

impl AsRef<str> for AccountName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for AccountName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for AccountName {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<&AccountName> for AccountName {
    fn from(name: &AccountName) -> Self {
        name.clone()
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The address of a device: the name of its account, normally a [`ServiceId`], and its device id.
///
/// ```
/// use subrosa::Address;
/// let phone = Address::new("alice", 1);
/// assert_eq!((phone.name().as_str(), phone.device().get()), ("alice", 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    name: AccountName,
    device: DeviceId,
}

impl Address {
    /// An address.
    #[must_use]
    pub fn new(name: impl Into<AccountName>, device: impl Into<DeviceId>) -> Self {
        Self { name: name.into(), device: device.into() }
    }

    /// The account's name.
    #[must_use]
    pub const fn name(&self) -> &AccountName {
        &self.name
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The service id that the name spells, if it is one.
    #[must_use]
    pub const fn service_id(&self) -> Option<ServiceId> {
        self.name.service_id()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, device } = self;
        write!(f, "{name}.{device}")
    }
}

/// The mark of these addresses in a record. Equal names have equal marks.
pub(crate) fn mark(addresses: &[&Address]) -> u64 {
    let all = addresses.iter().fold(Mark::new(), |mark, address| {
        let named = match address.name.compared() {
            Compared::Id(id) => mark.with(&id.to_bytes()),
            Compared::Text(text) => mark.with(text.as_bytes()),
        };
        named.with(&[0xFF]).with(&address.device.get().to_le_bytes())
    });
    all.to_u64()
}

/// The `addresses` field of a message: sender and recipient in binary, each a fixed-width service id
/// and the device id; 36 bytes. None unless both names are service ids and both devices 1 to 127.
pub(crate) fn message_addresses(sender: &Address, recipient: &Address) -> Option<[u8; 36]> {
    let mut out = [0; 36];
    let (left, right) = out.split_at_mut(18);
    for (part, address) in [(left, sender), (right, recipient)] {
        let (device, id) = part.split_last_mut()?;
        id.copy_from_slice(&address.service_id()?.to_bytes());
        *device = address.device.to_signal()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    const ACI: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";

    #[test]
    fn a15_service_ids_round_trip() {
        for text in [ACI, "PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f", "00000000-0000-0000-0000-000000000001"]
        {
            let id: ServiceId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(ServiceId::from_bytes(&id.to_bytes()), Ok(id));
            let binary =
                if id.kind() == ServiceIdKind::Aci { id.uuid().to_vec() } else { id.to_bytes().to_vec() };
            assert_eq!(ServiceId::from_binary(&binary), Ok(id));
        }
        assert_eq!(ACI.to_uppercase().parse(), ACI.parse::<ServiceId>());
    }

    #[test]
    fn a15_what_is_no_service_id() {
        for text in [
            "",
            "796abedbca4e4f1888031fde5b921f9f",
            "{796abedb-ca4e-4f18-8803-1fde5b921f9f}",
            "ACI:796abedb-ca4e-4f18-8803-1fde5b921f9f",
            "pni:796abedb-ca4e-4f18-8803-1fde5b921f9f",
            "PNI:PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f",
            " 796abedb-ca4e-4f18-8803-1fde5b921f9f",
            "796abedb-ca4e-4f18-8803-1fde5b921f9",
            "796abedb-ca4e-4f18-8803-1fde5b921f9g",
            "796abedb+ca4e-4f18-8803-1fde5b921f9f",
        ] {
            assert_eq!(text.parse::<ServiceId>(), Err(NotAServiceId), "{text}");
        }
        let aci: ServiceId = ACI.parse().unwrap();
        assert_eq!(ServiceId::from_binary(&aci.to_bytes()), Err(NotAServiceId));
        for bytes in [&[2; 17][..], &[0; 16], &[0; 18], &[]] {
            assert_eq!(ServiceId::from_bytes(bytes), Err(NotAServiceId));
        }
    }

    #[test]
    fn a15_order_is_that_of_the_fixed_form() {
        let mut ids: alloc::vec::Vec<ServiceId> = (0..4u8)
            .flat_map(|n| {
                [ServiceIdKind::Pni, ServiceIdKind::Aci].map(|kind| ServiceId::new(kind, [n ^ 2; 16]))
            })
            .collect();
        ids.sort();
        assert!(ids.is_sorted_by_key(ServiceId::to_bytes));
    }

    /// Scenarios 87 to 91 of the parts around sessions, where they add something. The log form (90) is the text.
    #[test]
    fn s88_capital_letters_and_the_least_ids() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "PNI:00000000-0000-0000-0000-000000000000",
            "PNI:796ABEDB-CA4E-4F18-8803-1FDE5B921F9F",
        ] {
            let id: ServiceId = text.parse().unwrap();
            assert!(id.to_string().eq_ignore_ascii_case(text));
            assert_eq!(ServiceId::from_bytes(&id.to_bytes()), Ok(id));
        }
    }

    #[test]
    fn s89_kind_bytes() {
        for kind in u8::MIN..=u8::MAX {
            let fixed = [kind; 17];
            assert_eq!(ServiceId::from_bytes(&fixed).is_ok(), kind <= 1, "{kind}");
            assert_eq!(ServiceId::from_binary(&fixed).is_ok(), kind == 1, "{kind}");
        }
    }

    #[test]
    fn s91_both_kinds_of_one_uuid_are_two_accounts() {
        let [aci, pni] = [ServiceIdKind::Aci, ServiceIdKind::Pni].map(|kind| ServiceId::new(kind, [9; 16]));
        let [of_aci, of_pni] = [aci, pni].map(|id| Address::new(id.to_string(), DeviceId::PRIMARY));
        assert_ne!(of_aci, of_pni);
        assert_eq!((of_aci.service_id(), of_pni.service_id()), (Some(aci), Some(pni)));
    }

    #[test]
    fn service_ids_in_capitals_are_the_same_account() {
        let [lower, upper] = [ACI.to_owned(), ACI.to_uppercase()].map(|name| Address::new(name, 1));
        assert_eq!(lower, upper);
        assert_eq!((upper.name().as_str(), &*upper.name().canonical()), (&*ACI.to_uppercase(), ACI));
        assert_eq!(AccountName::from(ACI.parse::<ServiceId>().unwrap()), *upper.name());
        assert_ne!(Address::new("bob", 1), Address::new("Bob", 1));
        assert_eq!(Address::new("any text. at all", DeviceId::PRIMARY).to_string(), "any text. at all.1");
    }

    #[test]
    fn addresses_field_needs_two_service_ids() {
        let device = DeviceId::new;
        let alice = Address::new("11111111-1111-1111-1111-111111111111", device(1));
        let bob = Address::new("PNI:22222222-2222-2222-2222-222222222222", device(3));
        let mut expected = [0x11; 36];
        expected[0] = 0;
        expected[17..19].copy_from_slice(&[1, 1]);
        expected[19..].fill(0x22);
        expected[35] = 3;
        assert_eq!(message_addresses(&alice, &bob), Some(expected));
        assert_eq!(message_addresses(&alice, &Address::new("bob", device(3))), None);
        assert_eq!(message_addresses(&Address::new("+1", device(3)), &bob), None);
        for outside in [0, 128, 257] {
            assert_eq!(message_addresses(&Address::new(ACI, outside), &bob), None, "{outside}");
        }
    }
}
