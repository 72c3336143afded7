// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live repair with the official client's build: who lost a session or a sender key asks for what it could not
//! read, and gets it again. Needs `SUBROSA_INTEROP`; see CONTRIBUTING.md. `SUBROSA_SEED` repeats a run.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::live::{Home, Program, Side, seed};
use crate::network::Network;
use crate::resident::{Resident, address, bytes, kind};
use serde_json::{Value, json};
use subrosa::keys::PublicKey;
use subrosa::repair::{RepairRefused, Show};
use subrosa::sealed;
use subrosa::sealed::certificate::{SenderCertificate, TrustStore};
use subrosa::store::Key;
use subrosa::{Ciphertext, MessageKind, Timestamp};

const OURS: &str = "0a0a0a0a-0000-4000-8000-00000000000a";
const THEIRS: &str = "0b0b0b0b-0000-4000-8000-00000000000b";
const GROUP: &str = "d1d1d1d1-0000-4000-8000-0000000000d1";
const TEXT: &str = "6c6f7374";

/// How messages and requests go: as they are, or sealed.
struct Seals {
    root: PublicKey,
    ours: Value,
    theirs: Value,
}

impl Seals {
    /// Certificates for both, by a service of the official client's making.
    fn new(network: &mut Network, us: &Resident, expires: Timestamp) -> Self {
        let theirs = &mut network.sides[1];
        let [root, server] = [(); 2].map(|()| theirs.must(json!({ "op": "ec_generate" })));
        let server_cert = theirs.must(json!({
            "op": "server_cert", "key_id": 7,
            "server_public": server["public"], "trust_root_private": root["private"],
        }))["server_cert"]
            .clone();
        let them = theirs.must(json!({ "op": "bundle" }))["bundle"]["identity_key"].clone();
        let ours = hex::encode(us.account.identity_key().encode()).into();
        let [ours, theirs] = [(OURS, ours), (THEIRS, them)].map(|(name, key)| {
            theirs.must(json!({
                "op": "sender_cert", "sender_uuid": name, "sender_device": 1, "sender_public": key,
                "expiration": expires.as_millis(), "server_cert": server_cert, "server_private": server["private"],
            }))["sender_cert"]
                .clone()
        });
        Self { root: PublicKey::decode(&bytes(&root["public"])).unwrap(), ours, theirs }
    }

    fn certificate(&self) -> SenderCertificate {
        SenderCertificate::parse(&bytes(&self.ours)).unwrap()
    }
}

/// What a request made of the one who got it.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    reset: bool,
    group: bool,
    sent: u64,
}

/// Ours and theirs, with a session, in a conversation that goes on.
struct Pair {
    us: Rc<RefCell<Resident>>,
    network: Network,
    seals: Option<Seals>,
}

impl Pair {
    fn new(salt: u64, sealed: bool) -> Self {
        let program = Program::node("", "peer.mjs", &[]);
        let seed = seed(salt);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let us = Rc::new(RefCell::new(Resident::new(OURS, now.into(), seed)));
        let theirs = Side::new(Home::Theirs(program), THEIRS, &Value::Null);
        let mut network = Network::new([Resident::side(&us), theirs], seed);
        let expires = Timestamp::from(now + Duration::from_secs(86_400));
        let seals = sealed.then(|| Seals::new(&mut network, &us.borrow(), expires));
        let begins = usize::try_from(seed % 2).unwrap();
        network.initiate(begins, &json!({}));
        network.exchange_from(begins);
        Self { us, network, seals }
    }

    fn theirs(&mut self) -> &mut Side {
        &mut self.network.sides[1]
    }

    fn they(&self) -> Value {
        self.network.sides[1].address()
    }

    fn we(&self) -> Value {
        self.network.sides[0].address()
    }

    fn now(&self) -> Timestamp {
        self.us.borrow().now
    }

    /// They send a message: what arrives, sealed or not.
    fn they_send(&mut self) -> Value {
        let remote = self.we();
        let Some(Seals { theirs: certificate, .. }) = &self.seals else {
            return self.theirs().must(json!({ "op": "encrypt", "remote": remote, "plaintext": TEXT }));
        };
        let content = json!({
            "op": "usmc", "sender_cert": certificate, "inner": "message", "remote": remote, "plaintext": TEXT,
            "content_hint": 1,
        });
        self.they_seal(content)
    }

