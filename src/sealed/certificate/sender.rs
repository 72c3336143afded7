// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender certificates.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use rand_core::CryptoRng;

use super::{CertificateCache, CertificateError, ServerCertificate, Signed, TrustStore};
use crate::address::{Address, ServiceId};
use crate::crypto::curve::PrivateKey;
use crate::identity::IdentityKey;
use crate::ids::DeviceId;
use crate::timestamp::Timestamp;
use crate::wire::protobuf::{Encode, Fields, Sink};

const E164: u32 = 1;
const DEVICE: u32 = 2;
const EXPIRES: u32 = 3;
const IDENTITY_KEY: u32 = 4;
const SERVER_CERTIFICATE: u32 = 5;
const UUID_TEXT: u32 = 6;
const UUID_BYTES: u32 = 7;
const SERVER_ID: u32 = 8;

/// The signer of a sender certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The server whose certificate is inside.
    Embedded(Box<ServerCertificate>),
    /// A server whose certificate the caller knows by this id.
    Known(u32),
}

/// A sender, as the server describes it.
#[derive(Clone, PartialEq, Eq)]
pub struct SenderDetails {
    /// The device; its name is the text of an ACI, which is not checked. Certificates have device ids from 1 to 127.
    pub address: Address,
    /// The phone number, if the certificate names it.
    pub e164: Option<String>,
    /// The account's identity key.
    pub identity_key: IdentityKey,
    /// The last moment at which the certificate is good.
    pub expires: Timestamp,
}

impl SenderDetails {
    /// Issues a certificate for this sender, with the server's own certificate inside. Draws 64 bytes.
    ///
    /// # Errors
    /// [`CertificateError::DeviceOutOfRange`].
    pub fn issue(
        self,
        server: &ServerCertificate,
        server_key: &PrivateKey,
        rng: &mut impl CryptoRng,
    ) -> Result<SenderCertificate, CertificateError> {
        let device = self.address.device();
        let device = device.to_signal().ok_or(CertificateError::DeviceOutOfRange(device))?;
        let signed = Signed::sign(&Content { details: &self, device, server }, server_key, rng);
        Ok(SenderCertificate { details: self, signer: Signer::Embedded(Box::new(server.clone())), signed })
    }
}

impl fmt::Debug for SenderDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address: _, e164: _, identity_key: _, expires } = self;
        f.debug_struct("SenderDetails").field("expires", expires).finish_non_exhaustive()
    }
}

/// A server's statement of a sender's identity. Nothing in it is verified; [verify](SenderCertificate::verify) it.
#[derive(Clone, PartialEq, Eq)]
pub struct SenderCertificate {
    details: SenderDetails,
    signer: Signer,
    signed: Signed,
}

impl SenderCertificate {
    /// Reads a certificate. Signatures are not checked, and a known signer is not looked up.
    ///
    /// # Errors
    /// [`CertificateError`], for the fields in this order: device (1 to 127), expiry, signer, name, identity
    /// key.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        const MISSING: CertificateError = CertificateError::Malformed;
        let signed = Signed::parse(bytes)?;
        let fields = RawFields::read(&signed.inner)?;
        let device = DeviceId::new(fields.device.ok_or(MISSING)?);
        device.to_signal().ok_or(MISSING)?;
        let expires = Timestamp::from_millis(fields.expires.ok_or(MISSING)?);
        let signed_by = match fields.signer.ok_or(MISSING)? {
            RawSigner::Embedded(bytes) => Signer::Embedded(Box::new(ServerCertificate::parse(bytes)?)),
            RawSigner::Known(id) => Signer::Known(id),
        };
        let name = match fields.name.ok_or(MISSING)? {
            RawName::Text(text) => text.to_string(),
            RawName::Bytes(uuid) => {
                let uuid: [u8; 16] = uuid.try_into().map_err(|_| MISSING)?;
                ServiceId::new(crate::address::ServiceIdKind::Aci, uuid).to_string()
            }
        };
        let identity_key = IdentityKey::decode(fields.identity_key.ok_or(MISSING)?)?;
        let e164 = fields.e164.map(ToString::to_string);
        let details = SenderDetails { address: Address::new(name, device), e164, identity_key, expires };
        Ok(Self { details, signer: signed_by, signed })
    }

    /// The sender's claimed details. Believe them only after [`Self::verify`].
    #[must_use]
    pub const fn claimed(&self) -> &SenderDetails {
        &self.details
    }

    /// The claimed signer.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The signed part.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.signed.inner
    }

    /// The server's signature; 64 bytes if it is one.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signed.signature
    }

    /// The whole certificate, as received.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.signed.bytes
    }

    /// The certificate of the server that signed: the one inside, or the one that the caller knows.
    ///
    /// # Errors
    /// [`CertificateError::UnknownServerCertificate`].
    pub fn server<'a>(&'a self, trust: &TrustStore<'a>) -> Result<&'a ServerCertificate, CertificateError> {
        match &self.signer {
            Signer::Embedded(server) => Ok(server),
            Signer::Known(id) => {
                let known = trust.known.iter().find(|server| server.id() == *id);
                known.ok_or(CertificateError::UnknownServerCertificate(*id))
            }
        }
    }

    /// Checks the server certificate, the server's signature and the expiry. `taken` is when the *service took* the
    /// message, as it says: a certificate that expires while its message waits there is good.
    ///
    /// # Errors
    /// [`CertificateError`], in the order of its variants.
    pub fn verify(
        self,
        trust: &TrustStore<'_>,
        taken: Timestamp,
    ) -> Result<VerifiedSender, CertificateError> {
        let server = self.server(trust)?;
        server.verify(trust)?;
        if !self.signed.verify(server.key()) {
            return Err(CertificateError::BadSignature);
        }
        self.not_expired(taken)?;
        Ok(VerifiedSender(self))
    }

    /// [`verify`](Self::verify), but without those of the two signatures that were verified before. All else is checked
    /// each time: the revocations, whether the trust root is still one, and the expiry. Of a certificate that is refused
    /// nothing is remembered.
    ///
    /// # Errors
    /// [`CertificateError`], as for [`verify`](Self::verify).
    pub fn verify_cached(
        self,
        memory: &mut CertificateCache,
        trust: &TrustStore<'_>,
        taken: Timestamp,
    ) -> Result<VerifiedSender, CertificateError> {
        let server = self.server(trust)?;
        server.not_revoked(trust)?;
        let by_root = memory.verify(&server.signed, trust.trust_roots).ok_or(CertificateError::Untrusted)?;
        let by_server =
            memory.verify(&self.signed, &[*server.key()]).ok_or(CertificateError::BadSignature)?;
        self.not_expired(taken)?;
        // The root's last, so that it stays if the other one has just pushed it out.
        memory.remember(by_server);
        memory.remember(by_root);
        Ok(VerifiedSender(self))
    }

    fn not_expired(&self, taken: Timestamp) -> Result<(), CertificateError> {
        // 0 comes from deployed clients that know no time, and is read as they read it.
        if taken.as_millis() > 0 && !taken.is_milliseconds() {
            return Err(CertificateError::NotMilliseconds);
        }
        if taken > self.details.expires { Err(CertificateError::Expired) } else { Ok(()) }
    }
}

