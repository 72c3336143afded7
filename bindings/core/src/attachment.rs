// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use subrosa::attachment::{
    self, AttachmentEnd, AttachmentKey, AttachmentManifest, AttachmentVerifier, ChunkSize, IncrementalMac,
};
use subrosa::keys::Secret;
use subrosa::os_rng;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Code, Error};
use crate::plain::array;

/// What a message says of an attachment, beside its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the encrypted form, 32 bytes.
    pub digest: Vec<u8>,
    /// Length of the plaintext in bytes.
    pub plaintext_len: u64,
    /// The incremental MAC; empty if the message has none.
    pub incremental_mac: Vec<u8>,
    /// The size of its chunks.
    pub chunk_size: u32,
}

impl From<&AttachmentManifest> for Manifest {
    fn from(manifest: &AttachmentManifest) -> Self {
        Self {
            digest: manifest.digest.into(),
            plaintext_len: manifest.plaintext_len,
            incremental_mac: manifest.incremental_mac.as_bytes().to_vec(),
            chunk_size: manifest.incremental_mac.chunk_size().get(),
        }
    }
}

impl Manifest {
    fn to_subrosa(&self) -> Result<AttachmentManifest, Error> {
        let chunk_size = ChunkSize::new(self.chunk_size)?;
        Ok(AttachmentManifest {
            digest: array(&self.digest, "a digest")?,
            plaintext_len: self.plaintext_len,
            incremental_mac: IncrementalMac::from_bytes(chunk_size, &self.incremental_mac)?,
        })
    }
}

fn key_of(bytes: &[u8]) -> Result<AttachmentKey, Error> {
    let bytes = Zeroizing::new(array::<64>(bytes, "an attachment's key")?);
    Ok(AttachmentKey::new(&Secret::new(*bytes)))
}

fn closed() -> Error {
    Error::new(Code::Closed, "the attachment was finished before".into(), None)
}

/// Encrypts an attachment piece by piece.
pub struct AttachmentEncryptor {
    key: Zeroizing<Vec<u8>>,
    open: Mutex<Option<attachment::AttachmentEncryptor>>,
}

impl AttachmentEncryptor {
    /// Begins, with a fresh key. `len` is the length of the plaintext as far as it is known, by which the size of
    /// chunks is chosen.
    pub fn new(len: u64) -> Self {
        let key = AttachmentKey::generate(&mut os_rng());
        let chunk_size = ChunkSize::for_len(attachment::AttachmentEncryptor::blob_len(len));
        let open = attachment::AttachmentEncryptor::new(&key, chunk_size, &mut os_rng());
        Self { key: Zeroizing::new(key.to_secret().as_bytes().to_vec()), open: Mutex::new(Some(open)) }
    }

    /// The key, 64 bytes, which travels in the message. Secret.
    pub fn key(&self) -> Zeroizing<Vec<u8>> {
        self.key.clone()
    }

    /// Takes the next piece of the plaintext, and gives what is encrypted by now.
    pub fn update(&self, mut plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let encryptor = open.as_mut().ok_or_else(closed)?;
        let mut out = Vec::new();
        loop {
            let (filled, left) = (out.len(), plaintext.len());
            out.resize(filled + left + 64, 0);
            let written = encryptor.update(&mut plaintext, out.get_mut(filled..).unwrap_or_default());
            out.truncate(filled + written);
            if plaintext.is_empty() && written < left + 64 {
                return Ok(out);
            }
        }
    }

    /// Gives the rest of the encrypted form, and what the message says of it.
    pub fn finish(&self) -> Result<(Vec<u8>, Manifest), Error> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut end: AttachmentEnd = open.ok_or_else(closed)?.finish();
        let (mut out, mut piece) = (Vec::new(), vec![0; 16_384]);
        loop {
            let len = end.read(&mut piece);
            if len == 0 {
                return Ok((out, Manifest::from(&end.manifest()?)));
            }
            out.extend_from_slice(piece.get(..len).unwrap_or_default());
        }
    }
}

impl fmt::Debug for AttachmentEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentEncryptor(..)")
    }
}

/// Decrypts an attachment piece by piece, as it arrives. Only authentic plaintext comes out.
pub struct AttachmentDecryptor(Mutex<Option<attachment::AttachmentDecryptor>>);

impl AttachmentDecryptor {
    /// Begins; the manifest must have an incremental MAC.
    pub fn new(key: &[u8], manifest: &Manifest) -> Result<Self, Error> {
        let decryptor = attachment::AttachmentDecryptor::new(&key_of(key)?, manifest.to_subrosa()?)?;
        Ok(Self(Mutex::new(Some(decryptor))))
    }

    /// Takes the next piece of the encrypted form, and gives what is verified by now.
    pub fn update(&self, mut blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let decryptor = open.as_mut().ok_or_else(closed)?;
        let (mut out, mut piece) = (Zeroizing::new(Vec::new()), Zeroizing::new(vec![0; 65_536]));
        loop {
            let written = decryptor.update(&mut blob, &mut piece)?;
            append(&mut out, piece.get(..written).unwrap_or_default());
            if blob.is_empty() && written == 0 {
                return Ok(out);
            }
        }
    }

    /// Checks the end, and gives the rest of the plaintext.
    pub fn finish(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Zeroizing::new(open.ok_or_else(closed)?.finish()?.to_vec()))
    }
}

impl fmt::Debug for AttachmentDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentDecryptor(..)")
    }
}

/// Appends without leaving an unwiped copy behind.
fn append(out: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    if out.capacity() < out.len() + piece.len() {
        let mut larger = Vec::with_capacity(2 * (out.len() + piece.len()));
        larger.extend_from_slice(out);
        out.zeroize();
        **out = larger;
    }
    out.extend_from_slice(piece);
}

/// A secret, wiped when it is dropped.
type Secretly = Zeroizing<Vec<u8>>;

/// Encrypts an attachment as a whole: its key, its encrypted form, and what the message says of it.
pub fn encrypt_attachment(plaintext: &[u8]) -> Result<(Secretly, Vec<u8>, Manifest), Error> {
    let encryptor = AttachmentEncryptor::new(u64::try_from(plaintext.len()).unwrap_or(u64::MAX));
    let mut blob = encryptor.update(plaintext)?;
    let (rest, manifest) = encryptor.finish()?;
    blob.extend(rest);
    Ok((encryptor.key(), blob, manifest))
}

/// Decrypts an attachment as a whole. The manifest may lack an incremental MAC.
pub fn decrypt_attachment(key: &[u8], blob: &[u8], manifest: &Manifest) -> Result<Zeroizing<Vec<u8>>, Error> {
    let manifest = if manifest.incremental_mac.is_empty() {
        let digest = array(&manifest.digest, "a digest")?;
        let mut verifier = AttachmentVerifier::new(&key_of(key)?, digest, manifest.plaintext_len);
        verifier.update(blob);
        Manifest::from(&verifier.finish()?)
    } else {
        manifest.clone()
    };
    let decryptor = AttachmentDecryptor::new(key, &manifest)?;
    let mut plaintext = decryptor.update(blob)?;
    append(&mut plaintext, &decryptor.finish()?);
    Ok(plaintext)
}
