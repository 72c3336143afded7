// SPDX-License-Identifier: MIT OR Apache-2.0

//! L6: sealed sender. The service that carries a message need not know who wrote it.

pub mod certificate;
mod contacts;
pub mod content;
pub mod envelope;
pub mod many;
pub mod receive;
pub mod sender;
pub mod sent;
pub mod v1;
pub mod v2;
