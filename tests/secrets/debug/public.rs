// SPDX-License-Identifier: MIT OR Apache-2.0

//! What has no secrets, or only those that do not show: shown all the same, so that nothing is shown as nothing.

use rand_chacha::ChaCha20Rng;
use subrosa::address::ServiceIdKind;
use subrosa::attachment::{ChunkSize, IncrementalMacBuilder};
use subrosa::group;
use subrosa::group::DistributionId;
use subrosa::hazmat::crypto::cbc::{CbcDecryptor, CbcEncryptor};
use subrosa::hazmat::crypto::erasure::{ByteString, Decoder, Encoder};
use subrosa::hazmat::crypto::xeddsa::{Signer, VerifyingKey};
use subrosa::hazmat::ratchet::spqr::{Chain, ChainChange, ChainStep, Direction, Limits, Spqr};
use subrosa::hazmat::wire::prekey_message::{KyberPart, PreKeyMessageParts};
use subrosa::hazmat::wire::protobuf::Fields;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessageParts;
use subrosa::hazmat::wire::signal_message::SignalMessageParts;
use subrosa::hazmat::wire::stored::{
    StoredBraid, StoredPendingKyberPreKey, StoredPendingPreKey, StoredSessionRecord,
};
use subrosa::keys::{KemKeyPair, KemType, PrivateKey, Secret};
use subrosa::prekey::{KemPreKeyId, SignedPreKeyId};
use subrosa::repair::RepairLog;
use subrosa::sealed;
use subrosa::sealed::certificate::CertificateCache;
use subrosa::sealed::server::SentMessage;
use subrosa::{DeviceId, ServiceId, Trust};

use super::device::{Device, Offer, START};
use super::sealed::{Seal, Service};
use super::{Shown, TEXT};

pub(super) fn show(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    show_keys(shown, rng);
    show_messages(shown, rng);
    show_stored(shown);
    show_chain(shown, rng);
    let [mut alice, bob] = Device::acquainted(7);
    let mut session = alice.session(&bob.address).unwrap();

    let mut service = Service::new(7);
    shown.show("ServerCertificate", &service.server);
    let certificate = service.certify(&alice);
    shown.show("SenderCertificate", &certificate);
    let mut memory = CertificateCache::new(1);
    certificate.clone().verify_cached(&mut memory, &service.trust(), START).unwrap();
    shown.show("CertificateCache", &memory);
    let message = session.encrypt(TEXT, Trust::Anyone, START, rng).unwrap().commit();
    let id = ServiceId::new(ServiceIdKind::Aci, [7; 16]);
    shown.show("ServiceId", &id);
    let recipient = sealed::Recipient::new(id, bob.identity.public(), [(DeviceId::PRIMARY, 1)]).unwrap();
    let sent =
        Seal::with(&certificate).of(&alice.identity).seal_for_many(&message, &[recipient], &[], rng).unwrap();
    let sent = SentMessage::parse(&sent.bytes).unwrap();
    shown.show("SentMessage", &sent);
    let recipient = sent.recipients().next().unwrap();
    shown.show("Recipient", &recipient);
    shown.show("RecipientMessage", &recipient.received());
    shown.show("RepairLog", &RepairLog::new(bob.address.clone()));
    alice.send(&bob.address, TEXT);
}

fn show_keys(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let private = PrivateKey::generate(rng);
    let public = private.public_key();
    shown.show("PublicKey", &public);
    shown.show("PreparedKey", &public.prepare());
    shown.show("VerifyingKey", &VerifyingKey::new(&public));
    shown.show("Signer", &Signer::new(&private));
    let kem = KemKeyPair::generate(KemType::Kyber1024, rng);
    shown.show("KemPublicKey", kem.public());
    let (ciphertext, _) = kem.public().encapsulate(rng);
    shown.show("KemCiphertext", &ciphertext);
    let (key, iv) = (Secret::<32>::random(rng), Secret::<16>::random(rng));
    shown.secret("key", key.as_bytes());
    shown.secret("iv", iv.as_bytes());
    shown.show("CbcEncryptor", &CbcEncryptor::new(key.as_bytes(), iv.as_bytes()));
    shown.show("CbcDecryptor", &CbcDecryptor::new(key.as_bytes(), iv.as_bytes()));
    shown.show("IncrementalMacBuilder", &IncrementalMacBuilder::new(key.as_bytes(), ChunkSize::for_len(1)));
}

