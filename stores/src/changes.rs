// SPDX-License-Identifier: MIT OR Apache-2.0

//! A transaction made ready for a database: sealed, in the order of keys, each key once.

use std::collections::BTreeMap;

use subrosa::store::{StaleStage, Write};

use crate::cells::{Cells, Row};
use crate::error::StoreError;
use crate::transaction::{NewEntry, Queue, Transaction};

/// What a database does in one transaction.
#[derive(Debug)]
pub struct Changes {
    /// The generation that each state must have: that before the given one.
    pub(crate) checks: BTreeMap<Vec<u8>, u64>,
    /// The rows to put, or to delete. In the order of keys, so that two transactions can't wait for each other.
    pub(crate) rows: BTreeMap<Vec<u8>, Option<Row>>,
    pub(crate) entries: Vec<NewEntry>,
    pub(crate) done: Vec<(Queue, u64)>,
}

impl Changes {
    /// Seals the records of a transaction. Of two writes of a key the last one holds.
    pub(crate) fn of(transaction: Transaction, cells: &Cells) -> Result<Self, StoreError> {
        let Transaction { writes, entries, done } = transaction;
        let (mut checks, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for write in writes {
            let key = cells.row_key(write.key());
            let row = match write {
                Write::Put { key: of, record, generation } => {
                    if let Some(generation) = generation
                        && checks.insert(key.clone(), generation).is_some_and(|other| other != generation)
                    {
                        return Err(StaleStage.into()); // Two stages of one state: one of them is outdated.
                    }
                    Some(Row { generation, value: cells.seal(&of, &record)? })
                }
                Write::Delete { .. } => None,
            };
            rows.insert(key, row);
        }
        Ok(Self { checks, rows, entries, done })
    }
}
