// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted.

use std::sync::Arc;

use subrosa_binding as core;

use crate::error::SubrosaError;
use crate::plain::{Address, Failure, Message, Show};
use crate::session::Session;
use crate::stage::{StagedMessage, StagedResend};

/// The advice about a message that was not decrypted.
#[derive(uniffi::Record)]
pub struct Advice {
    /// Whether to show that it is missing.
    pub show: Show,
    /// The request to its sender, for `RepairLog.ask`; none if asking is of no use.
    pub ask: Option<Arc<ResendRequest>>,
}

impl From<core::Advice> for Advice {
    fn from(advice: core::Advice) -> Self {
        Self { show: advice.show.into(), ask: advice.ask.map(|ask| Arc::new(ResendRequest(ask))) }
    }
}

/// Advises about a message of this kind and these bytes that came without an envelope, from this device and with this
/// timestamp of the service. `failure` is that of the error.
#[uniffi::export]
pub fn advice_about(
    failure: Failure,
    kind: u8,
    bytes: Vec<u8>,
    timestamp_ms: u64,
    device: u32,
) -> Result<Advice, SubrosaError> {
    Ok(core::Advice::about(failure.into(), (kind, &bytes), timestamp_ms, device)?.into())
}

/// A request to a peer's device, to send a message again.
#[derive(uniffi::Object)]
pub struct ResendRequest(core::ResendRequest);

#[uniffi::export]
impl ResendRequest {
    /// What to send, not encrypted, but in an envelope if there is one. It is the output of `RepairLog.ask`, too, which
    /// limits how often it is sent.
    pub fn message(&self) -> Arc<Message> {
        Arc::new(Message(self.0.message()))
    }
}

/// What to do about a peer's request.
#[derive(uniffi::Record)]
pub struct Resend {
    /// The timestamp of the message to send again, in milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Whether to begin a new session first, from a bundle.
    pub reset: bool,
    /// Whether it may have been a message of a group.
    pub group: bool,
}

impl From<core::Resend> for Resend {
    fn from(core::Resend { timestamp_ms, reset, group }: core::Resend) -> Self {
        Self { timestamp_ms, reset, group }
    }
}

/// The requests to, and answers for, one device of a peer, by which both sides limit their repairs.
#[derive(uniffi::Object)]
pub struct RepairLog(pub(crate) core::RepairLog);

#[uniffi::export]
impl RepairLog {
    /// An empty log for a device of a peer.
    #[uniffi::constructor]
    pub fn new(peer: Address) -> Arc<Self> {
        Arc::new(Self(core::RepairLog::new(&peer.into())))
    }

    /// Reads a stored record, for the same peer.
    #[uniffi::constructor]
    pub fn from_record(record: Vec<u8>, peer: Address) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::RepairLog::from_record(&record, &peer.into())?)))
    }

    /// The record as it is.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// Notes a request, if it may be made now. The output is what to send.
    pub fn ask(&self, request: &ResendRequest, now_ms: u64) -> Result<Arc<StagedMessage>, SubrosaError> {
        Ok(Arc::new(StagedMessage(self.0.ask(&request.0, now_ms)?)))
    }

    /// Answers a peer's request, if that may be done now. `request` are the bytes of a message of kind 8.
    pub fn answer(
        &self,
        session: &Session,
        request: Vec<u8>,
        now_ms: u64,
    ) -> Result<Arc<StagedResend>, SubrosaError> {
        Ok(Arc::new(StagedResend(self.0.answer(&session.0, &request, now_ms)?)))
    }
}
