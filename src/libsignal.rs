// SPDX-License-Identifier: MIT OR Apache-2.0

//! Moving over from libsignal, and back: the feature `libsignal` gives identity keys, prekeys, sessions and sender keys
//! the methods `from_libsignal_record` and `to_libsignal_record`. [`account::Import`](crate::account::Import) makes an
//! account of the keys.

/// The reason that a record of libsignal cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LibsignalError {
    /// The record, or its current session, is not protobuf.
    #[error("not a protobuf record")]
    Malformed,
    /// A key is missing or does not decode, a version is unknown, or limits are wider than those of this session.
    #[error("a part of the record is not sound")]
    Unsound,
    /// Public and private half do not belong together.
    #[error("public and private key do not belong together")]
    Mismatch,
    /// The signature is missing, or not 64 bytes long.
    #[error("the signature is not 64 bytes long")]
    BadSignature,
    /// The record is empty, so there is no key to send with.
    #[error("empty sender key record")]
    Empty,
    /// There is no private key: the record is of another's sender key.
    #[error("the sender key is another's")]
    NotOurs,
}
