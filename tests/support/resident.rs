// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device as a messenger would have it: an account, and in the crate's own store sessions, identities, sender keys and
//! repair logs. It answers the requests that a live peer answers, and more that only a test in this process can ask for.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit, of which each test uses a part"
)]

use std::cell::RefCell;
use std::fmt::Debug;
use std::rc::Rc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use subrosa::account;
use subrosa::group::{self, DistributionId, DistributionMessage, GroupMessage, SenderKey};
use subrosa::keys::{KemPublicKey, PublicKey};
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyPublic, OneTimePreKeyId, OneTimePreKeyPublic, SignedPreKey, SignedPreKeyId,
    SignedPreKeyPublic,
};
use subrosa::repair::{Advice, Failure, PlaintextContent, RepairPolicy, RepairRefused, Resend};
use subrosa::sealed::certificate::{SenderCertificate, TrustStore};
use subrosa::sealed::{self, ContentHint, UnverifiedContent};
use subrosa::store::{Key, Memory, Write, Writes};
use subrosa::{
    Account, Address, Ciphertext, DecryptError, DeviceId, IdentityKey, Message, MessageKind, PreKeyBundle,
    Record, Session, Staged, Timestamp, Trust,
};

use crate::live::{Answers, Home, Side};

/// Why something was not read.
#[derive(Debug)]
pub(crate) struct Missed {
    pub(crate) failure: Failure,
    why: String,
}

impl From<DecryptError> for Missed {
    fn from(error: DecryptError) -> Self {
        Self::new(error.failure(), &error)
    }
}

impl From<group::Error> for Missed {
    fn from(error: group::Error) -> Self {
        Self::new(error.failure(), &error)
    }
}

impl Missed {
    fn new(failure: Failure, why: &impl Debug) -> Self {
        Self { failure, why: format!("{why:?}") }
    }

    fn other(why: impl Debug) -> Self {
        Self { failure: Failure::Undecryptable, why: format!("{why:?}") }
    }
}

pub(crate) struct Resident {
    pub(crate) address: Address,
    pub(crate) account: Account,
    pub(crate) rows: Memory,
    /// What the service has of its prekeys.
    published: account::Upload,
    pub(crate) now: Timestamp,
    pub(crate) rng: ChaCha20Rng,
}

impl Resident {
    /// A new device, `name.1`.
    pub(crate) fn new(name: &str, now: Timestamp, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let address = Address::new(name, DeviceId::PRIMARY);
        let account = Account::generate(address, account::Limits::default(), &mut rng).unwrap();
        Self::with_account(account, now, rng)
    }

    /// A device of a new account, with nothing else yet. The service gets what prekeys it lacks.
    pub(crate) fn with_account(account: Staged<'_, Account>, now: Timestamp, mut rng: ChaCha20Rng) -> Self {
        let mut rows = Memory::new();
        let mut account = account.commit_with(|writes| rows.apply(writes)).unwrap();
        let staged = account.maintain(account::Counts::default(), now, &mut rng).unwrap();
        let published = staged.commit_with(|writes| rows.apply(writes)).unwrap();
        let staged = account.confirm_uploaded(&published, now).unwrap();
        staged.commit_with(|writes| rows.apply(writes)).unwrap();
        Self { address: account.address().clone(), account, rows, published, now, rng }
    }

    /// The device behind the interface that live peers have.
    pub(crate) fn side(this: &Rc<RefCell<Self>>) -> Side {
        let (resident, name) = (Rc::clone(this), this.borrow().address.name().clone());
        let answers: Answers = Box::new(move |request| resident.borrow_mut().handle(request));
        Side::there(Home::Here(answers), name.as_str())
    }

    /// Stores what was made elsewhere: an identity, or a state that has not changed here.
    pub(crate) fn put(&mut self, key: Key, record: Record) {
        let generation = if matches!(key, Key::Identity(_)) { None } else { Some(0) };
        let mut writes = Writes::default();
        writes.extend([Write::Put { key, record, generation }]);
        self.rows.apply(writes).unwrap();
    }

    pub(crate) fn session(&self, peer: &Address) -> Session {
        self.rows.session(&self.address, peer).unwrap()
    }

    pub(crate) fn identity(&self, peer: &Address) -> Option<IdentityKey> {
        self.rows.identity(peer.name()).unwrap()
    }

    pub(crate) fn encrypt(&mut self, to: &Address, text: &[u8]) -> Ciphertext {
        let (mut session, pinned) = (self.session(to), self.identity(to));
        let trust = Trust::on_first_use(pinned.as_ref());
        let staged = session.encrypt(text, trust, self.now, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.rows.apply(writes)).unwrap()
    }

