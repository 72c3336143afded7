// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO, both versions: the sessions, prekeys and payloads of XMPP's end-to-end encryption.
//!
//! A [`Version`] is chosen when an account or a session is made, never by what arrives. Everything that sets the two
//! apart is one value for each: encoding of keys, signed bytes, labels, MAC, order of the associated data, framing,
//! limits and rules.
//!
//! | | [`Version::Two`] | [`Version::Legacy`] |
//! | --- | --- | --- |
//! | namespace | `urn:xmpp:omemo:2` | `eu.siacs.conversations.axolotl` |
//! | identity on the wire | Ed25519, 32 bytes | `05` and Curve25519, 33 bytes |
//! | key material of a message, with and without payload | 48 bytes, 32 zeros | 32 bytes, 16 |
//! | payload | AES-256-CBC and HMAC, of an SCE envelope | AES-128-GCM, of the text |
//!
//! What is here: identities and their [fingerprints](IdentityKey::fingerprint), [bundles](Bundle) in and out,
//! [sessions](Session), the [payload layer](payload), [labels](IdentityKey::verify_label) of devices, the
//! [padding](payload::padding) of SCE. What XMPP needs around it and is not here: the XML, its publishing and fetching
//! (PEP), device lists, the choice of recipients, and the rest of the SCE envelope.
//!
//! ```
//! use subrosa::Address;
//! use subrosa::omemo::{Account, IdentityKeyPair, Kind, Message, Session, Trust, UsedPreKey, Version, payload};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(18);
//! let mut alice = Account::new(Version::Two, 1_630_395_816, IdentityKeyPair::generate(&mut rng));
//! let mut bob = Account::new(Version::Two, 1_785_196_799, IdentityKeyPair::generate(&mut rng));
//! let ids = bob.next_pre_key_ids(100);
//! bob.renew(Some(1), &ids, &mut rng)?.commit(); // in place of `commit`: `commit_with`, to store it
//! let bundle = bob.bundle().expect("there are prekeys");
//!
//! // Alice begins, when she has something to send.
//! let mut to_bob = Session::new(Version::Two, Address::new("bob@example.org", 1_785_196_799));
//! to_bob.begin(&alice, &bundle.verify(None)?, Trust::Anyone, &mut rng)?.commit();
//! let sealed = payload::Two::seal(b"<envelope xmlns='urn:xmpp:sce:1'/>", &mut rng);
//! let sent = to_bob.encrypt(&sealed.key_material)?.commit();
//! assert_eq!(sent.kind(), Kind::KeyExchange);
//!
//! // Bob's stanza says `kex='true'`.
//! let mut to_alice = Session::new(Version::Two, Address::new("alice@example.org", 1_630_395_816));
//! let message = Message::parse(Version::Two, sent.kind(), sent.as_bytes())?;
//! let received = to_alice.receive(&mut bob, &message, Trust::Anyone, UsedPreKey::Delete, &mut rng)?.commit();
//! let text = payload::Two::open(&sealed.payload, received.plaintext())?;
//! assert_eq!(&text[..], b"<envelope xmlns='urn:xmpp:sce:1'/>");
//! // Bob answers with an empty message, after which Alice stops repeating the key exchange.
//! assert!(received.answer_due());
//! # Ok(())
//! # }
//! ```
//!
//! # Rules that stay with the caller
//!
//! * Encrypt for all devices of all recipients and one's own others; decide on trust before anything but an empty
//!   message is sent.
//! * After a received message whose [`answer_due`](Received::answer_due) is set, send [empty key
//!   material](payload::Two::EMPTY) through the session.
//! * Ignore [`ReceiveError::Duplicate`] silently; show every other failure. Never begin a session because one failed.
//! * While the archive is read, pass [`UsedPreKey::Keep`], and [remove](Account::remove_pre_keys) the prekeys after it.
//! * Renew the signed prekey once a week to once a month; the previous one is kept one period more.
//!
//! # Both begin at once
//!
//! The peer's key exchange replaces the sessions that the peer knows. One that we began and the peer has not answered is
//! kept for reading, as are all when we begin another: up to [`MAX_ARCHIVED`]. The session last read from is the one that
//! sends. So two devices that began at once agree on one as soon as a message has gone one way.

mod account;
mod bundle;
mod change;
mod error;
mod identity;
mod message;
pub mod payload;
mod receive;
mod session;
mod state;

pub use account::{Account, PreKeyError};
pub use bundle::{Bundle, VerifiedBundle};
pub use error::{BeginError, BundleError, EncryptError, ReceiveError};
pub use identity::{IdentityKey, IdentityKeyPair, InvalidIdentity, Trust};
pub use message::{Kind, Message, Outgoing};
pub use receive::{Received, UsedPreKey};
pub use session::{Agreed, MAX_ARCHIVED, Session};

pub use crate::wire::omemo::{ParseError, Version};
pub use crate::writes::OmemoKey;

#[cfg(feature = "hazmat")]
pub mod inspect;
