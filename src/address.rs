// SPDX-License-Identifier: MIT OR Apache-2.0

//! Service ids, device ids and protocol addresses.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::identity::IdentityKey;
use crate::wire::uuid;

/// The text or the bytes are not a service id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a service id")]
pub struct NotAServiceId;

/// Which kind of account name a service id is.
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
/// use subrosa::{ServiceId, ServiceIdKind};
/// let id: ServiceId = "PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f".parse()?;
/// assert_eq!(id.kind(), ServiceIdKind::Pni);
/// # Ok::<(), subrosa::NotAServiceId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId {
    kind: ServiceIdKind,
    uuid: [u8; 16],
}

impl ServiceId {
    /// Length of the fixed-width binary form in bytes.
    pub const FIXED_LEN: usize = 17;

    /// A service id of its parts; the UUID in network order. Version and variant bits are not checked.
    #[must_use]
    pub const fn new(kind: ServiceIdKind, uuid: [u8; 16]) -> Self {
        Self { kind, uuid }
    }

    /// Which kind.
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
    pub fn to_fixed(&self) -> [u8; Self::FIXED_LEN] {
        let mut out = [self.kind as u8; Self::FIXED_LEN];
        out[1..].copy_from_slice(&self.uuid);
        out
    }

    /// Reads the fixed-width binary form.
    ///
    /// # Errors
    /// [`NotAServiceId`] for another length or kind byte.
    pub fn from_fixed(bytes: &[u8]) -> Result<Self, NotAServiceId> {
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
                Self::from_fixed(bytes).ok().filter(|id| id.kind == ServiceIdKind::Pni).ok_or(NotAServiceId)
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

/// A device id outside 1 to 127. Carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid device id {0}")]
pub struct InvalidDeviceId(pub u32);

/// The number of a device within its account, 1 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u8);

impl DeviceId {
    /// The device that registered the account.
    pub const PRIMARY: Self = Self(1);

    /// A device id.
    ///
    /// # Errors
    /// [`InvalidDeviceId`] unless `id` is 1 to 127.
    pub const fn new(id: u32) -> Result<Self, InvalidDeviceId> {
        match id {
            #[expect(clippy::cast_possible_truncation, reason = "at most 127")]
            1..=127 => Ok(Self(id as u8)),
            _ => Err(InvalidDeviceId(id)),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Where a device is reached: a name, normally the text of a [`ServiceId`], and a device id.
///
/// Compared by exact name and device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    name: String,
    device: DeviceId,
}

impl Address {
    /// An address. The name may be any text.
    #[must_use]
    pub fn new(name: impl Into<String>, device: DeviceId) -> Self {
        Self { name: name.into(), device }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The service id that the name spells, if it is one.
    #[must_use]
    pub fn service_id(&self) -> Option<ServiceId> {
        self.name.parse().ok()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, device } = self;
        write!(f, "{name}.{device}")
    }
}

/// The `addresses` field of a message: sender and recipient in binary, each a fixed-width service id
/// and the device id; 36 bytes. None unless both names are service ids.
pub(crate) fn message_addresses(sender: &Address, recipient: &Address) -> Option<[u8; 36]> {
    let mut out = [0; 36];
    let (left, right) = out.split_at_mut(18);
    for (part, address) in [(left, sender), (right, recipient)] {
        let (device, id) = part.split_last_mut()?;
        id.copy_from_slice(&address.service_id()?.to_fixed());
        *device = address.device.get();
    }
    Some(out)
}

/// Whether two parties are devices of one account: equal identity keys, and names that are the same
/// service id. Devices are not compared; names that are no service ids never make one account.
pub(crate) fn same_account(ours: (&IdentityKey, &Address), theirs: (&IdentityKey, &Address)) -> bool {
    ours.0 == theirs.0 && ours.1.service_id().is_some_and(|id| theirs.1.service_id() == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const ACI: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";

    #[test]
    fn a15_service_ids_round_trip() {
        for text in [ACI, "PNI:796abedb-ca4e-4f18-8803-1fde5b921f9f", "00000000-0000-0000-0000-000000000001"]
        {
            let id: ServiceId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(ServiceId::from_fixed(&id.to_fixed()), Ok(id));
            let binary =
                if id.kind() == ServiceIdKind::Aci { id.uuid().to_vec() } else { id.to_fixed().to_vec() };
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
        assert_eq!(ServiceId::from_binary(&aci.to_fixed()), Err(NotAServiceId));
        for bytes in [&[2; 17][..], &[0; 16], &[0; 18], &[]] {
            assert_eq!(ServiceId::from_fixed(bytes), Err(NotAServiceId));
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
        assert!(ids.is_sorted_by_key(ServiceId::to_fixed));
    }

    /// Scenarios 87 to 91 of the parts around sessions, where they say more. The log form (90) is the text.
    #[test]
    fn s88_capital_letters_and_the_least_ids() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "PNI:00000000-0000-0000-0000-000000000000",
            "PNI:796ABEDB-CA4E-4F18-8803-1FDE5B921F9F",
        ] {
            let id: ServiceId = text.parse().unwrap();
            assert!(id.to_string().eq_ignore_ascii_case(text));
            assert_eq!(ServiceId::from_fixed(&id.to_fixed()), Ok(id));
        }
    }

    #[test]
    fn s89_kind_bytes() {
        for kind in u8::MIN..=u8::MAX {
            let fixed = [kind; 17];
            assert_eq!(ServiceId::from_fixed(&fixed).is_ok(), kind <= 1, "{kind}");
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
    fn a16_device_ids() {
        for id in [0, 128, 256 + 1, u32::MAX] {
            assert_eq!(DeviceId::new(id), Err(InvalidDeviceId(id)));
        }
        assert_eq!([1, 127].map(|id| DeviceId::new(id).unwrap().get()), [1, 127]);
        assert_eq!(Address::new("any text. at all", DeviceId::PRIMARY).to_string(), "any text. at all.1");
    }

    #[test]
    fn addresses_field_needs_two_service_ids() {
        let device = |id| DeviceId::new(id).unwrap();
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
    }

    #[test]
    fn one_account_has_one_key_and_one_service_id() {
        use crate::crypto::curve::PublicKey;

        let [ours, other] = [1, 2].map(|byte| IdentityKey::new(PublicKey::from_bytes([byte; 32])));
        let device = |name: &str, id| Address::new(name, DeviceId::new(id).unwrap());
        let (first, second) = (device(ACI, 1), device(ACI, 2));
        assert!(same_account((&ours, &first), (&ours, &second)));
        assert!(same_account((&ours, &first), (&ours, &device(&ACI.to_uppercase(), 3))));
        assert!(!same_account((&ours, &first), (&other, &second)), "another key");
        let pni = device(&alloc::format!("PNI:{ACI}"), 1);
        assert!(!same_account((&ours, &first), (&ours, &pni)), "another service id");
        let name = device("bob", 1);
        assert!(!same_account((&ours, &name), (&ours, &name)), "no service id");
    }
}
