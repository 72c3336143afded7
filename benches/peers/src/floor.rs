// SPDX-License-Identifier: MIT OR Apache-2.0

//! The floor: for each operation the primitives that it can't do without, with nothing around them. No parsing, no
//! state, no wiping, and randomness given. From the same crates as subrosa has, with HMAC on raw blocks.

mod curve;
mod hash;
mod kem;
mod message;
mod sealed;
mod setup;
mod sign;

#[cfg(feature = "aws-lc")]
pub use curve::AwsLc;
pub use curve::Curve;
pub use curve::Dalek;
pub use hash::{Pads, fingerprint};
pub use kem::{Kem768, braid_step};
pub use message::{Chains, braid_jump, decrypt, decrypt_unsigned, encrypt, encrypt_unsigned, jump};
pub use sealed::{Envelope, Fanout};
pub use setup::Setup;
pub use sign::{Signer, Verifier};
