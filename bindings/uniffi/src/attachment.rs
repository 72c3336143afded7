// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments.

use std::sync::Arc;

use subrosa_binding as core;
use zeroize::Zeroizing;

use crate::error::SubrosaError;

/// What a message says of an attachment, beside its key.
#[derive(Clone, uniffi::Record)]
pub struct AttachmentManifest {
    /// SHA-256 of the encrypted form, 32 bytes.
    pub digest: Vec<u8>,
    /// Length of the plaintext in bytes.
    pub plaintext_len: u64,
    /// The incremental MAC; empty if the message has none.
    pub incremental_mac: Vec<u8>,
    /// The size of its chunks.
    pub chunk_size: u32,
}

impl From<AttachmentManifest> for core::Manifest {
    fn from(manifest: AttachmentManifest) -> Self {
        let AttachmentManifest { digest, plaintext_len, incremental_mac, chunk_size } = manifest;
        Self { digest, plaintext_len, incremental_mac, chunk_size }
    }
}

impl From<core::Manifest> for AttachmentManifest {
    fn from(manifest: core::Manifest) -> Self {
        let core::Manifest { digest, plaintext_len, incremental_mac, chunk_size } = manifest;
        Self { digest, plaintext_len, incremental_mac, chunk_size }
    }
}

/// The end of an encrypted form.
#[derive(uniffi::Record)]
pub struct AttachmentEnd {
    /// The rest of the encrypted form.
    pub rest: Vec<u8>,
    /// What the message says of it.
    pub manifest: AttachmentManifest,
}

/// Encrypts an attachment piece by piece.
#[derive(uniffi::Object)]
pub struct AttachmentEncryptor(core::AttachmentEncryptor);

#[uniffi::export]
impl AttachmentEncryptor {
    /// Begins, with a fresh key. `len` is that of the plaintext, as far as it is known.
    #[uniffi::constructor]
    pub fn new(len: u64) -> Arc<Self> {
        Arc::new(Self(core::AttachmentEncryptor::new(len)))
    }

    /// The key, 64 bytes, which travels in the message. Secret.
    pub fn key(&self) -> Vec<u8> {
        self.0.key().to_vec()
    }

    /// Takes the next piece of the plaintext, and gives what is encrypted by now.
    pub fn update(&self, plaintext: Vec<u8>) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.update(&plaintext)?)
    }

    /// Gives the rest of the encrypted form, and what the message says of it.
    pub fn finish(&self) -> Result<AttachmentEnd, SubrosaError> {
        let (rest, manifest) = self.0.finish()?;
        Ok(AttachmentEnd { rest, manifest: manifest.into() })
    }
}

/// Decrypts an attachment piece by piece, as it arrives. Only authentic plaintext comes out.
#[derive(uniffi::Object)]
pub struct AttachmentDecryptor(core::AttachmentDecryptor);

#[uniffi::export]
impl AttachmentDecryptor {
    /// Begins; the manifest must have an incremental MAC.
    #[uniffi::constructor]
    pub fn new(key: Vec<u8>, manifest: AttachmentManifest) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::AttachmentDecryptor::new(&key, &manifest.into())?)))
    }

    /// Takes the next piece of the encrypted form, and gives what is verified by now.
    pub fn update(&self, blob: Vec<u8>) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.update(&blob)?.to_vec())
    }

    /// Checks the end, and gives the rest of the plaintext.
    pub fn finish(&self) -> Result<Vec<u8>, SubrosaError> {
        Ok(self.0.finish()?.to_vec())
    }
}

/// An attachment that was encrypted as a whole.
#[derive(uniffi::Object)]
pub struct EncryptedAttachment {
    key: Zeroizing<Vec<u8>>,
    blob: Vec<u8>,
    manifest: core::Manifest,
}

#[uniffi::export]
impl EncryptedAttachment {
    /// The key, 64 bytes, which travels in the message. Secret.
    pub fn key(&self) -> Vec<u8> {
        self.key.to_vec()
    }

    /// The encrypted form.
    pub fn blob(&self) -> Vec<u8> {
        self.blob.clone()
    }

    /// What the message says of the attachment.
    pub fn manifest(&self) -> AttachmentManifest {
        self.manifest.clone().into()
    }
}

/// Encrypts an attachment as a whole.
#[uniffi::export]
pub fn encrypt_attachment(plaintext: Vec<u8>) -> Result<Arc<EncryptedAttachment>, SubrosaError> {
    let (key, blob, manifest) = core::encrypt_attachment(&plaintext)?;
    Ok(Arc::new(EncryptedAttachment { key, blob, manifest }))
}

/// Decrypts an attachment as a whole. The manifest may lack an incremental MAC.
#[uniffi::export]
pub fn decrypt_attachment(
    key: Vec<u8>,
    blob: Vec<u8>,
    manifest: AttachmentManifest,
) -> Result<Vec<u8>, SubrosaError> {
    Ok(core::decrypt_attachment(&key, &blob, &manifest.into())?.to_vec())
}
