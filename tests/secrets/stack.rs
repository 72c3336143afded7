// SPDX-License-Identifier: MIT OR Apache-2.0

//! Looks for secrets in the part of a stack that an operation used.

#[path = "../support/painted_stack.rs"]
mod painted_stack;

use std::collections::{BTreeMap, HashMap};

use painted_stack::stack_used_by;

use super::heap::looks_random;

/// Names, and bytes that must not be left.
pub type Secrets<'a> = &'a [(&'static str, &'a [u8])];

/// What an operation left on the stack.
#[derive(Debug, Default)]
pub struct Left {
    /// How many pieces of eight bytes of each secret, at any address.
    pub found: BTreeMap<&'static str, usize>,
    /// How many bytes of stack it used.
    pub used: usize,
}

/// Runs `operation`, and says what is left of `secrets`.
pub fn left_by(secrets: Secrets<'_>, operation: impl FnOnce() + Send) -> Left {
    let stack = stack_used_by(operation);
    let mut known = HashMap::new();
    for (name, secret) in secrets {
        assert!(secret.len() >= 8, "{name}");
        let pieces = secret.windows(8).map(|piece| <[u8; 8]>::try_from(piece).unwrap());
        known.extend(pieces.filter(|piece| looks_random(*piece)).map(|piece| (piece, *name)));
    }
    let mut left = Left { found: BTreeMap::new(), used: stack.len() };
    for window in stack.windows(8) {
        if let Some(name) = known.get(window) {
            *left.found.entry(*name).or_default() += 1;
        }
    }
    left
}

#[test]
#[ignore = "looks at the stack of release code: cargo test --release --test secrets -- --include-ignored stack"]
fn what_is_left_is_found_and_what_is_wiped_is_not() {
    let secret = *b"what nobody may know, ever, here";
    let secrets: Secrets<'_> = &[("secret", &secret), ("other", b"something that is never there")];
    let boxed = Box::new(secret);
    let left = left_by(secrets, || {
        let copy = std::hint::black_box(*boxed);
        std::hint::black_box(&copy);
    });
    // A word of it may be gone below the last frame.
    assert!(left.found["secret"] >= 10 && !left.found.contains_key("other"), "{left:?}");
    let left = left_by(secrets, || {
        let copy = subrosa::keys::Secret::new(*boxed);
        std::hint::black_box(&copy);
    });
    assert!(left.used > 0 && left.found.is_empty(), "{left:?}");
    // Deeper, and cut short.
    let left = left_by(secrets, || {
        let mut area = [0; 16_000];
        area[7..20].copy_from_slice(&boxed[3..16]);
        std::hint::black_box(&area);
    });
    assert!(left.used > 16_000 && left.found["secret"] >= 6, "{left:?}");
}
