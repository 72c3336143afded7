// SPDX-License-Identifier: MIT OR Apache-2.0

//! A session's record and the deltas after it, each behind its length (2, little endian). What reads is a session whose
//! own deltas read, too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{Address, DeviceId, Session, SignalMessage, Stored, Timestamp, Trust};

fuzz_target!(|bytes: &[u8]| {
    let parts = split(bytes);
    let Some((record, deltas)) = parts.split_first() else { return };
    let Ok(mut session) = read(record, deltas) else { return };
    let record = session.record();
    assert_eq!(read(record.as_bytes(), &[]).unwrap().record().as_bytes(), record.as_bytes());

    let mut rng = ChaCha20Rng::seed_from_u64(0);
    if let Ok(staged) = session.encrypt(b"text", Trust::Anyone, Timestamp::from_millis(0), &mut rng) {
        let stored = staged.stored();
        let message = staged.commit().into_bytes();
        check(&session, record.as_bytes(), &stored);
        let before = session.record();
        let Ok(message) = SignalMessage::parse(&message) else { return };
        if let Ok(staged) = session.decrypt(&message, Trust::Anyone, &mut rng) {
            let stored = staged.stored();
            drop(staged.commit());
            check(&session, before.as_bytes(), &stored);
        }
    }
});

fn check(session: &Session, before: &[u8], stored: &Stored) {
    let read = match stored {
        Stored::Delta(delta) => read(before, &[delta.as_bytes()]),
        Stored::Whole(record) => read(record.as_bytes(), &[]),
    };
    assert_eq!(read.unwrap().record().as_bytes(), session.record().as_bytes());
}

fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk() {
        let (part, rest) = rest.split_at(usize::from(u16::from_le_bytes(*len)).min(rest.len()));
        parts.push(part);
        bytes = rest;
    }
    parts
}

fn read(record: &[u8], deltas: &[&[u8]]) -> Result<Session, subrosa::RecordError> {
    let [local, remote] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    Session::from_record_and_deltas(record, deltas, local, remote)
}
