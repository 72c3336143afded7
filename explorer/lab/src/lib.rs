// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices and a network for the explorer: the crate with its inside open, and randomness from a seed. What is
//! shown is JSON in text; `explorer/app.js` reads it.

mod layers;
mod state;
mod thief;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use subrosa::account::{Counts, Limits};
use subrosa::hazmat::sealed::Envelope;
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate, TrustStore};
use subrosa::sealed::{Body, Sender, UnverifiedContent};
use subrosa::{Account, Address, Message, MessageKind, Session, Timestamp, Trust};
use thief::Thief;
use wasm_bindgen::prelude::*;

const NAMES: [&str; 2] = ["alice", "bob"];
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Device {
    account: Account,
    session: Session,
    certificate: SenderCertificate,
}

/// A message under way, as the network has it.
struct Letter {
    from: usize,
    sealed: bool,
    kind: u8,
    bytes: Vec<u8>,
}

/// Two devices, the letters that were sent, and perhaps a thief.
#[wasm_bindgen]
pub struct Lab {
    rng: ChaCha20Rng,
    devices: Vec<Device>,
    trust_root: KeyPair,
    letters: Vec<Letter>,
    thief: Option<Thief>,
}

#[wasm_bindgen]
impl Lab {
    /// Two new devices; Alice has begun a session from Bob's bundle. The same seed gives the same bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &str) -> Result<Self, JsError> {
        let number = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut rng = ChaCha20Rng::seed_from_u64(number);
        let [trust_root, service] = [(); 2].map(|()| KeyPair::generate(&mut rng));
        let server = ServerCertificate::issue(1, service.public(), trust_root.private(), &mut rng);
        let limits = Limits { batch: 2, low: 1, ..Limits::default() };
        let mut devices = Vec::new();
        for (name, peer) in NAMES.into_iter().zip(NAMES.into_iter().rev()) {
            let address = Address::new(name, 1);
            let mut account = Account::generate(address.clone(), limits, &mut rng)?.commit();
            account.maintain(Counts::default(), NOW, &mut rng)?.commit();
            let identity_key = *account.identity_key();
            let details = SenderDetails { address, e164: None, identity_key, expires: LATER };
            let certificate = details.issue(&server, service.private(), &mut rng)?;
            let session = account.new_session(&Address::new(peer, 1));
            devices.push(Device { account, session, certificate });
        }
        let [alice, bob] = &mut devices[..] else { return Err(JsError::new("two devices")) };
        let bundle = bob.account.upload().next_bundle().ok_or_else(|| JsError::new("no prekeys"))?;
        let bundle = bundle.verify(Trust::Anyone)?;
        alice.session.initiate(&alice.account.config(), bundle, NOW, &mut rng)?.commit();
        Ok(Self { rng, devices, trust_root, letters: Vec::new(), thief: None })
    }

    /// Encrypts a text on device 0 (Alice) or 1 (Bob), sealed or not. Gives what is to be shown of the message.
    pub fn send(&mut self, from: usize, text: &str, sealed: bool) -> Result<String, JsError> {
        let Self { rng, devices, letters, thief, .. } = self;
        let device = devices.get_mut(from).ok_or_else(|| JsError::new("no such device"))?;
        let before = state::view(&device.session);
        let message = device.session.encrypt(text.as_bytes(), Trust::Anyone, NOW, rng)?.commit();
        if let Some(thief) = thief {
            thief.sees_send(from, message.as_bytes(), message.kind());
        }
        let kind = message.kind().to_u8();
        let bytes = if sealed {
            let sender = Sender::new(device.account.identity(), &device.certificate)?;
            let theirs = device.session.remote_identity().ok_or_else(|| JsError::new("no session"))?;
            sender.seal(&message, theirs, rng)?
        } else {
            message.as_bytes().to_vec()
        };
        let after = state::view(&device.session);
        letters.push(Letter { from, sealed, kind, bytes });
        let id = letters.len() - 1;
        Ok(json!({ "id": id, "from": from, "before": before, "after": after }).to_string())
    }

    /// The layers of a message, as its receiver opens them; those that the service sees come first.
    pub fn layers(&self, id: usize) -> Result<String, JsError> {
        let letter = self.letters.get(id).ok_or_else(|| JsError::new("no such message"))?;
        let mut all = Vec::new();
        if letter.sealed {
            all.push(layers::envelope(&letter.bytes));
            if let Some(Device { account, .. }) = self.devices.get(1 - letter.from)
                && let Ok(envelope) = Envelope::open(&letter.bytes, account.identity())
            {
                all.push(layers::content(envelope.content()));
                if let Ok(content) =
                    subrosa::hazmat::wire::sealed_content::SealedContent::parse(envelope.content())
                {
                    all.extend(layers::message(letter.kind, content.message));
                }
            }
        } else {
            all.extend(layers::message(letter.kind, &letter.bytes));
        }
        Ok(Value::from(all).to_string())
    }

    /// What the service learns from carrying a message.
    pub fn service(&self, id: usize) -> Result<String, JsError> {
        let letter = self.letters.get(id).ok_or_else(|| JsError::new("no such message"))?;
        let sender = if letter.sealed { Value::Null } else { NAMES.get(letter.from).copied().into() };
        let kind = if letter.sealed { Value::Null } else { letter.kind.into() };
        let to = NAMES.get(1 - letter.from).copied();
        Ok(json!({ "sender": sender, "recipient": to, "kind": kind, "length": letter.bytes.len(), "sealed": letter.sealed }).to_string())
    }

    /// Flips a bit of a message under way.
    pub fn tamper(&mut self, id: usize, place: usize) -> Result<(), JsError> {
        let letter = self.letters.get_mut(id).ok_or_else(|| JsError::new("no such message"))?;
        let byte = letter.bytes.get_mut(place).ok_or_else(|| JsError::new("no such byte"))?;
        *byte ^= 1;
        Ok(())
    }

    /// Delivers a message: what its receiver reads or why not, its state before and after, and what a thief reads.
    pub fn deliver(&mut self, id: usize) -> Result<String, JsError> {
        let letter = self.letters.get(id).ok_or_else(|| JsError::new("no such message"))?;
        let to = 1 - letter.from;
        let (kind, sealed, bytes) = (letter.kind, letter.sealed, letter.bytes.clone());
        let before = self.devices.get(to).map(|device| state::view(&device.session));
        let opened = self.open(to, sealed, kind, &bytes);
        let stolen = self.thief.as_mut().and_then(|thief| match &opened {
            Ok((kind, message)) => {
                thief.reads(to, *kind, message, self.devices.get(to).map(|device| &device.session))
            }
            Err(_) => None,
        });
        let read = opened.and_then(|(kind, message)| self.read(to, kind, &message));
        let after = self.devices.get(to).map(|device| state::view(&device.session));
        let (text, error) = match read {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(error)),
        };
        let thief = stolen.map(|(classical, quantum)| json!({ "classical": classical, "quantum": quantum }));
        Ok(json!({ "text": text, "error": error, "to": to, "before": before, "after": after, "thief": thief }).to_string())
    }

    /// Steals the state of a device: what is read with it from now on, `deliver` and `send` tell.
    pub fn steal(&mut self, of: usize) -> Result<(), JsError> {
        let device = self.devices.get(of).ok_or_else(|| JsError::new("no such device"))?;
        self.thief = Some(Thief::steal(of, &device.account, &device.session)?);
        Ok(())
    }

    /// Whether the thief of a device could read the last message that this device itself sent: classically, and with a
    /// quantum computer.
    #[wasm_bindgen(js_name = stolenSend)]
    pub fn stolen_send(&self) -> String {
        let told = self.thief.as_ref().and_then(Thief::last_send);
        told.map_or(Value::Null, |(classical, quantum)| json!({ "classical": classical, "quantum": quantum }))
            .to_string()
    }

    /// The state of a device's session.
    pub fn state(&self, of: usize) -> String {
        self.devices.get(of).map_or(Value::Null, |device| state::view(&device.session)).to_string()
    }
}