fn show_messages(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let key = PrivateKey::generate(rng).public_key();
    let braid = Spqr::new(Direction::A2B, &Secret::random(rng), Limits::default());
    let pq_ratchet = braid.send(rng).unwrap().message;
    shown.show("EncodedBraidMessage", &pq_ratchet);
    let parts = SignalMessageParts {
        first_byte: 0x44,
        ratchet_key: &key,
        counter: 1,
        previous_counter: 2,
        body: b"a body",
        pq_ratchet: &pq_ratchet,
        addresses: None,
    };
    shown.show("SignalMessageParts", &parts);
    let ciphertext = KemKeyPair::generate(KemType::Kyber1024, rng).public().encapsulate(rng).0.encode();
    let kyber = KyberPart { pre_key_id: KemPreKeyId(7), ciphertext: &ciphertext };
    shown.show("KyberPart", &kyber);
    let parts = PreKeyMessageParts {
        first_byte: 0x44,
        registration_id: 1,
        pre_key_id: None,
        signed_pre_key_id: SignedPreKeyId(2),
        kyber: Some(kyber),
        base_key: &key,
        identity_key: &key,
        message: b"a message",
    };
    shown.show("PreKeyMessageParts", &parts);
    let id = DistributionId::from_bytes([0xD1; 16]);
    shown.show("DistributionId", &id);
    let format = group::Format::from(id);
    shown.show(
        "SenderKeyMessageParts",
        &SenderKeyMessageParts { format, chain_id: 1, iteration: 2, body: b"a body" },
    );
    let mut encoder = Encoder::new(ByteString::<3>::join(&[9; 96], &[]));
    let mut decoder = Decoder::<3>::new();
    decoder.add(encoder.next_chunk());
    shown.show("Chunk", &encoder.next_chunk());
    shown.show("ByteString", encoder.data());
    shown.show("Encoder", &encoder);
    shown.show("Decoder", &decoder);
    shown.show("Fields", &Fields::new(&[0x08, 0x01]));
    for field in Fields::new(&[0x08, 0x01, 0x12, 0x01, 0x07]) {
        shown.show("Field", &field.unwrap());
    }
}

/// A session as libsignal stores it, before its answer.
fn show_stored(shown: &mut Shown) {
    let [mut alice, mut bob] = Device::pair(8);
    alice.begin_with(&mut bob, Offer::FULL);
    let stored = alice.session(&bob.address).unwrap().to_libsignal_record();
    let stored = StoredSessionRecord::parse(&stored).unwrap().current.unwrap();
    let pre_key: &StoredPendingPreKey<'_> = stored.pending_pre_key.as_ref().unwrap();
    shown.show("StoredPendingPreKey", pre_key);
    let kyber: &StoredPendingKyberPreKey<'_> = stored.pending_kyber_pre_key.as_ref().unwrap();
    shown.show("StoredPendingKyberPreKey", kyber);
    let braid = StoredBraid::parse(stored.pq_ratchet).unwrap();
    shown.show("StoredBraid", &braid);
    shown.show("StoredNegotiation", braid.negotiation.as_ref().unwrap());
    shown.show("StoredState", braid.state.as_ref().unwrap());
    // And after it, when there is a chain.
    let [alice, bob] = Device::acquainted(8);
    let stored = alice.session(&bob.address).unwrap().to_libsignal_record();
    let stored = StoredSessionRecord::parse(&stored).unwrap().current.unwrap();
    let chain = StoredBraid::parse(stored.pq_ratchet).unwrap().chain.unwrap();
    shown.show("StoredEpochChain", &chain);
    shown.show("StoredLink", &chain.links[0]);
    shown.show("StoredHalf", &chain.links[0].send);
}

/// A chain with skipped keys, and one that sends no more in an epoch.
fn show_chain(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let key = Secret::<32>::random(rng);
    let mut chain = Chain::start(key.as_bytes(), Direction::A2B, Limits::default());
    let (step, _) = chain.receive_key(0, 5).unwrap();
    if let ChainStep::Receive { step, .. } = &step {
        shown.show("ReceiveStep", step);
    }
    let added = chain.next_epoch(key.as_bytes());
    chain.apply(ChainChange { added: Some(added), step: Some(step) });
    let (step, ..) = chain.send_key(1).unwrap();
    chain.apply(ChainChange { added: None, step: Some(step) });
    shown.show("Chain", &chain);
}
