// SPDX-License-Identifier: MIT OR Apache-2.0

//! Encrypting an attachment while it is read.

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::buffer::{Buffer, Ready, copy};
use super::chunk_size::ChunkSize;
use super::error::AttachmentError;
use super::incremental_mac::IncrementalMacBuilder;
use super::key::AttachmentKey;
use super::manifest::AttachmentManifest;
use super::padding::{blob_len, padded_len};
use crate::crypto::cbc::{BLOCK_LEN, CbcEncryptor};
use crate::crypto::secret::Secret;

/// Encrypts an attachment that comes in pieces, in constant memory apart from 32 bytes a chunk.
///
/// The plaintext may be cut anywhere, and the buffers for the blob may have any size.
///
/// ```
/// # use rand_chacha::rand_core::SeedableRng;
/// # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
/// use subrosa::attachment::{AttachmentEncryptor, AttachmentKey, ChunkSize};
///
/// let pieces = [b"a picture, ".as_slice(), b"in two pieces"];
/// let (mut blob, mut buffer) = (Vec::new(), [0; 1024]);
///
/// let key = AttachmentKey::generate(&mut rng);
/// let mut encryptor = AttachmentEncryptor::new(&key, ChunkSize::for_len(24), &mut rng);
/// for mut piece in pieces {
///     while !piece.is_empty() {
///         let written = encryptor.update(&mut piece, &mut buffer);
///         blob.extend_from_slice(&buffer[..written]); // or sends it
///     }
/// }
/// let mut end = encryptor.finish();
/// loop {
///     match end.read(&mut buffer) {
///         0 => break,
///         written => blob.extend_from_slice(&buffer[..written]),
///     }
/// }
/// let manifest = end.manifest().unwrap(); // goes into the message, with the key
/// assert_eq!(manifest.plaintext_len, 24);
/// assert_eq!(blob.len() as u64, AttachmentEncryptor::blob_len(24));
/// ```
pub struct AttachmentEncryptor {
    /// Boxed, because it is aligned to 16 bytes, and stale stack bytes would fill the gap at the end.
    cipher: Box<CbcEncryptor>,
    /// Plaintext that does not fill a block.
    partial: Zeroizing<[u8; BLOCK_LEN]>,
    partial_len: usize,
    /// A part of the blob that had no room: the IV, a block, or the MAC.
    ready: Ready<32>,
    plaintext_len: u64,
    digest: Sha256,
    macs: IncrementalMacBuilder,
}

impl AttachmentEncryptor {
    /// Starts a blob whose incremental MAC has chunks of this size. Draws 16 bytes, the IV.
    ///
    /// [`ChunkSize::for_len`] of the [length of the blob](Self::blob_len) is the deployed choice. Receivers that
    /// decrypt while they receive keep a chunk in memory, and refuse more than 2 MiB.
    pub fn new(key: &AttachmentKey, chunk_size: ChunkSize, rng: &mut impl CryptoRng) -> Self {
        let iv = Secret::<BLOCK_LEN>::random(rng);
        let mut encryptor = Self {
            cipher: Box::new(CbcEncryptor::new(key.cipher().as_bytes(), iv.as_bytes())),
            partial: Zeroizing::new([0; BLOCK_LEN]),
            partial_len: 0,
            ready: Ready::new(),
            plaintext_len: 0,
            digest: Sha256::new(),
            macs: IncrementalMacBuilder::new(key.mac().as_bytes(), chunk_size),
        };
        encryptor.put(iv.as_bytes());
        encryptor
    }

    /// The length that a plaintext of `len` bytes is padded to with zeros: at least 541, and at most 5 % more than
    /// `len` otherwise.
    ///
    /// ```text
    /// max(541, floor(1.05^ceil(log_1.05(len))))
    /// ```
    ///
    /// Beyond 3.8 TiB nothing is padded.
    #[must_use]
    pub fn padded_len(len: u64) -> u64 {
        padded_len(len)
    }

    /// The length of the blob for a plaintext of `len` bytes.
    #[must_use]
    pub fn blob_len(len: u64) -> u64 {
        blob_len(len)
    }

    /// Takes plaintext from the front of `plaintext`, and writes the next part of the blob into `out`, until
    /// `plaintext` is empty or `out` is full. Gives the number of bytes written. An empty `out` is of no use.
    pub fn update(&mut self, plaintext: &mut &[u8], out: &mut [u8]) -> usize {
        let (before, mut buffer) = (plaintext.len(), Buffer::new(out));
        self.encrypt(plaintext, &mut buffer);
        let taken = u64::try_from(before - plaintext.len()).unwrap_or(u64::MAX);
        self.plaintext_len = self.plaintext_len.saturating_add(taken);
        buffer.written()
    }

