// SPDX-License-Identifier: MIT OR Apache-2.0

//! Marks: short hashes (FNV-1a) by which a record that lies in the wrong place is noticed.

/// A mark in the making. It is no secret, and keeps nobody from writing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// The mark of what was added before, and of `bytes`.
    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        let step = |mark: u64, byte: &u8| (mark ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        Self(bytes.iter().fold(self.0, step))
    }

    pub(crate) const fn to_u64(self) -> u64 {
        self.0
    }

    /// The two halves as one.
    pub(crate) const fn to_u32(self) -> u32 {
        let [a, b, c, d, rest @ ..] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        for (text, mark) in
            [("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8)]
        {
            assert_eq!(Mark::new().with(text.as_bytes()).to_u64(), mark, "{text}");
        }
        assert_eq!(Mark::new().with(b"a").to_u32(), 0xAF63_DC4C ^ 0x8601_EC8C);
    }
}
