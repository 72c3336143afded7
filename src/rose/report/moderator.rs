// SPDX-License-Identifier: MIT OR Apache-2.0

//! The moderator's side: tokens issued, and reports judged (rose 35 §3, §4).

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use super::{
    ReportError, TOKEN, TOKEN_LEN, Token, array, body_of, context_of, is_issued, is_signed, parts, stamp,
};
use crate::crypto::curve::PrivateKey;
use crate::crypto::gcm;
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa;
use crate::ids::DeviceName;
use crate::rose::codec;

/// The moderator's keys.
pub struct Moderator {
    id: u32,
    /// `K_m`.
    sealing: Secret<32>,
    signing: PrivateKey,
}

impl Moderator {
    /// A moderator of its keys: an id, `K_m`, and the signing key.
    #[must_use]
    pub fn new(id: u32, sealing: Secret<32>, signing: PrivateKey) -> Self {
        Self { id, sealing, signing }
    }

    /// Issues a token for the device that asked, under its own name, for the key `public`. Draws 12 and 64.
    pub fn issue(
        &self,
        device: &DeviceName,
        public: &[u8; 32],
        last_day: u32,
        rng: &mut impl CryptoRng,
    ) -> Token {
        let mut nonce = [0; 12];
        rng.fill_bytes(&mut nonce);
        let bound: Vec<u8> = [&self.id.to_be_bytes()[..], &last_day.to_be_bytes(), public].concat();
        let mut sealed = *device.as_bytes();
        let tag = gcm::seal(self.sealing.as_bytes(), &nonce, &bound, &mut sealed).unwrap_or_default();
        let signed = [&bound[..], &nonce, &sealed, &tag].concat();
        let signature = xeddsa::sign(&self.signing, &[TOKEN, &signed], rng);
        array(&[&signed[..], &signature].concat(), 0)
    }

    /// Judges a report that `reporter` gave, by what the moderator knows of it. Gives the account that sent the content.
    ///
    /// # Errors
    /// [`ReportError::BadReport`].
    pub fn judge(
        &self,
        report: &[u8],
        reporter: &DeviceName,
        stamp_key: Option<&[u8; 32]>,
    ) -> Result<Judgement, ReportError> {
        self.judged(report, reporter, stamp_key).ok_or(ReportError::BadReport)
    }

    fn judged(
        &self,
        report: &[u8],
        reporter: &DeviceName,
        stamp_key: Option<&[u8; 32]>,
    ) -> Option<Judgement> {
        let (token, rest) = report.split_first_chunk::<TOKEN_LEN>()?;
        let (subject, rest) = rest.split_first_chunk::<32>()?;
        let (kf, rest) = rest.split_first_chunk::<32>()?;
        let (f, rest) = rest.split_first_chunk::<32>()?;
        let (stamp, padded) = match rest.split_first()? {
            (0, padded) => (None, padded),
            (1, rest) => {
                let (stamp, padded) = rest.split_first_chunk::<20>()?;
                (Some(stamp), padded)
            }
            _ => return None,
        };
        let sender = self.open(token)?;
        let body = body_of(padded)?;
        let part = body.aux.frank?;
        let context = context_of(&body, subject, reporter);
        let is_good = u32::from_be_bytes(array(part, 0)) <= parts(token).last_day
            && is_signed(token, &context, (body.kind, body.content), part)
            && bool::from(codec::commitment(kf, padded).ct_eq(f))
            && stamp.is_none_or(|stamp| stamp_key.is_some_and(|key| is_stamp(key, f, stamp)));
        is_good.then(|| Judgement { sender, content: body.content.to_vec() })
    }

    /// Signature and key of a token, and its device.
    fn open(&self, token: &Token) -> Option<DeviceName> {
        let token = parts(token);
        if token.key_id != self.id || !is_issued(&self.signing.public_key(), &token) {
            return None;
        }
        let (ciphertext, tag) = token.sealed.split_last_chunk()?;
        let mut name: [u8; 18] = ciphertext.try_into().ok()?;
        gcm::open(self.sealing.as_bytes(), &token.nonce, token.bound, &mut name, tag).ok()?;
        Some(DeviceName::from_bytes(name))
    }
}

impl fmt::Debug for Moderator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, sealing: _, signing: _ } = self;
        write!(f, "Moderator({id}, ..)")
    }
}

/// What a good report proves.
#[derive(PartialEq, Eq)]
pub struct Judgement {
    /// The device whose token it is.
    pub sender: DeviceName,
    /// The content.
    pub content: Vec<u8>,
}

impl fmt::Debug for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, content } = self;
        write!(f, "Judgement({sender:?}, {} bytes)", content.len())
    }
}

fn is_stamp(key: &[u8; 32], commitment: &[u8; 32], there: &[u8; 20]) -> bool {
    let (day, tag) = (u32::from_be_bytes(array(there, 0)), array::<16>(there, 4));
    stamp(key, commitment, day).ct_eq(&tag).into()
}
