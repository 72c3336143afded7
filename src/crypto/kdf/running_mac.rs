// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC-SHA-256 of data that comes in pieces, and of each beginning of it.

use core::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::MacKey;

/// The MAC of what was put in so far can be had at any time, and more can be put in after.
pub struct RunningMac(Hmac<Sha256>);

impl RunningMac {
    /// Begins with nothing put in.
    #[must_use]
    pub fn new(key: &MacKey) -> Self {
        Self(key.0.clone())
    }

    /// Puts `data` in.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The MAC of all that was put in. Public from here on.
    #[must_use]
    pub fn so_far(&self) -> [u8; 32] {
        self.0.clone().finalize().into_bytes().into()
    }
}

impl fmt::Debug for RunningMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningMac(..)")
    }
}
