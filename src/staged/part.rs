// SPDX-License-Identifier: MIT OR Apache-2.0

//! One state and its change.

use alloc::boxed::Box;
#[cfg(target_has_atomic = "ptr")]
use core::any::Any;

use zeroize::Zeroize;

#[cfg(target_has_atomic = "ptr")]
use super::detached::OwnedPart;
use crate::lease::Lease;
use crate::writes::Writes;

/// A state that is changed in stages alone.
pub(crate) trait State: Send + Sync {
    /// A change, held beside the state until it is committed.
    type Change: Send + Sync + 'static;

    /// Adds what is to be stored for `change`.
    fn write_after(&self, change: &Self::Change, writes: &mut Writes);

    /// Makes `change`.
    fn apply(&mut self, change: Self::Change);

    /// Who may change it.
    fn lease(&mut self) -> &mut Lease;
}

/// A change that may be taken out; where it was is wiped then.
pub(super) struct Pending<C>(Option<Wiped<C>>);

/// Gives [`Option`] a wipe of its whole memory. The value itself wipes what it owns when it is dropped.
struct Wiped<C>(C);

impl<C> Zeroize for Wiped<C> {
    fn zeroize(&mut self) {}
}

impl<C> Pending<C> {
    const fn new(change: C) -> Self {
        Self(Some(Wiped(change)))
    }

    pub(super) fn take(&mut self) -> Option<C> {
        let taken = self.0.take().map(|Wiped(change)| change);
        self.0.zeroize();
        taken
    }
}

/// A state and its change, whatever they are.
pub(super) trait Part: Send + Sync {
    fn writes(&self, writes: &mut Writes);
    fn commit(self: Box<Self>);
    #[cfg(target_has_atomic = "ptr")]
    fn detach(self: Box<Self>) -> Option<OwnedPart>;
}

/// See [`Part`].
pub(super) struct Of<'a, S: State> {
    state: &'a mut S,
    change: Pending<S::Change>,
}

impl<'a, S: State> Of<'a, S> {
    pub(super) fn boxed(state: &'a mut S, change: S::Change) -> Box<dyn Part + 'a> {
        Box::new(Self { state, change: Pending::new(change) })
    }
}

impl<S: State> Part for Of<'_, S> {
    fn writes(&self, writes: &mut Writes) {
        if let Some(Wiped(change)) = &self.change.0 {
            self.state.write_after(change, writes);
        }
    }

    fn commit(mut self: Box<Self>) {
        if let Some(change) = self.change.take() {
            self.state.apply(change);
        }
    }

    #[cfg(target_has_atomic = "ptr")]
    fn detach(mut self: Box<Self>) -> Option<OwnedPart> {
        let change = Box::new(Pending::new(self.change.take()?));
        Some(OwnedPart { holder: self.state.lease().lend(), change })
    }
}

/// A state that takes changes back, whatever it is.
#[cfg(target_has_atomic = "ptr")]
pub trait Owner {
    /// Whether the part is of this very state.
    fn owns(&mut self, part: &OwnedPart) -> bool;
    /// Makes the part's change.
    fn take_back(&mut self, part: OwnedPart);
}

#[cfg(target_has_atomic = "ptr")]
impl<S: State> Owner for S {
    fn owns(&mut self, part: &OwnedPart) -> bool {
        self.lease().is_held_by(&part.holder)
    }

    fn take_back(&mut self, part: OwnedPart) {
        let change: Box<dyn Any + Send> = part.change;
        if let Ok(mut change) = change.downcast::<Pending<S::Change>>()
            && let Some(change) = change.take()
        {
            self.apply(change);
        }
    }
}
