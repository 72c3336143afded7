// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, thrown};
use crate::object::{count, millis};
use crate::plain::{Address, Failure, Message, Show};
use crate::session::Session;
use crate::stage::{StagedMessage, StagedResend};

/// The advice about a message that was not decrypted.
#[wasm_bindgen]
pub struct Advice(pub(crate) core::Advice);

#[wasm_bindgen]
impl Advice {
    /// Advises about a message of this kind and these bytes that came without an envelope, from this device and with
    /// this timestamp of the service. `failure` is that of the error.
    pub fn about(failure: Failure, kind: u8, bytes: &[u8], timestamp: f64, device: u32) -> Fallible<Self> {
        let advice = core::Advice::about(failure.into(), (kind, bytes), millis(timestamp)?, device);
        Ok(Self(advice.map_err(thrown)?))
    }

    /// Whether to show that it is missing.
    #[wasm_bindgen(getter)]
    pub fn show(&self) -> Show {
        self.0.show.into()
    }

    /// The request to its sender, for `RepairLog.ask`; undefined if asking is of no use.
    #[wasm_bindgen(getter)]
    pub fn ask(&self) -> Option<ResendRequest> {
        self.0.ask.clone().map(ResendRequest)
    }
}

/// A request to a peer's device, to send a message again.
#[wasm_bindgen]
pub struct ResendRequest(core::ResendRequest);

#[wasm_bindgen]
impl ResendRequest {
    /// What to send, not encrypted, but in an envelope if there is one. It is the output of `RepairLog.ask`, too, which
    /// limits how often it is sent.
    pub fn message(&self) -> Message {
        Message(self.0.message())
    }
}

/// What to do about a peer's request.
#[wasm_bindgen]
pub struct Resend(pub(crate) core::Resend);

#[wasm_bindgen]
impl Resend {
    /// The timestamp of the message to send again.
    #[wasm_bindgen(getter)]
    pub fn timestamp(&self) -> f64 {
        count(self.0.timestamp_ms)
    }

    /// Whether to begin a new session first, from a bundle.
    #[wasm_bindgen(getter)]
    pub fn reset(&self) -> bool {
        self.0.reset
    }

    /// Whether it may have been a message of a group.
    #[wasm_bindgen(getter)]
    pub fn group(&self) -> bool {
        self.0.group
    }
}

/// The requests to, and answers for, one device of a peer, by which both sides limit their repairs.
#[wasm_bindgen]
pub struct RepairLog(pub(crate) core::RepairLog);

#[wasm_bindgen]
impl RepairLog {
    /// An empty log for a device of a peer.
    #[wasm_bindgen(constructor)]
    pub fn new(peer: &Address) -> Self {
        Self(core::RepairLog::new(&peer.0))
    }

    /// Reads a stored record, for the same peer.
    #[wasm_bindgen(js_name = fromRecord)]
    pub fn from_record(record: &[u8], peer: &Address) -> Fallible<Self> {
        Ok(Self(core::RepairLog::from_record(record, &peer.0).map_err(thrown)?))
    }

    /// The record as it is.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// Notes a request, if it may be made now. The output is what to send.
    pub fn ask(&self, request: &ResendRequest, now: f64) -> Fallible<StagedMessage> {
        self.0.ask(&request.0, millis(now)?).map(StagedMessage).map_err(thrown)
    }

    /// Answers a peer's request, if that may be done now. `request` are the bytes of a message of kind 8.
    pub fn answer(&self, session: &Session, request: &[u8], now: f64) -> Fallible<StagedResend> {
        self.0.answer(&session.0, request, millis(now)?).map(StagedResend).map_err(thrown)
    }
}
