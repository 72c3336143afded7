// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts and messages to store.

use subrosa::account::{Counts, Limits};
use subrosa::store::Writes;
use subrosa::{Account, Address, Ciphertext, Message, Session, Timestamp, Trust, os_rng};

pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
pub const LIMITS: Limits = Limits {
    batch: 3,
    low: 2,
    max_kept: 1_000,
    max_given_out: 200,
    signed_lifetime: std::time::Duration::from_secs(172_800),
    last_resort_lifetime: std::time::Duration::from_secs(172_800),
    grace: std::time::Duration::from_secs(7_776_000),
    max_retired: 100,
    max_uses: 1_000,
    kem_pre_keys: true,
    max_id: 0xFF_FFFF,
};

pub fn bob() -> Address {
    Address::new("bob", 1)
}

pub fn alice() -> Address {
    Address::new("alice", 1)
}

/// A new account with prekeys, and everything that is to be stored of it.
pub fn account(store: &mut dyn FnMut(Writes)) -> Account {
    let staged = Account::generate(bob(), LIMITS, &mut os_rng()).unwrap();
    store(staged.writes());
    let mut account = staged.commit();
    let staged = account.maintain(Counts::default(), NOW, &mut os_rng()).unwrap();
    store(staged.writes());
    drop(staged.commit());
    account
}

/// Alice, who has a session with the account, and `count` messages of hers.
pub fn messages(account: &Account, count: usize) -> Vec<Ciphertext> {
    let mut rng = os_rng();
    let alices = Account::generate(alice(), LIMITS, &mut rng).unwrap().commit();
    let mut session = alices.new_session(account.address());
    let bundle = account.upload().next_bundle().unwrap().verify(Trust::Anyone).unwrap();
    session.initiate(&alices.config(), bundle, NOW, &mut rng).unwrap().commit();
    let message = |n: usize| {
        session.encrypt(format!("text {n}").as_bytes(), Trust::Anyone, NOW, &mut rng).unwrap().commit()
    };
    (0..count).map(message).collect()
}

/// Reads a message, and gives what is to be stored, the text, and what commits it.
pub fn receive(
    account: &mut Account,
    session: &mut Session,
    message: &Ciphertext,
    store: impl FnOnce(Writes, &[u8]) -> bool,
) -> bool {
    let message = Message::try_from(message).unwrap();
    let staged = account.receive(session, &message, Trust::Anyone, &mut os_rng()).unwrap();
    let stored = staged.commit_with_output(|writes, text| if store(writes, text) { Ok(()) } else { Err(()) });
    stored.is_ok()
}