    pub(crate) fn read(
        &mut self,
        from: &Address,
        kind: MessageKind,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Missed> {
        self.receive(from, &Message::parse(kind, bytes).map_err(Missed::other)?)
    }

    fn receive(&mut self, from: &Address, message: &Message<'_>) -> Result<Vec<u8>, Missed> {
        let (mut session, pinned) = (self.session(from), self.identity(from));
        let trust = Trust::on_first_use(pinned.as_ref());
        let staged = self.account.receive(&mut session, message, trust, &mut self.rng)?;
        Ok(staged.commit_with(|writes| self.rows.apply(writes)).unwrap().to_vec())
    }

    pub(crate) fn begin(&mut self, with: &Address, bundle: PreKeyBundle) {
        let (mut session, pinned) = (self.session(with), self.identity(with));
        let bundle = bundle.verify(Trust::on_first_use(pinned.as_ref())).unwrap();
        let staged = session.initiate(&self.account.config(), bundle, self.now, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.rows.apply(writes)).unwrap();
    }

    fn bundle(&mut self, one_time: bool) -> PreKeyBundle {
        let upload = &mut self.published;
        let signed = upload.signed_pre_key.clone();
        let signed = signed.or(self.account.signed_pre_keys().last().map(SignedPreKey::public));
        PreKeyBundle {
            registration_id: upload.registration_id,
            device_id: self.address.device(),
            identity_key: upload.identity_key,
            signed_pre_key: signed.expect("a signed prekey"),
            one_time_pre_key: if one_time { upload.one_time_pre_keys.pop() } else { None },
            kem_pre_key: upload.one_time_kem_pre_keys.pop().or(upload.last_resort_kem_pre_key.clone()),
        }
    }
}

/// Repair.
impl Resident {
    /// What is to be sent about a message that could not be read.
    pub(crate) fn ask(&mut self, from: &Address, advice: Advice) -> PlaintextContent<'static> {
        let mut log = self.rows.repair_log(from).unwrap();
        let request = advice.ask.expect("something to ask for");
        let staged = log.ask(request, &RepairPolicy::default(), self.now).unwrap();
        staged.commit_with(|writes| self.rows.apply(writes)).unwrap().content()
    }

    /// What is to be done about a request to send a message again.
    pub(crate) fn answer(&mut self, from: &Address, content: &[u8]) -> Result<Resend, RepairRefused> {
        let request = PlaintextContent::parse(content).unwrap().decryption_error_message().unwrap();
        let (mut log, mut session) = (self.rows.repair_log(from).unwrap(), self.session(from));
        let staged = log.answer(&mut session, &request, &RepairPolicy::default(), self.now)?;
        Ok(staged.commit_with(|writes| self.rows.apply(writes)).unwrap())
    }

    /// A message that came without an envelope.
    pub(crate) fn advice(
        missed: &Missed,
        kind: MessageKind,
        bytes: &[u8],
        sent: Timestamp,
        from: &Address,
    ) -> Advice {
        Advice::about(missed.failure, ContentHint::Default, kind, bytes, sent, from.device())
    }

    /// Seals a message for a peer whose identity is known.
    pub(crate) fn seal(
        &mut self,
        to: &Address,
        message: &Ciphertext,
        certificate: &SenderCertificate,
    ) -> Vec<u8> {
        let sender = sealed::Sender::new(self.account.identity(), certificate).unwrap();
        let peer = self.identity(to).expect("a known peer");
        sender.with_hint(ContentHint::Resendable).seal(message, &peer, &mut self.rng).unwrap()
    }

    pub(crate) fn verify(&self, sealed: &[u8], trust: &TrustStore<'_>) -> sealed::Content {
        let content = UnverifiedContent::open(sealed, self.account.identity()).unwrap();
        content.verify(trust, &self.address, None, self.now).unwrap()
    }

    /// Reads a message of a session that came under seal.
    pub(crate) fn read_sealed(&mut self, content: &sealed::Content) -> Result<Vec<u8>, Missed> {
        let sealed::Body::Session(message) = content.body().map_err(Missed::other)? else {
            panic!("none of a session")
        };
        self.receive(content.sender().address(), &message)
    }
}

/// Groups.
impl Resident {
    /// Our sender key for a distribution id, made if there is none.
    fn sender_key(&mut self, id: &str) -> SenderKey {
        let id: DistributionId = id.parse().unwrap();
        if let Some(key) = self.rows.sender_key(id).unwrap() {
            return key;
        }
        let key = SenderKey::generate(id, &mut self.rng);
        self.put(Key::SenderKey(id.into()), key.record());
        key
    }

    pub(crate) fn distribution(&mut self, id: &str) -> Vec<u8> {
        self.sender_key(id).distribution().to_vec()
    }

    pub(crate) fn learn(&mut self, of: &Address, distribution: &[u8]) {
        let message = DistributionMessage::parse(distribution).unwrap();
        let mut keys = self.rows.receiver_keys(of, message.format()).unwrap();
        let staged = keys.process(&message, &IdentityKey::decode(&[5; 33]).unwrap()).unwrap();
        staged.commit_with(|writes| self.rows.apply(writes)).unwrap();
    }

    pub(crate) fn encrypt_for_group(&mut self, id: &str, text: &[u8]) -> Ciphertext {
        let mut key = self.sender_key(id);
        let staged = key.encrypt(text, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.rows.apply(writes)).unwrap()
    }

