// SPDX-License-Identifier: MIT OR Apache-2.0

//! From verified content to plaintext: who sent it comes with what was sent.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::certificate::VerifiedSenderCertificate;
use super::content::VerifiedContent;
use crate::account::{Account, FirstMessage, FirstMessageError};
use crate::identity::Trust;
use crate::plaintext::Plaintext;
use crate::repair::Failure;
use crate::session::{
    AcceptFailure, Admission, AdmitError, DecryptError, Local, NeededPreKeys, NewSession, ResponderKeys,
    Session,
};
use crate::staged::{Received, Staged, sealed};
use crate::wire::message::{MessageKind, ParseError};
use crate::wire::plaintext_content::PlaintextContent;
use crate::wire::prekey_message::PreKeySignalMessage;
use crate::wire::signal_message::SignalMessage;

/// What a verified content holds, by kind.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one is held at a time, and not for long")]
#[non_exhaustive]
pub enum SealedMessage<'c> {
    /// A message of a session with the sender.
    Session(SessionMessage<'c>),
    /// A group message: to be decrypted with the receiving keys of the [sender](VerifiedContent::sender).
    Group(&'c [u8]),
    /// An unencrypted message. The sender is known, but nothing else protects it: not to be shown to a user.
    Plaintext(PlaintextContent<'c>),
}

impl VerifiedContent {
    /// What the content holds.
    ///
    /// # Errors
    /// [`ParseError`], if it is of a session, or unencrypted.
    pub fn message(&self) -> Result<SealedMessage<'_>, ParseError> {
        let session = |message| SealedMessage::Session(SessionMessage { content: self, message });
        let bytes = self.bytes();
        Ok(match self.kind() {
            MessageKind::Whisper => session(Parsed::Whisper(SignalMessage::parse(bytes)?)),
            MessageKind::PreKey => session(Parsed::PreKey(PreKeySignalMessage::parse(bytes)?)),
            MessageKind::SenderKey => SealedMessage::Group(bytes),
            MessageKind::Plaintext => SealedMessage::Plaintext(PlaintextContent::parse(bytes)?),
        })
    }
}

/// A message of a session, out of a verified content.
#[derive(Debug)]
pub struct SessionMessage<'c> {
    content: &'c VerifiedContent,
    message: Parsed<'c>,
}

#[derive(Debug)]
enum Parsed<'c> {
    Whisper(SignalMessage<'c>),
    PreKey(PreKeySignalMessage<'c>),
}

/// Why a message of a session was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedReceiveError {
    /// The session that the caller gave is with another device than the sender. The caller's fault.
    #[error("the session is not with the sender")]
    WrongSession,
    /// The session, or the message that would begin it, is with another identity than the certificate names.
    #[error("the sender's certificate names another identity than the session")]
    IdentityMismatch,
    /// The message would begin a session, but must not.
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// The message did not decrypt.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// The message would begin a session with an account's prekeys, but must not, or does not decrypt.
    #[error(transparent)]
    First(FirstMessageError),
}

impl From<FirstMessageError> for SealedReceiveError {
    fn from(error: FirstMessageError) -> Self {
        match error {
            FirstMessageError::Admit(error) => Self::Admit(error),
            FirstMessageError::Decrypt(error) => mismatch(error),
            error => Self::First(error),
        }
    }
}

impl From<&SealedReceiveError> for Failure {
    fn from(error: &SealedReceiveError) -> Self {
        match error {
            SealedReceiveError::WrongSession | SealedReceiveError::IdentityMismatch => Self::Undecryptable,
            SealedReceiveError::Admit(error) => error.into(),
            SealedReceiveError::Decrypt(error) => error.into(),
            SealedReceiveError::First(error) => error.into(),
        }
    }
}

/// A plaintext, and who sent it.
#[non_exhaustive]
pub struct Unsealed {
    /// Who sent it.
    pub sender: VerifiedSenderCertificate,
    /// The group that it is for, opaque to this crate.
    pub group_id: Option<Vec<u8>>,
    /// What was sent.
    pub plaintext: Plaintext,
}

impl sealed::Received for Unsealed {}
impl Received for Unsealed {}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, group_id: _, plaintext } = self;
        f.debug_struct("Unsealed")
            .field("sender", sender)
            .field("plaintext", plaintext)
            .finish_non_exhaustive()
    }
}

