// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stages that own what they change.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::Staged;
use super::part::{AnyChange, Owner, State};
use crate::writes::{StaleStage, Writes};

/// A stage that owns its change and borrows nothing: it can go to another thread or task, wait in a queue, or cross a
/// foreign-function border.
///
/// While it lives its states can't be changed: their operations return [`Busy`](crate::store::Busy). Dropped, it
/// changes nothing. Committed, it takes its states and gives the output.
///
/// ```
/// # #[cfg(feature = "os-rng")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::thread;
///
/// use subrosa::account::{Counts, Limits};
/// use subrosa::store::Memory;
/// use subrosa::{Account, Address, Timestamp, os_rng};
///
/// let (mut rng, mut store, now) = (os_rng(), Memory::new(), Timestamp::from_secs(1_700_000_000));
/// let bob = Account::generate(Address::new("bob", 1), Limits::default(), &mut rng)?;
/// let mut bob = bob.commit_with(|writes| store.apply(writes))?;
///
/// let (writes, detached) = bob.maintain(Counts::default(), now, &mut rng)?.detach();
/// assert!(bob.maintain(Counts::default(), now, &mut rng).is_err()); // Busy.
/// thread::spawn(move || store.apply(writes)).join().unwrap()?;
/// let upload = detached.commit(&mut bob)?;
/// assert_eq!(upload.one_time_pre_keys.len(), 100);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-rng"))]
/// # fn main() {}
/// ```
#[must_use = "dropping a stage rolls it back"]
pub struct Detached<T> {
    /// The lease of each state, and its change.
    parts: Vec<(Arc<()>, AnyChange)>,
    output: T,
}

impl<T> Staged<'_, T> {
    /// Gives the writes for one transaction, and the stage without its borrow. Until that is committed or dropped its
    /// states return [`Busy`](crate::store::Busy).
    ///
    /// Not on targets without compare-and-swap.
    pub fn detach(self) -> (Writes, Detached<T>) {
        let writes = self.writes();
        let Self { first, more, writes: _, output } = self;
        let parts =
            first.into_iter().chain(more).map(|(state, change)| (state.lent().lend(), change)).collect();
        (writes, Detached { parts, output })
    }
}

impl<T> Detached<T> {
    /// The output, for one purpose: to store it in the transaction of the writes, a received text in the inbox, a
    /// message in the outbox. Show or send it only after [`commit`](Self::commit), which gives it.
    #[must_use]
    pub const fn for_the_same_transaction(&self) -> &T {
        &self.output
    }

    /// Makes the change and gives the output. The caller guarantees that the writes are stored durably. `states` are
    /// those that the stage was made of: a reference to one, a pair, or a `Vec`; others among them stay as they are.
    ///
    /// # Errors
    /// [`StaleStage`] if one of the states is not given, perhaps because it was read again. No state has changed then;
    /// what is stored is newer than they are.
    pub fn commit(self, states: impl States) -> Result<T, StaleStage> {
        let Self { parts, output } = self;
        let mut owners = states.owners();
        let places: Option<Vec<usize>> = parts
            .iter()
            .map(|(holder, _)| owners.iter_mut().position(|owner| owner.lent().is_held_by(holder)))
            .collect();
        for (place, (_, change)) in places.ok_or(StaleStage)?.into_iter().zip(parts) {
            if let Some(owner) = owners.get_mut(place) {
                owner.make(change);
            }
        }
        Ok(output)
    }
}

impl<T> fmt::Debug for Detached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parts, output: _ } = self;
        write!(f, "Detached({} states)", parts.len())
    }
}

/// The states that a [`Detached`] stage is given back to: `&mut` to a [`Session`](crate::Session), an
/// [`Account`](crate::Account), a group's keys or a repair log; two of them as a pair; any number of one type as a
/// `Vec`.
pub trait States: sealed::Sealed {}

impl<T: sealed::Sealed> States for T {}

mod sealed {
    use super::{Owner, State, Vec};

    /// Not for others to implement.
    #[expect(unnameable_types, reason = "seals `store::States`")]
    pub trait Sealed {
        /// The states one by one.
        fn owners<'s>(self) -> Vec<&'s mut dyn Owner>
        where
            Self: 's;
    }

    impl<S: State> Sealed for &mut S {
        fn owners<'s>(self) -> Vec<&'s mut dyn Owner>
        where
            Self: 's,
        {
            alloc::vec![self]
        }
    }

    impl<A: State, B: State> Sealed for (&mut A, &mut B) {
        fn owners<'s>(self) -> Vec<&'s mut dyn Owner>
        where
            Self: 's,
        {
            let (a, b) = self;
            alloc::vec![a, b]
        }
    }

    impl<S: State> Sealed for Vec<&mut S> {
        fn owners<'s>(self) -> Vec<&'s mut dyn Owner>
        where
            Self: 's,
        {
            self.into_iter().map(|state| -> &'s mut dyn Owner { state }).collect()
        }
    }
}