    pub(crate) fn read_of_group(&mut self, from: &Address, bytes: &[u8]) -> Result<Vec<u8>, Missed> {
        let message = GroupMessage::parse(bytes).map_err(Missed::other)?;
        let mut keys = self.rows.receiver_keys(from, message.format()).unwrap();
        let staged = keys.decrypt(&message, Trust::Anyone)?;
        Ok(staged.commit_with(|writes| self.rows.apply(writes)).unwrap().to_vec())
    }
}

/// The interface that live peers have.
impl Resident {
    fn handle(&mut self, request: &Value) -> Value {
        match self.respond(request) {
            Ok(mut answer) => {
                answer["ok"] = true.into();
                answer
            }
            Err(missed) => json!({ "ok": false, "error": missed.why }),
        }
    }

    fn respond(&mut self, request: &Value) -> Result<Value, Missed> {
        let op = request["op"].as_str().unwrap();
        let id = request["distribution_id"].as_str().unwrap_or_default();
        Ok(match op {
            "bundle" => json!({ "bundle": write_bundle(&self.bundle(request["one_time"] != false)) }),
            "process_bundle" => {
                self.begin(&address(&request["remote"]), read_bundle(&request["bundle"]));
                json!({})
            }
            "encrypt" => message(&self.encrypt(&address(&request["remote"]), &bytes(&request["plaintext"]))),
            "decrypt" => {
                let kind = kind(&request["type"]);
                let text = self.read(&address(&request["remote"]), kind, &bytes(&request["message"]))?;
                json!({ "plaintext": hex::encode(text) })
            }
            "sender_key_create" => json!({ "skdm": hex::encode(self.distribution(id)) }),
            "sender_key_process" => {
                self.learn(&address(&request["sender"]), &bytes(&request["skdm"]));
                json!({})
            }
            "group_encrypt" => message(&self.encrypt_for_group(id, &bytes(&request["plaintext"]))),
            "group_decrypt" => {
                let text = self.read_of_group(&address(&request["sender"]), &bytes(&request["message"]))?;
                json!({ "plaintext": hex::encode(text) })
            }
            other => panic!("{other} is not asked of a resident"),
        })
    }
}

pub(crate) fn address(value: &Value) -> Address {
    let device = u32::try_from(value["device"].as_u64().unwrap()).unwrap();
    Address::new(value["name"].as_str().unwrap(), DeviceId::new(device))
}

#[track_caller]
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("hex")).unwrap()
}

pub(crate) fn kind(value: &Value) -> MessageKind {
    MessageKind::from_u8(u8::try_from(value.as_u64().unwrap()).unwrap()).unwrap()
}

fn message(ciphertext: &Ciphertext) -> Value {
    json!({ "type": ciphertext.kind().to_u8(), "message": hex::encode(ciphertext.as_bytes()) })
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

pub(crate) fn read_bundle(value: &Value) -> PreKeyBundle {
    let public = |name: &str| PublicKey::decode(&bytes(&value[name])).unwrap();
    let signature = |name: &str| bytes(&value[name]).as_slice().try_into().unwrap();
    let one_time = value["pre_key_id"].as_u64().map(|_| OneTimePreKeyPublic {
        id: OneTimePreKeyId(number(&value["pre_key_id"])),
        key: public("pre_key_public"),
    });
    PreKeyBundle {
        registration_id: number(&value["registration_id"]),
        device_id: DeviceId::new(number(&value["device_id"])),
        identity_key: IdentityKey::new(public("identity_key")),
        signed_pre_key: SignedPreKeyPublic {
            id: SignedPreKeyId(number(&value["signed_pre_key_id"])),
            key: public("signed_pre_key_public"),
            signature: signature("signed_pre_key_signature"),
        },
        one_time_pre_key: one_time,
        kem_pre_key: Some(KemPreKeyPublic {
            id: KemPreKeyId(number(&value["kyber_pre_key_id"])),
            key: KemPublicKey::decode(&bytes(&value["kyber_pre_key_public"])).unwrap(),
            signature: signature("kyber_pre_key_signature"),
        }),
    }
}

fn write_bundle(bundle: &PreKeyBundle) -> Value {
    let (signed, one_time) = (&bundle.signed_pre_key, bundle.one_time_pre_key.as_ref());
    let kem = bundle.kem_pre_key.as_ref().expect("of version 4");
    json!({
        "registration_id": bundle.registration_id,
        "device_id": bundle.device_id.get(),
        "identity_key": hex::encode(bundle.identity_key.encode()),
        "signed_pre_key_id": signed.id.0,
        "signed_pre_key_public": hex::encode(signed.key.encode()),
        "signed_pre_key_signature": hex::encode(signed.signature),
        "pre_key_id": one_time.map(|key| key.id.0),
        "pre_key_public": one_time.map(|key| hex::encode(key.key.encode())),
        "kyber_pre_key_id": kem.id.0,
        "kyber_pre_key_public": hex::encode(kem.key.encode()),
        "kyber_pre_key_signature": hex::encode(kem.signature),
    })
}
