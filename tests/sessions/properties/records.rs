// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is written reads back as the same, and what was read writes the same bytes.
//!
//! Of sessions the simulation asserts it at each step; of messages `tests/wire/messages.rs` does.

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::address::ServiceIdKind;
use subrosa::keys::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType, PrivateKey, PublicKey};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::{IdentityKey, IdentityKeyPair, RecordKey, ServiceId, Timestamp};

use crate::cases::config;

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn pre_keys(seed: u64, id: u32, created: u64) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let created = Timestamp::from_millis(created);
        let identity = IdentityKeyPair::generate(&mut rng);
        let read = IdentityKeyPair::from_record(identity.record().as_bytes()).unwrap();
        assert_eq!(read.public(), identity.public());
        assert_eq!(read.record().as_bytes(), identity.record().as_bytes());

        let one_time = OneTimePreKey::generate(OneTimePreKeyId(id), &mut rng);
        let read = OneTimePreKey::from_record(one_time.record().as_bytes()).unwrap();
        assert_eq!(read.public(), one_time.public());
        assert_eq!(read.record().as_bytes(), one_time.record().as_bytes());

        let signed = SignedPreKey::generate(SignedPreKeyId(id), &identity, created, &mut rng);
        let read = SignedPreKey::from_record(signed.record().as_bytes()).unwrap();
        assert_eq!((read.public(), read.created()), (signed.public(), created));
        assert_eq!(read.record().as_bytes(), signed.record().as_bytes());

        let kem = OneTimeKemPreKey::generate(KemPreKeyId(id), &identity, created, &mut rng);
        let read = OneTimeKemPreKey::from_record(kem.record().as_bytes()).unwrap();
        assert_eq!((read.public(), read.created()), (kem.public(), created));
        assert_eq!(read.record().as_bytes(), kem.record().as_bytes());
        assert!(LastResortKemPreKey::from_record(kem.record().as_bytes()).is_err());

        let kem = LastResortKemPreKey::generate(KemPreKeyId(id), &identity, created, &mut rng);
        let read = LastResortKemPreKey::from_record(kem.record().as_bytes()).unwrap();
        assert_eq!((read.public(), read.created()), (kem.public(), created));
        assert_eq!(read.record().as_bytes(), kem.record().as_bytes());
        assert!(OneTimeKemPreKey::from_record(kem.record().as_bytes()).is_err());

        let key = RecordKey::generate(&mut rng);
        let sealed = key.seal(&kem.record(), b"owner", &mut rng).unwrap();
        let opened = key.open(kem.record().kind(), b"owner", &sealed).unwrap();
        assert_eq!(opened.as_bytes(), kem.record().as_bytes());
    }

    #[test]
    fn keys(bytes: [u8; 32], seed: u64, ml_kem: bool) {
        let public = PublicKey::from_bytes(bytes);
        assert_eq!(PublicKey::decode(&public.encode()), Ok(public));
        assert_eq!(IdentityKey::decode(&public.encode()), Ok(IdentityKey::new(public)));
        let private = PrivateKey::decode(&bytes).unwrap();
        let again = PrivateKey::decode(private.as_bytes()).unwrap();
        assert_eq!(again.as_bytes(), private.as_bytes());

        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let kem = if ml_kem { KemType::MlKem1024 } else { KemType::Kyber1024 };
        let pair = KemKeyPair::generate(kem, &mut rng);
        let (ciphertext, secret) = pair.public().encapsulate(&mut rng);
        assert_eq!(&KemPublicKey::decode(&pair.public().encode()).unwrap(), pair.public());
        let ciphertext = KemCiphertext::decode(&ciphertext.encode()).unwrap();
        let decoded = KemSecretKey::decode(pair.secret().encode().as_bytes()).unwrap();
        assert_eq!(decoded.encode(), pair.secret().encode());
        assert_eq!(decoded.decapsulate(&ciphertext).unwrap(), secret);
    }

    #[test]
    fn service_ids(uuid: [u8; 16], pni: bool) {
        let kind = if pni { ServiceIdKind::Pni } else { ServiceIdKind::Aci };
        let id = ServiceId::new(kind, uuid);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(ServiceId::from_bytes(&id.to_bytes()), Ok(id));
    }
}
