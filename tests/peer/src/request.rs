// SPDX-License-Identifier: MIT OR Apache-2.0

//! The fields of a request.

use serde_json::Value;
use subrosa::Address;
use subrosa::keys::{PrivateKey, PublicKey};

use super::Failure;

/// A JSON object that ought to have certain fields. Null counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a>(&'a Value);

impl<'a> Request<'a> {
    pub(crate) const fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// What is asked for; empty if nothing is.
    pub(crate) fn operation(self) -> &'a str {
        self.field("op").and_then(Value::as_str).unwrap_or_default()
    }

    /// The same request for another operation.
    pub(crate) fn with_operation(self, name: &str) -> Value {
        let mut request = self.0.clone();
        if let Some(fields) = request.as_object_mut() {
            fields.insert("op".to_owned(), name.into());
        }
        request
    }

    /// The party that the request is about, if it is about one.
    pub(crate) fn party_name(self) -> Option<&'a str> {
        self.field("party").and_then(Value::as_str)
    }

    /// A field that may be absent.
    pub(crate) fn field(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A field read by `read`, which may be absent but not of another type.
    fn optional<T>(
        self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.field(name)
            .map(|value| read(value).ok_or_else(|| Failure::usage(format!("{name}: expected {what}"))))
            .transpose()
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str, Failure> {
        self.optional(name, "a text", Value::as_str)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], Failure> {
        self.optional(name, "a list", Value::as_array)?.map(Vec::as_slice).ok_or_else(|| missing(name))
    }

    pub(crate) fn object(self, name: &str) -> Result<Request<'a>, Failure> {
        self.optional(name, "an object", |value| value.is_object().then_some(Self(value)))?
            .ok_or_else(|| missing(name))
    }

    /// The address in a field: an object with `name` and `device`.
    pub(crate) fn address(self, name: &str) -> Result<Address, Failure> {
        self.object(name)?.own_address()
    }

    /// The address that `name` and `device` of the request itself are.
    pub(crate) fn own_address(self) -> Result<Address, Failure> {
        let (name, device) = (self.text("name")?, self.u32("device")?);
        Ok(Address::new(name, device))
    }

    pub(crate) fn flag(self, name: &str, default: bool) -> Result<bool, Failure> {
        Ok(self.optional(name, "a truth value", Value::as_bool)?.unwrap_or(default))
    }

    pub(crate) fn optional_u64(self, name: &str) -> Result<Option<u64>, Failure> {
        self.optional(name, "a natural number", Value::as_u64)
    }

    pub(crate) fn u64(self, name: &str) -> Result<u64, Failure> {
        self.optional_u64(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_u32(self, name: &str) -> Result<Option<u32>, Failure> {
        self.optional(name, "a number of 32 bits", |value| value.as_u64()?.try_into().ok())
    }

    pub(crate) fn u32(self, name: &str) -> Result<u32, Failure> {
        self.optional_u32(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_bytes(self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.optional(name, "hex", |value| hex::decode(value.as_str()?).ok())
    }

    pub(crate) fn bytes(self, name: &str) -> Result<Vec<u8>, Failure> {
        self.optional_bytes(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn optional_public(self, name: &str) -> Result<Option<PublicKey>, Failure> {
        Ok(self.optional_bytes(name)?.map(|bytes| PublicKey::decode(&bytes)).transpose()?)
    }

    pub(crate) fn public(self, name: &str) -> Result<PublicKey, Failure> {
        Ok(PublicKey::decode(&self.bytes(name)?)?)
    }

    pub(crate) fn public_list(self, name: &str) -> Result<Vec<PublicKey>, Failure> {
        let key = |value: &Value| {
            let bytes =
                value.as_str().and_then(|text| hex::decode(text).ok()).ok_or_else(|| missing(name))?;
            Ok(PublicKey::decode(&bytes)?)
        };
        self.list(name)?.iter().map(key).collect()
    }

    pub(crate) fn private(self, name: &str) -> Result<PrivateKey, Failure> {
        Ok(PrivateKey::decode(&self.bytes(name)?)?)
    }
}

fn missing(name: &str) -> Failure {
    Failure::usage(format!("{name} is missing"))
}
