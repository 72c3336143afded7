// SPDX-License-Identifier: MIT OR Apache-2.0

//! The limits of stored chains.

use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const MAX_JUMP: u32 = 1;
const MAX_OLD_KEYS: u32 = 2;

/// Limits of a chain; 0 stands for the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredLimits {
    /// Greatest distance of an index ahead.
    pub max_jump: u32,
    /// Greatest distance of a key behind the newest one.
    pub max_old_keys: u32,
}

impl<'a> Merge<'a> for StoredLimits {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                MAX_JUMP => self.max_jump = field.uint32()?,
                MAX_OLD_KEYS => self.max_old_keys = field.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredLimits {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(MAX_JUMP, self.max_jump);
        out.varint_unless_zero(MAX_OLD_KEYS, self.max_old_keys);
    }
}
