// SPDX-License-Identifier: MIT OR Apache-2.0

//! Signatures of certificates that were verified before.

use alloc::collections::{BTreeSet, VecDeque};
use core::fmt;

use sha2::{Digest, Sha256};

use super::Signed;
use crate::crypto::curve::PublicKey;

/// Hash of a signature, of what is signed, and of the signer's key.
type SignatureDigest = [u8; 32];

/// A cache of good signatures of certificates, by their hashes, so that a frequent sender is verified once and not with
/// each message, and a server once for all its senders.
///
/// Only the good signatures are remembered. Each time it is checked that the trust root is still one, that the server
/// certificate was not revoked since, and that the sender certificate has not expired. Takes some 100 bytes for each
/// signature. The oldest goes first, but the last message's server certificate stays, however many new senders come. In
/// memory alone.
pub struct CertificateCache {
    good: BTreeSet<SignatureDigest>,
    /// Oldest first.
    order: VecDeque<SignatureDigest>,
    capacity: usize,
}

impl CertificateCache {
    /// A cache of up to `capacity` signatures: one for each sender certificate, and one for each server certificate.
    /// With 0 it remembers nothing.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { good: BTreeSet::new(), order: VecDeque::new(), capacity }
    }

    /// Number of remembered signatures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.good.len()
    }

    /// Returns whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.good.is_empty()
    }

    /// The digest of a signature that is remembered as one by a key of `signers`, or else is verified as one.
    pub(super) fn verify(&self, signed: &Signed, signers: &[PublicKey]) -> Option<SignatureDigest> {
        let remembered =
            signers.iter().map(|key| digest(signed, key)).find(|digest| self.good.contains(digest));
        remembered.or_else(|| signers.iter().find(|key| signed.verify(key)).map(|key| digest(signed, key)))
    }

    pub(super) fn remember(&mut self, digest: SignatureDigest) {
        if !self.good.insert(digest) {
            return;
        }
        self.order.push_back(digest);
        if self.order.len() > self.capacity {
            let oldest = self.order.pop_front();
            oldest.map(|oldest| self.good.remove(&oldest));
        }
    }
}

/// Hash of the key, of what is signed, and of the signature, these two with their lengths. Of nothing else, so that a
/// sender cannot fill the cache with forms of its one certificate.
fn digest(signed: &Signed, key: &PublicKey) -> SignatureDigest {
    let digest = Sha256::new().chain_update(key.as_bytes());
    let digest = [&signed.inner, &signed.signature].into_iter().fold(digest, |digest, part| {
        let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
        digest.chain_update(len.to_be_bytes()).chain_update(part)
    });
    digest.finalize().into()
}

impl fmt::Debug for CertificateCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { good: _, order, capacity } = self;
        write!(f, "CertificateCache({} of {capacity})", order.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::crypto::curve::PrivateKey;
    use crate::identity::IdentityKey;
    use crate::ids::DeviceId;
    use crate::sealed::certificate::{SenderDetails, ServerCertificate, TrustStore};
    use crate::timestamp::Timestamp;
    use alloc::vec;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// What is remembered is no signature, so that only memory can take it for one.
    #[test]
    fn remembered_signature_is_not_verified_but_each_other_one_is() {
        let signed = |inner: &[u8], signature: &[u8]| Signed {
            inner: inner.to_vec(),
            signature: signature.to_vec(),
            bytes: vec![],
        };
        let [key, other] = [[9; 32], [10; 32]].map(PublicKey::from_bytes);
        let mut cache = CertificateCache::new(1);
        let remembered = signed(b"ab", b"cd");
        assert_eq!(cache.verify(&remembered, &[key]), None);
        cache.remember(digest(&remembered, &key));
        assert!(cache.verify(&remembered, &[other, key]).is_some());
        assert_eq!(cache.verify(&remembered, &[other]), None);
        for (inner, signature) in [("abc", "d"), ("a", "bcd"), ("ab", "ce"), ("bb", "cd")] {
            assert_eq!(cache.verify(&signed(inner.as_bytes(), signature.as_bytes()), &[key]), None);
        }
    }

    #[test]
    fn new_senders_do_not_push_their_server_out() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let [root, server_key] = [(); 2].map(|()| PrivateKey::generate(&mut rng));
        let server = ServerCertificate::issue(7, &server_key.public_key(), &root, &mut rng);
        let trust = TrustStore { trust_roots: &[root.public_key()], revoked: &[], known: &[] };
        let sender = SenderDetails {
            address: Address::new("alice", DeviceId::PRIMARY),
            e164: None,
            identity_key: IdentityKey::new(root.public_key()),
            expires: Timestamp::from_millis(0),
        };
        let mut cache = CertificateCache::new(2);
        for _ in 0..5 {
            let certificate = sender.clone().issue(&server, &server_key, &mut rng).unwrap();
            certificate.verify_cached(&mut cache, &trust, Timestamp::from_millis(0)).unwrap();
            assert!(cache.good.contains(&digest(&server.signed, &root.public_key())));
        }
    }
}
