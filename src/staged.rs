// SPDX-License-Identifier: MIT OR Apache-2.0

//! Staged changes: nothing leaves before it is stored.

use alloc::vec::Vec;
use core::fmt;

use crate::plaintext::Plaintext;
use crate::record::Record;

/// A state that is only changed in stages. Implemented by this crate's own types alone.
pub trait State: sealed::Sealed {
    /// What else must be stored, in the same transaction as the state's record.
    type Effects;
}

/// The crate's inner side of [`State`].
pub(crate) mod sealed {
    use crate::record::Record;

    /// How a state records and makes a change.
    pub trait Sealed {
        /// A change, held beside the state until it is committed.
        type Change;

        /// The record of the state as it will be after `change`.
        fn record_after(&self, change: &Self::Change) -> Record;

        /// What `change` changes, if that has a stored form by itself.
        fn delta_after(&self, _change: &Self::Change) -> Option<Record> {
            None
        }

        /// Makes `change`.
        fn apply(&mut self, change: Self::Change);
    }

    /// See [`super::Received`].
    pub trait Received {}

    /// See [`super::InPlace`]. Dropping it puts the buffer back as it was.
    pub trait InPlace {
        /// What is released.
        type Output;

        /// Leaves the buffer as it now is.
        fn release(self) -> Self::Output;
    }
}

/// An output that lies in a buffer of the caller's.
pub trait InPlace: sealed::InPlace {}

/// An output that came from a peer: what was decrypted, and what is known about who sent it.
pub trait Received: sealed::Received {}

impl sealed::Received for Plaintext {}
impl Received for Plaintext {}

/// What a store that appends is to store.
///
/// Deltas come from [`Session`](crate::Session)s alone. A message changes some 100 bytes of a session, whose record
/// may have 145,000 if it holds skipped keys. Keep the last whole record and all deltas after it, give them to
/// [`Session::from_record_and_deltas`](crate::Session::from_record_and_deltas), and write the whole
/// [record](crate::Session::record) from time to time, in a transaction that deletes the deltas.
#[derive(Debug)]
pub enum Stored {
    /// To be appended to what is stored. A secret as the record is.
    Delta(Record),
    /// To replace the record and all deltas.
    Whole(Record),
}

/// The outcome of an operation that changes a state: not made yet, only prepared.
///
/// The state is as before until the stage is committed; dropping the stage changes nothing. The output - a
/// message to be sent, a plaintext to be shown - comes out only by committing, so a crash or a failing
/// store can't lead to a message key used twice. Nor to a message lost, if a received plaintext is stored in
/// that same transaction: [`Staged::received`] and [`Staged::commit_with_received`] show it for that.
///
/// * [`commit_with`](Self::commit_with) hands record and effects to a closure that stores them *in one
///   transaction*, and gives the output if that succeeded.
/// * [`record`](Self::record), [`effects`](Self::effects) and [`commit`](Self::commit) are for stores that
///   can't be called from a closure: store both, wait until that is durable, then commit.
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
/// Nor does the output come out without a commit:
///
/// ```compile_fail,E0616
/// # use subrosa::{Ciphertext, Session, Staged};
/// fn not_stored(staged: Staged<'_, Session, Ciphertext>) -> Ciphertext {
///     staged.output
/// }
/// ```
#[must_use = "dropping a stage rolls it back"]
pub struct Staged<'a, S: State, T> {
    state: &'a mut S,
    change: S::Change,
    effects: S::Effects,
    output: T,
}

impl<'a, S: State, T> Staged<'a, S, T> {
    pub(crate) const fn new(state: &'a mut S, change: S::Change, effects: S::Effects, output: T) -> Self {
        Self { state, change, effects, output }
    }

    /// The state's record as it will be. To be stored in one transaction with the effects.
    #[must_use]
    pub fn record(&self) -> Record {
        self.state.record_after(&self.change)
    }

    /// What is to be stored by a store that appends: a delta to the records before, where there is such a form, and
    /// the whole record otherwise.
    #[must_use]
    pub fn stored(&self) -> Stored {
        match self.state.delta_after(&self.change) {
            Some(delta) => Stored::Delta(delta),
            None => Stored::Whole(self.record()),
        }
    }

    /// What else is to be stored in the same transaction.
    #[must_use]
    pub const fn effects(&self) -> &S::Effects {
        &self.effects
    }

    /// The same stage with another output.
    pub(crate) fn map<U>(self, other: impl FnOnce(T) -> U) -> Staged<'a, S, U> {
        let Self { state, change, effects, output } = self;
        Staged { state, change, effects, output: other(output) }
    }

    /// The same stage with another output, if there is one. The state is as it still is.
    pub(crate) fn try_map<U, E>(
        self,
        other: impl FnOnce(&S, T) -> Result<U, E>,
    ) -> Result<Staged<'a, S, U>, E> {
        let Self { state, change, effects, output } = self;
        let output = other(state, output)?;
        Ok(Staged { state, change, effects, output })
    }

    /// The state as it still is: whose record this is.
    #[must_use]
    pub const fn state(&self) -> &S {
        self.state
    }

    /// Makes the change and gives the output. The caller vouches that record and effects are stored durably.
    pub fn commit(self) -> T {
        let Self { state, change, effects: _, output } = self;
        state.apply(change);
        output
    }

    /// Calls `store` with record and effects, then makes the change and gives the output.
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed.
    pub fn commit_with<E>(self, store: impl FnOnce(&Record, &S::Effects) -> Result<(), E>) -> Result<T, E> {
        store(&self.record(), &self.effects)?;
        Ok(self.commit())
    }
}

