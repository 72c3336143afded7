// SPDX-License-Identifier: MIT OR Apache-2.0

//! X-Wing: the test vectors of draft-connolly-cfrg-xwing-kem, as the crate `x-wing` 0.1.1 ships them. Their seeds are
//! the first bytes of SHAKE-128 of nothing.

use serde::Deserialize;
use subrosa::hazmat::crypto::xwing::{ENC_LEN, PUBLIC_LEN, XWingKey, XWingPublicKey};
use subrosa::keys::Secret;

/// A vector, in hex.
#[derive(Deserialize)]
struct Vector {
    seed: String,
    eseed: String,
    pk: String,
    ct: String,
    ss: String,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/x-wing/draft.json")).unwrap();
    assert_eq!(vectors.len(), 3);
    vectors
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn keys_encapsulations_and_secrets_are_those_of_the_draft() {
    for vector in vectors() {
        let key = XWingKey::from_seed(Secret::new(hex(&vector.seed)));
        assert_eq!(key.public().0, hex::<PUBLIC_LEN>(&vector.pk));
        assert!(key.public().is_reduced());
        let public = XWingPublicKey(hex(&vector.pk));
        let (enc, shared) = public.encapsulate(&Secret::new(hex(&vector.eseed))).unwrap();
        assert_eq!(enc, hex::<ENC_LEN>(&vector.ct));
        assert_eq!(shared.as_bytes(), &hex(&vector.ss));
        assert_eq!(key.decapsulate(&enc).unwrap().as_bytes(), &hex(&vector.ss));
    }
}

/// A changed bit of either half gives another secret, and no error: ML-KEM rejects implicitly.
#[test]
fn a_changed_encapsulation_gives_another_secret() {
    for vector in vectors() {
        let key = XWingKey::from_seed(Secret::new(hex(&vector.seed)));
        for at in [0, 1087, 1088, 1118] {
            let mut enc: [u8; ENC_LEN] = hex(&vector.ct);
            enc[at] ^= 1;
            assert_ne!(key.decapsulate(&enc).unwrap().as_bytes(), &hex(&vector.ss), "{at}");
        }
    }
}
