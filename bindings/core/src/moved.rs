// SPDX-License-Identifier: MIT OR Apache-2.0

//! Devices whose address changes.
//!
//! The crate moves a state by value. Behind a handle it is a copy that moves, by way of the record; the lease of the one
//! that stays is out until the stage is committed or dropped.

use std::sync::MutexGuard;

use subrosa::group::{self, DistributionMessage, Format};
use subrosa::store::{Key, Memory, Write, Writes};
use subrosa::{Detached, os_rng};

use crate::account::Account;
use crate::error::{Code, Error};
use crate::group::ReceiverKeys;
use crate::plain::{Address, Pinned};
use crate::session::Session;
use crate::stage::Stage;
use crate::state::Shared;

/// Locks two states in the order of their places, and gives them in the order of the arguments.
fn both<'s, S>(a: &'s Shared<S>, b: &'s Shared<S>) -> Result<(MutexGuard<'s, S>, MutexGuard<'s, S>), Error> {
    if a.place() == b.place() {
        return Err(Error::argument("a state can't move onto itself"));
    }
    if a.place() < b.place() {
        let first = a.lock();
        return Ok((first, b.lock()));
    }
    let first = b.lock();
    Ok((a.lock(), first))
}

/// A stage after which `to` is `moved`, and `from` what is stored under its address then.
fn stage<S: Send + 'static>(
    writes: &Writes,
    held: [Detached<()>; 2],
    (from, to): (&Shared<S>, &Shared<S>),
    (left, moved): (S, S),
) -> Stage<()> {
    let (from, to) = (from.clone(), to.clone());
    Stage::of_move(writes, held, move || {
        if let Ok((mut from, mut to)) = both(&from, &to) {
            (*from, *to) = (left, moved);
        }
    })
}

impl Account {
    /// Moves the account to another address of this device: from a telephone number to a service id, say. After the
    /// commit this handle is at the new address.
    ///
    /// Its sessions and the keys of its groups move by themselves: each gives a stage. Store the writes of all of them
    /// in one transaction, then commit each.
    pub fn move_to(&self, address: &Address) -> Result<Stage<()>, Error> {
        let mut account = self.0.lock();
        let held = account.advance()?.detach().1;
        let put = |(key, record)| Write::Put { key, record, generation: None };
        let rows = account.rows().into_iter().chain([(Key::Account, account.record())]);
        let rows: Memory = rows.map(put).collect();
        let lost = || Error::new(Code::Missing, "the account's own record is missing".into(), None);
        let copy = rows.account(account.address(), *account.limits())?.ok_or_else(lost)?;
        let config = account.config();
        let copy = copy.with_policy(config.policy).with_receive_limits(config.limits);
        let copy = if config.require_one_time { copy.requiring_one_time() } else { copy };
        let staged = copy.move_to(address.to_subrosa())?;
        let (writes, shared) = (staged.writes(), self.0.clone());
        let moved = staged.commit();
        Ok(Stage::of_move(&writes, [held], move || *shared.lock() = moved))
    }
}

impl Session {
    /// An empty session between two addresses, to [move](Self::move_to) another one to: [`Account::new_session`] knows
    /// the account's present address alone.
    pub fn empty(local: &Address, remote: &Address) -> Self {
        Self::of(subrosa::Session::new(local.to_subrosa(), remote.to_subrosa()))
    }

    /// Moves all sessions to another address of the same device, or of this one. `to` is what is stored under the new
    /// address, or an empty session with it: after the commit it has them all, and this handle has none. They send what
    /// the account's options allow. `pinned` is the identity key that is pinned for the new name.
    ///
    /// Messages of version 4 between service ids carry both: such sessions are `Bound` to them.
    pub fn move_to(&self, account: &Account, to: &Self, pinned: Option<&[u8]>) -> Result<Stage<()>, Error> {
        let (pinned, policy) = (Pinned::new(pinned)?, account.0.lock().config().policy);
        let (mut from, mut target) = both(&self.0, &to.0)?;
        let held = [from.archive()?.detach().1, target.archive()?.detach().1];
        let staged = copy(&from)?.move_to(copy(&target)?, pinned.trust())?;
        let left = subrosa::Session::new(from.local().clone(), from.remote().clone());
        let (writes, moved) = (staged.writes(), staged.commit());
        let states = (left.with_policy(policy), moved.with_policy(policy));
        Ok(stage(&writes, held, (&self.0, &to.0), states))
    }
}

fn copy(session: &subrosa::Session) -> Result<subrosa::Session, Error> {
    let (local, remote) = (session.local().clone(), session.remote().clone());
    Ok(subrosa::Session::from_record(session.record().as_bytes(), local, remote)?)
}

impl ReceiverKeys {
    /// Moves the keys to another address of the sender. `to` is what is stored under the new address, or empty keys of
    /// it: after the commit it has them all, and this handle has none.
    pub fn move_to(&self, to: &Self) -> Result<Stage<()>, Error> {
        let (mut from, mut target) = both(&self.0, &to.0)?;
        let held = [hold(&mut from)?, hold(&mut target)?];
        let copy = |keys: &group::ReceiverKeys| {
            group::ReceiverKeys::from_record(keys.record().as_bytes(), keys.sender().clone())
        };
        let staged = copy(&from)?.move_to(copy(&target)?)?;
        let left = group::ReceiverKeys::new(from.sender().clone(), from.format());
        let writes = staged.writes();
        Ok(stage(&writes, held, (&self.0, &to.0), (left, staged.commit())))
    }
}

/// Takes the lease, with a chain that is never committed.
fn hold(keys: &mut group::ReceiverKeys) -> Result<Detached<()>, Error> {
    let nobodys = group::SenderKey::generate(keys.format(), &mut os_rng());
    let distribution = nobodys.distribution();
    let distribution = match keys.format() {
        Format::WithId(_) => DistributionMessage::parse(&distribution)?,
        Format::WithoutId => DistributionMessage::parse_without_id(&distribution)?,
    };
    let identity = subrosa::IdentityKeyPair::generate(&mut os_rng());
    Ok(keys.process(&distribution, identity.public())?.detach().1)
}
