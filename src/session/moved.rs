// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions whose device, or our own, gets another address.

use super::archive::MAX_ARCHIVED;
use super::state::Version;
use super::{Session, SessionState};
use crate::address::{Address, message_addresses};
use crate::identity::Trust;
use crate::lease::Busy;
use crate::staged::Staged;
use crate::writes::{Key, Writes};

/// The reason that sessions can't go on under another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// An owned stage of one of the two is still open.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The sessions under the new address are with another identity, or [`Trust`] refuses the identity for that name.
    #[error("another identity is known under the new address")]
    OtherIdentity,
    /// Messages of version 4 carry the addresses, or the limits of the session are those of one's own devices.
    #[error("the session is bound to its addresses")]
    Bound,
}

impl Session {
    /// Moves all sessions to another address of the same device, or of this one: from a telephone number to an opaque
    /// id, say. `to` is what is stored under the new address, or a [new](Self::new) value. Its
    /// current session stays the current one, and all others are archived behind its own.
    ///
    /// One transaction stores the sessions and the identity, if `trust` has none pinned under the new name, and deletes
    /// the former record. The identity that is pinned under the former name stays. To move a device's sender keys
    /// in the same transaction, [extend](Extend::extend) the writes with those of
    /// [`ReceiverKeys::move_to`](crate::group::ReceiverKeys::move_to). If the transaction fails, read both back.
    ///
    /// # Errors
    /// [`MoveError`]; the store is as it was.
    pub fn move_to(self, to: Self, trust: Trust<'_>) -> Result<Staged<'static, Self>, MoveError> {
        self.lease.free()?;
        to.lease.free()?;
        self.check_move(&to, trust)?;
        let (former, same_key) = (self.remote.clone(), self.remote == to.remote);
        let generation = if same_key { self.generation } else { to.generation }.wrapping_add(1);
        let moved = Self { generation, ..to.merged_with(self) };
        let mut writes = Writes::default();
        writes.put_state(Key::Session(moved.remote.clone()), moved.record(), generation);
        if !same_key {
            writes.delete(Key::Session(former));
        }
        if let Some(identity) = moved.remote_identity().filter(|_| !trust.is_pinned()) {
            writes.put(Key::Identity(moved.remote.name().clone()), identity.record());
        }
        Ok(Staged::new_state(writes, moved))
    }

    fn check_move(&self, to: &Self, trust: Trust<'_>) -> Result<(), MoveError> {
        let newest = self.newest().map(|state| &state.remote_identity);
        let theirs = to.newest().map(|state| &state.remote_identity);
        if newest.zip(theirs).is_some_and(|(newest, theirs)| newest != theirs)
            || newest.is_some_and(|identity| !trust.accepts(identity))
        {
            return Err(MoveError::OtherIdentity);
        }
        let addresses = |session: &Self| addresses(&session.local, &session.remote);
        let bound = |state: &SessionState| {
            state.version == Version::V4 && addresses(self) != addresses(to)
                || !state.is_bounded(&to.local, &to.remote)
        };
        if self.current.iter().chain(&self.archived).any(|state| bound(state)) {
            return Err(MoveError::Bound);
        }
        Ok(())
    }

    /// These sessions, and behind them those of `former`. Its current one stays that if there is no other.
    fn merged_with(mut self, former: Self) -> Self {
        let Self { mut current, archived, .. } = former;
        if self.current.is_none() && self.archived.is_empty() {
            self.current = current.take();
        }
        if let Some(state) = &mut current {
            state.pending = None;
        }
        self.archived.extend(current.into_iter().chain(archived));
        self.archived.truncate(MAX_ARCHIVED);
        self
    }
}

/// What messages carry of the addresses, in both directions.
fn addresses(local: &Address, remote: &Address) -> [Option<[u8; 36]>; 2] {
    [message_addresses(local, remote), message_addresses(remote, local)]
}