impl Lab {
    /// Takes a message out of its envelope, if it has one.
    fn open(
        &self,
        to: usize,
        sealed: bool,
        kind: u8,
        bytes: &[u8],
    ) -> Result<(MessageKind, Vec<u8>), String> {
        let kind = MessageKind::from_u8(kind).ok_or("unknown kind")?;
        if !sealed {
            return Ok((kind, bytes.to_vec()));
        }
        let account = &self.devices.get(to).ok_or("no such device")?.account;
        let text = |error: &dyn std::error::Error| error.to_string();
        let content = UnverifiedContent::open(bytes, account.identity()).map_err(|error| text(&error))?;
        let roots = [*self.trust_root.public()];
        let trust = TrustStore { trust_roots: &roots, revoked: &[], known: &[] };
        let content = content.verify(&trust, account.address(), None, NOW).map_err(|error| text(&error))?;
        match content.body().map_err(|error| text(&error))? {
            Body::Session(message) => Ok((message.kind(), message.as_bytes().to_vec())),
            _ => Err("not of a session".into()),
        }
    }

    fn read(&mut self, to: usize, kind: MessageKind, message: &[u8]) -> Result<String, String> {
        let Self { rng, devices, .. } = self;
        let Device { account, session, .. } = devices.get_mut(to).ok_or("no such device")?;
        let message = Message::parse(kind, message).map_err(|error| error.to_string())?;
        let staged = account.receive(session, &message, Trust::Anyone, rng).map_err(|error| {
            match std::error::Error::source(&error) {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            }
        })?;
        Ok(String::from_utf8_lossy(&staged.commit()).into_owned())
    }
}
