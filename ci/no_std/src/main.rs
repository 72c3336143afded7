// SPDX-License-Identifier: MIT OR Apache-2.0

//! Proof that the crate needs nothing but `core` and `alloc`: a conversation in a binary without `std`, with an
//! allocator, a panic handler and an entry point of its own. Anything that pulled `std` in would fail to link,
//! or to compile with E0152.

#![no_std]
#![no_main]

extern crate alloc;

mod conversation;
mod heap;
mod rng;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "none", path = "cortex_m.rs")]
#[cfg_attr(target_family = "wasm", path = "wasm.rs")]
mod machine;

use core::fmt::Write;

#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

/// Holds the conversation and gives the exit code: 0 if all went well.
fn run() -> u32 {
    match conversation::hold() {
        Ok(messages) => {
            let peak = HEAP.peak();
            let _ = writeln!(machine::Output, "no_std: {messages} messages, heap peak {peak} bytes");
            0
        }
        Err(error) => {
            let _ = writeln!(machine::Output, "no_std: failed: {error}");
            1
        }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(machine::Output, "no_std: {info}");
    machine::exit(2)
}
