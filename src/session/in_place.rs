// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sending and receiving in buffers of the caller's: in a steady conversation nothing is allocated for the message.

use alloc::vec::Vec;
use core::fmt;
use core::mem::take;
use core::ops::{Deref, DerefMut};

use rand_core::CryptoRng;
use zeroize::Zeroize;

use super::{Change, Session, SessionChange, SessionEffects};
use crate::crypto::cbc::CbcKey;
use crate::crypto::stack;
use crate::identity::Trust;
use crate::session::{DecryptError, EncryptError};
use crate::staged::{InPlace, Received, StagedInPlace, sealed};
use crate::timestamp::Timestamp;
use crate::wire::message::{MessageKind, ParseError};
use crate::wire::signal_message::SignalMessage;

/// Why a message was not decrypted where it lies. Nothing has changed then, nor has the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptInPlaceError {
    /// It is no message.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It was refused.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
}

impl Session {
    /// [`encrypt`](Self::encrypt) at the end of `out`, which the stage holds until it is committed: then it gives the
    /// kind of the message. If the stage is dropped, what was appended is cut off again.
    ///
    /// The message is about 100 bytes longer than the plaintext, once the peer has answered.
    ///
    /// # Errors
    /// [`EncryptError`]; nothing was appended then.
    pub fn encrypt_into<'s, 'b>(
        &'s mut self,
        plaintext: &[u8],
        out: &'b mut Vec<u8>,
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<StagedInPlace<'s, Self, AppendedCiphertext<'b>>, EncryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (state, sending) = self.prepare_message(trust, now, rng)?;
            let start = out.len();
            let kind = self.write_message(state, &sending, plaintext, out);
            let effects = SessionEffects::of(state.remote_identity);
            let staged = self.stage(SessionChange(Change::Sent(sending.change)), effects, ());
            Ok(StagedInPlace::new(staged, AppendedCiphertext { out, start, kind, released: false }))
        })
    }

    /// [`decrypt`](Self::decrypt) of the message of kind `Whisper` in `message`, where it lies. The stage holds the
    /// buffer; committed, it gives the plaintext, a part of the buffer. If the stage is dropped, the message is
    /// encrypted again as it was, so that it can be received later.
    ///
    /// # Errors
    /// [`DecryptInPlaceError`].
    pub fn decrypt_in_place<'s, 'b>(
        &'s mut self,
        message: &'b mut [u8],
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<StagedInPlace<'s, Self, DecryptedInPlace<'b>>, DecryptInPlaceError> {
        stack::wiped(stack::OPERATION, move || {
            let parsed = SignalMessage::parse(message)?;
            let (slot, opened) = self.open_any(&parsed, None, rng, |keys, body| {
                let key = CbcKey::new(keys.cipher_key, keys.iv);
                let len = key.plaintext_len(body)?;
                Ok((key, len))
            })?;
            let effects = self.received_from(slot, trust)?;
            let (key, len) = opened.plaintext;
            let (at, body_len) = (parsed.body_at(), parsed.body().len());
            let body = message.get_mut(at..).and_then(|rest| rest.get_mut(..body_len)).unwrap_or_default();
            key.decrypt(body);
            let staged = self.stage(SessionChange(Change::Received(slot, opened.change)), effects, ());
            Ok(StagedInPlace::new(staged, DecryptedInPlace { body, len, key }))
        })
    }
}

/// A message at the end of the caller's buffer, until its stage is committed.
pub struct AppendedCiphertext<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    kind: MessageKind,
    released: bool,
}

impl sealed::InPlace for AppendedCiphertext<'_> {
    type Output = MessageKind;

    fn release(mut self) -> MessageKind {
        self.released = true;
        self.kind
    }
}

impl InPlace for AppendedCiphertext<'_> {}

impl Drop for AppendedCiphertext<'_> {
    fn drop(&mut self) {
        if !self.released {
            self.out.truncate(self.start);
        }
    }
}

impl fmt::Debug for AppendedCiphertext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out, start, kind, released: _ } = self;
        write!(f, "AppendedCiphertext({kind:?}, {} bytes)", out.len() - start)
    }
}

/// A plaintext in the caller's buffer, until its stage is committed.
pub struct DecryptedInPlace<'b> {
    /// Plaintext and padding; empty once it is released.
    body: &'b mut [u8],
    len: usize,
    key: CbcKey,
}

impl<'b> sealed::InPlace for DecryptedInPlace<'b> {
    type Output = PlaintextMut<'b>;

    fn release(mut self) -> PlaintextMut<'b> {
        let (plaintext, _) = take(&mut self.body).split_at_mut(self.len);
        PlaintextMut(plaintext)
    }
}

impl InPlace for DecryptedInPlace<'_> {}
impl sealed::Received for DecryptedInPlace<'_> {}
impl Received for DecryptedInPlace<'_> {}

impl Deref for DecryptedInPlace<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.body.split_at(self.len).0
    }
}

impl Drop for DecryptedInPlace<'_> {
    fn drop(&mut self) {
        if !self.body.is_empty() {
            self.key.encrypt(self.body);
        }
    }
}

impl fmt::Debug for DecryptedInPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body: _, len, key: _ } = self;
        write!(f, "DecryptedInPlace({len} bytes)")
    }
}

/// A plaintext in the caller's buffer: wiped there when dropped, not shown by `Debug`.
pub struct PlaintextMut<'b>(&'b mut [u8]);

impl<'b> PlaintextMut<'b> {
    /// The plaintext, which is the caller's to wipe.
    #[must_use]
    pub fn into_slice(mut self) -> &'b mut [u8] {
        take(&mut self.0)
    }
}

impl Deref for PlaintextMut<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl DerefMut for PlaintextMut<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0
    }
}

impl Drop for PlaintextMut<'_> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PlaintextMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaintextMut({} bytes)", self.0.len())
    }
}
