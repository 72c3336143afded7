// SPDX-License-Identifier: MIT OR Apache-2.0

//! What devices ask of the service, and what it answers. One connection serves one request.
//!
//! A request that names who asks is for what belongs to that device. Messages are handed in, and bundles
//! fetched, by requests that do not: there is no place in them for a sender.

use subrosa::{DeviceId, ServiceId};

use super::codec::{Field, Malformed, Reader};
use super::published::Published;

/// A device of an account.
pub type Place = (ServiceId, DeviceId);

/// What a device proves with who it is.
pub type Token = [u8; 16];

/// A request, but for its body.
#[derive(Clone, Debug)]
pub enum Request {
    /// Publishes a device's prekeys. Answered by its token.
    Register(Place, Box<Published>),
    /// Removes a device of the account that asks.
    Unlink(Place, Token, DeviceId),
    /// Answered by a sender certificate.
    Certify(Place, Token),
    /// Answered by the number of messages that wait for the device, and by as many frames: the number of a
    /// message in eight bytes, and the message. The number of the last one, sent back, drops them.
    Receive(Place, Token),
    /// Answered by a bundle of each of these devices of the account, or of all if none is named.
    Bundles(ServiceId, Vec<DeviceId>),
    /// Leaves a message for a device, which has this registration id as far as the sender knows. The message
    /// is the body.
    Deliver(Place, u32),
    /// Leaves messages for all devices that the body names.
    DeliverToMany,
}

impl Request {
    /// Whether nothing says who asks.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Bundles(..) | Self::Deliver(..) | Self::DeliverToMany)
    }

    /// Whether a second frame comes after the request.
    pub const fn has_body(&self) -> bool {
        matches!(self, Self::Deliver(..) | Self::DeliverToMany)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Register(device, published) => {
                out.push(1);
                device.put(&mut out);
                published.put(&mut out);
            }
            Self::Unlink(device, token, unlinked) => {
                out.push(2);
                (*device, (*token, *unlinked)).put(&mut out);
            }
            Self::Certify(device, token) => {
                out.push(3);
                (*device, *token).put(&mut out);
            }
            Self::Receive(device, token) => {
                out.push(4);
                (*device, *token).put(&mut out);
            }
            Self::Bundles(account, devices) => {
                out.push(5);
                account.put(&mut out);
                devices.put(&mut out);
            }
            Self::Deliver(device, registration_id) => {
                out.push(6);
                (*device, *registration_id).put(&mut out);
            }
            Self::DeliverToMany => out.push(7),
        }
        out
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let request = match reader.field::<[u8; 1]>()? {
            [1] => Self::Register(reader.field()?, Box::new(reader.field()?)),
            [2] => Self::Unlink(reader.field()?, reader.field()?, reader.field()?),
            [3] => Self::Certify(reader.field()?, reader.field()?),
            [4] => Self::Receive(reader.field()?, reader.field()?),
            [5] => Self::Bundles(reader.field()?, reader.field()?),
            [6] => Self::Deliver(reader.field()?, reader.field()?),
            [7] => Self::DeliverToMany,
            _ => return Err(Malformed),
        };
        if reader.rest().is_empty() { Ok(request) } else { Err(Malformed) }
    }
}
