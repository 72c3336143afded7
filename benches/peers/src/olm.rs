// SPDX-License-Identifier: MIT OR Apache-2.0

//! vodozemac: Olm sessions and Megolm groups, in their first versions, as Matrix has them deployed. Encrypting gives
//! bytes, and decrypting includes parsing.

use std::mem;

use vodozemac::megolm::{self, GroupSession, InboundGroupSession, MegolmMessage};
use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig, SessionPickle};
use vodozemac::{Curve25519PublicKey, olm::PreKeyMessage};

use crate::harness::{Batch, prepared, repeated};

const KEY: [u8; 32] = [9; 32];

/// An account with one one-time key.
fn account() -> (Account, Curve25519PublicKey) {
    let mut account = Account::new();
    account.generate_one_time_keys(1);
    let key = *account.one_time_keys().values().next().unwrap();
    (account, key)
}

/// 100 one-time keys of an account that has none.
pub fn one_time_keys() -> Batch {
    prepared((), |()| Account::new(), |(), account| drop(account.generate_one_time_keys(100)))
}

/// An account, and what another one's first message to it is.
struct First {
    account: Account,
    sender: Curve25519PublicKey,
    message: Vec<u8>,
    session: Session,
}

impl First {
    fn new() -> Self {
        let (alice, (account, key)) = (Account::new(), account());
        let config = SessionConfig::version_1();
        let mut session = alice.create_outbound_session(config, account.curve25519_key(), key).unwrap();
        let (_, message) = session.encrypt([b'x'; 1024]).unwrap().to_parts();
        Self { account, sender: alice.curve25519_key(), message, session }
    }

    fn accept(&self, account: &mut Account) -> Session {
        let message = PreKeyMessage::from_bytes(&self.message).unwrap();
        account.create_inbound_session(SessionConfig::version_1(), self.sender, &message).unwrap().session
    }
}

/// Two sessions with each other, acknowledged.
pub struct Pair {
    pub alice: Session,
    pub bob: Session,
}

impl Pair {
    pub fn new() -> Self {
        let first = First::new();
        let bob = first.accept(&mut Account::from_pickle(first.account.pickle()));
        let mut pair = Self { alice: first.session, bob };
        for _ in 0..2 {
            mem::swap(&mut pair.alice, &mut pair.bob);
            let message = send(&mut pair.alice, &[b'x'; 64]);
            receive(&mut pair.bob, &message);
        }
        pair
    }

    /// One message there; the next one will go back.
    pub fn turn(&mut self) {
        let message = send(&mut self.alice, &[b'x'; 1024]);
        receive(&mut self.bob, &message);
        mem::swap(&mut self.alice, &mut self.bob);
    }
}

pub fn send(session: &mut Session, plaintext: &[u8]) -> Vec<u8> {
    session.encrypt(plaintext).unwrap().to_parts().1
}

pub fn receive(session: &mut Session, message: &[u8]) {
    session.decrypt(&OlmMessage::from_parts(1, message).unwrap()).unwrap();
}

pub fn initiate() -> Batch {
    let (alice, (bob, key)) = (Account::new(), account());
    let bob = bob.curve25519_key();
    repeated(move || alice.create_outbound_session(SessionConfig::version_1(), bob, key).unwrap())
}

pub fn respond() -> Batch {
    let copy = |first: &mut First| Account::from_pickle(first.account.pickle());
    prepared(First::new(), copy, |first, account| first.accept(account))
}

pub fn turn() -> Batch {
    let mut pair = Pair::new();
    repeated(move || pair.turn())
}

pub fn encrypt(len: usize) -> Batch {
    let (mut pair, plaintext) = (Pair::new(), vec![b'x'; len]);
    repeated(move || send(&mut pair.alice, &plaintext))
}

pub fn decrypt(len: usize) -> Batch {
    let plaintext = vec![b'x'; len];
    prepared(
        Pair::new(),
        move |pair| send(&mut pair.alice, &plaintext),
        |pair, message| receive(&mut pair.bob, message),
    )
}

/// Encrypted, as they are stored.
pub fn pickle_write() -> Batch {
    let pair = Pair::new();
    repeated(move || pickle(&pair.alice))
}

pub fn pickle_read() -> Batch {
    let pickle = pickle(&Pair::new().alice);
    repeated(move || Session::from_pickle(SessionPickle::from_encrypted(&pickle, &KEY).unwrap()))
}

pub fn pickle(session: &Session) -> String {
    session.pickle().encrypt(&KEY)
}

pub fn group_encrypt() -> Batch {
    let mut session = GroupSession::new(megolm::SessionConfig::version_1());
    repeated(move || session.encrypt([b'x'; 1024]).to_bytes())
}

pub fn group_decrypt() -> Batch {
    let config = megolm::SessionConfig::version_1();
    let session = GroupSession::new(config);
    let receiver = InboundGroupSession::new(&session.session_key(), config);
    prepared(
        (session, receiver),
        |(session, _)| session.encrypt([b'x'; 1024]).to_bytes(),
        |(_, receiver), message| receiver.decrypt(&MegolmMessage::from_bytes(message).unwrap()).unwrap(),
    )
}
