// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service's answers about the devices of an account, and the corrections that they ask for.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::address::{AccountName, Address};
use crate::ids::DeviceId;
use crate::lease::Busy;
use crate::session::Session;
use crate::staged::Staged;

/// Limit of the devices in a list of an answer; the others are ignored.
const MAX_DEVICES: usize = 1_000;

/// The service's answer to the messages for one account's devices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceAnswer {
    /// It took them.
    Accepted,
    /// The messages are not for the account's devices. The service took none.
    Mismatched {
        /// Devices that there was no message for.
        missing: Vec<DeviceId>,
        /// Devices of a message that no longer exist.
        extra: Vec<DeviceId>,
    },
    /// Some devices have another registration id than the sender knew: they were set up anew. The service took none.
    Stale(Vec<DeviceId>),
    /// There is no such account.
    UnknownAccount,
}

/// The steps before the next attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Correction {
    /// The devices whose sessions must be archived, see [`Self::archive`].
    pub archive: Vec<Address>,
    /// The devices that need a session after that: from a bundle, unless there is one that can be sent on.
    pub begin: Vec<Address>,
    /// Devices that are no more. Delete their sessions, at the latest when nothing that they sent before can be under
    /// way any longer.
    pub forget: Vec<Address>,
}

impl Correction {
    /// Archives those of `sessions` that can no longer be used.
    ///
    /// # Errors
    /// [`Busy`] if an owned stage of one of them is still open.
    pub fn archive<'s>(
        &self,
        sessions: impl IntoIterator<Item = &'s mut Session>,
    ) -> Result<Staged<'s, ()>, Busy> {
        let stale = sessions.into_iter().filter(|session| self.archive.contains(session.remote()));
        let stages = stale.map(Session::archive).collect::<Result<Vec<_>, Busy>>()?;
        Ok(Staged::all(stages).map(|_| ()))
    }
}

/// An account's messages were refused too often: its devices change all the time, or the service is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the service refused the messages too often")]
#[non_exhaustive]
pub struct GaveUp {
    /// The last correction. Apply it anyway, so that the next message starts from the current device list.
    pub correction: Correction,
}

