// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service's side of version 2, compared with a simple reading of the format.

#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use subrosa::address::ServiceIdKind;
use subrosa::sealed::OpenError;
use subrosa::sealed::server::SentMessage;
use subrosa::{DeviceId, ServiceId};

fuzz_target!(|bytes: &[u8]| {
    let expected = Expected::read(bytes);
    let sent = match SentMessage::parse(bytes) {
        Ok(sent) => sent,
        Err(error) => {
            match error {
                OpenError::Empty => assert!(bytes.is_empty()),
                OpenError::UnknownVersion(version) => {
                    assert!(bytes.first() == Some(&version) && !matches!(version, 0x22 | 0x23));
                }
                _ => {}
            }
            assert!(expected.is_none(), "{error}");
            return;
        }
    };
    let expected = expected.unwrap();
    assert_eq!(sent.shared_range(), expected.shared..bytes.len());
    let recipients: Vec<_> = expected.accounts.iter().filter(|account| !account.devices.is_empty()).collect();
    assert_eq!(sent.recipients().count(), recipients.len());
    for (recipient, account) in sent.recipients().zip(recipients) {
        assert_eq!(recipient.service_id(), account.id);
        assert!(recipient.devices().eq(account.devices.iter().copied()));
        assert_eq!(recipient.key_material_range(), account.key_material);
        let received = recipient.received();
        let [first, own, shared] = received.parts();
        assert_eq!((first, own), (&[0x22][..], &bytes[account.key_material.clone()]));
        assert_eq!(shared, &bytes[expected.shared..]);
        // In place, not copied.
        assert_eq!(own.as_ptr(), bytes[account.key_material.start..].as_ptr());
        assert_eq!(received.to_vec().len(), received.total_len());
    }
    let excluded = expected.accounts.iter().filter(|account| account.devices.is_empty());
    assert!(sent.excluded().eq(excluded.map(|account| account.id)));
});

/// A message as it should be read.
struct Expected {
    accounts: Vec<Account>,
    shared: usize,
}

struct Account {
    id: ServiceId,
    devices: Vec<(DeviceId, u16)>,
    key_material: Range<usize>,
}

impl Expected {
    /// Reads a message. None if it is malformed.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut at = 0;
        let version = take(bytes, &mut at, 1)?[0];
        if version != 0x22 && version != 0x23 {
            return None;
        }
        let mut count = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = take(bytes, &mut at, 1)?[0];
            count |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte < 0x80 {
                // One that could be shorter is refused.
                if byte == 0 && shift > 0 || count > u32::MAX.into() || shift > 28 {
                    return None;
                }
                break;
            }
            if shift > 28 {
                return None;
            }
        }
        let mut accounts: Vec<Account> = Vec::new();
        for _ in 0..count {
            let entry = Account::read(bytes, &mut at, version)?;
            match accounts.iter_mut().find(|account| account.id == entry.id) {
                Some(earlier) if earlier.devices.is_empty() || entry.devices.is_empty() => return None,
                Some(earlier) => earlier.devices.extend(entry.devices),
                None => accounts.push(entry),
            }
        }
        (bytes.len() - at >= 32).then_some(Self { accounts, shared: at })
    }
}

impl Account {
    fn read(bytes: &[u8], at: &mut usize, version: u8) -> Option<Self> {
        let kind = if version == 0x22 { 0 } else { take(bytes, at, 1)?[0] };
        let kind = match kind {
            0 => ServiceIdKind::Aci,
            1 => ServiceIdKind::Pni,
            _ => return None,
        };
        let id = ServiceId::new(kind, take(bytes, at, 16)?.try_into().ok()?);
        let mut devices = Vec::new();
        loop {
            let device = take(bytes, at, 1)?[0];
            if device == 0 && devices.is_empty() {
                return Some(Self { id, devices, key_material: 0..0 });
            }
            if device == 0 || device > 127 {
                return None;
            }
            let number = take(bytes, at, 2)?;
            let number = u16::from(number[0]) << 8 | u16::from(number[1]);
            devices.push((DeviceId::new(device.into()), number % 0x4000));
            if number < 0x8000 {
                break;
            }
        }
        let start = *at;
        take(bytes, at, 48)?;
        Some(Self { id, devices, key_material: start..start + 48 })
    }
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, len: usize) -> Option<&'a [u8]> {
    let taken = bytes.get(*at..*at + len)?;
    *at += len;
    Some(taken)
}
