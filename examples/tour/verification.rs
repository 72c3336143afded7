// SPDX-License-Identifier: MIT OR Apache-2.0

//! Verification: two people compare digits, or scan each other's code.

use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};
use subrosa::{IdentityKey, ServiceId};

use super::device::{Device, Error};

/// The fingerprint of two accounts. Each hash costs a millisecond or so: keep those of one's own and of contacts.
pub fn fingerprint(me: &Device, them: &ServiceId, theirs: &IdentityKey) -> Result<Fingerprint, Error> {
    let iterations = FingerprintIterations::DEPLOYED;
    let us = me.address.service_id().ok_or("an account has a service id")?;
    let ours = FingerprintHash::compute(iterations, us.uuid(), me.account.identity_key());
    let theirs = FingerprintHash::compute(iterations, them.uuid(), theirs);
    Ok(Fingerprint::new(FingerprintVersion::ACCOUNT, ours, theirs))
}

/// Compares what was scanned from the other's screen.
pub fn scan(ours: &Fingerprint, scanned: &[u8]) -> Result<(), Error> {
    // Not alike, of another version, or no code at all: each is an error of its own, and none is success.
    Ok(ours.scannable().compare(scanned)?)
}
