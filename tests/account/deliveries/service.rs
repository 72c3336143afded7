// SPDX-License-Identifier: MIT OR Apache-2.0

//! Deliveries through a simulated service, while people add, remove and set up devices anew.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::address::AccountName;
use subrosa::delivery::{Correction, Delivery, DeviceMessage, GaveUp, ServiceAnswer, encrypt_each};
use subrosa::session::Requirements;
use subrosa::{Address, BundleError, IdentityKey, PreKeyBundle, Session, Trust};

use super::{at, id, name};
use crate::device::{self, ALICE, BOB, CAROL, Device, Letter, Offer};

const ACCOUNTS: [&str; 3] = [ALICE, BOB, CAROL];

/// The service and everybody's devices, but for the one that sends.
struct Service {
    accounts: BTreeMap<&'static str, Vec<Device>>,
    /// A device of each account that is never removed: it holds the account's identity.
    first: BTreeMap<&'static str, Device>,
    registrations: u32,
    rng: ChaCha20Rng,
    /// What was read, by account.
    read: BTreeMap<&'static str, Vec<Vec<u8>>>,
    said: [usize; 4],
}

impl Service {
    fn new(phone: &Device, seed: u64) -> Self {
        let first =
            [(ALICE, phone.sibling(127, 1)), (BOB, Device::new(BOB, 2)), (CAROL, Device::new(CAROL, 3))];
        let mut service = Self {
            accounts: ACCOUNTS.into_iter().map(|account| (account, Vec::new())).collect(),
            first: first.into_iter().collect(),
            registrations: 0,
            rng: ChaCha20Rng::seed_from_u64(seed),
            read: BTreeMap::new(),
            said: [0; 4],
        };
        for account in [BOB, CAROL] {
            service.set_up(account, 1);
        }
        service
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn set_up(&mut self, account: &'static str, device: u32) {
        self.registrations += 1;
        let mut new = self.first[account].sibling(device, self.rng.next_u64());
        new.registration_id = self.registrations;
        let devices = self.accounts.get_mut(account).unwrap();
        devices.retain(|device| device.address != new.address);
        devices.push(new);
    }

    /// Somebody perhaps does something with a device.
    fn perhaps_change(&mut self) {
        let account = ACCOUNTS[usize::try_from(self.below(3)).unwrap()];
        // 1 is the device that sends, in its own account.
        let device = 2 + self.below(4) - u32::from(account != ALICE);
        match self.below(10) {
            0 | 1 => self.set_up(account, device),
            2 => self.accounts.get_mut(account).unwrap().retain(|old| old.address.device().get() != device),
            _ => {}
        }
    }

    fn device(&mut self, address: &Address) -> Option<&mut Device> {
        self.accounts.get_mut(address.name().as_str())?.iter_mut().find(|device| device.address == *address)
    }

    fn bundle(&mut self, address: &Address) -> Option<PreKeyBundle> {
        Some(self.device(address)?.bundle(Offer::LAST_RESORT))
    }

    /// Takes the messages for an account, if they are for all its devices as they are.
    fn take(
        &mut self,
        sender: &Device,
        account: &str,
        messages: &[&DeviceMessage],
        text: &[u8],
    ) -> ServiceAnswer {
        let (account, devices) = self.accounts.iter_mut().find(|(name, _)| **name == account).unwrap();
        let sent = |device: &Device| messages.iter().find(|message| message.address == device.address);
        let there =
            |message: &&&DeviceMessage| devices.iter().any(|device| device.address == message.address);
        let missing: Vec<_> = devices
            .iter()
            .filter(|device| sent(device).is_none())
            .map(|device| device.address.device())
            .collect();
        let extra: Vec<_> = messages
            .iter()
            .filter(|message| !there(message))
            .map(|message| message.address.device())
            .collect();
        if !missing.is_empty() || !extra.is_empty() {
            self.said[0] += missing.len();
            self.said[1] += extra.len();
            return ServiceAnswer::Mismatched { missing, extra };
        }
        let stale =
            devices.iter().filter(|device| sent(device).unwrap().registration_id != device.registration_id);
        let stale: Vec<_> = stale.map(|device| device.address.device()).collect();
        if !stale.is_empty() {
            self.said[2] += stale.len();
            return ServiceAnswer::Stale(stale);
        }
        for device in devices {
            let message = messages.iter().find(|message| message.address == device.address).unwrap();
            device.hear(sender, &Letter::from(message.ciphertext.clone()), text);
        }
        self.said[3] += 1;
        self.read.entry(account).or_default().push(text.to_vec());
        ServiceAnswer::Accepted
    }
}

/// The device that sends.
struct Sender {
    phone: Device,
    gave_up: usize,
}

impl Sender {
    /// What the identity of an account must be: what is pinned, for *all* of its devices.
    fn pinned(&self, account: &AccountName) -> Option<IdentityKey> {
        if *account == *self.phone.address.name() {
            return Some(*self.phone.identity.public());
        }
        let identities = &self.phone.store.identities;
        identities.iter().find(|(address, _)| *address.name() == *account).map(|(_, identity)| *identity)
    }

    fn begin(&mut self, address: &Address, bundle: PreKeyBundle) -> Result<(), BundleError> {
        let pinned = self.pinned(address.name());
        bundle.clone().verify(Trust::on_first_use(pinned.as_ref()))?;
        self.phone.initiate(address, bundle).unwrap();
        Ok(())
    }

