// SPDX-License-Identifier: MIT OR Apache-2.0

//! XEdDSA signatures.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use hex_literal::hex;
use subrosa::hazmat::crypto::curve::{KeyPair, PublicKey};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::crypto::xeddsa::{Signature, sign, sign_with, verify};

use crate::known_answers::{key, seq, source};
use crate::rng::Source;

const ZERO: Secret<64> = Secret::new([0; 64]);

#[test]
fn signatures_of_abc() {
    let answers = [
        (
            "IKa",
            hex!("865d59b6aac663609399cc1b4bf4738a936e4af078bcd5e08ae3510014014569"),
            hex!(
                "ff035ddaaa8d82e58a4b4f60087afb54679710e4d890c299cf408279333f3f37"
                "e722d0d70890c40166014c295de1dd0b3694b59622ea9566da1a7561d6dbee00"
            ),
        ),
        (
            "IKb",
            hex!("b5e7434a648af1e88508fab7bb9779e436cccbc79f70d832502f1af15aa8cc1c"),
            hex!(
                "b08c9937e415a8fae30a0aa3c762cc388adaff98b702fe1a31645d1e6cfa48c0"
                "d11e34929105961cc3c20118de830f496377403141ddf3d238e5a5d8b9171a0d"
            ),
        ),
        (
            "SPKb",
            hex!("ef68725ad9eebbc9dcae89e4bfe5c82177f95dd34d813ac8853358ce10d4c39a"),
            hex!(
                "c4a9f3e8f3c8f78aa6522e5fd7502c9481e55136d89bded43fcd515c883c3588"
                "a1919239281f913e74b9d193e60cd77440e692c9d48e6f47d35340c798e8a18d"
            ),
        ),
        (
            "EKa",
            hex!("5f06ac21b6a9c04bbd5c94cb9d0ab65a0115dc64b738c0014ad1811cb3f8d746"),
            hex!(
                "72a72fc5b88e17137ffcdfb97dd8a8890216bc935c3d3aaf59e03de08485877c"
                "c019cf0e42277e7bd9aed178943eae0d06b0d7876d546681a8fd16bb0ec27605"
            ),
        ),
    ];
    for (name, edwards, signature) in answers {
        let key = key(name);
        let scalar = Scalar::from_bytes_mod_order(*key.as_bytes());
        assert_eq!(EdwardsPoint::mul_base(&scalar).compress().to_bytes(), edwards, "{name}");
        assert_eq!(signature[63] >> 7, edwards[31] >> 7, "the sign bit of {name}");

        assert_eq!(sign_with(&key, &[b"abc"], &ZERO), signature, "{name}");
        assert_eq!(sign_with(&key, &[b"a", b"", b"bc"], &ZERO), signature, "{name}");
        assert!(verify(&key.public_key(), &[b"abc"], &signature), "{name}");
        assert!(!verify(&key.public_key(), &[b"abd"], &signature), "{name}");
    }
}

#[test]
fn signature_of_the_signed_prekey() {
    let signature = hex!(
        "05dd00235bec9739cce193a28903fb23509c92a3239415817e754e35865731b4"
        "59010bb41fad32350448924bdd4d7ae7e2216c0c35cf616e80f8f358f8356105"
    );
    let mut rng = source(&seq::<64>(0));
    let message = key("SPKb").public_key().encode();
    assert_eq!(sign(&key("IKb"), &[&message], &mut rng), signature);
    assert_eq!((rng.waiting(), rng.system_draws()), (0, 0), "a signature draws 64 bytes");
    // The same as methods of the keys.
    let mut rng = source(&seq::<64>(0));
    assert_eq!(key("IKb").sign(&[&message[..9], &message[9..]], &mut rng), signature);
    assert!(key("IKb").public_key().verify(&[&message], &signature));
    assert!(!key("IKa").public_key().verify(&[&message], &signature));
    assert!(!key("IKb").public_key().verify(&[&message], &signature[..63]));
}

#[test]
fn signature_over_an_alternate_identity() {
    let signature = hex!(
        "a4b78640edf5c89ba89347f46a8368b230b5fdbf29735d34788738adb1a2c9c6"
        "7f37b387e39ed695130e3943c3166dddf908a3f478c5242996c5a5292424a908"
    );
    let message: [&[u8]; 3] = [&[0xFF; 32], b"Signal_PNI_Signature", &key("IKa").public_key().encode()];
    assert_eq!(sign_with(&key("IKb"), &message, &ZERO), signature);
}

fn signed() -> (PublicKey, Signature) {
    let key = key("IKa");
    (key.public_key(), sign_with(&key, &[b"abc"], &ZERO))
}

#[test]
fn a5_any_flipped_bit_invalidates() {
    let (key, signature) = signed();
    for bit in 0..512 {
        let mut damaged = signature;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(!verify(&key, &[b"abc"], &damaged), "bit {bit}");
    }
    assert!(verify(&key, &[b"abc"], &signature));
}

