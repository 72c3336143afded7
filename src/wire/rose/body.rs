// SPDX-License-Identifier: MIT OR Apache-2.0

//! The padded plaintext of a message, `P` (rose 33 §5, §6).
//!
//! ```text
//! P = kind (1) || flags (1) || c (4) || aux || content (c) || zeros
//! aux = [AUTH CT_A (1,088)] || [FRANK (68)] || [SIGNED signature (64)]
//! ```

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::crypto::ml_kem::CIPHERTEXT_768_LEN;

/// Length of kind, flags and content length in bytes.
pub const PREFIX_LEN: usize = 6;
/// Length of FRANK's part in bytes.
pub const FRANK_LEN: usize = 68;
/// Length of SIGNED's part in bytes.
pub const SIGNED_LEN: usize = 64;
/// The kind of group content.
pub const GROUP_CONTENT: u8 = 0x10;

const AUTH: u8 = 1;
const FRANK: u8 = 2;
const SIGNED: u8 = 4;

/// The body opened, but breaks a rule of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed body")]
pub struct MalformedBody;

/// The parts beside the content that a body has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aux<'a> {
    /// `CT_A`, of a responder's first chain.
    pub auth: Option<&'a [u8; CIPHERTEXT_768_LEN]>,
    /// The report part.
    pub frank: Option<&'a [u8; FRANK_LEN]>,
    /// The sender key's signature.
    pub signed: Option<&'a [u8; SIGNED_LEN]>,
}

impl Aux<'_> {
    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.auth.map_or(0, |auth| auth.len())
            + self.frank.map_or(0, |frank| frank.len())
            + self.signed.map_or(0, |signed| signed.len())
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn flags(&self) -> u8 {
        [(AUTH, self.auth.is_some()), (FRANK, self.frank.is_some()), (SIGNED, self.signed.is_some())]
            .into_iter()
            .map(|(flag, is_set)| if is_set { flag } else { 0 })
            .sum()
    }
}

/// The place that a body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A session.
    Session,
    /// A sender key.
    Group,
}

/// A body that was read.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The kind's number.
    pub kind: u8,
    /// The parts beside the content.
    pub aux: Aux<'a>,
    /// The content.
    pub content: &'a [u8],
}

/// `P` of `len` bytes, with room for all parts.
#[must_use]
pub fn encode(kind: u8, aux: &Aux<'_>, content: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.extend_from_slice(&[kind, aux.flags()]);
    out.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(aux.auth.into_iter().flatten());
    out.extend(aux.frank.into_iter().flatten());
    out.extend(aux.signed.into_iter().flatten());
    out.extend_from_slice(content);
    debug_assert!(out.len() <= len, "the wire length has room");
    out.resize(len, 0);
    out
}

/// Reads `P`. Whether AUTH and FRANK are due is not looked at.
///
/// # Errors
/// [`MalformedBody`]: a flag or kind that is not for this place, content that is longer than its room, or padding that
/// is not zero.
pub fn parse(origin: Origin, bytes: &[u8]) -> Result<Body<'_>, MalformedBody> {
    let (&[kind, flags, a, b, c, d], rest) = bytes.split_first_chunk().ok_or(MalformedBody)?;
    let allowed = match (origin, kind) {
        (Origin::Group, GROUP_CONTENT) if flags & SIGNED != 0 => FRANK | SIGNED,
        (Origin::Group, _) | (Origin::Session, GROUP_CONTENT) => return Err(MalformedBody),
        (Origin::Session, 1) => AUTH | FRANK,
        (Origin::Session, _) => AUTH,
    };
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| MalformedBody)?;
    if flags & !allowed != 0 || (kind == 0 && len != 0) {
        return Err(MalformedBody);
    }
    let (auth, rest) = take(flags & AUTH != 0, rest)?;
    let (frank, rest) = take(flags & FRANK != 0, rest)?;
    let (signed, rest) = take(flags & SIGNED != 0, rest)?;
    let (content, padding) = rest.split_at_checked(len).ok_or(MalformedBody)?;
    if padding.iter().fold(0, |all, byte| all | byte) != 0 {
        return Err(MalformedBody);
    }
    Ok(Body { kind, aux: Aux { auth, frank, signed }, content })
}

type Part<'a, const N: usize> = (Option<&'a [u8; N]>, &'a [u8]);

fn take<const N: usize>(is_there: bool, bytes: &[u8]) -> Result<Part<'_, N>, MalformedBody> {
    if !is_there {
        return Ok((None, bytes));
    }
    bytes.split_first_chunk().map(|(part, rest)| (Some(part), rest)).ok_or(MalformedBody)
}
