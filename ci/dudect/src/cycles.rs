// SPDX-License-Identifier: MIT OR Apache-2.0

//! The cycle counter, or the clock where none is known.

/// The time now, in ticks of the processor's counter; all instructions before have ended.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the counter is not read without")]
pub fn now() -> u64 {
    use std::arch::x86_64::{__rdtscp, _mm_lfence};
    let mut processor = 0;
    // SAFETY: all processors of this architecture have both instructions.
    unsafe {
        let now = __rdtscp(&raw mut processor);
        _mm_lfence();
        now
    }
}

/// The time now, in nanoseconds.
#[cfg(not(target_arch = "x86_64"))]
pub fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
