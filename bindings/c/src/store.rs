// SPDX-License-Identifier: MIT OR Apache-2.0

//! The store in memory, and keys that seal records.

use subrosa_binding::{Account, Address, RecordKey, Row, Store, Write};
use zeroize::Zeroizing;

use crate::account::SubrosaAccountOptions;
use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::{no_place, put_address};
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::{Bytes, SubrosaWrite, put_write, writes_of};
use crate::table::{SubrosaHandle, get, give};

/// An empty store in memory: for tests and prototypes, and to read states from rows of a real store.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_new(store: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(Store::new(), &store))
}

/// Puts a row that was read from a real store. `generation` counts if `has_generation` is true.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_put_row(
    store: SubrosaHandle,
    key: SubrosaBytes,
    record: SubrosaBytes,
    has_generation: bool,
    generation: u64,
) -> SubrosaCode {
    call(|| {
        let record = Zeroizing::new(record.read()?.to_vec());
        let generation = has_generation.then_some(generation);
        get::<Store>(store)?.put_row(Row { key: key.read()?.to_vec(), record, generation });
        Ok(())
    })
}

/// A row by its place: the write that would put it, its key, and its record, which holds secrets. `InvalidArgument` after
/// the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_row(
    store: SubrosaHandle,
    place: usize,
    row: Out<SubrosaWrite>,
    key: Out<SubrosaBuffer>,
    record: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let rows = get::<Store>(store)?.rows();
        let Row { key: name, record: held, generation } = rows.into_iter().nth(place).ok_or_else(no_place)?;
        put_write(Write { key: name, record: Some(held), generation }, &row, &key, &record)
    })
}

/// Makes all writes of these stages, or none. They are still to be committed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_apply(
    store: SubrosaHandle,
    stages: In<SubrosaHandle>,
    count: usize,
) -> SubrosaCode {
    call(|| {
        let mut writes = Vec::new();
        for stage in stages.list(count)? {
            writes.extend(writes_of(stage)?);
        }
        get::<Store>(store)?.apply_writes(writes)
    })
}

/// A device with which there is a session, by its place in their order. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_peer(
    store: SubrosaHandle,
    place: usize,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(get::<Store>(store)?.peers()?.get(place), &device, &name))
}

/// All rows in bytes, which `subrosa_store_from_rows` takes. They hold secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_rows(store: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Store>(store)?.to_bytes()?))
}

/// A store of rows in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_from_rows(rows: SubrosaBytes, store: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(Store::from_bytes(rows.read()?)?, &store))
}

/// The account in a store; 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_account(
    store: SubrosaHandle,
    name: Text,
    device: u32,
    options: SubrosaAccountOptions,
    account: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let address = Address::new(name.read()?, device);
        match get::<Store>(store)?.account(&address, &options.plain())? {
            Some(found) => give(found, &account),
            None => account.put(0),
        }
    })
}

/// The sessions of an account with a device; empty if none are stored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_session(
    store: SubrosaHandle,
    account: SubrosaHandle,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let account = get::<Account>(account)?;
        give(get::<Store>(store)?.session(&account, &Address::new(name.read()?, device))?, &session)
    })
}

/// The identity key that is pinned for an account, 33 bytes; no bytes if none is.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_identity(
    store: SubrosaHandle,
    name: Text,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<Store>(store)?.identity(name.read()?)?.unwrap_or_default()))
}

/// Our sender key of a distribution id, a UUID in text; 0 if none is stored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_sender_key(
    store: SubrosaHandle,
    distribution_id: Text,
    key: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| match get::<Store>(store)?.sender_key(distribution_id.optional()?)? {
        Some(found) => give(found, &key),
        None => key.put(0),
    })
}

/// The sender keys of a device; empty if none are stored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_receiver_keys(
    store: SubrosaHandle,
    name: Text,
    device: u32,
    distribution_id: Text,
    keys: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let sender = Address::new(name.read()?, device);
        give(get::<Store>(store)?.receiver_keys(&sender, distribution_id.optional()?)?, &keys)
    })
}

/// The repair log of a device; empty if none is stored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_repair_log(
    store: SubrosaHandle,
    name: Text,
    device: u32,
    log: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(get::<Store>(store)?.repair_log(&Address::new(name.read()?, device))?, &log))
}

/// Deletes the session of a device that is no more.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_delete_session(store: SubrosaHandle, name: Text, device: u32) -> SubrosaCode {
    call(|| {
        get::<Store>(store)?.delete_session(&Address::new(name.read()?, device));
        Ok(())
    })
}

/// A fresh key that seals records, for a store that others can read.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_record_key_generate(key: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(RecordKey::generate(), &key))
}

/// A record key of 32 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_record_key_from_bytes(bytes: SubrosaBytes, key: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(RecordKey::from_bytes(bytes.read()?)?, &key))
}

/// The 32 bytes of a record key, for the place where it is kept.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_record_key_bytes(key: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<RecordKey>(key)?.to_bytes()))
}

/// Seals the record of a row.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_record_key_seal(
    key: SubrosaHandle,
    row: SubrosaBytes,
    record: SubrosaBytes,
    sealed: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let bytes = get::<RecordKey>(key)?.seal(row.read()?, record.read()?)?;
        give(Bytes(Zeroizing::new(bytes)), &sealed)
    })
}

/// Opens the record of a row.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_record_key_open(
    key: SubrosaHandle,
    row: SubrosaBytes,
    sealed: SubrosaBytes,
    record: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(Bytes(get::<RecordKey>(key)?.open(row.read()?, sealed.read()?)?), &record))
}
