// SPDX-License-Identifier: MIT OR Apache-2.0

//! Limits on the prekeys of an account.

use core::time::Duration;

use crate::timestamp::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits of an account cannot work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// `batch` or `low` is 0, or `max_kept` is below `low`: one-time prekeys would run out and stay out.
    #[error("batch and low must be at least 1, and max_kept at least low")]
    Stock,
    /// `max_given_out` is not below `max_kept`: keys that peers fetched and never used would fill the account for good.
    #[error("max_given_out must be below max_kept")]
    GivenOut,
    /// More keys are replaced within `grace` than `max_retired`, or a lifetime is 0: they would be deleted before their
    /// time.
    #[error("max_retired is too low for the grace and the lifetimes")]
    Retired,
    /// `max_uses` is 0: the last-resort KEM prekey would not begin a single session.
    #[error("max_uses must be at least 1")]
    Uses,
    /// `max_id` is lower than the number of keys of a space that may be kept.
    #[error("max_id is too low for the keys that are kept")]
    MaxId,
}

/// Limits on the prekeys of an account: how many are kept, and for how long. Not stored: given whenever an account is
/// made or read, and refused then if they [cannot work](LimitsError).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of one-time prekeys of each of the two kinds that are generated at once, or as many as there is room for.
    /// 100.
    pub batch: u32,
    /// Stock below which new ones of a kind are generated, counting those that are still to be uploaded. 20.
    pub low: u32,
    /// Largest number of one-time prekeys of each kind that are kept. At this limit none are generated and peers get
    /// the last-resort ones, so that no key is deleted which a peer may still use. 1,000; a one-time KEM prekey takes
    /// about 5 kB.
    pub max_kept: u32,
    /// Largest number of one-time prekeys of a kind that the service has given out and no message has used. Beyond
    /// this, the upload that is due when its stock is low replaces all that it has, so that older ones can be deleted
    /// once [`grace`](Self::grace) is over. 200.
    pub max_given_out: u32,
    /// Age at which the signed prekey is replaced. 2 days.
    pub signed_lifetime: Duration,
    /// Age at which the last-resort KEM prekey is replaced. 2 days.
    pub last_resort_lifetime: Duration,
    /// Time for which prekeys are kept after the service stopped giving them out, for peers that fetched one and are
    /// slow to write. 90 days.
    pub grace: Duration,
    /// Largest number of replaced keys that are kept, of signed and of last-resort ones. The oldest goes first. At
    /// least as many as are replaced within the grace. 100.
    pub max_retired: u32,
    /// Largest number of uses of a last-resort KEM prekey that are remembered. At this limit its messages are refused;
    /// at three quarters of it the key is replaced. 1,000; a use takes 36 bytes.
    pub max_uses: u32,
    /// Whether the account has KEM prekeys. Without them, for deployments of version 3, none are made, stored or
    /// uploaded, and nobody begins a session of version 4 with the account; those of an account that had some retire
    /// with the next upkeep, and the service must forget its copies. Yes.
    pub kem_pre_keys: bool,
    /// The highest prekey id that is given out, up to 2^31 − 1. Looked at when an account is made or imported. 2^24 −
    /// 1, as in Signal's clients.
    pub max_id: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch: 100,
            low: 20,
            max_kept: 1_000,
            max_given_out: 200,
            signed_lifetime: 2 * DAY,
            last_resort_lifetime: 2 * DAY,
            grace: 90 * DAY,
            max_retired: 100,
            max_uses: 1_000,
            kem_pre_keys: true,
            max_id: 0xFF_FFFF,
        }
    }
}

impl Limits {
    /// Checks that the limits can work together.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn check(&self) -> Result<(), LimitsError> {
        let lifetime = if self.kem_pre_keys {
            self.signed_lifetime.min(self.last_resort_lifetime)
        } else {
            self.signed_lifetime
        };
        let replaced = self.grace.as_millis().checked_div(lifetime.as_millis());
        let signed_ids = self.max_retired.saturating_add(2);
        let ids = if self.kem_pre_keys {
            self.max_kept.saturating_add(signed_ids)
        } else {
            self.max_kept.max(signed_ids)
        };
        if self.batch == 0 || self.low == 0 || self.max_kept < self.low {
            Err(LimitsError::Stock)
        } else if self.max_given_out >= self.max_kept {
            Err(LimitsError::GivenOut)
        } else if self.max_retired == 0 || replaced.is_none_or(|replaced| replaced > self.max_retired.into())
        {
            Err(LimitsError::Retired)
        } else if self.kem_pre_keys && self.max_uses == 0 {
            Err(LimitsError::Uses)
        } else if self.max_id < ids {
            Err(LimitsError::MaxId)
        } else {
            Ok(())
        }
    }

    /// Number of uses from which on a last-resort key is replaced.
    pub(super) const fn many_uses(&self) -> u32 {
        self.max_uses / 4 * 3 + self.max_uses % 4
    }
}

/// Returns whether `duration` has passed since `since`. A clock that was set back lets no time pass.
pub(super) fn has_passed(duration: Duration, since: Timestamp, now: Timestamp) -> bool {
    let duration = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    since.as_millis().saturating_add(duration) <= now.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_two_days_and_ninety() {
        let limits = Limits::default();
        assert_eq!(limits.signed_lifetime.as_secs(), 172_800);
        assert_eq!(limits.last_resort_lifetime.as_secs(), 172_800);
        assert_eq!(limits.grace.as_secs(), 7_776_000);
    }

    #[test]
    fn many_uses_are_three_quarters_and_more_of_few() {
        for (max_uses, many) in
            [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (7, 6), (1_000, 750), (u32::MAX, 3_221_225_472)]
        {
            assert_eq!(Limits { max_uses, ..Limits::default() }.many_uses(), many, "{max_uses}");
        }
    }
}
