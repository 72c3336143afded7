// SPDX-License-Identifier: MIT OR Apache-2.0

//! The requests to valgrind's memcheck that this package needs. Outside of valgrind they do nothing.
//!
//! A request is a sequence of instructions that does nothing, which valgrind knows (its manual, "The client
//! request mechanism"; the numbers are those of its interface, which do not change).

use std::arch::asm;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;
const GET_VBITS: usize = MEMCHECK + 8;

/// Makes a request, and gives valgrind's answer; 0 without valgrind.
///
/// # Safety
/// `arguments` must be what the request asks for.
#[cfg(target_arch = "x86_64")]
unsafe fn request(number: usize, arguments: [usize; 3]) -> usize {
    let [a, b, c] = arguments;
    let block = [number, a, b, c, 0, 0];
    let answer;
    // SAFETY: rotated by 128 bits in all, rdi is what it was; rbx is exchanged with itself. Valgrind reads the
    // block and does what the caller answers for.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") block.as_ptr(),
            inout("rdx") 0_usize => answer,
        );
    }
    answer
}

/// Whether valgrind runs this program.
pub fn is_running() -> bool {
    // SAFETY: the request takes nothing.
    unsafe { request(RUNNING_ON_VALGRIND, [0; 3]) != 0 }
}

/// How many errors were reported so far, without those that are suppressed.
pub fn errors() -> usize {
    // SAFETY: the request takes nothing.
    unsafe { request(COUNT_ERRORS, [0; 3]) }
}

/// Marks `secret` as undefined: memcheck reports each branch and each address that depends on it.
pub fn mark(secret: &mut [u8]) {
    // SAFETY: the bytes are the caller's, and their values stay.
    unsafe { request(MAKE_MEM_UNDEFINED, [secret.as_mut_ptr() as usize, secret.len(), 0]) };
}

/// Marks `bytes` as defined: they are public from here on.
pub fn declassify(bytes: &mut [u8]) {
    // SAFETY: the bytes are the caller's, and their values stay.
    unsafe { request(MAKE_MEM_DEFINED, [bytes.as_mut_ptr() as usize, bytes.len(), 0]) };
}

/// Marks a value itself as defined, such as a vector's length and address; not what it points to.
pub fn declassify_value<T>(value: &mut T) {
    // SAFETY: the value is the caller's, and stays what it is.
    unsafe { request(MAKE_MEM_DEFINED, [std::ptr::from_mut(value) as usize, size_of::<T>(), 0]) };
}

/// Which bits of `bytes` depend on a marked secret, as a mask of as many bytes.
pub fn marked(bytes: &[u8]) -> Vec<u8> {
    let mut mask = vec![0; bytes.len()];
    // SAFETY: both are as long as is said, and the mask is written to.
    unsafe { request(GET_VBITS, [bytes.as_ptr() as usize, mask.as_mut_ptr() as usize, bytes.len()]) };
    declassify(&mut mask);
    mask
}
