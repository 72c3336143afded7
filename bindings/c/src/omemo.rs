// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO.

use subrosa_binding::{
    Address, DeviceFailure, OmemoAccount, OmemoBundle, OmemoMessage, OmemoPreKey, OmemoReceived,
    OmemoSession, OmemoVersion, Store, omemo_empty, omemo_encrypt_each, omemo_fingerprint, omemo_open,
    omemo_padding, omemo_seal, omemo_verify_label,
};
use zeroize::Zeroizing;

use crate::bundle::{SubrosaPreKey, put_key};
use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::{no_number, no_place, put_address};
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::{Bytes, Output, give_stage};
use crate::table::{SubrosaHandle, get, give};

impl Output for OmemoReceived {}
impl Output for Vec<OmemoMessage> {}

/// A version of OMEMO.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaOmemoVersion {
    /// `eu.siacs.conversations.axolotl`.
    Legacy = 1,
    /// `urn:xmpp:omemo:2`.
    Two = 2,
}

fn version_of(number: u32) -> Result<OmemoVersion, subrosa_binding::Error> {
    match number {
        number if number == SubrosaOmemoVersion::Legacy as u32 => Ok(OmemoVersion::Legacy),
        number if number == SubrosaOmemoVersion::Two as u32 => Ok(OmemoVersion::Two),
        _ => Err(no_number("version of OMEMO")),
    }
}

/// The XML namespace of a version, a number of `SubrosaOmemoVersion` as everywhere.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_namespace(version: u32, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(version_of(version)?.namespace().as_bytes()))
}

/// A device with a fresh identity, without prekeys. Its number is random, 1 to 2^31 - 1, and unique in the account. It is
/// stored with its first prekeys.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_generate(
    version: u32,
    device: u32,
    account: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(OmemoAccount::generate(version_of(version)?, device), &account))
}

/// A device with the identity of another account, as the two versions share it: a seed of 32 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_from_seed(
    version: u32,
    device: u32,
    seed: SubrosaBytes,
    account: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(OmemoAccount::from_seed(version_of(version)?, device, seed.read()?)?, &account))
}

/// The seed of the identity, 32 bytes, for an account of the other version. Secret. No bytes if it has none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_seed(account: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<OmemoAccount>(account)?.seed().unwrap_or_default()))
}

/// Reads a stored record.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_from_record(
    record: SubrosaBytes,
    account: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(OmemoAccount::from_record(record.read()?)?, &account))
}

/// The record as it is, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_record(
    account: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<OmemoAccount>(account)?.record()))
}

/// The number of the device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_device(account: SubrosaHandle, device: Out<u32>) -> SubrosaCode {
    call(|| device.put(get::<OmemoAccount>(account)?.device()))
}

/// The public identity key: 32 bytes, legacy 33.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_identity_key(
    account: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<OmemoAccount>(account)?.identity_key()))
}

/// Number of changes that were committed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_generation(
    account: SubrosaHandle,
    generation: Out<u64>,
) -> SubrosaCode {
    call(|| generation.put(get::<OmemoAccount>(account)?.generation()))
}

/// Makes prekeys: a signed one, at first and once a week to once a month, of which the one before stays; and as many
/// one-time ones as there are less than `stock`, usually 100. Publish the bundle after the commit.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_renew(
    account: SubrosaHandle,
    signed: bool,
    stock: u32,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<OmemoAccount>(account)?.renew(signed, stock)?, &stage))
}

/// The number of a one-time prekey that is here, by its place. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_pre_key_id(
    account: SubrosaHandle,
    place: usize,
    id: Out<u32>,
) -> SubrosaCode {
    call(|| id.put(*get::<OmemoAccount>(account)?.pre_key_ids().get(place).ok_or_else(no_place)?))
}

/// Removes one-time prekeys that were kept while the archive was read.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_remove_pre_keys(
    account: SubrosaHandle,
    ids: In<u32>,
    count: usize,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<OmemoAccount>(account)?.remove_pre_keys(&ids.list(count)?)?, &stage))
}

/// What to publish; 0 before the first prekeys.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_bundle(
    account: SubrosaHandle,
    bundle: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| match get::<OmemoAccount>(account)?.bundle() {
        Some(found) => give(found, &bundle),
        None => bundle.put(0),
    })
}

/// Signs the label of this device, for version 2; 64 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_account_sign_label(
    account: SubrosaHandle,
    label: Text,
    signature: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| signature.fill(&get::<OmemoAccount>(account)?.sign_label(label.read()?)))
}

/// The fingerprint of an identity key, to compare: eight groups of eight hex digits, the same in both versions.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_fingerprint(
    version: u32,
    identity_key: SubrosaBytes,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(omemo_fingerprint(version_of(version)?, identity_key.read()?)?.as_bytes()))
}

