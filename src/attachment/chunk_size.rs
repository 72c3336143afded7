// SPDX-License-Identifier: MIT OR Apache-2.0

//! Chunk sizes of incremental MACs.

use core::num::NonZeroU32;

use super::error::AttachmentError;

/// The number of bytes in a chunk, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkSize(NonZeroU32);

impl ChunkSize {
    /// 64 KiB, the smallest that [`Self::for_len`] gives.
    pub const SMALLEST: Self = Self(NonZeroU32::MIN.saturating_add((1 << 16) - 1));
    /// 2 MiB, the largest that [`Self::for_len`] gives.
    pub const LARGEST: Self = Self(NonZeroU32::MIN.saturating_add((1 << 21) - 1));

    /// A chunk size.
    ///
    /// # Errors
    /// [`AttachmentError::ZeroChunkSize`] if `bytes` is 0.
    pub const fn new(bytes: u32) -> Result<Self, AttachmentError> {
        match NonZeroU32::new(bytes) {
            Some(bytes) => Ok(Self(bytes)),
            None => Err(AttachmentError::ZeroChunkSize),
        }
    }

    /// The chunk size for `len` bytes, by the deployed rule: 64 KiB up to 16 MiB; above, so that there are 256
    /// chunks; but 2 MiB from 512 MiB on.
    #[must_use]
    pub fn for_len(len: u64) -> Self {
        Self::for_len_and_hash(len, 32)
    }

    /// The rule for MACs of any hash, which aims at 8 KiB of them.
    fn for_len_and_hash(len: u64, hash_len: u64) -> Self {
        let wanted = u32::try_from(len.div_ceil(8_192 / hash_len)).unwrap_or(u32::MAX);
        NonZeroU32::new(wanted)
            .map_or(Self::SMALLEST, |wanted| Self(wanted).clamp(Self::SMALLEST, Self::LARGEST))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// The rule as it is written down.
    fn rule(len: u64, hash_len: u64) -> u64 {
        let count = 8_192 / hash_len;
        if len < count * 65_536 {
            65_536
        } else if len < count * 2_097_152 {
            len.div_ceil(count)
        } else {
            2_097_152
        }
    }

    #[test]
    fn m83_chunk_sizes_from_nothing_to_2_gib() {
        let known = [
            (0, 65_536),
            (16_777_216, 65_536),
            (16_777_217, 65_537),
            (20 << 20, 81_920),
            (536_870_911, 2_097_152),
        ];
        for (len, size) in known {
            assert_eq!(ChunkSize::for_len(len).get(), size, "{len}");
        }
        for hash_len in [32, 64] {
            let count = 8_192 / hash_len;
            let borders = [0, count << 16, count << 21, 2 * GIB, u64::from(u32::MAX), u64::MAX];
            let near = borders.into_iter().flat_map(|at| at.saturating_sub(700)..=at.saturating_add(700));
            for len in near.chain((0..2 * GIB).step_by(999_983)) {
                let size = u64::from(ChunkSize::for_len_and_hash(len, hash_len).get());
                assert_eq!(size, rule(len, hash_len), "{len}");
                let digest = len.div_ceil(size) * hash_len;
                assert!(digest <= 8_192 || len > count << 21, "{len}");
                assert!(digest <= hash_len << 10 || len > 2 * GIB, "{len}");
            }
        }
    }

    #[test]
    fn m84_no_chunk_size_is_zero() {
        assert_eq!(ChunkSize::new(0), Err(AttachmentError::ZeroChunkSize));
        assert_eq!([1, u32::MAX].map(|size| ChunkSize::new(size).unwrap().get()), [1, u32::MAX]);
        assert_eq!((ChunkSize::SMALLEST.get(), ChunkSize::LARGEST.get()), (65_536, 2_097_152));
    }
}
