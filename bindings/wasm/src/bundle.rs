// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles and uploads.

use js_sys::{Object, Uint8Array};
use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, argument, thrown};
use crate::object;

#[wasm_bindgen(typescript_custom_section)]
const PARTS: &str = r"
/** A public prekey. */
export interface PublicPreKey {
    id: number;
    /** The encoded key: 33 bytes, or 1,569 of a KEM key. */
    key: Uint8Array;
    /** The identity key's signature over it, 64 bytes; a one-time prekey has none. */
    signature?: Uint8Array;
}

/** The parts of a bundle, to put it together from what some service gives. */
export interface BundleParts {
    registrationId: number;
    device: number;
    /** 33 bytes. */
    identityKey: Uint8Array;
    signedPreKey: PublicPreKey;
    oneTimePreKey?: PublicPreKey;
    /** Without it the session is one of version 3. */
    kemPreKey?: PublicPreKey;
}
";

#[wasm_bindgen]
extern "C" {
    /// Parts.
    #[wasm_bindgen(typescript_type = "BundleParts")]
    pub type BundleParts;
    /// A prekey.
    #[wasm_bindgen(typescript_type = "PublicPreKey")]
    pub type PublicPreKey;
}

fn read(object: &JsValue) -> Fallible<core::SignedKey> {
    let signature = object::optional_bytes(object, "signature")?.unwrap_or_default();
    Ok(core::SignedKey { id: object::number(object, "id")?, key: object::bytes(object, "key")?, signature })
}

fn write(key: &core::SignedKey) -> PublicPreKey {
    let plain = Object::new();
    object::set(&plain, "id", key.id);
    object::set(&plain, "key", Uint8Array::from(key.key.as_slice()));
    if !key.signature.is_empty() {
        object::set(&plain, "signature", Uint8Array::from(key.signature.as_slice()));
    }
    plain.unchecked_into()
}

/// The public keys of a device, from which a session is begun. Not verified yet.
#[wasm_bindgen]
pub struct Bundle(pub(crate) core::Bundle);

#[wasm_bindgen]
impl Bundle {
    /// A bundle from its parts.
    #[wasm_bindgen(js_name = fromParts)]
    pub fn from_parts(parts: BundleParts) -> Fallible<Self> {
        let parts = JsValue::from(parts);
        let key = |name| object::get(&parts, name).map(|key| read(&key)).transpose();
        let parts = core::BundleParts {
            registration_id: object::number(&parts, "registrationId")?,
            device: object::number(&parts, "device")?,
            identity_key: object::bytes(&parts, "identityKey")?,
            signed_pre_key: key("signedPreKey")?.ok_or_else(|| argument("signedPreKey is missing"))?,
            one_time_pre_key: key("oneTimePreKey")?,
            kem_pre_key: key("kemPreKey")?,
        };
        Ok(Self(core::Bundle::from_parts(&parts).map_err(thrown)?))
    }

    /// The parts.
    pub fn parts(&self) -> BundleParts {
        let (parts, plain) = (self.0.parts(), Object::new());
        object::set(&plain, "registrationId", parts.registration_id);
        object::set(&plain, "device", parts.device);
        object::set(&plain, "identityKey", Uint8Array::from(parts.identity_key.as_slice()));
        object::set(&plain, "signedPreKey", write(&parts.signed_pre_key));
        let optional = [("oneTimePreKey", &parts.one_time_pre_key), ("kemPreKey", &parts.kem_pre_key)];
        for (name, key) in optional {
            if let Some(key) = key {
                object::set(&plain, name, write(key));
            }
        }
        plain.unchecked_into()
    }

    /// Reads the byte form.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Fallible<Self> {
        Ok(Self(core::Bundle::from_bytes(bytes).map_err(thrown)?))
    }

    /// The byte form.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }
}

/// The public halves of all keys that the service has not confirmed yet.
#[wasm_bindgen]
pub struct Upload(pub(crate) core::Upload);

#[wasm_bindgen]
impl Upload {
    /// Reads the byte form.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Fallible<Self> {
        Ok(Self(core::Upload::from_bytes(bytes).map_err(thrown)?))
    }

    /// The byte form. Nothing in it is secret.
    #[wasm_bindgen(js_name = toBytes)]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Whether there is no key in it.
    #[wasm_bindgen(getter, js_name = isEmpty)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out a bundle as the service would. For tests and small services.
    #[wasm_bindgen(js_name = nextBundle)]
    pub fn next_bundle(&self) -> Option<Bundle> {
        self.0.next_bundle().map(Bundle)
    }

    /// Whether the service must drop all one-time prekeys that it has.
    #[wasm_bindgen(getter, js_name = replaceOneTime)]
    pub fn replace_one_time(&self) -> bool {
        self.0.replace_one_time()
    }

    /// The token to keep at the service; 36 bytes.
    #[wasm_bindgen(getter, js_name = backupToken)]
    pub fn backup_token(&self) -> Vec<u8> {
        self.0.backup_token()
    }

    /// A new signed prekey.
    #[wasm_bindgen(getter, js_name = signedPreKey)]
    pub fn signed_pre_key(&self) -> Option<PublicPreKey> {
        self.0.signed_pre_key().as_ref().map(write)
    }

    /// A new last-resort KEM prekey.
    #[wasm_bindgen(getter, js_name = lastResortKemPreKey)]
    pub fn last_resort_kem_pre_key(&self) -> Option<PublicPreKey> {
        self.0.last_resort_kem_pre_key().as_ref().map(write)
    }

    /// One-time prekeys.
    #[wasm_bindgen(getter, js_name = oneTimePreKeys)]
    pub fn one_time_pre_keys(&self) -> Vec<PublicPreKey> {
        self.0.one_time_pre_keys().iter().map(write).collect()
    }

    /// One-time KEM prekeys.
    #[wasm_bindgen(getter, js_name = oneTimeKemPreKeys)]
    pub fn one_time_kem_pre_keys(&self) -> Vec<PublicPreKey> {
        self.0.one_time_kem_pre_keys().iter().map(write).collect()
    }
}
