// SPDX-License-Identifier: MIT OR Apache-2.0

//! The protection of the first messages of a session.

/// The one-time prekeys that a session was begun with. They protect the messages *before the responder's first answer*
/// against an attacker that recorded them and gets hold of the responder's keys later (PQXDH §4.6). The ratchets
/// protect later messages in any case.
///
/// The service hands out one-time prekeys, and may have run out of them or withhold them. Show it to the
/// user, or refuse with [`Config::requiring_one_time`](crate::session::Config::requiring_one_time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InitialSecrecy {
    /// A session that was stored by libsignal, or by a release before this was recorded.
    Unknown,
    /// No one-time prekey: only the signed prekey and the last-resort KEM prekey, which begin many sessions for days
    /// and are kept for months. In version 3 only the signed prekey.
    LastResort,
    /// A one-time KEM prekey and no other: safe once that is deleted, if the KEM is.
    OneTimeKem,
    /// A one-time prekey, but no one-time KEM prekey: safe once that is deleted, but not against quantum computers. So
    /// it is in version 3; and an initiator, which can't tell a one-time KEM prekey from one of last resort, knows no
    /// more than this.
    OneTimeCurve,
    /// Both. Known to the responder alone.
    OneTime,
}

impl InitialSecrecy {
    pub(super) const fn of(one_time: bool, one_time_kem: bool) -> Self {
        match (one_time, one_time_kem) {
            (false, false) => Self::LastResort,
            (false, true) => Self::OneTimeKem,
            (true, false) => Self::OneTimeCurve,
            (true, true) => Self::OneTime,
        }
    }

    /// The number in records.
    pub(super) const fn to_u8(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::LastResort => 1,
            Self::OneTimeKem => 2,
            Self::OneTimeCurve => 3,
            Self::OneTime => 4,
        }
    }

    pub(super) const fn from_u8(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Unknown),
            1 => Some(Self::LastResort),
            2 => Some(Self::OneTimeKem),
            3 => Some(Self::OneTimeCurve),
            4 => Some(Self::OneTime),
            _ => None,
        }
    }
}
