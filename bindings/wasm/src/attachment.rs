// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments.

use js_sys::{Object, Uint8Array};
use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, argument, thrown};
use crate::object::{self, count, millis};

/// What a message says of an attachment, beside its key.
#[wasm_bindgen]
pub struct AttachmentManifest(core::Manifest);

#[wasm_bindgen]
impl AttachmentManifest {
    /// A manifest as a message has it. Without an incremental MAC the attachment is decrypted as a whole.
    #[wasm_bindgen(constructor)]
    pub fn new(
        digest: Vec<u8>,
        plaintext_len: f64,
        incremental_mac: Option<Vec<u8>>,
        chunk_size: Option<u32>,
    ) -> Fallible<Self> {
        Ok(Self(core::Manifest {
            digest,
            plaintext_len: millis(plaintext_len).map_err(|_| argument("not a length"))?,
            incremental_mac: incremental_mac.unwrap_or_default(),
            chunk_size: chunk_size.unwrap_or_default(),
        }))
    }

    /// SHA-256 of the encrypted form, 32 bytes.
    #[wasm_bindgen(getter)]
    pub fn digest(&self) -> Vec<u8> {
        self.0.digest.clone()
    }

    /// Length of the plaintext in bytes.
    #[wasm_bindgen(getter, js_name = plaintextLength)]
    pub fn plaintext_len(&self) -> f64 {
        count(self.0.plaintext_len)
    }

    /// The incremental MAC; empty if there is none.
    #[wasm_bindgen(getter, js_name = incrementalMac)]
    pub fn incremental_mac(&self) -> Vec<u8> {
        self.0.incremental_mac.clone()
    }

    /// The size of its chunks.
    #[wasm_bindgen(getter, js_name = chunkSize)]
    pub fn chunk_size(&self) -> u32 {
        self.0.chunk_size
    }
}

/// Encrypts an attachment piece by piece.
#[wasm_bindgen]
pub struct AttachmentEncryptor {
    core: core::AttachmentEncryptor,
    manifest: Option<core::Manifest>,
}

#[wasm_bindgen]
impl AttachmentEncryptor {
    /// Begins, with a fresh key. `length` is that of the plaintext, as far as it is known.
    #[wasm_bindgen(constructor)]
    pub fn new(length: f64) -> Fallible<Self> {
        let length = millis(length).map_err(|_| argument("not a length"))?;
        Ok(Self { core: core::AttachmentEncryptor::new(length), manifest: None })
    }

    /// The key, 64 bytes, which travels in the message. Secret.
    pub fn key(&self) -> Vec<u8> {
        self.core.key().to_vec()
    }

    /// Takes the next piece of the plaintext, and gives what is encrypted by now.
    pub fn update(&self, plaintext: &[u8]) -> Fallible<Vec<u8>> {
        self.core.update(plaintext).map_err(thrown)
    }

    /// Gives the rest of the encrypted form; then there is a `manifest`.
    pub fn finish(&mut self) -> Fallible<Vec<u8>> {
        let (rest, manifest) = self.core.finish().map_err(thrown)?;
        self.manifest = Some(manifest);
        Ok(rest)
    }

    /// What the message says of the attachment, once it is finished.
    #[wasm_bindgen(getter)]
    pub fn manifest(&self) -> Option<AttachmentManifest> {
        self.manifest.clone().map(AttachmentManifest)
    }
}

/// Decrypts an attachment piece by piece, as it arrives. Only authentic plaintext comes out.
#[wasm_bindgen]
pub struct AttachmentDecryptor(core::AttachmentDecryptor);

#[wasm_bindgen]
impl AttachmentDecryptor {
    /// Begins; the manifest must have an incremental MAC.
    #[wasm_bindgen(constructor)]
    pub fn new(key: &[u8], manifest: &AttachmentManifest) -> Fallible<Self> {
        Ok(Self(core::AttachmentDecryptor::new(key, &manifest.0).map_err(thrown)?))
    }

    /// Takes the next piece of the encrypted form, and gives what is verified by now.
    pub fn update(&self, blob: &[u8]) -> Fallible<Vec<u8>> {
        Ok(self.0.update(blob).map_err(thrown)?.to_vec())
    }

    /// Checks the end, and gives the rest of the plaintext.
    pub fn finish(&self) -> Fallible<Vec<u8>> {
        Ok(self.0.finish().map_err(thrown)?.to_vec())
    }
}

#[wasm_bindgen(typescript_custom_section)]
const ENCRYPTED: &str = r"
/** An attachment that was encrypted as a whole. */
export interface EncryptedAttachment {
    /** The key, 64 bytes, which travels in the message. Secret: it is the caller's to wipe. */
    key: Uint8Array;
    /** The encrypted form. */
    blob: Uint8Array;
    /** What the message says of the attachment. */
    manifest: AttachmentManifest;
}
";

#[wasm_bindgen]
extern "C" {
    /// An encrypted attachment.
    #[wasm_bindgen(typescript_type = "EncryptedAttachment")]
    pub type EncryptedAttachment;
}

/// Encrypts an attachment as a whole.
#[wasm_bindgen(js_name = encryptAttachment)]
pub fn encrypt_attachment(plaintext: &[u8]) -> Fallible<EncryptedAttachment> {
    let (key, blob, manifest) = core::encrypt_attachment(plaintext).map_err(thrown)?;
    let plain = Object::new();
    object::set(&plain, "key", Uint8Array::from(key.as_slice()));
    object::set(&plain, "blob", Uint8Array::from(blob.as_slice()));
    object::set(&plain, "manifest", AttachmentManifest(manifest));
    Ok(plain.unchecked_into())
}

/// Decrypts an attachment as a whole. The manifest may lack an incremental MAC.
#[wasm_bindgen(js_name = decryptAttachment)]
pub fn decrypt_attachment(key: &[u8], blob: &[u8], manifest: &AttachmentManifest) -> Fallible<Vec<u8>> {
    Ok(core::decrypt_attachment(key, blob, &manifest.0).map_err(thrown)?.to_vec())
}
