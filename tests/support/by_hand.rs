// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender put together from the primitives, step by step: every value on the way can be compared with
//! known answers, and each can be replaced by whoever forges.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit, of which each test uses a part"
)]

use subrosa::hazmat::crypto::kdf::{Label, MacKey, hkdf, hkdf_into};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::crypto::{ctr, gcm_siv};
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::{IdentityKey, IdentityKeyPair};

/// The symmetric box of version 1.
pub fn sealed_box(cipher: &[u8; 32], mac: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let mut out = plaintext.to_vec();
    ctr::apply(cipher, &mut out).unwrap();
    let tag: [u8; 10] = MacKey::new(mac).tag(&[&out]);
    out.extend(tag);
    out
}

/// What is in such a box.
pub fn opened_box(cipher: &[u8; 32], mac: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (ciphertext, tag) = sealed.split_last_chunk::<10>()?;
    let mut plaintext = ciphertext.to_vec();
    ctr::apply(cipher, &mut plaintext).unwrap();
    MacKey::new(mac).verify(&[ciphertext], tag).then_some(plaintext)
}

/// 96 bytes of HKDF in three.
fn three_keys(salt: &[u8], ikm: &[u8; 32]) -> [[u8; 32]; 3] {
    let mut okm = [0; 96];
    hkdf_into(salt, ikm, &[], &mut okm).unwrap();
    [0, 32, 64].map(|at| okm[at..at + 32].try_into().unwrap())
}

fn agree(ours: &PrivateKey, theirs: &PublicKey) -> [u8; 32] {
    *ours.diffie_hellman(theirs).unwrap().as_bytes()
}

/// A field of protobuf, length-delimited.
pub fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = value.len();
    while len >= 0x80 {
        out.push(u8::try_from(len & 0x7F).unwrap() | 0x80);
        len >>= 7;
    }
    out.push(u8::try_from(len).unwrap());
    out.extend_from_slice(value);
    out
}

/// The outer half of version 1: who may open it.
pub struct Outer {
    pub ephemeral: PublicKey,
    pub shared: [u8; 32],
    pub salt: Vec<u8>,
    pub chain: [u8; 32],
    pub cipher: [u8; 32],
    pub mac: [u8; 32],
}

impl Outer {
    pub fn new(ephemeral: &PrivateKey, recipient: &IdentityKey) -> Self {
        let shared = agree(ephemeral, recipient.public_key());
        Self::derive(ephemeral.public_key(), recipient, shared)
    }

    /// The same, by the recipient.
    pub fn received(ephemeral: PublicKey, recipient: &IdentityKeyPair) -> Self {
        Self::derive(ephemeral, recipient.public(), agree(recipient.private(), &ephemeral))
    }

    fn derive(ephemeral: PublicKey, recipient: &IdentityKey, shared: [u8; 32]) -> Self {
        let salt = [&b"UnidentifiedDelivery"[..], &recipient.encode(), &ephemeral.encode()].concat();
        let [chain, cipher, mac] = three_keys(&salt, &shared);
        Self { ephemeral, shared, salt, chain, cipher, mac }
    }

    /// The box that only the recipient opens.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        opened_box(&self.cipher, &self.mac, sealed)
    }

    /// The sender's key, or what stands in its place, as it is sent.
    pub fn encrypted_static(&self, plaintext: &[u8]) -> Vec<u8> {
        sealed_box(&self.cipher, &self.mac, plaintext)
    }
}

/// The inner half of version 1: who sealed it.
pub struct Inner {
    pub shared: [u8; 32],
    pub unused: [u8; 32],
    pub cipher: [u8; 32],
    pub mac: [u8; 32],
}

impl Inner {
    pub fn new(
        outer: &Outer,
        encrypted_static: &[u8],
        sender: &IdentityKeyPair,
        recipient: &IdentityKey,
    ) -> Self {
        Self::derive(outer, encrypted_static, agree(sender.private(), recipient.public_key()))
    }

    /// The same, by the recipient.
    pub fn received(
        outer: &Outer,
        encrypted_static: &[u8],
        sender: &IdentityKey,
        recipient: &IdentityKeyPair,
    ) -> Self {
        Self::derive(outer, encrypted_static, agree(recipient.private(), sender.public_key()))
    }

