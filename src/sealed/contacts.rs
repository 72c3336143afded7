// SPDX-License-Identifier: MIT OR Apache-2.0

//! Contact secrets that the caller keeps, looked up by the contact's identity key.

use core::fmt;
use core::ops::Deref;

use crate::crypto::curve::NonContributory;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair};

/// Looks up the agreement with a contact.
type Lookup<'f, 'k> = &'f dyn Fn(&IdentityKey) -> Option<&'k ContactSecret>;

/// The agreements that the caller keeps.
#[derive(Clone, Copy)]
pub(super) struct Contacts<'f, 'k>(Option<Lookup<'f, 'k>>);

impl<'f, 'k> Contacts<'f, 'k> {
    /// None is kept.
    pub(super) const NONE: Self = Self(None);

    /// Those that `lookup` finds.
    #[must_use]
    pub(super) const fn new(lookup: Lookup<'f, 'k>) -> Self {
        Self(Some(lookup))
    }

    /// The agreement of `ours` with `theirs`: the one that is kept, or a new one.
    ///
    /// # Errors
    /// [`NonContributory`] if `theirs` is of low order.
    pub(super) fn with(
        &self,
        ours: &IdentityKeyPair,
        theirs: &IdentityKey,
    ) -> Result<Agreement<'k>, NonContributory> {
        let kept = self.0.and_then(|lookup| lookup(theirs));
        match kept.filter(|kept| kept.is_between(ours.public(), theirs)) {
            Some(kept) => Ok(Agreement::Kept(kept)),
            None => ContactSecret::new(ours, theirs).map(Agreement::New),
        }
    }
}

/// An agreement that was kept, or is new.
#[allow(clippy::large_enum_variant, reason = "one is held at a time, and not for long")]
pub(super) enum Agreement<'k> {
    /// The caller's.
    Kept(&'k ContactSecret),
    /// Ours.
    New(ContactSecret),
}

impl Deref for Agreement<'_> {
    type Target = ContactSecret;

    fn deref(&self) -> &ContactSecret {
        match self {
            Self::Kept(kept) => kept,
            Self::New(new) => new,
        }
    }
}

impl fmt::Debug for Contacts<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contacts(..)")
    }
}
