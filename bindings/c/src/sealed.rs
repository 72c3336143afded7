// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender.

use std::ffi::c_char;

use subrosa_binding::{
    Account, Address, CertificateTrust, Error, Failure, KeyPair, LeftOut, Outgoing, SealedContent,
    SealedSender, SenderClaims, ServerRecipient, Session, UnverifiedContent, issue_sender_certificate,
    issue_server_certificate, sender_claims, split_for_many,
};
use zeroize::Zeroizing;

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::{no_place, put_address};
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::repair::failure_of;
use crate::stage::{Bytes, give_stage};
use crate::table::{SubrosaHandle, get, give};

/// Whose certificates are believed: those under these trust roots, 33 bytes each. `official` adds the server
/// certificates of the deployed service, which are known by number.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_certificate_trust_new(
    roots: In<SubrosaBytes>,
    count: usize,
    official: bool,
    trust: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let roots = roots.list(count)?;
        let roots: Vec<Vec<u8>> =
            roots.iter().map(|root| root.read().map(<[u8]>::to_vec)).collect::<Result<_, _>>()?;
        give(CertificateTrust::new(&roots, official)?, &trust)
    })
}

/// This device as a sealed sender, with the service's certificate for it; with a hint (0 default, 1 resendable, 2
/// implicit) and a group id, or null, for its messages.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_sender_new(
    account: SubrosaHandle,
    certificate: SubrosaBytes,
    hint: u32,
    group_id: SubrosaBytes,
    sender: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let made = SealedSender::new(&*get::<Account>(account)?, certificate.read()?)?;
        give(made.with(hint, group_id.optional()?.map(<[u8]>::to_vec)), &sender)
    })
}

/// Encrypts a text on a session and seals it for the session's peer. The output of the stage is the envelope, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_sender_encrypt(
    sender: SubrosaHandle,
    session: SubrosaHandle,
    text: SubrosaBytes,
    pinned: SubrosaBytes,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (sender, session) = (get::<SealedSender>(sender)?, get::<Session>(session)?);
        give_stage(sender.encrypt(&session, text.read()?, pinned.optional()?, now_ms)?, &stage)
    })
}

/// Seals a message for the holder of an identity key, and gives the envelope as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_sender_seal(
    sender: SubrosaHandle,
    message: SubrosaHandle,
    recipient: SubrosaBytes,
    envelope: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let sealed = get::<SealedSender>(sender)?.seal(&*get::<Outgoing>(message)?, recipient.read()?)?;
        give(Bytes(Zeroizing::new(sealed)), &envelope)
    })
}

/// For whom a message of a group is sealed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaForMany {
    /// The sessions with all devices that get it.
    sessions: *const SubrosaHandle,
    /// How many these are.
    session_count: usize,
    /// The service ids, in text, of members that do not get it. May be null.
    excluded: *const *const c_char,
    /// How many these are.
    excluded_count: usize,
}

impl SubrosaForMany {
    fn sessions(&self) -> Result<Vec<Session>, Error> {
        let sessions = In::of(self.sessions).list(self.session_count)?;
        sessions.into_iter().map(|session| Ok((*get::<Session>(session)?).clone())).collect()
    }

    fn excluded(&self) -> Result<Vec<String>, Error> {
        let excluded = In::of(self.excluded.cast::<Text>()).list(self.excluded_count)?;
        excluded.iter().map(|id| Ok(id.read()?.to_owned())).collect()
    }
}

/// Seals a message of a group for many, and gives one upload, which the service splits, and the recipients that it is not
/// for, for `subrosa_left_out`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_sender_seal_for_many(
    sender: SubrosaHandle,
    message: SubrosaHandle,
    recipients: In<SubrosaForMany>,
    upload: Out<SubrosaHandle>,
    left_out: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        left_out.check()?;
        upload.check()?;
        let recipients = recipients.read()?;
        let (sessions, excluded) = (recipients.sessions()?, recipients.excluded()?);
        let (sender, message) = (get::<SealedSender>(sender)?, get::<Outgoing>(message)?);
        let sealed = sender.seal_for_many(&message, &sessions, &excluded)?;
        give(sealed.left_out, &left_out)?;
        give(Bytes(Zeroizing::new(sealed.upload)), &upload)
    })
}

