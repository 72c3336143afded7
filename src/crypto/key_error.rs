// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of keys.

/// The reason that bytes are not a key or a KEM ciphertext, or that two do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The input is empty, so it has not even a type byte.
    #[error("empty input where a key or a KEM ciphertext was expected")]
    NoKeyType,
    /// The first byte is no known type: `0x05` for a curve's key, `0x08` or `0x0A` for a KEM's. Carries it.
    #[error("unknown key type {0:#04x}")]
    BadKeyType(u8),
    /// A KEM's key and ciphertext, or the halves of a key pair, are of different types. Carries the type that
    /// did not fit.
    #[error("the KEM type {0:#04x} does not match")]
    WrongKeyType(u8),
    /// The key does not have the length of its type. Carries its length in bytes, with the type byte if it has one.
    #[error("a key of this type cannot be {0} bytes long")]
    BadKeyLength(usize),
    /// The KEM ciphertext does not have the length of its type. Carries its length in bytes, type byte included.
    #[error("a KEM ciphertext of this type cannot be {0} bytes long")]
    BadCiphertextLength(usize),
}
