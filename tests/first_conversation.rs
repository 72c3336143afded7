// SPDX-License-Identifier: MIT OR Apache-2.0

//! The paved path from end to end: two devices, both versions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{
    Address, Admission, Ciphertext, DeviceId, IdentityKeyPair, KemKey, KemPreKeyEffect, KemPreKeyId,
    LastResortKemPreKey, Local, MessageKind, OneTimePreKey, OneTimePreKeyId, Policy, PreKeyBundle,
    PreKeySignalMessage, ResponderKeys, Session, SignalMessage, SignedPreKey, SignedPreKeyId, Timestamp,
    Trust,
};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

struct Party {
    identity: IdentityKeyPair,
    signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    kem: LastResortKemPreKey,
    session: Session,
    policy: Policy,
}

impl Party {
    fn new(names: [&str; 2], policy: Policy, rng: &mut ChaCha20Rng) -> Self {
        let [local, remote] = names.map(|name| Address::new(name, DeviceId::PRIMARY));
        let identity = IdentityKeyPair::generate(rng);
        let signed = SignedPreKey::generate(SignedPreKeyId(0), &identity, NOW, rng);
        let one_time = Some(OneTimePreKey::generate(OneTimePreKeyId(0), rng));
        let kem = LastResortKemPreKey::generate(KemPreKeyId(0), &identity, NOW, rng);
        Self { identity, signed, one_time, kem, session: Session::new(local, remote), policy }
    }

    fn local(&self) -> Local<'_> {
        Local::new(&self.identity, 7).with_policy(self.policy)
    }

    fn bundle(&self) -> PreKeyBundle {
        PreKeyBundle {
            registration_id: 7,
            device_id: DeviceId::PRIMARY,
            identity_key: *self.identity.public(),
            signed_pre_key: self.signed.public(),
            one_time_pre_key: self.one_time.as_ref().map(OneTimePreKey::public),
            kem_pre_key: (self.policy == Policy::PostQuantum).then(|| self.kem.public()),
        }
    }

    fn send(&mut self, plaintext: &[u8], rng: &mut ChaCha20Rng) -> Ciphertext {
        let staged = self.session.encrypt(plaintext, Trust::Anyone, NOW, rng).unwrap();
        let record = staged.record();
        let ciphertext = staged.commit();
        assert_eq!(record.as_bytes(), self.session.record().as_bytes());
        ciphertext
    }

    fn receive(&mut self, message: &Ciphertext, rng: &mut ChaCha20Rng) -> Vec<u8> {
        if message.kind() == MessageKind::Whisper {
            let message = SignalMessage::parse(message.as_bytes()).unwrap();
            return self.session.decrypt(&message, Trust::Anyone, rng).unwrap().commit().to_vec();
        }
        let message = PreKeySignalMessage::parse(message.as_bytes()).unwrap();
        let local = Local::new(&self.identity, 7).with_policy(self.policy);
        let staged = match self.session.admit(&local, &message, Trust::Anyone).unwrap() {
            Admission::Known(known) => known.decrypt(rng).unwrap(),
            Admission::New(new) => {
                let kem = new.needed().kem.map(|_| KemKey::LastResort { key: &self.kem, used_before: false });
                let one_time = new.needed().one_time.and(self.one_time.take());
                let staged = new.accept(ResponderKeys { signed: &self.signed, one_time, kem }, rng).unwrap();
                assert_eq!(staged.effects().delete_one_time_pre_key, Some(OneTimePreKeyId(0)));
                let remembered = matches!(staged.effects().kem_pre_key, Some(KemPreKeyEffect::Remember(_)));
                assert_eq!(remembered, self.policy == Policy::PostQuantum);
                staged
            }
        };
        let record = staged.record();
        let plaintext = staged.commit().to_vec();
        assert_eq!(record.as_bytes(), self.session.record().as_bytes());
        plaintext
    }
}

fn converse(policy: Policy, version: u8) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut alice = Party::new(["alice", "bob"], policy, &mut rng);
    let mut bob = Party::new(["bob", "alice"], policy, &mut rng);

    let bundle = bob.bundle().verify(Trust::Anyone).unwrap();
    let local = Local::new(&alice.identity, 7).with_policy(policy);
    alice.session.initiate(&local, bundle, NOW, &mut rng).unwrap().commit();
    assert_eq!(alice.session.version(), Some(version));

    for text in [&b"first"[..], b"", &[b'x'; 1000]] {
        let message = alice.send(text, &mut rng);
        assert_eq!(message.kind(), MessageKind::PreKey);
        assert_eq!(bob.receive(&message, &mut rng), text);
    }
    for round in 0..20u8 {
        let reply = bob.send(&[round], &mut rng);
        assert_eq!(reply.kind(), MessageKind::Whisper);
        assert_eq!(alice.receive(&reply, &mut rng), [round]);
        let late = alice.send(b"late", &mut rng);
        let early = alice.send(b"early", &mut rng);
        assert_eq!(bob.receive(&early, &mut rng), b"early");
        assert_eq!(bob.receive(&late, &mut rng), b"late");
    }
    assert_eq!(alice.session.base_key(), bob.session.base_key());
    let _ = (alice.local(), bob.local());
}

#[test]
fn version_4() {
    converse(Policy::PostQuantum, 4);
}

#[test]
fn version_3() {
    converse(Policy::AllowVersion3, 3);
}
