// SPDX-License-Identifier: MIT OR Apache-2.0

//! The conversation: two devices, what is between them, and what they say.

use subrosa::keys::PublicKey;
use subrosa::prekey::{KemPreKeyPublic, OneTimePreKeyPublic};
use subrosa::session::Policy;
use subrosa::{PreKeyBundle, Session};

use super::device::Device;
use super::failure::{Failure, promised};
use super::ledger::{Ledger, Summary};
use super::network::{Envelope, Fate, Network};
use super::place::Place;
use super::receive::{ReceiveError, Received};
use super::report::{Report, grouped};
use super::service::{CERTIFIED, Service};
use super::side::Side;
use super::store::Saved;
use super::wire::{Inside, Visible, hex};
use super::world::World;

/// The conversation.
pub struct Conversation<'a> {
    pub place: &'a Place,
    pub policy: Policy,
    /// Whoever has its private half says which service may say who somebody is.
    pub trust_root: PublicKey,
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
    pub fn open(
        place: &Place,
        policy: Policy,
        trust_root: PublicKey,
        world: &mut World,
    ) -> Result<Self, Failure> {
        let mut open = |side| Device::open(side, place.path(), policy, trust_root, world);
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
        let envelope = self.post(from, text)?;
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
        self.show(&envelope, text, &mark)?;
        arriving.try_for_each(|late| self.deliver_late(&late))
    }

    /// Encrypts and seals a message, beginning a session if there is none to send on, and fetching a certificate if
    /// there is no good one. It is not delivered yet.
    pub fn post(&mut self, from: Side, text: &str) -> Result<Envelope, Failure> {
        if !self.devices.get(from).is_certified(self.world.now) {
            self.certify(from)?;
        }
        if !self.devices.get(from).is_ready(self.world.now) {
            self.begin(from)?;
        }
        let sealed = self.devices.get_mut(from).send(text, &mut self.world)?;
        let inside = self.inside(from.other(), &sealed)?;
        let number = self.ledger.sent(from, text, &Visible::of(&sealed), &inside);
        Ok(Envelope { number, from, sealed, taken: self.world.now })
    }

    /// Prints a message that was sent: what anybody on the way sees, and what is inside.
    pub fn show(&mut self, envelope: &Envelope, text: &str, mark: &str) -> Result<(), Failure> {
        let (visible, inside) =
            (Visible::of(&envelope.sealed), self.inside(envelope.from.other(), &envelope.sealed)?);
        Ok(self.report.sent(envelope, (&visible, &inside), text, mark)?)
    }

    /// Looks into an envelope with the key of the device that it is for. No one else could.
    fn inside(&self, receiver: Side, sealed: &[u8]) -> Result<Inside, Failure> {
        Ok(Inside::of(sealed, &self.devices.get(receiver).identity)?)
    }

    /// Has the service certify a device.
    pub fn certify(&mut self, side: Side) -> Result<(), Failure> {
        let Self { devices, service, world, report, .. } = self;
        let certificate = service.certify(&side.address(), world.now, &mut world.random);
        devices.get_mut(side).certify(certificate, world.now)?;
        let hours = CERTIFIED.as_secs() / 3600;
        report.note(side, format_args!("fetches a certificate of who {side} is, good for {hours} hours"))?;
        Ok(())
    }

    /// Hands a message to the device that it is for. The inner error is why that refused it.
    pub fn deliver(&mut self, envelope: &Envelope) -> Result<Result<Received, ReceiveError>, Failure> {
        let Envelope { number, from, sealed, taken } = envelope;
        match self.devices.get_mut(from.other()).receive(sealed, *taken, &mut self.world) {
            Ok(received) => {
                promised(received.from == from.address(), "the sender is who it was")?;
                let last = self.devices.get(from.other()).store().last_text()?;
                let stored = last.is_some_and(|text| *text == *received.plaintext);
                promised(stored, "what is decrypted is stored in the same transaction")?;
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

/// What was stored in one transaction, in words: what there always is, and what goes with a first message.
pub fn stored(saved: &Saved) -> [Vec<String>; 2] {
    let (plain, sealed) = saved.session;
    let mut always = vec![format!("the session ({} bytes, {} sealed)", grouped(plain), grouped(sealed))];
    always.extend(saved.text.map(|(plain, sealed)| format!("the text ({plain} bytes, {sealed} sealed)")));
    let mut first = Vec::new();
    first.extend(saved.pinned.map(|_| "the pinned identity".to_owned()));
    first.extend(saved.deleted.map(|id| format!("one-time prekey {} deleted", id.0)));
    first.extend(saved.remembered.map(|used| format!("the use of KEM prekey {} remembered", used.kem.0)));
    [always, first]
}
