// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving on a session (rose 32 §7, §9).

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::card::DeviceKeys;
use super::change::Change;
use super::codec::{BodyKeys, Parts};
use super::contact::PeerAuthentication;
use super::error::ReceiveError;
use super::kind::Kind;
use super::report::Reportable;
use super::session::Session;
use super::state::SessionState;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::plaintext::Plaintext;
use crate::ratchet::rose::{self as ratchet, Opening, Place};
use crate::staged::Staged;
use crate::wire::rose::body::{self, Body, Origin};
use crate::wire::rose::header::{Form, Header};
use crate::wire::rose::length::is_wire_length;

/// Greatest number of sessions of a trial.
pub const MAX_TRIAL: usize = 64;

/// A message that was received.
#[derive(Debug)]
pub struct Received {
    /// The kind of its content.
    pub kind: Kind,
    /// The content.
    pub content: Plaintext,
    /// The authentication of the state that it came on, after it.
    pub authentication: PeerAuthentication,
    /// What a report of it needs, if it is franked content. Judge its part before the content is used.
    pub reportable: Option<Reportable>,
}

/// A message that opened, and its change.
pub(super) struct Opened {
    pub(super) received: Received,
    pub(super) change: ratchet::Change,
    /// The state becomes Hybrid.
    pub(super) hybrid: bool,
}

impl Session {
    /// Decrypts a message whose tag the session expects. Draws 32 bytes if it begins the peer's next chain.
    ///
    /// # Errors
    /// [`ReceiveError`]: `Busy`, `NotFound` if the tag is not expected, then in the order of the steps.
    pub fn decrypt(
        &mut self,
        message: &[u8],
        keys: &DeviceKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Received>, ReceiveError> {
        self.lease.free()?;
        let (at, place) = self.find(message).ok_or(ReceiveError::NotFound)?;
        self.decrypt_at((at, place), message, keys, rng)
    }

    pub(super) fn decrypt_at(
        &mut self,
        (at, place): (usize, Place),
        message: &[u8],
        keys: &DeviceKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Received>, ReceiveError> {
        stack::wiped(stack::ROSE, move || {
            let state = self.states.get(at).ok_or(ReceiveError::NotFound)?;
            let Opened { received, change, hybrid } = state.receive(place, message, keys, rng)?;
            Ok(Staged::of(self, Change::Received { at, change, hybrid }, received))
        })
    }

    /// The state and header key under which a message's header opens, whatever its tag.
    pub(super) fn recognise(&self, message: &[u8]) -> Option<(usize, Place)> {
        let parts = Parts::of(message)?;
        let states = self.states.iter().enumerate();
        stack::wiped(stack::ROSE, || { states }.find_map(|(at, state)| Some((at, state.recognise(&parts)?))))
    }
}

/// Decrypts a message that no session expects, by trial over up to 64 sessions (rose 32 §9.3): a chain of which too many
/// messages were lost is found again so. Anyone can cause the work, so bound how often you ask. Gives the place of the
/// session that opened it.
///
/// # Errors
/// [`ReceiveError`]: `TooManySessions`, `BadLength`, `NotFound`, then as [`Session::decrypt`].
pub fn trial<'a>(
    sessions: impl IntoIterator<Item = &'a mut Session>,
    message: &[u8],
    keys: &DeviceKeys,
    rng: &mut impl CryptoRng,
) -> Result<(usize, Staged<'a, Received>), ReceiveError> {
    let sessions: Vec<&mut Session> = sessions.into_iter().take(MAX_TRIAL + 1).collect();
    if sessions.len() > MAX_TRIAL {
        return Err(ReceiveError::TooManySessions);
    }
    if !is_wire_length(message.len()) {
        return Err(ReceiveError::BadLength);
    }
    for (index, session) in sessions.into_iter().enumerate() {
        session.lease.free()?;
        if let Some(place) = session.recognise(message) {
            return Ok((index, session.decrypt_at(place, message, keys, rng)?));
        }
    }
    Err(ReceiveError::NotFound)
}

impl SessionState {
    /// The header key under which a message's header opens, in the order of a trial.
    pub(super) fn recognise(&self, parts: &Parts<'_>) -> Option<Place> {
        self.ratchet.places().find(|place| {
            self.ratchet.expected(*place).is_some_and(|expected| parts.open_header(expected).is_some())
        })
    }

