// SPDX-License-Identifier: MIT OR Apache-2.0

//! Known answers of the deployed client, 0.103.0. Its signatures are sample values.

use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group::DistributionMessage;
use subrosa::group::{ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::cbc;
use subrosa::hazmat::crypto::kdf::{Label, hkdf};
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::hazmat::wire::stored::{
    StoredChainKey, StoredSenderKey, StoredSenderKeyRecord, StoredSigningKey,
};
use subrosa::keys::{PrivateKey, Secret};

use crate::group::{learn, receive, send, sender};
use crate::properties::ID;

const CHAIN_ID: u32 = 42;
const CHAIN_KEY: [u8; 32] = [0x51; 32];
const SIGNING_PRIVATE: [u8; 32] = hex!("2021212121212121212121212121212121212121212121212121212121212161");
const SIGNING_PUBLIC: [u8; 33] = hex!("057d34a4815fa6b982535e60af3bd9b49556816080f1641ff81d2b7c8ae8268a44");
const TEXT: &[u8] = b"hello group";

/// Chain key, seed, initialisation vector, cipher key and ciphertext of one iteration.
type Iteration = ([u8; 32], [u8; 32], [u8; 16], [u8; 32], [u8; 16]);

const SCHEDULE: [Iteration; 3] = [
    (
        CHAIN_KEY,
        hex!("80e55c8f5a883821ab28ea5eb585bdaf80a047f8711cd7e9cd0776369f553d01"),
        hex!("7ee82d3026452edb6e038104a1693ffd"),
        hex!("5e21efedb43ade19e9550126b5b6c84da88595efcda43ca2537bc1dce3844ef2"),
        hex!("23a5ba774627bb8adb19dfbda245b558"),
    ),
    (
        hex!("5a4ac11ac286499d00938a0b08bd009fb40b7a645683c11f3d7f06e0fc514d98"),
        hex!("a32bc0eeaaf92e444ea21858f1717ed4a3cc947373743cf52840beb02c5cbb05"),
        hex!("c6dba2cc681bf1e4aca7459aebc7d422"),
        hex!("e9d8685152e091a0248865ef9adf8138b71f2b13d5209e9cf0c8da6c7857299a"),
        hex!("d839b058028e52393dc74a8f29a72e84"),
    ),
    (
        hex!("161074115b402fa14534b4bfd2ce2b1abc1a8fa5009a54038ebf0ffb14788ab0"),
        hex!("11109e4aad5098716c5d200e768fc02b87c3c6e7f6c59b52c8ffe6ae8d212f61"),
        hex!("aadd917d20bcac5b19150dbfd29e28c3"),
        hex!("e3fd21cea0bdcf5dd3b51991facc1e5afea78a466147e32f82dc0f765b9a2302"),
        hex!("e4d6c6afa133496979cc9a57cb03485c"),
    ),
];

const SKDM: &[u8] = &hex!(
    "330a10d1d1d1d1700011ebb32a33b8a8a487a6102a1800222051515151515151515151515151515151515151515151515151"
    "515151515151512a21057d34a4815fa6b982535e60af3bd9b49556816080f1641ff81d2b7c8ae8268a44"
);
const SIGNED_BYTES_OF_MESSAGE_1: &[u8] =
    &hex!("330a10d1d1d1d1700011ebb32a33b8a8a487a6102a18012210d839b058028e52393dc74a8f29a72e84");
const MESSAGES: [&[u8]; 3] = [
    &hex!(
        "330a10d1d1d1d1700011ebb32a33b8a8a487a6102a1800221023a5ba774627bb8adb19dfbda245b558a0491313e2d5fe0415"
        "b5ee12beb397bf563b4d0736c13ffef6ac0f650955c33fd9df3ac6e902c8858b5f3ad3c8e62e0d07d8dea90d4ff6040c4f63"
        "92cb71ab07"
    ),
    &hex!(
        "330a10d1d1d1d1700011ebb32a33b8a8a487a6102a18012210d839b058028e52393dc74a8f29a72e849a03930cc9899a7e2e"
        "4562fc1e8d71c2f359926347c13f1017b959dec129496fd06b63741c0f081c33a30158331fd599d96d0291c8b21fcf8576c5"
        "e200432f0d"
    ),
    &hex!(
        "330a10d1d1d1d1700011ebb32a33b8a8a487a6102a18022210e4d6c6afa133496979cc9a57cb03485c93726fc5d615845c58"
        "47d90f0713ddee7b4a315ae3c5f83b70accf0fd128956572559565d4dbeff241f315d50d050166419a2674c388c56d8a8219"
        "45300a2b01"
    ),
];

const RECORD_AFTER_SKDM: &[u8] = &hex!(
    "0a4d082a1222122051515151515151515151515151515151515151515151515151515151515151511a230a21057d34a4815f"
    "a6b982535e60af3bd9b49556816080f1641ff81d2b7c8ae8268a442803"
);
const RECORD_AFTER_MESSAGE_2: &[u8] = &hex!(
    "0a9901082a12240803122093f3912f42d3eced075abe194c6b26fcd26a48e04150e574c0a8cec43b7ebd331a230a21057d34"
    "a4815fa6b982535e60af3bd9b49556816080f1641ff81d2b7c8ae8268a442222122080e55c8f5a883821ab28ea5eb585bdaf"
    "80a047f8711cd7e9cd0776369f553d01222408011220a32bc0eeaaf92e444ea21858f1717ed4a3cc947373743cf52840beb0"
    "2c5cbb052803"
);
const RECORD_AFTER_MESSAGE_0: &[u8] = &hex!(
    "0a75082a12240803122093f3912f42d3eced075abe194c6b26fcd26a48e04150e574c0a8cec43b7ebd331a230a21057d34a4"
    "815fa6b982535e60af3bd9b49556816080f1641ff81d2b7c8ae8268a44222408011220a32bc0eeaaf92e444ea21858f1717e"
    "d4a3cc947373743cf52840beb02c5cbb052803"
);

/// The sender key of the known answers.
fn sender_key() -> SenderKey {
    let state = StoredSenderKey {
        chain_id: CHAIN_ID,
        chain_key: Some(StoredChainKey { index: 0, key: &CHAIN_KEY }),
        signing_key: Some(StoredSigningKey { public: &SIGNING_PUBLIC, private: &SIGNING_PRIVATE }),
        message_keys: vec![],
        version: 3,
    };
    let record = StoredSenderKeyRecord { states: vec![state] }.encode();
    let key = SenderKey::from_libsignal_record(&record, ID).unwrap();
    assert_eq!(key.to_libsignal_record(), record);
    key
}

#[test]
fn key_schedule() {
    let mut chain = ChainKey::new(Secret::new(CHAIN_KEY), 0);
    for (chain_key, expected_seed, iv, cipher_key, ciphertext) in SCHEDULE {
        assert_eq!(*chain.as_bytes(), chain_key);
        let (seed, next) = chain.step().unwrap();
        assert_eq!(*seed.as_bytes(), expected_seed);
        let keys = hkdf::<48>(None, seed.as_bytes(), Label::new("WhisperGroup"));
        assert_eq!(*keys.as_bytes(), *[&iv[..], &cipher_key].concat());
        let mut body = Vec::new();
        cbc::encrypt_into(&cipher_key, &iv, TEXT, &mut body);
        assert_eq!(body, ciphertext);
        chain = next;
    }
}

#[test]
fn sender_bytes_are_known() {
    let (mut key, rng) = (sender_key(), &mut ChaCha20Rng::seed_from_u64(1));
    assert_eq!(*key.distribution(), SKDM);
    for (iteration, (.., ciphertext)) in SCHEDULE.iter().enumerate() {
        let sent = send(&mut key, TEXT, rng).unwrap();
        let expected = MESSAGES[iteration];
        assert_eq!(sent.len(), expected.len());
        assert_eq!(sent[..sent.len() - 64], expected[..expected.len() - 64]);
        assert_eq!(SenderKeyMessage::parse(&sent).unwrap().body(), ciphertext);
    }
    assert_eq!(SenderKeyMessage::parse(MESSAGES[1]).unwrap().signed(), SIGNED_BYTES_OF_MESSAGE_1);
}

#[test]
fn message_verifies_under_its_signing_key_only() {
    let distribution = DistributionMessage::parse(SKDM).unwrap();
    let message = SenderKeyMessage::parse(MESSAGES[1]).unwrap();
    assert!(message.verify(distribution.signing_key()));
    let other = PrivateKey::from_secret(&Secret::new([7; 32])).public_key();
    assert!(!message.verify(&other));
    for at in [1, MESSAGES[1].len() - 65, MESSAGES[1].len() - 1] {
        let mut damaged = MESSAGES[1].to_vec();
        damaged[at] ^= 1;
        let verified =
            SenderKeyMessage::parse(&damaged).is_ok_and(|message| message.verify(distribution.signing_key()));
        assert!(!verified, "byte {at}");
    }
}

#[test]
fn receiver_reads_and_stores_known_bytes() {
    let mut keys = ReceiverKeys::new(sender(), ID);
    assert!(keys.to_libsignal_record().is_empty());
    learn(&mut keys, SKDM);
    assert_eq!(*keys.to_libsignal_record(), RECORD_AFTER_SKDM);
    assert_eq!(receive(&mut keys, MESSAGES[2]).unwrap(), TEXT);
    assert_eq!(*keys.to_libsignal_record(), RECORD_AFTER_MESSAGE_2);
    keys = ReceiverKeys::from_libsignal_record(RECORD_AFTER_MESSAGE_2, sender(), ID).unwrap();
    assert_eq!(receive(&mut keys, MESSAGES[0]).unwrap(), TEXT);
    assert_eq!(*keys.to_libsignal_record(), RECORD_AFTER_MESSAGE_0);
    assert_eq!(receive(&mut keys, MESSAGES[1]).unwrap(), TEXT);
}
