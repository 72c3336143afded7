// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device of OMEMO and its session with one other, in memory.

#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "a test kit, of which each test uses a part")]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Address;
use subrosa::omemo::{
    Account, IdentityKeyPair, Message, ReceiveError, Received, Session, Trust, UsedPreKey, Version,
};

pub struct Party {
    pub account: Account,
    pub session: Session,
    pub rng: ChaCha20Rng,
}

impl Party {
    /// Device 1 or 2, whose peer is the other, with a signed and a one-time prekey.
    pub fn new(version: Version, number: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        account.renew(Some(1), &[1], &mut rng).unwrap().commit();
        Self { account, session: Session::new(version, Address::new("peer", 3 - number)), rng }
    }

    /// Both, of which the first has begun the session.
    pub fn pair(version: Version) -> [Self; 2] {
        let [mut alice, bob] = [1, 2].map(|number| Self::new(version, number));
        alice.begin(&bob);
        [alice, bob]
    }

    pub fn begin(&mut self, peer: &Self) {
        let bundle = peer.account.bundle().unwrap().verify(None).unwrap();
        self.session.begin(&self.account, &bundle, Trust::Anyone, &mut self.rng).unwrap().commit();
    }

    pub fn receive(&mut self, message: &Message<'_>, used: UsedPreKey) -> Result<Received, ReceiveError> {
        let Self { account, session, rng } = self;
        Ok(session.receive(account, message, Trust::Anyone, used, rng)?.commit())
    }
}
