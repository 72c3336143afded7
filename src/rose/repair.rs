// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair, and the typed content of the kinds that the profile itself uses (rose 33 §6, 36 §6).

use alloc::vec::Vec;
use core::fmt;

use super::bundle::BUNDLE_LEN;
use super::error::ReceiveError;
use super::group::DISTRIBUTION_LEN;
use super::kind::Kind;
use super::receive::Received;
use super::report::{TOKEN_LEN, Token};
use super::sas::STEP_LEN;
use crate::wire::rose::{TAG_LEN, Tag};

/// What a device asks for, or says, over a state that is Hybrid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The message of this tag could not be opened: send its content again, if it was sent to this very device.
    CouldNotOpen(Tag),
    /// The sender key of this distribution id is missing.
    NeedsSenderKey([u8; 16]),
    /// This is our session now.
    NewSession,
}

impl Repair {
    /// The content of [`Kind::Repair`]: `what (1) || tag (16) || detail (0 or 16)`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::CouldNotOpen(tag) => [&[1][..], tag].concat(),
            Self::NeedsSenderKey(id) => [&[2][..], &[0; TAG_LEN], id].concat(),
            Self::NewSession => [&[3][..], &[0; TAG_LEN]].concat(),
        }
    }

    /// Reads the content. None if it is malformed.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        let (what, rest) = content.split_first()?;
        let (tag, detail) = rest.split_first_chunk::<TAG_LEN>()?;
        match (what, *tag == [0; TAG_LEN], detail.is_empty()) {
            (1, _, true) => Some(Self::CouldNotOpen(*tag)),
            (2, true, false) => detail.try_into().ok().map(Self::NeedsSenderKey),
            (3, true, true) => Some(Self::NewSession),
            _ => None,
        }
    }

    /// The request for a message that was refused, if the refusal is one to ask for: the peer caused it, and nobody else
    /// could. [`Repairs`](super::Repairs) sees to it that it is asked for once.
    #[must_use]
    pub fn after(refusal: ReceiveError, message: &[u8]) -> Option<Self> {
        let asks = matches!(
            refusal,
            ReceiveError::Malformed
                | ReceiveError::TooFarAhead
                | ReceiveError::UnknownEpoch
                | ReceiveError::Braid(_)
        );
        message.first_chunk().filter(|_| asks).map(|tag| Self::CouldNotOpen(*tag))
    }
}

/// The content of a received message by its kind.
pub enum Typed<'a> {
    /// A dummy.
    Nothing,
    /// The application's content.
    Content(&'a [u8]),
    /// The application's receipt.
    Receipt(&'a [u8]),
    /// Repair.
    Repair(Repair),
    /// A sender key's distribution, for [`GroupKeys::learn`](super::group::GroupKeys::learn).
    SenderKey(&'a [u8; DISTRIBUTION_LEN]),
    /// A step of the comparison, for [`Session::take_sas`](super::Session::take_sas).
    Sas(&'a [u8; STEP_LEN]),
    /// A report token, for [`Session::keep_token`](super::Session::keep_token).
    ReportToken(&'a Token),
    /// The peer's bundle, for [`VerifiedBundle::verify`](super::VerifiedBundle::verify).
    Bundle(&'a [u8; BUNDLE_LEN]),
    /// An unknown kind: skip it.
    Unknown(u8, &'a [u8]),
    /// A known kind, with content of another length or form. The change of the message stands.
    Malformed,
}

impl fmt::Debug for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => write!(f, "Nothing"),
            Self::Content(content) => write!(f, "Content({} bytes)", content.len()),
            Self::Receipt(content) => write!(f, "Receipt({} bytes)", content.len()),
            Self::Repair(repair) => write!(f, "Repair({repair:?})"),
            Self::SenderKey(_) => write!(f, "SenderKey(..)"),
            Self::Sas(_) => write!(f, "Sas(..)"),
            Self::ReportToken(_) => write!(f, "ReportToken(..)"),
            Self::Bundle(_) => write!(f, "Bundle(..)"),
            Self::Unknown(kind, content) => write!(f, "Unknown({kind}, {} bytes)", content.len()),
            Self::Malformed => write!(f, "Malformed"),
        }
    }
}

impl Received {
    /// The content by its kind.
    #[must_use]
    pub fn typed(&self) -> Typed<'_> {
        let content: &[u8] = &self.content;
        let typed = match self.kind {
            Kind::Dummy => Some(Typed::Nothing),
            Kind::Content => Some(Typed::Content(content)),
            Kind::Receipt => Some(Typed::Receipt(content)),
            Kind::Repair => Repair::parse(content).map(Typed::Repair),
            Kind::SenderKey => content.try_into().ok().map(Typed::SenderKey),
            Kind::Sas => content.try_into().ok().map(Typed::Sas),
            Kind::ReportToken => <&[u8; TOKEN_LEN]>::try_from(content).ok().map(Typed::ReportToken),
            Kind::Bundle => content.try_into().ok().map(Typed::Bundle),
            Kind::Other(number) => Some(Typed::Unknown(number, content)),
        };
        typed.unwrap_or(Typed::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_and_others_are_malformed() {
        for repair in [Repair::CouldNotOpen([7; 16]), Repair::NeedsSenderKey([8; 16]), Repair::NewSession] {
            let bytes = repair.to_bytes();
            assert_eq!(Repair::parse(&bytes), Some(repair));
            assert_eq!(Repair::parse(&bytes[..bytes.len() - 1]), None);
            assert_eq!(Repair::parse(&[&bytes[..], &[0]].concat()), None);
        }
        assert_eq!(Repair::parse(&[&[4][..], &[0; 16]].concat()), None);
        assert_eq!(Repair::parse(&[&[3][..], &[1; 16]].concat()), None);
    }

    #[test]
    fn nothing_is_asked_for_that_others_can_cause() {
        let message = [5; 384];
        for refusal in [ReceiveError::NotFound, ReceiveError::NotAuthentic, ReceiveError::Duplicate] {
            assert_eq!(Repair::after(refusal, &message), None);
        }
        assert_eq!(Repair::after(ReceiveError::TooFarAhead, &message), Some(Repair::CouldNotOpen([5; 16])));
    }
}
