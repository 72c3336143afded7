// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes for a QR code.

use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use super::FingerprintVersion;
use super::error::FingerprintError;
use super::hash::FingerprintHash;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

/// A fingerprint as a QR code holds it: its version, and 32 bytes of each party's hash.
///
/// There is no `==`: the two sides' fingerprints are mirror images, and not equal.
#[derive(Clone, Debug)]
pub struct ScannableFingerprint {
    version: FingerprintVersion,
    local: Vec<u8>,
    remote: Vec<u8>,
}

impl ScannableFingerprint {
    /// Number of bytes of a hash in the scannable form.
    const CONTENT_LEN: usize = 32;

    pub(super) fn new(version: FingerprintVersion, ours: &FingerprintHash, theirs: &FingerprintHash) -> Self {
        let content = |hash: &FingerprintHash| hash.first::<{ Self::CONTENT_LEN }>().to_vec();
        Self { version, local: content(ours), remote: content(theirs) }
    }

    /// Reads one of our own that was [encoded](Self::to_bytes). Give scanned bytes to [`compare`](Self::compare) as
    /// they are.
    ///
    /// The two hashes may be of any length, as deployed; 32 bytes are usual.
    ///
    /// # Errors
    /// [`FingerprintError`], missing parts in the order of its variants.
    pub fn parse(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let Combined { version, local, remote } = Combined::from_fields(Fields::new(bytes))?;
        Ok(Self {
            version: version.ok_or(FingerprintError::MissingVersion)?,
            local: local.content.ok_or(FingerprintError::MissingLocal)?.to_vec(),
            remote: remote.content.ok_or(FingerprintError::MissingRemote)?.to_vec(),
        })
    }

    /// The bytes of the QR code: 74 for versions below 128, in byte mode.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write(&mut out);
        out
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> FingerprintVersion {
        self.version
    }

    /// Compares ours with the bytes that were scanned off their screen, in constant time. It is `Ok` only if both agree
    /// on both parties: anything but a match is an error, so that none can be mistaken for one.
    ///
    /// # Errors
    /// [`FingerprintError`]: `InvalidProtobuf` or a missing part; then `VersionMismatch`, where a version
    /// that is missing counts as 0, as deployed; then `NotAFingerprint` if a part is missing; then `Mismatch`.
    pub fn compare(&self, scanned: &[u8]) -> Result<(), FingerprintError> {
        let scanned = Combined::from_fields(Fields::new(scanned)).map_err(FingerprintError::from)?;
        let (theirs, ours) = (scanned.version.unwrap_or(FingerprintVersion(0)), self.version);
        if theirs != ours {
            return Err(FingerprintError::VersionMismatch { theirs, ours });
        }
        let local = scanned.local.content.ok_or(FingerprintError::MissingLocal)?;
        let remote = scanned.remote.content.ok_or(FingerprintError::MissingRemote)?;
        let same = local.ct_eq(&self.remote) & remote.ct_eq(&self.local);
        if same.into() { Ok(()) } else { Err(FingerprintError::Mismatch) }
    }
}

const VERSION: u32 = 1;
const LOCAL_FINGERPRINT: u32 = 2;
const REMOTE_FINGERPRINT: u32 = 3;
const CONTENT: u32 = 1;

/// `CombinedFingerprints` as it stands.
#[derive(Default)]
struct Combined<'a> {
    version: Option<FingerprintVersion>,
    local: Logical<'a>,
    remote: Logical<'a>,
}

impl<'a> Merge<'a> for Combined<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                VERSION => self.version = Some(FingerprintVersion(field.uint32()?)),
                LOCAL_FINGERPRINT => self.local.merge(field.message()?)?,
                REMOTE_FINGERPRINT => self.remote.merge(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// `LogicalFingerprint` as it stands; whether it is there does not matter.
#[derive(Default)]
struct Logical<'a> {
    content: Option<&'a [u8]>,
}

impl<'a> Merge<'a> for Logical<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            if field.number == CONTENT {
                self.content = Some(field.bytes()?);
            }
        }
        Ok(())
    }
}

impl Encode for ScannableFingerprint {
    fn write(&self, out: &mut impl Sink) {
        out.varint(VERSION, self.version.0);
        out.message(LOCAL_FINGERPRINT, &Content(&self.local));
        out.message(REMOTE_FINGERPRINT, &Content(&self.remote));
    }
}

/// `LogicalFingerprint`.
struct Content<'a>(&'a [u8]);

impl Encode for Content<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes(CONTENT, self.0);
    }
}
