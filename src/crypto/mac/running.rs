// SPDX-License-Identifier: MIT OR Apache-2.0

//! The MACs of all prefixes of data that comes in pieces.

use core::fmt;

use zeroize::{ZeroizeOnDrop, optimization_barrier};

use super::{Hash, MacKey};

/// HMAC-SHA-256 in progress. It gives the MAC of the data so far at any time, and takes more data after that.
pub(crate) struct RunningMac {
    inner: Hash,
    /// SHA-256 after the key's outer pad.
    outer: [u32; 8],
}

impl RunningMac {
    /// Begins with nothing put in.
    #[must_use]
    pub(crate) const fn new(key: &MacKey) -> Self {
        Self { inner: Hash::after_a_block(key.inner), outer: key.outer }
    }

    /// Puts `data` in.
    pub(crate) fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    /// The MAC of the data so far. Public from here on.
    #[must_use]
    pub(crate) fn so_far(&self) -> [u8; 32] {
        let Hash { state, block, filled, len } = self.inner;
        let mut hash = Hash { state, block, filled, len };
        hash.finish();
        hash.restart_with_output(self.outer);
        hash.finish();
        *hash.output().as_bytes()
    }
}

impl Drop for RunningMac {
    fn drop(&mut self) {
        self.outer = [0; 8];
        optimization_barrier(self);
    }
}

impl ZeroizeOnDrop for RunningMac {}

impl fmt::Debug for RunningMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, outer: _ } = self;
        f.write_str("RunningMac(..)")
    }
}
