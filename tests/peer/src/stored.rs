// SPDX-License-Identifier: MIT OR Apache-2.0

//! The deployed client's stored records, as the peers exchange them. They are protobuf; our own records
//! have another form.

use prost::Message;
use subrosa::keys::{KeyError, PrivateKey, PublicKey};
use subrosa::prekey::{LastResortKemPreKey, OneTimePreKey, SignedPreKey};

/// An identity key pair.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct StoredIdentityKeyPair {
    #[prost(bytes, tag = "1")]
    public: Vec<u8>,
    #[prost(bytes, tag = "2")]
    private: Vec<u8>,
}

impl StoredIdentityKeyPair {
    pub(crate) fn new(public: &PublicKey, private: &PrivateKey) -> Self {
        Self { public: public.encode().to_vec(), private: private.as_bytes().to_vec() }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Message::decode(bytes)
    }

    pub(crate) fn keys(&self) -> Result<(PublicKey, PrivateKey), KeyError> {
        Ok((PublicKey::decode(&self.public)?, PrivateKey::decode(&self.private)?))
    }
}

/// A one-time prekey; with signature and time a signed prekey or a Kyber prekey.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct StoredPreKey {
    #[prost(uint32, tag = "1")]
    pub(crate) id: u32,
    #[prost(bytes, tag = "2")]
    pub(crate) public: Vec<u8>,
    #[prost(bytes, tag = "3")]
    pub(crate) private: Vec<u8>,
    #[prost(bytes, tag = "4")]
    pub(crate) signature: Vec<u8>,
    #[prost(fixed64, tag = "5")]
    pub(crate) created: u64,
}

impl StoredPreKey {
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Message::decode(bytes)
    }
}

impl From<&OneTimePreKey> for StoredPreKey {
    fn from(key: &OneTimePreKey) -> Self {
        let pair = key.key_pair();
        Self {
            id: key.id().0,
            public: pair.public().encode().to_vec(),
            private: pair.private().as_bytes().to_vec(),
            signature: Vec::new(),
            created: 0,
        }
    }
}

impl From<&SignedPreKey> for StoredPreKey {
    fn from(key: &SignedPreKey) -> Self {
        let pair = key.key_pair();
        Self {
            id: key.id().0,
            public: pair.public().encode().to_vec(),
            private: pair.private().as_bytes().to_vec(),
            signature: key.public().signature.to_vec(),
            created: key.created().as_millis(),
        }
    }
}

impl From<&LastResortKemPreKey> for StoredPreKey {
    fn from(key: &LastResortKemPreKey) -> Self {
        let pair = key.key_pair();
        Self {
            id: key.id().0,
            public: pair.public().encode().to_vec(),
            private: pair.secret().encode().as_bytes().to_vec(),
            signature: key.public().signature.to_vec(),
            created: key.created().as_millis(),
        }
    }
}
