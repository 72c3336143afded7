// SPDX-License-Identifier: MIT OR Apache-2.0

//! States behind handles.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A state that handles share.
pub(crate) struct Shared<S>(Arc<Mutex<S>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Shared<S> {
    pub(crate) fn new(state: S) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// The state. A panic elsewhere leaves it as it was: changes are made at once, by committing.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that handles of the same state have in common, in whose order several states are locked.
    pub(crate) fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}
