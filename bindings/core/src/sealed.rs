// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use subrosa::keys::{PrivateKey, PublicKey, Secret};
use subrosa::repair::Advice as CoreAdvice;
use subrosa::sealed::certificate::{
    CertificateCache, OFFICIAL_REVOKED, SenderCertificate, SenderDetails, ServerCertificate, TrustStore,
    official,
};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{self, Body, Content, ContentHint, Recipient, SealError, Sender};
use subrosa::{ServiceId, Timestamp, os_rng};
use zeroize::Zeroizing;

use crate::account::Account;
use crate::error::Error;
use crate::plain::{Address, Failure, Outgoing, Pinned, array, exact, identity};
use crate::repair::Advice;
use crate::session::Session;
use crate::stage::Stage;

/// Number of signatures that are remembered as verified: one for each sender, and one for each server.
const CACHED: usize = 1_000;

/// Whose certificates are believed.
pub struct CertificateTrust {
    roots: Vec<PublicKey>,
    known: Vec<ServerCertificate>,
    cache: Mutex<CertificateCache>,
}

impl CertificateTrust {
    /// Certificates under these trust roots, 33 bytes each. `official` adds the server certificates of the deployed
    /// service, which are known by number.
    pub fn new(roots: &[Vec<u8>], with_official: bool) -> Result<Self, Error> {
        let roots = roots.iter().map(|root| public(root)).collect::<Result<_, _>>()?;
        let known = if with_official { official() } else { Vec::new() };
        Ok(Self { roots, known, cache: Mutex::new(CertificateCache::new(CACHED)) })
    }

    fn store(&self) -> TrustStore<'_> {
        TrustStore { trust_roots: &self.roots, revoked: &OFFICIAL_REVOKED, known: &self.known }
    }
}

impl fmt::Debug for CertificateTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateTrust({} roots)", self.roots.len())
    }
}

/// This device as a sealed sender.
pub struct SealedSender {
    account: Account,
    certificate: SenderCertificate,
    hint: ContentHint,
    group_id: Option<Vec<u8>>,
}

impl SealedSender {
    /// A sender with the service's certificate for this device.
    pub fn new(account: &Account, certificate: &[u8]) -> Result<Self, Error> {
        let certificate = SenderCertificate::parse(certificate)?;
        Sender::new(account.0.lock().identity(), &certificate)?;
        Ok(Self { account: account.clone(), certificate, hint: ContentHint::Default, group_id: None })
    }

    /// The same sender with a hint (0 default, 1 resendable, 2 implicit) and a group id for its messages.
    #[must_use]
    pub fn with(self, hint: u32, group_id: Option<Vec<u8>>) -> Self {
        Self { hint: hint.into(), group_id, ..self }
    }

    fn with_sender<R>(&self, then: impl FnOnce(Sender<'_>) -> Result<R, Error>) -> Result<R, Error> {
        let account = self.account.0.lock();
        let sender = Sender::new(account.identity(), &self.certificate)?.with_hint(self.hint);
        then(match &self.group_id {
            Some(group_id) => sender.with_group_id(group_id),
            None => sender,
        })
    }

    /// Encrypts a text on a session and seals it for the session's peer.
    pub fn encrypt(
        &self,
        session: &Session,
        text: &[u8],
        pinned: Option<&[u8]>,
        now_ms: u64,
    ) -> Result<Stage<Vec<u8>>, Error> {
        let (pinned, now) = (Pinned::new(pinned)?, Timestamp::from_millis(now_ms));
        self.with_sender(|sender| {
            let mut locked = session.0.lock();
            let staged = sender.encrypt(&mut locked, text, pinned.trust(), now, &mut os_rng())?;
            Ok(Stage::of(staged, &session.0, Vec::clone))
        })
    }

    /// Seals a message - of a session, a group, or a request to send again - for the holder of an identity key.
    pub fn seal(&self, message: &Outgoing, recipient: &[u8]) -> Result<Vec<u8>, Error> {
        let recipient = identity(recipient)?;
        self.with_sender(|sender| Ok(sender.seal(&message.0, &recipient, &mut os_rng())?))
    }

    /// Seals a message of a group for the devices of all these sessions: one upload, which the service splits.
    /// `excluded` are the service ids of members that do not get it.
    pub fn seal_for_many(
        &self,
        message: &Outgoing,
        sessions: &[Session],
        excluded: &[String],
    ) -> Result<ManySealed, Error> {
        let excluded = excluded.iter().map(|id| id.parse()).collect::<Result<Vec<ServiceId>, _>>()?;
        let mut unique: BTreeMap<usize, &Session> = BTreeMap::new();
        for session in sessions {
            unique.insert(session.0.place(), session);
        }
        // The account is locked before the sessions, as everywhere.
        self.with_sender(|sender| {
            let locked: Vec<_> = unique.values().map(|session| session.0.lock()).collect();
            let mut accounts: BTreeMap<String, Vec<&subrosa::Session>> = BTreeMap::new();
            for session in &locked {
                accounts.entry(session.remote().name().as_str().to_owned()).or_default().push(session);
            }
            let recipients =
                accounts.into_values().map(Recipient::of_sessions).collect::<Result<Vec<_>, _>>()?;
            let sealed = sender.seal_for_many(&message.0, &recipients, &excluded, &mut os_rng())?;
            let left_out = |(id, error): (ServiceId, SealError)| LeftOut {
                service_id: id.to_string(),
                error: error.into(),
            };
            Ok(ManySealed {
                upload: sealed.bytes,
                left_out: sealed.failed.into_iter().map(left_out).collect(),
            })
        })
    }
}

impl fmt::Debug for SealedSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSender({:?})", self.account)
    }
}

