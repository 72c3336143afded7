// SPDX-License-Identifier: MIT OR Apache-2.0

//! Certificates: a trust root vouches for a server, and the server for who a sender is.
//!
//! Bytes that were received are kept as they are: signatures cover them, unknown fields and all.

mod deployed;
mod memory;
mod sender;
mod server;

use alloc::vec::Vec;

use crate::crypto::curve::{KeyError, PrivateKey, PublicKey};
use crate::crypto::xeddsa;
use crate::wire::protobuf::{Encode, Fields, Malformed, Sink};

pub use deployed::{DEPLOYED_REVOKED, deployed_server_certificates};
pub use memory::CertificateMemory;
pub use sender::{SenderCertificate, SenderDetails, Signer, VerifiedSenderCertificate};
pub use server::ServerCertificate;

/// Why bytes are not a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not protobuf, or a field is missing or out of its range.
    #[error("protobuf encoding was invalid")]
    InvalidProtobuf,
    /// The key inside does not decode.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<Malformed> for CertificateError {
    fn from(_: Malformed) -> Self {
        Self::InvalidProtobuf
    }
}

/// Why a certificate is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateRefused {
    /// The server certificate is named by an id that the caller's table does not have. Carries the id.
    #[error("unknown server certificate ID: {0}")]
    UnknownServerCertificate(u32),
    /// The server certificate's id is on the revocation list. Carries the id.
    #[error("server certificate <{0}> was revoked")]
    Revoked(u32),
    /// No trust root signed the server certificate.
    #[error("no trust root signed the server certificate")]
    Untrusted,
    /// The server did not sign the sender certificate.
    #[error("the server did not sign the sender certificate")]
    BadSignature,
    /// The sender certificate expired.
    #[error("the sender certificate expired")]
    Expired,
}

/// What certificates are held against. Each messenger has its own.
#[derive(Clone, Copy, Debug)]
pub struct CertificateAuthority<'a> {
    /// The roots, of which one must have signed the server certificate. More than one while they change.
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
        let (inner, signature) = inner.zip(signature).ok_or(CertificateError::InvalidProtobuf)?;
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
