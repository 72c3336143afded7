// SPDX-License-Identifier: MIT OR Apache-2.0

//! L4: ratchets. They yield keys and know no message format but their own.

pub mod braid;
