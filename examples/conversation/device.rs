// SPDX-License-Identifier: MIT OR Apache-2.0

//! A messenger's device: publish, begin, send, receive, and repair. Every change is in the store before anything
//! leaves: texts to send in the outbox, received texts in the inbox, in the transaction of their session.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use subrosa::account::{BackupCheck, Counts, Limits};
use subrosa::keys::PublicKey;
use subrosa::repair::{
    Advice, PlaintextContent, RepairLog, RepairPolicy, RepairRefused, Resend, ResendRequest,
};
use subrosa::sealed::certificate::{SenderCertificate, TrustStore};
use subrosa::sealed::{Body, Content, ContentHint, OpenError, SealError, Sender, UnverifiedContent};
use subrosa::session::Requirements;
use subrosa::store::{Key, Writes};
use subrosa::{
    Account, Address, Ciphertext, DecryptError, IdentityKey, Message, ParseError, Session, Timestamp, Trust,
};

use super::inside::Inside;
use super::outbox::{Outgoing, inbox_row};
use super::service::{Envelope, Service};
use super::store::{Store, StoreError};
use super::who::{Error, Who, World};

/// The defaults, with fewer prekeys: a messenger keeps a hundred of each kind at the service.
fn limits() -> Limits {
    Limits { batch: 4, low: 2, ..Limits::default() }
}

/// A device.
pub struct Device {
    pub who: Who,
    pub store: Store,
    account: Account,
    peers: BTreeMap<Address, Peer>,
    certificate: Option<SenderCertificate>,
    trust_root: PublicKey,
}

/// The state that is held for a device of a peer.
struct Peer {
    session: Session,
    log: RepairLog,
}

/// The content of an envelope.
#[derive(Debug)]
pub enum Received {
    /// A text, which is in the inbox now, and the header of its message.
    Text { from: Who, text: String, inside: Inside },
    /// A request to send something again: it has reset the session if that was broken.
    Asked { from: Who, resend: Resend },
}

/// Why an envelope was refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Envelope(#[from] OpenError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// With the sender, and the advice of `repair`.
    #[error("{0}")]
    Decrypt(DecryptError, Who, Box<Advice>),
    #[error(transparent)]
    Repair(#[from] RepairRefused),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(#[from] Error),
}

impl Device {
    /// A new device: an account whose prekeys are stored here, then handed to the service.
    pub fn create(
        who: Who,
        path: &Path,
        key: &[u8; 32],
        service: &mut Service,
        world: &mut World,
    ) -> Result<Self, Error> {
        let mut store = Store::open(path, key)?;
        let staged = Account::generate(who.address(), limits(), &mut world.rng)?;
        let account = staged.commit_with(|writes| store.write(writes, &[]))?;
        let (peers, certificate, trust_root) = (BTreeMap::new(), None, service.trust_root);
        let mut device = Self { who, store, account, peers, certificate, trust_root };
        device.maintain(Counts::default(), service, world)?;
        Ok(device)
    }

    /// A device that was set up before, read from its store.
    pub fn open(who: Who, path: &Path, key: &[u8; 32], trust_root: PublicKey) -> Result<Self, StoreError> {
        let store = Store::open(path, key)?;
        let account = store.memory().account(&who.address(), limits())?.ok_or(StoreError::NoAccount)?;
        Ok(Self { who, store, account, peers: BTreeMap::new(), certificate: None, trust_root })
    }

    /// At each start of the app: leaves a token with the service, by which a backup from before is known.
    pub fn start(&mut self, service: &mut Service) -> Result<(), Error> {
        let Self { store, account, .. } = self;
        account.advance()?.commit_with(|writes| store.write(writes, &[]))?;
        service.keep(self.who, account.token());
        Ok(())
    }

    /// Makes and uploads the prekeys that are due, with how many the service has left.
    fn maintain(&mut self, counts: Counts, service: &mut Service, world: &mut World) -> Result<(), Error> {
        let Self { store, account, .. } = self;
        let staged = account.maintain(counts, world.now, &mut world.rng)?;
        let upload = staged.commit_with(|writes| store.write(writes, &[]))?;
        if upload.is_empty() {
            return Ok(());
        }
        service.take(self.who, upload.clone());
        let staged = account.confirm_uploaded(&upload, world.now)?;
        Ok(staged.commit_with(|writes| store.write(writes, &[]))?)
    }

