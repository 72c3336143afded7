// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of sessions, and envelopes: the MAC's first byte wrong, or its last.

#[path = "../../../benches/support/setting.rs"]
mod setting;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::sealed::{v1, v2};
use subrosa::keys::Secret;
use subrosa::sealed::{ContactSecret, UnverifiedContent};
use subrosa::{IdentityKeyPair, Message, MessageKind};

use setting::{Talk, send, try_open};

use crate::operations::{damaged, secret};
use crate::report::Report;

pub fn run(report: &mut Report) {
    for version in [3, 4] {
        session(report, version);
    }
    envelopes(report);
}

fn session(report: &mut Report, version: u8) {
    let mut talk = Talk::new(version);
    let message = send(&mut talk.alice, &[b'x'; 64], &mut talk.rng);
    let (mut bob, mut rng) = (talk.bob, talk.rng);
    let name = format!("version {version}, decrypt, the MAC's first or last byte wrong");
    report.alike(
        &name,
        |class, _| damaged(&message, 8, class),
        |bytes| {
            let message = Message::parse(MessageKind::Whisper, bytes).unwrap();
            try_open(&mut bob, &message, &mut rng).is_err()
        },
    );
}

fn envelopes(report: &mut Report) {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let [ours, theirs] = [0; 2].map(|_| IdentityKeyPair::generate(&mut rng));
    let content = [b'x'; 200];
    let sealed = v1::seal(&content, &ours, theirs.public(), &mut rng).unwrap();
    report.alike(
        "envelope, v1, the MAC's first or last byte wrong",
        |class, _| damaged(&sealed, 10, class),
        |sealed| UnverifiedContent::open(sealed, &theirs).is_err(),
    );
    let shared = v2::Shared::derive(Secret::new(secret(true, &mut rng)));
    let contact = ContactSecret::new(&ours, theirs.public()).unwrap();
    let material = shared.key_materials(&[&contact])[0].as_ref().unwrap().to_bytes();
    let body = shared.seal(&content).unwrap();
    // The tag that only the sender makes is 16 bytes, after 32 of the key.
    report.alike(
        "envelope, v2, the sender's tag's first or last byte wrong",
        |class, _| [&[0x22][..], &damaged(&material, 16, class), &body].concat(),
        |sealed| UnverifiedContent::open(sealed, &theirs).is_err(),
    );
}
