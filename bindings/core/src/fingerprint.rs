// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints.

use subrosa::fingerprint::{self, FingerprintHash, FingerprintIterations, FingerprintVersion};

use crate::error::Error;
use crate::plain::identity;

/// One side of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The identifier: the 16 bytes of a service id's UUID (version 2), or a phone number in text (version 1).
    pub identifier: Vec<u8>,
    /// The identity key, 33 bytes.
    pub identity_key: Vec<u8>,
}

impl Party {
    fn hash(&self, iterations: FingerprintIterations) -> Result<FingerprintHash, Error> {
        Ok(FingerprintHash::compute(iterations, &self.identifier, &identity(&self.identity_key)?))
    }
}

/// The fingerprint of a conversation, by which two people check that nobody is between them.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(fingerprint::Fingerprint);

impl Fingerprint {
    /// A fingerprint of two sides. `iterations` are 5,200 as deployed if not given.
    pub fn new(version: u32, ours: &Party, theirs: &Party, iterations: Option<u32>) -> Result<Self, Error> {
        let iterations = match iterations {
            Some(number) => FingerprintIterations::new(number)?,
            None => FingerprintIterations::DEPLOYED,
        };
        let (ours, theirs) = (ours.hash(iterations)?, theirs.hash(iterations)?);
        Ok(Self(fingerprint::Fingerprint::new(FingerprintVersion(version), ours, theirs)))
    }

    /// The 60 digits that people compare: the same on both sides.
    pub fn digits(&self) -> String {
        self.0.displayable().as_str().to_owned()
    }

    /// The code to show for scanning.
    pub fn scannable(&self) -> Vec<u8> {
        self.0.scannable().to_bytes()
    }

    /// Compares with the code that was scanned off the other's screen: anything but a match is an error.
    pub fn compare(&self, scanned: &[u8]) -> Result<(), Error> {
        Ok(self.0.scannable().compare(scanned)?)
    }
}