/// A recipient that was left out, by its place: its service id in text, and why, as a code and in text. `InvalidArgument`
/// after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_left_out(
    left_out: SubrosaHandle,
    place: usize,
    code: Out<u32>,
    service_id: Out<SubrosaBuffer>,
    text: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<LeftOut>>(left_out)?;
        let found = all.get(place).ok_or_else(no_place)?;
        code.put(found.error.code as u32)?;
        let ids = service_id.fill(found.service_id.as_bytes());
        text.fill(found.error.text.as_bytes())?;
        ids
    })
}

/// Opens an envelope and verifies its sender. `taken_ms` is when the service took it, as it says; `e164` our own phone
/// number, or null.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_open_sealed(
    account: SubrosaHandle,
    envelope: SubrosaBytes,
    trust: SubrosaHandle,
    e164: Text,
    taken_ms: u64,
    content: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, trust) = (get::<Account>(account)?, get::<CertificateTrust>(trust)?);
        give(account.open_sealed(envelope.read()?, &trust, e164.optional()?, taken_ms)?, &content)
    })
}

/// Opens an envelope without verifying its sender, for advice about one that `subrosa_account_open_sealed` refused: say
/// since the certificate has expired.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_open_unverified(
    account: SubrosaHandle,
    envelope: SubrosaBytes,
    content: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(get::<Account>(account)?.open_unverified(envelope.read()?)?, &content))
}

/// The device that the certificate of an unverified content names. Nobody vouches for it: it only tells under which name
/// the identity key is pinned that `subrosa_unverified_content_advice` takes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_unverified_content_claimed_sender(
    content: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<UnverifiedContent>(content)?.claimed_sender()), &device, &name))
}

/// What to do about an envelope that was refused: `failure` is what `subrosa_error_failure` said. The message is asked for
/// again if the `pinned` key sealed it, and let lie if not. `taken_ms` is when the service took it.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_unverified_content_advice(
    content: SubrosaHandle,
    failure: u32,
    pinned: SubrosaBytes,
    taken_ms: u64,
    advice: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let content = get::<UnverifiedContent>(content)?;
        give(content.advice(failure_of(failure)?, pinned.optional()?, taken_ms)?, &advice)
    })
}

/// Decrypts the message in an envelope. `session` is the one with the certified sender, which is checked. The output of
/// the stage is the text, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_receive_sealed(
    account: SubrosaHandle,
    session: SubrosaHandle,
    content: SubrosaHandle,
    pinned: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, session) = (get::<Account>(account)?, get::<Session>(session)?);
        let content = get::<SealedContent>(content)?;
        give_stage(account.receive_sealed(&session, &content, pinned.optional()?)?, &stage)
    })
}

/// What an envelope says beside its message.
#[repr(C)]
pub struct SubrosaSealedInfo {
    /// The sender's device.
    sender_device: u32,
    /// The kind of the message inside: 2 or 3 of a session, 7 of a group, 8 a request.
    kind: u8,
    /// The sender's hint: 0 default, 1 resendable, 2 implicit.
    hint: u32,
}

/// What an envelope says beside its message, and the sender's name.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_info(
    content: SubrosaHandle,
    info: Out<SubrosaSealedInfo>,
    sender_name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let content = get::<SealedContent>(content)?;
        let sender = content.sender();
        let (kind, hint) = (content.kind(), content.hint());
        info.put(SubrosaSealedInfo { sender_device: sender.device, kind, hint })?;
        sender_name.fill(sender.name.as_bytes())
    })
}

/// The sender's identity key, 33 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_sender_identity(
    content: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<SealedContent>(content)?.sender_identity()))
}

/// The sender's phone number; no bytes if the certificate has none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_sender_e164(
    content: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(get::<SealedContent>(content)?.sender_e164().unwrap_or_default().as_bytes()))
}

/// The group that the sender says it is for; no bytes if none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_group_id(
    content: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<SealedContent>(content)?.group_id().unwrap_or_default()))
}

/// The bytes of a request to send something again, for `subrosa_repair_log_answer`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_request(
    content: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<SealedContent>(content)?.request()?))
}

/// What to do if the message in an envelope was not decrypted. `failure` is that of the error.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sealed_content_advice(
    content: SubrosaHandle,
    failure: u32,
    timestamp_ms: u64,
    advice: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let failure: Failure = failure_of(failure)?;
        give(get::<SealedContent>(content)?.advice(failure, timestamp_ms), &advice)
    })
}

