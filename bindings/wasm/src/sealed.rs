// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::account::Account;
use crate::delivery::Devices;
use crate::error::{Fallible, thrown};
use crate::object::{count, millis};
use crate::plain::{Address, Failure, Message};
use crate::repair::Advice;
use crate::session::Session;
use crate::stage::StagedEnvelope;

/// Whose certificates are believed. It remembers which it has verified: keep one.
#[wasm_bindgen]
pub struct CertificateTrust(pub(crate) core::CertificateTrust);

#[wasm_bindgen]
impl CertificateTrust {
    /// Certificates under these trust roots, 33 bytes each. `official` adds the server certificates of the deployed
    /// service, which are known by number.
    #[wasm_bindgen(constructor)]
    pub fn new(roots: Vec<js_sys::Uint8Array>, official: bool) -> Fallible<Self> {
        let roots: Vec<Vec<u8>> = roots.iter().map(js_sys::Uint8Array::to_vec).collect();
        Ok(Self(core::CertificateTrust::new(&roots, official).map_err(thrown)?))
    }
}

/// This device as a sealed sender.
#[wasm_bindgen]
pub struct SealedSender(core::SealedSender);

#[wasm_bindgen]
impl SealedSender {
    /// A sender with the service's certificate for this device; with a hint (0 default, 1 resendable, 2 implicit) and
    /// a group id for its messages.
    #[wasm_bindgen(constructor)]
    pub fn new(
        account: &Account,
        certificate: &[u8],
        hint: Option<u32>,
        group_id: Option<Vec<u8>>,
    ) -> Fallible<Self> {
        let sender = core::SealedSender::new(&account.0, certificate).map_err(thrown)?;
        Ok(Self(sender.with(hint.unwrap_or_default(), group_id)))
    }

    /// Encrypts a text on a session and seals it for the session's peer.
    pub fn encrypt(
        &self,
        session: &Session,
        text: &[u8],
        now: f64,
        pinned: Option<Vec<u8>>,
    ) -> Fallible<StagedEnvelope> {
        let staged = self.0.encrypt(&session.0, text, pinned.as_deref(), millis(now)?);
        staged.map(StagedEnvelope).map_err(thrown)
    }

    /// Seals a message for the holder of an identity key.
    pub fn seal(&self, message: &Message, recipient: &[u8]) -> Fallible<Vec<u8>> {
        self.0.seal(&message.0, recipient).map_err(thrown)
    }

    /// Seals a message of a group for all these devices: one upload, which the service splits. `excluded` are the
    /// service ids of members that do not get it.
    #[wasm_bindgen(js_name = sealForMany)]
    pub fn seal_for_many(
        &self,
        message: &Message,
        devices: &Devices,
        excluded: Option<Vec<String>>,
    ) -> Fallible<ManySealed> {
        let sessions = devices.sessions();
        let sealed = self.0.seal_for_many(&message.0, &sessions, &excluded.unwrap_or_default());
        sealed.map(ManySealed).map_err(thrown)
    }
}

/// One upload for many recipients.
#[wasm_bindgen]
pub struct ManySealed(core::ManySealed);

#[wasm_bindgen]
impl ManySealed {
    /// The upload.
    #[wasm_bindgen(getter)]
    pub fn upload(&self) -> Vec<u8> {
        self.0.upload.clone()
    }

    /// The service ids of recipients that it is not for.
    #[wasm_bindgen(getter, js_name = leftOut)]
    pub fn left_out(&self) -> Vec<String> {
        self.0.left_out.iter().map(|one| one.service_id.clone()).collect()
    }

    /// Why they were left out, in the same order.
    #[wasm_bindgen(getter)]
    pub fn errors(&self) -> Vec<JsValue> {
        self.0.left_out.iter().map(|one| thrown(one.error.clone())).collect()
    }
}

/// The content of an envelope whose sender is verified.
#[wasm_bindgen]
pub struct SealedContent(pub(crate) core::SealedContent);

#[wasm_bindgen]
impl SealedContent {
    /// The device that sent it.
    #[wasm_bindgen(getter)]
    pub fn sender(&self) -> Address {
        Address(self.0.sender())
    }

    /// The sender's identity key, 33 bytes.
    #[wasm_bindgen(getter, js_name = senderIdentity)]
    pub fn sender_identity(&self) -> Vec<u8> {
        self.0.sender_identity()
    }

    /// The sender's phone number, if the certificate has one.
    #[wasm_bindgen(getter, js_name = senderE164)]
    pub fn sender_e164(&self) -> Option<String> {
        self.0.sender_e164()
    }

