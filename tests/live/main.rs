// SPDX-License-Identifier: MIT OR Apache-2.0

//! Beside other implementations: recorded conversations and, where `SUBROSA_INTEROP` names them, live ones.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/differences.rs"]
mod differences;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/group_network.rs"]
mod group_network;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/live.rs"]
mod live;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/network.rs"]
mod network;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/peer.rs"]
mod peer;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/replay.rs"]
mod replay;
#[path = "../support/resident.rs"]
mod resident;
#[path = "../support/under_way.rs"]
mod under_way;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/vectors.rs"]
mod vectors;

mod fingerprints;
mod groups;
mod interop_peer;
mod moving_in;
mod official;
mod repair;
mod sealed;
mod transcripts;
mod v3;
