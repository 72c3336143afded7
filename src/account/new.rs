// SPDX-License-Identifier: MIT OR Apache-2.0

//! An account that is not stored yet.

use core::fmt;

use super::Account;
use super::effects::AccountEffects;
use crate::record::Record;

/// An account that was made, or read from elsewhere, and is not stored yet. As with a
/// [`Staged`](crate::Staged) change it comes out only when it is.
#[must_use = "dropping it forgets the account"]
pub struct NewAccount {
    account: Account,
    effects: AccountEffects,
}

impl NewAccount {
    pub(super) fn new(account: Account) -> Self {
        let effects = AccountEffects { put: account.rows(), ..AccountEffects::default() };
        Self::with_effects(account, effects)
    }

    pub(super) const fn with_effects(account: Account, effects: AccountEffects) -> Self {
        Self { account, effects }
    }

    /// The account's own record. To be stored in one transaction with the effects.
    #[must_use]
    pub fn record(&self) -> Record {
        self.account.record()
    }

    /// The other records.
    #[must_use]
    pub const fn effects(&self) -> &AccountEffects {
        &self.effects
    }

    /// Gives the account. The caller vouches that record and effects are stored durably.
    #[must_use]
    pub fn commit(self) -> Account {
        self.account
    }

    /// Calls `store` with record and effects, then gives the account.
    ///
    /// # Errors
    /// What `store` returned.
    pub fn commit_with<E>(
        self,
        store: impl FnOnce(&Record, &AccountEffects) -> Result<(), E>,
    ) -> Result<Account, E> {
        store(&self.record(), &self.effects)?;
        Ok(self.commit())
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, effects: _ } = self;
        write!(f, "NewAccount({account:?}, ..)")
    }
}
