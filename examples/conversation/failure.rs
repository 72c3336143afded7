// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why the conversation could not be held.

use std::io;

use super::device::{BeginError, CertifyError, SendError};
use super::place::PlaceError;
use super::receive::ReceiveError;
use super::store::StoreError;
use super::wire::LookError;

/// Why the conversation could not be held.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Begin(#[from] BeginError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error(transparent)]
    Certify(#[from] CertifyError),
    #[error("what we sent can't be looked into: {0}")]
    Look(#[from] LookError),
    #[error("the output can't be written: {0}")]
    Output(#[from] io::Error),
    /// Something happened that the crate promises not to let happen.
    #[error("a promise was broken: {0}")]
    Promise(&'static str),
}

impl Failure {
    /// Whether the reader of our output went away.
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Ends the conversation unless a promise was kept.
pub const fn promised(kept: bool, promise: &'static str) -> Result<(), Failure> {
    if kept { Ok(()) } else { Err(Failure::Promise(promise)) }
}
