// SPDX-License-Identifier: MIT OR Apache-2.0

//! The secret that two identities share.

use alloc::vec::Vec;
use core::fmt;

use super::{IdentityKey, IdentityKeyPair};
use crate::crypto::curve::{Agreed, NonContributory, Pair, PreparedKey};
use crate::crypto::secret::Secret;

/// The static-static X25519 of our identity key and a contact's. Every sealed-sender envelope between the two depends
/// on it and it never changes: keeping it saves half the cost of sealing and opening.
///
/// It is as secret as our identity key, for this contact. It lives in memory alone, has no stored form, and is wiped
/// when dropped. About 320 bytes.
///
/// ```
/// # use subrosa::IdentityKeyPair;
/// # use subrosa::sealed::ContactSecret;
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let (alice, bob) = (IdentityKeyPair::generate(&mut rng), IdentityKeyPair::generate(&mut rng));
/// let kept = ContactSecret::new(&alice, bob.public())?;
/// assert!(kept.is_between(alice.public(), bob.public()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ContactSecret {
    ours: IdentityKey,
    theirs: IdentityKey,
    prepared: PreparedKey,
    agreed: Secret<32>,
}

impl ContactSecret {
    /// Agrees: one X25519.
    ///
    /// # Errors
    /// [`NonContributory`] if `theirs` is of low order.
    pub fn new(ours: &IdentityKeyPair, theirs: &IdentityKey) -> Result<Self, NonContributory> {
        let prepared = theirs.public_key().prepare();
        let agreed = ours.private().diffie_hellman_with(&prepared)?;
        Ok(Self { ours: *ours.public(), theirs: *theirs, prepared, agreed })
    }

    /// [`new`](Self::new) with several contacts, in their order.
    pub(crate) fn each(
        ours: &IdentityKeyPair,
        contacts: &[&IdentityKey],
    ) -> Vec<Result<Self, NonContributory>> {
        let prepared: Vec<PreparedKey> =
            contacts.iter().map(|theirs| theirs.public_key().prepare()).collect();
        let pairs: Vec<Pair<'_>> = prepared.iter().map(|theirs| (ours.private(), theirs)).collect();
        let agreed = Agreed::of(&pairs);
        let contacts = contacts.iter().zip(&prepared).zip(agreed.iter());
        contacts
            .map(|((theirs, prepared), agreed)| {
                let (ours, agreed) = (*ours.public(), agreed?.duplicate());
                Ok(Self { ours, theirs: **theirs, prepared: *prepared, agreed })
            })
            .collect()
    }

    /// Our identity key.
    #[must_use]
    pub const fn ours(&self) -> &IdentityKey {
        &self.ours
    }

    /// The contact's identity key.
    #[must_use]
    pub const fn theirs(&self) -> &IdentityKey {
        &self.theirs
    }

    /// Returns whether it is the agreement of these two.
    #[must_use]
    pub fn is_between(&self, ours: &IdentityKey, theirs: &IdentityKey) -> bool {
        self.ours == *ours && self.theirs == *theirs
    }

    /// Their key, prepared.
    pub(crate) const fn prepared(&self) -> &PreparedKey {
        &self.prepared
    }

    /// The shared secret.
    pub(crate) const fn agreed(&self) -> &Secret<32> {
        &self.agreed
    }
}

/// Compares the two identities, from which the rest follows.
impl PartialEq for ContactSecret {
    fn eq(&self, other: &Self) -> bool {
        self.is_between(&other.ours, &other.theirs)
    }
}

impl Eq for ContactSecret {}

impl fmt::Debug for ContactSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ours: _, theirs: _, prepared: _, agreed: _ } = self;
        f.write_str("ContactSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::curve::PrivateKey;

    #[test]
    fn order_of_the_identities_matters() {
        let [ours, theirs, other] = [1, 2, 3]
            .map(|byte| IdentityKeyPair::from_private(PrivateKey::from_secret(&Secret::new([byte; 32]))));
        let (a, b, c) = (ours.public(), theirs.public(), other.public());
        let agreement = ContactSecret::new(&ours, b).unwrap();
        assert!(agreement.is_between(a, b));
        assert!(!agreement.is_between(a, c) && !agreement.is_between(c, b) && !agreement.is_between(b, a));
        assert!(agreement == ContactSecret::new(&ours, b).unwrap());
        assert!(agreement != ContactSecret::new(&ours, c).unwrap());
        assert!(agreement != ContactSecret::new(&other, b).unwrap());
    }
}