    fn they_seal(&mut self, content: Value) -> Value {
        let remote = self.we();
        let usmc = self.theirs().must(content)["usmc"].clone();
        self.theirs().must(json!({ "op": "seal_v1", "remote": remote, "usmc": usmc }))
    }

    /// We read it; or there is what we ask, if they are to be asked.
    fn we_read(&mut self, arrived: &Value, sent: Timestamp) -> Result<Vec<u8>, Ciphertext> {
        let they = address(&self.they());
        let mut us = self.us.borrow_mut();
        let Some(seals) = &self.seals else {
            let (kind, bytes) = (kind(&arrived["type"]), bytes(&arrived["message"]));
            return us.read(&they, kind, &bytes).map_err(|missed| {
                let advice = Resident::advice(&missed, kind, &bytes, sent, &they);
                assert_eq!(advice.show, Show::Now);
                us.ask(&they, advice).into()
            });
        };
        let roots = [seals.root];
        let authority = TrustStore { trust_roots: &roots, revoked: &[], known: &[] };
        let content = us.verify(&bytes(&arrived["sealed"]), &authority);
        assert_eq!(*content.sender().address(), they);
        us.read_sealed(&content).map_err(|missed| {
            let advice = content.advice(missed.failure, sent);
            assert_eq!(advice.show, Show::IfNotSentAgain);
            us.ask(&they, advice).into()
        })
    }

    /// They get our request, and do what it asks but send again.
    fn they_answer(&mut self, request: &Ciphertext) -> Answer {
        let (remote, they) = (self.we(), address(&self.they()));
        let content = match &self.seals {
            None => hex::encode(request.as_bytes()).into(),
            Some(seals) => {
                let sealed = self.us.borrow_mut().seal(&they, request, &seals.certificate());
                let opened = json!({ "op": "unseal_usmc", "sealed": hex::encode(sealed) });
                let opened = self.theirs().must(opened);
                assert_eq!((&opened["msg_type"], &opened["sender_uuid"]), (&json!(8), &json!(OURS)));
                opened["contents"].clone()
            }
        };
        let theirs = self.theirs();
        let body =
            theirs.must(json!({ "op": "parse_plaintext_content", "content": content }))["body"].clone();
        let error = theirs.must(json!({ "op": "dem_from_body", "body": body }));
        assert_eq!(error["device"], 1);
        let group = error["ratchet_key"].is_null();
        let reset = !group
            && theirs.must(json!({
                "op": "session_info", "remote": remote, "ratchet_key": error["ratchet_key"],
            }))["ratchet_key_matches"]
                == true;
        if reset {
            theirs.must(json!({ "op": "session_archive", "remote": remote }));
        }
        Answer { reset, group, sent: error["timestamp"].as_u64().unwrap() }
    }

    fn we_send(&mut self) -> Value {
        let they = address(&self.they());
        let mut us = self.us.borrow_mut();
        let message = us.encrypt(&they, &bytes(&TEXT.into()));
        match &self.seals {
            None => json!({ "type": message.kind().to_u8(), "message": hex::encode(message.as_bytes()) }),
            Some(seals) => json!({ "sealed": hex::encode(us.seal(&they, &message, &seals.certificate())) }),
        }
    }

    /// They read it; or there is what they ask, as it arrives.
    fn they_read(&mut self, arrived: &Value, sent: Timestamp) -> Result<Vec<u8>, Value> {
        let (remote, now) = (self.we(), self.now());
        let mut read = arrived.clone();
        if let Some(seals) = &self.seals {
            read["op"] = "unseal".into();
            read["trust_root"] = hex::encode(seals.root.encode()).into();
            read["now"] = now.as_millis().into();
        } else {
            read["op"] = "decrypt".into();
            read["remote"] = remote;
        }
        if let Ok(answer) = self.theirs().ask(read) {
            return Ok(bytes(&answer["plaintext"]));
        }
        let original = if self.seals.is_some() {
            let opened = self.theirs().must(json!({ "op": "unseal_usmc", "sealed": arrived["sealed"] }));
            assert_eq!(opened["content_hint"], 1);
            json!({ "type": opened["msg_type"], "message": opened["contents"] })
        } else {
            arrived.clone()
        };
        Err(self.they_ask(&original, sent))
    }

