// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivery to all devices.

use std::sync::Arc;

use subrosa_binding as core;

use crate::account::Account;
use crate::error::SubrosaError;
use crate::plain::Address;
use crate::session::Session;
use crate::stage::{StagedChange, StagedMessages};

/// A message for one device.
#[derive(uniffi::Record)]
pub struct DeviceMessage {
    /// The device.
    pub address: Address,
    /// The registration id known to us, for the service to compare.
    pub registration_id: u32,
    /// The identity key that the session is with, 33 bytes: seal the message for it.
    pub identity_key: Vec<u8>,
    /// The message.
    pub message: Arc<crate::plain::Message>,
}

impl From<core::DeviceMessage> for DeviceMessage {
    fn from(message: core::DeviceMessage) -> Self {
        let core::DeviceMessage { address, registration_id, identity_key, message } = message;
        let message = Arc::new(crate::plain::Message(message));
        Self { address: address.into(), registration_id, identity_key, message }
    }
}

/// A text for a device.
#[derive(uniffi::Record)]
pub struct DeviceText {
    /// The session with the device.
    pub session: Arc<Session>,
    /// The text.
    pub text: Vec<u8>,
    /// The key that is pinned for the device's account.
    #[uniffi(default = None)]
    pub pinned: Option<Vec<u8>>,
}

/// The failure to encrypt for a device.
#[derive(uniffi::Record)]
pub struct DeviceFailure {
    /// The device.
    pub address: Address,
    /// The name of the error's code.
    pub code: String,
    /// What happened and what to do.
    pub text: String,
}

impl From<core::DeviceFailure> for DeviceFailure {
    fn from(core::DeviceFailure { address, error }: core::DeviceFailure) -> Self {
        Self { address: address.into(), code: error.code.name().to_owned(), text: error.text }
    }
}

/// Messages for many devices, and the devices that could not be encrypted for.
#[derive(uniffi::Record)]
pub struct EachResult {
    /// The stage of all that could be encrypted.
    pub stage: Arc<StagedMessages>,
    /// The others: look at them before the stage is committed.
    pub failures: Vec<DeviceFailure>,
}

/// Encrypts for many devices in one call and one stage.
#[uniffi::export]
pub fn encrypt_each(all: Vec<DeviceText>, now_ms: u64) -> Result<EachResult, SubrosaError> {
    let mut list = Vec::with_capacity(all.len());
    for DeviceText { session, text, pinned } in &all {
        list.push(core::Each { session: &session.0, text, pinned: pinned.as_deref() });
    }
    let (stage, failures) = core::encrypt_each(&list, now_ms)?;
    let failures = failures.into_iter().map(Into::into).collect();
    Ok(EachResult { stage: Arc::new(StagedMessages(stage)), failures })
}

/// The service's answer to the messages for one account.
#[derive(uniffi::Enum)]
pub enum Answer {
    /// It took them.
    Accepted,
    /// There were no messages for some devices, and some are no more.
    Mismatched { missing: Vec<u32>, extra: Vec<u32> },
    /// Some devices were set up anew.
    Stale { devices: Vec<u32> },
    /// There is no such account.
    UnknownAccount,
}

impl From<Answer> for core::Answer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Accepted => Self::Accepted,
            Answer::Mismatched { missing, extra } => Self::Mismatched { missing, extra },
            Answer::Stale { devices } => Self::Stale(devices),
            Answer::UnknownAccount => Self::UnknownAccount,
        }
    }
}

/// The steps before the next attempt.
#[derive(uniffi::Object)]
pub struct Correction(core::Correction);

fn addresses(list: &[core::Address]) -> Vec<Address> {
    list.iter().cloned().map(Into::into).collect()
}

#[uniffi::export]
impl Correction {
    /// The devices whose sessions must be archived, by `archive_sessions`.
    pub fn archive(&self) -> Vec<Address> {
        addresses(&self.0.archive)
    }

    /// The devices that need a session after that.
    pub fn begin(&self) -> Vec<Address> {
        addresses(&self.0.begin)
    }

    /// Devices that are no more: delete their sessions.
    pub fn forget(&self) -> Vec<Address> {
        addresses(&self.0.forget)
    }

    /// Whether that was the last attempt for this account.
    pub fn gave_up(&self) -> bool {
        self.0.gave_up
    }

    /// Archives those of the sessions that it names, as one stage.
    pub fn archive_sessions(&self, sessions: Vec<Arc<Session>>) -> Result<Arc<StagedChange>, SubrosaError> {
        let sessions: Vec<core::Session> = sessions.iter().map(|session| session.0.clone()).collect();
        Ok(Arc::new(StagedChange(core::archive(&self.0, &sessions)?)))
    }
}

/// The recipients of a message that have not got it yet.
#[derive(uniffi::Object)]
pub struct Delivery(core::Delivery);

#[uniffi::export]
impl Delivery {
    /// An empty delivery from the device of an account, with at most `attempts` for a recipient.
    #[uniffi::constructor(default(attempts = 5))]
    pub fn new(account: &Account, attempts: u8) -> Arc<Self> {
        Arc::new(Self(core::Delivery::new(&account.0.address(), attempts)))
    }

    /// Adds an account, with its devices as far as they are known.
    pub fn add(&self, account: String, devices: Vec<u32>) {
        self.0.add(&account, &devices);
    }

    /// The devices that are still to get the message.
    pub fn addresses(&self) -> Vec<Address> {
        addresses(&self.0.addresses())
    }

    /// The accounts that are still to get the message.
    pub fn accounts(&self) -> Vec<String> {
        self.0.accounts()
    }

    /// Whether all accounts have got the message, or are given up.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// Takes in the service's answer, and gives the steps before the next attempt.
    pub fn answered(&self, account: String, answer: Answer) -> Arc<Correction> {
        Arc::new(Correction(self.0.answered(&account, &answer.into())))
    }

    /// Leaves an account out from now on.
    pub fn give_up(&self, account: String) {
        self.0.give_up(&account);
    }
}
