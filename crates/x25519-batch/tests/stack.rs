// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a batch leaves on the stack: nothing, as far down as it went.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test")]

#[path = "../../../tests/support/painted_stack.rs"]
mod painted_stack;

use painted_stack::stack_used_by;
use x25519_batch::backend::{Backend, Kind};
use x25519_batch::{Agreement, BASE};

/// The wiped area is what lies deepest: whatever went further down would have left something there.
#[test]
fn the_stack_is_wiped_as_far_down_as_it_was_used() {
    for kind in Kind::ALL {
        let Some(backend) = Backend::of(kind) else {
            eprintln!("NOT TESTED: this machine has no {kind:?}");
            continue;
        };
        for (len, point) in [(8, [77; 32]), (4, [77; 32]), (1, [77; 32]), (8, BASE), (1, BASE)] {
            let scalars: Vec<[u8; 32]> = (0..len).map(|number| [0x51 + number; 32]).collect();
            let mut shared = vec![[0; 32]; len.into()];
            let mut agreements: Vec<_> = scalars
                .iter()
                .zip(&mut shared)
                .map(|(scalar, shared)| Agreement { scalar, point: &point, shared })
                .collect();
            let used = stack_used_by(|| backend.agree_many(&mut agreements));
            // Below the wiped area is only where what wipes it returns to.
            let deeper = used.windows(64).position(|window| window == [0; 64]).unwrap_or(used.len());
            let wiped = used.iter().skip(deeper).take_while(|byte| **byte == 0).count();
            eprintln!("{kind:?}, {len}: {wiped} of {} wiped, and {deeper} below", used.len());
            assert!(deeper < 128 && wiped >= 16 * 1024, "{kind:?}, {len} agreements");
            for secret in scalars.iter().chain(&shared) {
                assert!(
                    !used.windows(8).any(|word| secret.windows(8).any(|piece| piece == word)),
                    "{kind:?}"
                );
            }
        }
    }
}
