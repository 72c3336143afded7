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

/// How far down the stack may go to be measured.
const STACK: usize = 512 * 1024;
/// What is written where the stack has not been yet.
const PAINT: u32 = 0xA5A5_A5A5;
/// The system timer: control, where it begins again, and where it is. It counts down, 25 million times a second;
/// QEMU with `-icount shift=0` makes an instruction take a nanosecond.
const TIMER: [*mut u32; 3] = [0xE000_E010 as *mut u32, 0xE000_E014 as *mut u32, 0xE000_E018 as *mut u32];
const TIMER_START: u32 = 0xFF_FFFF;
const INSTRUCTIONS_PER_TICK: u64 = 40;

unsafe extern "C" {
    static __stack_top: u8;
    static __code_len: u8;
    static __data_len: u8;
}

fn stack_bottom() -> *mut u32 {
    (&raw const __stack_top).wrapping_sub(STACK).cast_mut().cast()
}

/// Paints the stack that is not in use, and starts the timer.
#[inline(never)]
pub fn start() {
    let mut at = stack_bottom();
    let used: *mut u32;
    // SAFETY: reads a register. What is below it, but for some slack, nobody uses: there are no interrupts.
    unsafe {
        asm!("mov {}, sp", out(reg) used);
        while at < used.wrapping_sub(64) {
            at.write_volatile(PAINT);
            at = at.add(1);
        }
        let [control, reload, current] = TIMER;
        reload.write_volatile(TIMER_START);
        current.write_volatile(0);
        control.write_volatile(0b101);
    }
}

/// How many bytes of stack were used since the start, those of the callers included, and how many instructions were
/// carried out.
#[inline(never)]
pub fn measure() -> (usize, u64) {
    let [control, _, current] = TIMER;
    let mut at = stack_bottom();
    // SAFETY: registers of the processor; and memory that nobody writes meanwhile.
    let (left, wrapped) = unsafe {
        let left = current.read_volatile();
        let wrapped = control.read_volatile() >> 16 & 1;
        while at.read_volatile() == PAINT {
            at = at.add(1);
        }
        (left, wrapped)
    };
    assert!(wrapped == 0, "a stage takes more instructions than the timer counts");
    let stack = (&raw const __stack_top).addr() - at.addr();
    (stack, u64::from(TIMER_START - left) * INSTRUCTIONS_PER_TICK)
}

/// Says how much read-only memory the program takes, and how much writable memory is neither heap nor stack.
pub fn end(_: usize) {
    let (code, data) = ((&raw const __code_len).addr(), (&raw const __data_len).addr());
    let heap = size_of_val(&crate::HEAP);
    let _ = fmt::Write::write_fmt(&mut Output, format_args!("code {code} data {}\n", data - heap));
}

pub fn exit(code: u32) -> ! {
    let block = [0x2_0026, code];
    // SAFETY: SYS_EXIT_EXTENDED takes a pointer to a reason, ADP_Stopped_ApplicationExit, and a code.
    unsafe { call(0x20, block.as_ptr()) }
    loop {}
}
