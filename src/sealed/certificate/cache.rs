// SPDX-License-Identifier: MIT OR Apache-2.0

//! Certificates that were verified before.

use alloc::collections::{BTreeMap, VecDeque};
use core::fmt;

use sha2::{Digest, Sha256};

use super::{CertificateError, SenderCertificate, ServerCertificate, TrustStore};
use crate::crypto::curve::PublicKey;

/// Hash of both certificates.
type CertificateDigest = [u8; 32];

/// A cache of sender certificates with good signatures, by their hashes, so that a frequent sender is verified once and
/// not with each message.
///
/// Only the good signatures are remembered. Each time it is checked that their trust root is still one, that the server
/// certificate was not revoked since, and that the sender certificate has not expired. Takes 64 bytes and some for each
/// certificate; the oldest goes first. In memory alone.
pub struct CertificateCache {
    /// The trust roots by the hashes of the certificates under them.
    roots: BTreeMap<CertificateDigest, PublicKey>,
    /// Oldest first.
    order: VecDeque<CertificateDigest>,
    capacity: usize,
}

impl CertificateCache {
    /// A cache of up to `capacity` certificates. With 0 it remembers nothing.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { roots: BTreeMap::new(), order: VecDeque::new(), capacity }
    }

    /// Number of remembered certificates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Returns whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// What is signed of both certificates, and the signatures, each with its length. Nothing else, so that a sender
    /// cannot fill the cache with forms of its one certificate.
    pub(super) fn digest(sender: &SenderCertificate, server: &ServerCertificate) -> CertificateDigest {
        let parts = [server.certificate(), server.signature(), sender.certificate(), sender.signature()];
        let digest = parts.into_iter().fold(Sha256::new(), |digest, part| {
            let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
            digest.chain_update(len.to_be_bytes()).chain_update(part)
        });
        digest.finalize().into()
    }

    /// Returns whether the certificates were verified, by a root that still is one.
    ///
    /// # Errors
    /// [`CertificateError::Revoked`].
    pub(super) fn remembers(
        &self,
        digest: &CertificateDigest,
        server: &ServerCertificate,
        trust: &TrustStore<'_>,
    ) -> Result<bool, CertificateError> {
        server.not_revoked(trust)?;
        Ok(self.roots.get(digest).is_some_and(|root| trust.trust_roots.contains(root)))
    }

    pub(super) fn remember(&mut self, digest: CertificateDigest, root: PublicKey) {
        if self.capacity == 0 {
            return;
        }
        if self.roots.insert(digest, root).is_some() {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > self.capacity {
            let oldest = self.order.pop_front();
            oldest.and_then(|oldest| self.roots.remove(&oldest));
        }
    }
}

impl fmt::Debug for CertificateCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { roots: _, order, capacity } = self;
        write!(f, "CertificateCache({} of {capacity})", order.len())
    }
}
