// SPDX-License-Identifier: MIT OR Apache-2.0

//! Small values.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

/// A device of an account.
#[wasm_bindgen]
pub struct Address(pub(crate) core::Address);

#[wasm_bindgen]
impl Address {
    /// The device `device` of the account `name`: a service id, or any text.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, device: u32) -> Self {
        Self(core::Address::new(name, device))
    }

    /// The account.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.0.name.clone()
    }

    /// The device's number.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> u32 {
        self.0.device
    }

    /// Account and device, as in "alice.1".
    #[wasm_bindgen(js_name = toString)]
    pub fn display(&self) -> String {
        format!("{}.{}", self.0.name, self.0.device)
    }
}

/// A message to send: its bytes, and its kind, which travels beside them.
#[wasm_bindgen]
pub struct Message(pub(crate) core::Outgoing);

#[wasm_bindgen]
impl Message {
    /// 2 a message of a session, 3 one that can begin a session, 7 of a group, 8 not encrypted.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> u8 {
        self.0.kind()
    }

    /// The bytes.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.bytes()
    }
}

/// What repair does about a message that was not decrypted.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Failure {
    /// It came before: nothing.
    Duplicate = 1,
    /// The sender is asked to send it again.
    Undecryptable = 2,
    /// The user decides about the sender's identity.
    Untrusted = 3,
}

impl From<Failure> for core::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate => Self::Duplicate,
            Failure::Undecryptable => Self::Undecryptable,
            Failure::Untrusted => Self::Untrusted,
        }
    }
}

/// Whether a message that was not decrypted is shown to the user as missing.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Show {
    /// At once.
    Now = 1,
    /// Later, unless it was sent again.
    IfNotSentAgain = 2,
    /// Not at all.
    Never = 3,
}

impl From<core::Show> for Show {
    fn from(show: core::Show) -> Self {
        match show {
            core::Show::Now => Self::Now,
            core::Show::IfNotSentAgain => Self::IfNotSentAgain,
            core::Show::Never => Self::Never,
        }
    }
}

/// A Curve25519 key pair, for the service's certificates.
#[wasm_bindgen]
pub struct KeyPair(core::KeyPair);

#[wasm_bindgen]
impl KeyPair {
    /// A fresh pair.
    pub fn generate() -> Self {
        Self(core::KeyPair::generate())
    }

    /// 33 bytes.
    #[wasm_bindgen(getter, js_name = publicKey)]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public.clone()
    }

    /// 32 bytes, secret: a copy that is the caller's to wipe.
    #[wasm_bindgen(js_name = privateKey)]
    pub fn private_key(&self) -> Vec<u8> {
        self.0.private.to_vec()
    }
}
