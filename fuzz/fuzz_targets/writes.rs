// SPDX-License-Identifier: MIT OR Apache-2.0

//! The byte forms of writes and of the keys that they go under: what reads is written again as the same, and a store
//! makes the writes or refuses them.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use subrosa::store::{Key, Memory, Write, Writes};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = Key::from_bytes(bytes) {
        assert_eq!(key.to_bytes(), bytes);
    }
    let Ok(writes) = Writes::from_bytes(bytes) else { return };
    assert_eq!(*writes.to_bytes(), bytes);

    // Of writes under one key the last counts.
    let expected: BTreeMap<Key, Option<Vec<u8>>> = writes.iter().map(last).collect();
    let is_new = |write: &Write| !matches!(write, Write::Put { generation: Some(2..), .. });
    let fits = writes.iter().all(is_new);
    let mut store = Memory::new();
    assert_eq!(store.apply(writes).is_ok(), fits);
    for (key, record) in &expected {
        assert_eq!(Key::from_bytes(&key.to_bytes()).as_ref(), Ok(key));
        let record = record.as_deref().filter(|_| fits);
        assert_eq!(store.get(key).map(|record| record.as_bytes()), record);
    }
});

/// A key, and what is under it afterwards.
fn last(write: &Write) -> (Key, Option<Vec<u8>>) {
    match write {
        Write::Put { key, record, .. } => (key.clone(), Some(record.as_bytes().to_vec())),
        Write::Delete { key } => (key.clone(), None),
    }
}
