// SPDX-License-Identifier: MIT OR Apache-2.0

//! The scannable fingerprint.

use prost::Message;
use subrosa::fingerprint::{FingerprintError, FingerprintVersion, ScannableFingerprint};

#[derive(Clone, PartialEq, Message)]
pub struct Combined {
    #[prost(uint32, optional, tag = "1")]
    pub version: Option<u32>,
    #[prost(message, optional, tag = "2")]
    pub local: Option<Logical>,
    #[prost(message, optional, tag = "3")]
    pub remote: Option<Logical>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Logical {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub content: Option<Vec<u8>>,
}

fn by_prost(bytes: &[u8]) -> Result<(u32, Vec<u8>, Vec<u8>), FingerprintError> {
    let message = Combined::decode(bytes).map_err(|_| FingerprintError::InvalidProtobuf)?;
    let version = message.version.ok_or(FingerprintError::MissingVersion)?;
    let local = message.local.and_then(|side| side.content);
    let remote = message.remote.and_then(|side| side.content);
    let local = local.ok_or(FingerprintError::MissingLocal)?;
    Ok((version, local, remote.ok_or(FingerprintError::MissingRemote)?))
}

/// The two hashes are not given out: they show in what is written, and in what matches.
pub fn scannable(bytes: &[u8]) {
    let ours = ScannableFingerprint::parse(bytes);
    let theirs = by_prost(bytes);
    assert_eq!(ours.as_ref().err(), theirs.as_ref().err());
    let (Ok(ours), Ok((version, local, remote))) = (ours, theirs) else { return };
    assert_eq!(ours.version(), FingerprintVersion(version));
    let side = |content: &Vec<u8>| Some(Logical { content: Some(content.clone()) });
    let message = Combined { version: Some(version), local: side(&local), remote: side(&remote) };
    assert_eq!(ours.to_bytes(), message.encode_to_vec());
    let mirrored = Combined { version: Some(version), local: side(&remote), remote: side(&local) };
    assert_eq!(ours.compare(&mirrored.encode_to_vec()), Ok(()));
    let outcome = ours.compare(bytes);
    assert_eq!(outcome, if local == remote { Ok(()) } else { Err(FingerprintError::Mismatch) });
}
