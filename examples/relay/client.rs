// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device: how it comes to have an account, a certificate, and sessions; how it sends and receives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use subrosa::account::{Counts, Import, Limits};
use subrosa::address::AccountName;
use subrosa::delivery::{Delivery, GaveUp, ServiceAnswer};
use subrosa::group::{self, DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::keys::PublicKey;
use subrosa::rand_core::Rng;
use subrosa::sealed::certificate::{SenderCertificate, TrustStore};
use subrosa::sealed::{Body, ContentHint, OpenError, Recipient, Sender, UnverifiedContent};
use subrosa::session::Requirements;
use subrosa::store::{Memory, StaleStage};
use subrosa::{
    Account, Address, DecryptError, DeviceId, IdentityKeyPair, Message, ParseError, Plaintext, PreKeyBundle,
    ServiceId, Session, Timestamp, Trust, os_rng,
};

use super::Error;
use super::letter::Letter;
use super::line::{Line, LineError, Receipt};
use super::protocol::{Refusal, Request, Token};

/// An account of several devices, which all have its identity.
#[derive(Clone)]
pub struct Person {
    pub name: &'static str,
    pub id: ServiceId,
    pub identity: Arc<IdentityKeyPair>,
}

impl Person {
    pub fn new(name: &'static str) -> Self {
        let mut uuid = [0; 16];
        os_rng().fill_bytes(&mut uuid);
        let id = ServiceId::new(subrosa::address::ServiceIdKind::Aci, uuid);
        Self { name, id, identity: Arc::new(IdentityKeyPair::generate(&mut os_rng())) }
    }
}

/// A device.
pub struct Client {
    pub person: Person,
    pub account: Account,
    pub line: Line,
    pub token: Token,
    /// The service's certificate for this device, to be put into envelopes.
    pub certificate: SenderCertificate,
    /// Built into the messenger.
    trust_root: PublicKey,
    /// See the example `conversation` for a store that lasts.
    store: Memory,
    pub sessions: BTreeMap<Address, Session>,
    /// Its key for the group.
    group: Option<OwnKey>,
}

/// A sender key, and the devices that have it.
struct OwnKey {
    key: SenderKey,
    told: BTreeSet<Address>,
}

/// A group, which the service knows nothing of.
pub struct Group {
    pub id: DistributionId,
    pub members: Vec<ServiceId>,
}

/// A letter, and the device that sent it: proven, not claimed.
#[derive(Debug)]
pub struct Arrival {
    pub sender: Address,
    pub letter: Letter,
}

/// Why a message was refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error(transparent)]
    Envelope(#[from] OpenError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    #[error(transparent)]
    Group(#[from] group::Error),
    #[error(transparent)]
    Store(#[from] StaleStage),
    #[error(transparent)]
    Record(#[from] subrosa::RecordError),
    #[error("not a letter")]
    NotALetter,
}

impl Client {
    /// A fresh device of an account, registered at the service.
    pub fn register(person: &Person, device: u32, trust_root: PublicKey, line: Line) -> Result<Self, Error> {
        let (mut store, mut rng, now) = (Memory::new(), os_rng(), Timestamp::now());
        // The identity comes from the account's first device. This device's registration id has 14 bits.
        let (address, identity) = (Address::new(person.id, device), person.identity.record());
        let identity = IdentityKeyPair::from_record(identity.as_bytes())?;
        let import = Import::new(address.clone(), identity, 1 + rng.next_u32() % 0x3FFC, now);
        let limits = Limits { batch: 4, low: 2, ..Limits::default() };
        let mut account = import.finish(limits, &mut rng)?.commit_with(|writes| store.apply(writes))?;
        let staged = account.maintain(Counts::default(), now, &mut rng)?;
        let mut upload = staged.commit_with(|writes| store.apply(writes))?;
        let confirmed = upload.clone();
        let mut bundles = Vec::new();
        while bundles.last().is_none_or(|last: &PreKeyBundle| last.one_time_pre_key.is_some()) {
            bundles.push(upload.next_bundle().ok_or("no signed prekey")?);
        }
        let token = line.ask_for(&Request::Register(address.clone(), bundles))?;
        account.confirm_uploaded(&confirmed, now)?.commit_with(|writes| store.apply(writes))?;
        let certificate = line.ask(&Request::Certify(address, token), None)?;
        let certificate = SenderCertificate::parse(&certificate)?;
        let (person, sessions) = (person.clone(), BTreeMap::new());
        Ok(Self { person, account, line, token, certificate, trust_root, store, sessions, group: None })
    }

    pub const fn address(&self) -> &Address {
        self.account.address()
    }

    /// Has the service remove another device of the account.
    pub fn unlink(&self, device: DeviceId) -> Result<(), Error> {
        self.line.ask(&Request::Unlink(self.address().clone(), self.token, device), None)?;
        Ok(())
    }

    /// Fetches bundles of these devices of an account, of all if none is named, and begins a session with
    /// each. The request is anonymous.
    pub fn begin(&mut self, of: &AccountName, devices: Vec<DeviceId>) -> Result<(), Error> {
        let bundles: Vec<PreKeyBundle> = self.line.ask_for(&Request::Bundles(of.clone(), devices))?;
        for bundle in bundles {
            let pinned = self.store.identity(of)?;
            let remote = Address::new(of, bundle.device_id);
            let bundle = bundle.verify(Trust::on_first_use(pinned.as_ref()))?;
            let session = session(&mut self.sessions, &self.account, &remote);
            let staged = session.initiate(&self.account.config(), bundle, Timestamp::now(), &mut os_rng())?;
            staged.commit_with(|writes| self.store.apply(writes))?;
        }
        Ok(())
    }

    /// Encrypts a letter to one device and seals it, with version 1.
    pub fn seal(&mut self, to: &Address, letter: &Letter) -> Result<Vec<u8>, Error> {
        let pinned = self.store.identity(to.name())?;
        let sender = Sender::new(self.account.identity(), &self.certificate)?;
        let session = session(&mut self.sessions, &self.account, to);
        let (trust, now) = (Trust::on_first_use(pinned.as_ref()), Timestamp::now());
        let staged = sender.encrypt(session, &letter.encode(), trust, now, &mut os_rng())?;
        Ok(staged.commit_with(|writes| self.store.apply(writes))?)
    }

    /// Writes to one device.
    pub fn write(&mut self, to: &Address, letter: &Letter) -> Result<(), Error> {
        let sealed = self.seal(to, letter)?;
        self.hand_in(to, &sealed)
    }

    /// Hands in an envelope for one device. The request is anonymous.
    pub fn hand_in(&self, to: &Address, sealed: &[u8]) -> Result<(), Error> {
        let registration_id = self.sessions.get(to).and_then(Session::remote_registration_id);
        let request = Request::Deliver(to.clone(), registration_id.ok_or("no session")?);
        self.line.ask(&request, Some(sealed))?;
        Ok(())
    }

    /// Writes to a group, all of its devices at once, with version 2. Members that are `excluded` do not get it.
    /// If the service knows other devices, takes up these and tries again. Gives the refusals on the way.
    pub fn write_to_group(
        &mut self,
        group: &Group,
        text: &str,
        excluded: &[ServiceId],
    ) -> Result<Vec<Refusal>, Error> {
        let mut refusals = Vec::new();
        let mut delivery = Delivery::new(self.address().clone(), Delivery::ATTEMPTS);
        for member in group.members.iter().filter(|member| !excluded.contains(member)) {
            let name = AccountName::from(*member);
            let known = self.sessions.keys().filter(|address| *address.name() == name);
            delivery = delivery.to(*member, known.map(Address::device).collect::<Vec<_>>());
        }
        while !delivery.is_done() {
            for address in delivery.addresses() {
                let session = session(&mut self.sessions, &self.account, &address);
                if !session.is_usable(Timestamp::now(), Requirements::default()) {
                    self.begin(address.name(), vec![address.device()])?;
                }
            }
            self.distribute(group)?;
            let sent = self.seal_for_group(group, text, excluded)?;
            let answers = match self.line.ask(&Request::DeliverToMany, Some(&sent)) {
                Ok(_) => delivery.accounts().cloned().map(|name| (name, ServiceAnswer::Accepted)).collect(),
                Err(LineError::Refused(Refusal::Devices(answers))) => {
                    refusals.push(Refusal::Devices(answers.clone()));
                    answers
                }
                Err(error) => return Err(error.into()),
            };
            for (account, answer) in answers {
                self.take_up(&mut delivery, &account, &answer)?;
            }
        }
        Ok(refusals)
    }

    /// Follows the service's answer: archives sessions with devices that were set up anew, forgets those with
    /// devices that are gone, and makes another sender key, since somebody could read on with the old one.
    fn take_up(
        &mut self,
        delivery: &mut Delivery,
        of: &AccountName,
        said: &ServiceAnswer,
    ) -> Result<(), Error> {
        let (Ok(correction) | Err(GaveUp { correction, .. })) = delivery.answered(of, said);
        let staged = correction.archive(self.sessions.values_mut())?;
        staged.commit_with(|writes| self.store.apply(writes))?;
        for gone in &correction.forget {
            self.sessions.remove(gone);
            self.store.delete(&subrosa::store::Key::Session(gone.clone()));
        }
        if let Some(own) = self.group.as_mut().filter(|_| *said != ServiceAnswer::Accepted) {
            own.key.rotate(&mut os_rng())?.commit_with(|writes| self.store.apply(writes))?;
            own.told.clear();
        }
        Ok(())
    }

    /// Encrypts a text to the group, once, and seals it for all members' devices, once.
    fn seal_for_group(
        &mut self,
        group: &Group,
        text: &str,
        excluded: &[ServiceId],
    ) -> Result<Vec<u8>, Error> {
        let own = self.group.as_mut().ok_or("no sender key")?;
        let staged = own.key.encrypt(&Letter::Text(text.to_owned()).encode(), &mut os_rng())?;
        let message = staged.commit_with(|writes| self.store.apply(writes))?;
        let members = group.members.iter().filter(|member| !excluded.contains(member));
        let sessions = |member: &ServiceId| {
            let name = AccountName::from(*member);
            self.sessions.values().filter(move |session| *session.remote().name() == name)
        };
        let recipients = members.map(|member| Recipient::of_sessions(sessions(member)));
        // Members' devices may ask for it again. The group's id is inside the envelope.
        let sender = Sender::new(self.account.identity(), &self.certificate)?
            .with_hint(ContentHint::Resendable)
            .with_group_id(group.id.as_bytes());
        let recipients = recipients.collect::<Result<Vec<_>, _>>()?;
        Ok(sender.seal_for_many(&message, &recipients, excluded, &mut os_rng())?.bytes)
    }

    /// Sends our sender key to all members' devices that do not have it, each through the session with it.
    pub fn distribute(&mut self, group: &Group) -> Result<(), Error> {
        let new = || OwnKey { key: SenderKey::generate(group.id, &mut os_rng()), told: BTreeSet::new() };
        let own = self.group.get_or_insert_with(new);
        let letter = Letter::SenderKey(own.key.distribution());
        let is_member = |device: &Address| device.service_id().is_some_and(|id| group.members.contains(&id));
        let devices = self.sessions.keys().filter(|device| is_member(device) && !own.told.contains(device));
        for device in devices.cloned().collect::<Vec<_>>() {
            self.write(&device, &letter)?;
            self.group.iter_mut().for_each(|own| own.told.extend([device.clone()]));
        }
        Ok(())
    }

    /// Fetches the messages that wait at the service, and opens them. The service keeps them until the receipt is given.
    pub fn fetch(&mut self) -> Result<(Vec<Result<Arrival, ReceiveError>>, Receipt), LineError> {
        let (messages, receipt) = self.line.waiting(self.account.address(), self.token)?;
        Ok((messages.iter().map(|(taken, message)| self.open(message, *taken)).collect(), receipt))
    }

    /// Opens an envelope of either version, which the service took at `taken`: it may have waited there for longer than
    /// its sender's certificate is good. The letter comes out only after its sender is verified, and the state is stored.
    fn open(&mut self, envelope: &[u8], taken: Timestamp) -> Result<Arrival, ReceiveError> {
        let trust = TrustStore { trust_roots: &[self.trust_root], revoked: &[], known: &[] };
        let content = UnverifiedContent::open(envelope, self.account.identity())?;
        let content = content.verify(&trust, self.account.address(), None, taken)?;
        let sender = content.sender().address().clone();
        let text = match content.body()? {
            Body::Session(message) => self.read(&sender, &message)?,
            Body::Group(message) => self.read_group(&sender, &message)?,
            // The sender asks for a message again: see the example `conversation`.
            _ => return Err(ReceiveError::NotALetter),
        };
        let letter = Letter::parse(&text).ok_or(ReceiveError::NotALetter)?;
        if let (Letter::SenderKey(distribution), Some(identity)) = (&letter, text.identity()) {
            let message = DistributionMessage::parse(distribution)?;
            let mut keys = self.store.receiver_keys(&sender, message.format())?;
            keys.process(&message, identity)?.commit_with(|writes| self.store.apply(writes))?;
        }
        Ok(Arrival { sender, letter })
    }

    /// Decrypts a message of a session, which it may begin.
    fn read(&mut self, sender: &Address, message: &Message<'_>) -> Result<Plaintext, ReceiveError> {
        let pinned = self.store.identity(sender.name())?;
        let session = session(&mut self.sessions, &self.account, sender);
        let trust = Trust::on_first_use(pinned.as_ref());
        let staged = self.account.receive(session, message, trust, &mut os_rng())?;
        Ok(staged.commit_with(|writes| self.store.apply(writes))?)
    }

    fn read_group(
        &mut self,
        sender: &Address,
        message: &GroupMessage<'_>,
    ) -> Result<Plaintext, ReceiveError> {
        let pinned = self.store.identity(sender.name())?;
        let mut keys: ReceiverKeys = self.store.receiver_keys(sender, message.format())?;
        let staged = keys.decrypt(message, Trust::on_first_use(pinned.as_ref()))?;
        Ok(staged.commit_with(|writes| self.store.apply(writes))?)
    }

    /// All records, to see whether something changes.
    pub fn records(&self) -> Vec<(&subrosa::store::Key, Option<&[u8]>)> {
        self.store.keys().map(|key| (key, self.store.get(key).map(subrosa::Record::as_bytes))).collect()
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.person.name, self.address().device()))
    }
}

/// The session with `remote`; an empty one if there is none yet.
fn session<'s>(
    sessions: &'s mut BTreeMap<Address, Session>,
    account: &Account,
    remote: &Address,
) -> &'s mut Session {
    sessions.entry(remote.clone()).or_insert_with(|| account.new_session(remote))
}
