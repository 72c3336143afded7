// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service's parser beside a simple one of the specification's words: both refuse, or both find the same.
//! What it accepts it can put together again; and it needs memory by what there is, not by what is claimed.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::Index;
use subrosa::ServiceId;
use subrosa::sealed::server::SentMessage;

use crate::cases::config;
use crate::counting::peak_of;
use crate::properties::service_id;

/// An account, its devices with their registration ids, and where its key material is: nowhere if it is
/// excluded.
type Found = (ServiceId, Vec<(u8, u16)>, Option<Range<usize>>);

/// What a message has: its accounts, how many entries there are for them, and where what is shared begins.
#[derive(Debug, PartialEq)]
struct Model {
    found: Vec<Found>,
    entries: usize,
    shared: usize,
}

/// Bytes and a place in them.
struct Cursor<'a>(&'a [u8], usize);

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.0.get(self.1..)?.first_chunk()?;
        self.1 += N;
        Some(taken)
    }
}

impl Model {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes, 0);
        let [version] = cursor.take()?;
        if !matches!(version, 0x22 | 0x23) {
            return None;
        }
        let count = read_count(&mut cursor)?;
        let mut found: Vec<Found> = Vec::new();
        for _ in 0..count {
            let pni = match version {
                0x22 => false,
                _ => match cursor.take()? {
                    [0] => false,
                    [1] => true,
                    _ => return None,
                },
            };
            let id = service_id(pni, cursor.take()?);
            let devices = read_devices(&mut cursor)?;
            let material = cursor.1..cursor.1 + 48;
            let material =
                if devices.is_empty() { None } else { cursor.take::<48>().map(|_| Some(material))? };
            match found.iter_mut().find(|(known, ..)| *known == id) {
                None => found.push((id, devices, material)),
                Some((_, known, _)) if known.is_empty() || devices.is_empty() => return None,
                Some((_, known, _)) => known.extend(devices),
            }
        }
        let shared = cursor.1;
        cursor.take::<32>()?;
        Some(Self { found, entries: usize::try_from(count).unwrap(), shared })
    }

    /// The same of what the crate found. How many entries there were it does not tell.
    fn of(message: &SentMessage<'_>, entries: usize) -> Self {
        let recipients = message.recipients().map(|to| {
            let devices =
                to.devices().map(|(device, id)| (u8::try_from(device.get()).unwrap(), id)).collect();
            (to.service_id(), devices, Some(to.key_material_range()))
        });
        let excluded = message.excluded().map(|id| (id, vec![], None));
        let found = recipients.chain(excluded).collect();
        Self { found, entries, shared: message.shared_range().start }
    }

    /// The recipients, then the excluded.
    fn sorted(mut self) -> Self {
        self.found.sort_by_key(|(_, devices, _)| devices.is_empty());
        self
    }
}

/// A varint, which no writer makes longer than need be.
fn read_count(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut value = 0;
    for place in 0..10 {
        let [byte] = cursor.take()?;
        value |= u128::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            let longer = byte == 0 && place > 0;
            return u32::try_from(value).ok().filter(|_| !longer);
        }
    }
    None
}

fn read_devices(cursor: &mut Cursor<'_>) -> Option<Vec<(u8, u16)>> {
    let mut devices = Vec::new();
    loop {
        let [device] = cursor.take()?;
        if device == 0 {
            return devices.is_empty().then_some(devices);
        }
        if device > 127 {
            return None;
        }
        let number = u16::from_be_bytes(cursor.take()?);
        devices.push((device, number & 0x3FFF));
        if number < 0x8000 {
            return Some(devices);
        }
    }
}

/// Writes a message that has one entry for each account again, by the places of the key material and the
/// number of excluded accounts between them. Clears, in `bytes` too, the bit of registration ids that is
/// ignored.
fn written_again(bytes: &mut [u8], entries: usize) -> Vec<u8> {
    let original = bytes.to_vec();
    let message = SentMessage::parse(&original).unwrap();
    let id_len = if original[0] == 0x22 { 16 } else { 17 };
    let id = |id: ServiceId| id.to_bytes()[17 - id_len..].to_vec();
    let mut out = vec![original[0]];
    let mut count = entries;
    while count >= 0x80 {
        out.push(u8::try_from(count & 0x7F).unwrap() | 0x80);
        count >>= 7;
    }
    out.push(u8::try_from(count).unwrap());
    let mut excluded = message.excluded();
    let mut exclude = |out: &mut Vec<u8>, end: usize| {
        while out.len() < end {
            out.extend(id(excluded.next().unwrap()));
            out.push(0);
        }
    };
    for recipient in message.recipients() {
        let devices: Vec<_> = recipient.devices().collect();
        let material = recipient.key_material_range();
        exclude(&mut out, material.start - devices.len() * 3 - id_len);
        out.extend(id(recipient.service_id()));
        for (at, (device, number)) in devices.iter().enumerate() {
            let more = if at + 1 < devices.len() { 0x8000 } else { 0 };
            out.push(u8::try_from(device.get()).unwrap());
            bytes[out.len()] &= !0x40;
            out.extend((number | more).to_be_bytes());
        }
        out.extend(&original[material]);
    }
    exclude(&mut out, message.shared_range().start);
    out.extend(&original[message.shared_range()]);
    out
}

