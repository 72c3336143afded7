// SPDX-License-Identifier: MIT OR Apache-2.0

//! PQXDH.

use super::curve::Curve;
use super::hash::Pads;
use super::kem::Kem1024;
use super::sign::{Signer, Verifier};

/// Length of the KEM prekey that is signed, type byte included.
const KEM_PUBLIC: usize = 1_569;

/// The keys of a bundle, and of who begins a session from it.
pub struct Setup<C: Curve> {
    identity: C::Private,
    pre_keys: [C::Private; 2],
    theirs: [u8; 32],
    signatures: [[u8; 64]; 2],
    kem: Kem1024,
}

impl<C: Curve> Setup<C> {
    pub fn new() -> Self {
        let (theirs, public) = C::generate([1; 32]);
        drop(theirs);
        let signer = Signer::new([1; 32]);
        let signatures = [signer.sign(&[5; 33], &[0; 64]), signer.sign(&[8; KEM_PUBLIC], &[0; 64])];
        let pre_keys = [[3; 32], [4; 32]].map(C::load);
        Self { identity: C::load([2; 32]), pre_keys, theirs: public, signatures, kem: Kem1024::new() }
    }

    /// Two signatures by one key, whose conversion is done once; two key pairs, five agreements, one encapsulation.
    pub fn initiate(&self) -> [u8; 64] {
        let verifier = Verifier::new(&self.theirs);
        let valid = verifier.verify(&[5; 33], &self.signatures[0])
            && verifier.verify(&[8; KEM_PUBLIC], &self.signatures[1]);
        assert!(valid, "the floor's own signatures");
        let (base, public) = C::generate([9; 32]);
        std::hint::black_box(public);
        let mut agreed = [0xFF; 192];
        let keys = [&self.identity, &base, &base, &base];
        for (slot, key) in agreed[32..160].chunks_mut(32).zip(keys) {
            slot.copy_from_slice(&C::agree(key, &self.theirs));
        }
        agreed[160..].copy_from_slice(&self.kem.encapsulate());
        let (ratchet, public) = C::generate([10; 32]);
        std::hint::black_box(public);
        Self::roots(&agreed, &[C::agree(&ratchet, &self.theirs)])
    }

    /// Four agreements and a decapsulation; two agreements and a key pair for the ratchet. The first message is not
    /// decrypted here.
    pub fn respond(&self) -> [u8; 64] {
        let [signed, one_time] = &self.pre_keys;
        let mut agreed = [0xFF; 192];
        for (slot, key) in agreed[32..160].chunks_mut(32).zip([signed, &self.identity, signed, one_time]) {
            slot.copy_from_slice(&C::agree(key, &self.theirs));
        }
        agreed[160..].copy_from_slice(&self.kem.decapsulate());
        let received = C::agree(signed, &self.theirs);
        let (ratchet, public) = C::generate([10; 32]);
        std::hint::black_box(public);
        Self::roots(&agreed, &[received, C::agree(&ratchet, &self.theirs)])
    }

    fn roots(agreed: &[u8; 192], steps: &[[u8; 32]]) -> [u8; 64] {
        let zero = Pads::new(&[]);
        let secret = zero.hkdf::<96>(agreed, b"WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024");
        let mut root = [0; 64];
        root.copy_from_slice(&secret[..64]);
        for shared in steps {
            root = Pads::new(&root[..32]).hkdf(shared, b"WhisperRatchet");
        }
        root
    }
}