impl fmt::Debug for SenderCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { details, signer, signed: _ } = self;
        f.debug_struct("SenderCertificate").field("claimed", details).field("signer", signer).finish()
    }
}

/// A certificate that is signed under a trust root and has not expired.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedSender(SenderCertificate);

impl fmt::Debug for VerifiedSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifiedSender").field(self.details()).finish()
    }
}

impl VerifiedSender {
    /// The sender.
    #[must_use]
    pub const fn details(&self) -> &SenderDetails {
        &self.0.details
    }

    /// The sender's device.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.0.details.address
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &SenderCertificate {
        &self.0
    }
}

/// The fields as they stand, all optional. Of the two forms of signer and name the last one counts.
#[derive(Default)]
struct RawFields<'a> {
    e164: Option<&'a str>,
    device: Option<u32>,
    expires: Option<u64>,
    identity_key: Option<&'a [u8]>,
    signer: Option<RawSigner<'a>>,
    name: Option<RawName<'a>>,
}

enum RawSigner<'a> {
    Embedded(&'a [u8]),
    Known(u32),
}

enum RawName<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> RawFields<'a> {
    fn read(inner: &'a [u8]) -> Result<Self, CertificateError> {
        let text = |bytes| core::str::from_utf8(bytes).map_err(|_| CertificateError::Malformed);
        let mut fields = Self::default();
        for field in Fields::new(inner) {
            let field = field?;
            match field.number {
                E164 => fields.e164 = Some(text(field.bytes()?)?),
                DEVICE => fields.device = Some(field.uint32()?),
                EXPIRES => fields.expires = Some(field.fixed64()?),
                IDENTITY_KEY => fields.identity_key = Some(field.bytes()?),
                SERVER_CERTIFICATE => fields.signer = Some(RawSigner::Embedded(field.bytes()?)),
                UUID_TEXT => fields.name = Some(RawName::Text(text(field.bytes()?)?)),
                UUID_BYTES => fields.name = Some(RawName::Bytes(field.bytes()?)),
                SERVER_ID => fields.signer = Some(RawSigner::Known(field.uint32()?)),
                _ => {}
            }
        }
        Ok(fields)
    }
}

struct Content<'a> {
    details: &'a SenderDetails,
    device: u8,
    server: &'a ServerCertificate,
}

impl Encode for Content<'_> {
    fn write(&self, out: &mut impl Sink) {
        let SenderDetails { address, e164, identity_key, expires } = self.details;
        if let Some(e164) = e164 {
            out.bytes(E164, e164.as_bytes());
        }
        out.varint(DEVICE, u32::from(self.device));
        out.fixed64(EXPIRES, expires.as_millis());
        out.bytes(IDENTITY_KEY, &identity_key.encode());
        out.bytes(SERVER_CERTIFICATE, self.server.as_bytes());
        out.bytes(UUID_TEXT, address.name().as_str().as_bytes());
    }
}
