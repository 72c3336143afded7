// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reports ("franking", rose 35 part A): an optional extension. A recipient can prove to a moderator which account sent
//! a message, although the service did not know; and to nobody else.
//!
//! ```text
//! token = moderator key id (4) || last day (4) || P_t (32) || nonce (12)
//!         || AES-256-GCM(K_m, nonce, account || device) (34) || signature (64)
//! part  = day (4) || XEdDSA(k_t, "subrosa-rose-1 report\0" || context || day || kind || BE32(c) || SHA-256(content))
//! context = SHA-256("rose1.report context\0" || TH || name of the addressee)
//! ```

mod moderator;

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::codec;
use crate::crypto::curve::{PrivateKey, PublicKey};
use crate::crypto::mac::MacKey;
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa;
use crate::ids::DeviceName;
use crate::lease::Busy;
use crate::wire::rose::body::{self, Body, FRANK_LEN, GROUP_CONTENT, Origin};

pub use moderator::{Judgement, Moderator};

/// Length of a token in bytes.
pub const TOKEN_LEN: usize = 150;

const TOKEN: &[u8] = b"subrosa-rose-1 token\0";
const REPORT: &[u8] = b"subrosa-rose-1 report\0";
const STAMP: &[u8] = b"subrosa-rose-1 stamp\0";
const SESSION_CONTEXT: &[u8] = b"rose1.report context\0";
const GROUP_CONTEXT: &[u8] = b"rose1.group context\0";
/// How many days back a part may be dated.
const MAX_BACK: u32 = 45;

/// The reason that a token, a part or a report was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The token is not the moderator's, or no longer good.
    #[error("bad token")]
    BadToken,
    /// The part of a message is not good. Its content is not to be shown as the peer's.
    #[error("not franked")]
    NotFranked,
    /// The report proves nothing.
    #[error("bad report")]
    BadReport,
    /// There is no token, or no state to keep it with.
    #[error("no token")]
    NoToken,
    /// Another stage of the session is open.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// A token, 150 bytes.
pub type Token = [u8; TOKEN_LEN];

/// A token of ours, with the key that signs under it. Fetch many at once, and use each for one session and seven days.
pub struct ReportKey {
    pub(super) token: Token,
    pub(super) key: PrivateKey,
}

impl ReportKey {
    /// A fresh key, and the public key to ask a token for. Draws 32.
    pub fn generate(rng: &mut impl CryptoRng) -> (PrivateKey, [u8; 32]) {
        let key = PrivateKey::generate(rng);
        let public = *key.public_key().as_bytes();
        (key, public)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The key with the token that was issued for it.
    ///
    /// # Errors
    /// [`ReportError::BadToken`] if the token is for another key.
    pub fn new(token: Token, key: PrivateKey) -> Result<Self, ReportError> {
        let fits = parts(&token).public.as_bytes() == key.public_key().as_bytes();
        if fits { Ok(Self { token, key }) } else { Err(ReportError::BadToken) }
    }
}

impl fmt::Debug for ReportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token: _, key: _ } = self;
        f.write_str("ReportKey(..)")
    }
}

/// The parts of a token.
struct TokenParts<'a> {
    key_id: u32,
    last_day: u32,
    public: PublicKey,
    bound: &'a [u8],
    nonce: [u8; 12],
    sealed: &'a [u8],
    signed: &'a [u8],
    signature: [u8; 64],
}

fn parts(token: &Token) -> TokenParts<'_> {
    let (signed, signature) = token.split_at(TOKEN_LEN - 64);
    let (bound, rest) = signed.split_at(40);
    let (nonce, sealed) = rest.split_at(12);
    TokenParts {
        key_id: u32::from_be_bytes(array(bound, 0)),
        last_day: u32::from_be_bytes(array(bound, 4)),
        public: PublicKey::from_bytes(array(bound, 8)),
        bound,
        nonce: array(nonce, 0),
        sealed,
        signed,
        signature: array(signature, 0),
    }
}

fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes.iter().skip(offset)).for_each(|(to, from)| *to = *from);
    out
}

/// What a recipient needs to report a message: `Kf`, `F`, `P`, and where it was said. Keep it as long as the message may be
/// reported.
pub struct Reportable {
    key: Secret<32>,
    padded: Zeroizing<Vec<u8>>,
    /// `TH` for a session's content, and the context for a group's.
    subject: [u8; 32],
}

impl Reportable {
    pub(super) fn new(padded: &[u8], key: Secret<32>, subject: [u8; 32]) -> Self {
        Self { key, padded: Zeroizing::new(padded.to_vec()), subject }
    }

    /// `F`, which the service stamped.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        codec::commitment(self.key.as_bytes(), &self.padded)
    }

    /// Judges the part of the content by the token of who sent it. `us` is our own device, `today` in days since 1970.
    ///
    /// # Errors
    /// [`ReportError::NotFranked`].
    pub fn judge(&self, token: &Token, us: &DeviceName, today: u32) -> Result<(), ReportError> {
        let body = body_of(&self.padded).ok_or(ReportError::NotFranked)?;
        let part = body.aux.frank.ok_or(ReportError::NotFranked)?;
        let context = context_of(&body, &self.subject, us);
        judge_part(token, &context, (body.kind, body.content), (part, today))
    }

    /// The report for the moderator, by the token of who sent the content, with the day of the service's stamp and the
    /// stamp, if there is one.
    #[must_use]
    pub fn report(&self, token: &Token, stamp: Option<(u32, [u8; 16])>) -> Vec<u8> {
        let mut out = Vec::with_capacity(TOKEN_LEN + 97 + 20 + self.padded.len());
        out.extend_from_slice(token);
        out.extend_from_slice(&self.subject);
        out.extend_from_slice(self.key.as_bytes());
        out.extend_from_slice(&self.commitment());
        out.push(u8::from(stamp.is_some()));
        if let Some((day, stamp)) = stamp {
            out.extend_from_slice(&day.to_be_bytes());
            out.extend_from_slice(&stamp);
        }
        out.extend_from_slice(&self.padded);
        out
    }
}