    /// Opens a message under the header key of a place.
    pub(super) fn receive(
        &self,
        place: Place,
        message: &[u8],
        keys: &DeviceKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, ReceiveError> {
        if !is_wire_length(message.len()) {
            return Err(ReceiveError::BadLength);
        }
        let parts = Parts::of(message).ok_or(ReceiveError::BadLength)?;
        let expected = self.ratchet.expected(place).ok_or(ReceiveError::NotFound)?;
        let header = Header::parse(&parts.open_header(expected).ok_or(ReceiveError::NotAuthentic)?)?;
        let proof = self.proof.as_ref().filter(|_| self.ratchet.received_chains() == 1);
        let opening = self.ratchet.receive(place, &header, proof.map(|proof| &proof.secret))?;
        let (padded, commitment) = open_body(&parts, &opening, header.form)?;
        let body = self.check(&opening, header.form, &padded)?;
        let secret = Self::peers_secret(&opening, &body, keys);
        let hybrid = secret.is_some() || (opening.begins_chain() && proof.is_some());
        let change = self.ratchet.accept(opening, secret.as_ref(), rng)?;
        let hybrid = hybrid && !self.is_hybrid();
        let authentication = if hybrid { PeerAuthentication::Hybrid } else { self.authentication };
        let reportable = body.aux.frank.map(|_| Reportable::new(&padded, commitment, self.transcript));
        let content = Plaintext::new(body.content.to_vec().into());
        let received = Received { kind: Kind::from_u8(body.kind), content, authentication, reportable };
        Ok(Opened { received, change, hybrid })
    }

    /// Reads the body, and checks that what is due is there.
    fn check<'p>(&self, opening: &Opening, form: Form, padded: &'p [u8]) -> Result<Body<'p>, ReceiveError> {
        let body = body::parse(Origin::Session, padded)?;
        if form == Form::Split && (body.kind != 1 || !body.aux.is_empty() || self.franked) {
            return Err(ReceiveError::Malformed);
        }
        match (!self.is_responder() && opening.first, body.aux.auth) {
            (true, None) => return Err(ReceiveError::MissingAuth),
            (false, Some(_)) => return Err(ReceiveError::Malformed),
            _ => {}
        }
        if body.aux.frank.is_some() != (self.franked && body.kind == 1) {
            return Err(ReceiveError::Malformed);
        }
        Ok(body)
    }

    /// `ss_A` of the message that makes A's first DH step: AUTH is only in B's first chain.
    fn peers_secret(opening: &Opening, body: &Body<'_>, keys: &DeviceKeys) -> Option<Secret<32>> {
        body.aux.auth.filter(|_| opening.begins_chain()).map(|ciphertext| keys.decapsulate(ciphertext))
    }
}

type Padded = zeroize::Zeroizing<Vec<u8>>;

