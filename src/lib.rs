// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Signal protocol as one permissively licensed, `no_std` crate.

#![no_std]

extern crate alloc;

#[cfg(feature = "hazmat")]
pub mod hazmat;

mod crypto;
mod ratchet;
mod record;
mod wire;
