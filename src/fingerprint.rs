// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints, by which two people check that nobody is between them.
//!
//! The deployed protocol's form; there is no public specification of it. Signal's apps call the digits a
//! *safety number*.

mod displayable;
mod error;
mod hash;
mod scannable;

pub use displayable::DisplayableFingerprint;
pub use error::FingerprintError;
pub use hash::{FingerprintHash, FingerprintIterations};
pub use scannable::ScannableFingerprint;

/// The kind of identifiers in the hashes. Two sides must use the same.
///
/// Any number is possible. Only the scannable form has it: hashes and digits do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FingerprintVersion(pub u32);

impl FingerprintVersion {
    /// Version 1: identifiers are phone numbers, as UTF-8 text of the form `+14155550123`.
    pub const PHONE_NUMBER: Self = Self(1);
    /// Version 2: identifiers are account identifiers, the 16 bytes of [`ServiceId::uuid`](crate::ServiceId::uuid).
    pub const ACCOUNT: Self = Self(2);
}

/// The fingerprint of a conversation: our identity and the other party's, as we see them.
///
/// The two hashes take the time; this is cheap. People compare the [digits](Self::displayable), which are the same on
/// both sides, or one side's app [compares](ScannableFingerprint::compare) the code that it scanned off the other's
/// screen.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use rand_chacha::rand_core::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
/// use subrosa::IdentityKeyPair;
/// use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};
///
/// let [alice, bob] = [(); 2].map(|()| IdentityKeyPair::generate(&mut rng));
/// // 5,200 rounds each, some milliseconds: once for each person, then kept.
/// let of_alice = FingerprintHash::compute(FingerprintIterations::DEPLOYED, &[0xAA; 16], alice.public());
/// let of_bob = FingerprintHash::compute(FingerprintIterations::DEPLOYED, &[0xBB; 16], bob.public());
///
/// let at_alice = Fingerprint::new(FingerprintVersion::ACCOUNT, of_alice, of_bob);
/// let at_bob = Fingerprint::new(FingerprintVersion::ACCOUNT, of_bob, of_alice);
/// assert_eq!(at_alice.displayable(), at_bob.displayable());
/// println!("{:#}", at_alice.displayable()); // three lines of four groups
///
/// let scanned = at_bob.scannable().to_bytes(); // travels as a QR code
/// at_alice.scannable().compare(&scanned)?; // anything but a match is an error
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    version: FingerprintVersion,
    ours: FingerprintHash,
    theirs: FingerprintHash,
}

impl Fingerprint {
    /// The fingerprint of two parties' hashes.
    #[must_use]
    pub const fn new(version: FingerprintVersion, ours: FingerprintHash, theirs: FingerprintHash) -> Self {
        Self { version, ours, theirs }
    }

    /// The digits that people read to each other: 60, the same on both sides.
    #[must_use]
    pub fn displayable(&self) -> DisplayableFingerprint {
        DisplayableFingerprint::new(&self.ours, &self.theirs)
    }

    /// The form that is shown as a QR code, and that a scanned one is compared with.
    #[must_use]
    pub fn scannable(&self) -> ScannableFingerprint {
        ScannableFingerprint::new(self.version, &self.ours, &self.theirs)
    }
}
