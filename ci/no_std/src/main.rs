// SPDX-License-Identifier: MIT OR Apache-2.0

//! Proof that the crate needs nothing but `core` and `alloc`: a conversation in a binary without `std`, with an
//! allocator, a panic handler and an entry point of its own. Anything that pulled `std` in would fail to link,
//! or to compile with E0152.

#![no_std]
#![no_main]

extern crate alloc;

mod conversation;
mod heap;
#[cfg(feature = "omemo")]
mod omemo;
mod rng;
#[cfg(feature = "rose")]
mod rose;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "none", path = "cortex_m.rs")]
#[cfg_attr(target_family = "wasm", path = "wasm.rs")]
mod machine;

use core::fmt::Write;

#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

/// What a stage of the conversation took, or all of it together.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Bytes in use at once, rounded up to what the allocator hands out.
    heap: usize,
    /// Bytes of stack, where the machine can tell.
    stack: usize,
    /// Where the machine can tell.
    instructions: u64,
}

/// Holds the conversation and gives the exit code: 0 if all went well.
fn run() -> u32 {
    let mut most = Cost::default();
    machine::start();
    let mut stage = |stage: &str| {
        let (stack, instructions) = machine::measure();
        let cost = Cost { heap: HEAP.take_peak(), stack, instructions };
        most.heap = most.heap.max(cost.heap);
        most.stack = most.stack.max(cost.stack);
        most.instructions += cost.instructions;
        show(stage, cost);
        machine::start();
    };
    let held = conversation::hold(&mut stage);
    #[cfg(feature = "rose")]
    let held = held
        .and_then(|messages| rose::hold(&mut stage).map(|more| messages + more).ok_or_else(|| "rose".into()));
    #[cfg(feature = "omemo")]
    let held = held.and_then(|messages| {
        omemo::hold(&mut stage).map(|more| messages + more).ok_or_else(|| "OMEMO".into())
    });
    match held {
        Ok(messages) => {
            show("all", most);
            machine::end(most.heap);
            let _ = writeln!(machine::Output, "{messages} messages");
            0
        }
        Err(error) => {
            let _ = writeln!(machine::Output, "failed: {error}");
            1
        }
    }
}

fn show(stage: &str, Cost { heap, stack, instructions }: Cost) {
    let _ = write!(machine::Output, "{stage}: heap {heap}");
    if stack > 0 {
        let _ = write!(machine::Output, " stack {stack} instructions {instructions}");
    }
    let _ = writeln!(machine::Output);
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(machine::Output, "{info}");
    machine::exit(2)
}
