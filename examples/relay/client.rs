// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device: how it comes to have an account, a certificate, and sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use subrosa::group::{DistributionId, ReceiverKeys, SenderKey};
use subrosa::keys::PublicKey;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate};
use subrosa::{
    Address, BundleError, DeviceId, IdentityKeyPair, PreKeyBundle, ServiceId, Session, Trust, session,
};

use super::line::{Line, LineError};
use super::protocol::{Place, Request, Token};
use super::shelf::Shelf;
use super::world::World;

/// An account. All its devices have its identity.
#[derive(Clone)]
pub struct Account {
    /// What people call it. The service does not know.
    pub name: &'static str,
    pub id: ServiceId,
    pub identity: Arc<IdentityKeyPair>,
}

/// Why a device is not set up, or has no session.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("the service's certificate can't be read: {0}")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Initiate(#[from] BundleError),
}

/// A device.
pub struct Client {
    pub account: Account,
    pub address: Address,
    pub(super) registration_id: u32,
    pub(super) line: Line,
    pub(super) token: Token,
    /// The service's word for who this is, to be put into envelopes.
    pub(super) certificate: SenderCertificate,
    /// Which the messenger has built in.
    pub(super) trust_root: PublicKey,
    pub(super) shelf: Shelf,
    pub(super) sessions: BTreeMap<Address, Session>,
    /// What it sends to the group with.
    pub(super) group: Option<OwnKey>,
    /// What it reads others' messages to groups with.
    pub(super) keys: BTreeMap<(Address, DistributionId), ReceiverKeys>,
}

/// A sender key, and who has it.
pub struct OwnKey {
    pub key: SenderKey,
    pub told: BTreeSet<Address>,
}

impl Client {
    /// A fresh device of an account, registered at the service.
    pub fn register(
        account: &Account,
        device: DeviceId,
        trust_root: PublicKey,
        line: Line,
        world: &mut World,
    ) -> Result<Self, SetUpError> {
        let registration_id = 1 + world.random.below(0x3FFC);
        let shelf = Shelf::new(&account.identity, world.now, &mut world.random);
        let published = Box::new(shelf.published(registration_id, *account.identity.public()));
        let token = line.ask_for(&Request::Register((account.id, device), published))?;
        let certificate = line.ask(&Request::Certify((account.id, device), token), None)?;
        Ok(Self {
            account: account.clone(),
            address: Address::new(account.id.to_string(), device),
            registration_id,
            line,
            token,
            certificate: SenderCertificate::parse(&certificate)?,
            trust_root,
            shelf,
            sessions: BTreeMap::new(),
            group: None,
            keys: BTreeMap::new(),
        })
    }

    pub const fn place(&self) -> Place {
        (self.account.id, self.address.device())
    }

    /// Has the service remove another device of the account.
    pub fn unlink(&self, device: DeviceId) -> Result<(), SetUpError> {
        self.line.ask(&Request::Unlink(self.place(), self.token, device), None)?;
        Ok(())
    }

    /// Fetches bundles of these devices of an account, of all if none is named, and begins a session with
    /// each. The service is not told who asks.
    pub fn begin(
        &mut self,
        account: ServiceId,
        devices: Vec<DeviceId>,
        world: &mut World,
    ) -> Result<(), SetUpError> {
        let bundles: Vec<PreKeyBundle> = self.line.ask_for(&Request::Bundles(account, devices))?;
        let name = account.to_string();
        for bundle in bundles {
            let pinned = self.shelf.pinned(&name);
            let remote = Address::new(name.as_str(), bundle.device_id);
            let bundle = bundle.verify(Trust::on_first_use(pinned.as_ref()))?;
            let session = session(&mut self.sessions, &self.address, &remote);
            let local = session::Config::new(&self.account.identity, self.registration_id);
            let staged = session.initiate(&local, bundle, world.now, &mut world.random)?;
            let Ok(()) = staged.commit_with(|record, effects| {
                self.shelf.put_session(&remote.to_string(), remote.name(), record, effects)
            });
        }
        Ok(())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.account.name, self.address.device()))
    }
}

/// The session with `remote`; an empty one if there is none yet.
pub fn session<'s>(
    sessions: &'s mut BTreeMap<Address, Session>,
    local: &Address,
    remote: &Address,
) -> &'s mut Session {
    sessions.entry(remote.clone()).or_insert_with(|| Session::new(local.clone(), remote.clone()))
}
