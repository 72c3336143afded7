// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles and uploads.

use subrosa_binding::{Bundle, BundleParts, SignedKey, Upload};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::{no_number, no_place};
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes};
use crate::table::{SubrosaHandle, get, give};

/// A public prekey.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaPreKey {
    /// Its id.
    id: u32,
    /// The encoded key: 33 bytes, or 1,569 of a KEM key. Null if there is none.
    key: SubrosaBytes,
    /// The identity key's signature over it, 64 bytes; a one-time prekey has none.
    signature: SubrosaBytes,
}

impl SubrosaPreKey {
    pub(crate) fn plain(&self) -> Result<SignedKey, subrosa_binding::Error> {
        let signature = self.signature.read()?.to_vec();
        Ok(SignedKey { id: self.id, key: self.key.read()?.to_vec(), signature })
    }

    fn optional(&self) -> Result<Option<SignedKey>, subrosa_binding::Error> {
        Ok(if self.key.optional()?.is_some() { Some(self.plain()?) } else { None })
    }
}

/// The parts of a bundle, to put it together from what some service gives.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaBundleParts {
    /// The device's registration id.
    registration_id: u32,
    /// The device.
    device: u32,
    /// The account's identity key, 33 bytes.
    identity_key: SubrosaBytes,
    /// The signed prekey.
    signed_pre_key: SubrosaPreKey,
    /// A one-time prekey, if there was one left.
    one_time_pre_key: SubrosaPreKey,
    /// The KEM prekey. Without it the session is one of version 3.
    kem_pre_key: SubrosaPreKey,
}

/// A bundle from its parts.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bundle_new(
    parts: In<SubrosaBundleParts>,
    bundle: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let parts = parts.read()?;
        let parts = BundleParts {
            registration_id: parts.registration_id,
            device: parts.device,
            identity_key: parts.identity_key.read()?.to_vec(),
            signed_pre_key: parts.signed_pre_key.plain()?,
            one_time_pre_key: parts.one_time_pre_key.optional()?,
            kem_pre_key: parts.kem_pre_key.optional()?,
        };
        give(Bundle::from_parts(&parts)?, &bundle)
    })
}

/// Reads the byte form of a bundle.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bundle_from_bytes(bytes: SubrosaBytes, bundle: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(Bundle::from_bytes(bytes.read()?)?, &bundle))
}

/// The byte form of a bundle.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bundle_bytes(bundle: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Bundle>(bundle)?.to_bytes()))
}

/// A key of a bundle.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaBundleKey {
    /// The identity key, which has no id and no signature.
    Identity = 0,
    /// The signed prekey.
    Signed = 1,
    /// The one-time prekey, which has no signature.
    OneTime = 2,
    /// The KEM prekey.
    Kem = 3,
}

/// A key of a bundle by its number in `SubrosaBundleKey`: its id, the key, and its signature. No bytes if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bundle_key(
    bundle: SubrosaHandle,
    which: u32,
    id: Out<u32>,
    key: Out<SubrosaBuffer>,
    signature: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let parts = get::<Bundle>(bundle)?.parts();
        let none = || SignedKey { id: 0, key: Vec::new(), signature: Vec::new() };
        let found = match which {
            which if which == SubrosaBundleKey::Identity as u32 => {
                SignedKey { key: parts.identity_key, ..none() }
            }
            which if which == SubrosaBundleKey::Signed as u32 => parts.signed_pre_key,
            which if which == SubrosaBundleKey::OneTime as u32 => parts.one_time_pre_key.unwrap_or_else(none),
            which if which == SubrosaBundleKey::Kem as u32 => parts.kem_pre_key.unwrap_or_else(none),
            _ => return Err(no_number("key")),
        };
        put_key((found.id, &found.key, &found.signature), &id, &key, &signature)
    })
}

pub(crate) fn put_key(
    (number, found, signed): (u32, &[u8], &[u8]),
    id: &Out<u32>,
    key: &Out<SubrosaBuffer>,
    signature: &Out<SubrosaBuffer>,
) -> Result<(), subrosa_binding::Error> {
    id.put(number)?;
    // Both lengths are told, also if one buffer is too small.
    let keys = key.fill(found);
    signature.fill(signed)?;
    keys
}

/// The registration id and the device of a bundle.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bundle_info(
    bundle: SubrosaHandle,
    registration_id: Out<u32>,
    device: Out<u32>,
) -> SubrosaCode {
    call(|| {
        let bundle = get::<Bundle>(bundle)?;
        registration_id.put(bundle.parts().registration_id)?;
        device.put(bundle.device())
    })
}

/// Reads the byte form of an upload.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_from_bytes(bytes: SubrosaBytes, upload: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(Upload::from_bytes(bytes.read()?)?, &upload))
}

/// The byte form of an upload. Nothing in it is secret.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_bytes(upload: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Upload>(upload)?.to_bytes()))
}

/// Whether there is no key in an upload.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_is_empty(upload: SubrosaHandle, is_empty: Out<bool>) -> SubrosaCode {
    call(|| is_empty.put(get::<Upload>(upload)?.is_empty()))
}

/// Whether the service must drop all one-time prekeys that it has.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_replace_one_time(upload: SubrosaHandle, replace: Out<bool>) -> SubrosaCode {
    call(|| replace.put(get::<Upload>(upload)?.replace_one_time()))
}

/// The token to keep at the service; 36 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_backup_token(upload: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Upload>(upload)?.backup_token()))
}

/// A list of keys in an upload.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaUploadKey {
    /// A new signed prekey: one, or none.
    Signed = 0,
    /// A new last-resort KEM prekey: one, or none.
    LastResortKem = 1,
    /// One-time prekeys, which have no signature.
    OneTime = 2,
    /// One-time KEM prekeys.
    OneTimeKem = 3,
}

/// A key of an upload, by the number of its list in `SubrosaUploadKey` and its place there: its id, the key, and its
/// signature. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_key(
    upload: SubrosaHandle,
    list: u32,
    place: usize,
    id: Out<u32>,
    key: Out<SubrosaBuffer>,
    signature: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let upload = get::<Upload>(upload)?;
        let keys = match list {
            list if list == SubrosaUploadKey::Signed as u32 => upload.signed_pre_key().into_iter().collect(),
            list if list == SubrosaUploadKey::LastResortKem as u32 => {
                upload.last_resort_kem_pre_key().into_iter().collect()
            }
            list if list == SubrosaUploadKey::OneTime as u32 => upload.one_time_pre_keys(),
            list if list == SubrosaUploadKey::OneTimeKem as u32 => upload.one_time_kem_pre_keys(),
            _ => return Err(no_number("list")),
        };
        let found = keys.get(place).ok_or_else(no_place)?;
        put_key((found.id, &found.key, &found.signature), &id, &key, &signature)
    })
}

/// Takes a bundle out of an upload as the service would; 0 without a signed prekey. For tests and small services.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_upload_next_bundle(
    upload: SubrosaHandle,
    bundle: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| match get::<Upload>(upload)?.next_bundle() {
        Some(next) => give(next, &bundle),
        None => bundle.put(0),
    })
}
