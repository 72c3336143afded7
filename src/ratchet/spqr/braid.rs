// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ML-KEM Braid (*The ML-KEM Braid Protocol*, revision 1): two parties agree on one secret an epoch, with at most
//! one chunk a message.
//!
//! The two parties take turns as owner of an ML-KEM-768 key. In one epoch the owner sends an encapsulation
//! key and the other party a ciphertext, each cut into chunks of 32 bytes by an erasure code.
//!
//! ```text
//!         key owner                                         other party
//!
//!       KeysUnsampled                                     NoHeaderReceived
//!         | send: make the key                              | 3 Hdr chunks, MAC is right
//!         v                                                 v
//!       KeysSampled ---------- Hdr chunks ------------->  HeaderReceived
//!         | first Ct1 chunk                                 | send: encapsulate; epoch secret
//!         v                                                 v
//!       HeaderSent ----------- Ek chunks -------------->  Ct1Sampled
//!         |        <---------- Ct1 chunks --------------    |         \
//!         |                                 EkCt1Ack, and   |          \ 36th chunk of ek,
//!         | 30 Ct1 chunks                ek is not complete |           \ but no EkCt1Ack
//!         v                                                 v            v
//!       Ct1Received ---------- EkCt1Ack chunks -------->  Ct1Acknowledged   EkReceivedCt1Sampled
//!         |                                                 |            |  (goes on sending Ct1)
//!         |                               36th chunk of ek  |            | EkCt1Ack or Ct1Ack
//!         |                                                 v            v
//!         | first Ct2 chunk <------- Ct2 chunks ---------  Ct2Sampled <--'
//!         v                                                 |
//!       EkSentCt1Received ---- Ct1Ack ----------------->    |
//!         | 5 Ct2 chunks, MAC is right; epoch secret        | anything of the next epoch
//!         v                                                 v
//!       NoHeaderReceived of the next epoch                KeysUnsampled of the next epoch
//! ```

mod authenticator;
mod collected;
mod ct_sender;
mod ek_sender;
mod epoch;
mod record;
mod state;
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
mod stored;

pub use authenticator::{Authenticator, MAC_LEN};
pub(super) use state::{Received, Sent, State, Step};
