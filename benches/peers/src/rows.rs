// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rows of the table: an operation, and how each side does it.

mod braid;
mod group;
mod kept;
mod message;
mod record;
mod sealed;
mod setup;

use crate::harness::Batch;
use crate::official::Peers;

/// Who does it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Subrosa,
    Vodozemac,
    /// The official client, through its pipe.
    Official,
    /// The crate `wacore-libsignal`, through its pipe.
    Wacore,
    /// The primitives alone.
    Floor,
    /// The primitives alone, with X25519 in assembly.
    AsmFloor,
}

/// An operation.
pub struct Row {
    /// How many things are done by one operation, if it is they that count: recipients.
    pub parts: u32,
    /// How many operations make a batch, where that must be so.
    pub whole: Option<u32>,
    pub sides: Vec<(Side, Batch)>,
    /// What the study has of the official client in one process with it, nanoseconds.
    pub study: Option<f64>,
    /// The study's floor.
    pub study_floor: Option<f64>,
}

impl Row {
    fn new(subrosa: Batch) -> Self {
        let sides = vec![(Side::Subrosa, subrosa)];
        Self { parts: 1, whole: None, sides, study: None, study_floor: None }
    }

    fn side(mut self, side: Side, batch: Batch) -> Self {
        self.sides.push((side, batch));
        self
    }

    fn vodozemac(self, batch: Batch) -> Self {
        self.side(Side::Vodozemac, batch)
    }

    fn floor(self, batch: Batch) -> Self {
        self.side(Side::Floor, batch)
    }

    fn maybe(self, side: Side, batch: Option<Batch>) -> Self {
        match batch {
            Some(batch) => self.side(side, batch),
            None => self,
        }
    }

    const fn study(mut self, libsignal: f64, floor: f64) -> Self {
        self.study = Some(libsignal);
        self.study_floor = Some(floor);
        self
    }

    const fn whole(mut self, operations: u32) -> Self {
        self.whole = Some(operations);
        self
    }

    const fn parts(mut self, parts: u32) -> Self {
        self.parts = parts;
        self
    }
}

/// Adds a floor that agrees on keys, once for each implementation of X25519.
macro_rules! floors {
    ($row:expr, $floor:ident ( $($argument:expr),* )) => {{
        let row = $row.floor($floor::<$crate::floor::Dalek>($($argument),*));
        let row = row.side($crate::rows::Side::AsmFloor, $floor::<$crate::floor::Graviola>($($argument),*));
        row
    }};
}
use floors;

/// Makes a row.
pub type Make = fn(&Peers) -> Row;

/// All rows. A row is made only if it is wanted: some take seconds.
pub const ROWS: &[(&str, Make)] = &[
    ("set-up, initiator", setup::initiator),
    ("set-up, responder with first decrypt of 1 KiB", setup::responder),
    ("100 one-time prekeys, each", setup::one_time_pre_keys),
    ("turn, 1 KiB, PQ", message::turn_pq),
    ("turn, 1 KiB, no PQ", message::turn_no_pq),
    ("turn, 1 KiB, PQ, 100 sessions received together, each", message::turn_together),
    ("encrypt 1 KiB one way, PQ", message::encrypt_1024_pq),
    ("decrypt 1 KiB one way, PQ", message::decrypt_1024_pq),
    ("encrypt 1 KiB one way, no PQ", message::encrypt_1024_no_pq),
    ("decrypt 1 KiB one way, no PQ", message::decrypt_1024_no_pq),
    ("encrypt 64 B one way, PQ", message::encrypt_64_pq),
    ("decrypt 64 B one way, PQ", message::decrypt_64_pq),
    ("encrypt 64 B one way, no PQ", message::encrypt_64_no_pq),
    ("decrypt 64 B one way, no PQ", message::decrypt_64_no_pq),
    ("decrypt 1 KiB one way, PQ, 2,000 skipped keys held", message::decrypt_held_pq),
    ("decrypt 1 KiB one way, no PQ, 2,000 skipped keys held", message::decrypt_held_no_pq),
    ("decrypt after a jump of 24,999, PQ", message::jump_pq),
    ("decrypt after a jump of 25,000, no PQ", message::jump_no_pq),
    ("braid send, average of an epoch", braid::send),
    ("braid receive, average of an epoch", braid::receive),
    ("group encrypt 1 KiB", group::encrypt),
    ("group decrypt 1 KiB", group::decrypt),
    ("sealed v1, seal 1 KiB", sealed::seal_v1),
    ("sealed v1, open", sealed::open_v1),
    ("sealed v1, open and verify the sender", sealed::open_and_verify_v1),
    ("sender certificate, verify", sealed::certificate),
    ("sealed v1, seal 1 KiB, contact kept", kept::seal_v1),
    ("sealed v1, open, contact kept", kept::open_v1),
    ("sealed v1, open and verify the sender, contact and certificate kept", kept::open_and_verify_v1),
    ("sealed v2, 100 recipients, each, contacts kept", kept::seal_v2_100),
    ("sealed v2, 1 recipient, each", sealed::seal_v2_1),
    ("sealed v2, 10 recipients, each", sealed::seal_v2_10),
    ("sealed v2, 100 recipients, each", sealed::seal_v2_100),
    ("sealed v2, 1,000 recipients, each", sealed::seal_v2_1000),
    ("sealed v2, open", sealed::open_v2),
    ("fingerprint of two parties", sealed::fingerprint),
    ("session record, write, PQ", record::write),
    ("session record, read, PQ", record::read),
    ("record of a one-way encrypt, PQ", record::of_encrypt),
    ("record of a one-way decrypt, PQ", record::of_decrypt),
];
