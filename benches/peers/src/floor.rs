// SPDX-License-Identifier: MIT OR Apache-2.0

//! The floor: for each operation the primitives that it can't do without, with nothing around them. No parsing, no
//! state, no wiping, and randomness given. From the same crates as subrosa has, with HMAC on raw blocks.

mod curve;
mod hash;
mod kem;
mod message;
mod sealed;
mod setup;
mod sign;

pub use curve::Curve;
pub use curve::Dalek;
pub use curve::Graviola;
pub use hash::{Pads, fingerprint};
pub use kem::{Kem768, braid_step};
pub use message::{Chains, braid_jump, decrypt, decrypt_unsigned, encrypt, encrypt_unsigned, jump};
pub use sealed::{Envelope, Fanout};
pub use setup::Setup;
pub use sign::{Signer, Verifier};

#[cfg(test)]
mod tests {
    use super::*;
    use subrosa::hazmat::crypto::kdf::{MacKey, hkdf_into};
    use subrosa::keys::PrivateKey;

    #[test]
    fn hmac_and_hkdf_are_subrosas() {
        for len in [0, 1, 55, 56, 63, 64, 119, 120, 1_151] {
            let message = vec![7; len];
            let expected = MacKey::new(&[3; 32]).mac(&[&message]);
            assert_eq!(&Pads::new(&[3; 32]).mac(&message), expected.as_bytes(), "{len}");
        }
        let mut expected = [0; 80];
        hkdf_into(&[5; 32], &[6; 32], b"WhisperMessageKeys", &mut expected).unwrap();
        assert_eq!(Pads::new(&[5; 32]).hkdf::<80>(&[6; 32], b"WhisperMessageKeys"), expected);
    }

    fn agrees<C: Curve>() {
        let (ours, public) = C::generate([0x42; 32]);
        let theirs = PrivateKey::decode(&[0x43; 32]).unwrap();
        let expected = PrivateKey::decode(&[0x42; 32]).unwrap();
        assert_eq!(&public, expected.public_key().as_bytes());
        let shared = expected.diffie_hellman(&theirs.public_key()).unwrap();
        assert_eq!(&C::agree(&ours, theirs.public_key().as_bytes()), shared.as_bytes());
    }

    #[test]
    fn agreements_are_subrosas() {
        agrees::<Dalek>();
        agrees::<Graviola>();
    }
}
