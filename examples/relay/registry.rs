// SPDX-License-Identifier: MIT OR Apache-2.0

//! The accounts that are registered at the service, and the messages that wait for their devices.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use subrosa::address::AccountName;
use subrosa::delivery::ServiceAnswer;
use subrosa::sealed::server::{Recipient, SentMessage};
use subrosa::{Address, DeviceId, IdentityKey, PreKeyBundle, Timestamp};
use subtle::ConstantTimeEq;

use super::protocol::{Refusal, Token};

/// The accounts, and how many messages were taken.
#[derive(Debug, Default)]
pub struct Registry {
    accounts: BTreeMap<AccountName, BTreeMap<DeviceId, Device>>,
    taken: u32,
}

#[derive(Debug)]
struct Device {
    token: Token,
    identity: IdentityKey,
    registration_id: u32,
    /// Each is handed out once, and the last one for good.
    bundles: VecDeque<PreKeyBundle>,
    waiting: VecDeque<Waiting>,
}

/// A message that waits for a device.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub number: u32,
    /// When it was taken: the time that its sender's certificate must be good at.
    pub taken: Timestamp,
    message: Message,
}

/// Where a message is.
#[derive(Clone, Debug)]
enum Message {
    Whole(Vec<u8>),
    /// Some ranges of a message that was sent to many. All of its recipients share the one copy.
    Part {
        first: Vec<u8>,
        ranges: [Range<usize>; 2],
        of: Arc<Vec<u8>>,
    },
}

impl Waiting {
    /// The message in its parts: to be written one after the other.
    pub fn parts(&self) -> [&[u8]; 3] {
        match &self.message {
            Message::Whole(bytes) => [bytes, &[], &[]],
            Message::Part { first, ranges: [own, shared], of } => {
                let part = |range: &Range<usize>| of.get(range.clone()).unwrap_or_default();
                [first, part(own), part(shared)]
            }
        }
    }
}

impl Registry {
    /// Registers a device in the place of an earlier one. A real service has the account's owner prove that
    /// it is theirs; here it must have the identity of the account's other devices.
    pub fn register(
        &mut self,
        at: &Address,
        bundles: Vec<PreKeyBundle>,
        token: Token,
    ) -> Result<(), Refusal> {
        let first = bundles.first().ok_or(Refusal::Malformed)?;
        let (identity, registration_id) = (first.identity_key, first.registration_id);
        let devices = self.accounts.entry(at.name().clone()).or_default();
        if devices.values().any(|device| device.identity != identity) {
            return Err(Refusal::Unauthorized);
        }
        let (bundles, waiting) = (bundles.into(), VecDeque::new());
        devices.insert(at.device(), Device { token, identity, registration_id, bundles, waiting });
        Ok(())
    }

    /// The identity key of the device that shows this token.
    pub fn identity(&self, at: &Address, token: &Token) -> Result<IdentityKey, Refusal> {
        match self.account(at.name())?.get(&at.device()) {
            Some(device) if device.token.ct_eq(token).into() => Ok(device.identity),
            _ => Err(Refusal::Unauthorized),
        }
    }

    /// Removes a device and its waiting messages.
    pub fn unlink(&mut self, at: &Address) {
        if let Some(devices) = self.accounts.get_mut(at.name()) {
            devices.remove(&at.device());
        }
    }

    /// Bundles of these devices, or of all.
    pub fn bundles(&mut self, of: &AccountName, wanted: &[DeviceId]) -> Result<Vec<PreKeyBundle>, Refusal> {
        let devices = self.accounts.get_mut(of).ok_or_else(|| Refusal::Unknown(vec![of.clone()]))?;
        let devices = devices.iter_mut().filter(|(id, _)| wanted.is_empty() || wanted.contains(id));
        Ok(devices.filter_map(|(_, device)| device.bundle()).collect())
    }

    /// The messages that wait for a device.
    pub fn waiting(&self, at: &Address) -> Vec<Waiting> {
        let device = self.accounts.get(at.name()).and_then(|devices| devices.get(&at.device()));
        device.map_or_else(Vec::new, |device| device.waiting.iter().cloned().collect())
    }

