// SPDX-License-Identifier: MIT OR Apache-2.0

//! Identifiers beyond those of Signal's clients: no KEM prekeys at all, prekey ids of 31 bits, device ids of 32 bits, and
//! account names in capitals.

use crate::accounts::{self, DAY, Holder, LIMITS, NONE, Service, later, stranger};
use crate::device::{BOB, Device, Offer, START};
use crate::{generates, put};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, IdSpace, Import, Limits, UpkeepError, Upload};
use subrosa::address::AccountName;
use subrosa::delivery::{Correction, Delivery, ServiceAnswer, encrypt_each};
use subrosa::prekey::{KemPreKeyId, OneTimeKemPreKey, OneTimePreKeyId, SignedPreKeyId};
use subrosa::repair::{RepairPolicy, RepairRefused};
use subrosa::sealed::certificate::SenderDetails;
use subrosa::sealed::{self, OpenError, Sender, UnverifiedContent};
use subrosa::session::Policy;
use subrosa::store::{Key, Memory};
use subrosa::{
    Account, Address, Ciphertext, DecryptError, DeviceId, IdentityKeyPair, Message, PreKeyBundle, Session,
    Staged, Trust,
};

const LOWER: &str = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
const UPPER: &str = "796ABEDB-CA4E-4F18-8803-1FDE5B921F9F";
/// Devices that Signal's clients do not have.
const ODD: [u32; 2] = [0, (1 << 31) + 5];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// A holder that begins and takes sessions of version 3 too.
fn with_version_3(holder: Holder) -> Holder {
    Holder { account: holder.account.with_policy(Policy::AllowVersion3), ..holder }
}

/// Sends a message, which the peer reads.
#[track_caller]
fn tell(from: &mut Session, config: &Account, to: &mut Session, reader: &mut Account, rng: &mut ChaCha20Rng) {
    let _ = config;
    let sent = from.encrypt(b"hello", Trust::Anyone, START, rng).unwrap().commit();
    let message = Message::try_from(&sent).unwrap();
    assert_eq!(&*reader.receive(to, &message, Trust::Anyone, rng).unwrap().commit(), b"hello");
}
