// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes: messages, primitives, published vectors, attachments, fingerprints.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::struct_field_names,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/attachment.rs"]
mod attachment;
#[path = "../support/by_hand.rs"]
mod by_hand;
#[path = "../support/by_prost.rs"]
mod by_prost;
#[path = "../support/cases.rs"]
mod cases;
#[path = "../support/counting.rs"]
mod counting;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/kyber.rs"]
mod kyber;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/rng.rs"]
mod rng;

mod attachment_scenarios;
mod attachments;
mod fingerprints;
mod known_answers;
mod messages;
mod own_vectors;
mod protobuf_oracle;
mod published_vectors;