    /// Drops the messages up to this number, which the device has received.
    pub fn received(&mut self, at: &Address, number: u32) {
        let device = self.accounts.get_mut(at.name()).and_then(|devices| devices.get_mut(&at.device()));
        if let Some(device) = device {
            device.waiting.retain(|waiting| waiting.number > number);
        }
    }

    /// Takes a message for one device.
    pub fn deliver(&mut self, to: &Address, registration_id: u32, message: Vec<u8>) -> Result<(), Refusal> {
        let answer = match self.account(to.name())?.get(&to.device()) {
            None => ServiceAnswer::Mismatched { missing: Vec::new(), extra: vec![to.device()] },
            Some(device) if device.registration_id != registration_id => {
                ServiceAnswer::Stale(vec![to.device()])
            }
            Some(_) => {
                self.push(to, Message::Whole(message));
                return Ok(());
            }
        };
        Err(Refusal::Devices(vec![(to.name().clone(), answer)]))
    }

    /// Takes a message for many, if the sender knows all devices of all its recipients; none if not.
    pub fn deliver_to_many(&mut self, bytes: &Arc<Vec<u8>>, sent: &SentMessage<'_>) -> Result<(), Refusal> {
        let named = sent.recipients().map(|recipient| recipient.service_id()).chain(sent.excluded());
        let unknown: Vec<_> =
            named.map(AccountName::from).filter(|id| !self.accounts.contains_key(id)).collect();
        if !unknown.is_empty() {
            return Err(Refusal::Unknown(unknown));
        }
        let wrong =
            sent.recipients().map(|recipient| self.compare(&recipient)).collect::<Result<Vec<_>, _>>()?;
        let wrong: Vec<_> =
            wrong.into_iter().filter(|(_, answer)| *answer != ServiceAnswer::Accepted).collect();
        if !wrong.is_empty() {
            return Err(Refusal::Devices(wrong));
        }
        for recipient in sent.recipients() {
            let [first, ..] = recipient.received().parts();
            let ranges = [recipient.key_material_range(), sent.shared_range()];
            for (device, _) in recipient.devices() {
                let (first, ranges, of) = (first.to_vec(), ranges.clone(), Arc::clone(bytes));
                let to = Address::new(recipient.service_id(), device);
                self.push(&to, Message::Part { first, ranges, of });
            }
        }
        Ok(())
    }

    /// Compares the sender's list of a recipient's devices with the real one.
    fn compare(&self, recipient: &Recipient<'_>) -> Result<(AccountName, ServiceAnswer), Refusal> {
        let account = AccountName::from(recipient.service_id());
        let devices = self.account(&account)?;
        let (mut named, mut extra, mut stale) = (BTreeSet::new(), Vec::new(), Vec::new());
        for (device, registration_id) in recipient.devices() {
            if !named.insert(device) {
                return Err(Refusal::Malformed);
            }
            match devices.get(&device) {
                None => extra.push(device),
                Some(there) if there.registration_id != u32::from(registration_id) => stale.push(device),
                Some(_) => {}
            }
        }
        let missing: Vec<_> = devices.keys().filter(|device| !named.contains(device)).copied().collect();
        let answer = if !missing.is_empty() || !extra.is_empty() {
            ServiceAnswer::Mismatched { missing, extra }
        } else if !stale.is_empty() {
            ServiceAnswer::Stale(stale)
        } else {
            ServiceAnswer::Accepted
        };
        Ok((account, answer))
    }

    fn push(&mut self, to: &Address, message: Message) {
        let device = self.accounts.get_mut(to.name()).and_then(|devices| devices.get_mut(&to.device()));
        if let Some(device) = device {
            device.waiting.push_back(Waiting { number: self.taken, taken: Timestamp::now(), message });
            self.taken += 1;
        }
    }

    fn account(&self, name: &AccountName) -> Result<&BTreeMap<DeviceId, Device>, Refusal> {
        self.accounts.get(name).ok_or_else(|| Refusal::Unknown(vec![name.clone()]))
    }
}

impl Device {
    fn bundle(&mut self) -> Option<PreKeyBundle> {
        if self.bundles.len() > 1 { self.bundles.pop_front() } else { self.bundles.front().cloned() }
    }
}
