// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device with many sessions, all of which are in a store alone: each is read from it for each message.

use std::collections::BTreeSet;

use subrosa::Staged;
use subrosa::rose::{
    Account, Admission, Class, DeviceKeys, DeviceName, Outgoing, ReceiveError, Received, RoseKey, Sender,
    TagOwner, Trust,
};
use subrosa::store::{Key, RecordKind, RoseKind, Writes};
use subrosa_stores::{StoreError, Transaction};

use super::parties::{Device, NOW, Service};
use crate::subject::Opened;

/// The table of tags.
pub type Table = BTreeSet<([u8; 16], TagOwner)>;

pub struct Hub {
    pub device: Device,
    pub store: Box<dyn Opened>,
    /// Whether the next transaction is lost before it is made.
    pub fails: bool,
}

impl Hub {
    pub fn new(service: &Service, mut store: Box<dyn Opened>) -> Self {
        let mut device = Device::new(service, "hub", 1, 1);
        // Its account is in the store as well.
        let keys = DeviceKeys::generate(device.name(), 1, NOW, &mut device.rng);
        let account = Account::new(keys, NOW, &mut device.rng);
        device.account = account.commit_with(|writes| store.apply(Transaction::of(writes))).unwrap();
        Self { device, store, fails: false }
    }

    /// A bundle with a new prekey.
    pub fn bundle(&mut self) -> Vec<u8> {
        let Device { account, rng, .. } = &mut self.device;
        let staged = account.new_prekeys((Class::OneTime, 1), NOW, rng).unwrap();
        let prekeys = staged.commit_with(|writes| self.store.apply(Transaction::of(writes))).unwrap();
        account.bundle(u32::from_be_bytes(*prekeys[0].first_chunk().unwrap())).unwrap()
    }

    fn commit<T>(store: &mut dyn Opened, fails: bool, staged: Staged<'_, T>) -> Result<T, StoreError> {
        let apply = |writes: Writes| {
            if fails { Err(StoreError::Locked) } else { store.apply(Transaction::of(writes)) }
        };
        staged.commit_with(apply)
    }

    /// Receives a message on whatever expects it, or as a first contact. None if its transaction was lost.
    pub fn receive(&mut self, message: &[u8]) -> Result<Option<(DeviceName, Received)>, ReceiveError> {
        let Self { device, store, fails } = self;
        let fails = std::mem::take(fails);
        let owners = store.expecting(message);
        if let [TagOwner::Session(name)] = owners[..] {
            let mut session = store.rose_session(name);
            let staged = session.decrypt(message, device.account.keys(), &mut device.rng)?;
            return Ok(Self::commit(&mut **store, fails, staged).ok().map(|received| (name, received)));
        }
        assert!(owners.is_empty(), "{owners:?}");
        let first = device.account.open(message)?;
        let name = first.claimed_sender();
        let mut session = store.rose_session(name);
        let (issuers, policy) = (&device.issuers, device.policy);
        let admission = Admission { issuers, trust: Trust::Anyone, policy, now: NOW };
        let staged = device.account.receive_first(&mut session, &first, &admission, &mut device.rng)?;
        Ok(Self::commit(&mut **store, fails, staged).ok().map(|received| (name, received)))
    }

    pub fn send(&mut self, to: DeviceName, message: &Outgoing<'_>) -> Vec<u8> {
        let Self { device, store, .. } = self;
        let mut session = store.rose_session(to);
        let sender = Sender { certificate: &device.certificate, contact: None, now: NOW };
        let staged = session.encrypt(message, &sender, &mut device.rng).unwrap();
        Self::commit(&mut **store, false, staged).unwrap()
    }

    /// The table as it is stored.
    pub fn table(&self) -> Table {
        let memory = self.store.bulk();
        let tags = memory.keys().filter_map(|key| match key {
            Key::Rose(RoseKey::Tag(tag, owner)) => Some((*tag, *owner)),
            _ => None,
        });
        tags.collect()
    }

    /// The table as the records say that it must be.
    pub fn rebuilt(&self) -> Table {
        let memory = self.store.bulk();
        let sessions = memory.keys().filter(|key| key.kind() == RecordKind::Rose(RoseKind::Session));
        let mut table = Table::new();
        for key in sessions {
            let Key::Rose(RoseKey::Session(name)) = key else { panic!("{key:?}") };
            let session = self.store.rose_session(*name);
            let owner = TagOwner::Session(*name);
            table.extend(session.expected_tags().into_iter().map(|tag| (tag, owner)));
        }
        table
    }
}
