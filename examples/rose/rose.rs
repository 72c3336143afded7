// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices of the rose profile. Their stores are maps from the bytes of keys to records; the rows of tags among them
//! say which session a message is for.

use std::collections::BTreeMap;

use subrosa::keys::PrivateKey;
use subrosa::rose::{
    Account, Admission, Certificate, Class, DeviceKeys, DeviceName, Issuers, Kind, Outgoing, Policy,
    Received, RoseKey, SPEAKS_ROSE, Sender, Session, TagOwner, Trust, VerifiedBundle, find, issue,
};
use subrosa::store::{Key, Write, Writes};
use subrosa::{Timestamp, os_rng};

use crate::{Outcome, Seen, Talk};

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

/// The rows of a store: one table for all.
#[derive(Default)]
struct Store(BTreeMap<Vec<u8>, Vec<u8>>);

impl Store {
    /// One transaction.
    #[expect(clippy::unnecessary_wraps, reason = "a store on a disk can fail")]
    fn apply(&mut self, writes: Writes) -> Outcome<()> {
        for write in writes {
            match write {
                Write::Put { key, record, .. } => self.0.insert(key.to_bytes(), record.as_bytes().to_vec()),
                Write::Delete { key } => self.0.remove(&key.to_bytes()),
            };
        }
        Ok(())
    }

    /// Whether a session expects a message: a range of keys, by its first 16 bytes.
    fn expects(&self, message: &[u8]) -> Option<DeviceName> {
        let prefix = RoseKey::tag_prefix(message.first_chunk()?);
        let rows = self.0.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(&prefix));
        let keys: Vec<Key> = rows.filter_map(|(key, _)| Key::from_bytes(key).ok()).collect();
        find(message, keys).find_map(|owner| match owner {
            TagOwner::Session(name) => Some(name),
            TagOwner::Group(..) => None,
        })
    }
}

struct Device {
    account: Account,
    certificate: Certificate,
    session: Session,
    store: Store,
}

impl Device {
    fn send(&mut self, message: &Outgoing<'_>) -> Outcome<Vec<u8>> {
        let sender = Sender { certificate: &self.certificate, contact: None, now: NOW };
        let staged = self.session.encrypt(message, &sender, &mut os_rng())?;
        staged.commit_with(|writes| self.store.apply(writes))
    }

    fn receive(&mut self, message: &[u8], issuers: &Issuers) -> Outcome<Received> {
        if self.store.expects(message).is_some() {
            let staged = self.session.decrypt(message, self.account.keys(), &mut os_rng())?;
            return staged.commit_with(|writes| self.store.apply(writes));
        }
        let first = self.account.open(message)?;
        let admission = Admission { issuers, trust: Trust::Anyone, policy: Policy::default(), now: NOW };
        let staged = self.account.receive_first(&mut self.session, &first, &admission, &mut os_rng())?;
        staged.commit_with(|writes| self.store.apply(writes))
    }
}

/// Alice and Bob.
pub struct Pair {
    alice: Device,
    bob: Device,
    issuers: Issuers,
}

impl Pair {
    /// Two accounts. Alice begins with Bob's bundle, which the service hands out.
    pub fn new() -> Outcome<Self> {
        let (service, mut issuers) = (PrivateKey::generate(&mut os_rng()), Issuers::default());
        issuers.add(1, *service.public_key().as_bytes());
        let device = |account: u8, peer: u8| -> Outcome<Device> {
            let name = |account| DeviceName::new([account; 17], 1);
            let keys = DeviceKeys::generate(name(account), SPEAKS_ROSE, NOW, &mut os_rng());
            let expires = Timestamp::from_secs(NOW.as_secs() / 86_400 * 86_400 + 2 * 86_400);
            let certificate = issue((1, &service), expires, &keys.card().hash(), &mut os_rng());
            let mut store = Store::default();
            let account = Account::new(keys, NOW, &mut os_rng()).commit_with(|writes| store.apply(writes))?;
            Ok(Device { account, certificate, session: Session::new(name(peer)), store })
        };
        let (mut alice, mut bob) = (device(0xA, 0xB)?, device(0xB, 0xA)?);
        let staged = bob.account.new_prekeys((Class::OneTime, 1), NOW, &mut os_rng())?;
        let prekeys = staged.commit_with(|writes| bob.store.apply(writes))?;
        let id = prekeys.first().and_then(|prekey| prekey.first_chunk()).map(|id| u32::from_be_bytes(*id));
        let bundle = bob.account.bundle(id.ok_or("no prekey")?).ok_or("no bundle")?;
        let bundle = VerifiedBundle::verify(&bundle, &alice.session, Trust::Anyone, NOW)?;
        let staged = alice.session.initiate(alice.account.keys(), bundle, false, NOW, &mut os_rng())?;
        staged.commit_with(|writes| alice.store.apply(writes))?;
        Ok(Self { alice, bob, issuers })
    }
}

impl Talk for Pair {
    fn say(&mut self, by_alice: bool, text: &str) -> Outcome<Seen> {
        let Self { alice, bob, issuers } = self;
        let (from, to, mailbox) = if by_alice { (alice, bob, "3b1f…") } else { (bob, alice, "c07a…") };
        let kind = if text.is_empty() { Kind::Receipt } else { Kind::Content };
        // A long-lived mailbox is the application's; so is a lower bound on lengths.
        let bytes = from.send(&Outgoing::of(kind, text.as_bytes()))?;
        let received = to.receive(&bytes, issuers)?;
        if &received.content[..] != text.as_bytes() || received.kind != kind {
            return Err("another text came".into());
        }
        let read = if bytes.len() >= 6_144 { "first contact" } else { "" };
        Ok(Seen { to: format!("mailbox {mailbox}"), bytes, read: read.to_owned() })
    }
}