/// One upload for many recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManySealed {
    /// The upload.
    pub upload: Vec<u8>,
    /// Recipients that it is not for.
    pub left_out: Vec<LeftOut>,
}

/// A recipient for which could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The account.
    pub service_id: String,
    /// Why.
    pub error: Error,
}

/// The content of an envelope whose sender is verified.
pub struct SealedContent(Content);

impl Account {
    /// Opens an envelope and verifies its sender. `taken_ms` is when the service took it, as it says; `e164` our own
    /// phone number, if certificates name those.
    pub fn open_sealed(
        &self,
        envelope: &[u8],
        trust: &CertificateTrust,
        e164: Option<&str>,
        taken_ms: u64,
    ) -> Result<SealedContent, Error> {
        let account = self.0.lock();
        let opened = sealed::UnverifiedContent::open(envelope, account.identity())?;
        let mut cache = trust.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (store, taken) = (trust.store(), Timestamp::from_millis(taken_ms));
        Ok(SealedContent(opened.verify_cached(&mut cache, &store, account.address(), e164, taken)?))
    }
}

/// The content of an envelope whose sender is not verified: what [`Account::open_sealed`] refused, say since the
/// certificate has expired.
pub struct UnverifiedContent(sealed::UnverifiedContent);

impl Account {
    /// Opens an envelope without verifying its sender, for advice.
    pub fn open_unverified(&self, envelope: &[u8]) -> Result<UnverifiedContent, Error> {
        let opened = sealed::UnverifiedContent::open(envelope, self.0.lock().identity())?;
        Ok(UnverifiedContent(opened))
    }
}

impl UnverifiedContent {
    /// The device that the certificate names. Nobody vouches for it: it only tells under which name the identity key is
    /// pinned that [`advice`](Self::advice) takes.
    pub fn claimed_sender(&self) -> Address {
        self.0.claimed_address().into()
    }

    /// What to do about the envelope: `failure` is that of the error of [`Account::open_sealed`]. The message is asked
    /// for again if the `pinned` key sealed it, and let lie if not. `taken_ms` is when the service took it.
    pub fn advice(&self, failure: Failure, pinned: Option<&[u8]>, taken_ms: u64) -> Result<Advice, Error> {
        let pinned = pinned.map(identity).transpose()?;
        let taken = Timestamp::from_millis(taken_ms);
        Ok(Advice::of(self.0.advice(failure.into(), pinned.as_ref(), taken)))
    }
}

