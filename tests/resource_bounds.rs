// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one hostile input can cost, of each kind there is: that it is refused or taken as documented, and that heap,
//! stack and the number of allocations stay within bounds. Time is measured and not judged.
//!
//! `cargo test --release --test resource_bounds -- --nocapture` prints the table of `SECURITY.md`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::large_stack_arrays,
    missing_docs,
    reason = "a test"
)]

#[path = "resource_bounds/attachments.rs"]
mod attachments;
#[path = "../benches/support/braids.rs"]
mod braids;
#[path = "support/counting.rs"]
mod counting;
#[path = "../benches/support/groups.rs"]
mod groups;
#[path = "resource_bounds/ledger.rs"]
mod ledger;
#[path = "resource_bounds/measure.rs"]
mod measure;
#[path = "resource_bounds/omemo.rs"]
mod omemo;
#[path = "resource_bounds/others.rs"]
mod others;
#[path = "support/rose.rs"]
mod parties;
#[path = "resource_bounds/protobuf.rs"]
mod protobuf;
#[path = "resource_bounds/ratchets.rs"]
mod ratchets;
#[path = "resource_bounds/records.rs"]
mod records;
#[path = "resource_bounds/rose.rs"]
mod rose;
#[path = "resource_bounds/sealed.rs"]
mod sealed;
#[path = "../benches/support/sealing.rs"]
mod sealing;
#[path = "resource_bounds/sessions.rs"]
mod sessions;
#[path = "../benches/support/setting.rs"]
mod setting;

use ledger::Ledger;

#[test]
fn no_input_costs_more_than_is_documented() {
    let mut ledger = Ledger::default();
    sessions::bounds(&mut ledger);
    ratchets::bounds(&mut ledger);
    sealed::bounds(&mut ledger);
    omemo::bounds(&mut ledger);
    rose::bounds(&mut ledger);
    others::bounds(&mut ledger);
    attachments::bounds(&mut ledger);
    protobuf::bounds(&mut ledger);
    records::bounds(&mut ledger);
    println!("{}", ledger.table());
    let broken = ledger.broken();
    assert!(broken.is_empty(), "{} are not as they should be:\n{}", broken.len(), broken.join("\n"));
}
