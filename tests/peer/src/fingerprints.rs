// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on fingerprints.

use serde_json::json;
use subrosa::IdentityKey;
use subrosa::fingerprint::{
    Fingerprint, FingerprintError, FingerprintHash, FingerprintIterations, FingerprintVersion,
    ScannableFingerprint,
};

use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] =
    &[("fingerprint", fingerprint), ("fingerprint_compare", fingerprint_compare)];

fn fingerprint(_: &mut Peer, request: Request<'_>) -> Answer {
    let version = FingerprintVersion(request.u32("version")?);
    let iterations = match request.optional_u32("iterations")? {
        Some(count) => FingerprintIterations::new(count)?,
        None => FingerprintIterations::DEPLOYED,
    };
    let hash = |id, key| {
        let (id, key) = (request.bytes(id)?, IdentityKey::new(request.public(key)?));
        Ok::<_, Failure>(FingerprintHash::compute(iterations, &id, &key))
    };
    let (ours, theirs) = (hash("local_id", "local_key")?, hash("remote_id", "remote_key")?);
    let fingerprint = Fingerprint::new(version, ours, theirs);
    Ok(json!({
        "display": fingerprint.displayable().as_str(),
        "scannable": hex::encode(fingerprint.scannable().to_bytes()),
    }))
}

fn fingerprint_compare(_: &mut Peer, request: Request<'_>) -> Answer {
    let ours = ScannableFingerprint::parse(&request.bytes("ours")?)?;
    match ours.compare(&request.bytes("theirs")?) {
        Ok(()) => Ok(json!({ "same": true })),
        Err(FingerprintError::Mismatch) => Ok(json!({ "same": false })),
        Err(error) => Err(error.into()),
    }
}
