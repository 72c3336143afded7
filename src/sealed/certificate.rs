// SPDX-License-Identifier: MIT OR Apache-2.0

//! Certificates: a trust root signs a server's, and the server a sender's.
//!
//! Received bytes are kept as they are: signatures cover them, unknown fields and all.

mod cache;
mod official;
mod sender;
mod server;

use alloc::vec::Vec;

use crate::crypto::curve::{PrivateKey, PublicKey};
use crate::crypto::key_error::KeyError;
use crate::crypto::xeddsa;
use crate::ids::DeviceId;
use crate::wire::protobuf::{Encode, Fields, Malformed, Sink};

pub use cache::CertificateCache;
pub use official::{OFFICIAL_REVOKED, official};
pub use sender::{SenderCertificate, SenderDetails, Signer, VerifiedSender};
pub use server::ServerCertificate;

/// The reason that bytes are not a certificate, or that a certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A field is missing, malformed, or out of its range.
    #[error("damaged certificate: a field is missing or malformed")]
    Malformed,
    /// The key inside does not decode.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The device id is not 1 to 127: no certificate can be issued for it.
    #[error("device {0} is not within 1 to 127")]
    DeviceOutOfRange(DeviceId),
    /// The server certificate is named by an id that the caller's table does not have. Carries the id.
    #[error("server certificate {0} is not known")]
    UnknownServerCertificate(u32),
    /// The server certificate's id is on the revocation list. Carries the id.
    #[error("server certificate {0} is revoked")]
    Revoked(u32),
    /// No trust root signed the server certificate.
    #[error("no trust root signed the server certificate")]
    Untrusted,
    /// The server did not sign the sender certificate.
    #[error("the sender certificate is not signed by its server")]
    BadSignature,
    /// The time that was given is none in milliseconds: in seconds, say, each certificate would be good for decades. The
    /// caller's mistake.
    #[error("the time is not in milliseconds")]
    NotMilliseconds,
    /// The sender certificate expired before the service took the message.
    #[error("the sender certificate has expired")]
    Expired,
}

impl From<Malformed> for CertificateError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Trust roots, revocations and known servers, against which certificates are verified. Each messenger has its own.
#[derive(Clone, Copy, Debug)]
pub struct TrustStore<'a> {
    /// The roots, one of which must have signed the server certificate. More than one while they change.
    pub trust_roots: &'a [PublicKey],
    /// Ids of server certificates that are no longer believed.
    pub revoked: &'a [u32],
    /// Server certificates that sender certificates may name by their id alone.
    pub known: &'a [ServerCertificate],
}

/// A signed certificate: the inner bytes, and a signature over them.
#[derive(Clone, PartialEq, Eq)]
struct Signed {
    inner: Vec<u8>,
    signature: Vec<u8>,
    /// Both, as received.
    bytes: Vec<u8>,
}

impl Signed {
    const CERTIFICATE: u32 = 1;
    const SIGNATURE: u32 = 2;

    fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let (mut inner, mut signature) = (None, None);
        for field in Fields::new(bytes) {
            let field = field?;
            match field.number {
                Self::CERTIFICATE => inner = Some(field.bytes()?),
                Self::SIGNATURE => signature = Some(field.bytes()?),
                _ => {}
            }
        }
        let (inner, signature) = inner.zip(signature).ok_or(CertificateError::Malformed)?;
        Ok(Self { inner: inner.to_vec(), signature: signature.to_vec(), bytes: bytes.to_vec() })
    }

    fn sign(content: &impl Encode, key: &PrivateKey, rng: &mut impl rand_core::CryptoRng) -> Self {
        let inner = encode(content);
        let signature = xeddsa::sign(key, &[&inner], rng).to_vec();
        let bytes = encode(&Parts { inner: &inner, signature: &signature });
        Self { inner, signature, bytes }
    }

    fn verify(&self, key: &PublicKey) -> bool {
        xeddsa::verify(key, &[&self.inner], &self.signature)
    }
}

/// The two fields of a signed certificate.
struct Parts<'a> {
    inner: &'a [u8],
    signature: &'a [u8],
}

impl Encode for Parts<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes(Signed::CERTIFICATE, self.inner);
        out.bytes(Signed::SIGNATURE, self.signature);
    }
}

fn encode(message: &impl Encode) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.encoded_len());
    message.write(&mut out);
    out
}
