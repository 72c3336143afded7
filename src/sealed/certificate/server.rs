// SPDX-License-Identifier: MIT OR Apache-2.0

//! Server certificates.

use core::fmt;

use rand_core::CryptoRng;

use super::{CertificateError, Signed, TrustStore};
use crate::crypto::curve::{PrivateKey, PublicKey};
use crate::wire::protobuf::{Encode, Fields, Sink};

const ID: u32 = 1;
const KEY: u32 = 2;

/// A trust root's word for a server's key.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    id: u32,
    key: PublicKey,
    pub(super) signed: Signed,
}

impl ServerCertificate {
    /// Issues a certificate. Draws 64 bytes.
    pub fn issue(id: u32, key: &PublicKey, trust_root: &PrivateKey, rng: &mut impl CryptoRng) -> Self {
        Self { id, key: *key, signed: Signed::sign(&Content { id, key }, trust_root, rng) }
    }

    /// Reads a certificate. Neither the signature nor its length is checked.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let signed = Signed::parse(bytes)?;
        let (mut id, mut key) = (None, None);
        for field in Fields::new(&signed.inner) {
            let field = field?;
            match field.number {
                ID => id = Some(field.uint32()?),
                KEY => key = Some(field.bytes()?),
                _ => {}
            }
        }
        let key = PublicKey::decode(key.ok_or(CertificateError::Malformed)?)?;
        Ok(Self { id: id.ok_or(CertificateError::Malformed)?, key, signed })
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The server's key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The signed part.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.signed.inner
    }

    /// The trust root's signature; 64 bytes if it is one.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signed.signature
    }

    /// The whole certificate, as received.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.signed.bytes
    }

    /// Checks that the certificate was not revoked, and that a trust root signed it.
    ///
    /// # Errors
    /// [`CertificateError`]: `Revoked`, `Untrusted`, in this order.
    pub fn verify(&self, trust: &TrustStore<'_>) -> Result<(), CertificateError> {
        self.not_revoked(trust)?;
        let signed = trust.trust_roots.iter().any(|root| self.signed.verify(root));
        if signed { Ok(()) } else { Err(CertificateError::Untrusted) }
    }

    pub(super) fn not_revoked(&self, trust: &TrustStore<'_>) -> Result<(), CertificateError> {
        if trust.revoked.contains(&self.id) { Err(CertificateError::Revoked(self.id)) } else { Ok(()) }
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, key: _, signed: _ } = self;
        write!(f, "ServerCertificate({id})")
    }
}

struct Content<'a> {
    id: u32,
    key: &'a PublicKey,
}

impl Encode for Content<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint(ID, self.id);
        out.bytes(KEY, &self.key.encode());
    }
}
