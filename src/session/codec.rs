// SPDX-License-Identifier: MIT OR Apache-2.0

//! From message keys and plaintext to bytes, and back.

use alloc::vec::Vec;

use subtle::ConstantTimeEq;

use super::state::SessionState;
use crate::address::{Address, message_addresses};
use crate::crypto::cbc::{self, BadPadding};
use crate::crypto::kdf::MacKey;
use crate::identity::IdentityKey;
use crate::plaintext::Plaintext;
use crate::ratchet::message_keys::MessageKeys;
use crate::ratchet::triple::Sending;
use crate::wire::signal_message::{MAC_LEN, SignalMessage, SignalMessageParts};

/// A `SignalMessage` of `session`.
///
/// ```text
/// body = AES-256-CBC(cipher key, iv, plaintext)
/// MAC  = HMAC(mac key, sender identity || receiver identity || first byte || protobuf), first 8 bytes
/// ```
pub(super) fn seal(
    session: &SessionState,
    sending: &Sending,
    addresses: Option<&[u8; 36]>,
    plaintext: &[u8],
) -> Vec<u8> {
    let Sending { header, post_quantum, keys, change: _ } = sending;
    let parts = SignalMessageParts {
        first_byte: session.version.first_byte(),
        ratchet_key: &header.ratchet_key,
        counter: header.counter,
        previous_counter: header.previous_counter,
        body: &[],
        pq_ratchet: post_quantum,
        addresses,
    };
    let mut message = Vec::new();
    parts.encode_into(cbc::encrypted_len(plaintext.len()), &mut message, |out| {
        cbc::encrypt_into(keys.cipher_key.as_bytes(), keys.iv.as_bytes(), plaintext, out);
    });
    let tag = mac(keys, &session.local_identity, &session.remote_identity, &message);
    message.extend_from_slice(&tag);
    message
}

/// The reason that a message did not open with its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenError {
    /// The MAC is wrong.
    Mac,
    /// The MAC is right, but the message is for or from somebody else.
    Addresses,
}

/// Authenticates a `SignalMessage` of `session`, from `remote` to `local`.
pub(super) fn authenticate(
    session: &SessionState,
    keys: &MessageKeys,
    message: &SignalMessage<'_>,
    local: &Address,
    remote: &Address,
) -> Result<(), OpenError> {
    let expected = mac(keys, &session.remote_identity, &session.local_identity, message.authenticated());
    if !bool::from(expected.ct_eq(message.mac())) {
        return Err(OpenError::Mac);
    }
    if let Some(claimed) = message.addresses() {
        let ours = message_addresses(remote, local).ok_or(OpenError::Addresses)?;
        if !bool::from(ours.ct_eq(claimed)) {
            return Err(OpenError::Addresses);
        }
    }
    Ok(())
}

/// Decrypts the body of a message of `session` that was authenticated.
pub(super) fn decrypt(
    session: &SessionState,
    keys: &MessageKeys,
    body: &[u8],
) -> Result<Plaintext, BadPadding> {
    let plaintext = cbc::decrypt(keys.cipher_key.as_bytes(), keys.iv.as_bytes(), body)?;
    Ok(Plaintext::new(plaintext).sent_by(Some(&session.remote_identity)))
}

fn mac(keys: &MessageKeys, sender: &IdentityKey, receiver: &IdentityKey, message: &[u8]) -> [u8; MAC_LEN] {
    MacKey::new(keys.mac_key.as_bytes()).tag(&[&sender.encode(), &receiver.encode(), message])
}
