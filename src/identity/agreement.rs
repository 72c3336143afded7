// SPDX-License-Identifier: MIT OR Apache-2.0

//! What stays the same between two identities.

use core::fmt;

use super::{IdentityKey, IdentityKeyPair};
use crate::crypto::curve::{PreparedKey, ZeroAgreement};
use crate::crypto::secret::Secret;

/// The agreement of our identity key with a contact's, which every envelope of sealed sender between the two is made
/// of: whoever keeps it saves half of what sealing and opening cost.
///
/// As secret as our identity key, for this contact: it lives in memory alone, has no stored form, and is wiped when
/// dropped. About 320 bytes.
///
/// ```
/// # use subrosa::{IdentityAgreement, IdentityKeyPair};
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let (alice, bob) = (IdentityKeyPair::generate(&mut rng), IdentityKeyPair::generate(&mut rng));
/// let kept = IdentityAgreement::new(&alice, bob.public())?;
/// assert!(kept.is_between(alice.public(), bob.public()));
/// # Ok::<(), subrosa::ZeroAgreement>(())
/// ```
pub struct IdentityAgreement {
    ours: IdentityKey,
    theirs: IdentityKey,
    prepared: PreparedKey,
    agreed: Secret<32>,
}

impl IdentityAgreement {
    /// Agrees: one X25519.
    ///
    /// # Errors
    /// [`ZeroAgreement`] if `theirs` is of low order.
    pub fn new(ours: &IdentityKeyPair, theirs: &IdentityKey) -> Result<Self, ZeroAgreement> {
        let prepared = theirs.public_key().prepare();
        let agreed = ours.private().agree_with(&prepared)?;
        Ok(Self { ours: *ours.public(), theirs: *theirs, prepared, agreed })
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

    /// Whether it is the agreement of these two.
    #[must_use]
    pub fn is_between(&self, ours: &IdentityKey, theirs: &IdentityKey) -> bool {
        self.ours == *ours && self.theirs == *theirs
    }

    /// Their key, prepared.
    pub(crate) const fn prepared(&self) -> &PreparedKey {
        &self.prepared
    }

    /// What was agreed.
    pub(crate) const fn agreed(&self) -> &Secret<32> {
        &self.agreed
    }
}

/// Of the same two identities: all else follows from them.
impl PartialEq for IdentityAgreement {
    fn eq(&self, other: &Self) -> bool {
        self.is_between(&other.ours, &other.theirs)
    }
}

impl Eq for IdentityAgreement {}

impl fmt::Debug for IdentityAgreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ours, theirs, prepared: _, agreed: _ } = self;
        f.debug_struct("IdentityAgreement")
            .field("ours", ours)
            .field("theirs", theirs)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::curve::PrivateKey;

    #[test]
    fn an_agreement_is_of_both_and_in_this_order() {
        let [ours, theirs, other] = [1, 2, 3]
            .map(|byte| IdentityKeyPair::from_private(PrivateKey::from_secret(&Secret::new([byte; 32]))));
        let (a, b, c) = (ours.public(), theirs.public(), other.public());
        let agreement = IdentityAgreement::new(&ours, b).unwrap();
        assert!(agreement.is_between(a, b));
        assert!(!agreement.is_between(a, c) && !agreement.is_between(c, b) && !agreement.is_between(b, a));
        assert!(agreement == IdentityAgreement::new(&ours, b).unwrap());
        assert!(agreement != IdentityAgreement::new(&ours, c).unwrap());
        assert!(agreement != IdentityAgreement::new(&other, b).unwrap());
    }
}
