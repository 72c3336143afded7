// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stored repair logs: `docs/records.md`, kind 11.

use std::collections::BTreeMap;
use std::time::Duration;

use hex_literal::hex;
use subrosa::repair::{Advice, DecryptionErrorMessage, Failure, Rate, RepairLog, RepairPolicy};
use subrosa::sealed::ContentHint;
use subrosa::store::RecordKind;
use subrosa::{DeviceId, MessageKind, Record, RecordError, Timestamp};

use super::hostile::{new_log, peer};
use crate::device::{Device, START};

/// A log of three requests, two answers and a reset.
fn log() -> RepairLog {
    let [mut alice, bob] = Device::acquainted(1);
    let mut session = alice.session(&bob.address).unwrap();
    let mut log = new_log();
    let policy = RepairPolicy { resend_each: 255, ..RepairPolicy::default() };
    let (millis, kind, device) = (START.as_millis(), MessageKind::SenderKey, DeviceId::PRIMARY);
    for later in [1, 2, 3] {
        let (sent, now) =
            (Timestamp::from_millis(millis + later), Timestamp::from_millis(millis + 10 * later));
        let advice = Advice::about(Failure::Undecryptable, ContentHint::Default, kind, b"", sent, device);
        log.ask(advice.ask.unwrap(), &policy, now).unwrap().commit();
    }
    let failed = alice.send(&bob.address, b"");
    for letter in [(b"".as_slice(), kind), (&failed.bytes, failed.kind)] {
        let request = DecryptionErrorMessage::for_original(letter.0, letter.1, START, device).unwrap();
        assert_eq!(log.answer(&mut session, &request, &policy, START).unwrap().commit().timestamp, START);
    }
    log
}

/// Logs of each format ever released are read for ever. The bytes of version 1 were worked out by hand from
/// `docs/records.md`.
const VERSION_1: &str = include_str!("../../vectors/records/repair-v1.json");

fn version_1() -> Vec<u8> {
    let texts: BTreeMap<String, String> = serde_json::from_str(VERSION_1).unwrap();
    hex::decode(&texts["repair_log"]).unwrap()
}

#[test]
fn version_1_reads_and_is_written() {
    let (log, bytes) = (log(), version_1());
    assert_eq!(
        (log.record().kind(), Record::kind_of(&bytes)),
        (RecordKind::RepairLog, Ok(RecordKind::RepairLog))
    );
    // Version 2 has the mark of the address after the generation.
    let newer =
        [&[b's', b'r', 11, 2], &bytes[4..12], &log.record().as_bytes()[12..20], &bytes[12..]].concat();
    assert_eq!(log.record().as_bytes(), newer);
    let read = RepairLog::from_record(&bytes, peer()).unwrap();
    assert_eq!(read.record().as_bytes(), newer);
    assert_eq!(RepairLog::from_record(&newer, peer()).unwrap().record().as_bytes(), newer);
    let elsewhere = RepairLog::from_record(&newer, subrosa::Address::new("alice", DeviceId::PRIMARY));
    assert_eq!(elsewhere.unwrap_err(), RecordError::OtherOwner);
    assert_eq!(read.generation(), 5);
    assert_eq!(
        format!("{read:?}"),
        format!("RepairLog({}, 3 asked, 2 answered, 1 reset, generation 5)", peer())
    );
    let empty = new_log().record();
    assert_eq!(&empty.as_bytes()[..12], hex!("73720b02 0000000000000000"));
    assert_eq!(&empty.as_bytes()[20..], [0, 0, 0]);
}

/// What was read counts as what was noted.
#[test]
fn a_log_that_was_read_refuses_what_the_first_one_would() {
    let mut log = RepairLog::from_record(&version_1(), peer()).unwrap();
    let policy =
        RepairPolicy { ask: Rate { max: 3, per: Duration::from_secs(1) }, ..RepairPolicy::default() };
    let (kind, device) = (MessageKind::SenderKey, DeviceId::PRIMARY);
    let advice = Advice::about(Failure::Undecryptable, ContentHint::Default, kind, b"", START, device);
    let request = advice.ask.unwrap();
    let now = Timestamp::from_millis(START.as_millis() + 1_009);
    assert!(log.ask(request.clone(), &policy, now).is_err());
    log.ask(request, &policy, Timestamp::from_millis(now.as_millis() + 1)).unwrap().commit();
    assert_eq!(log.generation(), 6);
}

#[test]
fn damaged_logs_are_refused() {
    let bytes = version_1();
    for len in 0..bytes.len() {
        let error = RepairLog::from_record(&bytes[..len], peer()).unwrap_err();
        let expected = if len < 4 { RecordError::NotARecord } else { RecordError::Damaged };
        assert_eq!(error, expected, "{len} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(RepairLog::from_record(&longer, peer()).unwrap_err(), RecordError::Damaged);
    let with = |at: usize, byte: u8| {
        let mut bytes = version_1();
        bytes[at] = byte;
        RepairLog::from_record(&bytes, peer()).map(drop)
    };
    assert_eq!(with(0, b'S'), Err(RecordError::NotARecord));
    assert_eq!(with(2, 10), Err(RecordError::WrongKind));
    assert_eq!(with(3, 2), Err(RecordError::OtherOwner));
    assert_eq!(with(3, 3), Err(RecordError::NewerVersion(3)));
    assert_eq!(with(3, 0), Err(RecordError::Damaged));
    assert_eq!(with(12, 4), Err(RecordError::Damaged), "another count");
}

#[test]
fn at_most_64_events_are_read() {
    let with = |count: u8| {
        let mut bytes = hex!("73720b01 0000000000000000").to_vec();
        bytes.push(count);
        bytes.extend(vec![0; 16 * usize::from(count)]);
        bytes.extend([0, 0]);
        bytes
    };
    let read = RepairLog::from_record(&with(64), peer()).unwrap();
    assert_eq!(read.record().as_bytes()[20..], with(64)[12..]);
    assert_eq!(RepairLog::from_record(&with(65), peer()).unwrap_err(), RecordError::Damaged);
}
