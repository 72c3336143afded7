// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device receives a message.

use subrosa::{
    AcceptError, Address, Admission, AdmitError, DecryptError, KemKey, LastResortKemPreKey, Local,
    MessageKind, NeededPreKeys, OneTimePreKey, ParseError, Plaintext, PreKeySignalMessage, RecordError,
    ResponderKeys, Session, SignalMessage, SignedPreKey, Staged, Trust,
};

use super::device::Device;
use super::row::Row;
use super::store::{Saved, Store, StoreError};
use super::world::World;

/// Why a message was refused, or could not be stored. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error("not a message: {0}")]
    Parse(#[from] ParseError),
    #[error("a message of kind {0} has no place in this conversation")]
    Kind(u8),
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// Used before, or never ours.
    #[error("{0} is not there (any more)")]
    NoPreKey(String),
    #[error(transparent)]
    Accept(#[from] AcceptError),
    #[error("{}", explain(.0))]
    Decrypt(#[from] DecryptError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReceiveError {
    /// Whether the message was decrypted before.
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Self::Decrypt(DecryptError::Duplicate { .. }))
    }
}

/// A decrypted message, and what was stored with it.
#[derive(Debug)]
pub struct Received {
    pub plaintext: Plaintext,
    pub saved: Saved,
}

impl Device {
    /// Decrypts a message that came under the name of `from`. The plaintext comes out only if the session and
    /// all that goes with it were stored.
    pub fn receive(
        &mut self,
        from: &Address,
        kind: MessageKind,
        bytes: &[u8],
        world: &mut World,
    ) -> Result<Received, ReceiveError> {
        let pinned = self.store.pinned(from)?;
        let trust = Trust::on_first_use(pinned.as_ref());
        match kind {
            MessageKind::PreKey => {
                self.receive_first(from, &PreKeySignalMessage::parse(bytes)?, trust, world)
            }
            MessageKind::Whisper => {
                let session = self.sessions.with(from, &self.store)?;
                let staged = session.decrypt(&SignalMessage::parse(bytes)?, trust, &mut world.random)?;
                store_and_take(staged, from, &self.store, world)
            }
            other => Err(ReceiveError::Kind(other.to_u8())),
        }
    }

    fn receive_first(
        &mut self,
        from: &Address,
        message: &PreKeySignalMessage<'_>,
        trust: Trust<'_>,
        world: &mut World,
    ) -> Result<Received, ReceiveError> {
        let local = Local::new(&self.identity, self.registration_id).with_policy(self.policy);
        let staged = match self.sessions.with(from, &self.store)?.admit(&local, message, trust)? {
            Admission::Known(known) => known.decrypt(&mut world.random)?,
            Admission::New(new) => {
                let mut keys = Keys::look_up(&new.needed(), &self.store)?;
                new.accept(keys.lend(), &mut world.random).map_err(|refused| refused.error)?
            }
        };
        store_and_take(staged, from, &self.store, world)
    }
}

/// Stores a stage, then takes the plaintext out of it.
fn store_and_take(
    staged: Staged<'_, Session, Plaintext>,
    from: &Address,
    store: &Store,
    world: &mut World,
) -> Result<Received, ReceiveError> {
    let mut saved = Saved::default();
    let plaintext = staged.commit_with(|record, effects| {
        saved = store.save_session(from, record, effects, &mut world.random)?;
        Ok::<_, StoreError>(())
    })?;
    Ok(Received { plaintext, saved })
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

    fn lend(&mut self) -> ResponderKeys<'_> {
        let last_resort = self.last_resort.as_ref();
        ResponderKeys {
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
        DecryptError::Undecryptable(reason) => format!("{error}: {reason}"),
        _ => error.to_string(),
    }
}