    /// Whether the store is an old backup, as the service's token tells. If so: new prekeys, and no session of before is
    /// sent on again.
    pub fn recover(&mut self, service: &mut Service, world: &mut World) -> Result<bool, Error> {
        let token = service.token(self.who).ok_or("the service has no token")?;
        if self.account.check(&token) == BackupCheck::Fresh {
            return Ok(false);
        }
        let session = |key: &Key| if let Key::Session(with) = key { Some(with.clone()) } else { None };
        for with in self.store.memory().keys().filter_map(session).collect::<Vec<_>>() {
            let Self { store, peers, account, .. } = self;
            let staged = peer(peers, store, account, &with)?.session.retire()?;
            staged.commit_with(|writes| store.write(writes, &[]))?;
        }
        let Self { store, account, .. } = self;
        let staged = account.recover(Some(&token), world.now, &mut world.rng)?;
        let upload = staged.commit_with(|writes| store.write(writes, &[]))?;
        service.take(self.who, upload.clone());
        let staged = account.confirm_uploaded(&upload, world.now)?;
        staged.commit_with(|writes| store.write(writes, &[]))?;
        Ok(true)
    }

    /// Encrypts and seals a text into the outbox, beginning a session if there is none to send on.
    pub fn write(
        &mut self,
        to: Who,
        text: &str,
        sent: Timestamp,
        service: &mut Service,
        world: &mut World,
    ) -> Result<(), Error> {
        self.certify(service, world)?;
        self.begin(to, service, world)?;
        let Self { store, account, peers, certificate, .. } = self;
        let certificate = certificate.as_ref().ok_or(SealError::CertificateExpired)?;
        let sender = Sender::new(account.identity(), certificate)?.with_hint(ContentHint::Resendable);
        let session = &mut peer(peers, store, account, &to.address())?.session;
        let pinned = store.memory().identity(to.address().name())?;
        let trust = Trust::on_first_use(pinned.as_ref());
        let staged = sender.encrypt(session, text.as_bytes(), trust, world.now, &mut world.rng)?;
        staged.commit_with_output(|writes, sealed| {
            let outgoing = Outgoing { to, sent, text: text.to_owned(), sealed: sealed.clone() };
            store.write(writes, &[outgoing.row()])
        })?;
        Ok(())
    }

    /// Hands the service the envelopes in the outbox, and notes that it has them. After a crash it is simply called again.
    pub fn flush(&mut self, world: &mut World) -> Result<Vec<Envelope>, Error> {
        let mut envelopes = Vec::new();
        for mut waiting in Outgoing::all(&self.store)?.into_iter().filter(|one| !one.sealed.is_empty()) {
            let sealed = std::mem::take(&mut waiting.sealed);
            let (to, sent, taken) = (waiting.to, waiting.sent, world.now);
            envelopes.push(Envelope { number: 0, to, sent, taken, sealed });
            // The text stays for a day, in case that it is asked for again.
            self.store.write(Writes::default(), &[waiting.row()])?;
        }
        Ok(envelopes)
    }

    /// Opens an envelope, verifies its sender, and receives the message inside.
    pub fn receive(&mut self, envelope: &Envelope, world: &mut World) -> Result<Received, Refused> {
        let trust = TrustStore { trust_roots: &[self.trust_root], revoked: &[], known: &[] };
        let opened = UnverifiedContent::open(&envelope.sealed, self.account.identity())?;
        let content = opened.verify(&trust, self.account.address(), None, envelope.taken)?;
        match content.body()? {
            Body::Session(message) => self.read(&content, &message, envelope.sent, world),
            Body::Plaintext(request) => self.answer(content.sender().address(), &request, world),
            _ => Err(Error::from("there are no groups here").into()),
        }
    }

    /// Decrypts a message: its text, the session and the used prekeys are stored in one transaction.
    fn read(
        &mut self,
        content: &Content,
        message: &Message<'_>,
        sent: Timestamp,
        world: &mut World,
    ) -> Result<Received, Refused> {
        let address = content.sender().address();
        let from = Who::at(address).ok_or_else(|| Error::from("nobody whom we know"))?;
        let inside = Inside::of(message)?;
        let Self { store, account, peers, .. } = self;
        let session = &mut peer(peers, store, account, address)?.session;
        let pinned = store.memory().identity(address.name()).map_err(StoreError::from)?;
        let trust = Trust::on_first_use(pinned.as_ref());
        match account.receive(session, message, trust, &mut world.rng) {
            Ok(staged) => {
                let text = staged.commit_with_output(|writes, text| {
                    store.write(writes, &[(inbox_row(from, sent), text.to_vec())])
                })?;
                Ok(Received::Text { from, text: String::from_utf8_lossy(&text).into_owned(), inside })
            }
            Err(error) => {
                let advice = Box::new(content.advice(error.failure(), sent));
                Err(Refused::Decrypt(error, from, advice))
            }
        }
    }

