// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, thrown};

/// The fingerprint of a conversation, by which two people check that nobody is between them.
#[wasm_bindgen]
pub struct Fingerprint(core::Fingerprint);

#[wasm_bindgen]
impl Fingerprint {
    /// A fingerprint of version 2, whose identifiers are the 16 bytes of a service id's UUID, or 1, of phone numbers in
    /// text. `iterations` are 5,200 as deployed if not given.
    #[wasm_bindgen(constructor)]
    pub fn new(
        version: u32,
        our_id: Vec<u8>,
        our_key: Vec<u8>,
        their_id: Vec<u8>,
        their_key: Vec<u8>,
        iterations: Option<u32>,
    ) -> Fallible<Self> {
        let ours = core::Party { identifier: our_id, identity_key: our_key };
        let theirs = core::Party { identifier: their_id, identity_key: their_key };
        Ok(Self(core::Fingerprint::new(version, &ours, &theirs, iterations).map_err(thrown)?))
    }

    /// The 60 digits that people compare: the same on both sides.
    #[wasm_bindgen(getter)]
    pub fn digits(&self) -> String {
        self.0.digits()
    }

    /// The code to show for scanning.
    #[wasm_bindgen(getter)]
    pub fn scannable(&self) -> Vec<u8> {
        self.0.scannable()
    }

    /// Compares with the code that was scanned off the other's screen: anything but a match throws.
    pub fn compare(&self, scanned: &[u8]) -> Fallible<()> {
        self.0.compare(scanned).map_err(thrown)
    }
}
