// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments.

use subrosa_binding::{
    AttachmentDecryptor, AttachmentEncryptor, Manifest, decrypt_attachment, encrypt_attachment,
};
use zeroize::Zeroizing;

use crate::call::call;
use crate::code::SubrosaCode;
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes};
use crate::stage::Bytes;
use crate::table::{SubrosaHandle, get, give};

/// What a message says of an attachment, beside its key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaManifest {
    /// SHA-256 of the encrypted form, 32 bytes.
    digest: SubrosaBytes,
    /// Length of the plaintext in bytes.
    plaintext_length: u64,
    /// The incremental MAC; null if the message has none.
    incremental_mac: SubrosaBytes,
    /// The size of its chunks.
    chunk_size: u32,
}

impl SubrosaManifest {
    fn plain(&self) -> Result<Manifest, subrosa_binding::Error> {
        Ok(Manifest {
            digest: self.digest.read()?.to_vec(),
            plaintext_len: self.plaintext_length,
            incremental_mac: self.incremental_mac.read()?.to_vec(),
            chunk_size: self.chunk_size,
        })
    }
}

/// Begins to encrypt an attachment, with a fresh key. `length` is that of the plaintext, as far as it is known.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_encryptor_new(
    length: u64,
    encryptor: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(AttachmentEncryptor::new(length), &encryptor))
}

/// The key, 64 bytes, which travels in the message. Secret.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_encryptor_key(
    encryptor: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<AttachmentEncryptor>(encryptor)?.key()))
}

/// Takes the next piece of the plaintext, and gives what is encrypted by now, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_encryptor_update(
    encryptor: SubrosaHandle,
    plaintext: SubrosaBytes,
    encrypted: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let piece = get::<AttachmentEncryptor>(encryptor)?.update(plaintext.read()?)?;
        give(Bytes(Zeroizing::new(piece)), &encrypted)
    })
}

/// Gives the rest of the encrypted form, as bytes, and a manifest.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_encryptor_finish(
    encryptor: SubrosaHandle,
    encrypted: Out<SubrosaHandle>,
    manifest: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        manifest.check()?;
        encrypted.check()?;
        let (rest, made) = get::<AttachmentEncryptor>(encryptor)?.finish()?;
        give(Bytes(Zeroizing::new(rest)), &encrypted)?;
        give(made, &manifest)
    })
}

/// What a manifest says: the length of the plaintext, the size of chunks, digest (32 bytes) and incremental MAC.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_manifest(
    manifest: SubrosaHandle,
    plaintext_length: Out<u64>,
    chunk_size: Out<u32>,
    digest: Out<SubrosaBuffer>,
    incremental_mac: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let manifest = get::<Manifest>(manifest)?;
        plaintext_length.put(manifest.plaintext_len)?;
        chunk_size.put(manifest.chunk_size)?;
        // Both lengths are told, also if one buffer is too small.
        let digests = digest.fill(&manifest.digest);
        incremental_mac.fill(&manifest.incremental_mac)?;
        digests
    })
}

/// Begins to decrypt an attachment as it arrives; the manifest must have an incremental MAC.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_decryptor_new(
    key: SubrosaBytes,
    manifest: In<SubrosaManifest>,
    decryptor: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(AttachmentDecryptor::new(key.read()?, &manifest.read()?.plain()?)?, &decryptor))
}

/// Takes the next piece of the encrypted form, and gives what is verified by now, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_decryptor_update(
    decryptor: SubrosaHandle,
    encrypted: SubrosaBytes,
    plaintext: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(Bytes(get::<AttachmentDecryptor>(decryptor)?.update(encrypted.read()?)?), &plaintext))
}

/// Checks the end, and gives the rest of the plaintext, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_decryptor_finish(
    decryptor: SubrosaHandle,
    plaintext: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(Bytes(get::<AttachmentDecryptor>(decryptor)?.finish()?), &plaintext))
}

/// Encrypts an attachment as a whole: its key, 64 bytes, which is secret; its encrypted form, as bytes; and a manifest.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_encrypt(
    plaintext: SubrosaBytes,
    key: Out<SubrosaBuffer>,
    encrypted: Out<SubrosaHandle>,
    manifest: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        encrypted.check()?;
        manifest.check()?;
        let (secret, blob, made) = encrypt_attachment(plaintext.read()?)?;
        key.fill(&secret)?;
        give(Bytes(Zeroizing::new(blob)), &encrypted)?;
        give(made, &manifest)
    })
}

/// Decrypts an attachment as a whole, to bytes. The manifest may lack an incremental MAC.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_attachment_decrypt(
    key: SubrosaBytes,
    encrypted: SubrosaBytes,
    manifest: In<SubrosaManifest>,
    plaintext: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let whole = decrypt_attachment(key.read()?, encrypted.read()?, &manifest.read()?.plain()?)?;
        give(Bytes(whole), &plaintext)
    })
}