impl<S: State, T: Received> Staged<'_, S, T> {
    /// What was received. To be stored in one transaction with record and effects: once those are stored, the
    /// message does not decrypt again, so that a crash before the plaintext is stored would lose it.
    #[must_use]
    pub const fn received(&self) -> &T {
        &self.output
    }

    /// [`commit_with`](Self::commit_with) that shows what was received, too, for it to be stored in the same
    /// transaction.
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed, and the message can be received again.
    pub fn commit_with_received<E>(
        self,
        store: impl FnOnce(&Record, &S::Effects, &T) -> Result<(), E>,
    ) -> Result<T, E> {
        store(&self.record(), &self.effects, &self.output)?;
        Ok(self.commit())
    }
}

/// Stages of several states that belong together: to be stored *in one transaction*; then all changes are made at
/// once.
#[must_use = "dropping a stage rolls it back"]
pub struct StagedAll<'a, S: State, T>(Vec<Staged<'a, S, T>>);

impl<'a, S: State, T> StagedAll<'a, S, T> {
    pub(crate) const fn new(stages: Vec<Staged<'a, S, T>>) -> Self {
        Self(stages)
    }

    /// The stages: records and effects of each, and the state that they are of.
    pub fn stages(&self) -> &[Staged<'a, S, T>] {
        &self.0
    }

    /// Makes all changes and gives the outputs. The caller vouches that all records and effects are stored durably.
    pub fn commit(self) -> Vec<T> {
        self.0.into_iter().map(Staged::commit).collect()
    }

    /// Has `store` store all records and effects, then makes all changes and gives the outputs.
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed.
    pub fn commit_with<E>(
        self,
        store: impl FnOnce(&[Staged<'a, S, T>]) -> Result<(), E>,
    ) -> Result<Vec<T>, E> {
        store(&self.0)?;
        Ok(self.commit())
    }
}

impl<S: State, T> fmt::Debug for StagedAll<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stages) = self;
        write!(f, "StagedAll({} stages)", stages.len())
    }
}

impl<S: State, T> fmt::Debug for Staged<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state: _, change: _, effects: _, output: _ } = self;
        f.write_str("Staged(..)")
    }
}

/// A [`Staged`] change whose output lies in a buffer of the caller's, which can't be looked at, or used otherwise,
/// before the stage is committed. Dropping it leaves state and buffer as they were.
#[must_use = "dropping a stage rolls it back"]
pub struct StagedInPlace<'s, S: State, H: InPlace> {
    staged: Staged<'s, S, ()>,
    held: H,
}

impl<'s, S: State, H: InPlace> StagedInPlace<'s, S, H> {
    pub(crate) const fn new(staged: Staged<'s, S, ()>, held: H) -> Self {
        Self { staged, held }
    }

    /// See [`Staged::record`].
    #[must_use]
    pub fn record(&self) -> Record {
        self.staged.record()
    }

    /// See [`Staged::stored`].
    #[must_use]
    pub fn stored(&self) -> Stored {
        self.staged.stored()
    }

    /// See [`Staged::effects`].
    #[must_use]
    pub const fn effects(&self) -> &S::Effects {
        self.staged.effects()
    }

    /// See [`Staged::commit`].
    pub fn commit(self) -> H::Output {
        let Self { staged, held } = self;
        staged.commit();
        held.release()
    }

    /// See [`Staged::commit_with`].
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed.
    pub fn commit_with<E>(
        self,
        store: impl FnOnce(&Record, &S::Effects) -> Result<(), E>,
    ) -> Result<H::Output, E> {
        store(&self.record(), self.effects())?;
        Ok(self.commit())
    }
}

impl<S: State, H: InPlace + Received> StagedInPlace<'_, S, H> {
    /// See [`Staged::received`].
    #[must_use]
    pub const fn received(&self) -> &H {
        &self.held
    }

    /// See [`Staged::commit_with_received`].
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed, and the message can be received again.
    pub fn commit_with_received<E>(
        self,
        store: impl FnOnce(&Record, &S::Effects, &H) -> Result<(), E>,
    ) -> Result<H::Output, E> {
        store(&self.record(), self.effects(), &self.held)?;
        Ok(self.commit())
    }
}

impl<S: State, H: InPlace> fmt::Debug for StagedInPlace<'_, S, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { staged: _, held: _ } = self;
        f.write_str("StagedInPlace(..)")
    }
}
