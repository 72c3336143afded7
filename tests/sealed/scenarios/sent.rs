// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the service makes of a message that was sent to many.

use subrosa::address::ServiceIdKind;
use subrosa::sealed::OpenError;
use subrosa::sealed::server::SentMessage;
use subrosa::{DeviceId, ServiceId};

use crate::scenarios::id;

const MALFORMED: OpenError = OpenError::Malformed;

/// What is at the end: E, and a ciphertext.
const SHARED: [u8; 40] = [0xEE; 40];

fn aci(byte: u8) -> ServiceId {
    ServiceId::new(ServiceIdKind::Aci, [byte; 16])
}

fn pni(byte: u8) -> ServiceId {
    ServiceId::new(ServiceIdKind::Pni, [byte; 16])
}

/// An entry with the given devices, and key material that is all `material`.
fn entry(id: ServiceId, devices: &[(u8, u16)], material: u8) -> Vec<u8> {
    let mut out = id.to_bytes().to_vec();
    for (at, (device, registration_id)) in devices.iter().enumerate() {
        let more = if at + 1 < devices.len() { 0x8000 } else { 0 };
        out.push(*device);
        out.extend((registration_id | more).to_be_bytes());
    }
    out.extend(if devices.is_empty() { vec![0] } else { vec![material; 48] });
    out
}

fn excluded(id: ServiceId) -> Vec<u8> {
    entry(id, &[], 0)
}

/// A message of these entries, in today's form.
fn sent(entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u8::try_from(entries.len()).unwrap();
    [&[0x23, count], &entries.concat()[..], &SHARED].concat()
}

/// A message of these entries, in the older form: without the kind bytes.
fn older(entries: &[Vec<u8>]) -> Vec<u8> {
    let without_kinds: Vec<u8> = entries.iter().flat_map(|entry| &entry[1..]).copied().collect();
    [&[0x22, u8::try_from(entries.len()).unwrap()], &without_kinds[..], &SHARED].concat()
}

/// The recipients: account, devices with registration ids, and the byte that its key material is of.
type Recipients = Vec<(ServiceId, Vec<(DeviceId, u16)>, u8)>;

fn recipients(message: &SentMessage<'_>) -> Recipients {
    message
        .recipients()
        .map(|to| {
            let [first, material, shared] = to.received().parts();
            assert_eq!((first, material.len(), shared), (&[0x22][..], 48, &SHARED[..]));
            (to.service_id(), to.devices().collect(), material[0])
        })
        .collect()
}

fn parse(bytes: &[u8]) -> Result<(Recipients, Vec<ServiceId>), OpenError> {
    SentMessage::parse(bytes).map(|message| (recipients(&message), message.excluded().collect()))
}

#[test]
fn older_form_merges_too() {
    let entries =
        [entry(aci(1), &[(1, 11)], 0xA1), entry(aci(2), &[(2, 22)], 0xA2), entry(aci(1), &[(3, 33)], 0xA3)];
    let expected = vec![(aci(1), vec![(id(1), 11), (id(3), 33)], 0xA1), (aci(2), vec![(id(2), 22)], 0xA2)];
    assert_eq!(parse(&older(&entries)), Ok((expected, vec![])));
}

#[test]
fn todays_form() {
    let entries = [
        entry(aci(1), &[(1, 0x3FFF), (2, 0), (127, 7)], 0xA1),
        entry(pni(1), &[(1, 0x1234)], 0xA2),
        excluded(pni(2)),
        excluded(aci(2)),
    ];
    let expected = vec![
        (aci(1), vec![(id(1), 0x3FFF), (id(2), 0), (id(127), 7)], 0xA1),
        (pni(1), vec![(id(1), 0x1234)], 0xA2),
    ];
    assert_eq!(parse(&sent(&entries)), Ok((expected, vec![pni(2), aci(2)])));
}

#[test]
fn repeated_recipients_and_devices() {
    let entries = [
        entry(aci(1), &[(1, 1), (2, 2)], 0xA1),
        entry(pni(1), &[(1, 9)], 0xB1),
        entry(aci(1), &[(2, 2)], 0xA2),
        entry(aci(1), &[(2, 5), (1, 1)], 0xA3),
    ];
    let devices = [(1, 1), (2, 2), (2, 2), (2, 5), (1, 1)].map(|(device, n)| (id(device), n)).to_vec();
    let expected = vec![(aci(1), devices, 0xA1), (pni(1), vec![(id(1), 9)], 0xB1)];
    assert_eq!(parse(&sent(&entries)), Ok((expected, vec![])));
}

#[test]
fn excluded_accounts_come_once() {
    let (to, not_to, other) = (entry(aci(1), &[(1, 1)], 0xA1), excluded(aci(1)), excluded(aci(2)));
    for entries in [
        vec![not_to.clone(), not_to.clone()],
        vec![to.clone(), not_to.clone()],
        vec![not_to.clone(), to.clone()],
        vec![not_to.clone(), other.clone(), to.clone()],
        vec![to.clone(), other, to.clone(), not_to],
    ] {
        assert_eq!(parse(&sent(&entries)), Err(OpenError::RedundantlyExcluded(aci(1))));
    }
    assert!(parse(&sent(&[to, excluded(pni(1))])).is_ok(), "another kind, another account");
}