    /// Asks for a message again that could not be decrypted, if that was not done too often.
    pub fn ask(
        &mut self,
        from: Who,
        request: ResendRequest,
        service: &mut Service,
        world: &mut World,
    ) -> Result<(), Error> {
        self.certify(service, world)?;
        let Self { store, account, peers, certificate, .. } = self;
        let certificate = certificate.as_ref().ok_or(SealError::CertificateExpired)?;
        let sender = Sender::new(account.identity(), certificate)?;
        let identity = store.memory().identity(from.address().name())?.ok_or("not pinned")?;
        let content = Ciphertext::from(request.content());
        let sealed = sender.seal(&content, &identity, &mut world.rng)?;
        let log = &mut peer(peers, store, account, &from.address())?.log;
        let staged = log.ask(request, &RepairPolicy::default(), world.now)?;
        let outgoing = Outgoing { to: from, sent: world.now, text: String::new(), sealed };
        staged.commit_with(|writes| store.write(writes, &[outgoing.row()]))?;
        Ok(())
    }

    /// Answers such a request: log and session are stored in one transaction.
    fn answer(
        &mut self,
        from: &Address,
        request: &PlaintextContent<'_>,
        world: &mut World,
    ) -> Result<Received, Refused> {
        let who = Who::at(from).ok_or_else(|| Error::from("nobody whom we know"))?;
        let request = request.decryption_error_message()?;
        let Self { store, account, peers, .. } = self;
        let Peer { session, log } = peer(peers, store, account, from)?;
        let staged = log.answer(session, &request, &RepairPolicy::default(), world.now)?;
        let resend = staged.commit_with(|writes| store.write(writes, &[]))?;
        Ok(Received::Asked { from: who, resend })
    }

    /// Sends a text again, if it was for the peer that asks: encrypted anew, with its first time.
    pub fn resend(
        &mut self,
        to: Who,
        sent: Timestamp,
        service: &mut Service,
        world: &mut World,
    ) -> Result<(), Error> {
        let text = Outgoing::all(&self.store)?.into_iter().find(|one| (one.to, one.sent) == (to, sent));
        self.write(to, &text.ok_or("there is no such text")?.text, sent, service, world)
    }

    /// Fetches a certificate unless there is one that is good for another hour.
    fn certify(&mut self, service: &Service, world: &mut World) -> Result<(), Error> {
        let soon = world.now.saturating_add(std::time::Duration::from_secs(60 * 60));
        if self.certificate.as_ref().is_none_or(|certificate| certificate.claimed().expires < soon) {
            self.certificate = Some(service.certify(self.who, *self.account.identity_key(), world)?);
        }
        Ok(())
    }

    /// Begins a session unless there is one to send on. Its peer's identity must be the one that is pinned, if any is.
    fn begin(&mut self, to: Who, service: &mut Service, world: &mut World) -> Result<(), Error> {
        let Self { store, account, peers, .. } = self;
        let session = &mut peer(peers, store, account, &to.address())?.session;
        if session.is_usable(world.now, Requirements::default()) {
            return Ok(());
        }
        let pinned = store.memory().identity(to.address().name())?;
        let bundle =
            service.bundle(to).ok_or("no such account")?.verify(Trust::on_first_use(pinned.as_ref()))?;
        let staged = session.initiate(&account.config(), bundle, world.now, &mut world.rng)?;
        Ok(staged.commit_with(|writes| store.write(writes, &[]))?)
    }

    /// The session with somebody. Only looked at.
    pub fn session(&mut self, with: Who) -> Result<&Session, StoreError> {
        let Self { store, account, peers, .. } = self;
        Ok(&peer(peers, store, account, &with.address())?.session)
    }

    pub const fn identity(&self) -> &IdentityKey {
        self.account.identity_key()
    }

    /// For the forger.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    pub const fn certificate(&self) -> Option<&SenderCertificate> {
        self.certificate.as_ref()
    }
}

/// The state that is held for a device of a peer: read from the store when it is first asked for.
fn peer<'p>(
    peers: &'p mut BTreeMap<Address, Peer>,
    store: &Store,
    account: &Account,
    address: &Address,
) -> Result<&'p mut Peer, StoreError> {
    match peers.entry(address.clone()) {
        Entry::Occupied(held) => Ok(held.into_mut()),
        Entry::Vacant(place) => {
            let session = store.memory().session(account.address(), address)?;
            Ok(place.insert(Peer { session, log: store.memory().repair_log(address)? }))
        }
    }
}
