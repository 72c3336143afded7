// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who is registered at the service, and what waits for them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use subrosa::sealed::server::SentMessage;
use subrosa::{DeviceId, IdentityKey, PreKeyBundle, Recipient, ServiceId};
use subtle::ConstantTimeEq;

use super::answer::{Mismatch, Refusal};
use super::protocol::{Place, Token};
use super::published::Published;

/// The accounts.
#[derive(Debug, Default)]
pub struct Registry {
    accounts: BTreeMap<ServiceId, Account>,
    /// How many messages were taken.
    taken: u64,
}

#[derive(Debug)]
struct Account {
    identity: IdentityKey,
    devices: BTreeMap<DeviceId, Device>,
}

#[derive(Debug)]
struct Device {
    token: Token,
    published: Published,
    waiting: VecDeque<Waiting>,
}

/// A message that waits for a device.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub number: u64,
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
    /// it is theirs; here it must have the account's identity.
    pub fn register(&mut self, place: Place, published: Published, token: Token) -> Result<(), Refusal> {
        let identity = published.identity_key;
        let account = Account { identity, devices: BTreeMap::new() };
        let account = self.accounts.entry(place.0).or_insert(account);
        if account.identity != identity {
            return Err(Refusal::Unauthorized);
        }
        account.devices.insert(place.1, Device { token, published, waiting: VecDeque::new() });
        Ok(())
    }

    /// The identity key of the device that shows this token.
    pub fn identity(&self, place: Place, token: &Token) -> Result<IdentityKey, Refusal> {
        let account = self.account(place.0)?;
        match account.devices.get(&place.1) {
            Some(device) if device.token.ct_eq(token).into() => Ok(account.identity),
            _ => Err(Refusal::Unauthorized),
        }
    }

    /// Removes a device, and what waits for it.
    pub fn unlink(&mut self, place: Place) -> Result<(), Refusal> {
        self.device(place).map(|_| ())?;
        if let Some(account) = self.accounts.get_mut(&place.0) {
            account.devices.remove(&place.1);
        }
        Ok(())
    }

    /// Bundles of these devices, or of all.
    pub fn bundles(&mut self, id: ServiceId, wanted: &[DeviceId]) -> Result<Vec<PreKeyBundle>, Refusal> {
        let account = self.accounts.get_mut(&id).ok_or_else(|| Refusal::Unknown(vec![id]))?;
        let wanted = |device: &DeviceId| wanted.is_empty() || wanted.contains(device);
        let devices = account.devices.iter_mut().filter(|(id, _)| wanted(id));
        Ok(devices.map(|(id, device)| device.published.bundle(*id)).collect())
    }

    /// The messages that wait for a device.
    pub fn waiting(&self, place: Place) -> Vec<Waiting> {
        let device = self.accounts.get(&place.0).and_then(|account| account.devices.get(&place.1));
        device.map_or_else(Vec::new, |device| device.waiting.iter().cloned().collect())
    }

    /// Drops the messages up to this number, which the device has received.
    pub fn received(&mut self, place: Place, number: u64) {
        if let Ok(device) = self.device(place) {
            device.waiting.retain(|waiting| waiting.number > number);
        }
    }

    /// Takes a message for one device.
    pub fn deliver(&mut self, place: Place, registration_id: u32, message: Vec<u8>) -> Result<(), Refusal> {
        let account = self.account(place.0)?;
        let mut mismatch = Mismatch::none(place.0);
        match account.devices.get(&place.1) {
            None => mismatch.extra.push(place.1),
            Some(device) if device.published.registration_id != registration_id => {
                mismatch.stale.push(place.1);
            }
            Some(_) => {}
        }
        mismatch.refuse()?;
        self.push(place, Message::Whole(message))
    }

    /// Takes a message for many, if the sender knows all devices of all its recipients; none if not.
    pub fn deliver_to_many(&mut self, bytes: &Arc<Vec<u8>>, sent: &SentMessage<'_>) -> Result<(), Refusal> {
        let named = sent.recipients().map(|recipient| recipient.service_id()).chain(sent.excluded());
        let unknown: Vec<_> = named.filter(|id| !self.accounts.contains_key(id)).collect();
        if !unknown.is_empty() {
            return Err(Refusal::Unknown(unknown));
        }
        let mismatches: Vec<_> =
            sent.recipients().map(|recipient| self.compare(&recipient)).collect::<Result<_, _>>()?;
        let mismatches: Vec<_> = mismatches.into_iter().filter(Mismatch::is_some).collect();
        if !mismatches.is_empty() {
            return Err(Refusal::Devices(mismatches));
        }
        for recipient in sent.recipients() {
            let [first, ..] = recipient.received().parts();
            let ranges = [recipient.key_material_range(), sent.shared_range()];
            for (device, _) in recipient.devices() {
                let part =
                    Message::Part { first: first.to_vec(), ranges: ranges.clone(), of: Arc::clone(bytes) };
                self.push((recipient.service_id(), device), part)?;
            }
        }
        Ok(())
    }

    /// What the sender has wrong of a recipient's devices.
    fn compare(&self, recipient: &Recipient<'_>) -> Result<Mismatch, Refusal> {
        let id = recipient.service_id();
        let account = self.account(id)?;
        let mut mismatch = Mismatch::none(id);
        let mut named = BTreeSet::new();
        for (device, registration_id) in recipient.devices() {
            if !named.insert(device) {
                return Err(Refusal::Malformed);
            }
            match account.devices.get(&device) {
                None => mismatch.extra.push(device),
                Some(there) if there.published.registration_id != u32::from(registration_id) => {
                    mismatch.stale.push(device);
                }
                Some(_) => {}
            }
        }
        mismatch.missing = account.devices.keys().filter(|device| !named.contains(device)).copied().collect();
        Ok(mismatch)
    }

    fn push(&mut self, place: Place, message: Message) -> Result<(), Refusal> {
        let number = self.taken;
        self.device(place)?.waiting.push_back(Waiting { number, message });
        self.taken += 1;
        Ok(())
    }

    fn account(&self, id: ServiceId) -> Result<&Account, Refusal> {
        self.accounts.get(&id).ok_or_else(|| Refusal::Unknown(vec![id]))
    }

    fn device(&mut self, place: Place) -> Result<&mut Device, Refusal> {
        let account = self.accounts.get_mut(&place.0).ok_or_else(|| Refusal::Unknown(vec![place.0]))?;
        account.devices.get_mut(&place.1).ok_or(Refusal::Unauthorized)
    }
}

impl Mismatch {
    const fn none(account: ServiceId) -> Self {
        Self { account, missing: Vec::new(), extra: Vec::new(), stale: Vec::new() }
    }

    const fn is_some(&self) -> bool {
        !(self.missing.is_empty() && self.extra.is_empty() && self.stale.is_empty())
    }

    fn refuse(self) -> Result<(), Refusal> {
        if self.is_some() { Err(Refusal::Devices(vec![self])) } else { Ok(()) }
    }
}
