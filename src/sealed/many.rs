// SPDX-License-Identifier: MIT OR Apache-2.0

//! Many recipients: the message that is sent, which the service splits.
//!
//! ```text
//! 23 || number of entries || entry … || E, without its type byte || ciphertext
//!
//! entry of a recipient = service id (17) || device … || C || AT
//! entry of an excluded = service id (17) || 00
//! device = device id (1) || registration id, 14 bits, and 80 00 if another device follows (2)
//! ```

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::error::SealError;
use super::v2::{KEY_MATERIAL_LEN, KeyMaterial, Shared};
use crate::address::{AccountName, ServiceId};
use crate::crypto::curve::NonContributory;
use crate::crypto::secret::Secret;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair};
use crate::ids::DeviceId;
use crate::session::Session;
use crate::wire::protobuf::Sink;

/// The first byte of a message that is sent to many.
const FIRST_BYTE: u8 = 0x23;
/// Set in a registration id if another device follows.
pub(super) const MORE_DEVICES: u16 = 0x8000;
/// The largest registration id that fits an entry: 14 bits.
pub const MAX_REGISTRATION_ID: u16 = 0x3FFF;

/// An account that receives a message, on some or all of its devices.
///
/// One of whose devices an entry has no room for, since its id or its registration id is too large, is left out when
/// the message is sealed: a single member must not keep a group from writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    pub(super) entry: Entry<'a>,
    /// The reason that it is left out.
    pub(super) unfit: Option<SealError>,
}

/// The parts of a recipient's entry. Not checked: a device may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The account.
    pub service_id: ServiceId,
    /// Its identity key.
    pub identity: &'a IdentityKey,
    /// Its devices, 1 to 127, each with 14 bits of registration id.
    pub devices: Vec<(u8, u16)>,
    /// The contact secret with it, if that is kept. Another one is not used.
    pub agreement: Option<&'a ContactSecret>,
}

impl Entry<'_> {
    /// The contact secret with it, if that is kept.
    fn kept(&self, ours: &IdentityKeyPair) -> Option<&ContactSecret> {
        self.agreement.filter(|kept| kept.is_between(ours.public(), self.identity))
    }
}

impl<'a> Recipient<'a> {
    /// A recipient by its parts; each device with its registration id.
    ///
    /// # Errors
    /// [`SealError`]: `NoDevices`, `RepeatedDevice`.
    pub fn new(
        service_id: ServiceId,
        identity: &'a IdentityKey,
        devices: impl IntoIterator<Item = (DeviceId, u32)>,
    ) -> Result<Self, SealError> {
        let (mut seen, mut fitting, mut unfit) = (BTreeSet::new(), Vec::new(), None);
        for (device, id) in devices {
            if !seen.insert(device) {
                return Err(SealError::RepeatedDevice(device));
            }
            match entry_of(device, id) {
                Ok(device) => fitting.push(device),
                Err(error) => unfit = unfit.or(Some(error)),
            }
        }
        if seen.is_empty() {
            return Err(SealError::NoDevices);
        }
        Ok(Self { entry: Entry { service_id, identity, devices: fitting, agreement: None }, unfit })
    }

    /// The same recipient with its contact secret, for which sealing takes half the time. A secret that is not between
    /// the sender and this recipient is not used.
    #[must_use]
    pub fn with_contact_secret(mut self, agreement: &'a ContactSecret) -> Self {
        self.entry.agreement = Some(agreement);
        self
    }

    /// The account that all these sessions are with. The sessions are not changed.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn of_sessions(sessions: impl IntoIterator<Item = &'a Session>) -> Result<Self, SealError> {
        let mut account: Option<(&AccountName, &IdentityKey)> = None;
        let (mut devices, mut agreement) = (Vec::new(), None);
        for session in sessions {
            let (name, device) = (session.remote().name(), session.remote().device());
            let found = session.remote_identity().zip(session.remote_registration_id());
            let (identity, registration_id) = found.ok_or(SealError::NoSession(device))?;
            if *account.get_or_insert((name, identity)) != (name, identity) {
                return Err(SealError::SeveralAccounts);
            }
            devices.push((device, registration_id));
            agreement = agreement.or(session.contact_secret());
        }
        let (name, identity) = account.ok_or(SealError::NoDevices)?;
        let mut recipient = Self::new(name.service_id().ok_or(SealError::NotAServiceId)?, identity, devices)?;
        recipient.entry.agreement = agreement;
        Ok(recipient)
    }

    /// The reason that it will be left out, if it will be.
    #[must_use]
    pub const fn unfit(&self) -> Option<SealError> {
        self.unfit
    }

    /// The account.
    #[must_use]
    pub const fn service_id(&self) -> &ServiceId {
        &self.entry.service_id
    }
}

/// A message for many recipients, to be uploaded once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MultiRecipientMessage {
    /// The message, as the service takes it.
    pub bytes: Vec<u8>,
    /// Recipients that were left out, each with the reason: the identity key has low order, or a device's ids are too
    /// large for an entry.
    pub failed: Vec<(ServiceId, SealError)>,
}

