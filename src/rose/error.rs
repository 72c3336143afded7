// SPDX-License-Identifier: MIT OR Apache-2.0

//! The refusals, by their names in the specification. A refused operation changes nothing.

use crate::crypto::curve::NonContributory;
use crate::lease::Busy;
use crate::ratchet::rose as ratchet;
use crate::ratchet::spqr::SpqrError;
use crate::wire::rose::body::MalformedBody;
use crate::wire::rose::header::MalformedHeader;
use crate::wire::rose::length::TooLong;

/// The reason that a message was not received (rose 31 §13, 32 §12), in the order of the checks. None is answered on the
/// wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No session expects it and no sealing key opens it. Anyone can cause it.
    #[error("not for a session, nor a first contact")]
    NotFound,
    /// A first contact of another suite.
    #[error("first contact of an unknown suite")]
    UnknownSuite,
    /// A first contact with content that breaks a rule of its form.
    #[error("malformed first contact")]
    BadContent,
    /// The sender's certificate is of an unknown issuer, not signed by it, expired, or of another card.
    #[error("bad sender certificate")]
    BadCertificate,
    /// The sender's card is not sound.
    #[error("bad card of the sender")]
    BadCard,
    /// The card is our own.
    #[error("first contact in our own name")]
    SelfSend,
    /// The caller does not trust the sender's identity. It may be given in again after the user decided.
    #[error("untrusted identity")]
    UntrustedIdentity,
    /// The sender's KEM identity is not the pinned one. It may be given in again after the user decided.
    #[error("the KEM identity changed")]
    KemIdentityChanged,
    /// The sender had a card of ours that is older than 30 days, or none of ours.
    #[error("made for an unknown card")]
    UnknownCard,
    /// The policy requires a one-time prekey.
    #[error("last-resort prekey refused")]
    LastResortRefused,
    /// The policy requires reports.
    #[error("franking is required")]
    FrankingRequired,
    /// The policy refuses reports.
    #[error("franking is refused")]
    FrankingRefused,
    /// The prekey was used, or never existed.
    #[error("unknown prekey")]
    UnknownPrekey,
    /// This first contact was received before.
    #[error("replayed first contact")]
    Replayed,
    /// The prekey of last resort has no room for another use. Replace it.
    #[error("too many uses of the last-resort prekey")]
    MemoryFull,
    /// The ephemeral key is not canonical, or not of prime order.
    #[error("bad ephemeral key")]
    BadKey,
    /// A trial was asked for over more than 64 sessions.
    #[error("too many sessions for a trial")]
    TooManySessions,
    /// No message has this length.
    #[error("not the length of a message")]
    BadLength,
    /// Header, tag or body is forged or damaged.
    #[error("not authentic")]
    NotAuthentic,
    /// The message was received before, or its key is no longer kept.
    #[error("already received, or expired")]
    Duplicate,
    /// The peer made what the protocol forbids.
    #[error("malformed message of the peer")]
    Malformed,
    /// The peer's proof of its KEM identity is missing.
    #[error("the peer's KEM ciphertext is missing")]
    MissingAuth,
    /// The message would skip more than 25,000 others.
    #[error("too far ahead")]
    TooFarAhead,
    /// A Diffie-Hellman agreement came out as zero.
    #[error("a public key has low order")]
    ZeroAgreement,
    /// The mixed-in epoch is not kept.
    #[error("unknown epoch")]
    UnknownEpoch,
    /// The post-quantum ratchet has no key for it, or refuses it.
    #[error("post-quantum ratchet: {0}")]
    Braid(BraidError),
    /// Another stage of a state is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// The reason of the post-quantum ratchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BraidError {
    /// The epoch cannot have begun, or is no longer kept.
    #[error("epoch out of range")]
    EpochOutOfRange,
    /// The key is too far ahead.
    #[error("key too far ahead")]
    KeyJump,
    /// The key is no longer kept.
    #[error("key no longer kept")]
    KeyTrimmed,
    /// The key was used before.
    #[error("key used before")]
    KeyAlreadyRequested,
    /// A MAC of the braid does not verify.
    #[error("MAC does not verify")]
    MacVerifyFailed,
    /// The encapsulation key is not that of its header.
    #[error("erroneous key")]
    ErroneousDataReceived,
}

impl From<SpqrError> for BraidError {
    fn from(error: SpqrError) -> Self {
        match error {
            SpqrError::KeyJump { .. } => Self::KeyJump,
            SpqrError::KeyTrimmed(_) => Self::KeyTrimmed,
            SpqrError::KeyAlreadyRequested(_) => Self::KeyAlreadyRequested,
            SpqrError::HeaderMac | SpqrError::CiphertextMac => Self::MacVerifyFailed,
            SpqrError::EncapsulationKey(_) => Self::ErroneousDataReceived,
            _ => Self::EpochOutOfRange,
        }
    }
}

