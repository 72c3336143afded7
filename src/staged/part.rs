// SPDX-License-Identifier: MIT OR Apache-2.0

//! States and changes of any type.
//!
//! A stage holds its changes as values without a lifetime. Dropping one then touches no borrowed state, so that the
//! state can be used in the `Err` arm of a `match` on the operation.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;

use zeroize::Zeroize;

use crate::lease::Lease;
use crate::writes::Writes;

/// A state that is changed in stages alone.
pub(crate) trait State: Send + Sync + 'static {
    /// A change, held beside the state until it is committed.
    type Change: Send + Sync + 'static;

    /// Adds the writes of `change`.
    fn write_after(&self, change: &Self::Change, writes: &mut Writes);

    /// Makes `change`.
    fn apply(&mut self, change: Self::Change);

    /// Its lease.
    fn lease(&mut self) -> &mut Lease;
}

/// A [`Pending`] change of some state.
pub(super) type AnyChange = Box<dyn Any + Send + Sync>;

/// A change, in a vector, whose memory can be wiped as a whole: the gaps that a variant leaves hold stale stack bytes.
struct Pending<C>(Vec<C>);

impl<C> Drop for Pending<C> {
    fn drop(&mut self) {
        self.0.clear();
        self.0.spare_capacity_mut().zeroize();
    }
}

/// A change of `S`, boxed.
pub(super) fn boxed<S: State>(change: S::Change) -> AnyChange {
    Box::new(Pending(alloc::vec![change]))
}

/// A [`State`] of any type. Changes of another type are ignored.
#[expect(unnameable_types, reason = "seals `store::States`")]
pub trait Owner: Send + Sync {
    /// Adds the writes of a change.
    fn write_change(&self, change: &(dyn Any + Send + Sync), writes: &mut Writes);
    /// Makes a change.
    fn make(&mut self, change: Box<dyn Any + Send + Sync>);
    /// Its lease.
    fn lent(&mut self) -> &mut Lease;
}

impl<S: State> Owner for S {
    fn write_change(&self, change: &(dyn Any + Send + Sync), writes: &mut Writes) {
        if let Some(Pending(changes)) = change.downcast_ref::<Pending<S::Change>>() {
            for change in changes {
                self.write_after(change, writes);
            }
        }
    }

    fn make(&mut self, change: Box<dyn Any + Send + Sync>) {
        let change: Box<dyn Any> = change;
        if let Ok(mut pending) = change.downcast::<Pending<S::Change>>() {
            let taken = pending.0.pop();
            drop(pending);
            if let Some(change) = taken {
                self.apply(change);
            }
        }
    }

    fn lent(&mut self) -> &mut Lease {
        self.lease()
    }
}
