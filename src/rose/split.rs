// SPDX-License-Identifier: MIT OR Apache-2.0

//! Split messages: one shared part, and a stub for each session (rose 34 §3).
//!
//! ```text
//! B = HMAC(key = 32 bytes drawn, "rose1.b\0" || seed || P)      seed: of the first session's message
//! shared part = F || C || t                                    under Expand(B, "rose1.shared\0", 76)
//! V = AES-256-GCM(Ke, Ne, B, associated data = F)              of each session
//! stub = T || EH || V
//! ```

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::change::Change;
use super::codec::{BodyKeys, SPLIT_OVERHEAD};
use super::error::SendError;
use super::kind::Kind;
use super::send::{Sealing, Sender};
use super::session::Session;
use super::state::SessionState;
use crate::crypto::mac::MacKey;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::ratchet::rose::Sent;
use crate::staged::Staged;
use crate::wire::rose::body::{self, Aux, PREFIX_LEN};
use crate::wire::rose::header::Form;
use crate::wire::rose::length::wire_length;
use crate::wire::rose::upload::{self, SESSION_STUB_LEN};

const B: &[u8] = b"rose1.b\0";

/// An upload for many sessions.
#[derive(Debug)]
pub struct SplitUpload {
    /// The bytes for the service.
    pub bytes: Vec<u8>,
    /// The key of the shared part.
    #[cfg(feature = "hazmat")]
    pub shared_key: Secret<32>,
}

/// Encrypts content once for many sessions: 184 bytes and a ratchet step for each. All changes are one stage. Draws 32,
/// then for each session, in order, what the braid needs and 16.
///
/// # Errors
/// [`SendError`]: for one session, `NotSplittable` where it has to be reached singly, or as
/// [`encrypt`](Session::encrypt); `TooLong`; `BadUpload`.
pub fn seal_for_many<'a>(
    sessions: impl IntoIterator<Item = (impl AsRef<[u8]>, &'a mut Session)>,
    (content, at_least): (&[u8], usize),
    sender: &Sender<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Staged<'a, SplitUpload>, SendError> {
    let len = wire_length((SPLIT_OVERHEAD + PREFIX_LEN + content.len()).max(at_least))?;
    stack::wiped(stack::ROSE, move || {
        let padded = body::encode(Kind::Content.to_u8(), &Aux::default(), content, len - SPLIT_OVERHEAD);
        let draw = Secret::<32>::random(rng);
        let mut shared: Option<(Secret<32>, Vec<u8>)> = None;
        let (mut stubs, mut stages) = (Vec::new(), Vec::new());
        for (mailbox, session) in sessions {
            session.lease.free()?;
            let at = session.sending_state(Kind::Content, sender)?;
            let state = session
                .states
                .get(at)
                .filter(|state| state.is_splittable())
                .ok_or(SendError::NotSplittable)?;
            let sent = state.ratchet.send(Form::Split, rng)?;
            let (b, shared) = &*shared.get_or_insert_with(|| {
                let b = MacKey::new(draw.as_bytes()).mac(&[B, sent.seed.as_bytes(), &padded]);
                let mut out = Vec::with_capacity(len - SESSION_STUB_LEN);
                BodyKeys::shared(&b).seal_body(&padded, &mut out);
                (b, out)
            });
            let f = shared.get(..32).unwrap_or_default();
            let (stub, change) = state.stub(sent, (b, f), rng)?;
            stubs.push((mailbox, stub));
            stages.push(Staged::of(session, Change::Sent { at, change }, ()));
        }
        let (shared_key, shared) = shared.ok_or(SendError::BadUpload)?;
        let entries = stubs.iter().map(|(mailbox, stub)| (mailbox.as_ref(), &stub[..]));
        let bytes = upload::encode(entries, &shared).map_err(|_| SendError::BadUpload)?;
        #[cfg(not(feature = "hazmat"))]
        drop(shared_key);
        let upload = SplitUpload {
            bytes,
            #[cfg(feature = "hazmat")]
            shared_key,
        };
        Ok(Staged::all(stages).map(|_| upload))
    })
}

impl SessionState {
    fn is_splittable(&self) -> bool {
        !self.franked && self.unanswered.is_none() && !self.owes_proof()
    }

    pub(super) fn stub(
        &self,
        sent: Sent,
        (b, f): (&Secret<32>, &[u8]),
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, crate::ratchet::rose::Change), SendError> {
        let header_key = self.ratchet.sending_header_key()?;
        let Sent { header, seed, post_quantum, change } = sent;
        let sealing = Sealing { header_key, seed: seed.as_bytes(), post_quantum: &post_quantum };
        let (eh, keys) = sealing.header(&header.encode(), [b.as_bytes(), &[]], rng);
        let mut stub = Vec::with_capacity(SESSION_STUB_LEN);
        stub.extend_from_slice(&header_key.tag(header.number));
        stub.extend_from_slice(&eh);
        keys.seal_shared_key(b, f, &mut stub);
        Ok((stub, change))
    }
}