/// The recipients of a message that have not got it yet: the devices of one or more accounts, among them perhaps one's
/// own others.
///
/// ```text
/// 1. for all addresses() without a usable session: fetch a bundle, begin a session
/// 2. encrypt_each, for the sessions of all addresses(); store, commit
/// 3. send each account's messages; tell answered() what the service said; do what it says
/// 4. unless is_done(): again
/// ```
///
/// It holds no secrets and is not stored: after a restart send the message anew with its first timestamp, so that a
/// device that has it recognises it.
///
/// # Ghost devices
///
/// The service says which devices there are, and could name one of its own. The identity of the bundle stops it: that
/// must be the one pinned *for the account*, and for one's own other devices our own. The first device of an account
/// that nothing is pinned for is trusted on first use; the next one, in the same delivery, is not. If the bundle is not
/// of that identity, [give the account up](Self::give_up) until the user has decided.
///
/// # Example
///
/// Alice has a session with one device of Bob, who has added another one since.
///
/// ```
/// # #[cfg(feature = "os-rng")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::collections::BTreeMap;
///
/// use subrosa::account::{Counts, Limits};
/// use subrosa::delivery::{Delivery, DeviceMessage, GaveUp, ServiceAnswer, encrypt_each};
/// use subrosa::session::Requirements;
/// use subrosa::store::Memory;
/// use subrosa::address::AccountName;
/// use subrosa::{Account, Address, DeviceId, PreKeyBundle, Session, Timestamp, Trust, os_rng};
///
/// # /// A service with one account, of two devices.
/// # struct Service(Account);
/// # impl Service {
/// #     fn bundle(&mut self, address: &Address) -> Result<PreKeyBundle, &'static str> {
/// #         let bundle = self.0.upload().next_bundle().ok_or("no prekeys")?;
/// #         Ok(PreKeyBundle { device_id: address.device(), ..bundle })
/// #     }
/// #     fn send(&mut self, messages: &[&DeviceMessage]) -> ServiceAnswer {
/// #         let sent = |id: &DeviceId| messages.iter().any(|message| message.address.device() == *id);
/// #         let missing: Vec<_> = [1, 2].map(DeviceId::new).into_iter().filter(|id| !sent(id)).collect();
/// #         if missing.is_empty() {
/// #             ServiceAnswer::Accepted
/// #         } else {
/// #             ServiceAnswer::Mismatched { missing, extra: vec![] }
/// #         }
/// #     }
/// # }
/// # let (mut rng, mut store) = (os_rng(), Memory::new());
/// # let now = Timestamp::from_secs(1_700_000_000);
/// # let limits = Limits { batch: 1, low: 1, ..Limits::default() };
/// # let mut bob = Account::generate(Address::new("bob", 1), limits, &mut rng)?.commit();
/// # bob.maintain(Counts::default(), now, &mut rng)?.commit();
/// # let mut service = Service(bob);
/// # let alice = Account::generate(Address::new("alice", 1), limits, &mut rng)?.commit();
/// let mut sessions: BTreeMap<Address, Session> = BTreeMap::new();
/// let known = [DeviceId::PRIMARY]; // The devices that there are sessions with; here the session is begun first.
/// let mut attempts = 0;
///
/// let mut delivery = Delivery::new(alice.address().clone(), Delivery::ATTEMPTS).to("bob", known);
/// while !delivery.is_done() {
///     for address in delivery.addresses() {
///         let session = sessions.entry(address.clone()).or_insert_with(|| alice.new_session(&address));
///         if !session.is_usable(now, Requirements::default()) {
///             // Identities are pinned by account: a ghost device has another one.
///             let pinned = store.identity(address.name())?;
///             let trust = Trust::on_first_use(pinned.as_ref());
///             let bundle = service.bundle(&address)?.verify(trust)?; // If this fails, give the account up.
///             let staged = session.initiate(&alice.config(), bundle, now, &mut rng)?;
///             staged.commit_with(|writes| store.apply(writes))?;
///         }
///     }
///     let pinned = store.identity(&AccountName::new("bob"))?;
///     let wanted: Vec<Address> = delivery.addresses().collect();
///     let wanted = sessions.values_mut().filter(|session| wanted.contains(session.remote()));
///     // One's own other devices would be told also to whom this was sent.
///     let each = wanted.map(|session| (session, Trust::on_first_use(pinned.as_ref()), b"hello".as_slice()));
///     let (staged, failures) = encrypt_each(each, now, &mut rng);
///     assert!(failures.is_empty()); // Else mend that first, or give the account up.
///     let messages = staged.commit_with(|writes| store.apply(writes))?;
///     let accounts: Vec<AccountName> = delivery.accounts().cloned().collect();
///     for account in accounts {
///         let of_account: Vec<_> =
///             messages.iter().filter(|message| *message.address.name() == account).collect();
///         let answer = service.send(&of_account);
///         let (Ok(correction) | Err(GaveUp { correction, .. })) = delivery.answered(&account, &answer);
///         correction.archive(sessions.values_mut())?.commit_with(|writes| store.apply(writes))?;
///         for address in &correction.forget {
///             sessions.remove(address);
///         }
///     }
///     attempts += 1;
/// }
/// assert_eq!((attempts, sessions.len()), (2, 2));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "os-rng"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Delivery {
    local: Address,
    /// The devices of each account that has not got its messages yet.
    waiting: BTreeMap<AccountName, Waiting>,
    attempts: u8,
}

#[derive(Clone, Debug)]
struct Waiting {
    devices: BTreeSet<DeviceId>,
    attempts_left: u8,
}

impl Delivery {
    /// The usual number of attempts for one account: 5.
    pub const ATTEMPTS: u8 = 5;

