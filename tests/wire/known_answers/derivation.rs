// SPDX-License-Identifier: MIT OR Apache-2.0

//! The derivations of the agreement and the ratchets, put together from the primitives. They are known
//! answers for the layers above, computed here without those layers.

use hex_literal::hex;
use subrosa::hazmat::crypto::cbc;
use subrosa::hazmat::crypto::kdf::{Label, MacKey, hkdf};
use subrosa::hazmat::crypto::secret::Secret;

use crate::known_answers::{KEYS, key, seq};

const KYBER_SECRET: [u8; 32] = hex!("66cd15c09e372fe64522aea8c8086844999ce7f16565b4a043680bf0bc95083b");
const PQXDH: Label = Label::new("WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024");
const MESSAGE_KEYS: Label = Label::new("WhisperMessageKeys");

/// The secret input of PQXDH among the named keys.
fn secret_input(with_one_time: bool) -> Vec<u8> {
    let agree = |ours, theirs| *key(ours).diffie_hellman(&key(theirs).public_key()).unwrap().as_bytes();
    let mut input = vec![0xFF; 32];
    for (ours, theirs) in [("IKa", "SPKb"), ("EKa", "IKb"), ("EKa", "SPKb")] {
        input.extend(agree(ours, theirs));
    }
    if with_one_time {
        input.extend(agree("EKa", "OPKb"));
    }
    input.extend(KYBER_SECRET);
    input
}

#[test]
fn agreement_with_one_time_prekey() {
    let okm: Secret<96> = hkdf(None, &secret_input(true), PQXDH);
    assert_eq!(
        *okm.as_bytes(),
        hex!(
            "9cf720a0e1f05d059f964fc260a8e3ca9599caef095022e96b6afc846dbca40c"
            "d6d5a2ab92949849d9e0ca32baacc2e32d934bb057983d993cc2e1232e1cb3c2"
            "327427a511d6fce4c93ed795527f18bff4b0d5d3faf3ecffd3c755c7fe389072"
        )
    );
    let root0 = okm.as_bytes()[..32].try_into().unwrap();
    let dh = key("Ra").diffie_hellman(&key("SPKb").public_key()).unwrap();
    let okm: Secret<64> = hkdf(Some(&root0), dh.as_bytes(), Label::new("WhisperRatchet"));
    assert_eq!(
        *okm.as_bytes(),
        hex!(
            "793c9f1169482380f9b9e0a85bb71abd0cb55d66adbea6e66fbfcef3325a9bd0"
            "a308d4cc9d1c660dd6b9d155dcf79316e4b98b9b20e03db100a401d84290aa9c"
        )
    );
}

#[test]
fn agreement_without_one_time_prekey() {
    let okm: Secret<96> = hkdf(None, &secret_input(false), PQXDH);
    assert_eq!(
        *okm.as_bytes(),
        hex!(
            "557c6d68a4c421a1d67d6355454a8983ad41dae10e8756f3d89d02b46c16cc81"
            "2282b05965d169ba0a8f484d77dad0e40a77a3cd438c99df9ffce3ba4e637777"
            "8b60be954d3991f338a1886987acba114e783cee64d74aad7f3313b2ba609efe"
        )
    );
}

/// Seed of the message's keys, and the next chain key.
fn chain_step(chain_key: &[u8; 32]) -> ([u8; 32], [u8; 32]) {
    let key = MacKey::new(chain_key);
    (*key.mac(&[&[1]]).as_bytes(), *key.mac(&[&[2]]).as_bytes())
}

