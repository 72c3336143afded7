// SPDX-License-Identifier: MIT OR Apache-2.0

//! A Cortex-M4F that has nothing but its memory and, under a debugger or QEMU, semihosting.

use core::arch::{asm, global_asm};
use core::fmt;

// The vector table: where the stack begins, what runs at reset, and what runs at any of the 14 exceptions.
global_asm!(
    ".section .vectors, \"a\"",
    ".word __stack_top",
    ".word reset",
    ".rept 14",
    ".word fault",
    ".endr",
    ".text"
);

// At reset the floating-point unit is off; without it the first such instruction would be a fault. Memory that
// QEMU or a debugger loads is zero where nothing was loaded, so only `.data` must be copied.
global_asm!(
    ".thumb_func",
    ".globl reset",
    "reset:",
    "ldr r0, =0xE000ED88",
    "ldr r1, [r0]",
    "orr r1, r1, #0xF00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    "ldr r0, =__data_start",
    "ldr r1, =__data_end",
    "ldr r2, =__data_load",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldr r3, [r2], #4",
    "str r3, [r0], #4",
    "b 1b",
    "2: bl {begin}",
    ".ltorg",
    begin = sym begin
);

extern "C" fn begin() -> ! {
    exit(crate::run())
}

#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    exit(3)
}

/// One semihosting call.
///
/// # Safety
/// `argument` is what `operation` asks for.
unsafe fn call(operation: u32, argument: *const u32) {
    // SAFETY: the caller's promise; the answer comes in r0.
    unsafe { asm!("bkpt #0xAB", inlateout("r0") operation => _, in("r1") argument, options(nostack)) }
}

/// The debugger's console.
pub struct Output;

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let word = u32::from(byte);
            // SAFETY: SYS_WRITEC takes a pointer to a character.
            unsafe { call(0x03, &raw const word) }
        }
        Ok(())
    }
}

pub fn exit(code: u32) -> ! {
    let block = [0x2_0026, code];
    // SAFETY: SYS_EXIT_EXTENDED takes a pointer to a reason, ADP_Stopped_ApplicationExit, and a code.
    unsafe { call(0x20, block.as_ptr()) }
    loop {}
}