    /// An empty delivery from `local`, which sends an account its messages at most `attempts` times; 0 counts as 1.
    #[must_use]
    pub const fn new(local: Address, attempts: u8) -> Self {
        Self { local, waiting: BTreeMap::new(), attempts }
    }

    /// Adds an account, with its devices as far as they are known: those with sessions, or none. This device itself is
    /// left out, so that one's own account can be added, too.
    #[must_use]
    pub fn to(
        mut self,
        account: impl Into<AccountName>,
        devices: impl IntoIterator<Item = DeviceId>,
    ) -> Self {
        let (account, attempts_left) = (account.into(), self.attempts);
        let new = || Waiting { devices: BTreeSet::new(), attempts_left };
        let (own, local) = (account == *self.local.name(), self.local.device());
        let waiting = self.waiting.entry(account).or_insert_with(new);
        waiting.devices.extend(devices.into_iter().filter(|device| !(own && *device == local)));
        self
    }

    /// The devices that are still to get the message, by account.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.waiting.iter().flat_map(|(account, waiting)| addresses(account, waiting.devices.iter().copied()))
    }

    /// The accounts that are still to get the message. Submit those without known devices, too, with no message: the
    /// service answers which devices they have.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountName> {
        self.waiting.keys()
    }

    /// Returns whether all accounts have got the message, or are given up.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes in the service's answer to an account's messages, and gives the steps before the next attempt: none, if
    /// they were accepted or there is no such account.
    /// Of each list the first 1,000 devices are looked at: no account has more, and a broken service may name any number.
    ///
    /// # Errors
    /// [`GaveUp`]: that was the last attempt for this account. The others go on.
    pub fn answered(&mut self, account: &AccountName, answer: &ServiceAnswer) -> Result<Correction, GaveUp> {
        let own = account == self.local.name();
        let is_other = |device: &DeviceId| !(own && *device == self.local.device());
        let Some(waiting) = self.waiting.get_mut(account) else { return Ok(Correction::default()) };
        let (missing, extra, stale) = match answer {
            ServiceAnswer::Accepted | ServiceAnswer::UnknownAccount => {
                let known = self.waiting.remove(account).map(|waiting| waiting.devices).unwrap_or_default();
                let gone = *answer == ServiceAnswer::UnknownAccount;
                let forget = if gone { addresses(account, known).collect() } else { Vec::new() };
                return Ok(Correction { forget, ..Correction::default() });
            }
            ServiceAnswer::Mismatched { missing, extra } => (missing.as_slice(), extra.as_slice(), &[][..]),
            ServiceAnswer::Stale(stale) => (&[][..], &[][..], stale.as_slice()),
        };
        let others = |devices: &[DeviceId]| -> BTreeSet<DeviceId> {
            devices.iter().copied().filter(is_other).take(MAX_DEVICES).collect()
        };
        let (missing, extra, stale) = (others(missing), others(extra), others(stale));
        waiting.devices.retain(|device| !extra.contains(device));
        waiting.devices.extend(missing.union(&stale));
        waiting.attempts_left = waiting.attempts_left.saturating_sub(1);
        let correction = Correction {
            archive: addresses(account, stale.iter().copied()).collect(),
            begin: addresses(account, missing.union(&stale).copied()).collect(),
            forget: addresses(account, extra.difference(&missing).copied()).collect(),
        };
        if waiting.attempts_left == 0 {
            self.give_up(account);
            return Err(GaveUp { correction });
        }
        Ok(correction)
    }

    /// Leaves an account out from now on. The others go on.
    ///
    /// For an account that can't be served now: the service has no bundle for one of its devices, or the bundle has
    /// another identity than the pinned one, and the user decides first. The service would go on to ask for that
    /// device.
    pub fn give_up(&mut self, account: &AccountName) {
        self.waiting.remove(account);
    }
}

fn addresses(
    account: &AccountName,
    devices: impl IntoIterator<Item = DeviceId>,
) -> impl Iterator<Item = Address> {
    devices.into_iter().map(move |device| Address::new(account, device))
}