#[test]
fn a6_round_trips() {
    let mut rng = Source::default();
    for _ in 0..50 {
        let (pair, other) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
        let message = Secret::<64>::random(&mut rng);
        let signature = sign(pair.private(), &[message.as_bytes()], &mut rng);
        assert!(verify(pair.public(), &[message.as_bytes()], &signature));
        assert!(!verify(other.public(), &[message.as_bytes()], &signature));
    }
}

#[test]
fn a7_long_messages_in_parts() {
    let mut message = vec![0x5A; 1 << 20];
    let pair = KeyPair::generate(&mut Source::default());
    let signature = sign(pair.private(), &[&message], &mut Source::default());
    for at in [0, 1, 31, 32, 63, 64, 127, 128, 4096, (1 << 20) - 1, 1 << 20] {
        let (left, right) = message.split_at(at);
        assert!(verify(pair.public(), &[left, right], &signature), "split at {at}");
        let signature = sign(pair.private(), &[left, right], &mut Source::default());
        assert!(verify(pair.public(), &[&message], &signature), "signed in parts split at {at}");
    }
    message[700_000] ^= 1;
    assert!(!verify(pair.public(), &[&message], &signature));
}

#[test]
fn a8_signatures_are_randomised() {
    let key = key("IKa");
    let [one, two] = core::array::from_fn(|_| sign(&key, &[b"abc"], &mut Source::default()));
    assert_ne!(one, two);
    assert!(verify(&key.public_key(), &[b"abc"], &one) && verify(&key.public_key(), &[b"abc"], &two));
}

#[test]
fn a9_wrong_length_is_false() {
    let (key, signature) = signed();
    assert!(!verify(&key, &[b"abc"], &[]));
    assert!(!verify(&key, &[b"abc"], &signature[..63]));
    assert!(!verify(&key, &[b"abc"], &[&signature[..], &[0]].concat()));
}

/// `scalar + L` as 32 little-endian bytes.
fn plus_order(scalar: &[u8; 32]) -> [u8; 32] {
    // L is not itself a scalar, but L - 1 = -1 is.
    let minus_one = (Scalar::ZERO - Scalar::ONE).to_bytes();
    let mut carry = 1;
    core::array::from_fn(|i| {
        let sum = u16::from(scalar[i]) + u16::from(minus_one[i]) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    })
}

#[test]
fn a10_non_canonical_signatures_that_are_accepted() {
    let (key, signature) = signed();
    let mut malleated = signature;
    malleated[32..].copy_from_slice(&plus_order(signature[32..].try_into().unwrap()));
    assert!(malleated[63] & 0xE0 == 0 && malleated != signature, "S + L is below 2^253");
    assert!(verify(&key, &[b"abc"], &malleated), "S need not be reduced");

    let mut twice = malleated;
    twice[32..].copy_from_slice(&plus_order(malleated[32..].try_into().unwrap()));
    assert!(twice[63] & 0xE0 != 0, "S + 2L is not below 2^253");
    assert!(!verify(&key, &[b"abc"], &twice));

    for bit in [0x20, 0x40, 0x80] {
        let mut damaged = signature;
        damaged[63] ^= bit;
        assert!(!verify(&key, &[b"abc"], &damaged), "bit {bit:#x}");
    }
    let mut high = *key.as_bytes();
    high[31] |= 0x80;
    assert!(verify(&PublicKey::from_bytes(high), &[b"abc"], &signature), "the key's top bit is ignored");
}

#[test]
fn keys_without_an_edwards_form_verify_nothing() {
    let (_, signature) = signed();
    let mut minus_one = [0xFF; 32];
    (minus_one[0], minus_one[31]) = (0xEC, 0x7F);
    let mut twist = [0; 32];
    twist[0] = 2;
    for u in [minus_one, twist] {
        for sign in [0, 0x80] {
            let mut signature = signature;
            signature[63] |= sign;
            assert!(!verify(&PublicKey::from_bytes(u), &[b"abc"], &signature));
        }
    }
}

/// Keys of low order are not refused as such, but nothing that the deployed client refuses may pass: with
/// R = 1 and S = 0 that depends on the parity of the challenge.
#[test]
fn keys_of_order_two() {
    let mut signature = [0; 64];
    signature[0] = 1;
    let mut p = [0xFF; 32];
    (p[0], p[31]) = (0xED, 0x7F);
    for u in [[0; 32], p] {
        assert!(!verify(&PublicKey::from_bytes(u), &[&[0]], &signature));
    }
}

/// As deployed: the scalar of a signature is reduced, so that `s` and `s + L` are the same. Whoever has one signature
/// can write others of the same message; nobody else can write any.
#[test]
fn a_signature_with_a_scalar_beyond_the_order_verifies_as_deployed() {
    let order = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let pair = KeyPair::from_private(key("IKb"));
    let mut signature = sign_with(pair.private(), &[b"message"], &ZERO);
    assert!(verify(pair.public(), &[b"message"], &signature));
    let mut carry = 0;
    for (byte, of_order) in signature[32..].iter_mut().zip(order) {
        // The topmost bit is the key's sign.
        let sum = u16::from(*byte) + u16::from(of_order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert!(verify(pair.public(), &[b"message"], &signature));
    assert!(!verify(pair.public(), &[b"another"], &signature));
}
