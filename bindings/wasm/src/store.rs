// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes, rows, a store in memory, and keys that seal records.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::account::{Account, AccountOptions};
use crate::error::{Fallible, thrown};
use crate::group::{ReceiverKeys, SenderKey};
use crate::object::{self, count};
use crate::plain::Address;
use crate::repair::RepairLog;
use crate::session::Session;

/// One change to a store.
#[wasm_bindgen]
pub struct Write(pub(crate) core::Write);

#[wasm_bindgen]
impl Write {
    /// The row's key.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> Vec<u8> {
        self.0.key.clone()
    }

    /// The record to put under it, which holds secrets; undefined deletes the row.
    #[wasm_bindgen(getter)]
    pub fn record(&self) -> Option<Vec<u8>> {
        self.0.record.as_ref().map(|record| record.to_vec())
    }

    /// The generation of the state in the record. The row in the store must have the one before, or be absent for 1;
    /// if it has not, refuse the whole transaction.
    #[wasm_bindgen(getter)]
    pub fn generation(&self) -> Option<f64> {
        self.0.generation.map(count)
    }
}

#[wasm_bindgen(typescript_custom_section)]
const ROW: &str = r"
/** A row of a store. Its record holds secrets. */
export interface Row {
    key: Uint8Array;
    record: Uint8Array;
    generation?: number;
}
";

#[wasm_bindgen]
extern "C" {
    /// A row.
    #[wasm_bindgen(typescript_type = "Row")]
    pub type Row;
}

fn read_row(row: Row) -> Fallible<core::Row> {
    let row = JsValue::from(row);
    let generation = match object::get(&row, "generation").and_then(|value| value.as_f64()) {
        Some(generation) => Some(object::millis(generation)?),
        None => None,
    };
    let record = Zeroizing::new(object::bytes(&row, "record")?);
    Ok(core::Row { key: object::bytes(&row, "key")?, record, generation })
}

/// A store in memory: for tests and prototypes, and to read states from rows of a real store.
#[wasm_bindgen]
#[derive(Default)]
pub struct Store(pub(crate) core::Store);

#[wasm_bindgen]
impl Store {
    /// An empty store.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of rows that were read from a real one.
    #[wasm_bindgen(js_name = ofRows)]
    pub fn of_rows(rows: Vec<Row>) -> Fallible<Self> {
        Ok(Self(core::Store::of_rows(rows.into_iter().map(read_row).collect::<Fallible<Vec<_>>>()?)))
    }

    /// Puts a row that was read from a real store.
    #[wasm_bindgen(js_name = putRow)]
    pub fn put_row(&self, row: Row) -> Fallible<()> {
        self.0.put_row(read_row(row)?);
        Ok(())
    }

    /// All rows in bytes, which `fromBytes` takes. They hold secrets.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Fallible<Vec<u8>> {
        Ok(self.0.to_bytes().map_err(thrown)?.to_vec())
    }

    /// A store of rows in bytes.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Fallible<Self> {
        Ok(Self(core::Store::from_bytes(bytes).map_err(thrown)?))
    }

    /// Makes all these writes, or none: those of one stage, or of several. The stages are still to be committed, and
    /// the writes can't be used again.
    pub fn apply(&self, writes: Vec<Write>) -> Fallible<()> {
        self.0.apply_writes(writes.into_iter().map(|write| write.0).collect()).map_err(thrown)
    }

    /// All rows, as plain objects.
    pub fn rows(&self) -> Vec<Row> {
        let row = |row: core::Row| {
            let plain = js_sys::Object::new();
            object::set(&plain, "key", js_sys::Uint8Array::from(row.key.as_slice()));
            object::set(&plain, "record", js_sys::Uint8Array::from(row.record.as_slice()));
            if let Some(generation) = row.generation {
                object::set(&plain, "generation", count(generation));
            }
            plain.unchecked_into()
        };
        self.0.rows().into_iter().map(row).collect()
    }

    /// The account, if one is stored.
    pub fn account(&self, address: &Address, options: Option<AccountOptions>) -> Fallible<Option<Account>> {
        let options = crate::account::options(options)?;
        Ok(self.0.account(&address.0, &options).map_err(thrown)?.map(Account))
    }

    /// The sessions of an account with a device; empty if none are stored.
    pub fn session(&self, account: &Account, remote: &Address) -> Fallible<Session> {
        Ok(Session(self.0.session(&account.0, &remote.0).map_err(thrown)?))
    }

    /// The identity key that is pinned for an account, 33 bytes.
    pub fn identity(&self, name: &str) -> Fallible<Option<Vec<u8>>> {
        self.0.identity(name).map_err(thrown)
    }

    /// Our sender key of a distribution, if one is stored.
    #[wasm_bindgen(js_name = senderKey)]
    pub fn sender_key(&self, distribution_id: Option<String>) -> Fallible<Option<SenderKey>> {
        Ok(self.0.sender_key(distribution_id.as_deref()).map_err(thrown)?.map(SenderKey))
    }

    /// The sender keys of a device; empty if none are stored.
    #[wasm_bindgen(js_name = receiverKeys)]
    pub fn receiver_keys(&self, sender: &Address, distribution_id: Option<String>) -> Fallible<ReceiverKeys> {
        Ok(ReceiverKeys(self.0.receiver_keys(&sender.0, distribution_id.as_deref()).map_err(thrown)?))
    }

    /// The repair log of a device; empty if none is stored.
    #[wasm_bindgen(js_name = repairLog)]
    pub fn repair_log(&self, peer: &Address) -> Fallible<RepairLog> {
        Ok(RepairLog(self.0.repair_log(&peer.0).map_err(thrown)?))
    }

    /// The devices with which there are sessions.
    pub fn peers(&self) -> Fallible<Vec<Address>> {
        Ok(self.0.peers().map_err(thrown)?.into_iter().map(Address).collect())
    }

    /// Deletes the session of a device that is no more.
    #[wasm_bindgen(js_name = deleteSession)]
    pub fn delete_session(&self, peer: &Address) {
        self.0.delete_session(&peer.0);
    }
}

/// A key that seals records, for a store that others can read. Kept apart from it.
#[wasm_bindgen]
pub struct RecordKey(core::RecordKey);

#[wasm_bindgen]
impl RecordKey {
    /// A fresh key.
    pub fn generate() -> Self {
        Self(core::RecordKey::generate())
    }

    /// A key of 32 bytes.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Fallible<Self> {
        Ok(Self(core::RecordKey::from_bytes(bytes).map_err(thrown)?))
    }

    /// The 32 bytes, for the place where the key is kept: a copy that is the caller's to wipe.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }

    /// Seals the record of a row.
    pub fn seal(&self, key: &[u8], record: &[u8]) -> Fallible<Vec<u8>> {
        self.0.seal(key, record).map_err(thrown)
    }

    /// Opens the record of a row.
    pub fn open(&self, key: &[u8], sealed: &[u8]) -> Fallible<Vec<u8>> {
        Ok(self.0.open(key, sealed).map_err(thrown)?.to_vec())
    }
}
