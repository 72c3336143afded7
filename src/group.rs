// SPDX-License-Identifier: MIT OR Apache-2.0

//! L6: groups. Each member has a sender key, tells it to the others one by one, and then encrypts a message
//! once for all of them.
//!
//! A chain gives a key for each message, as in a session; what tells that a message is the sender's is a
//! signature. There is no Diffie-Hellman ratchet: who gets hold of a chain key reads all later messages until
//! the sender makes another key.

mod codec;
mod learn;
mod receive;
mod receiver_keys;
mod sender_key;
mod stored;

pub use learn::LearnError;
pub use receive::GroupDecryptError;
pub use receiver_keys::{ReceiverKeys, ReceiverKeysChange};
pub use sender_key::{GroupEncryptError, SenderKey, SenderKeyChange};
pub use stored::StoredSenderKeyError;

use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::distribution_id::{DistributionId, SenderKeyFormat};

fn write_format(format: SenderKeyFormat, writer: &mut RecordWriter) {
    writer.put_flag(format.distribution_id().is_some());
    if let SenderKeyFormat::WithId(id) = format {
        writer.put_array(id.as_bytes());
    }
}

fn read_format(reader: &mut RecordReader<'_>) -> Result<SenderKeyFormat, RecordError> {
    Ok(if reader.flag()? {
        SenderKeyFormat::WithId(DistributionId::from_bytes(reader.array()?))
    } else {
        SenderKeyFormat::WithoutId
    })
}
