// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who takes part, and how values are written.

use serde_json::{Value, json};
use subrosa::keys::{KemType, KeyPair};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey, SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::Policy;
use subrosa::{Address, DeviceId, IdentityKeyPair, PreKeyBundle, Timestamp};

use crate::own_vectors::stream::Stream;

pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub fn text(bytes: impl AsRef<[u8]>) -> Value {
    json!(hex::encode(bytes))
}

/// A Curve25519 key pair: private as it is drawn and clamped, public with its type byte.
pub fn pair(private: &[u8; 32], public: &[u8; 33]) -> Value {
    json!({ "private": hex::encode(private), "public": hex::encode(public) })
}

pub fn key_pair(pair: &KeyPair) -> Value {
    self::pair(pair.private().as_bytes(), &pair.public().encode())
}

pub fn identity(identity: &IdentityKeyPair) -> Value {
    pair(identity.private().as_bytes(), &identity.public().encode())
}

pub fn alice() -> Address {
    Address::new("a1b2c3d4-0001-4002-8003-00000000000a", DeviceId::PRIMARY)
}

pub fn bob() -> Address {
    Address::new("a1b2c3d4-0001-4002-8003-00000000000b", DeviceId::PRIMARY)
}

/// The responder's prekeys.
pub struct PreKeys {
    pub signed: SignedPreKey,
    pub one_time: OneTimePreKey,
    pub kem: LastResortKemPreKey,
    /// What the KEM key was made from: d || z.
    kem_seed: String,
}

impl PreKeys {
    pub fn generate(identity: &IdentityKeyPair, stream: &mut Stream) -> Self {
        let signed = SignedPreKey::generate(SignedPreKeyId(22), identity, NOW, stream);
        let one_time = OneTimePreKey::generate(OneTimePreKeyId(7), stream);
        stream.drawn();
        let kem = LastResortKemPreKey::generate(KemPreKeyId(33), identity, NOW, stream);
        assert_eq!(kem.key_pair().public().kem_type(), KemType::Kyber1024);
        let kem_seed = stream.drawn().swap_remove(0);
        assert_eq!(kem_seed.len(), 128);
        Self { signed, one_time, kem, kem_seed }
    }

    pub fn bundle(&self, identity: &IdentityKeyPair, version: u8) -> PreKeyBundle {
        PreKeyBundle {
            registration_id: REGISTRATION_IDS[1],
            device_id: DeviceId::PRIMARY,
            identity_key: *identity.public(),
            signed_pre_key: self.signed.public(),
            one_time_pre_key: Some(self.one_time.public()),
            kem_pre_key: (version == 4).then(|| self.kem.public()),
        }
    }

    /// All of them, with what is needed to make them again.
    pub fn describe(&self, version: u8) -> Value {
        let signed = self.signed.public();
        let mut out = json!({
            "SPK": key_pair(self.signed.key_pair()),
            "SPK.id": self.signed.id().0,
            "SPK.signature": hex::encode(signed.signature),
            "OPK": key_pair(self.one_time.key_pair()),
            "OPK.id": self.one_time.id().0,
        });
        if version == 4 {
            let kem = self.kem.key_pair();
            out["KPK"] = json!({
                "seed": self.kem_seed,
                "public": hex::encode(kem.public().encode()),
                "secret": hex::encode(kem.secret().encode().as_bytes()),
            });
            out["KPK.id"] = json!(self.kem.id().0);
            out["KPK.signature"] = text(self.kem.public().signature);
        }
        out
    }
}

/// Alice's and Bob's.
pub const REGISTRATION_IDS: [u32; 2] = [1_111, 2_222];

pub fn local(identity: &IdentityKeyPair, party: usize) -> session::Config<'_> {
    session::Config::new(identity, REGISTRATION_IDS[party]).with_policy(Policy::AllowVersion3)
}
