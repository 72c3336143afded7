// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivery to all devices.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, thrown};
use crate::object::millis;
use crate::plain::{Address, Message};
use crate::session::Session;
use crate::stage::{StagedChange, StagedMessages};

/// A message for one device.
#[wasm_bindgen]
pub struct DeviceMessage(pub(crate) core::DeviceMessage);

#[wasm_bindgen]
impl DeviceMessage {
    /// The device.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> Address {
        Address(self.0.address.clone())
    }

    /// The registration id known to us, for the service to compare.
    #[wasm_bindgen(getter, js_name = registrationId)]
    pub fn registration_id(&self) -> u32 {
        self.0.registration_id
    }

    /// The identity key that the session is with, 33 bytes: seal the message for it.
    #[wasm_bindgen(getter, js_name = identityKey)]
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key.clone()
    }

    /// The message, to be sealed for the identity key by `SealedSender.seal`.
    #[wasm_bindgen(getter)]
    pub fn message(&self) -> Message {
        Message(self.0.message.clone())
    }

    /// The kind of the message.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> u8 {
        self.0.message.kind()
    }

    /// The bytes of the message.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.message.bytes()
    }
}

/// A device that could not be encrypted for.
#[wasm_bindgen]
pub struct DeviceFailure(core::DeviceFailure);

#[wasm_bindgen]
impl DeviceFailure {
    /// The device.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> Address {
        Address(self.0.address.clone())
    }

    /// The error.
    #[wasm_bindgen(getter)]
    pub fn error(&self) -> JsValue {
        thrown(self.0.error.clone())
    }
}

/// The sessions with many devices, to encrypt for all of them in one call.
#[wasm_bindgen]
#[derive(Default)]
pub struct Devices {
    all: Vec<(core::Session, Option<Vec<u8>>)>,
    failures: Vec<core::DeviceFailure>,
}

impl Devices {
    pub(crate) fn sessions(&self) -> Vec<core::Session> {
        self.all.iter().map(|(session, _)| session.clone()).collect()
    }
}

#[wasm_bindgen]
impl Devices {
    /// No devices.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a session, with the identity key that is pinned for its account.
    pub fn add(&mut self, session: &Session, pinned: Option<Vec<u8>>) {
        self.all.push((session.0.clone(), pinned));
    }

    /// Number of sessions.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.all.len()
    }

    /// Encrypts `text` for all devices, as one stage; `ownText`, if given, for one's own other devices. The stage is of
    /// those that could be encrypted for: look at `failures` before it is committed.
    pub fn encrypt(&mut self, text: &[u8], now: f64, own_text: Option<Vec<u8>>) -> Fallible<StagedMessages> {
        let text_for = |session: &core::Session| match &own_text {
            Some(own) if session.local().name == session.remote().name => own.as_slice(),
            _ => text,
        };
        let each: Vec<core::Each<'_>> = self
            .all
            .iter()
            .map(|(session, pinned)| core::Each {
                session,
                text: text_for(session),
                pinned: pinned.as_deref(),
            })
            .collect();
        let (stage, failures) = core::encrypt_each(&each, millis(now)?).map_err(thrown)?;
        self.failures = failures;
        Ok(StagedMessages(stage))
    }

    /// The devices that the last call could not encrypt for.
    #[wasm_bindgen(getter)]
    pub fn failures(&self) -> Vec<DeviceFailure> {
        self.failures.iter().cloned().map(DeviceFailure).collect()
    }

    /// Archives the sessions that a correction names.
    pub fn archive(&self, correction: &Correction) -> Fallible<StagedChange> {
        core::archive(&correction.0, &self.sessions()).map(StagedChange).map_err(thrown)
    }
}

/// The service's answer to the messages for one account.
#[wasm_bindgen]
pub struct Answer(core::Answer);

#[wasm_bindgen]
impl Answer {
    /// It took them.
    pub fn accepted() -> Self {
        Self(core::Answer::Accepted)
    }

    /// There were no messages for the devices `missing`, and the devices `extra` are no more.
    pub fn mismatched(missing: Vec<u32>, extra: Vec<u32>) -> Self {
        Self(core::Answer::Mismatched { missing, extra })
    }

    /// These devices were set up anew.
    pub fn stale(devices: Vec<u32>) -> Self {
        Self(core::Answer::Stale(devices))
    }

    /// There is no such account.
    #[wasm_bindgen(js_name = unknownAccount)]
    pub fn unknown_account() -> Self {
        Self(core::Answer::UnknownAccount)
    }
}

/// The steps before the next attempt.
#[wasm_bindgen]
pub struct Correction(core::Correction);

fn addresses(list: &[core::Address]) -> Vec<Address> {
    list.iter().cloned().map(Address).collect()
}

#[wasm_bindgen]
impl Correction {
    /// The devices whose sessions must be archived, by `Devices.archive`.
    #[wasm_bindgen(getter)]
    pub fn archive(&self) -> Vec<Address> {
        addresses(&self.0.archive)
    }

    /// The devices that need a session after that.
    #[wasm_bindgen(getter)]
    pub fn begin(&self) -> Vec<Address> {
        addresses(&self.0.begin)
    }

    /// Devices that are no more: delete their sessions.
    #[wasm_bindgen(getter)]
    pub fn forget(&self) -> Vec<Address> {
        addresses(&self.0.forget)
    }

    /// Whether that was the last attempt for this account.
    #[wasm_bindgen(getter, js_name = gaveUp)]
    pub fn gave_up(&self) -> bool {
        self.0.gave_up
    }
}

/// The recipients of a message that have not got it yet.
#[wasm_bindgen]
pub struct Delivery(core::Delivery);

#[wasm_bindgen]
impl Delivery {
    /// An empty delivery from this device, with at most `attempts` for an account; 5 if not given.
    #[wasm_bindgen(constructor)]
    pub fn new(local: &Address, attempts: Option<u8>) -> Self {
        Self(core::Delivery::new(&local.0, attempts.unwrap_or(5)))
    }

    /// Adds an account, with its devices as far as they are known.
    pub fn add(&self, account: &str, devices: Vec<u32>) {
        self.0.add(account, &devices);
    }

    /// The devices that are still to get the message.
    #[wasm_bindgen(getter)]
    pub fn addresses(&self) -> Vec<Address> {
        addresses(&self.0.addresses())
    }

    /// The accounts that are still to get the message.
    #[wasm_bindgen(getter)]
    pub fn accounts(&self) -> Vec<String> {
        self.0.accounts()
    }

    /// Whether all accounts have got the message, or are given up.
    #[wasm_bindgen(getter, js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// Takes in the service's answer, and gives the steps before the next attempt.
    pub fn answered(&self, account: &str, answer: &Answer) -> Correction {
        Correction(self.0.answered(account, &answer.0))
    }

    /// Leaves an account out from now on.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&self, account: &str) {
        self.0.give_up(account);
    }
}
