// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints.

use std::sync::Arc;

use subrosa_binding as core;

use crate::error::SubrosaError;

/// One side of a conversation.
#[derive(uniffi::Record)]
pub struct Party {
    /// The identifier: the 16 bytes of a service id's UUID (version 2), or a phone number in text (version 1).
    pub identifier: Vec<u8>,
    /// The identity key, 33 bytes.
    pub identity_key: Vec<u8>,
}

impl From<Party> for core::Party {
    fn from(Party { identifier, identity_key }: Party) -> Self {
        Self { identifier, identity_key }
    }
}

/// The fingerprint of a conversation, by which two people check that nobody is between them.
#[derive(uniffi::Object)]
pub struct Fingerprint(core::Fingerprint);

#[uniffi::export]
impl Fingerprint {
    /// A fingerprint of two sides. `iterations` are 5,200 as deployed if not given.
    #[uniffi::constructor(default(iterations = None))]
    pub fn new(
        version: u32,
        ours: Party,
        theirs: Party,
        iterations: Option<u32>,
    ) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::Fingerprint::new(version, &ours.into(), &theirs.into(), iterations)?)))
    }

    /// The 60 digits that people compare: the same on both sides.
    pub fn digits(&self) -> String {
        self.0.digits()
    }

    /// The code to show for scanning.
    pub fn scannable(&self) -> Vec<u8> {
        self.0.scannable()
    }

    /// Compares with the code that was scanned off the other's screen: anything but a match is an error.
    pub fn compare(&self, scanned: Vec<u8>) -> Result<(), SubrosaError> {
        Ok(self.0.compare(&scanned)?)
    }
}