    /// Their request for a message, as it arrives.
    fn they_ask(&mut self, original: &Value, sent: Timestamp) -> Value {
        let error = self.theirs().must(json!({
            "op": "dem", "original": original["message"], "original_type": original["type"],
            "timestamp": sent.as_millis(), "device": 1,
        }))["dem"]
            .clone();
        match &self.seals {
            None => self.theirs().must(json!({ "op": "plaintext_content", "dem": error })),
            Some(Seals { theirs: certificate, .. }) => self.they_seal(json!({
                "op": "usmc", "sender_cert": certificate, "inner": "plaintext", "dem": error,
            })),
        }
    }

    /// We get their request, and do what it asks but send again.
    fn we_answer(&mut self, arrived: &Value) -> Result<Answer, RepairRefused> {
        let they = address(&self.they());
        let mut us = self.us.borrow_mut();
        let content = match &self.seals {
            None => bytes(&arrived["content"]),
            Some(seals) => {
                let roots = [seals.root];
                let authority = TrustStore { trust_roots: &roots, revoked: &[], known: &[] };
                let content = us.verify(&bytes(&arrived["sealed"]), &authority);
                assert_eq!(*content.sender().address(), they);
                let sealed::Body::Plaintext(plaintext) = content.body().unwrap() else { panic!("a request") };
                plaintext.as_bytes().to_vec()
            }
        };
        let resend = us.answer(&they, &content)?;
        Ok(Answer { reset: resend.reset, group: resend.group, sent: resend.timestamp.as_millis() })
    }

    /// We lose the session, can't read what they send, and ask; they send it again on a new session.
    fn we_lose_the_session(&mut self) {
        let (they, now) = (address(&self.they()), self.now());
        self.us.borrow_mut().rows.delete(&Key::Session(they.clone()));
        let arrived = self.they_send();
        let request = self.we_read(&arrived, now).expect_err("it can't be read");
        let answer = self.they_answer(&request);
        assert_eq!(answer, Answer { reset: true, group: false, sent: now.as_millis() });
        self.network.initiate(1, &json!({}));
        let again = self.they_send();
        assert_eq!(self.we_read(&again, now).map_err(drop), Ok(bytes(&TEXT.into())));
        // The same request, come late: they reset nothing more.
        assert!(!self.they_answer(&request).reset);
        self.network.exchange_from(0);
    }

    /// They lose the session, can't read what we send, and ask; we send it again on a new session.
    fn they_lose_the_session(&mut self) {
        let (remote, now) = (self.we(), self.now());
        self.theirs().must(json!({ "op": "session_delete", "remote": remote }));
        let arrived = self.we_send();
        let request = self.they_read(&arrived, now).expect_err("it can't be read");
        let answer = self.we_answer(&request);
        assert_eq!(answer, Ok(Answer { reset: true, group: false, sent: now.as_millis() }));
        self.network.initiate(0, &json!({}));
        let again = self.we_send();
        assert_eq!(self.they_read(&again, now), Ok(bytes(&TEXT.into())));
        // The same request, come late: we reset nothing more. Often enough, and we do nothing at all.
        assert!(!self.we_answer(&request).unwrap().reset);
        assert_eq!(self.we_answer(&request), Err(RepairRefused::TooOften(None)));
        self.network.exchange_from(1);
    }
}

