// SPDX-License-Identifier: MIT OR Apache-2.0

//! The two sides of the conversation.

use std::fmt;

use subrosa::address::ServiceIdKind;
use subrosa::{Address, DeviceId, ServiceId};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Alice,
    Bob,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Alice, Self::Bob];

    pub const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
        }
    }

    /// Where the first device of the account is reached. A service draws the id when the account is made.
    pub fn address(self) -> Address {
        match self {
            Self::Alice => address_of(*b"alice's account."),
            Self::Bob => address_of(*b"bob's account..."),
        }
    }
}

/// Somebody else, who has an account too.
pub fn mallory() -> Address {
    address_of(*b"mallory's acct..")
}

fn address_of(uuid: [u8; 16]) -> Address {
    Address::new(ServiceId::new(ServiceIdKind::Aci, uuid).to_string(), DeviceId::PRIMARY)
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