impl From<ratchet::ReceiveError> for ReceiveError {
    fn from(error: ratchet::ReceiveError) -> Self {
        match error {
            ratchet::ReceiveError::Duplicate => Self::Duplicate,
            ratchet::ReceiveError::Malformed => Self::Malformed,
            ratchet::ReceiveError::TooFarAhead => Self::TooFarAhead,
            ratchet::ReceiveError::ZeroAgreement => Self::ZeroAgreement,
            ratchet::ReceiveError::UnknownEpoch => Self::UnknownEpoch,
            ratchet::ReceiveError::Braid(error) => Self::Braid(error.into()),
        }
    }
}

impl From<NonContributory> for ReceiveError {
    fn from(_: NonContributory) -> Self {
        Self::ZeroAgreement
    }
}

impl From<MalformedHeader> for ReceiveError {
    fn from(_: MalformedHeader) -> Self {
        Self::Malformed
    }
}

impl From<MalformedBody> for ReceiveError {
    fn from(_: MalformedBody) -> Self {
        Self::Malformed
    }
}

/// The reason that nothing can be sent. The caller's to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no state to send on: none at all, one that was imported from a backup, or one that is unanswered for 14
    /// days. Begin a new one.
    #[error("no session to send on; begin one")]
    NoState,
    /// A device of the account has proven its KEM identity before, and the state has not. Send a dummy and wait, or begin
    /// a session.
    #[error("the peer has not proven itself")]
    Unproven,
    /// The user said that the comparison strings differ.
    #[error("the session is distrusted")]
    Distrusted,
    /// A responder has received nothing yet.
    #[error("nothing received yet")]
    NothingReceived,
    /// The chain is used up.
    #[error("the chain has no numbers left")]
    Exhausted,
    /// The message would be longer than 1,048,576 bytes.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// Content of a franked session lacks its report part, or a session without has one.
    #[error("the report part is missing, or not wanted")]
    ReportPart,
    /// A session cannot be reached by a split message: it is franked, unanswered, or has to prove itself. Send singly.
    #[error("the session takes no split message")]
    NotSplittable,
    /// The mailboxes or their number do not make an upload.
    #[error("not an upload")]
    BadUpload,
    /// The kind is not for sessions.
    #[error("not a kind for sessions")]
    BadKind,
    /// Another stage of the session is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

impl From<ratchet::SendError> for SendError {
    fn from(error: ratchet::SendError) -> Self {
        match error {
            ratchet::SendError::NothingReceived => Self::NothingReceived,
            ratchet::SendError::Exhausted => Self::Exhausted,
        }
    }
}

/// The reason that a bundle was refused, or no session begun (rose 31 §3), in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// The card is not sound.
    #[error("bad card")]
    BadCard,
    /// The caller does not trust the identity.
    #[error("untrusted identity")]
    UntrustedIdentity,
    /// The KEM identity is not the pinned one.
    #[error("the KEM identity changed")]
    KemIdentityChanged,
    /// A prekey is not sound.
    #[error("bad prekey")]
    BadPrekey,
    /// A prekey is older than one that was seen, or from the future.
    #[error("stale prekey")]
    StalePrekey,
    /// The bundle or card is of another device than the session.
    #[error("bundle of another device")]
    OtherDevice,
    /// The device was seen to speak rose, and the user gave no leave for a session of the Signal profile.
    #[error("the device speaks rose; ask the user before a session of the Signal profile")]
    Downgrade,
    /// A Diffie-Hellman agreement came out as zero.
    #[error("a public key has low order")]
    ZeroAgreement,
    /// Another stage of the session is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

impl From<NonContributory> for BeginError {
    fn from(_: NonContributory) -> Self {
        Self::ZeroAgreement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kem768::BadEncapsulationKey;

    #[test]
    fn each_reason_of_the_braid_has_its_own() {
        for (reason, expected) in [
            (SpqrError::EpochAhead(2), BraidError::EpochOutOfRange),
            (SpqrError::KeyJump { counter: 1, index: 2 }, BraidError::KeyJump),
            (SpqrError::KeyTrimmed(1), BraidError::KeyTrimmed),
            (SpqrError::KeyAlreadyRequested(1), BraidError::KeyAlreadyRequested),
            (SpqrError::HeaderMac, BraidError::MacVerifyFailed),
            (SpqrError::CiphertextMac, BraidError::MacVerifyFailed),
            (SpqrError::EncapsulationKey(BadEncapsulationKey), BraidError::ErroneousDataReceived),
        ] {
            assert_eq!(BraidError::from(reason), expected);
        }
    }
}
