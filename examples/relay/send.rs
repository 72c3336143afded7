// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device sends.

use std::collections::BTreeSet;

use subrosa::group::{DistributionId, SenderKey};
use subrosa::sealed::{ContentHint, SealError};
use subrosa::{Address, Ciphertext, EncryptError, ForeignCertificate, ServiceId, Trust, group, sealed};

use super::answer::{Mismatch, Refusal};
use super::client::{Client, OwnKey, SetUpError, session};
use super::letter::Letter;
use super::line::LineError;
use super::protocol::Request;
use super::world::World;

/// How often a message is sent anew to devices that the sender did not know of.
const TRIES: usize = 3;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    #[error(transparent)]
    Certificate(#[from] ForeignCertificate),
    #[error(transparent)]
    Encrypt(#[from] SealError),
    #[error(transparent)]
    EncryptOnly(#[from] EncryptError),
    #[error(transparent)]
    SealOne(#[from] SealError),
    #[error(transparent)]
    Group(#[from] group::Error),
    #[error(transparent)]
    Recipient(#[from] SealError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the session is with nobody")]
    NoSession,
}

impl Client {
    /// Encrypts a letter to one device and seals it, with version 1.
    pub fn seal(&mut self, to: &Address, letter: &Letter, world: &mut World) -> Result<Vec<u8>, SendError> {
        let pinned = self.shelf.pinned(to.name());
        let sender = sealed::Sender::new(&self.account.identity, &self.certificate)?;
        let session = session(&mut self.sessions, &self.address, to);
        let trust = Trust::on_first_use(pinned.as_ref());
        let staged = sender.encrypt(session, &letter.encode(), trust, world.now, &mut world.random)?;
        let Ok(sealed) = staged.commit_with(|record, effects| {
            self.shelf.put_session(&to.to_string(), to.name(), record, effects)
        });
        Ok(sealed)
    }

    /// Writes to one device.
    pub fn write(&mut self, to: &Address, letter: &Letter, world: &mut World) -> Result<Vec<u8>, SendError> {
        let sealed = self.seal(to, letter, world)?;
        self.hand_in(to, &sealed)?;
        Ok(sealed)
    }

    /// Hands in an envelope for one device. The service is not told who does.
    pub fn hand_in(&self, to: &Address, sealed: &[u8]) -> Result<(), SendError> {
        let account = to.service_id().ok_or(SendError::NoSession)?;
        let registration_id = self.sessions.get(to).and_then(subrosa::Session::remote_registration_id);
        let request = Request::Deliver((account, to.device()), registration_id.ok_or(SendError::NoSession)?);
        self.line.ask(&request, Some(sealed))?;
        Ok(())
    }

    /// Writes to a group, all of its devices at once, with version 2. Members that are `excluded` do not get it.
    /// If the service knows better who they are, learns that and tries again.
    ///
    /// Gives what was refused on the way.
    pub fn write_to_group(
        &mut self,
        group: &Group,
        text: &str,
        excluded: &[ServiceId],
        world: &mut World,
    ) -> Result<Vec<Refusal>, SendError> {
        let mut refusals = Vec::new();
        loop {
            self.distribute(group, world)?;
            let sent = self.seal_for_group(group, text, excluded, world)?;
            match self.line.ask(&Request::DeliverToMany, Some(&sent)) {
                Ok(_) => return Ok(refusals),
                Err(LineError::Refused(Refusal::Devices(accounts))) if refusals.len() < TRIES => {
                    self.learn_devices(&accounts, world)?;
                    refusals.push(Refusal::Devices(accounts));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Encrypts a text to the group, once, and seals it for all members' devices, once.
    pub fn seal_for_group(
        &mut self,
        group: &Group,
        text: &str,
        excluded: &[ServiceId],
        world: &mut World,
    ) -> Result<Vec<u8>, SendError> {
        let message = self.encrypt_to_group(group, text, world)?;
        let members = group.members.iter().filter(|member| !excluded.contains(member));
        let recipients = members.map(|member| self.recipient(*member)).collect::<Result<Vec<_>, _>>()?;
        // What members' devices can't decrypt they may ask for again. The group's id is for them alone: it is
        // inside the envelope.
        let sender = sealed::Sender::new(&self.account.identity, &self.certificate)?
            .with_hint(ContentHint::Resendable)
            .with_group_id(group.id.as_bytes());
        Ok(sender.seal_for_many(&message, &recipients, excluded, &mut world.random)?.bytes)
    }

    fn encrypt_to_group(
        &mut self,
        group: &Group,
        text: &str,
        world: &mut World,
    ) -> Result<Ciphertext, SendError> {
        let own = own_key(&mut self.group, group, world);
        let letter = Letter::Text(text.to_owned()).encode();
        let staged = own.key.encrypt(&letter, &mut world.random)?;
        let Ok(message) = staged.commit_with(|record, ()| self.shelf.put(&group.row(), record));
        Ok(message)
    }

    /// A member as far as sessions tell: its identity, its devices and their registration ids.
    fn recipient(&self, member: ServiceId) -> Result<sealed::Recipient<'_>, SendError> {
        let name = member.to_string();
        let sessions = self.sessions.values().filter(|session| session.remote().name() == name);
        Ok(sealed::Recipient::of_sessions(sessions)?)
    }

    /// Sends our sender key to all members' devices that do not have it, each through the session with it.
    pub fn distribute(&mut self, group: &Group, world: &mut World) -> Result<(), SendError> {
        let own = own_key(&mut self.group, group, world);
        let members: BTreeSet<String> = group.members.iter().map(ToString::to_string).collect();
        let devices = self.sessions.keys().filter(|device| members.contains(device.name()));
        let untold: Vec<Address> = devices.filter(|device| !own.told.contains(device)).cloned().collect();
        let letter = Letter::SenderKey(own.key.distribution());
        for device in untold {
            self.write(&device, &letter, world)?;
            if let Some(own) = &mut self.group {
                own.told.insert(device);
            }
        }
        Ok(())
    }

    /// Drops sessions with devices that are gone, begins sessions with new ones, and makes another sender key if
    /// somebody could read on with the old one. What a stale device had stays, archived.
    fn learn_devices(&mut self, accounts: &[Mismatch], world: &mut World) -> Result<(), SendError> {
        for Mismatch { account, missing, extra, stale } in accounts {
            let address = |device| Address::new(account.to_string(), device);
            for device in extra {
                self.sessions.remove(&address(*device));
            }
            if !(extra.is_empty() && stale.is_empty()) {
                self.group = None;
            }
            let fresh: Vec<_> = missing.iter().chain(stale).copied().collect();
            if !fresh.is_empty() {
                self.begin(*account, fresh, world)?;
            }
        }
        Ok(())
    }
}

/// A group, which the service knows nothing of.
pub struct Group {
    pub id: DistributionId,
    pub members: Vec<ServiceId>,
}

impl Group {
    /// Where our own sender key for it is stored.
    fn row(&self) -> String {
        format!("sender key {}", self.id)
    }
}

/// Our sender key for the group: made when it is first asked for.
fn own_key<'k>(own: &'k mut Option<OwnKey>, group: &Group, world: &mut World) -> &'k mut OwnKey {
    own.get_or_insert_with(|| OwnKey {
        key: SenderKey::generate(group.id, &mut world.random),
        told: BTreeSet::new(),
    })
}
