// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender's behaviour, scenario by scenario. A test is named after its scenario's number where it has
//! one (`s1`, `s2`, …).
//!
//! Not here: 11, the table of known servers, is beside that table; 24 is said where 22 and 23 are; 31, messages of
//! other releases, is what the transcripts and the live tests have; 43 is about another library's interface; 53,
//! arbitrary bytes, is in `sealed_properties` and among the fuzz targets.
//!
//! Of the scenarios after these, 56 to 71 are in `scenarios_groups`, 72 to 77 in `scenarios_fingerprints`, 78 to 86 in
//! `scenarios_attachments`, 87 to 91 in `src/address.rs`, 94 and 95 in `published_vectors`, 97 in `known_answers` (`a5`
//! to `a7`). 93 and 96, phone numbers and HPKE, are not of this crate.

mod account;
mod certificates;
mod sent;
mod session;
mod v1;
mod v2;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::sealed::ContentHint;
use subrosa::sealed::certificate::SenderCertificate;
use subrosa::{DeviceId, MessageKind};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn id(device: u32) -> DeviceId {
    DeviceId::new(device)
}

/// The bytes of a content with the default hint and no group.
fn content(certificate: &SenderCertificate, kind: MessageKind, message: &[u8]) -> Vec<u8> {
    let (hint, certificate) = (ContentHint::Default, certificate.as_bytes());
    SealedContent { kind, certificate, message, hint, group_id: None }.encode()
}