/// Whether the device of an identity signed its label. Version 2 only: a label is ignored otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_verify_label(
    identity_key: SubrosaBytes,
    label: Text,
    signature: SubrosaBytes,
    is_valid: Out<bool>,
) -> SubrosaCode {
    call(|| is_valid.put(omemo_verify_label(identity_key.read()?, label.read()?, signature.read()?)?))
}

/// What a device publishes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaOmemoBundle {
    /// The number of the device.
    device: u32,
    /// The identity key: 32 bytes, legacy 33.
    identity_key: SubrosaBytes,
    /// The signed prekey, 32 bytes, legacy 33, with its signature, 64 bytes.
    signed_pre_key: SubrosaPreKey,
    /// One-time prekeys, which have no signature.
    pre_keys: *const SubrosaPreKey,
    /// How many these are: about 100, at least 25 (legacy 20).
    pre_key_count: usize,
}

/// A bundle as it was published.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_bundle_new(
    parts: In<SubrosaOmemoBundle>,
    bundle: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let parts = parts.read()?;
        let signed = parts.signed_pre_key.plain()?;
        let mut pre_keys = Vec::with_capacity(parts.pre_key_count);
        for pre_key in In::of(parts.pre_keys).list(parts.pre_key_count)? {
            let plain = pre_key.plain()?;
            pre_keys.push(OmemoPreKey { id: plain.id, key: plain.key });
        }
        let made = OmemoBundle {
            device: parts.device,
            identity_key: parts.identity_key.read()?.to_vec(),
            signed_pre_key: OmemoPreKey { id: signed.id, key: signed.key },
            signature: signed.signature,
            pre_keys,
        };
        give(made, &bundle)
    })
}

/// The device of a bundle, and its identity key.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_bundle_info(
    bundle: SubrosaHandle,
    device: Out<u32>,
    identity_key: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let bundle = get::<OmemoBundle>(bundle)?;
        device.put(bundle.device)?;
        identity_key.fill(&bundle.identity_key)
    })
}

/// The signed prekey of a bundle: its number, the key, and its signature.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_bundle_signed_pre_key(
    bundle: SubrosaHandle,
    id: Out<u32>,
    key: Out<SubrosaBuffer>,
    signature: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let bundle = get::<OmemoBundle>(bundle)?;
        let OmemoPreKey { id: number, key: found } = &bundle.signed_pre_key;
        put_key((*number, found, &bundle.signature), &id, &key, &signature)
    })
}

/// A one-time prekey of a bundle by its place: its number, and the key. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_bundle_pre_key(
    bundle: SubrosaHandle,
    place: usize,
    id: Out<u32>,
    key: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let bundle = get::<OmemoBundle>(bundle)?;
        let found = bundle.pre_keys.get(place).ok_or_else(no_place)?;
        id.put(found.id)?;
        key.fill(&found.key)
    })
}

/// No session yet with a device: its account's bare address, and its number.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_new(
    version: u32,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let remote = Address::new(name.read()?, device);
        give(OmemoSession::new(version_of(version)?, &remote), &session)
    })
}

/// Reads a stored record, of the same device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_from_record(
    record: SubrosaBytes,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let remote = Address::new(name.read()?, device);
        give(OmemoSession::from_record(record.read()?, &remote)?, &session)
    })
}

/// The record as it is, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_record(
    session: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<OmemoSession>(session)?.record()))
}

/// The device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_remote(
    session: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<OmemoSession>(session)?.remote()), &device, &name))
}

/// Number of changes that were committed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_generation(
    session: SubrosaHandle,
    generation: Out<u64>,
) -> SubrosaCode {
    call(|| generation.put(get::<OmemoSession>(session)?.generation()))
}

/// Whether there is a session that can send.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_is_begun(session: SubrosaHandle, is_begun: Out<bool>) -> SubrosaCode {
    call(|| is_begun.put(get::<OmemoSession>(session)?.is_begun()))
}

/// The identity key of the session that sends; no bytes without one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_remote_identity(
    session: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<OmemoSession>(session)?.remote_identity().unwrap_or_default()))
}

/// Verifies a bundle and begins a session from it. `known` is the identity key that is known for the device, null at a
/// first contact.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_begin(
    session: SubrosaHandle,
    account: SubrosaHandle,
    bundle: SubrosaHandle,
    known: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, bundle) = (get::<OmemoAccount>(account)?, get::<OmemoBundle>(bundle)?);
        give_stage(get::<OmemoSession>(session)?.begin(&account, &bundle, known.optional()?)?, &stage)
    })
}

/// A message that came for this device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaOmemoIncoming {
    /// Whether the XML says that it has a key exchange: `kex`, legacy `prekey`.
    key_exchange: bool,
    /// Whether the one-time prekey that it used stays, while the archive is read.
    keep: bool,
    /// Its bytes.
    bytes: SubrosaBytes,
    /// The identity key that is known for its device, null at a first contact. Asked for where it has a key exchange.
    known: SubrosaBytes,
}

