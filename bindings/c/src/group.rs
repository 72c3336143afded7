// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups.

use subrosa_binding::{
    Address, ReceiverKeys, SealedContent, SenderKey, distribution_id_of, generate_distribution_id,
};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::put_address;
use crate::memory::{Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::give_stage;
use crate::table::{SubrosaHandle, get, give};

/// A fresh distribution id, a UUID in text: 36 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_distribution_id_generate(out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(generate_distribution_id().as_bytes()))
}

/// The distribution id in a distribution, a UUID in text.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_distribution_id_of(
    distribution: SubrosaBytes,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(distribution_id_of(distribution.read()?)?.unwrap_or_default().as_bytes()))
}

/// A fresh sender key for a distribution id; null for the older format without ids. It is stored with its first message.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_generate(distribution_id: Text, key: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(SenderKey::generate(distribution_id.optional()?)?, &key))
}

/// Reads a stored record.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_from_record(
    record: SubrosaBytes,
    key: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(SenderKey::from_record(record.read()?)?, &key))
}

/// The record as it is, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_record(key: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<SenderKey>(key)?.record()))
}

/// What members need, to be sent to each inside a message of a session. Secret.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_distribution(
    key: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<SenderKey>(key)?.distribution()))
}

/// The number of the present chain, by which to remember who has its distribution.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_chain_id(key: SubrosaHandle, id: Out<u32>) -> SubrosaCode {
    call(|| id.put(get::<SenderKey>(key)?.chain_id()))
}

/// Encrypts a text for the group. The output of the stage is a message.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_encrypt(
    key: SubrosaHandle,
    text: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<SenderKey>(key)?.encrypt(text.read()?)?, &stage))
}

/// Replaces the key: whenever a member leaves.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_sender_key_rotate(key: SubrosaHandle, stage: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give_stage(get::<SenderKey>(key)?.rotate()?, &stage))
}

/// No sender keys yet, of this device in this distribution.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_new(
    name: Text,
    device: u32,
    distribution_id: Text,
    keys: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let sender = Address::new(name.read()?, device);
        give(ReceiverKeys::new(&sender, distribution_id.optional()?)?, &keys)
    })
}

/// Reads a stored record, of the same device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_from_record(
    record: SubrosaBytes,
    name: Text,
    device: u32,
    keys: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let sender = Address::new(name.read()?, device);
        give(ReceiverKeys::from_record(record.read()?, &sender)?, &keys)
    })
}

/// The record as it is, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_record(keys: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<ReceiverKeys>(keys)?.record()))
}

/// Takes in a distribution that came in a message of a session with that very device. `identity_key` is the one that the
/// session is with: `subrosa_session_remote_identity`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_process(
    keys: SubrosaHandle,
    distribution: SubrosaBytes,
    identity_key: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        give_stage(get::<ReceiverKeys>(keys)?.process(distribution.read()?, identity_key.read()?)?, &stage)
    })
}

/// Takes in a distribution as `subrosa_receiver_keys_process` does, and moves a chain that is known on to where its sender
/// is now: the way out when messages are `TooFarAhead`. The messages before are given up.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_fast_forward(
    keys: SubrosaHandle,
    distribution: SubrosaBytes,
    identity_key: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let keys = get::<ReceiverKeys>(keys)?;
        give_stage(keys.fast_forward(distribution.read()?, identity_key.read()?)?, &stage)
    })
}

/// Moves the keys to another address of the sender. `to` is what is stored under the new address, or empty keys of it:
/// after the commit it has them all, and `keys` has none.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_move_to(
    keys: SubrosaHandle,
    to: SubrosaHandle,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<ReceiverKeys>(keys)?.move_to(&*get::<ReceiverKeys>(to)?)?, &stage))
}

/// The device whose keys these are.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_sender(
    keys: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<ReceiverKeys>(keys)?.sender()), &device, &name))
}

/// Decrypts a message of the group. The output of the stage is the text, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_decrypt(
    keys: SubrosaHandle,
    message: SubrosaBytes,
    pinned: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let staged = get::<ReceiverKeys>(keys)?.decrypt(message.read()?, pinned.optional()?)?;
        give_stage(staged, &stage)
    })
}

/// Decrypts the message in an envelope; its certified sender is checked. The output of the stage is the text, as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_receiver_keys_decrypt_sealed(
    keys: SubrosaHandle,
    content: SubrosaHandle,
    pinned: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let content = get::<SealedContent>(content)?;
        give_stage(get::<ReceiverKeys>(keys)?.decrypt_sealed(&content, pinned.optional()?)?, &stage)
    })
}
