// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups.

use std::fmt;

use subrosa::group::{self, DistributionId, DistributionMessage, Format, GroupMessage};
use subrosa::os_rng;
use subrosa::sealed::Body;
use zeroize::Zeroizing;

use crate::error::{Code, Error};
use crate::plain::{Address, Outgoing, Pinned, identity};
use crate::sealed::SealedContent;
use crate::stage::Stage;
use crate::state::Shared;

/// The format of a distribution id; none is the older format without ids.
pub(crate) fn format(distribution_id: Option<&str>) -> Result<Format, Error> {
    Ok(match distribution_id {
        Some(id) => Format::WithId(id.parse()?),
        None => Format::WithoutId,
    })
}

/// A fresh distribution id, as a UUID in text.
pub fn generate_distribution_id() -> String {
    DistributionId::generate(&mut os_rng()).to_string()
}

fn parse(distribution: &[u8], with_id: bool) -> Result<DistributionMessage<'_>, Error> {
    Ok(if with_id {
        DistributionMessage::parse(distribution)?
    } else {
        DistributionMessage::parse_without_id(distribution)?
    })
}

/// The distribution id in a distribution.
pub fn distribution_id_of(distribution: &[u8]) -> Result<Option<String>, Error> {
    Ok(parse(distribution, true)?.distribution_id().map(|id| id.to_string()))
}

/// Our own sender key, for sending to a group.
#[derive(Clone)]
pub struct SenderKey(Shared<group::SenderKey>);

impl SenderKey {
    pub(crate) fn of(key: group::SenderKey) -> Self {
        Self(Shared::new(key))
    }

    /// A fresh key for a distribution id. It is stored with its first message.
    pub fn generate(distribution_id: Option<&str>) -> Result<Self, Error> {
        Ok(Self::of(group::SenderKey::generate(format(distribution_id)?, &mut os_rng())))
    }

    /// Reads a stored record.
    pub fn from_record(record: &[u8]) -> Result<Self, Error> {
        Ok(Self::of(group::SenderKey::from_record(record)?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// What members need, to be sent to each inside a message of a session. Secret.
    pub fn distribution(&self) -> Zeroizing<Vec<u8>> {
        self.0.lock().distribution()
    }

    /// The number of the present chain, by which to remember who has its distribution.
    pub fn chain_id(&self) -> u32 {
        self.0.lock().chain_id()
    }

    /// Encrypts a text for the group.
    pub fn encrypt(&self, text: &[u8]) -> Result<Stage<Outgoing>, Error> {
        Ok(Stage::of(self.0.lock().encrypt(text, &mut os_rng())?, &self.0, |message| message.into()))
    }

    /// Replaces the key: whenever a member leaves.
    pub fn rotate(&self) -> Result<Stage<()>, Error> {
        Ok(Stage::of(self.0.lock().rotate(&mut os_rng())?, &self.0, |()| ()))
    }
}

impl fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderKey(..)")
    }
}

/// The sender keys of another device.
#[derive(Clone)]
pub struct ReceiverKeys(pub(crate) Shared<group::ReceiverKeys>);

impl ReceiverKeys {
    pub(crate) fn of(keys: group::ReceiverKeys) -> Self {
        Self(Shared::new(keys))
    }

    /// No keys yet, of this device in this distribution.
    pub fn new(sender: &Address, distribution_id: Option<&str>) -> Result<Self, Error> {
        Ok(Self::of(group::ReceiverKeys::new(sender.to_subrosa(), format(distribution_id)?)))
    }

    /// Reads a stored record, of the same device.
    pub fn from_record(record: &[u8], sender: &Address) -> Result<Self, Error> {
        Ok(Self::of(group::ReceiverKeys::from_record(record, sender.to_subrosa())?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// The device whose keys these are.
    pub fn sender(&self) -> Address {
        self.0.lock().sender().into()
    }

    /// Takes in a distribution that came in a message of a session with that very device. `identity_key` is the one that
    /// the session is with.
    pub fn process(&self, distribution: &[u8], identity_key: &[u8]) -> Result<Stage<()>, Error> {
        let (mut keys, identity_key) = (self.0.lock(), identity(identity_key)?);
        let distribution = parse(distribution, keys.format().distribution_id().is_some())?;
        Ok(Stage::of(keys.process(&distribution, &identity_key)?, &self.0, |()| ()))
    }

    /// Takes in a distribution as [`process`](Self::process) does, and moves a chain that is known on to where its sender
    /// is now: the way out when messages are `TooFarAhead`. The messages before are given up.
    pub fn fast_forward(&self, distribution: &[u8], identity_key: &[u8]) -> Result<Stage<()>, Error> {
        let (mut keys, identity_key) = (self.0.lock(), identity(identity_key)?);
        let distribution = parse(distribution, keys.format().distribution_id().is_some())?;
        Ok(Stage::of(keys.fast_forward(&distribution, &identity_key)?, &self.0, |()| ()))
    }

    /// Decrypts a message of the group.
    pub fn decrypt(&self, bytes: &[u8], pinned: Option<&[u8]>) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        self.decrypt_message(&GroupMessage::parse(bytes)?, pinned)
    }

    /// Decrypts the message in an envelope; its certified sender is checked.
    pub fn decrypt_sealed(
        &self,
        content: &SealedContent,
        pinned: Option<&[u8]>,
    ) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        match content.body()? {
            Body::Group(message) => self.decrypt_message(&message, pinned),
            _ => Err(Error::new(Code::OtherKind, "the envelope holds no message of a group".into(), None)),
        }
    }

    fn decrypt_message(
        &self,
        message: &GroupMessage<'_>,
        pinned: Option<&[u8]>,
    ) -> Result<Stage<Zeroizing<Vec<u8>>>, Error> {
        let pinned = Pinned::new(pinned)?;
        let mut keys = self.0.lock();
        let staged = keys.decrypt(message, pinned.trust())?;
        Ok(Stage::of(staged, &self.0, |text| Zeroizing::new(text.to_vec())))
    }
}

impl fmt::Debug for ReceiverKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiverKeys(..)")
    }
}
