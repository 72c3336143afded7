// SPDX-License-Identifier: MIT OR Apache-2.0

//! The fields of a request. Null counts as absent.

use serde_json::Value;
use subrosa::Address;
use subrosa::omemo::Version;

use super::Failure;

/// A JSON object that ought to have certain fields.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    pub(crate) const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    pub(crate) fn operation(self) -> &'a str {
        self.field("op").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn party_name(self) -> Option<&'a str> {
        self.field("party").and_then(Value::as_str)
    }

    pub(crate) fn field(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn need<T>(name: &str, found: Option<T>) -> Result<T, Failure> {
        found.ok_or_else(|| Failure::new("TypeError", format!("{name} is missing or of another type")))
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str, Failure> {
        Self::need(name, self.field(name).and_then(Value::as_str))
    }

    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], Failure> {
        Self::need(name, self.field(name).and_then(Value::as_array)).map(Vec::as_slice)
    }

    pub(crate) fn object(self, name: &str) -> Result<Self, Failure> {
        Self::need(name, self.field(name).filter(|value| value.is_object())).map(Self)
    }

    pub(crate) fn u32(self, name: &str) -> Result<u32, Failure> {
        Self::need(name, self.field(name).and_then(Value::as_u64).and_then(|value| value.try_into().ok()))
    }

    pub(crate) fn optional_u32(self, name: &str) -> Result<Option<u32>, Failure> {
        self.field(name).map(|_| self.u32(name)).transpose()
    }

    /// A truth value, or a number that is 0 or not.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.field(name).is_some_and(|value| value.as_bool().unwrap_or_else(|| value.as_i64() != Some(0)))
    }

    pub(crate) fn bytes(self, name: &str) -> Result<Vec<u8>, Failure> {
        Self::need(name, self.field(name).and_then(Value::as_str).and_then(|text| hex::decode(text).ok()))
    }

    pub(crate) fn array<const N: usize>(self, name: &str) -> Result<[u8; N], Failure> {
        let bytes = self.bytes(name)?;
        bytes.try_into().map_err(|_| Failure::new("ValueError", format!("{name}: expected {N} bytes")))
    }

    /// The device in `remote`.
    pub(crate) fn remote(self) -> Result<Address, Failure> {
        let remote = self.object("remote")?;
        Ok(Address::new(remote.text("name")?, remote.u32("device")?))
    }

    /// `version`, "2" if it is absent.
    pub(crate) fn version(self) -> Result<Version, Failure> {
        match self.field("version").map(Value::as_str) {
            None | Some(Some("2")) => Ok(Version::Two),
            Some(Some("legacy")) => Ok(Version::Legacy),
            _ => Err(Failure::new("KeyError", "version: 2 or legacy")),
        }
    }
}
