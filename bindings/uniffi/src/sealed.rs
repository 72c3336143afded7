// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender.

use std::sync::Arc;

use subrosa_binding as core;

use crate::account::Account;
use crate::error::SubrosaError;
use crate::plain::{Address, Failure, Message};
use crate::repair::Advice;
use crate::session::Session;
use crate::stage::StagedEnvelope;

/// Whose certificates are believed. It remembers which it has verified: keep one.
#[derive(uniffi::Object)]
pub struct CertificateTrust(pub(crate) core::CertificateTrust);

#[uniffi::export]
impl CertificateTrust {
    /// Certificates under these trust roots, 33 bytes each. `official` adds the server certificates of the deployed
    /// service, which are known by number.
    #[uniffi::constructor]
    pub fn new(roots: Vec<Vec<u8>>, official: bool) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::CertificateTrust::new(&roots, official)?)))
    }
}

/// This device as a sealed sender.
#[derive(uniffi::Object)]
pub struct SealedSender(core::SealedSender);

#[uniffi::export]
impl SealedSender {
    /// A sender with the service's certificate for this device; with a hint (0 default, 1 resendable, 2 implicit) and
    /// a group id for its messages.
    #[uniffi::constructor(default(hint = 0, group_id = None))]
    pub fn new(
        account: &Account,
        certificate: Vec<u8>,
        hint: u32,
        group_id: Option<Vec<u8>>,
    ) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::SealedSender::new(&account.0, &certificate)?.with(hint, group_id))))
    }

    /// Encrypts a text on a session and seals it for the session's peer.
    #[uniffi::method(default(pinned = None))]
    pub fn encrypt(
        &self,
        session: &Session,
        text: Vec<u8>,
        now_ms: u64,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedEnvelope>, SubrosaError> {
        Ok(Arc::new(StagedEnvelope(self.0.encrypt(&session.0, &text, pinned.as_deref(), now_ms)?)))
    }

    /// Seals a message for the holder of an identity key.
    pub fn seal(&self, message: &Message, recipient: Vec<u8>) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.seal(&message.0, &recipient)?)
    }

    /// Seals a message of a group for the devices of all these sessions: one upload, which the service splits.
    /// `excluded` are the service ids of members that do not get it.
    pub fn seal_for_many(
        &self,
        message: &Message,
        sessions: Vec<Arc<Session>>,
        excluded: Vec<String>,
    ) -> Result<ManySealed, SubrosaError> {
        let sessions: Vec<core::Session> = sessions.iter().map(|session| session.0.clone()).collect();
        let core::ManySealed { upload, left_out } = self.0.seal_for_many(&message.0, &sessions, &excluded)?;
        let plain = |one: core::LeftOut| LeftOut {
            service_id: one.service_id,
            code: one.error.code.name().to_owned(),
            text: one.error.text,
        };
        Ok(ManySealed { upload, left_out: left_out.into_iter().map(plain).collect() })
    }
}

/// One upload for many recipients.
#[derive(uniffi::Record)]
pub struct ManySealed {
    /// The upload.
    pub upload: Vec<u8>,
    /// Recipients that it is not for.
    pub left_out: Vec<LeftOut>,
}

/// A recipient for which could not be sealed.
#[derive(uniffi::Record)]
pub struct LeftOut {
    /// The account.
    pub service_id: String,
    /// The name of the error's code.
    pub code: String,
    /// What happened and what to do.
    pub text: String,
}

/// The content of an envelope whose sender is verified.
#[derive(uniffi::Object)]
pub struct SealedContent(pub(crate) core::SealedContent);

#[uniffi::export]
impl SealedContent {
    /// The device that sent it.
    pub fn sender(&self) -> Address {
        self.0.sender().into()
    }

    /// The sender's identity key, 33 bytes.
    pub fn sender_identity(&self) -> Vec<u8> {
        self.0.sender_identity()
    }

    /// The sender's phone number, if the certificate has one.
    pub fn sender_e164(&self) -> Option<String> {
        self.0.sender_e164()
    }

    /// The kind of the message inside: 2 or 3 for `receive_sealed`, 7 for `decrypt_sealed`, 8 for `request`.
    pub fn kind(&self) -> u8 {
        self.0.kind()
    }

    /// The sender's hint: 0 default, 1 resendable, 2 implicit.
    pub fn hint(&self) -> u32 {
        self.0.hint()
    }

    /// The group that the sender says it is for.
    pub fn group_id(&self) -> Option<Vec<u8>> {
        self.0.group_id()
    }

    /// The bytes of a request to send something again, for `RepairLog.answer`.
    pub fn request(&self) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.request()?)
    }

    /// What to do if the message was not decrypted.
    pub fn advice(&self, failure: Failure, timestamp_ms: u64) -> Advice {
        self.0.advice(failure.into(), timestamp_ms).into()
    }
}

/// The content of an envelope whose sender is not verified.
#[derive(uniffi::Object)]
pub struct UnverifiedContent(pub(crate) core::UnverifiedContent);

#[uniffi::export]
impl UnverifiedContent {
    /// The device that the certificate names. Nobody vouches for it: it only tells under which name the identity key is
    /// pinned that `advice` takes.
    pub fn claimed_sender(&self) -> Address {
        self.0.claimed_sender().into()
    }

    /// What to do about the envelope: `failure` is that of the error. The message is asked for again if the `pinned` key
    /// sealed it, and let lie if not. `taken_ms` is when the service took it.
    #[uniffi::method(default(pinned = None))]
    pub fn advice(
        &self,
        failure: Failure,
        taken_ms: u64,
        pinned: Option<Vec<u8>>,
    ) -> Result<Advice, SubrosaError> {
        Ok(self.0.advice(failure.into(), pinned.as_deref(), taken_ms)?.into())
    }
}

/// What a sender certificate says.
#[derive(uniffi::Record)]
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
#[uniffi::export]
pub fn sender_claims(certificate: Vec<u8>) -> Result<SenderClaims, SubrosaError> {
    let core::SenderClaims { address, e164, identity_key, expires_ms } = core::sender_claims(&certificate)?;
    Ok(SenderClaims { address: address.into(), e164, identity_key, expires_ms })
}

/// The service's side: a server certificate under a trust root.
#[uniffi::export]
pub fn issue_server_certificate(
    id: u32,
    key: Vec<u8>,
    trust_root_private_key: Vec<u8>,
) -> Result<Vec<u8>, SubrosaError> {
    Ok(core::issue_server_certificate(id, &key, &trust_root_private_key)?)
}

/// The service's side: a certificate for a device.
#[uniffi::export]
pub fn issue_sender_certificate(
    claims: SenderClaims,
    server_certificate: Vec<u8>,
    server_private_key: Vec<u8>,
) -> Result<Vec<u8>, SubrosaError> {
    let SenderClaims { address, e164, identity_key, expires_ms } = claims;
    let claims = core::SenderClaims { address: address.into(), e164, identity_key, expires_ms };
    Ok(core::issue_sender_certificate(&claims, &server_certificate, &server_private_key)?)
}

/// What the service delivers to one account.
#[derive(uniffi::Record)]
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
#[uniffi::export]
pub fn split_for_many(upload: Vec<u8>) -> Result<Vec<ServerRecipient>, SubrosaError> {
    let plain = |recipient: core::ServerRecipient| {
        let core::ServerRecipient { service_id, devices, registration_ids, envelope } = recipient;
        ServerRecipient { service_id, devices, registration_ids, envelope }
    };
    Ok(core::split_for_many(&upload)?.into_iter().map(plain).collect())
}
