// SPDX-License-Identifier: MIT OR Apache-2.0

//! What libsignal stores.

use prost::Message;
use subrosa::hazmat::wire::stored::{
    StoredChain, StoredIdentityKeyPair, StoredPreKey, StoredSession, StoredSessionRecord, StoredSignedPreKey,
};

#[derive(Clone, PartialEq, Message)]
pub struct IdentityKeyPair {
    #[prost(bytes = "vec", tag = "1")]
    pub public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub private_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PreKey {
    #[prost(uint32, tag = "1")]
    pub id: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub private_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SignedPreKey {
    #[prost(uint32, tag = "1")]
    pub id: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub private_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub signature: Vec<u8>,
    #[prost(fixed64, tag = "5")]
    pub timestamp: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct SessionRecord {
    #[prost(message, optional, tag = "1")]
    pub current: Option<Session>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub archived: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Session {
    #[prost(uint32, tag = "1")]
    pub version: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub local_identity: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub remote_identity: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub root_key: Vec<u8>,
    #[prost(uint32, tag = "5")]
    pub previous_counter: u32,
    #[prost(message, optional, tag = "6")]
    pub sender_chain: Option<Chain>,
    #[prost(message, repeated, tag = "7")]
    pub receiver_chains: Vec<Chain>,
    #[prost(message, optional, tag = "9")]
    pub pending_pre_key: Option<PendingPreKey>,
    #[prost(uint32, tag = "10")]
    pub remote_registration_id: u32,
    #[prost(uint32, tag = "11")]
    pub local_registration_id: u32,
    #[prost(bytes = "vec", tag = "13")]
    pub base_key: Vec<u8>,
    #[prost(message, optional, tag = "14")]
    pub pending_kyber_pre_key: Option<PendingKyberPreKey>,
    #[prost(bytes = "vec", tag = "15")]
    pub pq_ratchet: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Chain {
    #[prost(bytes = "vec", tag = "1")]
    pub ratchet_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub ratchet_private_key: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    pub chain_key: Option<ChainKey>,
    #[prost(message, repeated, tag = "4")]
    pub message_keys: Vec<MessageKey>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ChainKey {
    #[prost(uint32, tag = "1")]
    pub index: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MessageKey {
    #[prost(uint32, tag = "1")]
    pub index: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub cipher_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub mac_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub iv: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub seed: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PendingPreKey {
    #[prost(uint32, optional, tag = "1")]
    pub pre_key_id: Option<u32>,
    #[prost(bytes = "vec", tag = "2")]
    pub base_key: Vec<u8>,
    #[prost(int32, tag = "3")]
    pub signed_pre_key_id: i32,
    #[prost(uint64, tag = "4")]
    pub created: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct PendingKyberPreKey {
    #[prost(uint32, tag = "1")]
    pub pre_key_id: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub ciphertext: Vec<u8>,
}

/// Our view as prost's message. All fields are named, so that none is forgotten.
fn session(ours: &StoredSession<'_>) -> Session {
    let StoredSession {
        version,
        local_identity,
        remote_identity,
        root_key,
        previous_counter,
        sender_chain,
        receiver_chains,
        pending_pre_key,
        remote_registration_id,
        local_registration_id,
        base_key,
        pending_kyber_pre_key,
        pq_ratchet,
    } = ours;
    Session {
        version: *version,
        local_identity: local_identity.to_vec(),
        remote_identity: remote_identity.to_vec(),
        root_key: root_key.to_vec(),
        previous_counter: *previous_counter,
        sender_chain: sender_chain.as_ref().map(chain),
        receiver_chains: receiver_chains.iter().map(chain).collect(),
        pending_pre_key: pending_pre_key.as_ref().map(|pending| PendingPreKey {
            pre_key_id: pending.pre_key_id,
            base_key: pending.base_key.to_vec(),
            signed_pre_key_id: pending.signed_pre_key_id,
            created: pending.created,
        }),
        remote_registration_id: *remote_registration_id,
        local_registration_id: *local_registration_id,
        base_key: base_key.to_vec(),
        pending_kyber_pre_key: pending_kyber_pre_key.as_ref().map(|pending| PendingKyberPreKey {
            pre_key_id: pending.pre_key_id,
            ciphertext: pending.ciphertext.to_vec(),
        }),
        pq_ratchet: pq_ratchet.to_vec(),
    }
}

fn chain(ours: &StoredChain<'_>) -> Chain {
    let StoredChain { ratchet_key, ratchet_private_key, chain_key, message_keys } = ours;
    Chain {
        ratchet_key: ratchet_key.to_vec(),
        ratchet_private_key: ratchet_private_key.to_vec(),
        chain_key: chain_key.as_ref().map(|key| ChainKey { index: key.index, key: key.key.to_vec() }),
        message_keys: message_keys
            .iter()
            .map(|key| MessageKey {
                index: key.index,
                cipher_key: key.cipher_key.to_vec(),
                mac_key: key.mac_key.to_vec(),
                iv: key.iv.to_vec(),
                seed: key.seed.to_vec(),
            })
            .collect(),
    }
}

pub fn same_session_record(bytes: &[u8]) {
    let theirs = SessionRecord::decode(bytes).ok();
    let ours = StoredSessionRecord::parse(bytes).ok();
    let ours_by_prost = ours.as_ref().map(|record| SessionRecord {
        current: record.current.as_ref().map(session),
        archived: record.archived.iter().map(|bytes| bytes.to_vec()).collect(),
    });
    assert_eq!(&ours_by_prost, &theirs);
    let written = ours.map(|record| record.encode().to_vec());
    assert_eq!(written, theirs.map(|record| record.encode_to_vec()));
}

pub fn same_session(bytes: &[u8]) {
    let theirs = Session::decode(bytes).ok();
    let ours = StoredSession::parse(bytes).ok();
    assert_eq!(ours.as_ref().map(session), theirs.clone());
    let written = ours.map(|session| session.encode());
    assert_eq!(written.as_ref().map(|bytes| bytes.capacity()), written.as_ref().map(|bytes| bytes.len()));
    assert_eq!(written.map(|bytes| bytes.to_vec()), theirs.map(|session| session.encode_to_vec()));
}

pub fn same_keys(bytes: &[u8]) {
    let theirs = IdentityKeyPair::decode(bytes).ok();
    let ours = StoredIdentityKeyPair::parse(bytes).ok();
    let view = ours.map(|pair| IdentityKeyPair {
        public_key: pair.public_key.to_vec(),
        private_key: pair.private_key.to_vec(),
    });
    assert_eq!(&view, &theirs);
    assert_eq!(ours.map(|pair| pair.encode().to_vec()), theirs.map(|pair| pair.encode_to_vec()));

    let theirs = PreKey::decode(bytes).ok();
    let ours = StoredPreKey::parse(bytes).ok();
    let view = ours.map(|key| PreKey {
        id: key.id,
        public_key: key.public_key.to_vec(),
        private_key: key.private_key.to_vec(),
    });
    assert_eq!(&view, &theirs);
    assert_eq!(ours.map(|key| key.encode().to_vec()), theirs.map(|key| key.encode_to_vec()));

    let theirs = SignedPreKey::decode(bytes).ok();
    let ours = StoredSignedPreKey::parse(bytes).ok();
    let view = ours.map(|key| SignedPreKey {
        id: key.id,
        public_key: key.public_key.to_vec(),
        private_key: key.private_key.to_vec(),
        signature: key.signature.to_vec(),
        timestamp: key.timestamp,
    });
    assert_eq!(&view, &theirs);
    assert_eq!(ours.map(|key| key.encode().to_vec()), theirs.map(|key| key.encode_to_vec()));
}
