// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile, `subrosa-rose-1`: sessions that show nothing on the wire. **Experimental, not audited.**
//!
//! After first contact a message is a one-time tag, an encrypted header, a commitment and an encrypted body, in one of
//! few lengths: no version, key, counter, kind or exact length. A device finds its session by the tag, in a table that
//! each staged change keeps up to date. First contacts are sealed to a device's key; both sides prove themselves by
//! KEMs, deniably. Ratchets, records and stages are those of the Signal profile; keys, prekeys and records are not.
//!
//! `docs/metadata.md` shows what each observer learns.
//!
//! ```
//! use subrosa::Timestamp;
//! use subrosa::keys::PrivateKey;
//! use subrosa::rose::{
//!     Account, Admission, Class, DeviceKeys, DeviceName, Issuers, Outgoing, Policy, Sender, Session, TagOwner, Trust,
//!     VerifiedBundle, find, issue,
//! };
//! use subrosa::store::Memory;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(16);
//! let (now, tomorrow) = (Timestamp::from_secs(1_794_960_000), Timestamp::from_secs(1_795_046_400));
//! // The service vouches for devices, and does not learn who writes to whom.
//! let service = PrivateKey::generate(&mut rng);
//! let mut issuers = Issuers::default();
//! issuers.add(7, *service.public_key().as_bytes());
//!
//! let (alices, bobs) = (DeviceName::new([1; 17], 1), DeviceName::new([2; 17], 1));
//! let alice = Account::new(DeviceKeys::generate(alices, 1, now, &mut rng), now, &mut rng).commit();
//! let certificate = issue((7, &service), tomorrow, &alice.keys().card().hash(), &mut rng);
//! let mut store = Memory::new(); // Bob's.
//! let bob = Account::new(DeviceKeys::generate(bobs, 1, now, &mut rng), now, &mut rng);
//! let mut bob = bob.commit_with(|writes| store.apply(writes))?;
//! let prekeys = bob.new_prekeys((Class::OneTime, 1), now, &mut rng)?;
//! let prekey = prekeys.commit_with(|writes| store.apply(writes))?.remove(0);
//! let [id @ .., _] = *prekey.first_chunk::<5>().expect("a prekey begins with its id");
//! let bundle = bob.bundle(u32::from_be_bytes(id)).expect("the prekey is there");
//!
//! // Alice begins, and sends. Until Bob answers, her messages go in envelopes that only his device can open.
//! let mut to_bob = Session::new(bobs);
//! let bundle = VerifiedBundle::verify(&bundle, &to_bob, Trust::Anyone, now)?;
//! to_bob.initiate(alice.keys(), bundle, false, now, &mut rng)?.commit(); // Or `commit_with`, to store it.
//! let sender = Sender { certificate: &certificate, contact: None, now };
//! let hello = to_bob.encrypt(&Outgoing::content(b"hello"), &sender, &mut rng)?.commit();
//! assert_eq!(hello.len(), 6_144);
//!
//! // Bob expects no such tag: it is a first contact. What he stores has the tags that he expects from now on.
//! assert_eq!(find(&hello, store.keys().cloned()).count(), 0);
//! let first = bob.open(&hello)?;
//! let mut to_alice = Session::new(first.claimed_sender());
//! let admission = Admission { issuers: &issuers, trust: Trust::Anyone, policy: Policy::default(), now };
//! let received = bob.receive_first(&mut to_alice, &first, &admission, &mut rng)?;
//! let received = received.commit_with(|writes| store.apply(writes))?;
//! assert_eq!(&received.content[..], b"hello");
//!
//! // The answer is short, and the next message is found by its tag.
//! let sender = Sender { certificate: &issue((7, &service), tomorrow, &bob.keys().card().hash(), &mut rng), ..sender };
//! let answer = to_alice.encrypt(&Outgoing::content(b"hello yourself"), &sender, &mut rng)?;
//! let answer = answer.commit_with(|writes| store.apply(writes))?;
//! to_bob.decrypt(&answer, alice.keys(), &mut rng)?.commit();
//! let sender = Sender { certificate: &certificate, contact: None, now };
//! let next = to_bob.encrypt(&Outgoing::content(b"how are you?"), &sender, &mut rng)?.commit();
//! assert_eq!(find(&next, store.keys().cloned()).collect::<Vec<_>>(), [TagOwner::Session(alices)]);
//! # Ok(())
//! # }
//! ```
//!
//! # Rules that stay with the caller
//!
//! * Keep the tags of the writes in a table, with their records, in one transaction: it tells whose a message is. Where
//!   others may read the store, seal it with [`SealedTags`], or keep it in memory and rebuild it from
//!   [`Session::expected_tags`] and [`GroupKeys::expected_tags`](group::GroupKeys::expected_tags).
//! * A message whose tag is not expected may be a [first contact](Account::open). If it is not, it is nobody's: never
//!   answer, and count it with [`Misses`].
//! * Send a dummy when [`Session::owes_dummy`] says so, receipts as [`ReceiptPolicy`] has them, and answer
//!   [`Kind::Repair`] within [`Repairs`].
//! * Tell a device nothing before it is [Hybrid](PeerAuthentication::Hybrid), if its account was so before; `encrypt`
//!   refuses it.

mod account;
mod arrange;
mod block;
mod bundle;
mod card;
mod certificate;
mod change;
pub(crate) mod codec;
mod comparison;
mod contact;
mod error;
mod first_contact;
mod franking;
pub mod group;
mod kind;
mod known;
#[cfg(test)]
mod known_answers;
mod misses;
mod prekey;
mod profile;
mod receive;
mod repair;
mod repairs;
pub mod report;
pub mod sas;
mod sealed_tags;
mod send;
mod session;
mod split;
mod state;
mod tags;
mod timing;

pub use account::Account;
pub use bundle::{BUNDLE_LEN, VerifiedBundle};
pub use card::{BadCard, CARD_LEN, Card, DeviceKeys, IdentityKey, SPEAKS_ROSE, SPEAKS_SIGNAL_4};
pub use certificate::{CERTIFICATE_LEN, Certificate, Issuers, issue};
pub use contact::{Contact, KemIdentity, PeerAuthentication, Trust};
pub use error::{BeginError, BraidError, ReceiveError, SendError};
pub use first_contact::{Admission, FirstContact, Policy};
pub use kind::Kind;
pub use misses::Misses;
pub use prekey::{Class, HYBRID_LEN, SEALING_LEN};
pub use profile::{CardSeen, CardSource, DowngradeLeave};
pub use receive::{MAX_TRIAL, Received, trial};
pub use repair::{Repair, Typed};
pub use repairs::{RepairRefused, Repairs, Resend};
pub use sealed_tags::SealedTags;
pub use send::{Outgoing, Sender};
pub use session::Session;
pub use split::{SplitUpload, seal_for_many};
pub use tags::{find, tags_of};
pub use timing::{ReceiptFacts, ReceiptPolicy, Receipts, answer_by, next_dummy};

pub use crate::ids::{ACCOUNT_LEN, DeviceName};
pub use crate::wire::rose::length::{TooLong, is_wire_length, wire_length};
pub use crate::wire::rose::upload::{BadUpload, Upload};
pub use crate::wire::rose::{TAG_LEN, Tag};
pub use crate::writes::{RoseKey, TagOwner};
