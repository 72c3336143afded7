// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the service answers, and why it refuses.

use std::fmt;

use subrosa::{DeviceId, ServiceId};

use super::codec::{Field, Malformed, Reader};

/// What of an account's devices the sender has wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub account: ServiceId,
    /// Devices that the sender has left out.
    pub missing: Vec<DeviceId>,
    /// Devices that there are not any more.
    pub extra: Vec<DeviceId>,
    /// Devices that registered anew since.
    pub stale: Vec<DeviceId>,
}

/// Why the service did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: it does not understand the request, or its body.
    Malformed,
    /// 401: the token is wrong.
    Unauthorized,
    /// 404: there are no such accounts.
    Unknown(Vec<ServiceId>),
    /// 409, or 410 if devices are only stale: the sender must learn about these accounts first.
    Devices(Vec<Mismatch>),
}

impl Refusal {
    pub fn code(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::Unknown(_) => 404,
            Self::Devices(accounts) => {
                let stale = |account: &Mismatch| account.missing.is_empty() && account.extra.is_empty();
                if accounts.iter().all(stale) { 410 } else { 409 }
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Malformed => "malformed".to_owned(),
            Self::Unauthorized => "unauthorized".to_owned(),
            Self::Unknown(accounts) => {
                let accounts: Vec<_> = accounts.iter().map(short).collect();
                format!("no such account: {}", accounts.join(", "))
            }
            Self::Devices(accounts) => {
                let accounts: Vec<_> = accounts.iter().map(ToString::to_string).collect();
                accounts.join("; ")
            }
        };
        write!(f, "{}, {what}", self.code())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, missing, extra, stale } = self;
        let lists = [("missing", missing), ("gone", extra), ("stale", stale)];
        let lists = lists.iter().filter(|(_, devices)| !devices.is_empty());
        let lists: Vec<_> = lists.map(|(what, devices)| format!("{what} .{}", list(devices))).collect();
        write!(f, "{}: {}", short(account), lists.join(", "))
    }
}

/// The first digits of a service id, for people.
pub fn short(account: &ServiceId) -> String {
    account.to_string().chars().take(8).collect()
}

/// Device ids for people.
pub fn list(devices: &[DeviceId]) -> String {
    devices.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// What the service answers first: a code of two bytes, and what belongs to it.
pub fn encode_answer(answer: &Result<Vec<u8>, Refusal>) -> Vec<u8> {
    let mut out = Vec::new();
    match answer {
        Ok(body) => {
            200_u16.put(&mut out);
            out.extend_from_slice(body);
        }
        Err(refusal) => {
            refusal.code().put(&mut out);
            match refusal {
                Refusal::Malformed | Refusal::Unauthorized => {}
                Refusal::Unknown(accounts) => accounts.put(&mut out),
                Refusal::Devices(accounts) => accounts.put(&mut out),
            }
        }
    }
    out
}

/// The reverse of [`encode_answer`].
pub fn parse_answer(bytes: &[u8]) -> Result<Result<Vec<u8>, Refusal>, Malformed> {
    let mut reader = Reader::new(bytes);
    Ok(match reader.field()? {
        200_u16 => Ok(reader.rest().to_vec()),
        400 => Err(Refusal::Malformed),
        401 => Err(Refusal::Unauthorized),
        404 => Err(Refusal::Unknown(reader.field()?)),
        409 | 410 => Err(Refusal::Devices(reader.field()?)),
        _ => return Err(Malformed),
    })
}

impl Field for Mismatch {
    fn put(&self, out: &mut Vec<u8>) {
        self.account.put(out);
        for devices in [&self.missing, &self.extra, &self.stale] {
            devices.put(out);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let account = from.field()?;
        Ok(Self { account, missing: from.field()?, extra: from.field()?, stale: from.field()? })
    }
}
