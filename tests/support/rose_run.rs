// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices of the rose profile under a schedule. After each step the table is what the sessions expect, and a refused
//! message changed nothing. Beside the module `parties`.

#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test kit, of which each test uses a part"
)]

use std::collections::HashSet;

use subrosa::rose::{Class, DeviceName, Kind, Outgoing, ReceiveError, SendError, Session};

use super::parties::{Device, Service};

#[derive(Clone, Debug)]
pub enum Step {
    /// A side sends; its store may fail.
    Send(bool, u8, bool),
    /// A message under way is delivered: which, whether it stays, which bit is damaged, whether the store fails.
    Deliver(u16, bool, Option<u16>, bool),
    /// A message under way is lost.
    Drop(u16),
    /// A side begins anew.
    Begin(bool),
    /// A side crashes: it reads its sessions back.
    Crash(bool),
    /// A side puts a copy of its sessions away, or goes back to it.
    Save(bool),
    Restore(bool),
}

/// A message under way: to whom, its bytes, its text.
struct Letter {
    to: usize,
    bytes: Vec<u8>,
    text: Vec<u8>,
}

pub struct Run {
    devices: [Device; 2],
    letters: Vec<Letter>,
    saved: [Option<Vec<u8>>; 2],
    /// Key and nonce of a message are functions of `R`: each is used for one plaintext.
    used: HashSet<Vec<u8>>,
    restored: bool,
    sent: u32,
}

impl Run {
    pub fn new(seed: u64) -> Self {
        let service = Service::new();
        let devices = [Device::new(&service, "alice", 1, seed), Device::new(&service, "bob", 1, seed + 1)];
        Self {
            devices,
            letters: Vec::new(),
            saved: [None, None],
            used: HashSet::new(),
            restored: false,
            sent: 0,
        }
    }

    fn names(&self) -> [DeviceName; 2] {
        [self.devices[0].name(), self.devices[1].name()]
    }

    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Send(by, len, fails) => self.send(usize::from(by), len, fails),
            Step::Deliver(which, stays, flip, fails) if !self.letters.is_empty() => {
                let at = usize::from(which) % self.letters.len();
                self.deliver(at, flip, fails);
                if !stays && flip.is_none() && !fails {
                    self.letters.remove(at);
                }
            }
            Step::Drop(which) if !self.letters.is_empty() => {
                self.letters.remove(usize::from(which) % self.letters.len());
            }
            Step::Begin(by) => {
                let by = usize::from(by);
                let bundle = self.devices[1 - by].bundle(Class::LastResort);
                self.devices[by].begin(&bundle, false);
            }
            Step::Crash(by) => self.read_back(usize::from(by)),
            Step::Save(by) => {
                let (by, peer) = (usize::from(by), self.names()[1 - usize::from(by)]);
                let session = self.devices[by].sessions.get(&peer).filter(|session| session.is_begun());
                self.saved[by] = session.map(|session| session.record().as_bytes().to_vec());
            }
            Step::Restore(by) => self.restore(usize::from(by)),
            Step::Deliver(..) | Step::Drop(_) => {}
        }
        self.devices.iter().for_each(Device::check);
    }

    fn send(&mut self, by: usize, len: u8, fails: bool) {
        let (peer, sent) = (self.names()[1 - by], self.sent);
        let text = [&sent.to_be_bytes()[..], &vec![1; len.into()]].concat();
        let device = &mut self.devices[by];
        if fails {
            let Some(session) = device.sessions.get_mut(&peer) else { return };
            let before = session.record().as_bytes().to_vec();
            device.store.fails = true;
            let contact = device.store.contacts.get(&peer.account()).cloned();
            let sender = subrosa::rose::Sender {
                certificate: &device.certificate,
                contact: contact.as_ref(),
                now: device.now,
            };
            if let Ok(staged) = session.encrypt(&Outgoing::content(&text), &sender, &mut device.rng) {
                assert!(staged.commit_with(|writes| device.store.apply(writes)).is_err());
            }
            device.store.fails = false;
            assert_eq!(session.record().as_bytes(), before);
            return;
        }
        match device.send(peer, &Outgoing::content(&text)) {
            Ok(bytes) => {
                self.sent += 1;
                if bytes.len() < 6_144 {
                    assert!(self.used.insert(bytes[16..32].to_vec()), "a header key twice");
                }
                self.letters.push(Letter { to: 1 - by, bytes, text });
            }
            Err(error) => assert!(matches!(error, SendError::NoState | SendError::Unproven), "{error}"),
        }
    }

    fn deliver(&mut self, at: usize, flip: Option<u16>, fails: bool) {
        let Letter { to, bytes, text } = &self.letters[at];
        let device = &mut self.devices[*to];
        let before: Vec<_> =
            device.sessions.values().map(|session| session.record().as_bytes().to_vec()).collect();
        let tags = device.store.tags.clone();
        let mut message = bytes.clone();
        if let Some(flip) = flip {
            let bit = usize::from(flip) % (message.len() * 8);
            message[bit / 8] ^= 1 << (bit % 8);
        }
        if fails {
            // What was received is rolled back with its stage, and comes again.
            let peer = device.store.owner(&message);
            if let Some(session) = peer.and_then(|peer| device.sessions.get_mut(&peer)) {
                drop(session.decrypt(&message, device.account.keys(), &mut device.rng));
            }
        } else {
            match device.receive(&message, false) {
                Ok((_, received)) => {
                    assert!(flip.is_none(), "a damaged message opened");
                    assert_eq!((received.kind, &received.content[..]), (Kind::Content, &text[..]));
                    return;
                }
                Err(_) if self.restored => {}
                Err(error) => assert!(
                    matches!(
                        error,
                        ReceiveError::NotFound
                            | ReceiveError::NotAuthentic
                            | ReceiveError::Duplicate
                            | ReceiveError::Replayed
                    ),
                    "{error}"
                ),
            }
        }
        let begun = device.sessions.values().filter(|session| session.is_begun());
        let after: Vec<_> = begun.map(|session| session.record().as_bytes().to_vec()).collect();
        let empty = |record: &Vec<u8>| record.len() > 20;
        assert_eq!(
            after,
            before.into_iter().filter(empty).collect::<Vec<_>>(),
            "a refused message changes nothing"
        );
        assert_eq!(tags, device.store.tags);
    }

    /// The sessions as the store has them.
    fn read_back(&mut self, by: usize) {
        let peer = self.names()[1 - by];
        let device = &mut self.devices[by];
        let key = subrosa::store::Key::Rose(subrosa::rose::RoseKey::Session(peer)).to_bytes();
        if let Some(record) = device.store.rows.get(&key) {
            device.sessions.insert(peer, Session::from_record(record, peer).unwrap());
        }
    }

    fn restore(&mut self, by: usize) {
        let Some(record) = self.saved[by].clone() else { return };
        self.restored = true;
        let peer = self.names()[1 - by];
        self.devices[by].put_back(peer, &record);
    }
}
