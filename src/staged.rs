// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: staged changes. Nothing leaves before it is stored.

#[cfg(target_has_atomic = "ptr")]
mod detached;
mod part;

use alloc::vec::Vec;
use core::fmt;

#[cfg(target_has_atomic = "ptr")]
pub use detached::{Detached, States};
pub(crate) use part::State;

use crate::writes::Writes;
use part::{AnyChange, Owner};

/// A state and its change.
type Part<'a> = (&'a mut dyn Owner, AnyChange);

/// The outcome of an operation that changes a state: prepared, not made.
///
/// It borrows the states that it changes - a session, an account, a group key, a repair log, or several of them - and
/// holds the output: a message to send, a received text, an upload. Until it is committed nothing has changed, and
/// dropping it changes nothing. Only committing gives the output, so neither a crash nor a failing store can use a
/// message key twice, burn a prekey without its session, or lose a message.
///
/// * [`commit_with`](Self::commit_with) hands the [`Writes`] to a closure that stores them *in one transaction*, and
///   gives the output if that succeeded. [`commit_async`](Self::commit_async) awaits the closure.
/// * [`commit_with_output`](Self::commit_with_output) shows the closure the output, too. Store a received text in the
///   same transaction: its message cannot be decrypted again. A message to send may go into an outbox there.
///   [`commit_async_with_output`](Self::commit_async_with_output) awaits the closure.
/// * [`detach`](Self::detach) gives an owned stage, for actors, other threads, and bindings.
/// * [`writes`](Self::writes) and [`commit`](Self::commit) are the parts that these are made of.
///
/// # A transaction that may or may not have happened
///
/// A future that is dropped while the store is at work, a connection that is lost after `COMMIT` was sent, a process
/// that ends: the transaction may be durable although nothing was committed here. The state in memory is then one
/// generation behind the store. Nothing is lost, as long as the store compares [generations](crate::store::Write::Put):
/// it refuses the next transaction with [`StaleStage`](crate::store::StaleStage), whose output stays inside. Read the
/// state back from the store then, and go on: the received message is in the store, together with its text.
///
/// # Two stages
///
/// There can't be two stages of one state at a time, and none survives its state:
///
/// ```compile_fail,E0499
/// # use subrosa::{Session, Timestamp, Trust};
/// fn two_at_once(session: &mut Session, rng: &mut impl subrosa::rand_core::CryptoRng) {
///     let now = Timestamp::from_millis(0);
///     let first = session.encrypt(b"one", Trust::Anyone, now, rng);
///     let second = session.encrypt(b"two", Trust::Anyone, now, rng);
///     drop((first, second));
/// }
/// ```
///
/// Nor is the output accessible without a commit:
///
/// ```compile_fail,E0616
/// # use subrosa::{Ciphertext, Staged};
/// fn not_stored(staged: Staged<'_, Ciphertext>) -> Ciphertext {
///     staged.output
/// }
/// ```
#[must_use = "dropping a stage rolls it back"]
pub struct Staged<'a, T> {
    /// A state and its change. Most stages change one state: that one needs no list.
    first: Option<Part<'a>>,
    more: Vec<Part<'a>>,
    /// Writes beside those of the changes.
    writes: Writes,
    output: T,
}

impl<'a, T> Staged<'a, T> {
    /// A change of one state.
    pub(crate) fn of<S: State>(state: &'a mut S, change: S::Change, output: T) -> Self {
        let writes = Writes::default();
        Self { first: Some((state, part::boxed::<S>(change))), more: Vec::new(), writes, output }
    }

    /// Nothing to change or to store.
    pub(crate) fn unchanged(output: T) -> Self {
        Self::new_state(Writes::default(), output)
    }

    /// A new state, with all its writes.
    pub(crate) const fn new_state(writes: Writes, output: T) -> Self {
        Self { first: None, more: Vec::new(), writes, output }
    }

    /// This stage and another, with the output of this one.
    pub(crate) fn and<U>(mut self, other: Staged<'a, U>) -> Self {
        self.more.extend(other.first.into_iter().chain(other.more));
        self.writes.extend(other.writes);
        self
    }

    /// Many stages in one.
    pub(crate) fn all(stages: impl IntoIterator<Item = Self>) -> Staged<'a, Vec<T>> {
        let mut all = Staged::unchanged(Vec::new());
        for stage in stages {
            all.more.extend(stage.first.into_iter().chain(stage.more));
            all.writes.extend(stage.writes);
            all.output.push(stage.output);
        }
        all
    }

    /// The same stage with another output.
    pub(crate) fn map<U>(self, other: impl FnOnce(T) -> U) -> Staged<'a, U> {
        let Self { first, more, writes, output } = self;
        Staged { first, more, writes, output: other(output) }
    }

    fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.first.iter().chain(&self.more)
    }

    /// The writes of one transaction. Made anew at each call.
    pub fn writes(&self) -> Writes {
        let mut writes = self.writes.duplicate();
        for (state, change) in self.parts() {
            state.write_change(&**change, &mut writes);
        }
        writes
    }

    /// Makes the change and gives the output. The caller guarantees that [`writes`](Self::writes) are stored durably.
    pub fn commit(self) -> T {
        let Self { first, more, writes: _, output } = self;
        for (state, change) in first.into_iter().chain(more) {
            state.make(change);
        }
        output
    }

    /// Hands the writes to `store`, and if it succeeds makes the change and gives the output.
    ///
    /// # Errors
    /// The error of `store`; nothing has changed then.
    pub fn commit_with<E>(self, store: impl FnOnce(Writes) -> Result<(), E>) -> Result<T, E> {
        store(self.writes())?;
        Ok(self.commit())
    }

    /// [`commit_with`](Self::commit_with) that shows the output, to be stored in the same transaction: a text that was
    /// received, or a message for the outbox. What follows from a text may be staged in `store` too, such as a sender key that came in
    /// it, and its writes be added: see [`group`](crate::group). Show or send nothing before `store` has succeeded.
    ///
    /// # Errors
    /// The error of `store`; nothing has changed then.
    pub fn commit_with_output<E>(self, store: impl FnOnce(Writes, &T) -> Result<(), E>) -> Result<T, E> {
        store(self.writes(), &self.output)?;
        Ok(self.commit())
    }

    /// [`commit_with`](Self::commit_with) for stores that are awaited. Dropped before it is done, the change is not
    /// made, but may be durable: see [above](Self#a-transaction-that-may-or-may-not-have-happened).
    ///
    /// # Errors
    /// The error of `store`; nothing has changed then.
    pub async fn commit_async<E>(self, store: impl AsyncFnOnce(Writes) -> Result<(), E>) -> Result<T, E> {
        store(self.writes()).await?;
        Ok(self.commit())
    }

    /// [`commit_with_output`](Self::commit_with_output) for stores that are awaited.
    ///
    /// # Errors
    /// The error of `store`; nothing has changed then.
    pub async fn commit_async_with_output<E>(
        self,
        store: impl AsyncFnOnce(Writes, &T) -> Result<(), E>,
    ) -> Result<T, E> {
        store(self.writes(), &self.output).await?;
        Ok(self.commit())
    }
}

impl<T> fmt::Debug for Staged<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first: _, more: _, writes: _, output: _ } = self;
        write!(f, "Staged({} states)", self.parts().count())
    }
}