    /// Ends the plaintext, and gives the rest of the blob, which is up to 5 % of it.
    #[must_use]
    pub fn finish(self) -> AttachmentEnd {
        let zeros = padded_len(self.plaintext_len).saturating_sub(self.plaintext_len);
        AttachmentEnd { encryptor: self, next: Next::Zeros(zeros) }
    }

    fn encrypt(&mut self, plaintext: &mut &[u8], buffer: &mut Buffer<'_>) {
        loop {
            self.ready.drain(buffer);
            if !self.ready.is_empty() || plaintext.is_empty() {
                return;
            }
            if self.partial_len == 0 {
                let count = self.cipher.encrypt(plaintext, buffer.left());
                self.hash(buffer.keep(count));
                take(plaintext, count);
            }
            self.fill_partial(plaintext);
        }
    }

    /// Fills the block that is not full; a full one is encrypted.
    fn fill_partial(&mut self, plaintext: &mut &[u8]) {
        let missing = self.partial.get_mut(self.partial_len..).unwrap_or_default();
        let count = copy(plaintext, missing);
        take(plaintext, count);
        self.partial_len += count;
        if self.partial_len == BLOCK_LEN {
            let mut block = [0; BLOCK_LEN];
            self.cipher.encrypt(self.partial.as_slice(), &mut block);
            self.partial_len = 0;
            self.put(&block);
        }
    }

    /// Puts bytes of the blob into the place they are drained from.
    fn put(&mut self, blob: &[u8]) {
        self.hash(blob);
        self.ready.put(blob);
    }

    fn hash(&mut self, blob: &[u8]) {
        self.digest.update(blob);
        self.macs.update(blob);
    }
}

/// The end of a blob that is being encrypted: padding and MAC.
pub struct AttachmentEnd {
    encryptor: AttachmentEncryptor,
    next: Next,
}

/// The next part to encrypt or write.
enum Next {
    /// So many zeros, up to the bucket.
    Zeros(u64),
    /// The block with the padding of the cipher.
    LastBlock,
    Mac,
    Nothing,
}

impl AttachmentEnd {
    /// Writes the next part of the blob into `out`. Gives the number of bytes written; 0 at the end, or if `out` is
    /// empty.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let mut buffer = Buffer::new(out);
        loop {
            self.encryptor.ready.drain(&mut buffer);
            if buffer.is_full() || matches!(self.next, Next::Nothing) {
                return buffer.written();
            }
            self.step(&mut buffer);
        }
    }

    /// The manifest, which the message must carry.
    ///
    /// # Errors
    /// [`AttachmentError::Unfinished`] if [`Self::read`] has not given the whole blob yet.
    pub fn manifest(self) -> Result<AttachmentManifest, AttachmentError> {
        let Self { encryptor, next: Next::Nothing } = self else { return Err(AttachmentError::Unfinished) };
        if !encryptor.ready.is_empty() {
            return Err(AttachmentError::Unfinished);
        }
        Ok(AttachmentManifest {
            digest: encryptor.digest.finalize().into(),
            plaintext_len: encryptor.plaintext_len,
            incremental_mac: encryptor.macs.finish(),
        })
    }

    fn step(&mut self, buffer: &mut Buffer<'_>) {
        let encryptor = &mut self.encryptor;
        self.next = match self.next {
            Next::Zeros(0) => Next::LastBlock,
            Next::Zeros(left) => {
                const ZEROS: [u8; 1024] = [0; 1024];
                let count = usize::try_from(left).unwrap_or(ZEROS.len());
                let mut zeros = ZEROS.get(..count).unwrap_or(&ZEROS);
                let before = zeros.len();
                encryptor.encrypt(&mut zeros, buffer);
                let taken = u64::try_from(before - zeros.len()).unwrap_or_default();
                Next::Zeros(left - taken)
            }
            Next::LastBlock => {
                let missing = BLOCK_LEN - encryptor.partial_len;
                // 1 to 16.
                let padding = [u8::try_from(missing).unwrap_or_default(); BLOCK_LEN];
                encryptor.fill_partial(&mut padding.split_at(missing).0);
                Next::Mac
            }
            Next::Mac => {
                let mac = encryptor.macs.so_far();
                encryptor.put(&mac);
                Next::Nothing
            }
            Next::Nothing => Next::Nothing,
        };
    }
}

/// Takes the first `count` bytes off the front.
fn take(bytes: &mut &[u8], count: usize) {
    *bytes = bytes.get(count..).unwrap_or_default();
}

impl fmt::Debug for AttachmentEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cipher: _, partial: _, partial_len: _, ready: _, plaintext_len, digest: _, macs: _ } =
            self;
        write!(f, "AttachmentEncryptor({plaintext_len} bytes so far)")
    }
}

impl fmt::Debug for AttachmentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { encryptor, next: _ } = self;
        write!(f, "AttachmentEnd({} bytes encrypted)", encryptor.plaintext_len)
    }
}
