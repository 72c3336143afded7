// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device receives.

use subrosa::group::{DistributionMessage, ReceiverKeys};
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::sealed::certificate::TrustStore;
use subrosa::sealed::{OpenError, UnverifiedContent};
use subrosa::{
    Address, DecryptError, LocalDevice, ParseError, SealedAdmission, SessionMessage, Trust, group, sealed,
    session,
};

use super::client::{Client, session};
use super::letter::Letter;
use super::line::{LineError, Receipt};
use super::world::World;

/// Why a message was refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Sender(#[from] OpenError),
    #[error("not a message: {0}")]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Receive(#[from] DecryptError),
    #[error(transparent)]
    Accept(#[from] DecryptError),
    #[error(transparent)]
    Learn(#[from] group::Error),
    #[error(transparent)]
    Group(#[from] group::Error),
    #[error("not a letter")]
    NotALetter,
}

/// A letter, and the device that sent it: proven, not claimed.
#[derive(Debug)]
pub struct Arrival {
    pub sender: Address,
    pub letter: Letter,
}

impl Client {
    /// Fetches what waits at the service, and opens it. The service keeps it until the receipt is given.
    pub fn fetch(
        &mut self,
        world: &mut World,
    ) -> Result<(Vec<Result<Arrival, ReceiveError>>, Receipt), LineError> {
        let (messages, receipt) = self.line.waiting(self.place(), self.token)?;
        let opened = messages.iter().map(|message| self.open(message, world)).collect();
        Ok((opened, receipt))
    }

    /// Opens an envelope of either version. What is inside comes out only after the sender is verified, and the
    /// state is stored.
    pub fn open(&mut self, envelope: &[u8], world: &mut World) -> Result<Arrival, ReceiveError> {
        let content = UnverifiedContent::open(envelope, &self.account.identity)?;
        let authority = TrustStore { trust_roots: &[self.trust_root], revoked: &[], known: &[] };
        let content = content.verify(&authority, &LocalDevice::new(&self.address), world.now)?;
        let sender = content.sender().address();
        let letter = match content.message()? {
            sealed::Body::Session(message) => self.read(&sender, &message, world)?,
            sealed::Body::Group(message) => self.read_group(&sender, message)?,
            // The sender asks for a message again. A messenger would see to it.
            _ => return Err(ReceiveError::NotALetter),
        };
        if let Letter::SenderKey(distribution) = &letter {
            self.process(&sender, distribution)?;
        }
        Ok(Arrival { sender, letter })
    }

    /// Decrypts a message of a session, which it may begin.
    fn read(
        &mut self,
        sender: &Address,
        message: &SessionMessage<'_>,
        world: &mut World,
    ) -> Result<Letter, ReceiveError> {
        let local = session::Config::new(&self.account.identity, self.registration_id);
        let pinned = self.shelf.pinned(sender.name());
        let trust = Trust::on_first_use(pinned.as_ref());
        let session = session(&mut self.sessions, &self.address, sender);
        let staged = match message.receive(session, &local, trust, &mut world.random)? {
            SealedAdmission::Decrypted(staged) => staged,
            SealedAdmission::New(new) => {
                let keys = self.shelf.lend(&new.needed());
                match new
                    .accept(keys, &mut world.random)
                    .map_err(|refused| (refused.error, refused.keys.one_time))
                {
                    Ok(staged) => staged,
                    Err((error, one_time)) => {
                        self.shelf.take_back(one_time);
                        return Err(error.into());
                    }
                }
            }
        };
        let Ok(unsealed) = staged.commit_with_received(|record, effects, _letter| {
            // A messenger stores the letter here, too.
            self.shelf.put_session(&sender.to_string(), sender.name(), record, effects)
        });
        Letter::parse(&unsealed.plaintext).ok_or(ReceiveError::NotALetter)
    }

    fn read_group(&mut self, sender: &Address, message: &[u8]) -> Result<Letter, ReceiveError> {
        let message = SenderKeyMessage::parse(message)?;
        let id = message.distribution_id().ok_or(group::Error::NoSenderKey)?;
        let keys = self.keys.get_mut(&(sender.clone(), id)).ok_or(group::Error::NoSenderKey)?;
        let staged = keys.decrypt(&message)?;
        let Ok(plaintext) = staged.commit_with_received(|record, (), _letter| {
            self.shelf.put(&format!("keys {id} of {sender}"), record)
        });
        Letter::parse(&plaintext).ok_or(ReceiveError::NotALetter)
    }

    /// Takes up a sender key that came through the session with its owner.
    fn learn(&mut self, sender: &Address, distribution: &[u8]) -> Result<(), ReceiveError> {
        let message = DistributionMessage::parse(distribution)?;
        let id = message.distribution_id().ok_or(group::Error::OtherDistribution)?;
        let keys = self.keys.entry((sender.clone(), id)).or_insert_with(|| ReceiverKeys::new(id));
        let Ok(()) = keys
            .process(&message)?
            .commit_with(|record, ()| self.shelf.put(&format!("keys {id} of {sender}"), record));
        Ok(())
    }
}