/// `P`, and `Kf`.
fn open_body(parts: &Parts<'_>, opening: &Opening, form: Form) -> Result<(Padded, Secret<32>), ReceiveError> {
    let keys = BodyKeys::of_message(&opening.post_quantum, opening.seed.as_bytes(), parts.eh);
    let (keys, sealed) = match form {
        Form::Single => (keys, parts.rest),
        Form::Split => {
            let (b, shared) = parts.open_shared_key(&keys)?;
            (BodyKeys::shared(&b), shared)
        }
    };
    Ok((keys.open_body(sealed)?, keys.commitment))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::crypto::curve::PrivateKey;
    use crate::ratchet::rose::Sent;
    use crate::rose::codec::{SINGLE_OVERHEAD, SPLIT_OVERHEAD};
    use crate::rose::send::Sealing;
    use crate::rose::{
        Account, Admission, Class, DeviceName, Issuers, Outgoing, Policy, Sender, Trust, VerifiedBundle,
        issue,
    };
    use crate::timestamp::Timestamp;
    use crate::wire::rose::body::Aux;
    use crate::wire::rose::length::wire_length;

    /// Alice's session after her first message, and Bob's.
    fn begun(rng: &mut ChaCha20Rng) -> (Session, Session, Account) {
        let now = Timestamp::from_secs(1_795_000_000);
        let [alice, mut bob] = [1, 2].map(|byte| {
            let keys = DeviceKeys::generate(DeviceName::new([byte; 17], 1), 1, now, rng);
            Account::new(keys, now, rng).commit()
        });
        let (service, mut issuers) = (PrivateKey::generate(rng), Issuers::default());
        issuers.add(7, *service.public_key().as_bytes());
        let tomorrow = now.saturating_add(Duration::from_secs(86_400));
        let certificate = issue((7, &service), tomorrow, &alice.keys.card.hash(), rng);
        bob.new_prekeys((Class::OneTime, 1), now, rng).unwrap().commit();

        let mut to_bob = Session::new(bob.name());
        let bundle = VerifiedBundle::verify(&bob.bundle(2).unwrap(), &to_bob, Trust::Anyone, now).unwrap();
        to_bob.initiate(&alice.keys, bundle, false, now, rng).unwrap().commit();
        let sender = Sender { certificate: &certificate, contact: None, now };
        let first = to_bob.encrypt(&Outgoing::dummy(), &sender, rng).unwrap().commit();
        let (mut to_alice, first) = (Session::new(alice.name()), bob.open(&first).unwrap());
        let admission = Admission { issuers: &issuers, trust: Trust::Anyone, policy: Policy::default(), now };
        bob.receive_first(&mut to_alice, &first, &admission, rng).unwrap().commit();
        (to_bob, to_alice, bob)
    }

    /// The next message, with any kind and parts.
    fn message(
        state: &SessionState,
        form: Form,
        (kind, aux): (u8, &Aux<'_>),
        rng: &mut ChaCha20Rng,
    ) -> Vec<u8> {
        let overhead = if form == Form::Single { SINGLE_OVERHEAD } else { SPLIT_OVERHEAD };
        let len = wire_length(overhead + body::PREFIX_LEN + aux.len()).unwrap();
        let padded = body::encode(kind, aux, &[], len - overhead);
        let (sent, b) = (state.ratchet.send(form, rng).unwrap(), Secret::new([1; 32]));
        let mut sealed = Vec::new();
        if form == Form::Split {
            BodyKeys::shared(&b).seal_body(&padded, &mut sealed);
            let (stub, _) = state.stub(sent, (&b, &sealed[..32]), rng).unwrap();
            return [stub, sealed].concat();
        }
        let header_key = state.ratchet.sending_header_key().unwrap();
        let Sent { header, seed, post_quantum, .. } = sent;
        let sealing = Sealing { header_key, seed: seed.as_bytes(), post_quantum: &post_quantum };
        let (eh, keys) = sealing.header(&header.encode(), [&padded, &[]], rng);
        keys.seal_body(&padded, &mut sealed);
        [&header_key.tag(header.number)[..], &eh, &sealed].concat()
    }

    #[test]
    fn what_is_not_due_in_a_body_is_malformed() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (alice, mut bob, account) = begun(&mut rng);
        let (none, proof) = (Aux::default(), Aux { auth: Some(&[0; 1_088]), ..Aux::default() });
        let malformed = Some(ReceiveError::Malformed);
        for (form, body, refused) in [
            (Form::Single, (0, &none), None),
            (Form::Single, (1, &none), None),
            (Form::Split, (1, &none), None),
            (Form::Split, (0, &none), malformed),
            (Form::Split, (1, &proof), malformed),
            (Form::Single, (1, &proof), malformed),
        ] {
            let message = message(&alice.states[0], form, body, &mut rng);
            let received = bob.decrypt(&message, account.keys(), &mut rng);
            assert_eq!(received.map(drop).err(), refused, "{form:?} {body:?}");
        }
    }
}
