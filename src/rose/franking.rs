// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reports in a session: the tokens that it keeps, and the parts of its content (rose 35 part A).

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::change::{Change, Kept};
use super::report::{Moderators, ReportError, ReportKey, Reportable, Token, part, session_context};
use super::session::Session;
use crate::ids::DeviceName;
use crate::staged::Staged;
use crate::wire::rose::body::FRANK_LEN;

impl Session {
    /// Keeps a token of ours with the current state. Send it as [`Kind::ReportToken`](super::Kind::ReportToken) before
    /// the first content.
    ///
    /// # Errors
    /// [`ReportError`]: `Busy`, `NoToken` without a state.
    pub fn keep_report_key(&mut self, key: ReportKey) -> Result<Staged<'_, ()>, ReportError> {
        self.keep(Kept::Ours(Box::new(key)))
    }

    /// Keeps a token of the peer: the content of a message of [`Kind::ReportToken`](super::Kind::ReportToken).
    ///
    /// # Errors
    /// [`ReportError`]: `Busy`, `BadToken`, `NoToken` without a state.
    pub fn keep_token(
        &mut self,
        content: &[u8],
        moderators: &Moderators,
        today: u32,
    ) -> Result<Staged<'_, ()>, ReportError> {
        let token: Token = content.try_into().map_err(|_| ReportError::BadToken)?;
        moderators.judge(&token, today)?;
        self.keep(Kept::Theirs(Box::new(token)))
    }

    fn keep(&mut self, kept: Kept) -> Result<Staged<'_, ()>, ReportError> {
        self.lease.free()?;
        if self.states.is_empty() {
            return Err(ReportError::NoToken);
        }
        Ok(Staged::of(self, Change::Token(kept), ()))
    }

    /// The part of content that we send on the current state. Draws 64.
    ///
    /// # Errors
    /// [`ReportError::NoToken`].
    pub fn report_part(
        &self,
        said: &[u8],
        day: u32,
        rng: &mut impl CryptoRng,
    ) -> Result<[u8; FRANK_LEN], ReportError> {
        let state = self.states.first().ok_or(ReportError::NoToken)?;
        let key = state.our_token.as_ref().ok_or(ReportError::NoToken)?;
        let context = session_context(&state.transcript, &self.remote);
        Ok(part(&key.key, &context, day, (1, said), rng))
    }

    /// Judges the part of content that came, by the token that is kept with the current state. `us` is our own device.
    ///
    /// # Errors
    /// [`ReportError`]: `NoToken`, `NotFranked`.
    pub fn judge(&self, reportable: &Reportable, us: &DeviceName, today: u32) -> Result<(), ReportError> {
        let state = self.states.first().ok_or(ReportError::NoToken)?;
        let token = state.their_token.as_ref().ok_or(ReportError::NotFranked)?;
        reportable.judge(token, us, today)
    }
}
