// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of attachments.

/// The reason that an attachment, or an operation on it, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// The blob is shorter than any, or not a whole number of blocks.
    #[error("not a blob of whole blocks")]
    Malformed,
    /// The MAC at the blob's end is wrong: changed on its way, or another key.
    #[error("the attachment's MAC does not fit")]
    BadMac,
    /// The blob's SHA-256 is not the digest in the message.
    #[error("the attachment's digest does not fit")]
    BadDigest,
    /// The sender's mistake: authentic, but the padding of the cipher is wrong.
    #[error("the attachment's padding is wrong")]
    BadPadding,
    /// The sender's mistake: authentic, but the plaintext is shorter than the message says.
    #[error("the attachment is shorter than announced")]
    TooShort,
    /// The incremental MAC is not a whole number of MACs of 32 bytes, or has none.
    #[error("not a list of whole MACs")]
    NotAnIncrementalMac,
    /// A MAC of the incremental MAC does not fit its chunk.
    #[error("a MAC of the list does not fit the data")]
    Mismatch,
    /// The data goes on after the incremental MAC has ended.
    #[error("the data is longer than the list of MACs")]
    DataTooLong,
    /// The data has ended and the incremental MAC has not.
    #[error("the data is shorter than the list of MACs")]
    DataTooShort,
    /// A chunk size of zero.
    #[error("chunk size is zero")]
    ZeroChunkSize,
    /// Chunks larger than 2 MiB: each would be held in memory. Carries their size in bytes.
    #[error("chunks of {0} bytes are too large")]
    ChunkTooLarge(u32),
    /// The caller's mistake: the encrypted attachment was not read to its end, so it has no manifest yet.
    #[error("the encrypted attachment was not read to its end")]
    Unfinished,
}