    /// The devices that there are sessions with.
    fn known(&self, account: &AccountName) -> Vec<subrosa::DeviceId> {
        let addresses = self.phone.store.sessions.keys();
        addresses.filter(|address| *address.name() == *account).map(Address::device).collect()
    }

    fn deliver(&mut self, service: &mut Service, text: &[u8]) {
        let mut delivery = Delivery::new(self.phone.address.clone(), Delivery::ATTEMPTS);
        for account in ACCOUNTS {
            delivery = delivery.to(account, self.known(&name(account)));
        }
        let mut attempts = 0;
        while !delivery.is_done() {
            attempts += 1;
            assert!(attempts <= Delivery::ATTEMPTS);
            for address in delivery.addresses() {
                if !self.phone.is_usable(&address, Requirements::default())
                    && let Some(bundle) = service.bundle(&address)
                {
                    self.begin(&address, bundle).unwrap();
                }
                service.perhaps_change();
            }
            let messages = self.encrypt(&delivery, text);
            let accounts: Vec<AccountName> = delivery.accounts().cloned().collect();
            for account in accounts {
                service.perhaps_change();
                let of_account: Vec<_> =
                    messages.iter().filter(|message| *message.address.name() == account).collect();
                let answer = service.take(&self.phone, account.as_str(), &of_account, text);
                match delivery.answered(&account, &answer) {
                    Ok(correction) => self.correct(&correction),
                    Err(GaveUp { correction, .. }) => {
                        self.correct(&correction);
                        self.gave_up += 1;
                    }
                }
            }
        }
    }

    fn encrypt(&mut self, delivery: &Delivery, text: &[u8]) -> Vec<DeviceMessage> {
        let phone = &mut self.phone;
        let mut sessions: Vec<Session> =
            delivery.addresses().map(|address| phone.session(&address).unwrap()).collect();
        let each = sessions.iter_mut().map(|session| (session, Trust::Anyone, text));
        let (staged, _) = encrypt_each(each, phone.now, &mut phone.rng);
        device::store_and_commit(staged, &mut phone.store, &phone.faults).unwrap()
    }

    fn correct(&mut self, correction: &Correction) {
        let phone = &mut self.phone;
        let mut sessions: Vec<Session> =
            correction.archive.iter().map(|address| phone.session(address).unwrap()).collect();
        let archived = correction.archive(&mut sessions).unwrap().commit_with(|writes| {
            assert_eq!(writes.len(), correction.archive.len());
            phone.store.apply_unless(&phone.faults, writes)
        });
        assert_eq!(archived, Ok(()));
        for address in &correction.forget {
            phone.store.sessions.remove(address);
        }
    }
}

/// Each account has read each message on all the devices that it had then, or it was given up on after so many
/// attempts.
#[test]
fn every_message_arrives_at_all_devices_or_is_given_up() {
    let (mut said, mut gave_up) = ([0; 4], 0);
    for seed in 0..20 {
        let phone = Device::new(ALICE, 0);
        let mut service = Service::new(&phone, seed);
        let mut sender = Sender { phone, gave_up: 0 };
        for number in 0..8u8 {
            sender.deliver(&mut service, &[number; 3]);
        }
        let read: usize = service.read.values().map(Vec::len).sum();
        assert_eq!(read + sender.gave_up, ACCOUNTS.len() * 8, "seed {seed}");
        for texts in service.read.values() {
            assert!(texts.is_sorted(), "in order, and none twice");
        }
        for (all, some) in said.iter_mut().zip(service.said) {
            *all += some;
        }
        gave_up += sender.gave_up;
    }
    let [missing, extra, stale, accepted] = said;
    assert!(missing > 50 && extra > 20 && stale > 20 && gave_up > 0, "{said:?}, {gave_up} given up");
    assert!(accepted > 20 * gave_up, "{said:?}, {gave_up} given up");
}

/// A service that adds a device of its own to an account: its bundle is not of the account's identity, so
/// nothing is encrypted for it. The messages for the account are not taken then, and it is given up.
#[test]
fn a_ghost_device_gets_nothing() {
    let phone = Device::new(ALICE, 0);
    let mut service = Service::new(&phone, 1);
    let mut sender = Sender { phone, gave_up: 0 };
    let bundle = service.bundle(&at(BOB, [1])[0]).unwrap();
    sender.begin(&at(BOB, [1])[0], bundle).unwrap();
    for account in [BOB, ALICE] {
        let ghost = Address::new(account, id(9));
        let mut spy = Device::with_identity(
            ghost.clone(),
            Device::new(CAROL, 66).identity,
            ChaCha20Rng::seed_from_u64(66),
        );
        let mut delivery = Delivery::new(sender.phone.address.clone(), Delivery::ATTEMPTS);
        delivery = delivery.to(account, sender.known(&name(account)));
        let answer = ServiceAnswer::Mismatched { missing: vec![id(9)], extra: vec![] };
        let correction = delivery.answered(&name(account), &answer).unwrap();
        assert_eq!(correction.begin, at(account, [9]));
        let before = sender.phone.store.clone();
        assert_eq!(sender.begin(&ghost, spy.bundle(Offer::FULL)), Err(BundleError::UntrustedIdentity));
        sender.phone.store.assert_same(&before);
        let messages = sender.encrypt(&delivery, b"secret");
        assert!(messages.iter().all(|message| message.address != ghost));
        delivery.give_up(&name(account));
        assert!(delivery.is_done());
    }
}
