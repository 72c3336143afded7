// SPDX-License-Identifier: MIT OR Apache-2.0

//! A first-fit allocator over a fixed array, for one thread.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

const SIZE: usize = 1 << 20;
/// Blocks are cut in these steps, so that each can hold a [`Free`].
const GRAIN: usize = 16;

/// What stands in a free block.
struct Free {
    size: usize,
    next: *mut Free,
}

#[repr(C, align(16))]
struct State {
    memory: [u8; SIZE],
    /// Free blocks, by address.
    first: *mut Free,
    started: bool,
    used: usize,
    peak: usize,
}

pub struct Heap(UnsafeCell<State>);

// SAFETY: the binary has one thread and no interrupts.
unsafe impl Sync for Heap {}

impl Heap {
    pub const fn new() -> Self {
        Self(UnsafeCell::new(State {
            memory: [0; SIZE],
            first: ptr::null_mut(),
            started: false,
            used: 0,
            peak: 0,
        }))
    }

    /// The most bytes that were in use at once since the last call.
    pub fn take_peak(&self) -> usize {
        // SAFETY: as for `Sync`; nobody holds a reference.
        unsafe {
            let state = &mut *self.0.get();
            core::mem::replace(&mut state.peak, state.used)
        }
    }
}

fn block_size(layout: Layout) -> usize {
    layout.size().max(1).next_multiple_of(GRAIN)
}

// SAFETY: a block is taken out of the list of free ones when it is handed out, and put back when it is returned.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > GRAIN {
            return ptr::null_mut();
        }
        let size = block_size(layout);
        // SAFETY: as for `Sync`; all pointers in the list point to free blocks inside `memory`.
        unsafe {
            let state = &mut *self.0.get();
            if !state.started {
                state.started = true;
                state.first = (&raw mut state.memory).cast();
                *state.first = Free { size: SIZE, next: ptr::null_mut() };
            }
            let mut link: *mut *mut Free = &raw mut state.first;
            while !(*link).is_null() {
                let block = *link;
                if (*block).size >= size {
                    if (*block).size > size {
                        let rest: *mut Free = block.byte_add(size);
                        *rest = Free { size: (*block).size - size, next: (*block).next };
                        *link = rest;
                    } else {
                        *link = (*block).next;
                    }
                    state.used += size;
                    state.peak = state.peak.max(state.used);
                    return block.cast();
                }
                link = &raw mut (*block).next;
            }
        }
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let size = block_size(layout);
        // SAFETY: as above; `pointer` came from `alloc` with this layout.
        unsafe {
            let state = &mut *self.0.get();
            state.used -= size;
            let block: *mut Free = pointer.cast();
            let mut before: *mut Free = ptr::null_mut();
            let mut after = state.first;
            while !after.is_null() && after < block {
                before = after;
                after = (*after).next;
            }
            *block = Free { size, next: after };
            merge(block);
            if before.is_null() {
                state.first = block;
            } else {
                (*before).next = block;
                merge(before);
            }
        }
    }
}

/// Joins a free block with the next one, if they touch.
///
/// # Safety
/// `block` is in the list of free blocks.
unsafe fn merge(block: *mut Free) {
    // SAFETY: the caller's promise.
    unsafe {
        let next = (*block).next;
        if !next.is_null() && block.byte_add((*block).size) == next {
            (*block).size += (*next).size;
            (*block).next = (*next).next;
        }
    }
}
