// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender. Nothing is cached but converted keys: agreements between two identity keys are made each time.

use aes::Aes256;
use aes_gcm_siv::{AeadInOut, Aes256GcmSiv, KeyInit};
use ctr::cipher::{KeyIvInit, StreamCipher};

use super::curve::Curve;
use super::hash::Pads;

/// Version 1: a content of 1 KiB of text, with its certificate.
pub struct Envelope<C: Curve> {
    ours: C::Private,
    theirs: [u8; 32],
    /// The agreement of both identities, if that is kept.
    kept: Option<[u8; 32]>,
    zero: Pads,
    content: Vec<u8>,
}

impl<C: Curve> Envelope<C> {
    pub fn new(len: usize) -> Self {
        let (_, theirs) = C::generate([1; 32]);
        Self { ours: C::load([2; 32]), theirs, kept: None, zero: Pads::new(&[]), content: vec![0; len] }
    }

    /// The agreement of both identities is kept.
    pub fn kept(len: usize) -> Self {
        Self { kept: Some([8; 32]), ..Self::new(len) }
    }

    /// A key pair and two agreements.
    pub fn seal(&mut self) -> [u8; 32] {
        let (ephemeral, public) = C::generate([3; 32]);
        std::hint::black_box(public);
        let agreed = [C::agree(&ephemeral, &self.theirs), self.identities()];
        self.boxes(&agreed)
    }

    /// Two agreements.
    pub fn open(&mut self) -> [u8; 32] {
        let agreed = [C::agree(&self.ours, &self.theirs), self.identities()];
        self.boxes(&agreed)
    }

    fn identities(&self) -> [u8; 32] {
        self.kept.unwrap_or_else(|| C::agree(&self.ours, &self.theirs))
    }

    /// Both boxes: their keys from HKDF with a salt of more than a block, AES-256-CTR and HMAC.
    fn boxes(&mut self, agreed: &[[u8; 32]; 2]) -> [u8; 32] {
        let mut salt = [7; 86];
        let mut tag = [0; 32];
        let mut head = [0; 33];
        for (agreed, content) in agreed.iter().zip([&mut head[..], &mut self.content]) {
            let keys = Pads::new(&self.zero.mac(&salt)).hkdf::<96>(agreed, b"");
            salt[..32].copy_from_slice(&keys[..32]);
            let mut cipher = ctr::Ctr128BE::<Aes256>::new_from_slices(&keys[32..64], &[0; 16]).unwrap();
            cipher.apply_keystream(content);
            tag = Pads::new(&keys[64..]).mac(content);
        }
        tag
    }
}

/// Version 2, for as many recipients.
pub struct Fanout<C: Curve> {
    ours: C::Private,
    theirs: Vec<[u8; 32]>,
    /// Instead of an agreement of both identities, if those are kept.
    kept: Option<[u8; 32]>,
    zero: Pads,
    content: Vec<u8>,
}

impl<C: Curve> Fanout<C> {
    /// As many different recipients, so many times.
    pub fn new((different, times): (u8, usize), len: usize) -> Self {
        let theirs: Vec<_> = (1..=different).map(|byte| C::generate([byte; 32]).1).collect();
        let theirs = theirs.repeat(times);
        Self { ours: C::load([2; 32]), theirs, kept: None, zero: Pads::new(&[]), content: vec![0; len] }
    }

    /// The agreements of the identities are kept.
    pub fn kept(recipients: (u8, usize), len: usize) -> Self {
        Self { kept: Some([8; 32]), ..Self::new(recipients, len) }
    }

    /// A key pair and AES-256-GCM-SIV once; for each recipient two agreements and two derivations.
    pub fn seal(&mut self) -> [u8; 48] {
        let (ephemeral, _) = C::generate(self.zero.hkdf(&[1; 32], b"Sealed Sender v2: r (2023-08)"));
        let key = self.zero.hkdf::<32>(&[1; 32], b"Sealed Sender v2: K");
        self.encrypt(&key);
        let mut all = [0; 48];
        for theirs in &self.theirs {
            let identities = self.kept.unwrap_or_else(|| C::agree(&self.ours, theirs));
            let material = self.material(&C::agree(&ephemeral, theirs), &identities);
            all.iter_mut().zip(material).for_each(|(slot, byte)| *slot ^= byte);
        }
        all
    }

    /// Two agreements and a key pair, by which the seed is checked.
    pub fn open(&mut self) -> [u8; 48] {
        let theirs = self.theirs[0];
        let material = self.material(&C::agree(&self.ours, &theirs), &C::agree(&self.ours, &theirs));
        let (_, public) = C::generate(self.zero.hkdf(&[1; 32], b"Sealed Sender v2: r (2023-08)"));
        std::hint::black_box(public);
        let key = self.zero.hkdf::<32>(&[1; 32], b"Sealed Sender v2: K");
        self.encrypt(&key);
        material
    }

    fn material(&self, ephemeral: &[u8; 32], sender: &[u8; 32]) -> [u8; 48] {
        let (mut first, mut second) = ([6; 98], [6; 163]);
        first[..32].copy_from_slice(ephemeral);
        second[..32].copy_from_slice(sender);
        let mut material = [0; 48];
        material[..32].copy_from_slice(&self.zero.hkdf::<32>(&first, b"Sealed Sender v2: DH"));
        material[32..].copy_from_slice(&self.zero.hkdf::<16>(&second, b"Sealed Sender v2: DH-sender"));
        material
    }

    /// Sealing and opening do the same work.
    fn encrypt(&mut self, key: &[u8; 32]) {
        let cipher = Aes256GcmSiv::new(key.into());
        let tag = cipher.encrypt_inout_detached(&[0; 12].into(), &[], self.content.as_mut_slice().into());
        std::hint::black_box(tag.unwrap());
    }
}
