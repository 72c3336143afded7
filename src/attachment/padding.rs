// SPDX-License-Identifier: MIT OR Apache-2.0

//! Padding: the lengths that attachments are padded to, and the length of the encrypted form.

use crate::crypto::cbc::BLOCK_LEN;

/// The smallest bucket, in bytes: 1.05^129, rounded down.
const SMALLEST: u64 = 541;

/// Length of the MAC at the end, in bytes.
const MAC_LEN: u64 = 32;

/// Bits after the binary point. With this many, and rounding down at each step, powers up to 2^42 have the right whole
/// part; a test checks each.
const FRACTION: u32 = 80;

/// The length that `len` bytes of plaintext are padded to: the next bucket. Buckets are 5 % apart.
///
/// ```text
/// max(541, floor(1.05^ceil(log_1.05(len))))
/// ```
///
/// Beyond the last bucket below 4 TiB, lengths stay as they are.
pub(super) fn padded_len(len: u64) -> u64 {
    // 1.05^k for k = 0, 1, … Its whole part reaches `len` where it does itself, because `len` is whole.
    let mut power: u128 = 1 << FRACTION;
    while power >> FRACTION < u128::from(len.max(SMALLEST)) {
        power += power / 20;
        if power >> FRACTION >= 1 << 42 {
            return len;
        }
    }
    u64::try_from(power >> FRACTION).unwrap_or(len)
}

/// The length of the blob for `len` bytes of plaintext: IV, padded plaintext in whole blocks, MAC.
pub(super) fn blob_len(len: u64) -> u64 {
    let block = BLOCK_LEN as u64;
    (padded_len(len) / block + 1).saturating_mul(block).saturating_add(block + MAC_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// 1.05^k, rounded down, for k = 0, 1, … below 2^42: between powers that are rounded down and up.
    fn buckets() -> Vec<u64> {
        let (mut lower, mut upper): (u128, u128) = (1 << FRACTION, 1 << FRACTION);
        let mut buckets = Vec::new();
        while upper >> FRACTION < 1 << 42 {
            assert_eq!(lower >> FRACTION, upper >> FRACTION, "exact");
            buckets.push(u64::try_from(lower >> FRACTION).unwrap());
            lower += lower / 20;
            upper += upper / 20 + 1;
        }
        buckets
    }

    #[test]
    fn buckets_are_exact_powers() {
        let buckets = buckets();
        assert_eq!((buckets.len(), buckets[1], buckets[15], buckets[129]), (597, 1, 2, SMALLEST));
        for pair in buckets[129..].windows(2) {
            let [bucket, next] = [pair[0], pair[1]];
            for (len, padded) in [(bucket - 1, bucket), (bucket, bucket), (bucket + 1, next), (next, next)] {
                assert_eq!(padded_len(len), padded, "{len}");
            }
        }
        for len in 0..=SMALLEST {
            assert_eq!(padded_len(len), SMALLEST);
        }
        for len in [buckets[596] + 1, 1 << 43, u64::MAX] {
            assert_eq!(padded_len(len), len);
        }
    }
}
