// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender: the service delivers messages without learning their sender or content.
//!
//! The sender has a [certificate] of the service, which travels inside the envelope. A [`Sender`] encrypts on a session
//! and seals, or seals for many recipients at once. The receiver opens an envelope to an [`UnverifiedContent`],
//! verifies that to a [`Content`], and takes out its [`Body`]: a message that carries its certified sender, for the
//! same [`Account::receive`](crate::Account::receive) as any other. The [service's side](server) splits a message for
//! many.
//!
//! ```
//! # #[cfg(feature = "os-rng")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use subrosa::account::{Counts, Limits};
//! use subrosa::keys::KeyPair;
//! use subrosa::sealed::certificate::{SenderDetails, ServerCertificate, TrustStore};
//! use subrosa::sealed::{Body, Sender, UnverifiedContent};
//! use subrosa::store::Memory;
//! use subrosa::{Account, Address, Timestamp, Trust, os_rng};
//! # use std::time::Duration;
//!
//! # let (mut alices, mut bobs, mut rng) = (Memory::new(), Memory::new(), os_rng());
//! # let now = Timestamp::from_secs(1_700_000_000);
//! # let [alice, bob] = ["796abedb-ca4e-4f18-8803-1fde5b921f9f", "7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10"]
//! #     .map(|name| Account::generate(Address::new(name, 1), Limits::default(), &mut rng).unwrap().commit());
//! # let mut bob = bob;
//! # let mut prekeys = bob.maintain(Counts::default(), now, &mut rng)?.commit_with(|writes| bobs.apply(writes))?;
//! # let bundle = prekeys.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?;
//! # let mut with_bob = alice.new_session(bob.address());
//! # with_bob.initiate(&alice.config(), bundle, now, &mut rng)?.commit_with(|writes| alices.apply(writes))?;
//! # let mut with_alice = bob.new_session(alice.address());
//! // The service, once: a key that the trust root vouches for.
//! let [trust_root, service] = [(); 2].map(|()| KeyPair::generate(&mut rng));
//! let server = ServerCertificate::issue(1, service.public(), trust_root.private(), &mut rng);
//!
//! // The service, each day: a certificate for Alice's device.
//! let details = SenderDetails {
//!     address: alice.address().clone(),
//!     e164: None,
//!     identity_key: *alice.identity_key(),
//!     expires: now.saturating_add(Duration::from_secs(24 * 60 * 60)),
//! };
//! let certificate = details.issue(&server, service.private(), &mut rng)?;
//!
//! // Alice.
//! let sender = Sender::new(alice.identity(), &certificate)?;
//! let staged = sender.encrypt(&mut with_bob, b"hello", Trust::Anyone, now, &mut rng)?;
//! let envelope = staged.commit_with(|writes| alices.apply(writes))?;
//!
//! // Bob. `taken` is when the service took the envelope, as it says.
//! let taken = now;
//! let trust = TrustStore { trust_roots: &[*trust_root.public()], revoked: &[], known: &[] };
//! let opened = UnverifiedContent::open(&envelope, bob.identity())?;
//! let content = opened.verify(&trust, &bob.address().clone(), None, taken)?;
//! assert_eq!(content.sender().address(), alice.address());
//! if let Body::Session(message) = content.body()? {
//!     let staged = bob.receive(&mut with_alice, &message, Trust::Anyone, &mut rng)?;
//!     assert_eq!(&*staged.commit_with(|writes| bobs.apply(writes))?, b"hello");
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "os-rng"))]
//! # fn main() {}
//! ```

mod body;
pub mod certificate;
mod contacts;
mod content;
pub(crate) mod envelope;
mod error;
pub(crate) mod many;
mod sender;
pub mod server;
pub(crate) mod v1;
pub(crate) mod v2;

pub use body::Body;
pub use content::{Content, UnverifiedContent};
pub use error::{OpenError, SealError};
pub use many::{MultiRecipientMessage, Recipient};
pub use sender::Sender;

pub use crate::identity::ContactSecret;
pub use crate::wire::sealed_content::ContentHint;