impl fmt::Debug for UnverifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl SealedContent {
    pub(crate) fn body(&self) -> Result<Body<'_>, Error> {
        Ok(self.0.body()?)
    }

    /// The device that sent it.
    pub fn sender(&self) -> Address {
        self.0.sender().address().into()
    }

    /// The sender's identity key, 33 bytes.
    pub fn sender_identity(&self) -> Vec<u8> {
        self.0.sender().details().identity_key.encode().into()
    }

    /// The sender's phone number, if the certificate has one.
    pub fn sender_e164(&self) -> Option<String> {
        self.0.sender().details().e164.clone()
    }

    /// The kind of the message inside: 2 or 3 for `receive_sealed`, 7 for `decrypt_sealed`, 8 for `request`.
    pub fn kind(&self) -> u8 {
        self.0.kind().to_u8()
    }

    /// The sender's hint: 0 default, 1 resendable, 2 implicit.
    pub fn hint(&self) -> u32 {
        self.0.hint().to_u32()
    }

    /// The group that the sender says it is for.
    pub fn group_id(&self) -> Option<Vec<u8>> {
        self.0.group_id().map(<[u8]>::to_vec)
    }

    /// The bytes of a request to send something again, for [`RepairLog::answer`](crate::RepairLog::answer).
    pub fn request(&self) -> Result<Vec<u8>, Error> {
        match self.body()? {
            Body::Plaintext(content) => Ok(content.as_bytes().to_vec()),
            _ => Err(Error::argument("the envelope holds no request")),
        }
    }

    /// What to do if the message was not decrypted.
    pub fn advice(&self, failure: Failure, timestamp_ms: u64) -> Advice {
        let advice: CoreAdvice = self.0.advice(failure.into(), Timestamp::from_millis(timestamp_ms));
        Advice::of(advice)
    }
}

impl fmt::Debug for SealedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a sender certificate says. Not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderClaims {
    /// The device.
    pub address: Address,
    /// Its phone number, if any.
    pub e164: Option<String>,
    /// Its identity key, 33 bytes.
    pub identity_key: Vec<u8>,
    /// When the certificate expires, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// Reads a sender certificate, without verifying it.
pub fn sender_claims(certificate: &[u8]) -> Result<SenderClaims, Error> {
    let certificate = SenderCertificate::parse(certificate)?;
    let SenderDetails { address, e164, identity_key, expires } = certificate.claimed();
    Ok(SenderClaims {
        address: address.into(),
        e164: e164.clone(),
        identity_key: identity_key.encode().into(),
        expires_ms: expires.as_millis(),
    })
}

fn public(bytes: &[u8]) -> Result<PublicKey, Error> {
    exact(bytes, PublicKey::ENCODED_LEN, "a public key")?;
    Ok(PublicKey::decode(bytes)?)
}

fn private(bytes: &[u8]) -> Result<PrivateKey, Error> {
    let bytes = Zeroizing::new(array::<32>(bytes, "a private key")?);
    Ok(PrivateKey::from_secret(&Secret::new(*bytes)))
}

/// The service's side: a server certificate under a trust root.
pub fn issue_server_certificate(id: u32, key: &[u8], trust_root_private: &[u8]) -> Result<Vec<u8>, Error> {
    let certificate =
        ServerCertificate::issue(id, &public(key)?, &private(trust_root_private)?, &mut os_rng());
    Ok(certificate.as_bytes().to_vec())
}

/// The service's side: a certificate for a device.
pub fn issue_sender_certificate(
    claims: &SenderClaims,
    server_certificate: &[u8],
    server_private: &[u8],
) -> Result<Vec<u8>, Error> {
    let details = SenderDetails {
        address: claims.address.to_subrosa(),
        e164: claims.e164.clone(),
        identity_key: identity(&claims.identity_key)?,
        expires: Timestamp::from_millis(claims.expires_ms),
    };
    let server = ServerCertificate::parse(server_certificate)?;
    Ok(details.issue(&server, &private(server_private)?, &mut os_rng())?.as_bytes().to_vec())
}

/// What the service delivers to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRecipient {
    /// The account.
    pub service_id: String,
    /// Its devices.
    pub devices: Vec<u32>,
    /// The registration id of each, as the sender knew it.
    pub registration_ids: Vec<u32>,
    /// The envelope for them.
    pub envelope: Vec<u8>,
}

/// The service's side: splits an upload for many.
pub fn split_for_many(upload: &[u8]) -> Result<Vec<ServerRecipient>, Error> {
    let sent = SentMessage::parse(upload)?;
    let recipients = sent.recipients().map(|recipient| {
        let devices = recipient.devices();
        ServerRecipient {
            service_id: recipient.service_id().to_string(),
            devices: devices.clone().map(|(device, _)| device.get()).collect(),
            registration_ids: devices.map(|(_, id)| id.into()).collect(),
            envelope: recipient.received().to_vec(),
        }
    });
    Ok(recipients.collect())
}