/// Whoever loses the session, and however often: a moment later the conversation goes on.
fn sessions_are_repaired(salt: u64, sealed: bool) {
    let mut pair = Pair::new(salt, sealed);
    pair.network.run(60);
    for round in 0..3 {
        pair.we_lose_the_session();
        pair.network.run(30);
        pair.they_lose_the_session();
        pair.network.run(30);
        let later = Duration::from_secs(60 * (round + 1));
        let now = pair.now().saturating_add(later);
        pair.us.borrow_mut().now = now;
    }
    // Once more, in the same hour, is once too often.
    let (remote, now) = (pair.we(), pair.now());
    pair.theirs().must(json!({ "op": "session_delete", "remote": remote }));
    let arrived = pair.we_send();
    let request = pair.they_read(&arrived, now).unwrap_err();
    assert!(matches!(pair.we_answer(&request), Err(RepairRefused::TooOften(Some(_)))));
    pair.us.borrow_mut().now = now.saturating_add(Duration::from_secs(3_600));
    assert!(pair.we_answer(&request).unwrap().reset);
    pair.network.initiate(0, &json!({}));
    pair.network.exchange_from(0);
    pair.network.run(60);
    pair.network.exchange();
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_lost_session_is_repaired() {
    sessions_are_repaired(31, false);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_lost_session_is_repaired_under_seal() {
    sessions_are_repaired(32, true);
}

/// Both lose the session at the same time, and both begin another.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_session_lost_on_both_sides_is_repaired() {
    let mut pair = Pair::new(33, false);
    pair.network.run(60);
    let (remote, they) = (pair.we(), address(&pair.they()));
    pair.theirs().must(json!({ "op": "session_delete", "remote": remote }));
    pair.us.borrow_mut().rows.delete(&Key::Session(they.clone()));
    pair.network.initiate(0, &json!({}));
    pair.network.initiate(1, &json!({ "one_time": false }));
    let now = pair.now();
    let [ours, theirs] = [pair.we_send(), pair.they_send()];
    assert!(pair.they_read(&ours, now).is_ok() && pair.we_read(&theirs, now).is_ok());
    pair.network.run(60);
    pair.network.exchange();
}

/// A lost sender key is asked for by a request that names no ratchet key, and comes with the message.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_lost_sender_key_is_sent_again() {
    let mut pair = Pair::new(34, false);
    let (we, they, now) = (pair.we(), pair.they(), pair.now());
    let create = json!({ "op": "sender_key_create", "distribution_id": GROUP });

    // Ours is lost to them: they never had it.
    let first = pair.us.borrow_mut().encrypt_for_group(GROUP, &bytes(&TEXT.into()));
    let arrived = json!({ "type": 7, "message": hex::encode(first.as_bytes()) });
    let read = json!({ "op": "group_decrypt", "sender": we, "message": arrived["message"] });
    pair.theirs().ask(read).unwrap_err();
    let request = pair.they_ask(&arrived, now);
    let answer = Answer { reset: false, group: true, sent: now.as_millis() };
    assert_eq!(pair.we_answer(&request), Ok(answer));
    let distribution = hex::encode(pair.us.borrow_mut().distribution(GROUP));
    pair.theirs().must(json!({ "op": "sender_key_process", "sender": we, "skdm": distribution }));
    let next = pair.us.borrow_mut().encrypt_for_group(GROUP, &bytes(&TEXT.into()));
    let read = json!({ "op": "group_decrypt", "sender": we, "message": hex::encode(next.as_bytes()) });
    assert_eq!(pair.theirs().must(read)["plaintext"], TEXT);

    // Theirs is lost to us.
    let sent = json!({ "op": "group_encrypt", "distribution_id": GROUP, "plaintext": TEXT });
    pair.theirs().must(create.clone());
    let message = bytes(&pair.theirs().must(sent.clone())["message"]);
    let from = address(&they);
    let missed = pair.us.borrow_mut().read_of_group(&from, &message).unwrap_err();
    let advice = Resident::advice(&missed, MessageKind::SenderKey, &message, now, &from);
    let request = pair.us.borrow_mut().ask(&from, advice).into();
    let answer = pair.they_answer(&request);
    assert_eq!(answer, Answer { reset: false, group: true, sent: now.as_millis() });
    let distribution = bytes(&pair.theirs().must(create)["skdm"]);
    pair.us.borrow_mut().learn(&from, &distribution);
    let next = bytes(&pair.theirs().must(sent)["message"]);
    assert_eq!(pair.us.borrow_mut().read_of_group(&from, &next).unwrap(), bytes(&TEXT.into()));
    pair.network.exchange();
}