/// Compares both parsers; gives whether they accepted.
fn same(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let (parsed, peak) = peak_of(|| SentMessage::parse(bytes));
    prop_assert!(peak <= 10 * bytes.len() + 1024, "{peak} bytes for {}", bytes.len());
    let expected = Model::read(bytes);
    let Some(model) = expected else {
        prop_assert!(parsed.is_err(), "{parsed:?}");
        return Ok(false);
    };
    let (entries, once) = (model.entries, model.entries == model.found.len());
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Err(TestCaseError::fail(format!("{error:?}"))),
    };
    prop_assert_eq!(Model::of(&parsed, entries), model.sorted());
    if once {
        let mut bytes = bytes.to_vec();
        let written = written_again(&mut bytes, entries);
        prop_assert_eq!(written, bytes);
    }
    Ok(true)
}

/// An entry of an account out of a few.
fn entry() -> impl Strategy<Value = Vec<u8>> {
    let device = (prop_oneof![20 => 1..=127u8, 1 => Just(0), 1 => 128..=255u8], any::<u16>());
    let devices = proptest::collection::vec(device, 0..5);
    let wrong = proptest::bool::weighted(0.05);
    let kind = prop_oneof![10 => Just(0), 10 => Just(1), 1 => any::<u8>()];
    let account = (kind, prop_oneof![3 => any::<u8>(), 1 => 0..3u8]);
    (account, devices, wrong, any::<u8>()).prop_map(|((kind, account), devices, wrong, material)| {
        let mut out = vec![kind];
        out.extend([account; 16]);
        let count = devices.len();
        for (at, (device, number)) in devices.into_iter().enumerate() {
            out.push(device);
            let more = (at + 1 < count) != wrong;
            out.extend((number & 0x7FFF | u16::from(more) << 15).to_be_bytes());
        }
        out.extend(if count == 0 { vec![0] } else { vec![material; 48] });
        out
    })
}

/// Messages with few faults.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let version = prop_oneof![10 => Just(0x23), 6 => Just(0x22), 1 => any::<u8>()];
    let shared = prop_oneof![8 => 32..60usize, 1 => 0..32usize];
    let surplus = prop_oneof![8 => Just(0), 1 => -1..=1isize];
    (version, proptest::collection::vec(entry(), 0..8), surplus, shared).prop_map(
        |(version, entries, surplus, shared)| {
            let count =
                u8::try_from(entries.len()).unwrap().saturating_add_signed(surplus.try_into().unwrap());
            let mut out = vec![version, count];
            for entry in entries {
                out.extend(if version == 0x22 { &entry[1..] } else { &entry });
            }
            out.extend(vec![0xEE; shared]);
            out
        },
    )
}

/// The same with bytes changed, put in, taken out, or cut off.
fn changed() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<u8>(), 0..4u8);
    (message(), proptest::collection::vec(change, 1..4)).prop_map(|(mut bytes, changes)| {
        for (at, byte, form) in changes {
            let at = at.index(bytes.len() + 1);
            match form {
                0 => bytes.insert(at, byte),
                1 => bytes.truncate(at),
                _ if at == bytes.len() => {}
                2 => drop(bytes.remove(at)),
                _ => bytes[at] ^= byte,
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn messages(bytes in message()) {
        same(&bytes)?;
    }

    #[test]
    fn changed_messages(bytes in changed()) {
        same(&bytes)?;
    }

    #[test]
    fn noise(mut bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..4u8], 0..120), older: bool) {
        same(&bytes)?;
        if let [version, count, ..] = &mut bytes[..] {
            (*version, *count) = (0x23 - u8::from(older), *count % 4);
        }
        same(&bytes)?;
    }

    #[test]
    fn counts(count in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(0xFF), 0..3u8], 0..12)) {
        same(&[&[0x23], &count[..], &[0; 120]].concat())?;
    }
}

/// Not by the claimed number of entries, nor by that of devices.
#[test]
fn memory_is_linear_in_the_input() {
    for count in [100_u32, 1_000, 20_000] {
        let header = [&[0x22][..], &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]].concat();
        let excluded = (0..count).flat_map(|n| [&u128::from(n).to_be_bytes()[..], &[0]].concat());
        let bytes: Vec<u8> = header.into_iter().chain(excluded).collect();
        let (parsed, peak) = peak_of(|| SentMessage::parse(&bytes).map(drop));
        assert!(parsed.is_err() && peak <= 10 * bytes.len(), "{peak} bytes for {}", bytes.len());
    }
    // One account with a million devices.
    let devices = [1, 0x80, 7].repeat(1_000_000);
    let bytes = [&[0x23, 1, 0][..], &[7; 16], &devices, &[1, 0, 7], &[0; 80]].concat();
    let (parsed, peak) = peak_of(|| SentMessage::parse(&bytes));
    assert_eq!(parsed.unwrap().recipients().next().unwrap().devices().count(), 1_000_001);
    assert!(peak < 1024, "{peak} bytes");
}

#[test]
fn comparison_accepts_and_refuses() {
    let entry = [&[0][..], &[1; 16], &[1, 0, 1], &[9; 48]].concat();
    assert!(same(&[&[0x23, 1], &entry[..], &[0; 32]].concat()).unwrap());
    assert!(!same(&[&[0x23, 2], &entry[..], &[0; 32]].concat()).unwrap());
    assert!(same(&[&[0x23, 2], &entry[..], &entry, &[0; 32]].concat()).unwrap());
}
