// SPDX-License-Identifier: MIT OR Apache-2.0

//! Owned stages.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use subrosa::store::{StaleStage, Writes};
use subrosa::{Detached, Session, Staged};
use zeroize::Zeroizing;

use crate::error::{Code, Error};
use crate::state::Shared;
use crate::store::{Write, list};

/// The outcome of an operation that changes a state: prepared, not made.
///
/// Store the writes in one transaction, then commit, which gives the output. A stage that is rolled back or dropped
/// changes nothing.
pub struct Stage<T>(Mutex<Option<Open<T>>>);

struct Open<T> {
    writes: Zeroizing<Vec<u8>>,
    pending: Box<dyn Pending<T>>,
}

/// What a stage waits to do.
pub(crate) trait Pending<T>: Send {
    fn output(&self) -> Option<T>;
    fn commit(self: Box<Self>) -> Result<T, StaleStage>;
}

impl<T: 'static> Stage<T> {
    pub(crate) fn new(writes: &Writes, pending: impl Pending<T> + 'static) -> Self {
        Self(Mutex::new(Some(Open { writes: writes.to_bytes(), pending: Box::new(pending) })))
    }

    /// A stage of one state.
    pub(crate) fn of<S, D: Send + 'static>(
        staged: Staged<'_, D>,
        state: &Shared<S>,
        view: fn(&D) -> T,
    ) -> Self
    where
        S: Send + 'static,
        for<'s> &'s mut S: subrosa::store::States,
    {
        let (writes, detached) = staged.detach();
        let state = state.clone();
        Self::new(
            &writes,
            One { detached, view, commit: move |detached: Detached<D>| detached.commit(&mut *state.lock()) },
        )
    }

    /// A stage of two states, which are locked in this order.
    pub(crate) fn of_two<A, B, D: Send + 'static>(
        staged: Staged<'_, D>,
        (first, second): (&Shared<A>, &Shared<B>),
        view: fn(&D) -> T,
    ) -> Self
    where
        A: Send + 'static,
        B: Send + 'static,
        for<'s> (&'s mut A, &'s mut B): subrosa::store::States,
    {
        let (writes, detached) = staged.detach();
        let (first, second) = (first.clone(), second.clone());
        let commit = move |detached: Detached<D>| detached.commit((&mut *first.lock(), &mut *second.lock()));
        Self::new(&writes, One { detached, view, commit })
    }

    /// A stage of sessions, which are locked in this order.
    pub(crate) fn of_sessions<D: Send + 'static>(
        staged: Staged<'_, D>,
        sessions: Vec<Shared<Session>>,
        view: fn(&D) -> T,
    ) -> Self {
        let (writes, detached) = staged.detach();
        let commit = move |detached: Detached<D>| {
            let mut locked: Vec<_> = sessions.iter().map(Shared::lock).collect();
            detached.commit(locked.iter_mut().map(|session| &mut **session).collect::<Vec<_>>())
        };
        Self::new(&writes, One { detached, view, commit })
    }

    /// A stage of a state that is new: it is nowhere else yet.
    pub(crate) fn of_new(writes: &Writes, state: T) -> Self
    where
        T: Send,
    {
        Self::new(writes, New(state))
    }

    /// The writes in bytes, as [`Writes::to_bytes`] has them. They hold secrets.
    pub fn writes_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.with(|open| Ok(open.writes.clone()))
    }

    /// The writes, one by one: all of them belong into one transaction.
    pub fn writes(&self) -> Result<Vec<Write>, Error> {
        self.with(|open| list(&open.writes))
    }

    /// The output, to be stored in the transaction of the writes and for nothing else: a received text in the inbox,
    /// a message in the outbox. Show or send it after `commit`.
    pub fn output_for_the_same_transaction(&self) -> Result<T, Error> {
        let none = || Error::new(Code::NoOutput, "the stage has no output to be stored".into(), None);
        self.with(|open| open.pending.output().ok_or_else(none))
    }

    /// Makes the change and gives the output. The caller guarantees that the writes are stored durably.
    pub fn commit(&self) -> Result<T, Error> {
        let open = self.take().ok_or_else(closed)?;
        Ok(open.pending.commit()?)
    }

    /// Drops the change. Nothing happens if the stage is closed.
    pub fn roll_back(&self) {
        drop(self.take());
    }

    /// Returns whether the stage was neither committed nor rolled back.
    pub fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take(&self) -> Option<Open<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn with<R>(&self, then: impl FnOnce(&Open<T>) -> Result<R, Error>) -> Result<R, Error> {
        then(self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or_else(closed)?)
    }
}

impl Stage<()> {
    /// A stage of states whose places others take. Until it is closed the leases in `held` are out.
    pub(crate) fn of_move<const N: usize>(
        writes: &Writes,
        held: [Detached<()>; N],
        replace: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self::new(writes, Move { held, replace })
    }
}

fn closed() -> Error {
    Error::new(Code::Closed, "the stage was committed or rolled back before".into(), None)
}

/// A detached stage, what its output looks like in plain types, and how it takes its states back.
struct One<D, T, C> {
    detached: Detached<D>,
    view: fn(&D) -> T,
    commit: C,
}

impl<D: Send, T, C: FnOnce(Detached<D>) -> Result<D, StaleStage> + Send> Pending<T> for One<D, T, C> {
    fn output(&self) -> Option<T> {
        Some((self.view)(self.detached.for_the_same_transaction()))
    }

    fn commit(self: Box<Self>) -> Result<T, StaleStage> {
        let Self { detached, view, commit } = *self;
        commit(detached).map(|output| view(&output))
    }
}

struct Move<const N: usize, R> {
    held: [Detached<()>; N],
    replace: R,
}

impl<const N: usize, R: FnOnce() + Send> Pending<()> for Move<N, R> {
    fn output(&self) -> Option<()> {
        Some(())
    }

    fn commit(self: Box<Self>) -> Result<(), StaleStage> {
        let Self { held, replace } = *self;
        drop(held);
        replace();
        Ok(())
    }
}

struct New<T>(T);

impl<T: Send> Pending<T> for New<T> {
    fn output(&self) -> Option<T> {
        None
    }

    fn commit(self: Box<Self>) -> Result<T, StaleStage> {
        Ok(self.0)
    }
}

impl<T> fmt::Debug for Stage<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stage(..)")
    }
}
