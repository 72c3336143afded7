// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivery to all devices.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use subrosa::address::AccountName;
use subrosa::delivery::{self, GaveUp, ServiceAnswer};
use subrosa::{DeviceId, Timestamp, os_rng};

use crate::error::Error;
use crate::plain::{Address, Outgoing, Pinned};
use crate::session::Session;
use crate::stage::Stage;

/// A message for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceMessage {
    /// The device.
    pub address: Address,
    /// The registration id known to us, for the service to compare.
    pub registration_id: u32,
    /// The identity key that the session is with, 33 bytes: seal the message for it.
    pub identity_key: Vec<u8>,
    /// The message.
    pub message: Outgoing,
}

impl From<&delivery::DeviceMessage> for DeviceMessage {
    fn from(message: &delivery::DeviceMessage) -> Self {
        Self {
            address: (&message.address).into(),
            registration_id: message.registration_id,
            identity_key: message.identity.encode().into(),
            message: (&message.ciphertext).into(),
        }
    }
}

/// The failure to encrypt for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFailure {
    /// The device.
    pub address: Address,
    /// The error.
    pub error: Error,
}

/// A text for a device.
#[derive(Clone, Debug)]
pub struct Each<'a> {
    /// The session with the device.
    pub session: &'a Session,
    /// The text.
    pub text: &'a [u8],
    /// The key that is pinned for the device's account.
    pub pinned: Option<&'a [u8]>,
}

/// Encrypts for many devices in one call and one stage, of all sessions that could be encrypted on. A session that
/// comes twice is an error.
#[allow(clippy::type_complexity, reason = "a stage and a list")]
pub fn encrypt_each(
    all: &[Each<'_>],
    now_ms: u64,
) -> Result<(Stage<Vec<DeviceMessage>>, Vec<DeviceFailure>), Error> {
    let mut ordered: Vec<&Each<'_>> = all.iter().collect();
    ordered.sort_by_key(|each| each.session.0.place());
    if ordered.windows(2).any(|pair| matches!(pair, [a, b] if a.session.0.place() == b.session.0.place())) {
        return Err(Error::argument("a session comes twice"));
    }
    let pinned = ordered.iter().map(|each| Pinned::new(each.pinned)).collect::<Result<Vec<_>, _>>()?;
    let mut locked: Vec<_> = ordered.iter().map(|each| each.session.0.lock()).collect();
    let each = locked
        .iter_mut()
        .zip(&pinned)
        .zip(&ordered)
        .map(|((session, pinned), each)| (&mut **session, pinned.trust(), each.text));
    let (staged, failures) = delivery::encrypt_each(each, Timestamp::from_millis(now_ms), &mut os_rng());
    let failures = failures
        .into_iter()
        .map(|failure| DeviceFailure { address: (&failure.address).into(), error: failure.error.into() })
        .collect();
    let sessions = ordered.iter().map(|each| each.session.0.clone()).collect();
    Ok((Stage::of_sessions(staged, sessions, |all| all.iter().map(Into::into).collect()), failures))
}

/// Archives those of `sessions` that a correction names, as one stage.
pub fn archive(correction: &Correction, sessions: &[Session]) -> Result<Stage<()>, Error> {
    let mut due: BTreeMap<usize, &Session> = BTreeMap::new();
    for session in sessions.iter().filter(|session| correction.archive.contains(&session.remote())) {
        due.insert(session.0.place(), session);
    }
    let mut locked: Vec<_> = due.values().map(|session| session.0.lock()).collect();
    let core = correction.core.archive(locked.iter_mut().map(|session| &mut **session))?;
    Ok(Stage::of_sessions(core, due.values().map(|session| session.0.clone()).collect(), |()| ()))
}

/// The service's answer to the messages for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took them.
    Accepted,
    /// Devices are missing, or are no more.
    Mismatched {
        /// Devices that there was no message for.
        missing: Vec<u32>,
        /// Devices that no longer exist.
        extra: Vec<u32>,
    },
    /// Devices that were set up anew.
    Stale(Vec<u32>),
    /// There is no such account.
    UnknownAccount,
}

impl Answer {
    fn to_subrosa(&self) -> ServiceAnswer {
        let ids = |devices: &[u32]| devices.iter().map(|device| DeviceId::new(*device)).collect();
        match self {
            Self::Accepted => ServiceAnswer::Accepted,
            Self::Mismatched { missing, extra } => {
                ServiceAnswer::Mismatched { missing: ids(missing), extra: ids(extra) }
            }
            Self::Stale(stale) => ServiceAnswer::Stale(ids(stale)),
            Self::UnknownAccount => ServiceAnswer::UnknownAccount,
        }
    }
}

/// The steps before the next attempt.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The devices whose sessions must be archived, by [`archive`].
    pub archive: Vec<Address>,
    /// The devices that need a session after that.
    pub begin: Vec<Address>,
    /// Devices that are no more: delete their sessions.
    pub forget: Vec<Address>,
    /// Whether that was the last attempt for this account.
    pub gave_up: bool,
    core: delivery::Correction,
}

impl Correction {
    fn of(core: delivery::Correction, gave_up: bool) -> Self {
        let plain = |addresses: &[subrosa::Address]| addresses.iter().map(Address::from).collect();
        let [archive, begin, forget] = [&core.archive, &core.begin, &core.forget].map(|list| plain(list));
        Self { archive, begin, forget, gave_up, core }
    }
}

/// The recipients of a message that have not got it yet.
#[derive(Debug)]
pub struct Delivery(Mutex<delivery::Delivery>);

impl Delivery {
    /// An empty delivery from this device, with at most `attempts` for an account; 5 is usual.
    pub fn new(local: &Address, attempts: u8) -> Self {
        Self(Mutex::new(delivery::Delivery::new(local.to_subrosa(), attempts)))
    }

    fn lock(&self) -> MutexGuard<'_, delivery::Delivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an account, with its devices as far as they are known.
    pub fn add(&self, account: &str, devices: &[u32]) {
        let mut delivery = self.lock();
        let devices: Vec<DeviceId> = devices.iter().map(|device| DeviceId::new(*device)).collect();
        *delivery = delivery.clone().to(account, devices);
    }

    /// The devices that are still to get the message.
    pub fn addresses(&self) -> Vec<Address> {
        self.lock().addresses().map(|address| Address::from(&address)).collect()
    }

    /// The accounts that are still to get the message.
    pub fn accounts(&self) -> Vec<String> {
        self.lock().accounts().map(|account| account.as_str().to_owned()).collect()
    }

    /// Returns whether all accounts have got the message, or are given up.
    pub fn is_done(&self) -> bool {
        self.lock().is_done()
    }

    /// Takes in the service's answer to an account's messages, and gives the steps before the next attempt.
    pub fn answered(&self, account: &str, answer: &Answer) -> Correction {
        let (account, answer) = (AccountName::new(account), answer.to_subrosa());
        match self.lock().answered(&account, &answer) {
            Ok(correction) => Correction::of(correction, false),
            Err(GaveUp { correction, .. }) => Correction::of(correction, true),
        }
    }

    /// Leaves an account out from now on.
    pub fn give_up(&self, account: &str) {
        self.lock().give_up(&AccountName::new(account));
    }
}
