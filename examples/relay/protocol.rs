// SPDX-License-Identifier: MIT OR Apache-2.0

//! Requests of devices, and the service's answers. One connection serves one request.
//!
//! A device names itself in requests about itself. It hands in messages and fetches bundles by anonymous requests: there
//! is no place in them for a sender.

use std::fmt;

use subrosa::address::AccountName;
use subrosa::delivery::ServiceAnswer;
use subrosa::{Address, DeviceId, PreKeyBundle};

use super::codec::{Field, Malformed, Reader};

/// A device's proof that it is the one that registered.
pub type Token = [u8; 16];

/// A request, without its body.
#[derive(Clone, Debug)]
pub enum Request {
    /// Publishes prekeys: bundles to be handed out once each, and the last one for good. Answered by a token.
    Register(Address, Vec<PreKeyBundle>),
    /// Removes a device of the account that asks.
    Unlink(Address, Token, DeviceId),
    /// Answered by a sender certificate.
    Certify(Address, Token),
    /// Answered by the number of messages that wait for the device, and by as many frames: the number of a
    /// message in four bytes, and the message. The number of the last one, sent back, drops them.
    Receive(Address, Token),
    /// Answered by a bundle of each of these devices of the account, or of all if none is named.
    Bundles(AccountName, Vec<DeviceId>),
    /// Leaves a message for a device, which has this registration id as far as the sender knows. The message
    /// is the body.
    Deliver(Address, u32),
    /// Leaves messages for all devices that the body names.
    DeliverToMany,
}

impl Request {
    /// Whether the request does not name the device that asks.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Bundles(..) | Self::Deliver(..) | Self::DeliverToMany)
    }

    /// Whether a second frame comes after the request.
    pub const fn has_body(&self) -> bool {
        matches!(self, Self::Deliver(..) | Self::DeliverToMany)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self.clone() {
            Self::Register(device, bundles) => (1_u8, (device, bundles)).put(&mut out),
            Self::Unlink(device, token, unlinked) => (2_u8, (device, (token, unlinked))).put(&mut out),
            Self::Certify(device, token) => (3_u8, (device, token)).put(&mut out),
            Self::Receive(device, token) => (4_u8, (device, token)).put(&mut out),
            Self::Bundles(account, devices) => (5_u8, (account, devices)).put(&mut out),
            Self::Deliver(device, registration_id) => (6_u8, (device, registration_id)).put(&mut out),
            Self::DeliverToMany => 7_u8.put(&mut out),
        }
        out
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let request = match reader.field::<u8>()? {
            1 => Self::Register(reader.field()?, reader.field()?),
            2 => Self::Unlink(reader.field()?, reader.field()?, reader.field()?),
            3 => Self::Certify(reader.field()?, reader.field()?),
            4 => Self::Receive(reader.field()?, reader.field()?),
            5 => Self::Bundles(reader.field()?, reader.field()?),
            6 => Self::Deliver(reader.field()?, reader.field()?),
            7 => Self::DeliverToMany,
            _ => return Err(Malformed),
        };
        if reader.rest().is_empty() { Ok(request) } else { Err(Malformed) }
    }
}

/// Why the service refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not understand the request, or its body.
    Malformed,
    /// The token is wrong.
    Unauthorized,
    /// There are no such accounts.
    Unknown(Vec<AccountName>),
    /// The sender has the devices of these accounts wrong.
    Devices(Vec<(AccountName, ServiceAnswer)>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("malformed"),
            Self::Unauthorized => f.write_str("unauthorized"),
            Self::Unknown(accounts) => {
                let accounts: Vec<_> = accounts.iter().map(short).collect();
                write!(f, "no such account: {}", accounts.join(", "))
            }
            Self::Devices(accounts) => {
                let one = |(account, answer): &(AccountName, ServiceAnswer)| match answer {
                    ServiceAnswer::Stale(stale) => format!("{}: stale .{}", short(account), list(stale)),
                    ServiceAnswer::Mismatched { missing, extra } => {
                        format!("{}: missing .{}, gone .{}", short(account), list(missing), list(extra))
                    }
                    _ => short(account),
                };
                f.write_str(&accounts.iter().map(one).collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// The first digits of an account's id, for people.
pub fn short(account: &AccountName) -> String {
    account.as_str().chars().take(8).collect()
}

/// Device ids, for people.
pub fn list(devices: &[DeviceId]) -> String {
    devices.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// An answer: a code, and its details.
pub fn encode_answer(answer: Result<Vec<u8>, Refusal>) -> Vec<u8> {
    let mut out = Vec::new();
    match answer {
        Ok(body) => out = [&[0], &body[..]].concat(),
        Err(Refusal::Malformed) => 1_u8.put(&mut out),
        Err(Refusal::Unauthorized) => 2_u8.put(&mut out),
        Err(Refusal::Unknown(accounts)) => (3_u8, accounts).put(&mut out),
        Err(Refusal::Devices(accounts)) => (4_u8, accounts).put(&mut out),
    }
    out
}

/// The reverse of [`encode_answer`].
pub fn parse_answer(bytes: &[u8]) -> Result<Result<Vec<u8>, Refusal>, Malformed> {
    let mut reader = Reader::new(bytes);
    Ok(match reader.field::<u8>()? {
        0 => Ok(reader.rest().to_vec()),
        1 => Err(Refusal::Malformed),
        2 => Err(Refusal::Unauthorized),
        3 => Err(Refusal::Unknown(reader.field()?)),
        4 => Err(Refusal::Devices(reader.field()?)),
        _ => return Err(Malformed),
    })
}
