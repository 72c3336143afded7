// SPDX-License-Identifier: MIT OR Apache-2.0

//! Curve25519 keys, agreement, and the canonical-point check.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use hex_literal::hex;
use subrosa::hazmat::crypto::curve::{KeyPair, NonContributory, PrivateKey, PublicKey};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::keys::KeyError;

use crate::known_answers::{KEYS, key, seq, source};
use crate::rng::Source;

#[test]
fn named_keys() {
    for ((name, private, public), n) in KEYS.into_iter().zip([0x10, 0x30, 0x50, 0x70, 0x90, 0xB0]) {
        let key = PrivateKey::decode(&seq::<32>(n)).unwrap();
        assert_eq!((key.as_bytes(), key.public_key().encode()), (&private, public), "{name}");
    }
}

#[test]
fn private_key_is_clamped_when_read() {
    let clamped = |byte: u8| *PrivateKey::decode(&[byte; 32]).unwrap().as_bytes();
    let mut expected = [0; 32];
    expected[31] = 0x40;
    assert_eq!(clamped(0), expected);
    expected = [0xFF; 32];
    (expected[0], expected[31]) = (0xF8, 0x7F);
    assert_eq!(clamped(0xFF), expected);

    for length in [0, 31, 33] {
        assert_eq!(PrivateKey::decode(&vec![1; length]).unwrap_err(), KeyError::BadKeyLength(length));
    }
}

#[test]
fn a1_public_key_matches_the_private_key() {
    let mut rng = source(&seq::<32>(0x10));
    let pair = KeyPair::generate(&mut rng);
    assert_eq!((rng.waiting(), rng.system_draws()), (0, 0), "a key is 32 bytes");
    assert_eq!(pair.public().encode(), KEYS[0].2);

    let pair = KeyPair::generate(&mut Source::default());
    assert_eq!(*pair.public(), pair.private().public_key());
}

#[test]
fn a2_public_key_encoding() {
    let encoded = KEYS[0].2;
    let key = PublicKey::decode(&encoded).unwrap();
    assert_eq!(key.encode(), encoded);
    assert_eq!(PublicKey::decode(&[&encoded[..], &[0xAB; 70]].concat()), Ok(key), "the rest is ignored");

    assert_eq!(PublicKey::decode(&[]), Err(KeyError::NoKeyType));
    assert_eq!(PublicKey::decode(&encoded[..32]), Err(KeyError::BadKeyLength(32)));
    assert_eq!(PublicKey::decode(&encoded[..1]), Err(KeyError::BadKeyLength(1)));
    assert_eq!(PublicKey::decode(&encoded[1..]), Err(KeyError::BadKeyType(0xD8)));
    for kind in (0..=0xFF).filter(|kind| *kind != 5) {
        assert_eq!(PublicKey::decode(&[&[kind], &encoded[1..]].concat()), Err(KeyError::BadKeyType(kind)));
    }
}

#[test]
fn public_keys_are_kept_as_received() {
    let mut bytes = *key("IKa").public_key().as_bytes();
    let plain = PublicKey::from_bytes(bytes);
    bytes[31] |= 0x80;
    let high = PublicKey::from_bytes(bytes);
    assert_ne!(plain, high, "two encodings of a point are two keys");
    assert_eq!(high.encode()[1..], bytes);
    let agreed = |theirs| *key("IKb").diffie_hellman(theirs).unwrap().as_bytes();
    assert_eq!(agreed(&plain), agreed(&high), "which agree on the same secret");
}

/// Else tables of keys would be lists.
#[test]
fn different_public_keys_have_different_hashes() {
    let hashes = KEYS.map(|(_, _, public)| {
        let mut hasher = DefaultHasher::new();
        PublicKey::decode(&public).unwrap().hash(&mut hasher);
        hasher.finish()
    });
    assert_eq!(BTreeSet::from(hashes).len(), KEYS.len());
}

#[test]
fn a3_agreement() {
    let answers = [
        ("IKa", "SPKb", hex!("bdfd83b785a54b715bac7204327c977cc872c780d1fd67a827787bc6bdcc8d56")),
        ("EKa", "IKb", hex!("436be988cf0004b93d7b4c35403a45d6004b6def411a14c3633af43f27a8263e")),
        ("EKa", "SPKb", hex!("fdeca07ceb54381de7f1cba7928c88b46aa8e9af5dca63e114233c48c6705f65")),
        ("EKa", "OPKb", hex!("6e36c1c166ccc132a2f2cbd6dc2cfb6117871609a602162421ed0eab3b85d700")),
        ("Ra", "SPKb", hex!("a970272f605ff2250fa89f74391ff5d04e4d56390f60284aecc0ea856bec1c18")),
    ];
    for (ours, theirs, shared) in answers {
        let (ours, theirs) = (key(ours), key(theirs));
        assert_eq!(*ours.diffie_hellman(&theirs.public_key()).unwrap().as_bytes(), shared);
        assert_eq!(*theirs.diffie_hellman(&ours.public_key()).unwrap().as_bytes(), shared);
    }
    for _ in 0..50 {
        let [a, b] = core::array::from_fn(|_| KeyPair::generate(&mut Source::default()));
        assert_eq!(
            a.private().diffie_hellman(b.public()).unwrap(),
            b.private().diffie_hellman(a.public()).unwrap()
        );
    }
}

