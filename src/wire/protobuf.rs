// SPDX-License-Identifier: MIT OR Apache-2.0

//! The protobuf wire format, read without copying and written to an exact length.
//!
//! A message is a `match` over its field numbers when read and a list of fields when written; see `SignalMessage` for
//! the pattern. The reader accepts what prost 0.14 accepts, byte for byte, because that is deployed;
//! `tests/wire/protobuf_oracle.rs` compares the two.

mod reader;
mod writer;

pub use reader::{Field, Fields, Malformed, Merge, Value};
pub use writer::{Encode, Sink, len_of_len};
