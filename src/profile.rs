// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: profiles, one value for each deployment of the Double Ratchet: all that sets it apart above the wire.
//!
//! Signal's code takes its profile by the session's version, OMEMO's by the constructor. None is chosen by what arrives.
//! The rose profile has a ratchet of its own, with encrypted headers, and its labels are in `rose`.

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
    #[cfg(feature = "omemo")]
    Length,
}

impl Previous {
    /// The number for a chain that `sent` messages were sent in.
    pub(crate) const fn of(self, sent: u32) -> u32 {
        match self {
            Self::LastCounter => sent.saturating_sub(1),
            #[cfg(feature = "omemo")]
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

/// The post-quantum part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostQuantum {
    /// None: X3DH.
    None,
    /// PQXDH alone, without a ratchet.
    #[expect(dead_code, reason = "the place of a deployment whose bytes are not known yet, as WhatsApp's")]
    Agreement,
    /// PQXDH and the post-quantum ratchet.
    AgreementAndRatchet,
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
    post_quantum: PostQuantum::AgreementAndRatchet,
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