    /// The kind of the message inside: 2 or 3 for `receiveSealed`, 7 for `decryptSealed`, 8 for `request`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> u8 {
        self.0.kind()
    }

    /// The sender's hint: 0 default, 1 resendable, 2 implicit.
    #[wasm_bindgen(getter)]
    pub fn hint(&self) -> u32 {
        self.0.hint()
    }

    /// The group that the sender says it is for.
    #[wasm_bindgen(getter, js_name = groupId)]
    pub fn group_id(&self) -> Option<Vec<u8>> {
        self.0.group_id()
    }

    /// The bytes of a request to send something again, for `RepairLog.answer`.
    pub fn request(&self) -> Fallible<Vec<u8>> {
        self.0.request().map_err(thrown)
    }

    /// What to do if the message was not decrypted.
    pub fn advice(&self, failure: Failure, timestamp: f64) -> Fallible<Advice> {
        Ok(Advice(self.0.advice(failure.into(), millis(timestamp)?)))
    }
}

/// The content of an envelope whose sender is not verified.
#[wasm_bindgen]
pub struct UnverifiedContent(pub(crate) core::UnverifiedContent);

#[wasm_bindgen]
impl UnverifiedContent {
    /// The device that the certificate names. Nobody vouches for it: it only tells under which name the identity key is
    /// pinned that `advice` takes.
    #[wasm_bindgen(getter, js_name = claimedSender)]
    pub fn claimed_sender(&self) -> Address {
        Address(self.0.claimed_sender())
    }

    /// What to do about the envelope: `failure` is that of the error. The message is asked for again if the `pinned` key
    /// sealed it, and let lie if not. `taken` is when the service took it.
    pub fn advice(&self, failure: Failure, taken: f64, pinned: Option<Vec<u8>>) -> Fallible<Advice> {
        self.0.advice(failure.into(), pinned.as_deref(), millis(taken)?).map(Advice).map_err(thrown)
    }
}

/// What a sender certificate says. Not verified.
#[wasm_bindgen]
pub struct SenderClaims(core::SenderClaims);

#[wasm_bindgen]
impl SenderClaims {
    /// Claims, to be issued: the device, its identity key, when the certificate expires, and perhaps a phone number.
    #[wasm_bindgen(constructor)]
    pub fn new(
        address: &Address,
        identity_key: Vec<u8>,
        expires: f64,
        e164: Option<String>,
    ) -> Fallible<Self> {
        let (address, expires_ms) = (address.0.clone(), millis(expires)?);
        Ok(Self(core::SenderClaims { address, e164, identity_key, expires_ms }))
    }

    /// Reads a certificate, without verifying it.
    pub fn read(certificate: &[u8]) -> Fallible<Self> {
        Ok(Self(core::sender_claims(certificate).map_err(thrown)?))
    }

    /// The device.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> Address {
        Address(self.0.address.clone())
    }

    /// Its identity key, 33 bytes.
    #[wasm_bindgen(getter, js_name = identityKey)]
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key.clone()
    }

    /// Its phone number.
    #[wasm_bindgen(getter)]
    pub fn e164(&self) -> Option<String> {
        self.0.e164.clone()
    }

    /// When the certificate expires.
    #[wasm_bindgen(getter)]
    pub fn expires(&self) -> f64 {
        count(self.0.expires_ms)
    }

    /// The service's side: a certificate for the device.
    pub fn issue(&self, server_certificate: &[u8], server_private_key: &[u8]) -> Fallible<Vec<u8>> {
        core::issue_sender_certificate(&self.0, server_certificate, server_private_key).map_err(thrown)
    }
}

/// The service's side: a server certificate under a trust root.
#[wasm_bindgen(js_name = issueServerCertificate)]
pub fn issue_server_certificate(id: u32, key: &[u8], trust_root_private_key: &[u8]) -> Fallible<Vec<u8>> {
    core::issue_server_certificate(id, key, trust_root_private_key).map_err(thrown)
}

/// What the service delivers to one account.
#[wasm_bindgen]
pub struct ServerRecipient(core::ServerRecipient);

#[wasm_bindgen]
impl ServerRecipient {
    /// The account.
    #[wasm_bindgen(getter, js_name = serviceId)]
    pub fn service_id(&self) -> String {
        self.0.service_id.clone()
    }

    /// Its devices.
    #[wasm_bindgen(getter)]
    pub fn devices(&self) -> Vec<u32> {
        self.0.devices.clone()
    }

    /// The registration id of each, as the sender knew it.
    #[wasm_bindgen(getter, js_name = registrationIds)]
    pub fn registration_ids(&self) -> Vec<u32> {
        self.0.registration_ids.clone()
    }

    /// The envelope for them.
    #[wasm_bindgen(getter)]
    pub fn envelope(&self) -> Vec<u8> {
        self.0.envelope.clone()
    }
}

/// The service's side: splits an upload for many.
#[wasm_bindgen(js_name = splitForMany)]
pub fn split_for_many(upload: &[u8]) -> Fallible<Vec<ServerRecipient>> {
    Ok(core::split_for_many(upload).map_err(thrown)?.into_iter().map(ServerRecipient).collect())
}
