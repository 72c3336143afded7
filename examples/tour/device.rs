// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device: its account, and what it stores.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use getrandom::SysRng;
use subrosa::group::{DistributionId, ReceiverKeys, SenderKey};
use subrosa::rand_core::UnwrapErr;
use subrosa::sealed::certificate::SenderCertificate;
use subrosa::{
    Account, AccountEffects, Address, FirstMessage, IdentityKey, PreKeyBundle, Record, Session,
    SessionEffects, Timestamp, Unsealed, account, store,
};

pub type Error = Box<dyn std::error::Error>;
pub type Rng = UnwrapErr<SysRng>;

/// A device with its account.
pub struct Device {
    pub address: Address,
    pub account: Account,
    pub certificate: SenderCertificate,
    pub store: Store,
}

/// What a device stores. Each call of a `write…` is one transaction; nothing in here would fail.
#[derive(Default)]
pub struct Store {
    account: Vec<u8>,
    rows: BTreeMap<store::Key, Vec<u8>>,
    sessions: HashMap<Address, Vec<u8>>,
    identities: HashMap<Address, IdentityKey>,
    sender_keys: HashMap<DistributionId, Vec<u8>>,
    receiver_keys: HashMap<(Address, DistributionId), Vec<u8>>,
    /// What was said to this device, and by whom.
    pub inbox: Vec<(Address, String)>,
}

impl Device {
    /// A device with a new account, whose prekeys are generated and stored.
    pub fn new(
        address: Address,
        certify: impl FnOnce(&Address, &IdentityKey) -> SenderCertificate,
        now: Timestamp,
        rng: &mut Rng,
    ) -> Result<Self, Error> {
        let mut store = Store::default();
        let new = Account::generate(account::Limits { batch: 10, low: 5, ..account::Limits::default() }, rng);
        let mut account = new.commit_with(|record, effects| store.write_account(record, effects))?;
        if let Some(staged) = account.refill(now, account::Counts::default(), rng)? {
            staged.commit_with(|record, effects| store.write_account(record, effects))?;
        }
        let certificate = certify(&address, account.identity_key());
        Ok(Self { address, account, certificate, store })
    }

    /// A bundle as the service gives it out, after it was uploaded.
    pub fn bundle(&mut self, now: Timestamp) -> Result<PreKeyBundle, Error> {
        let mut upload = self.account.upload();
        let store = &mut self.store;
        self.account
            .confirm_uploaded(&upload, now)
            .commit_with(|record, effects| store.write_account(record, effects))?;
        Ok(PreKeyBundle {
            registration_id: upload.registration_id,
            device_id: self.address.device(),
            identity_key: upload.identity_key,
            signed_pre_key: upload.signed_pre_key.ok_or("uploaded")?,
            one_time_pre_key: upload.one_time_pre_keys.pop(),
            kem_pre_key: upload.one_time_kem_pre_keys.pop(),
        })
    }

    /// The session with a device, as it is stored; or none yet.
    pub fn session(&self, with: &Address) -> Result<Session, Error> {
        match self.store.sessions.get(with) {
            Some(record) => Ok(Session::from_record(record, self.address.clone(), with.clone())?),
            None => Ok(Session::new(self.address.clone(), with.clone())),
        }
    }
}

impl Store {
    /// The identity that is kept for a device's account.
    pub fn identity(&self, of: &Address) -> Option<IdentityKey> {
        self.identities.get(of).copied()
    }

    pub fn write_account(&mut self, record: &Record, effects: &AccountEffects) -> Result<(), Infallible> {
        self.account = record.as_bytes().to_vec();
        self.rows.extend(effects.put.iter().map(|(row, record)| (*row, record.as_bytes().to_vec())));
        self.rows.retain(|row, _| !effects.delete.contains(row));
        Ok(())
    }

    pub fn write_session(
        &mut self,
        with: &Address,
        record: &Record,
        effects: &SessionEffects,
    ) -> Result<(), Infallible> {
        self.sessions.insert(with.clone(), record.as_bytes().to_vec());
        self.identities.extend(effects.save_identity.map(|identity| (with.clone(), identity)));
        Ok(())
    }

    /// What a received message changes: session, account and inbox at once.
    pub fn write_received(
        &mut self,
        from: &Address,
        staged: &FirstMessage<'_, '_, Unsealed>,
    ) -> Result<(), Infallible> {
        let text = String::from_utf8_lossy(&staged.received().plaintext).into_owned();
        self.inbox.push((from.clone(), text));
        self.write_session(from, &staged.session().record(), staged.session().effects())?;
        match staged.account() {
            Some(account) => self.write_account(&account.record(), account.effects()),
            None => Ok(()),
        }
    }

    pub fn write_sender_key(&mut self, id: DistributionId, record: &Record) -> Result<(), Infallible> {
        self.sender_keys.insert(id, record.as_bytes().to_vec());
        Ok(())
    }

    /// Our own key for a group, if there is one.
    pub fn sender_key(&self, id: DistributionId) -> Result<SenderKey, Error> {
        let record = self.sender_keys.get(&id).ok_or("no sender key")?;
        Ok(SenderKey::from_record(record)?)
    }

    pub fn write_receiver_keys(
        &mut self,
        of: &Address,
        id: DistributionId,
        record: &Record,
    ) -> Result<(), Infallible> {
        self.receiver_keys.insert((of.clone(), id), record.as_bytes().to_vec());
        Ok(())
    }

    /// What is held of a device's keys for a group.
    pub fn receiver_keys(&self, of: &Address, id: DistributionId) -> Result<ReceiverKeys, Error> {
        match self.receiver_keys.get(&(of.clone(), id)) {
            Some(record) => Ok(ReceiverKeys::from_record(record)?),
            None => Ok(ReceiverKeys::new(id)),
        }
    }
}