impl fmt::Debug for Reportable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, padded: _, subject: _ } = self;
        f.write_str("Reportable(..)")
    }
}

/// The padded body, as its kind says that it came.
fn body_of(padded: &[u8]) -> Option<Body<'_>> {
    let origin = if padded.first() == Some(&GROUP_CONTENT) { Origin::Group } else { Origin::Session };
    body::parse(origin, padded).ok()
}

/// The context of a body's part, which `addressee` received.
fn context_of(body: &Body<'_>, subject: &[u8; 32], addressee: &DeviceName) -> [u8; 32] {
    if body.kind == 1 { session_context(subject, addressee) } else { *subject }
}

/// The context of a session's parts.
#[must_use]
pub fn session_context(transcript: &[u8; 32], addressee: &DeviceName) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(SESSION_CONTEXT).chain_update(transcript);
    hash.chain_update(addressee.as_bytes()).finalize().into()
}

/// The context of a group's parts.
#[must_use]
pub fn group_context(distribution: &[u8; 16], generation: u32) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(GROUP_CONTEXT).chain_update(distribution);
    hash.chain_update(generation.to_be_bytes()).finalize().into()
}

/// The part of a message, 68 bytes. Draws 64.
pub fn part(
    key: &PrivateKey,
    context: &[u8; 32],
    day: u32,
    (kind, said): (u8, &[u8]),
    rng: &mut impl CryptoRng,
) -> [u8; FRANK_LEN] {
    let mut out = [0; FRANK_LEN];
    let (left, right) = out.split_at_mut(4);
    left.copy_from_slice(&day.to_be_bytes());
    let hash = Sha256::digest(said);
    right.copy_from_slice(&xeddsa::sign(
        key,
        &signed_part(context, &day.to_be_bytes(), kind, &len(said), &hash),
        rng,
    ));
    out
}

fn len(content: &[u8]) -> [u8; 4] {
    u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn signed_part<'a>(
    context: &'a [u8; 32],
    day: &'a [u8; 4],
    kind: u8,
    len: &'a [u8; 4],
    hash: &'a [u8],
) -> [&'a [u8]; 6] {
    const KINDS: [[u8; 1]; 2] = [[1], [GROUP_CONTENT]];
    [REPORT, context, day, if kind == 1 { &KINDS[0] } else { &KINDS[1] }, len, hash]
}

/// Whether a part is good: a token is held that is good on its day, the day is near today, and the signature fits the
/// context.
///
/// # Errors
/// [`ReportError::NotFranked`].
pub fn judge_part(
    token: &Token,
    context: &[u8; 32],
    body: (u8, &[u8]),
    (part, today): (&[u8; FRANK_LEN], u32),
) -> Result<(), ReportError> {
    let day = u32::from_be_bytes(array(part, 0));
    let is_near = day >= today.saturating_sub(MAX_BACK) && day <= today.saturating_add(1);
    let is_good = is_near && day <= parts(token).last_day && is_signed(token, context, body, part);
    if is_good { Ok(()) } else { Err(ReportError::NotFranked) }
}

fn is_signed(token: &Token, context: &[u8; 32], (kind, said): (u8, &[u8]), part: &[u8; FRANK_LEN]) -> bool {
    let (day, hash) = (array(part, 0), Sha256::digest(said));
    let message = signed_part(context, &day, kind, &len(said), &hash).map(<[u8]>::to_vec);
    let message: Vec<&[u8]> = message.iter().map(Vec::as_slice).collect();
    xeddsa::verify_strict(&parts(token).public, &message, &array(part, 4))
}

/// The moderator's keys that a client knows, by id.
#[derive(Clone, Debug, Default)]
pub struct Moderators(Vec<(u32, PublicKey)>);

impl Moderators {
    /// Adds a key.
    pub fn add(&mut self, id: u32, key: [u8; 32]) {
        self.0.push((id, PublicKey::from_bytes(key)));
    }

    /// Whether a token is good today: known moderator, signature, last day, `P_t` canonical.
    ///
    /// # Errors
    /// [`ReportError::BadToken`].
    pub fn judge(&self, token: &Token, today: u32) -> Result<(), ReportError> {
        let token = parts(token);
        let key = self.0.iter().find(|(id, _)| *id == token.key_id).map(|(_, key)| key);
        let is_good = key.is_some_and(|key| is_issued(key, &token)) && token.last_day >= today;
        if is_good { Ok(()) } else { Err(ReportError::BadToken) }
    }
}

fn is_issued(moderator: &PublicKey, token: &TokenParts<'_>) -> bool {
    xeddsa::verify_strict(moderator, &[TOKEN, token.signed], &token.signature) && token.public.is_reduced()
}

/// The stamp of the service on a commitment, of a day: that it went through then, to somebody.
#[must_use]
pub fn stamp(key: &[u8; 32], commitment: &[u8; 32], day: u32) -> [u8; 16] {
    MacKey::new(key).tag(&[STAMP, commitment, &day.to_be_bytes()])
}
