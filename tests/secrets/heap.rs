// SPDX-License-Identifier: MIT OR Apache-2.0

//! An allocator that looks for secrets in the blocks that are given back to it, and in those that are not.
//!
//! Only blocks that were allocated [under observation](Watch::over) are looked at, whenever and wherever they
//! are freed. Secrets are known by pieces of eight bytes, which are kept masked so as not to find themselves.

#![allow(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A piece of a secret.
pub type Piece = [u8; 8];

struct Observer;

#[global_allocator]
static OBSERVER: Observer = Observer;

/// Whether a watch is set at all.
static WATCHED: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<Option<State>> = Mutex::new(None);
/// Watches come one after the other.
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread's blocks are under observation.
    static OBSERVED: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread is inside the observer, whose own blocks are nobody's business.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

#[derive(Default)]
struct State {
    pieces: Pieces<&'static str>,
    /// Observed blocks, by their addresses.
    live: HashMap<usize, usize>,
    found: Vec<String>,
    freed: usize,
}

/// Hashes a number by one multiplication: these tests are not optimized, and ask often.
#[derive(Default)]
pub struct Mix(u64);
pub type Mixed = BuildHasherDefault<Mix>;

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}

/// The pieces looked for, masked, and whose they are.
struct Pieces<T> {
    whose: HashMap<u64, T, Mixed>,
    /// Which [beginnings](beginning) there are, which is looked at first.
    beginnings: Vec<bool>,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { whose: HashMap::default(), beginnings: vec![false; 1 << 16] }
    }
}

impl<T: Copy> Pieces<T> {
    fn insert(&mut self, piece: Piece, whose: T) {
        let masked = masked(piece);
        self.whose.insert(masked, whose);
        self.beginnings[beginning(masked)] = true;
    }

    /// The first of the pieces in a block.
    ///
    /// # Safety
    /// `block` must be the address of `size` bytes.
    unsafe fn find(&self, block: *const u8, size: usize) -> Option<T> {
        const WIPED: usize = 64;
        let mut at = 0;
        while at + 8 <= size {
            // SAFETY: as many bytes from here are inside of the block.
            let is_wiped = |at| unsafe { block.add(at).cast::<[u8; WIPED]>().read_volatile() } == [0; WIPED];
            if at + WIPED <= size && is_wiped(at) {
                at += WIPED - 1;
                continue;
            }
            // SAFETY: eight bytes from here are inside of the block.
            let masked = masked(unsafe { block.add(at).cast::<Piece>().read_volatile() });
            if self.beginnings[beginning(masked)]
                && let Some(whose) = self.whose.get(&masked)
            {
                return Some(*whose);
            }
            at += 1;
        }
        None
    }
}

/// 16 bits of a masked piece.
fn beginning(masked: u64) -> usize {
    usize::try_from(masked >> 48).unwrap()
}

fn masked(piece: Piece) -> u64 {
    u64::from_ne_bytes(piece) ^ 0xA5C3_96F0_5A3C_690F
}

fn inside<T>(work: impl FnOnce(&mut State) -> T) -> T {
    INSIDE.set(true);
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let done = work(state.get_or_insert_default());
    drop(state);
    INSIDE.set(false);
    done
}

// SAFETY: all memory comes from and goes to the system's allocator.
unsafe impl GlobalAlloc for Observer {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that nothing is found in parts that were never written.
        // SAFETY: the caller's promises are passed on.
        let block = unsafe { System.alloc_zeroed(layout) };
        if WATCHED.load(Ordering::Relaxed) && OBSERVED.get() && !INSIDE.get() && !block.is_null() {
            inside(|state| state.live.insert(block as usize, layout.size()));
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WATCHED.load(Ordering::Relaxed) && !INSIDE.get() {
            let size = layout.size();
            let name = inside(|state| {
                state.live.remove(&(block as usize))?;
                state.freed += 1;
                // SAFETY: the block is still the caller's, and as long as the layout says.
                unsafe { state.pieces.find(block, size) }
            });
            if let Some(name) = name {
                report(name, size);
            }
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) };
    }

    // `realloc` is left as the trait has it, so that each block that grows moves, and is seen to be freed.
}

