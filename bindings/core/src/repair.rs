// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted.

use std::fmt;

use subrosa::repair::{self, PlaintextContent, RepairPolicy};
use subrosa::sealed::ContentHint;
use subrosa::{DeviceId, Timestamp};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::plain::{Address, Failure, Outgoing, Show, kind};
use crate::session::Session;
use crate::stage::Stage;
use crate::state::Shared;

/// The advice about a message that was not decrypted.
#[derive(Clone, Debug)]
pub struct Advice {
    /// Whether to show that it is missing.
    pub show: Show,
    /// The request to its sender, for [`RepairLog::ask`]; none if asking is of no use.
    pub ask: Option<ResendRequest>,
}

impl Advice {
    pub(crate) fn of(advice: repair::Advice) -> Self {
        Self { show: advice.show.into(), ask: advice.ask.map(ResendRequest) }
    }

    /// Advises about a message that came without an envelope, from this device and with this timestamp of the service.
    pub fn about(
        failure: Failure,
        (number, bytes): (u8, &[u8]),
        timestamp_ms: u64,
        device: u32,
    ) -> Result<Self, Error> {
        let (timestamp, device) = (Timestamp::from_millis(timestamp_ms), DeviceId::new(device));
        let (hint, kind) = (ContentHint::Default, kind(number)?);
        let advice = repair::Advice::about(failure.into(), hint, kind, bytes, timestamp, device);
        Ok(Self::of(advice))
    }
}

/// A request to a peer's device, to send a message again.
#[derive(Clone, Debug)]
pub struct ResendRequest(repair::ResendRequest);

impl ResendRequest {
    /// What to send, not encrypted, but in an envelope if there is one.
    pub fn message(&self) -> Outgoing {
        Outgoing(self.0.content().into())
    }
}

/// What to do about a peer's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// The timestamp of the message to send again, in milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Whether to begin a new session first, from a bundle.
    pub reset: bool,
    /// Whether it may have been a message of a group.
    pub group: bool,
}

/// The requests to, and answers for, one device of a peer, by which both sides limit their repairs.
#[derive(Clone)]
pub struct RepairLog(Shared<repair::RepairLog>);

impl RepairLog {
    pub(crate) fn of(log: repair::RepairLog) -> Self {
        Self(Shared::new(log))
    }

    /// An empty log for a device of a peer.
    pub fn new(peer: &Address) -> Self {
        Self::of(repair::RepairLog::new(peer.to_subrosa()))
    }

    /// Reads a stored record, for the same peer.
    pub fn from_record(record: &[u8], peer: &Address) -> Result<Self, Error> {
        Ok(Self::of(repair::RepairLog::from_record(record, peer.to_subrosa())?))
    }

    /// The record as it is.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// Notes a request, if it may be made now. The output is what to send.
    pub fn ask(&self, request: &ResendRequest, now_ms: u64) -> Result<Stage<Outgoing>, Error> {
        let (mut log, now) = (self.0.lock(), Timestamp::from_millis(now_ms));
        let staged = log.ask(request.0.clone(), &RepairPolicy::default(), now)?;
        Ok(Stage::of(staged, &self.0, |request| ResendRequest(request.clone()).message()))
    }

    /// Answers a peer's request, if that may be done now. `request` are the bytes of a message of kind 8.
    pub fn answer(&self, session: &Session, request: &[u8], now_ms: u64) -> Result<Stage<Resend>, Error> {
        let request = PlaintextContent::parse(request)?.decryption_error_message()?;
        let (mut log, mut locked) = (self.0.lock(), session.0.lock());
        let (policy, now) = (RepairPolicy::default(), Timestamp::from_millis(now_ms));
        let staged = log.answer(&mut locked, &request, &policy, now)?;
        Ok(Stage::of_two(staged, (&self.0, &session.0), |resend| Resend {
            timestamp_ms: resend.timestamp.as_millis(),
            reset: resend.reset,
            group: resend.group,
        }))
    }
}

impl fmt::Debug for RepairLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RepairLog(..)")
    }
}