#[test]
fn device_0_inside_a_list() {
    let entry = entry(aci(1), &[(1, 1), (2, 2)], 0xA1);
    assert!(parse(&sent(std::slice::from_ref(&entry))).is_ok());
    let mut second = entry.clone();
    second[17 + 3] = 0;
    assert_eq!(parse(&sent(&[second])), Err(MALFORMED));
    // As the first it ends the entry, and what follows is another one.
    let mut first = entry;
    first[17] = 0;
    assert!(matches!(parse(&sent(&[first])), Ok((recipients, _)) if recipients.is_empty()));
}

#[test]
fn the_first_byte() {
    let entries = [entry(aci(1), &[(1, 1)], 0xA1)];
    for first in (0..=u8::MAX).filter(|first| !matches!(first, 0x22 | 0x23)) {
        let mut bytes = sent(&entries);
        bytes[0] = first;
        assert_eq!(parse(&bytes), Err(OpenError::UnknownVersion(first)));
    }
    assert_eq!(parse(&[]), Err(OpenError::Empty));
}

#[test]
fn twenty_five_thousand_of_each() {
    let id = |n: u32| ServiceId::new(ServiceIdKind::Aci, u128::from(n).to_be_bytes());
    let count = [0xA8, 0xC3, 0x01];
    let mut many = [&[0x23][..], &count].concat();
    let mut none = many.clone();
    for n in 0..25_000 {
        many.extend(entry(id(n), &[(1, 1)], 0xA1));
        none.extend(excluded(id(n)));
    }
    many.extend(SHARED);
    none.extend(SHARED);
    let message = SentMessage::parse(&many).unwrap();
    assert!(message.recipients().map(|to| to.service_id()).eq((0..25_000).map(id)));
    let message = SentMessage::parse(&none).unwrap();
    assert!(message.excluded().eq((0..25_000).map(id)));
    assert_eq!(message.recipients().count(), 0);
}

#[test]
fn bad_counts_are_refused() {
    let entry = entry(aci(1), &[(1, 1)], 0xA1);
    let with_count = |count: &[u8]| parse(&[&[0x23], count, &entry, &SHARED].concat());
    assert!(with_count(&[1]).is_ok());
    for count in [
        &[2][..],                        // more than there are
        &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F], // 2^32 - 1
        &[0x80, 0x80, 0x80, 0x80, 0x10], // 2^32
        &[0x81, 0x80, 0x80, 0x80, 0x10], // 2^32 + 1, which is 1 if cut short
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], // 2^64 - 1
        &[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], // ten bytes
        &[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
        &[0x81, 0], // longer than need be
        &[0x80, 0],
    ] {
        assert_eq!(with_count(count), Err(MALFORMED), "{count:02x?}");
    }
    for cut_short in [&[0x23][..], &[0x23, 0x80], &[0x23, 0xFF, 0xFF, 0xFF, 0xFF]] {
        assert_eq!(parse(cut_short), Err(MALFORMED), "{cut_short:02x?}");
    }
}

#[test]
fn bad_lengths_are_refused() {
    let entry = entry(aci(1), &[(1, 1)], 0xA1);
    let whole = [&[0x23, 1], &entry[..], &[0xEE; 32]].concat();
    let message = SentMessage::parse(&whole).unwrap();
    assert_eq!(message.recipients().next().unwrap().received().total_len(), 1 + 48 + 32);
    for len in 1..whole.len() {
        assert_eq!(SentMessage::parse(&whole[..len]).map(drop), Err(MALFORMED), "{len} bytes");
    }
    let nobody = [&[0x23, 0][..], &[0xEE; 32]].concat();
    assert_eq!(SentMessage::parse(&nobody).unwrap().shared_range(), 2..34);
    assert_eq!(SentMessage::parse(&nobody[..33]).map(drop), Err(MALFORMED));
}

#[test]
fn devices_kinds_and_registration_ids() {
    let with_device = |device| parse(&sent(&[entry(aci(1), &[(device, 1)], 0xA1)])).map(drop);
    for device in 1..=127 {
        assert_eq!(with_device(device), Ok(()));
    }
    for device in 128..=255 {
        assert_eq!(with_device(device), Err(MALFORMED));
    }
    for kind in 2..=255 {
        let mut entry = entry(aci(1), &[(1, 1)], 0xA1);
        entry[0] = kind;
        assert_eq!(parse(&sent(&[entry])).map(drop), Err(MALFORMED));
    }
    // The bit between the one for more devices and the number.
    let expected = vec![(aci(1), vec![(id(1), 0x1234), (id(2), 0)], 0xA1)];
    let ignored = entry(aci(1), &[(1, 0x5234), (2, 0x4000)], 0xA1);
    assert_eq!(parse(&sent(&[ignored])), Ok((expected, vec![])));
}

#[test]
fn slices_of_the_upload_form_the_received_message() {
    let entries = [
        entry(aci(1), &[(1, 1), (2, 2)], 0xA1),
        excluded(aci(9)),
        entry(pni(1), &[(1, 1)], 0xA2),
        entry(aci(1), &[(3, 3)], 0xA3),
    ];
    let bytes = sent(&entries);
    let message = SentMessage::parse(&bytes).unwrap();
    assert_eq!(bytes[message.shared_range()], SHARED);
    for recipient in message.recipients() {
        let material = &bytes[recipient.key_material_range()];
        let rebuilt = [&[0x22], material, &bytes[message.shared_range()]].concat();
        assert_eq!(recipient.received().to_vec(), rebuilt);
        assert_eq!(recipient.received().total_len(), rebuilt.len());
        // Where it was sent, not a copy.
        let [_, of_received, _] = recipient.received().parts();
        assert_eq!(of_received.as_ptr(), material.as_ptr());
    }
    assert_eq!(message.recipients().count(), 2);
}