/// Notes a finding. The trace is taken outside of the lock, which another thread may want that is taking one.
fn report(name: &'static str, size: usize) {
    INSIDE.set(true);
    let finding = format!("{name} in a freed block of {size} bytes\n{}", Backtrace::force_capture());
    inside(|state| state.found.push(finding));
}

/// A watch over what happens to secrets in memory. One at a time; what is found counts for all that this
/// thread allocates under it.
pub struct Watch(#[expect(dead_code, reason = "held until the watch ends")] MutexGuard<'static, ()>);

impl Watch {
    pub fn begin() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        inside(|state| *state = State::default());
        WATCHED.store(true, Ordering::Relaxed);
        Self(turn)
    }

    /// Does `work` under observation.
    #[expect(clippy::unused_self, reason = "without a watch there is no observation")]
    pub fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = OBSERVED.replace(true);
        clean_stack();
        let done = work();
        OBSERVED.set(before);
        done
    }

    /// Looks for a secret of at least eight bytes from now on.
    pub fn secret(&self, name: &'static str, secret: &[u8]) {
        assert!(secret.len() >= 8);
        let last = secret.last_chunk::<8>().copied();
        self.pieces(name, secret.as_chunks::<8>().0.iter().copied().chain(last));
    }

    /// Looks for pieces of secrets from now on.
    #[expect(clippy::unused_self, reason = "without a watch nothing is looked for")]
    pub fn pieces(&self, name: &'static str, pieces: impl IntoIterator<Item = Piece>) {
        inside(|state| {
            let random = pieces.into_iter().filter(|piece| looks_random(*piece));
            random.for_each(|piece| state.pieces.insert(piece, name));
        });
    }

    /// Asserts that no block freed so far held a secret.
    #[expect(clippy::unused_self, reason = "without a watch nothing is found")]
    #[track_caller]
    pub fn assert_nothing_freed(&self) {
        let found = inside(|state| std::mem::take(&mut state.found));
        assert!(found.is_empty(), "{} findings, such as: {}", found.len(), found[0]);
    }

    /// How many blocks were freed so far.
    #[expect(clippy::unused_self, reason = "without a watch nothing is counted")]
    pub fn freed(&self) -> usize {
        inside(|state| state.freed)
    }

    /// How many bytes are in observed blocks that are still in use.
    #[expect(clippy::unused_self, reason = "without a watch there are no observed blocks")]
    pub fn live_bytes(&self) -> usize {
        inside(|state| state.live.values().sum())
    }

    /// How many freed blocks held a secret.
    #[expect(clippy::unused_self, reason = "without a watch nothing is found")]
    pub fn findings(&self) -> usize {
        inside(|state| std::mem::take(&mut state.found).len())
    }

    /// Whether any of these pieces is in an observed block that is still in use.
    #[expect(clippy::unused_self, reason = "without a watch there are no observed blocks")]
    pub fn is_live(&self, pieces: &HashSet<Piece>) -> bool {
        inside(|state| {
            let random = pieces.iter().copied().filter(|piece| looks_random(*piece));
            let mut wanted = Pieces::default();
            random.for_each(|piece| wanted.insert(piece, ()));
            // SAFETY: blocks are taken from the list when they are freed.
            state
                .live
                .iter()
                .any(|(block, size)| unsafe { wanted.find(*block as *const u8, *size) }.is_some())
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.store(false, Ordering::Relaxed);
        OBSERVED.set(false);
    }
}

/// Whether a piece can be told from bytes that lie around anyway.
pub fn looks_random(piece: Piece) -> bool {
    let (mut values, mut zeros) = ([0_u64; 4], 0);
    for byte in piece {
        values[usize::from(byte / 64)] |= 1 << (byte % 64);
        zeros += u32::from(byte == 0);
    }
    values.map(u64::count_ones).iter().sum::<u32>() >= 6 && zeros < 2
}

/// Overwrites what earlier calls left on the stack: where a value that is moved to the heap has unused bytes,
/// they come along, and those of the test are not the crate's.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is about the stack")]
fn clean_stack() {
    let mut area = [0u64; 16 * 1024];
    zeroize::Zeroize::zeroize(&mut area[..]);
    std::hint::black_box(&area);
}
