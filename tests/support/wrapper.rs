// SPDX-License-Identifier: MIT OR Apache-2.0

//! Taking a `PreKeySignalMessage` apart and putting it together again, for whoever tampers with it.

use subrosa::MessageKind;
use subrosa::hazmat::wire::protobuf::Sink;

use super::Letter;

/// The fields of a `PreKeySignalMessage`. None but their presence is checked.
#[derive(Clone, Debug)]
pub struct Wrapper {
    pub version: u8,
    pub pre_key_id: Option<u32>,
    pub base_key: Vec<u8>,
    pub identity_key: Vec<u8>,
    pub message: Vec<u8>,
    pub registration_id: u32,
    pub signed_pre_key_id: u32,
    pub kyber: Option<(u32, Vec<u8>)>,
}

impl Wrapper {
    #[track_caller]
    pub fn of(letter: &Letter) -> Self {
        let message = letter.pre_key();
        Self {
            version: message.version(),
            pre_key_id: message.pre_key_id().map(|id| id.0),
            base_key: message.base_key().encode().to_vec(),
            identity_key: message.identity_key().encode().to_vec(),
            message: message.message().as_bytes().to_vec(),
            registration_id: message.registration_id(),
            signed_pre_key_id: message.signed_pre_key_id().0,
            kyber: message.kyber().map(|kyber| (kyber.pre_key_id.0, kyber.ciphertext.to_vec())),
        }
    }

    /// A wrapper changed by `change`.
    #[track_caller]
    pub fn changed(letter: &Letter, change: impl FnOnce(&mut Self)) -> Letter {
        let mut wrapper = Self::of(letter);
        change(&mut wrapper);
        wrapper.letter()
    }

    /// The message, with its fields in ascending order.
    pub fn letter(&self) -> Letter {
        self.with_fields(&self.fields())
    }

    /// The message made of `fields`, in this order.
    pub fn with_fields(&self, fields: &[Vec<u8>]) -> Letter {
        let mut bytes = vec![self.version << 4 | self.version];
        bytes.extend(fields.concat());
        Letter::new(MessageKind::PreKey, bytes)
    }

    /// The encoded fields, in ascending order.
    pub fn fields(&self) -> Vec<Vec<u8>> {
        let varint = |number, value: u32| {
            let mut out = Vec::new();
            out.varint(number, value);
            out
        };
        let bytes = |number, value: &[u8]| {
            let mut out = Vec::new();
            out.bytes(number, value);
            out
        };
        let mut fields: Vec<_> = self.pre_key_id.map(|id| varint(1, id)).into_iter().collect();
        fields.push(bytes(2, &self.base_key));
        fields.push(bytes(3, &self.identity_key));
        fields.push(bytes(4, &self.message));
        fields.push(varint(5, self.registration_id));
        fields.push(varint(6, self.signed_pre_key_id));
        if let Some((id, ciphertext)) = &self.kyber {
            fields.push(varint(7, *id));
            fields.push(bytes(8, ciphertext));
        }
        fields
    }
}