/// A fresh Curve25519 key pair, for the service's certificates.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_key_pair_generate(pair: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(KeyPair::generate(), &pair))
}

/// The public half of a key pair, 33 bytes, and the private one, 32 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_key_pair_bytes(
    pair: SubrosaHandle,
    public_key: Out<SubrosaBuffer>,
    private_key: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let pair = get::<KeyPair>(pair)?;
        public_key.fill(&pair.public)?;
        private_key.fill(&pair.private)
    })
}

/// The service's side: a server certificate under a trust root, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_server_certificate_issue(
    id: u32,
    key: SubrosaBytes,
    trust_root_private_key: SubrosaBytes,
    certificate: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let issued = issue_server_certificate(id, key.read()?, trust_root_private_key.read()?)?;
        give(Bytes(Zeroizing::new(issued)), &certificate)
    })
}

/// What a sender certificate says.
#[repr(C)]
pub struct SubrosaSenderClaims {
    /// The account's name.
    name: Text,
    /// The device.
    device: u32,
    /// Its phone number, or null.
    e164: Text,
    /// Its identity key, 33 bytes.
    identity_key: SubrosaBytes,
    /// When the certificate expires, in milliseconds since 1970.
    expires_ms: u64,
}

/// Reads what a sender certificate says, without verifying it: the device and its account's name, its phone number (no
/// bytes if it has none), its identity key, 33 bytes, and when it expires.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_claims(
    certificate: SubrosaBytes,
    device: Out<u32>,
    expires_ms: Out<u64>,
    name: Out<SubrosaBuffer>,
    e164: Out<SubrosaBuffer>,
    identity_key: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let claims = sender_claims(certificate.read()?)?;
        device.put(claims.address.device)?;
        expires_ms.put(claims.expires_ms)?;
        // All lengths are told, also if one buffer is too small.
        let names = name.fill(claims.address.name.as_bytes());
        let numbers = e164.fill(claims.e164.unwrap_or_default().as_bytes());
        identity_key.fill(&claims.identity_key)?;
        names.and(numbers)
    })
}

/// The service's side: a certificate for a device, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_certificate_issue(
    claims: SubrosaSenderClaims,
    server_certificate: SubrosaBytes,
    server_private_key: SubrosaBytes,
    certificate: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let claims = SenderClaims {
            address: Address::new(claims.name.read()?, claims.device),
            e164: claims.e164.optional()?.map(str::to_owned),
            identity_key: claims.identity_key.read()?.to_vec(),
            expires_ms: claims.expires_ms,
        };
        let issued =
            issue_sender_certificate(&claims, server_certificate.read()?, server_private_key.read()?)?;
        give(Bytes(Zeroizing::new(issued)), &certificate)
    })
}

/// The service's side: splits an upload for many, and says for how many accounts it is.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_for_many_split(
    upload: SubrosaBytes,
    recipients: Out<SubrosaHandle>,
    count: Out<usize>,
) -> SubrosaCode {
    call(|| {
        let split: Vec<ServerRecipient> = split_for_many(upload.read()?)?;
        count.put(split.len())?;
        give(split, &recipients)
    })
}

/// A recipient by its place: its service id in text, and the envelope for its devices.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_recipient(
    recipients: SubrosaHandle,
    place: usize,
    service_id: Out<SubrosaBuffer>,
    envelope: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<ServerRecipient>>(recipients)?;
        let found = all.get(place).ok_or_else(no_place)?;
        // Both lengths are told, also if one buffer is too small.
        let id = service_id.fill(found.service_id.as_bytes());
        envelope.fill(&found.envelope)?;
        id
    })
}

/// A device of a recipient, by the places of both: its number, and its registration id as the sender knew it.
/// `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_recipient_device(
    recipients: SubrosaHandle,
    place: usize,
    device_place: usize,
    device: Out<u32>,
    registration_id: Out<u32>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<ServerRecipient>>(recipients)?;
        let found = all.get(place).ok_or_else(no_place)?;
        let ids = found.devices.iter().zip(&found.registration_ids);
        let (number, id) = ids.into_iter().nth(device_place).ok_or_else(no_place)?;
        device.put(*number)?;
        registration_id.put(*id)
    })
}
