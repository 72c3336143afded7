// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: profiles, one value for each deployment of the Double Ratchet: all that sets it apart above the wire.
//!
//! Signal's code takes its profile by the session's version, OMEMO's by the constructor, rose's by the type. None is chosen
//! by what arrives. Labels that one profile alone has, such as those of rose's headers, are where they are used.

use crate::crypto::kdf::Label;

/// Whose identity comes first in the associated data.
#[cfg(feature = "omemo")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// That of whoever sends the message.
    SenderFirst,
    /// That of whoever began the session.
    InitiatorFirst,
}

/// The number that a header gives for the sender's previous chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// The counter of its last message: one less than its length, as deployed.
    LastCounter,
    /// Its length, as the Double Ratchet has it.
    #[cfg(any(feature = "omemo", feature = "rose"))]
    Length,
}

impl Previous {
    /// The number for a chain that `sent` messages were sent in.
    pub(crate) const fn of(self, sent: u32) -> u32 {
        match self {
            Self::LastCounter => sent.saturating_sub(1),
            #[cfg(any(feature = "omemo", feature = "rose"))]
            Self::Length => sent,
        }
    }
}

/// How keys are written, and what their signatures are over.
#[cfg(feature = "omemo")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// A type byte and 32 bytes of Curve25519. A prekey is signed so.
    Typed,
    /// 32 bytes; an identity is an Ed25519 key. A prekey is signed without the type.
    Bare,
}

/// The labels of the post-quantum ratchet, each by its name in the specification.
#[derive(Debug)]
pub(crate) struct Braid {
    /// `L_start`.
    pub(crate) start: Label,
    /// `L_add`.
    pub(crate) add_epoch: Label,
    /// `L_next`.
    pub(crate) next: Label,
    /// `L_upd`.
    pub(crate) update: Label,
    /// `L_hdr`.
    pub(crate) header: &'static [u8],
    /// `L_ct`.
    pub(crate) ciphertext: &'static [u8],
    /// `L_key`.
    pub(crate) epoch_secret: Label,
}

/// The post-quantum part.
#[derive(Debug)]
pub(crate) enum PostQuantum {
    /// None: X3DH.
    None,
    /// PQXDH alone, without a ratchet.
    #[expect(dead_code, reason = "the place of a deployment whose bytes are not known yet, as WhatsApp's")]
    Agreement,
    /// PQXDH and the post-quantum ratchet.
    AgreementAndRatchet(Braid),
}

/// A profile.
#[derive(Debug)]
pub(crate) struct Profile {
    /// `info` of the agreement.
    pub(crate) agreement: Label,
    /// `info` of the root chain.
    pub(crate) root: Label,
    /// `info` of message keys.
    pub(crate) message: Label,
    pub(crate) post_quantum: PostQuantum,
    /// Length of a MAC in bytes.
    pub(crate) mac_len: usize,
    pub(crate) previous: Previous,
    /// Number of messages that one may skip.
    pub(crate) max_jump: u32,
    /// Number of skipped keys that are kept: of a chain, in OMEMO of a session.
    pub(crate) max_kept: usize,
    #[cfg(feature = "omemo")]
    pub(crate) order: Order,
    #[cfg(feature = "omemo")]
    pub(crate) keys: KeyForm,
    /// A message with at least this counter asks for an answer.
    #[cfg(feature = "omemo")]
    pub(crate) heartbeat: Option<u32>,
}

/// Signal's version 3.
pub(crate) const SIGNAL_3: Profile = Profile {
    agreement: Label::new("WhisperText"),
    root: Label::new("WhisperRatchet"),
    message: Label::new("WhisperMessageKeys"),
    post_quantum: PostQuantum::None,
    mac_len: 8,
    previous: Previous::LastCounter,
    max_jump: 25_000,
    max_kept: 2_000,
    #[cfg(feature = "omemo")]
    order: Order::SenderFirst,
    #[cfg(feature = "omemo")]
    keys: KeyForm::Typed,
    #[cfg(feature = "omemo")]
    heartbeat: None,
};

/// Signal's version 4.
pub(crate) const SIGNAL_4: Profile = Profile {
    agreement: Label::new("WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024"),
    post_quantum: PostQuantum::AgreementAndRatchet(Braid {
        start: Label::new("Signal PQ Ratchet V1 Chain  Start"),
        add_epoch: Label::new("Signal PQ Ratchet V1 Chain Add Epoch"),
        next: Label::new("Signal PQ Ratchet V1 Chain Next"),
        update: Label::new("Signal_PQCKA_V1_MLKEM768:Authenticator Update"),
        header: b"Signal_PQCKA_V1_MLKEM768:ekheader",
        ciphertext: b"Signal_PQCKA_V1_MLKEM768:ciphertext",
        epoch_secret: Label::new("Signal_PQCKA_V1_MLKEM768:SCKA Key"),
    }),
    ..SIGNAL_3
};

/// `subrosa-rose-1`: the same chains and post-quantum ratchet under encrypted headers.
#[cfg(feature = "rose")]
pub(crate) const ROSE: Profile = Profile {
    agreement: Label::new("rose1.agree\0"),
    root: Label::new("rose1.root\0"),
    message: Label::new("rose1.body\0"),
    post_quantum: PostQuantum::AgreementAndRatchet(Braid {
        start: Label::new("rose1.braid start\0"),
        add_epoch: Label::new("rose1.braid epoch\0"),
        next: Label::new("rose1.braid next\0"),
        update: Label::new("rose1.braid update\0"),
        header: b"rose1.braid header\0",
        ciphertext: b"rose1.braid ct\0",
        epoch_secret: Label::new("rose1.braid key\0"),
    }),
    mac_len: 16,
    previous: Previous::Length,
    max_kept: 256,
    ..SIGNAL_3
};

/// OMEMO legacy: Signal's version 3 with the rules of XMPP.
#[cfg(feature = "omemo")]
pub(crate) const OMEMO_LEGACY: Profile =
    Profile { previous: Previous::Length, max_jump: 1_000, max_kept: 1_000, heartbeat: Some(53), ..SIGNAL_3 };

/// OMEMO 2.
#[cfg(feature = "omemo")]
pub(crate) const OMEMO_2: Profile = Profile {
    agreement: Label::new("OMEMO X3DH"),
    root: Label::new("OMEMO Root Chain"),
    message: Label::new("OMEMO Message Key Material"),
    order: Order::InitiatorFirst,
    mac_len: 16,
    keys: KeyForm::Bare,
    ..OMEMO_LEGACY
};
