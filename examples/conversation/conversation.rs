// SPDX-License-Identifier: MIT OR Apache-2.0

//! The conversation: two devices, what is between them, and what they say.

use subrosa::{KemPreKeyPublic, OneTimePreKeyPublic, Policy, PreKeyBundle, Session};

use super::device::Device;
use super::failure::{Failure, promised};
use super::ledger::{Ledger, Summary};
use super::network::{Envelope, Fate, Network};
use super::place::Place;
use super::receive::{ReceiveError, Received};
use super::report::{Report, grouped};
use super::service::Service;
use super::side::Side;
use super::store::Saved;
use super::wire::{Visible, hex};
use super::world::World;

/// The conversation.
pub struct Conversation<'a> {
    pub place: &'a Place,
    pub policy: Policy,
    pub devices: Devices,
    pub service: Service,
    pub network: Network,
    pub ledger: Ledger,
    pub world: World,
    pub report: Report<'a>,
}

/// The two devices.
pub struct Devices {
    pub alice: Device,
    pub bob: Device,
}

impl Devices {
    /// Reads both from their stores, or makes them.
    pub fn open(place: &Place, policy: Policy, world: &mut World) -> Result<Self, Failure> {
        let mut open = |side| Device::open(side, place.path(), policy, world);
        Ok(Self { alice: open(Side::Alice)?, bob: open(Side::Bob)? })
    }

    pub const fn get(&self, side: Side) -> &Device {
        match side {
            Side::Alice => &self.alice,
            Side::Bob => &self.bob,
        }
    }

    pub const fn get_mut(&mut self, side: Side) -> &mut Device {
        match side {
            Side::Alice => &mut self.alice,
            Side::Bob => &mut self.bob,
        }
    }

    /// Whether both hold the same session with each other's identity.
    pub fn agree(&self) -> Result<bool, Failure> {
        let Self { alice, bob } = self;
        let same = |what: fn(&Session) -> Option<[u8; 32]>| {
            let [ours, theirs] = [alice, bob].map(|device| device.session().and_then(what));
            ours.is_some() && ours == theirs
        };
        let mut agree = same(|session| session.base_key().map(|key| *key.as_bytes()));
        for side in Side::BOTH {
            let theirs = self.get(side.other()).identity();
            let session = self.get(side).session().and_then(Session::remote_identity);
            let pinned = self.get(side).store().pinned(&side.other().address())?;
            agree &= session == Some(theirs) && pinned.as_ref() == Some(theirs);
        }
        Ok(agree)
    }
}

