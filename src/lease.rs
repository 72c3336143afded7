// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: leases, which let either a state's own operations or an owned stage change it.

#[cfg(target_has_atomic = "ptr")]
use alloc::sync::{Arc, Weak};

/// An owned stage of this state is neither committed nor dropped. Wait for that, or drop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another stage of this state is still open")]
pub struct Busy;

/// A state's lease, lent to an owned stage for as long as that lives. In memory alone.
///
/// Without compare-and-swap there are no owned stages, and nothing to lend.
#[expect(unnameable_types, reason = "seals `store::States`")]
#[derive(Debug, Default)]
pub struct Lease {
    #[cfg(target_has_atomic = "ptr")]
    held: Weak<()>,
}

impl Lease {
    /// A lease that nobody holds.
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(target_has_atomic = "ptr")]
            held: Weak::new(),
        }
    }

    /// Checks that the state may be changed now.
    ///
    /// # Errors
    /// [`Busy`].
    #[cfg_attr(
        not(target_has_atomic = "ptr"),
        expect(clippy::unused_self, reason = "there are owned stages elsewhere")
    )]
    pub(crate) fn free(&self) -> Result<(), Busy> {
        #[cfg(target_has_atomic = "ptr")]
        if self.held.strong_count() > 0 {
            return Err(Busy);
        }
        Ok(())
    }

    /// Lends it.
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) fn lend(&mut self) -> Arc<()> {
        let holder = Arc::new(());
        self.held = Arc::downgrade(&holder);
        holder
    }

    /// Returns whether it is lent to this holder.
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) fn is_held_by(&self, holder: &Arc<()>) -> bool {
        core::ptr::eq(self.held.as_ptr(), Arc::as_ptr(holder))
    }
}
