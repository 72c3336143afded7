// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is uploaded to the service.

use alloc::vec::Vec;

use super::Account;
use super::backup::StoreToken;
use super::shelf::Stage;
use crate::identity::IdentityKey;
use crate::prekey::{KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// What is to be uploaded: the public halves of all keys that the service has not confirmed yet.
///
/// An upload may be made again, if its confirmation was lost. Ids only grow, so the service takes one-time
/// prekeys with ids above those that it has seen and passes over the others; it would else give out a key
/// twice that it gave out already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreKeyUpload {
    /// The account's identity key.
    pub identity_key: IdentityKey,
    /// The device's registration id.
    pub registration_id: u32,
    /// A new signed prekey, to take the place of the one before.
    pub signed_pre_key: Option<SignedPreKeyPublic>,
    /// A new last-resort KEM prekey, to take the place of the one before.
    pub last_resort_kem_pre_key: Option<KemPreKeyPublic>,
    /// One-time prekeys.
    pub one_time_pre_keys: Vec<OneTimePreKeyPublic>,
    /// One-time KEM prekeys.
    pub one_time_kem_pre_keys: Vec<KemPreKeyPublic>,
    /// Whether the service is to drop all one-time prekeys of both kinds that it has, and give out these alone.
    pub replace_one_time: bool,
    /// To be kept by the service, or wherever [`Account::check`] gets it from, in the place of an older one.
    pub token: StoreToken,
}

impl PreKeyUpload {
    /// Whether there is no key in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.signed_pre_key.is_none()
            && self.last_resort_kem_pre_key.is_none()
            && self.one_time_pre_keys.is_empty()
            && self.one_time_kem_pre_keys.is_empty()
    }
}

impl Account {
    /// What is to be uploaded. Until it is [confirmed](Self::confirm_uploaded) the same keys are offered again,
    /// and no others generated in their place.
    #[must_use]
    pub fn upload(&self) -> PreKeyUpload {
        let (book, keys) = (&self.book, &self.keys);
        let signed = book.signed.at(Stage::Generated).filter_map(|(id, _)| keys.signed.get(&id));
        let last_resort =
            book.last_resort.at(Stage::Generated).filter_map(|(id, _)| keys.last_resort.get(&id));
        let one_time = book.one_time.at(Stage::Generated).filter_map(|(id, _)| keys.one_time.get(&id));
        let kem = book.one_time_kem.at(Stage::Generated).filter_map(|(id, _)| keys.one_time_kem.get(&id));
        PreKeyUpload {
            identity_key: *self.identity.public(),
            registration_id: book.registration_id,
            signed_pre_key: signed.last().map(|key| key.public()),
            last_resort_kem_pre_key: last_resort.last().map(|last_resort| last_resort.key.public()),
            one_time_pre_keys: one_time.map(|key| key.public()).collect(),
            one_time_kem_pre_keys: kem.map(|key| key.public()).collect(),
            replace_one_time: book.replace,
            token: self.token(),
        }
    }

    /// Notes that the service has confirmed `upload`. Keys that were replaced by it retire now. Noting it twice
    /// does nothing more.
    pub fn confirm_uploaded(&mut self, upload: &PreKeyUpload, now: Timestamp) -> Staged<'_, Self, ()> {
        let mut change = self.draft();
        let book = &mut change.book;
        if let Some(key) = &upload.signed_pre_key {
            book.signed.replace(key.id, now);
        }
        if let Some(key) = &upload.last_resort_kem_pre_key {
            book.last_resort.replace(key.id, now);
        }
        if book.replace && upload.replace_one_time && upload.token.store == book.store {
            book.replace = false;
            book.one_time.advance(Stage::Uploaded, Stage::Retired, now);
            book.one_time_kem.advance(Stage::Uploaded, Stage::Retired, now);
        }
        book.one_time.confirm(upload.one_time_pre_keys.iter().map(|key| key.id), now);
        book.one_time_kem.confirm(upload.one_time_kem_pre_keys.iter().map(|key| key.id), now);
        self.stage(change, ())
    }
}