/// Decrypts the key material of a message. The output of the stage is for `subrosa_omemo_received`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_session_receive(
    session: SubrosaHandle,
    account: SubrosaHandle,
    message: In<SubrosaOmemoIncoming>,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let message = message.read()?;
        let (session, account) = (get::<OmemoSession>(session)?, get::<OmemoAccount>(account)?);
        let wire = (message.key_exchange, message.bytes.read()?);
        give_stage(session.receive(&account, wire, message.known.optional()?, message.keep)?, &stage)
    })
}

/// What a message said: the key material, which opens the payload and is secret; whether it began a session, after which
/// the bundle is published anew; and whether an empty message is due, unless something else is sent.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_received(
    received: SubrosaHandle,
    began: Out<bool>,
    answer_due: Out<bool>,
    key_material: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let received = get::<OmemoReceived>(received)?;
        began.put(received.began)?;
        answer_due.put(received.answer_due)?;
        key_material.fill(&received.key_material)
    })
}

/// Encrypts key material for many devices in one call and one stage, of all sessions that could be encrypted on. The
/// output of the stage is for `subrosa_omemo_message`, `failures` for `subrosa_device_failure`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_encrypt_each(
    sessions: In<SubrosaHandle>,
    count: usize,
    key_material: SubrosaBytes,
    stage: Out<SubrosaHandle>,
    failures: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        stage.check()?;
        failures.check()?;
        let mut all = Vec::with_capacity(count);
        for session in sessions.list(count)? {
            all.push((*get::<OmemoSession>(session)?).clone());
        }
        let (staged, failed): (_, Vec<DeviceFailure>) = omemo_encrypt_each(&all, key_material.read()?)?;
        give(failed, &failures)?;
        give_stage(staged, &stage)
    })
}

/// A message for a device, by its place: the device, whether it has a key exchange, the account's name, and the bytes.
/// `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_message(
    messages: SubrosaHandle,
    place: usize,
    device: Out<u32>,
    key_exchange: Out<bool>,
    name: Out<SubrosaBuffer>,
    bytes: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<OmemoMessage>>(messages)?;
        let found = all.get(place).ok_or_else(no_place)?;
        key_exchange.put(found.key_exchange)?;
        // Both lengths are told, also if one buffer is too small.
        let names = put_address(Some(&found.address), &device, &name);
        bytes.fill(&found.bytes)?;
        names
    })
}

/// Seals what a stanza says - an SCE envelope in version 2, a text in the legacy one - and gives the content of `<payload>`
/// before base64, as bytes; that of `<iv>`, 12 bytes, none in version 2; and the key material, 48 bytes, legacy 32, which
/// each device gets by `subrosa_omemo_encrypt_each`, and which is secret.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_seal(
    version: u32,
    plaintext: SubrosaBytes,
    payload: Out<SubrosaHandle>,
    iv: Out<SubrosaBuffer>,
    key_material: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        payload.check()?;
        let sealed = omemo_seal(version_of(version)?, plaintext.read()?);
        // Both lengths are told, also if one buffer is too small.
        let ivs = iv.fill(&sealed.iv);
        key_material.fill(&sealed.key_material)?;
        ivs?;
        give(Bytes(Zeroizing::new(sealed.payload)), &payload)
    })
}

/// An empty message, which has no payload: the answer that is due after a key exchange.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_empty(
    version: u32,
    iv: Out<SubrosaBuffer>,
    key_material: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let empty = omemo_empty(version_of(version)?);
        let ivs = iv.fill(&empty.iv);
        key_material.fill(&empty.key_material)?;
        ivs
    })
}

/// Opens a payload with the key material that came through a session, and gives the text, as bytes. `iv` is null in
/// version 2.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_open(
    version: u32,
    payload: SubrosaBytes,
    iv: SubrosaBytes,
    key_material: SubrosaBytes,
    plaintext: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let version = version_of(version)?;
        give(Bytes(omemo_open(version, payload.read()?, iv.read()?, key_material.read()?)?), &plaintext)
    })
}

/// The text of SCE's `<rpad/>` for an envelope of `length` bytes without it: up to `minimum`, and 0 to 200 characters
/// more.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_omemo_padding(length: u32, minimum: u32, out: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(Bytes(Zeroizing::new(omemo_padding(length, minimum).into_bytes())), &out))
}

/// The OMEMO account of a version in a store; 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_omemo_account(
    store: SubrosaHandle,
    version: u32,
    account: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| match get::<Store>(store)?.omemo_account(version_of(version)?)? {
        Some(found) => give(found, &account),
        None => account.put(0),
    })
}

/// The OMEMO sessions of a version with a device in a store; empty if none are stored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_store_omemo_session(
    store: SubrosaHandle,
    version: u32,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let remote = Address::new(name.read()?, device);
        give(get::<Store>(store)?.omemo_session(version_of(version)?, &remote)?, &session)
    })
}