/// What a message of a session turned out to be.
#[expect(clippy::large_enum_variant, reason = "one is held at a time, and not for long")]
#[derive(Debug)]
pub enum SealedAdmission<'s, 'm> {
    /// It was decrypted on a session that is there.
    Decrypted(Staged<'s, Session, Unsealed>),
    /// It asks for a new session, for which prekeys are needed.
    New(NewSealedSession<'s, 'm>),
}

/// A message that asks for a new session.
pub struct NewSealedSession<'s, 'm> {
    content: &'m VerifiedContent,
    new: NewSession<'s, 'm>,
}

impl SessionMessage<'_> {
    /// Decrypts the message on `session`, which must be the one with the [sender](VerifiedContent::sender), or
    /// tells which prekeys are needed to begin it. `trust` is asked about the identity that the sender's
    /// certificate names, and the session must be with it.
    ///
    /// Draws 32 bytes for each session tried that takes the message's ratchet key for a new one. Changes
    /// nothing until the stage is committed.
    ///
    /// # Errors
    /// [`SealedReceiveError`].
    pub fn receive<'s, 'm>(
        &'m self,
        session: &'s mut Session,
        local: &Local<'m>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<SealedAdmission<'s, 'm>, SealedReceiveError> {
        self.check(session)?;
        let content = self.content;
        let staged = match &self.message {
            Parsed::Whisper(message) => self.decrypt(session, message, trust, rng)?,
            Parsed::PreKey(message) => match session.admit(local, message, trust)? {
                Admission::Known(known) => known.decrypt(rng).map_err(mismatch)?,
                Admission::New(new) => return Ok(SealedAdmission::New(NewSealedSession { content, new })),
            },
        };
        Ok(SealedAdmission::Decrypted(staged.map(|plaintext| content.unsealed(plaintext))))
    }

    /// Decrypts the message on `session`, as [`receive`](Self::receive) does, with the prekeys of `account` if
    /// it begins one. Session and account are staged together.
    ///
    /// # Errors
    /// [`SealedReceiveError`].
    pub fn receive_with<'a, 's>(
        &self,
        account: &'a mut Account,
        session: &'s mut Session,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<FirstMessage<'a, 's, Unsealed>, SealedReceiveError> {
        self.check(session)?;
        let staged = match &self.message {
            Parsed::Whisper(message) => FirstMessage::of_session(self.decrypt(session, message, trust, rng)?),
            Parsed::PreKey(message) => account.receive(session, message, trust, rng)?,
        };
        Ok(staged.map(|plaintext| self.content.unsealed(plaintext)))
    }

    /// Whether session and message are of the sender.
    fn check(&self, session: &Session) -> Result<(), SealedReceiveError> {
        let sender = self.content.sender().sender();
        if session.remote().name() != sender.name || session.remote().device() != sender.device {
            return Err(SealedReceiveError::WrongSession);
        }
        match &self.message {
            Parsed::PreKey(message) if sender.identity_key.public_key() != message.identity_key() => {
                Err(SealedReceiveError::IdentityMismatch)
            }
            _ => Ok(()),
        }
    }

    fn decrypt<'s>(
        &self,
        session: &'s mut Session,
        message: &SignalMessage<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Session, Plaintext>, SealedReceiveError> {
        let certified = &self.content.sender().sender().identity_key;
        let staged = session.decrypt(message, Trust::Pinned(certified), rng).map_err(mismatch)?;
        // As for every later message, asked only after it proved to be authentic.
        if trust.accepts(certified) { Ok(staged) } else { Err(DecryptError::UntrustedIdentity.into()) }
    }
}

/// A session with another identity than the certificate's.
const fn mismatch(error: DecryptError) -> SealedReceiveError {
    match error {
        DecryptError::UntrustedIdentity => SealedReceiveError::IdentityMismatch,
        error => SealedReceiveError::Decrypt(error),
    }
}

impl VerifiedContent {
    fn unsealed(&self, plaintext: Plaintext) -> Unsealed {
        let group_id = self.group_id().map(<[u8]>::to_vec);
        Unsealed { sender: self.sender().clone(), group_id, plaintext }
    }
}

impl<'s> NewSealedSession<'s, '_> {
    /// Which prekeys the message needs.
    #[must_use]
    pub fn needed(&self) -> NeededPreKeys {
        self.new.needed()
    }

    /// Begins the session and decrypts the message, as [`NewSession::accept`] does.
    ///
    /// # Errors
    /// [`AcceptFailure`], with the prekeys in it.
    #[expect(
        clippy::result_large_err,
        reason = "the keys go back as they came, and the other outcome is larger"
    )]
    pub fn accept<'k>(
        self,
        keys: ResponderKeys<'k>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Session, Unsealed>, AcceptFailure<'k>> {
        let Self { content, new } = self;
        Ok(new.accept(keys, rng)?.map(|plaintext| content.unsealed(plaintext)))
    }
}

impl fmt::Debug for NewSealedSession<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { content: _, new } = self;
        f.debug_struct("NewSealedSession").field("needed", &new.needed()).finish_non_exhaustive()
    }
}