#[test]
fn a4_zero_shared_secret_is_refused() {
    let ours = key("IKa");
    assert_eq!(ours.diffie_hellman(&PublicKey::from_bytes([0; 32])), Err(NonContributory));
    for point in EIGHT_TORSION {
        let theirs = PublicKey::from_bytes(point.to_montgomery().to_bytes());
        assert_eq!(ours.diffie_hellman(&theirs), Err(NonContributory), "{theirs:?}");
    }
}

/// The point with this u-coordinate and sign bit 0.
fn point(key: &PublicKey) -> EdwardsPoint {
    MontgomeryPoint(*key.as_bytes()).to_edwards(0).expect("on the curve")
}

#[test]
fn a11_canonical_keys_are_torsion_free() {
    for (name, _, public) in KEYS {
        let public = PublicKey::decode(&public).unwrap();
        assert!(public.is_canonical(), "{name}");
        for torsion in &EIGHT_TORSION[1..] {
            let moved = PublicKey::from_bytes((point(&public) + torsion).to_montgomery().to_bytes());
            assert!(!moved.is_canonical(), "{name}");
        }
    }
    for torsion in EIGHT_TORSION {
        let low = PublicKey::from_bytes(torsion.to_montgomery().to_bytes());
        assert!(!low.is_canonical(), "{low:?}");
    }
}

/// `2^255 − 19 + offset`, as far as it fits 256 bits.
fn p_plus(offset: u8) -> [u8; 32] {
    let mut bytes = [0xFF; 32];
    (bytes[0], bytes[31]) = (0xED + offset, 0x7F);
    bytes
}

#[test]
fn a12_canonical_keys_are_in_range() {
    let mut base = [0; 32];
    base[0] = 9;
    assert!(PublicKey::from_bytes(base).is_canonical());
    assert!(!PublicKey::from_bytes(p_plus(9)).is_canonical(), "the base point again, not reduced");
    base[31] = 0x80;
    assert!(!PublicKey::from_bytes(base).is_canonical(), "the base point again, top bit set");

    for offset in 0..=18 {
        assert!(!PublicKey::from_bytes(p_plus(offset)).is_canonical());
    }
    let mut just_2_255 = [0; 32];
    just_2_255[31] = 0x80;
    assert!(!PublicKey::from_bytes(just_2_255).is_canonical());

    // One key in 128 has the top byte of p.
    let seeds = (0..=255).flat_map(|low| (0..32).map(move |high| [low, high]));
    let keys =
        seeds.map(|seed| PrivateKey::from_secret(&Secret::new([seed; 16].concat().try_into().unwrap())));
    let near: Vec<_> = keys.map(|key| key.public_key()).filter(|key| key.as_bytes()[31] == 0x7F).collect();
    assert!(
        near.iter().any(|key| key.as_bytes()[0] >= 0xED),
        "and of these some the lowest byte of more than p"
    );
    assert!(near.iter().all(PublicKey::is_canonical));

    // The largest u below p that an honest key has: the range test must not bite early.
    let (u, steps) = (1..=255)
        .map(|below| {
            let mut bytes = [0xFF; 32];
            (bytes[0], bytes[31]) = (0xED_u8.wrapping_sub(below), 0x7F);
            if below > 0xED {
                bytes[1] = 0xFE;
            }
            (PublicKey::from_bytes(bytes), below)
        })
        .find(|(u, _)| u.is_canonical())
        .expect("one in eight is");
    assert!((2..=100).contains(&steps));
    assert_eq!(point(&u) * (Scalar::ZERO - Scalar::ONE) + point(&u), EdwardsPoint::default());
}

#[test]
fn debug_hides_agreement_secrets() {
    let shared: Secret<32> = key("IKa").diffie_hellman(&key("IKb").public_key()).unwrap();
    assert_eq!(format!("{shared:?} {:?}", key("IKa")), "Secret<32>(..) PrivateKey(..)");
}
