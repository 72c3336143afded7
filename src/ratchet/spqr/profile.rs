// SPDX-License-Identifier: MIT OR Apache-2.0

//! The profiles that have this ratchet.

#[cfg(feature = "rose")]
use crate::profile::ROSE;
use crate::profile::{self, Braid, PostQuantum, SIGNAL_4};

/// The profile that a ratchet belongs to. Without the feature `rose` there is one, and this takes no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As deployed.
    Signal,
    /// `subrosa-rose-1`: labels of its own, and a header secret `hx` for each chain epoch.
    #[cfg(feature = "rose")]
    Rose,
}

impl Profile {
    pub(super) const fn labels(self) -> &'static Braid {
        match self {
            Self::Signal => const { braid(&SIGNAL_4) },
            #[cfg(feature = "rose")]
            Self::Rose => const { braid(&ROSE) },
        }
    }
}

#[expect(clippy::panic, reason = "the compiler alone evaluates it")]
const fn braid(profile: &profile::Profile) -> &Braid {
    match &profile.post_quantum {
        PostQuantum::AgreementAndRatchet(braid) => braid,
        PostQuantum::None | PostQuantum::Agreement => panic!("a profile with this ratchet"),
    }
}
