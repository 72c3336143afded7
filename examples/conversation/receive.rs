// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device receives a message.

use subrosa::prekey::{LastResortKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::sealed::certificate::TrustStore;
use subrosa::sealed::{OpenError, UnverifiedContent};
use subrosa::session::manual::{KemKey, NeededPreKeys, PreKeys};
use subrosa::{
    Address, DecryptError, LocalDevice, ParseError, Plaintext, RecordError, SealedAdmission, Session,
    SessionMessage, Staged, Timestamp, Trust, Unsealed, sealed, session,
};

use super::device::Device;
use super::row::Row;
use super::store::{Saved, Store, StoreError};
use super::world::World;

/// Why a message was refused, or could not be stored. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Sender(#[from] OpenError),
    #[error("not a message: {0}")]
    Parse(#[from] ParseError),
    #[error("a message of kind {0} has no place in this conversation")]
    Kind(u8),
    #[error("{}", explain(.0))]
    Receive(#[from] DecryptError),
    /// Used before, or never ours.
    #[error("{0} is not there (any more)")]
    NoPreKey(String),
    #[error(transparent)]
    Accept(#[from] DecryptError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReceiveError {
    /// Whether the message was decrypted before.
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Self::Receive(DecryptError::Decrypt(DecryptError::Duplicate { .. })))
    }
}

/// A decrypted message, and what was stored with it.
#[derive(Debug)]
pub struct Received {
    /// Who sent it: the envelope proves it.
    pub from: Address,
    pub plaintext: Plaintext,
    pub saved: Saved,
}

impl Device {
    /// Opens an envelope that the service took at the time `taken`, and decrypts what is inside. The plaintext
    /// comes out only if the sender is verified, and if session, text and all that goes with them were stored.
    pub fn receive(
        &mut self,
        sealed: &[u8],
        taken: Timestamp,
        world: &mut World,
    ) -> Result<Received, ReceiveError> {
        let content = UnverifiedContent::open(sealed, &self.identity)?;
        let authority = TrustStore { trust_roots: &[self.trust_root], revoked: &[], known: &[] };
        let content = content.verify(&authority, &LocalDevice::new(self.sessions.local()), taken)?;
        match content.message()? {
            sealed::Body::Session(message) => self.receive_from(&content.sender().address(), &message, world),
            _ => Err(ReceiveError::Kind(content.kind().to_u8())),
        }
    }

    fn receive_from(
        &mut self,
        from: &Address,
        message: &SessionMessage<'_>,
        world: &mut World,
    ) -> Result<Received, ReceiveError> {
        let pinned = self.store.pinned(from)?;
        let trust = Trust::on_first_use(pinned.as_ref());
        let local = session::Config::new(&self.identity, self.registration_id).with_policy(self.policy);
        let session = self.sessions.with(from, &self.store)?;
        let staged = match message.receive(session, &local, trust, &mut world.random)? {
            SealedAdmission::Decrypted(staged) => staged,
            SealedAdmission::New(new) => {
                let mut keys = Keys::look_up(&new.needed(), &self.store)?;
                new.accept(keys.lend(), &mut world.random).map_err(|refused| refused.error)?
            }
        };
        store_and_take(staged, from, &self.store, world)
    }
}

/// Stores a stage and the text in it, then takes the text out of it.
fn store_and_take(
    staged: Staged<'_, Session, Unsealed>,
    from: &Address,
    store: &Store,
    world: &mut World,
) -> Result<Received, ReceiveError> {
    let mut saved = Saved::default();
    let unsealed = staged.commit_with_received(|record, effects, unsealed| {
        let text = Some(&*unsealed.plaintext);
        saved = store.save_session(from, record, effects, text, &mut world.random)?;
        Ok::<_, StoreError>(())
    })?;
    Ok(Received { from: unsealed.sender.address(), plaintext: unsealed.plaintext, saved })
}
/// The prekeys that a first message asks for.
struct Keys {
    signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    /// And whether this use of it is remembered.
    last_resort: Option<(LastResortKemPreKey, bool)>,
}

impl Keys {
    fn look_up(needed: &NeededPreKeys, store: &Store) -> Result<Self, ReceiveError> {
        let signed = load(store, &Row::signed_pre_key(needed.signed), SignedPreKey::from_record)?;
        let one_time =
            needed.one_time.map(|id| load(store, &Row::one_time_pre_key(id), OneTimePreKey::from_record));
        let last_resort = needed.kem.map(|used| {
            let row = Row::last_resort_kem_pre_key(used.kem);
            let key = load(store, &row, LastResortKemPreKey::from_record)?;
            Ok::<_, ReceiveError>((key, store.remembers(&used)?))
        });
        Ok(Self { signed, one_time: one_time.transpose()?, last_resort: last_resort.transpose()? })
    }

    fn lend(&mut self) -> PreKeys<'_> {
        let last_resort = self.last_resort.as_ref();
        PreKeys {
            signed: &self.signed,
            one_time: self.one_time.take(),
            kem: last_resort.map(|(key, used_before)| KemKey::LastResort { key, used_before: *used_before }),
        }
    }
}

fn load<T>(
    store: &Store,
    row: &Row,
    read: impl FnOnce(&[u8]) -> Result<T, RecordError>,
) -> Result<T, ReceiveError> {
    store.load(row, read)?.ok_or_else(|| ReceiveError::NoPreKey(row.name().to_owned()))
}

fn explain(error: &DecryptError) -> String {
    match error {
        DecryptError::Decrypt(DecryptError::Undecryptable(reason)) => format!("{error}: {reason}"),
        _ => error.to_string(),
    }
}