    fn derive(outer: &Outer, encrypted_static: &[u8], shared: [u8; 32]) -> Self {
        let [unused, cipher, mac] = three_keys(&[&outer.chain[..], encrypted_static].concat(), &shared);
        Self { shared, unused, cipher, mac }
    }

    /// The box that only the recipient opens, and only the sender can have filled.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        opened_box(&self.cipher, &self.mac, sealed)
    }

    pub fn encrypted_message(&self, content: &[u8]) -> Vec<u8> {
        sealed_box(&self.cipher, &self.mac, content)
    }
}

/// An envelope of version 1 of its three parts.
pub fn envelope(ephemeral: &[u8], encrypted_static: &[u8], encrypted_message: &[u8]) -> Vec<u8> {
    [vec![0x11], field(1, ephemeral), field(2, encrypted_static), field(3, encrypted_message)].concat()
}

/// What all recipients of version 2 have in common.
pub struct Many {
    pub seed: [u8; 32],
    /// r.
    pub unclamped: [u8; 32],
    pub ephemeral: PrivateKey,
    pub key: [u8; 32],
    pub ciphertext: Vec<u8>,
}

/// What a recipient of version 2 has of its own.
#[derive(Clone)]
pub struct Material {
    pub shared: [u8; 32],
    pub pad: [u8; 32],
    pub encrypted_seed: [u8; 32],
    pub sender_shared: [u8; 32],
    pub tag: [u8; 16],
}

impl Many {
    pub fn new(seed: [u8; 32], content: &[u8]) -> Self {
        let derive = |label| *hkdf::<32>(None, &seed, Label::new(label)).as_bytes();
        let unclamped = derive("Sealed Sender v2: r (2023-08)");
        let key = derive("Sealed Sender v2: K");
        let mut ciphertext = content.to_vec();
        let tag = gcm_siv::seal(&key, &[0; 12], &[], &mut ciphertext).unwrap();
        ciphertext.extend(tag);
        Self { seed, unclamped, ephemeral: PrivateKey::from_secret(&Secret::new(unclamped)), key, ciphertext }
    }

    pub fn ephemeral_public(&self) -> PublicKey {
        self.ephemeral.public_key()
    }

    pub fn material(&self, sender: &IdentityKeyPair, recipient: &IdentityKey) -> Material {
        let ephemeral = self.ephemeral_public().encode();
        let shared = agree(&self.ephemeral, recipient.public_key());
        let pad = pad(&shared, &ephemeral, recipient);
        let encrypted_seed = std::array::from_fn(|at| pad[at] ^ self.seed[at]);
        let sender_shared = agree(sender.private(), recipient.public_key());
        let keys = [&encrypted_seed[..], &sender.public().encode(), &recipient.encode()].concat();
        let ikm = [&sender_shared[..], &ephemeral, &keys].concat();
        let tag = *hkdf::<16>(None, &ikm, Label::new("Sealed Sender v2: DH-sender")).as_bytes();
        Material { shared, pad, encrypted_seed, sender_shared, tag }
    }

    /// What a recipient takes away from C, for an E of any form.
    pub fn pad(recipient: &IdentityKeyPair, ephemeral: &[u8; 33]) -> [u8; 32] {
        let shared = agree(recipient.private(), &PublicKey::decode(ephemeral).unwrap());
        pad(&shared, ephemeral, recipient.public())
    }

    /// What a recipient gets.
    pub fn received(&self, material: &Material) -> Vec<u8> {
        [&[0x22][..], &material.to_bytes(), self.ephemeral_public().as_bytes(), &self.ciphertext].concat()
    }
}

fn pad(shared: &[u8; 32], ephemeral: &[u8; 33], recipient: &IdentityKey) -> [u8; 32] {
    let ikm = [&shared[..], ephemeral, &recipient.encode()].concat();
    *hkdf::<32>(None, &ikm, Label::new("Sealed Sender v2: DH")).as_bytes()
}

impl Material {
    /// C || AT.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.encrypted_seed[..], &self.tag].concat()
    }
}
