// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: the numbers of devices and prekeys.

use core::fmt;

/// The number of a device within its account: any `u32`.
///
/// Signal's own formats have room for 1 to 127: the addresses inside of version-4 messages, sender certificates, and
/// envelopes for many recipients. Each checks that where it matters. Other deployments number the phone 0, or draw 31
/// bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u32);

impl DeviceId {
    /// 1, the device that registered the account at Signal.
    pub const PRIMARY: Self = Self(1);

    /// A device id.
    #[must_use]
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number in one byte, if it is 1 to 127: Signal's own range.
    #[must_use]
    pub(crate) fn to_signal(self) -> Option<u8> {
        u8::try_from(self.0).ok().filter(|id| (1..=127).contains(id))
    }
}

impl From<u32> for DeviceId {
    fn from(id: u32) -> Self {
        Self(id)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The id of a one-time prekey. Any `u32`, also 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OneTimePreKeyId(pub u32);

/// The id of a signed prekey. Any `u32`, also 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedPreKeyId(pub u32);

/// The id of a KEM prekey, one-time or last-resort: on the wire they share one id space. Any `u32`, also 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KemPreKeyId(pub u32);

/// Length of an account's name in the rose profile: a service id in its fixed form.
#[cfg(feature = "rose")]
pub const ACCOUNT_LEN: usize = 17;

/// A device of the rose profile: the account's service id in its fixed form, 17 bytes, and the device's number, 1 to 127.
#[cfg(feature = "rose")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceName([u8; ACCOUNT_LEN + 1]);

#[cfg(feature = "rose")]
impl DeviceName {
    /// The name of an account's device.
    #[must_use]
    pub fn new(account: [u8; ACCOUNT_LEN], device: u8) -> Self {
        let mut out = [device; ACCOUNT_LEN + 1];
        out[..ACCOUNT_LEN].copy_from_slice(&account);
        Self(out)
    }

    /// The name with these bytes: account, then device.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; ACCOUNT_LEN + 1]) -> Self {
        Self(bytes)
    }

    /// Account and device, 18 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ACCOUNT_LEN + 1] {
        &self.0
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> [u8; ACCOUNT_LEN] {
        let [account @ .., _] = self.0;
        account
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> u8 {
        let [.., device] = self.0;
        device
    }
}

#[cfg(feature = "rose")]
impl fmt::Debug for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_ids_are_any_and_signals_are_1_to_127() {
        for id in [0, 128, 256 + 1, u32::MAX] {
            assert_eq!((DeviceId::new(id).get(), DeviceId::new(id).to_signal()), (id, None));
        }
        assert_eq!([1, 127].map(|id| DeviceId::new(id).to_signal()), [Some(1), Some(127)]);
    }
}
