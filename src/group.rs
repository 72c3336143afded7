// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups: each member has a sender key, distributes it to the others one by one, and then encrypts a message once for
//! all of them.
//!
//! A chain gives a key for each message, as in a session; a signature shows that a message is the sender's. There is no
//! Diffie-Hellman ratchet: an attacker with a chain key reads all later messages until the sender rotates its key.
//!
//! ```
//! use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
//! use subrosa::store::Memory;
//! use subrosa::{Address, Trust};
//! # use subrosa::rand_core::CryptoRng;
//! # fn group(rng: &mut impl CryptoRng) -> Result<(), Box<dyn std::error::Error>> {
//! # let (mut alices, mut bobs) = (Memory::new(), Memory::new());
//!
//! let id: DistributionId = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6".parse()?;
//! let mut ours = SenderKey::generate(id, rng);
//! let distribution = ours.distribution(); // To each member, inside a message of a session.
//! let sent = ours.encrypt(b"hello group", rng)?.commit_with(|writes| alices.apply(writes))?;
//!
//! // A member.
//! let alice = Address::new("alice", 1);
//! let mut keys = ReceiverKeys::new(alice, id);
//! let distribution = DistributionMessage::parse(&distribution)?;
//! # let alices = subrosa::IdentityKeyPair::generate(rng);
//! # let identity = alices.public(); // Of the session that it came in.
//! keys.process(&distribution, identity)?.commit_with(|writes| bobs.apply(writes))?;
//! let message = GroupMessage::parse(sent.as_bytes())?;
//! let text = keys.decrypt(&message, Trust::Anyone)?.commit_with(|writes| bobs.apply(writes))?;
//! assert_eq!(&*text, b"hello group");
//! # Ok(())
//! # }
//! # use rand_chacha::rand_core::SeedableRng;
//! # group(&mut rand_chacha::ChaCha20Rng::seed_from_u64(1)).unwrap();
//! ```
//!
//! A distribution comes in a message of a session, which is decrypted once: it goes into that message's transaction.
//!
//! ```
//! # use subrosa::group::DistributionMessage;
//! # use subrosa::rand_core::CryptoRng;
//! # use subrosa::store::Memory;
//! # use subrosa::{Account, Address, Message, Trust};
//! # fn learn(
//! #     (account, store): (&mut Account, &mut Memory),
//! #     (from, message): (&Address, &Message<'_>),
//! #     rng: &mut impl CryptoRng,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! # let mut session = store.session(account.address(), from)?;
//! let staged = account.receive(&mut session, message, Trust::Anyone, rng)?;
//! staged.commit_with_output(|mut writes, text| {
//!     let distribution = DistributionMessage::parse(text)?;
//!     let mut keys = store.receiver_keys(from, distribution.format())?;
//!     let identity = text.identity().ok_or("not from a session")?;
//!     let learnt = keys.process(&distribution, identity)?;
//!     writes.extend(learnt.writes());
//!     store.apply(writes)?;
//!     learnt.commit();
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! The messenger remembers which devices it sent the present chain to, by [`chain_id`](SenderKey::chain_id): a key is rotated
//! and stored first, then distributed, and an app that is stopped in between goes on with those that lack it. Whenever a
//! member leaves, the key must be [rotated](SenderKey::rotate).

mod codec;
mod error;
mod process;
mod receive;
mod receiver_keys;
mod sender_key;
#[cfg(feature = "libsignal")]
mod stored;

pub use error::Error;
pub use receiver_keys::ReceiverKeys;
pub use sender_key::SenderKey;

pub use crate::message::GroupMessage;
pub use crate::wire::distribution_id::{DistributionId, Format, NotADistributionId};
pub use crate::wire::sender_key_distribution::DistributionMessage;

use crate::record::{RecordError, RecordReader, RecordWriter};

fn write_format(format: Format, writer: &mut RecordWriter) {
    writer.put_flag(format.distribution_id().is_some());
    if let Format::WithId(id) = format {
        writer.put_array(id.as_bytes());
    }
}

fn read_format(reader: &mut RecordReader<'_>) -> Result<Format, RecordError> {
    Ok(if reader.flag()? {
        Format::WithId(DistributionId::from_bytes(reader.array()?))
    } else {
        Format::WithoutId
    })
}