#[test]
fn chain_key_00_to_1f() {
    let (seed, next) = chain_step(&seq(0));
    assert_eq!(seed, hex!("9b4c8120a4823a95f47cde17a244f4507244ee6e3957d1fab9fa29b44d3829b7"));
    assert_eq!(next, hex!("4304c22c84a53755ab08ead8d97a8d429be5efa480682d7ad1da27f73e1fbe1d"));

    let keys: Secret<80> = hkdf(None, &seed, MESSAGE_KEYS);
    assert_eq!(
        *keys.as_bytes(),
        hex!(
            "86268814b41f5fd154659f26873660e3dbc8b205155c3b59b8570b015d773c0c"
            "dea51fa5beca2618971c4292647b81e83f2b4edd03e0d292a87ec66e0163abdb"
            "21cfd5b9956a1631f6b7b5b5bdf7b791"
        )
    );
    let keys: Secret<80> = hkdf(Some(&seq(0x80)), &seed, MESSAGE_KEYS);
    assert_eq!(
        *keys.as_bytes(),
        hex!(
            "8b4a4487dc75f1feb31ea234e28e99fe28a44cc0663580c2cecc022503e73cbe"
            "471da0d46154727911f6766f73eb5d12b0a0c2e6de94e352e4871bdb91a70fe1"
            "fc92be9061e87732228108b89d64ce2e"
        )
    );
}

/// The whole first message of the session, byte for byte.
const FIRST_MESSAGE: [u8; 142] = hex!(
    "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10001800"
    "2230f8056809e64d93fc29484db9445eb3846701afe98f79b5225a7564f98beb2646d824c1c80577"
    "c0ffdedf27c9741b6cd92a0401010100322400111111111111411181111111111111110100222222"
    "22222242228222222222222222038f17fb3f603ac0f9"
);

#[test]
fn first_message_of_a_session() {
    let (seed, next) = chain_step(&hex!("a308d4cc9d1c660dd6b9d155dcf79316e4b98b9b20e03db100a401d84290aa9c"));
    assert_eq!(seed, hex!("39e74d085fb5c2cd4485957108435d7248e9faef772fc46d927eaf402f1c1701"));
    assert_eq!(next, hex!("d2ef523a52c6c112e6e17b45762c26b4ca89951476589a5befb2f3611d4f44df"));
    let keys: Secret<80> = hkdf(None, &seed, MESSAGE_KEYS);
    assert_eq!(
        *keys.as_bytes(),
        hex!(
            "639bed5bb60adabc8dcd156c6d4aa5b725126d41559cd30f13084390b098954e"
            "147e244c3b4295a8bc6ef9c8244f23f37565a55d1a6b704a2da7f578ed1f599f"
            "97d7303a8a44cee6e7d98dd36ff7d24b"
        )
    );

    let salt = hex!("485e6d8e62f3a070f5d87ae3619c19f4f3d6d9f4e3d905c154483819ce5ae2d6");
    let keys: Secret<80> = hkdf(Some(&salt), &seed, MESSAGE_KEYS);
    let (cipher_key, mac_key) =
        (keys.as_bytes()[..32].try_into().unwrap(), keys.as_bytes()[32..64].try_into());
    let iv = keys.as_bytes()[64..].try_into().unwrap();
    let mac_key: &[u8; 32] = mac_key.unwrap();
    assert_eq!(*mac_key, hex!("5b5576eabe4bd6d7bd4372d7a664e4bab5c84e7044718e47620d7b46636af0d9"));

    let mut body = Vec::new();
    cbc::encrypt_into(cipher_key, iv, b"hello from an independent implementation", &mut body);
    let (signed, tag) = FIRST_MESSAGE.split_last_chunk::<8>().unwrap();
    assert_eq!(signed[42..90], body, "the ciphertext");
    let (sender, receiver) = (KEYS[0].2, KEYS[3].2);
    assert!(MacKey::new(mac_key).verify(&[&sender, &receiver, signed], tag));
    assert!(!MacKey::new(mac_key).verify(&[&receiver, &sender, signed], tag));
}

#[test]
fn mac_of_messages_made_by_the_deployed_client() {
    let messages: [&[u8]; 2] = [
        &hex!(
            "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10091808"
            "2204010203040039ad571a58cdbc"
        ),
        &hex!(
            "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10091808"
            "2204010203042a0401010100761d051028b23ee2"
        ),
    ];
    for message in messages {
        let (signed, tag) = message.split_last_chunk::<8>().unwrap();
        assert!(MacKey::new(&[0xAB; 32]).verify(&[&KEYS[0].2, &KEYS[3].2, signed], tag));
    }
}
