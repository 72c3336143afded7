// SPDX-License-Identifier: MIT OR Apache-2.0

//! Encrypting for several devices at once.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use crate::address::Address;
use crate::identity::{IdentityKey, Trust};
use crate::session::{EncryptError, Session};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::ciphertext::Ciphertext;

/// A message for one device.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceMessage {
    /// The device.
    pub address: Address,
    /// The registration id known to us, for the service to compare.
    pub registration_id: u32,
    /// The identity that the session is with: seal the message for it.
    pub identity: IdentityKey,
    /// The message.
    pub ciphertext: Ciphertext,
}

impl fmt::Debug for DeviceMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, registration_id: _, identity: _, ciphertext } = self;
        let (kind, len) = (ciphertext.kind(), ciphertext.as_bytes().len());
        write!(f, "DeviceMessage({kind:?} of {len} bytes for {address})")
    }
}

/// The failure to encrypt for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceFailure {
    /// The device.
    pub address: Address,
    /// The error.
    pub error: EncryptError,
}

/// Encrypts for several devices. Each session comes with the caller's trust in its identity, and with the
/// plaintext: one's own other devices are told more than the recipients.
///
/// The stage is of all sessions that could be encrypted on, to be stored *in one transaction*. Failures are known
/// before: the caller may drop the stage, which uses up nothing, and repair those sessions first. A service refuses a
/// message that is not for all devices of an account.
///
/// Draws as [`Session::encrypt`] does, for one session after the other.
pub fn encrypt_each<'s, 'p>(
    sessions: impl IntoIterator<Item = (&'s mut Session, Trust<'p>, &'p [u8])>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> (Staged<'s, Vec<DeviceMessage>>, Vec<DeviceFailure>) {
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for (session, trust, plaintext) in sessions {
        match encrypt(session, trust, plaintext, now, rng) {
            Ok(staged) => all.push(staged),
            Err(failure) => failures.push(failure),
        }
    }
    (Staged::all(all), failures)
}

fn encrypt<'s>(
    session: &'s mut Session,
    trust: Trust<'_>,
    plaintext: &[u8],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Staged<'s, DeviceMessage>, DeviceFailure> {
    let address = session.remote().clone();
    let known = session.remote_identity().copied().zip(session.remote_registration_id());
    let Some((identity, registration_id)) = known else {
        return Err(DeviceFailure { address, error: EncryptError::NoSession });
    };
    match session.encrypt(plaintext, trust, now, rng) {
        Ok(staged) => {
            Ok(staged.map(|ciphertext| DeviceMessage { address, registration_id, identity, ciphertext }))
        }
        Err(error) => Err(DeviceFailure { address, error }),
    }
}