/// Seals for the recipients, without a check that an account is named twice. The seed is m.
///
/// # Errors
/// [`SealError`]: `TooLong`, `TooManyRecipients`.
pub fn seal_for_many(
    content: &[u8],
    ours: &IdentityKeyPair,
    recipients: &[&Entry<'_>],
    excluded: &[ServiceId],
    seed: Secret<32>,
) -> Result<MultiRecipientMessage, SealError> {
    let shared = Shared::derive(seed);
    let ciphertext = shared.seal(content)?;
    let materials = key_materials(&shared, ours, recipients);
    let failed = materials.iter().filter(|material| material.is_err()).count();
    let entries = recipients.len() - failed + excluded.len();
    let count = u32::try_from(entries).map_err(|_| SealError::TooManyRecipients)?;
    let devices: usize = recipients.iter().map(|recipient| recipient.devices.len()).sum();
    let entries_len = entries * (ServiceId::FIXED_LEN + 1 + KEY_MATERIAL_LEN) + devices * 3;
    let mut out = Sent {
        bytes: Vec::with_capacity(16 + entries_len + 32 + ciphertext.len()),
        failed: Vec::with_capacity(failed),
    };
    out.bytes.push(FIRST_BYTE);
    out.bytes.raw_varint(count.into());
    for (recipient, material) in recipients.iter().zip(&materials) {
        out.put(recipient, material);
    }
    for id in excluded {
        out.bytes.extend_from_slice(&id.to_bytes());
        out.bytes.push(0);
    }
    out.bytes.extend_from_slice(shared.ephemeral().as_bytes());
    out.bytes.extend_from_slice(&ciphertext);
    Ok(MultiRecipientMessage { bytes: out.bytes, failed: out.failed })
}

/// A message in the making.
struct Sent {
    bytes: Vec<u8>,
    failed: Vec<(ServiceId, SealError)>,
}

impl Sent {
    /// Appends the entry of a recipient, or notes that there is none.
    fn put(&mut self, recipient: &Entry<'_>, material: &Result<KeyMaterial, NonContributory>) {
        let Ok(material) = material else {
            return self.failed.push((recipient.service_id, SealError::NonContributory));
        };
        self.bytes.extend_from_slice(&recipient.service_id.to_bytes());
        let last = recipient.devices.len().saturating_sub(1);
        for (at, (device, registration_id)) in recipient.devices.iter().enumerate() {
            let more = if at == last { 0 } else { MORE_DEVICES };
            self.bytes.push(*device);
            let id = registration_id & MAX_REGISTRATION_ID;
            self.bytes.extend_from_slice(&(id | more).to_be_bytes());
        }
        self.bytes.extend_from_slice(&material.to_bytes());
    }
}

/// A device as an entry has it.
fn entry_of(device: DeviceId, id: u32) -> Result<(u8, u16), SealError> {
    let short = device.to_signal().ok_or(SealError::DeviceOutOfRange(device))?;
    match u16::try_from(id) {
        Ok(id) if id <= MAX_REGISTRATION_ID => Ok((short, id)),
        _ => Err(SealError::RegistrationIdOutOfRange { device, id }),
    }
}

/// The number of recipients whose agreements are computed at once: enough to fill all lanes.
const AT_ONCE: usize = 64;

/// C and AT of each recipient.
#[cfg(not(feature = "parallel"))]
fn key_materials(
    shared: &Shared,
    ours: &IdentityKeyPair,
    recipients: &[&Entry<'_>],
) -> Vec<Result<KeyMaterial, NonContributory>> {
    recipients.chunks(AT_ONCE).flat_map(|some| key_materials_of(shared, ours, some)).collect()
}

/// C and AT of each recipient, on all cores.
#[cfg(feature = "parallel")]
fn key_materials(
    shared: &Shared,
    ours: &IdentityKeyPair,
    recipients: &[&Entry<'_>],
) -> Vec<Result<KeyMaterial, NonContributory>> {
    use rayon::prelude::*;
    recipients.par_chunks(AT_ONCE).flat_map_iter(|some| key_materials_of(shared, ours, some)).collect()
}

/// C and AT of some recipients. First the contact secrets that are not kept.
fn key_materials_of(
    shared: &Shared,
    ours: &IdentityKeyPair,
    recipients: &[&Entry<'_>],
) -> Vec<Result<KeyMaterial, NonContributory>> {
    let kept: Vec<_> = recipients.iter().map(|recipient| recipient.kept(ours)).collect();
    let unknown = recipients.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
    let agreed = ContactSecret::each(ours, &unknown.map(|(one, _)| one.identity).collect::<Vec<_>>());
    let mut agreed = agreed.iter().map(|one| one.as_ref().map_err(|error| *error));
    let contacts: Vec<_> = kept
        .into_iter()
        .map(|kept| kept.map_or_else(|| agreed.next().unwrap_or(Err(NonContributory)), Ok))
        .collect();
    let good: Vec<_> = contacts.iter().filter_map(|contact| contact.ok()).collect();
    let mut materials = shared.key_materials(&good).into_iter();
    let mut next = || materials.next().unwrap_or(Err(NonContributory));
    contacts.into_iter().map(|contact| contact.and_then(|_| next())).collect()
}

/// Refuses accounts that are named twice, among recipients and excluded alike: the service would.
pub(super) fn refuse_repeated(recipients: &[Recipient<'_>], excluded: &[ServiceId]) -> Result<(), SealError> {
    let named = recipients.iter().map(Recipient::service_id);
    let mut all: Vec<&ServiceId> = named.chain(excluded).collect();
    all.sort_unstable();
    let repeated = all.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(**a),
        _ => None,
    });
    repeated.map_or(Ok(()), |id| Err(SealError::RepeatedAccount(id)))
}