impl Conversation<'_> {
    /// Sends a message and lets the network do with it what its fate is; prints what comes of it.
    pub fn say(&mut self, from: Side, text: &str, fate: Fate) -> Result<(), Failure> {
        let (envelope, visible) = self.post(from, text)?;
        self.ledger.fate(envelope.number, fate);
        let mut arriving = self.network.carry(envelope.clone(), fate).into_iter();
        let mark = match fate {
            Fate::Lost => "lost".to_owned(),
            Fate::Late => "late".to_owned(),
            Fate::Arrives | Fate::Twice => {
                match arriving.next().map(|first| self.deliver(&first)).transpose()? {
                    Some(Ok(_)) => "✓".to_owned(),
                    Some(Err(error)) => format!("REFUSED: {error}"),
                    None => "NOT DELIVERED".to_owned(),
                }
            }
        };
        self.report.sent(&envelope, &visible, text, &mark)?;
        arriving.try_for_each(|late| self.deliver_late(&late))
    }

    /// Encrypts a message, beginning a session if there is none to send on. It is not delivered yet.
    pub fn post(&mut self, from: Side, text: &str) -> Result<(Envelope, Visible), Failure> {
        if !self.devices.get(from).is_ready(self.world.now) {
            self.begin(from)?;
        }
        let sent = self.devices.get_mut(from).send(text, &mut self.world)?;
        let visible = Visible::of(sent.kind(), sent.as_bytes())?;
        let number = self.ledger.sent(from, text, &visible);
        let envelope = Envelope { number, from, kind: sent.kind(), bytes: sent.into_bytes() };
        Ok((envelope, visible))
    }

    /// Hands a message to the device that it is for. The inner error is why that refused it.
    pub fn deliver(&mut self, envelope: &Envelope) -> Result<Result<Received, ReceiveError>, Failure> {
        let Envelope { number, from, kind, bytes } = envelope;
        let device = self.devices.get_mut(from.other());
        match device.receive(&from.address(), *kind, bytes, &mut self.world) {
            Ok(received) => {
                self.ledger.decrypted(*number, &received.plaintext);
                Ok(Ok(received))
            }
            Err(ReceiveError::Store(error)) => Err(error.into()),
            Err(error) => {
                if error.is_duplicate() {
                    self.ledger.duplicate();
                } else {
                    self.ledger.wrongly_refused();
                }
                Ok(Err(error))
            }
        }
    }

    /// Delivers a message that comes later than others, and prints what comes of it.
    pub fn deliver_late(&mut self, envelope: &Envelope) -> Result<(), Failure> {
        let known = self.ledger.was_decrypted(envelope.number);
        match self.deliver(envelope)? {
            Ok(_) => {
                promised(!known, "no message is decrypted twice")?;
                let text = self.ledger.text(envelope.number);
                self.report.arrived(envelope, format_args!("comes late ✓ \"{text}\""))?;
            }
            Err(error) if error.is_duplicate() => {
                promised(known, "no new message is taken for a duplicate")?;
                self.report
                    .arrived(envelope, format_args!("comes again, refused as a duplicate: {error}"))?;
            }
            Err(error) => self.report.arrived(envelope, format_args!("REFUSED: {error}"))?,
        }
        Ok(())
    }

    /// Fetches a bundle and begins a session.
    pub fn begin(&mut self, side: Side) -> Result<(), Failure> {
        let peer = side.other();
        let bundle = self.service.fetch(&peer.address());
        if let Some(bundle) = &bundle {
            let left = self.service.one_time_left(&peer.address());
            self.report.note(side, format_args!("fetches {peer}'s bundle: {}", contents(bundle)))?;
            self.report
                .note("", format_args!("(of one-time prekeys, the service has {left} more of {peer}'s)"))?;
        }
        let saved = self.devices.get_mut(side).begin(bundle, &mut self.world)?;
        let identity = self.devices.get(peer).identity().encode();
        let identity = hex(identity.get(..4).unwrap_or_default());
        let trust =
            if saved.pinned.is_some() { "trusted on first use, now pinned" } else { "the pinned one" };
        self.report
            .note(side, format_args!("the signatures are right; the identity {identity} … is {trust}"))?;
        Ok(())
    }

    /// The totals.
    pub fn summary(&self) -> Result<Summary, Failure> {
        Ok(self.ledger.summary(self.devices.agree()?))
    }
}

/// What a bundle holds, in words.
fn contents(bundle: &PreKeyBundle) -> String {
    let one_time = |key: &OneTimePreKeyPublic| format!(", one-time prekey {}", key.id.0);
    let kem = |key: &KemPreKeyPublic| format!(", KEM prekey {}", key.id.0);
    let one_time = bundle.one_time_pre_key.as_ref().map_or_else(String::new, one_time);
    let kem = bundle.kem_pre_key.as_ref().map_or_else(String::new, kem);
    format!("signed prekey {}{one_time}{kem}", bundle.signed_pre_key.id.0)
}

/// What was stored in one transaction, in words.
pub fn stored(saved: &Saved) -> Vec<String> {
    let (plain, sealed) = saved.session;
    let mut words = vec![format!("the session ({} bytes, {} sealed)", grouped(plain), grouped(sealed))];
    words.extend(saved.pinned.map(|_| "the pinned identity".to_owned()));
    words.extend(saved.deleted.map(|id| format!("one-time prekey {} deleted", id.0)));
    words.extend(saved.remembered.map(|used| format!("the use of KEM prekey {} remembered", used.kem.0)));
    words
}
