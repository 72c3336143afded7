// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving on many sessions in one call.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::config::Config;
use super::error::DecryptError;
use super::manual::Admission;
use super::receive::Trial;
use super::{Session, Slot};
use crate::crypto::curve::{KeyPair, PublicKey};
use crate::identity::Trust;
use crate::message::{Message, Parsed};
use crate::ratchet::turns::Prepared;

/// A message, and the session that it is for.
pub struct Incoming<'s, 'm> {
    /// The session with the sender.
    pub session: &'s mut Session,
    /// The message.
    pub message: &'m Message<'m>,
    /// What decides about the sender's identity.
    pub trust: Trust<'m>,
}

impl fmt::Debug for Incoming<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, message: _, trust } = self;
        f.debug_struct("Incoming").field("session", session).field("trust", trust).finish_non_exhaustive()
    }
}

/// Receives on each of several sessions as [`Session::receive`] does, and stages each by itself: for a server or a bot
/// that has many messages at hand. The DH ratchet steps that the messages make are computed together, which on
/// processors with vectors for it takes half the time.
///
/// The results are in the order of the messages. Draws 32 bytes for each of these steps first, then what
/// [`Session::receive`] draws for what is left.
///
/// ```
/// # use subrosa::session::{Incoming, manual::Admission, receive_each};
/// # use subrosa::store::Memory;
/// # use subrosa::{Account, Message, Session, Trust, rand_core::CryptoRng};
/// fn read(
///     account: &Account,
///     sessions: &mut [Session],
///     messages: &[Message<'_>],
///     store: &mut Memory,
///     rng: &mut impl CryptoRng,
/// ) {
///     let each = sessions.iter_mut().zip(messages);
///     let incoming = each.map(|(session, message)| Incoming { session, message, trust: Trust::Anyone });
///     for received in receive_each(&account.config(), incoming.collect(), rng) {
///         match received {
///             Ok(Admission::Decrypted(staged)) => {
///                 let text = staged.commit_with(|writes| store.apply(writes));
///             }
///             Ok(Admission::New(_)) => { /* a first message: Account::receive */ }
///             Err(refused) => { /* refused.failure() says what to do */ }
///         }
///     }
/// }
/// ```
pub fn receive_each<'s, 'm>(
    config: &Config<'m>,
    incoming: Vec<Incoming<'s, 'm>>,
    rng: &mut impl CryptoRng,
) -> Vec<Result<Admission<'s, 'm>, DecryptError>> {
    let (mut steps, mut places) = (Vec::new(), Vec::new());
    for Incoming { session, message, .. } in &incoming {
        let step = session.likely_step(config, message);
        places.push(step.is_some().then_some(steps.len()));
        steps.extend(step);
    }
    let prepared = Prepared::of(&steps, rng);
    let each = incoming.into_iter().zip(places);
    each.map(|(Incoming { session, message, trust }, place)| {
        session.receive_with(config, message, trust, &mut prepared.step(place, rng))
    })
    .collect()
}

impl Session {
    /// The keys of the step that a message would make the current session take, as far as can be told for nothing.
    fn likely_step<'a>(
        &'a self,
        config: &Config<'_>,
        message: &'a Message<'_>,
    ) -> Option<(&'a KeyPair, &'a PublicKey)> {
        let Parsed::Whisper(whisper) = message.parsed() else { return None };
        let state = self.current.as_deref()?;
        let known = |slot| self.state(slot).is_some_and(|state| state.knows(whisper.ratchet_key()));
        let fits = state.version.number() == whisper.version()
            && message.as_bytes().len() <= config.limits.message_len
            && !self.slots().any(known);
        let reach = Trial::of(config, message).reach(state, Slot::Current, (false, 1), self.addresses());
        (fits && state.check(whisper, reach)).then(|| (state.ratchet.double().pair(), whisper.ratchet_key()))
    }
}
