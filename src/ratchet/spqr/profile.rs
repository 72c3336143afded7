// SPDX-License-Identifier: MIT OR Apache-2.0

//! The labels of the protocols that use this ratchet.

use crate::crypto::kdf::Label;

/// The protocol that a ratchet belongs to. Without the feature `rose` there is one, and this takes no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As deployed.
    Signal,
    /// `subrosa-rose-1`: labels of its own, and a header secret `hx` for each chain epoch.
    #[cfg(feature = "rose")]
    Rose,
}

/// The label of each derivation, by its name in the specification.
pub(super) struct Labels {
    /// `L_start`.
    pub(super) start: Label,
    /// `L_add`.
    pub(super) add_epoch: Label,
    /// `L_next`.
    pub(super) next: Label,
    /// `L_upd`.
    pub(super) update: Label,
    /// `L_hdr`.
    pub(super) header: &'static [u8],
    /// `L_ct`.
    pub(super) ciphertext: &'static [u8],
    /// `L_key`.
    pub(super) epoch_secret: Label,
}

const SIGNAL: Labels = Labels {
    start: Label::new("Signal PQ Ratchet V1 Chain  Start"),
    add_epoch: Label::new("Signal PQ Ratchet V1 Chain Add Epoch"),
    next: Label::new("Signal PQ Ratchet V1 Chain Next"),
    update: Label::new("Signal_PQCKA_V1_MLKEM768:Authenticator Update"),
    header: b"Signal_PQCKA_V1_MLKEM768:ekheader",
    ciphertext: b"Signal_PQCKA_V1_MLKEM768:ciphertext",
    epoch_secret: Label::new("Signal_PQCKA_V1_MLKEM768:SCKA Key"),
};

#[cfg(feature = "rose")]
const ROSE: Labels = Labels {
    start: Label::new("rose1.braid start\0"),
    add_epoch: Label::new("rose1.braid epoch\0"),
    next: Label::new("rose1.braid next\0"),
    update: Label::new("rose1.braid update\0"),
    header: b"rose1.braid header\0",
    ciphertext: b"rose1.braid ct\0",
    epoch_secret: Label::new("rose1.braid key\0"),
};

impl Profile {
    pub(super) const fn labels(self) -> &'static Labels {
        match self {
            Self::Signal => &SIGNAL,
            #[cfg(feature = "rose")]
            Self::Rose => &ROSE,
        }
    }
}
