// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions, and messages for many devices.

use std::collections::BTreeMap;
use std::fmt;

use subrosa::omemo::{self, IdentityKey, Kind, Message, UsedPreKey};
use subrosa::store::{StaleStage, Writes};
use subrosa::{Detached, os_rng};
use zeroize::Zeroizing;

use super::{Known, OmemoAccount, OmemoBundle, OmemoVersion};
use crate::delivery::DeviceFailure;
use crate::error::Error;
use crate::plain::Address;
use crate::stage::{Pending, Stage};
use crate::state::Shared;

/// A message for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmemoMessage {
    /// The device.
    pub address: Address,
    /// Whether the XML says that it has a key exchange: `kex`, legacy `prekey`.
    pub key_exchange: bool,
    /// The bytes, for base64.
    pub bytes: Vec<u8>,
}

/// What a message of a device said.
#[derive(Clone, PartialEq, Eq)]
pub struct OmemoReceived {
    /// The key material, which opens the payload. Secret.
    pub key_material: Zeroizing<Vec<u8>>,
    /// Whether it began a session: publish the bundle anew then, since a one-time prekey is used.
    pub began: bool,
    /// Whether an empty message is due, unless something else is sent.
    pub answer_due: bool,
}

impl fmt::Debug for OmemoReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OmemoReceived(began {}, answer due {})", self.began, self.answer_due)
    }
}

/// The sessions with one device.
#[derive(Clone)]
pub struct OmemoSession(Shared<omemo::Session>);

impl OmemoSession {
    fn of(session: omemo::Session) -> Self {
        Self(Shared::new(session))
    }

    /// No session yet with a device: its account's bare address, and its number.
    pub fn new(version: OmemoVersion, remote: &Address) -> Self {
        Self::of(omemo::Session::new(version.to_subrosa(), remote.to_subrosa()))
    }

    /// Reads a stored record, of the same device.
    pub fn from_record(record: &[u8], remote: &Address) -> Result<Self, Error> {
        Ok(Self::of(omemo::Session::from_record(record, remote.to_subrosa())?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// The device.
    pub fn remote(&self) -> Address {
        self.0.lock().remote().into()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.lock().generation()
    }

    /// Whether there is a session that can send.
    pub fn is_begun(&self) -> bool {
        self.0.lock().is_begun()
    }

    /// The identity key of the session that sends.
    pub fn remote_identity(&self) -> Option<Vec<u8>> {
        self.0.lock().their_identity().map(IdentityKey::encode)
    }

    /// Verifies a bundle and begins a session from it, with the identity that is `known` for the device.
    pub fn begin(
        &self,
        account: &OmemoAccount,
        bundle: &OmemoBundle,
        known: Option<&[u8]>,
    ) -> Result<Stage<()>, Error> {
        let (account, mut session) = (account.0.lock(), self.0.lock());
        let known = Known::new(session.version(), known)?;
        let verified = bundle.to_subrosa(session.version()).verify(None)?;
        let staged = session.begin(&account, &verified, known.trust(), &mut os_rng())?;
        Ok(Stage::of(staged, &self.0, |_| ()))
    }

    /// Decrypts the key material of a message of this device. The identity that is `known` for it is asked for where the
    /// message has a key exchange. `keep` leaves the one-time prekey that it used, while the archive is read.
    pub fn receive(
        &self,
        account: &OmemoAccount,
        (key_exchange, bytes): (bool, &[u8]),
        known: Option<&[u8]>,
        keep: bool,
    ) -> Result<Stage<OmemoReceived>, Error> {
        let (mut ours, mut session) = (account.0.lock(), self.0.lock());
        let known = Known::new(session.version(), known)?;
        let kind = if key_exchange { Kind::KeyExchange } else { Kind::Plain };
        let message = Message::parse(session.version(), kind, bytes)?;
        let used = if keep { UsedPreKey::Keep } else { UsedPreKey::Delete };
        let staged = session.receive(&mut ours, &message, known.trust(), used, &mut os_rng())?;
        let view = |received: &omemo::Received| OmemoReceived {
            key_material: Zeroizing::new(received.plaintext().to_vec()),
            began: received.begun().is_some(),
            answer_due: received.answer_due(),
        };
        Ok(Stage::of_two(staged, (&account.0, &self.0), view))
    }
}

impl fmt::Debug for OmemoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OmemoSession(..)")
    }
}

/// Encrypts key material for many devices in one call and one stage, of all sessions that could be encrypted on. A session
/// that comes twice is used once.
#[allow(clippy::type_complexity, reason = "a stage and a list")]
pub fn omemo_encrypt_each(
    sessions: &[OmemoSession],
    key_material: &[u8],
) -> Result<(Stage<Vec<OmemoMessage>>, Vec<DeviceFailure>), Error> {
    let unique: BTreeMap<usize, &OmemoSession> =
        sessions.iter().map(|session| (session.0.place(), session)).collect();
    let (mut writes, mut parts, mut failures) = (Writes::default(), Vec::new(), Vec::new());
    for session in unique.into_values() {
        let mut locked = session.0.lock();
        let address = Address::from(locked.remote());
        match locked.encrypt(key_material) {
            Ok(staged) => {
                let (its, detached) = staged.detach();
                writes.extend(its);
                parts.push(Part { address, detached, session: session.0.clone() });
            }
            Err(error) => failures.push(DeviceFailure { address, error: error.into() }),
        }
    }
    Ok((Stage::new(&writes, Many(parts)), failures))
}

/// A message for a device, and the session that it is of.
struct Part {
    address: Address,
    detached: Detached<omemo::Outgoing>,
    session: Shared<omemo::Session>,
}

struct Many(Vec<Part>);

fn message(address: &Address, sent: &omemo::Outgoing) -> OmemoMessage {
    OmemoMessage {
        address: address.clone(),
        key_exchange: sent.kind() == Kind::KeyExchange,
        bytes: sent.as_bytes().to_vec(),
    }
}

impl Pending<Vec<OmemoMessage>> for Many {
    fn output(&self) -> Option<Vec<OmemoMessage>> {
        let sent = |part: &Part| message(&part.address, part.detached.for_the_same_transaction());
        Some(self.0.iter().map(sent).collect())
    }

    fn commit(self: Box<Self>) -> Result<Vec<OmemoMessage>, StaleStage> {
        let sent = |Part { address, detached, session }: Part| {
            Ok(message(&address, &detached.commit(&mut *session.lock())?))
        };
        self.0.into_iter().map(sent).collect()
    }
}
