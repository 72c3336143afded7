// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices over a store that fails before it is durable, after it, or without saying which: accounts, sessions,
//! sealed messages and groups under any schedule. For property tests and for fuzzing.

use std::collections::HashSet;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Limits, Upload};
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate, TrustStore};
use subrosa::sealed::{Body, Sender, UnverifiedContent};
use subrosa::store::{Memory, StaleStage, Writes};
use subrosa::{Account, Address, Ciphertext, Message, MessageKind, Session, Staged, Timestamp, Trust};

const LIMITS: Limits = Limits {
    batch: 2,
    low: 1,
    max_kept: 30,
    max_given_out: 5,
    signed_lifetime: Duration::from_secs(2 * 86_400),
    last_resort_lifetime: Duration::from_secs(2 * 86_400),
    grace: Duration::from_secs(90 * 86_400),
    max_retired: 100,
    max_uses: 50,
    kem_pre_keys: true,
    max_id: 0xFF_FFFF,
};
const GROUP: DistributionId = DistributionId::from_bytes([7; 16]);
const NAMES: [&str; 2] = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

/// What the store does with a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Stored,
    /// Nothing is durable, and it says so.
    Before,
    /// All is durable, and it says that it failed: the connection was lost after the commit.
    After,
}

/// What a device does, or the network. Numbers pick one of what there is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Maintain(usize, Fate),
    Initiate(usize, Fate),
    Write {
        by: usize,
        sealed: bool,
        fate: Fate,
    },
    Deliver {
        which: usize,
        keep: bool,
        fate: Fate,
    },
    Rotate(usize, Fate),
    Distribute(usize, Fate),
    WriteToGroup {
        by: usize,
        fate: Fate,
    },
    /// The process is stopped and started again.
    Restart(usize),
}

/// What is durable: the states, and the texts that were received with them.
#[derive(Default)]
struct Store {
    rows: Memory,
    inbox: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Failed {
    Unknown,
    Stale,
}

impl From<StaleStage> for Failed {
    fn from(_: StaleStage) -> Self {
        Self::Stale
    }
}

impl Store {
    fn apply(&mut self, writes: Writes, text: Option<&[u8]>, fate: Fate) -> Result<(), Failed> {
        if fate == Fate::Before {
            return Err(Failed::Unknown);
        }
        self.rows.apply(writes)?;
        self.inbox.extend(text.map(<[u8]>::to_vec));
        if fate == Fate::After { Err(Failed::Unknown) } else { Ok(()) }
    }
}

/// A device: what is durable, and the states in memory.
struct Party {
    store: Store,
    account: Account,
    session: Session,
    own_key: SenderKey,
    keys: ReceiverKeys,
    uploaded: Option<Upload>,
    certificate: SenderCertificate,
    rng: ChaCha20Rng,
}

impl Party {
    fn peer(own: usize) -> Address {
        Address::new(NAMES[1 - own], 1)
    }

    /// Reads all states back.
    fn restart(&mut self, own: usize) {
        let (local, peer) = (Address::new(NAMES[own], 1), Self::peer(own));
        let rows = &self.store.rows;
        self.account = rows.account(&local, LIMITS).unwrap().unwrap();
        self.session = rows.session(&local, &peer).unwrap();
        self.keys = rows.receiver_keys(&peer, GROUP).unwrap();
        self.own_key = rows.sender_key(GROUP).unwrap().unwrap();
    }

    fn trust(&self, own: usize) -> Option<subrosa::IdentityKey> {
        self.store.rows.identity(Self::peer(own).name()).unwrap()
    }
}

/// A message under way: to whom, the transport's word on its kind, and its text.
#[derive(Clone)]
struct Packet {
    to: usize,
    content: Content,
    text: Vec<u8>,
}

#[derive(Clone)]
enum Content {
    Plain(MessageKind, Vec<u8>),
    Sealed(Vec<u8>),
    Group(Vec<u8>),
}

/// The two devices and the network.
pub struct World {
    parties: [Party; 2],
    trust_root: KeyPair,
    under_way: Vec<Packet>,
    released: HashSet<Vec<u8>>,
    now: Timestamp,
    texts: usize,
}

/// Settles a stage. The text of a received message goes into the inbox.
fn settle<T>(
    staged: Staged<'_, T>,
    store: &mut Store,
    text: impl Fn(&T) -> Option<Vec<u8>>,
    fate: Fate,
) -> Result<T, Failed> {
    staged.commit_with_output(|writes, output| store.apply(writes, text(output).as_deref(), fate))
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let now = Timestamp::from_secs(1_700_000_000);
        let [trust_root, service] = [(); 2].map(|()| KeyPair::generate(&mut rng));
        let server = ServerCertificate::issue(1, service.public(), trust_root.private(), &mut rng);
        let parties = [0, 1].map(|own| {
            let mut rng = ChaCha20Rng::seed_from_u64(seed ^ (own as u64 + 1) << 32);
            let (local, mut store) = (Address::new(NAMES[own], 1), Store::default());
            let staged = Account::generate(local.clone(), LIMITS, &mut rng).unwrap();
            let account = settle(staged, &mut store, |_| None, Fate::Stored).unwrap();
            let mut own_key = SenderKey::generate(GROUP, &mut rng);
            let staged = own_key.rotate(&mut rng).unwrap();
            settle(staged, &mut store, |()| None, Fate::Stored).unwrap();
            let details = SenderDetails {
                address: local,
                e164: None,
                identity_key: *account.identity_key(),
                expires: Timestamp::from_secs(1_800_000_000),
            };
            let certificate = details.issue(&server, service.private(), &mut rng).unwrap();
            let session = account.new_session(&Party::peer(own));
            let keys = ReceiverKeys::new(Party::peer(own), GROUP);
            Party { store, account, session, own_key, keys, uploaded: None, certificate, rng }
        });
        let (under_way, released) = (Vec::new(), HashSet::new());
        let mut world = Self { parties, trust_root, under_way, released, now, texts: 0 };
        for own in [0, 1] {
            world.step(Step::Maintain(own, Fate::Stored));
        }
        world
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Step::Maintain(own, fate) => self.attempt(own % 2, |world, own| world.maintain(own, fate)),
            Step::Initiate(own, fate) => self.attempt(own % 2, |world, own| world.initiate(own, fate)),
            Step::Write { by, sealed, fate } => {
                self.attempt(by % 2, |world, own| world.write(own, sealed, fate));
            }
            Step::Deliver { which, keep, fate } => {
                let Some(at) = which.checked_rem(self.under_way.len()) else { return };
                let packet = self.under_way[at].clone();
                let mut read = false;
                self.attempt(packet.to, |world, _| {
                    let outcome = world.deliver(&packet, fate);
                    read = outcome.is_ok();
                    outcome
                });
                if read && !keep {
                    self.under_way.remove(at);
                }
            }
            Step::Rotate(own, fate) => self.attempt(own % 2, |world, own| world.rotate(own, fate)),
            Step::Distribute(own, fate) => self.attempt(own % 2, |world, own| world.distribute(own, fate)),
            Step::WriteToGroup { by, fate } => {
                self.attempt(by % 2, |world, own| world.write_to_group(own, fate));
            }
            Step::Restart(own) => self.parties[own % 2].restart(own % 2),
        }
        self.check();
    }

    /// Does something of a device. If a state turns out to be outdated, all are read back.
    fn attempt(&mut self, own: usize, work: impl FnOnce(&mut Self, usize) -> Result<(), Failed>) {
        if matches!(work(self, own), Err(Failed::Stale)) {
            self.parties[own].restart(own);
        }
    }

    fn maintain(&mut self, own: usize, fate: Fate) -> Result<(), Failed> {
        let Party { account, store, uploaded, rng, .. } = &mut self.parties[own];
        self.now = self.now.saturating_add(Duration::from_secs(3_600));
        let staged = account.maintain(Counts::default(), self.now, rng).unwrap();
        let upload = settle(staged, store, |_| None, fate)?;
        let staged = account.confirm_uploaded(&upload, self.now).unwrap();
        settle(staged, store, |()| None, fate)?;
        *uploaded = Some(upload).filter(|upload| upload.signed_pre_key.is_some()).or_else(|| uploaded.take());
        Ok(())
    }

    fn initiate(&mut self, own: usize, fate: Fate) -> Result<(), Failed> {
        let bundle = self.parties[1 - own].uploaded.as_mut().and_then(Upload::next_bundle);
        let party = &mut self.parties[own];
        let pinned = party.trust(own);
        let Some(bundle) = bundle else { return Ok(()) };
        let bundle = bundle.verify(Trust::on_first_use(pinned.as_ref())).unwrap();
        let Party { account, session, store, rng, .. } = party;
        let staged = session.initiate(&account.config(), bundle, self.now, rng).unwrap();
        settle(staged, store, |()| None, fate)
    }

    fn text(&mut self, own: usize) -> Vec<u8> {
        self.texts += 1;
        format!("{} of {own}", self.texts).into_bytes()
    }

    fn write(&mut self, own: usize, sealed: bool, fate: Fate) -> Result<(), Failed> {
        let text = self.text(own);
        self.send(own, text, sealed, fate)
    }

    fn send(&mut self, own: usize, text: Vec<u8>, sealed: bool, fate: Fate) -> Result<(), Failed> {
        let now = self.now;
        let party = &mut self.parties[own];
        let pinned = party.trust(own);
        let trust = Trust::on_first_use(pinned.as_ref());
        let Party { account, session, store, certificate, rng, .. } = party;
        let content = if sealed {
            let sender = Sender::new(account.identity(), certificate).unwrap();
            let Ok(staged) = sender.encrypt(session, &text, trust, now, rng) else { return Ok(()) };
            Content::Sealed(settle(staged, store, |_| None, fate)?)
        } else {
            let Ok(staged) = session.encrypt(&text, trust, now, rng) else { return Ok(()) };
            let sent: Ciphertext = settle(staged, store, |_| None, fate)?;
            Content::Plain(sent.kind(), sent.into_bytes())
        };
        self.release(own, content, text);
        Ok(())
    }

    /// Only what came out of a committed stage goes on its way. What tells message keys apart must be new each time.
    fn release(&mut self, own: usize, content: Content, text: Vec<u8>) {
        let bytes = match &content {
            Content::Plain(_, bytes) | Content::Sealed(bytes) | Content::Group(bytes) => bytes.clone(),
        };
        assert!(self.released.insert(bytes), "the same message twice");
        self.under_way.push(Packet { to: 1 - own, content, text });
    }

    fn deliver(&mut self, packet: &Packet, fate: Fate) -> Result<(), Failed> {
        let own = packet.to;
        let before = self.parties[own].store.inbox.len();
        let outcome = match &packet.content {
            Content::Group(bytes) => self.receive_of_group(own, bytes, fate),
            Content::Plain(kind, bytes) => self.receive(own, &Message::parse(*kind, bytes).unwrap(), fate),
            Content::Sealed(bytes) => self.open(own, bytes, fate),
        };
        let inbox = &self.parties[own].store.inbox;
        if let Some(text) = inbox.get(before) {
            assert_eq!(*text, packet.text);
        }
        outcome
    }

    fn open(&mut self, own: usize, bytes: &[u8], fate: Fate) -> Result<(), Failed> {
        let content = UnverifiedContent::open(bytes, self.parties[own].account.identity()).unwrap();
        let roots = [*self.trust_root.public()];
        let trust = TrustStore { trust_roots: &roots, revoked: &[], known: &[] };
        let local = Address::new(NAMES[own], 1);
        let content = content.verify(&trust, &local, None, self.now).unwrap();
        let Body::Session(message) = content.body().unwrap() else { panic!("a message of a session") };
        self.receive(own, &message, fate)
    }

    fn receive(&mut self, own: usize, message: &Message<'_>, fate: Fate) -> Result<(), Failed> {
        let party = &mut self.parties[own];
        let pinned = party.trust(own);
        let trust = Trust::on_first_use(pinned.as_ref());
        let Party { account, session, store, rng, .. } = party;
        let Ok(staged) = account.receive(session, message, trust, rng) else { return Ok(()) };
        let text = settle(staged, store, |text| Some(text.to_vec()), fate)?;
        if let Ok(distribution) = DistributionMessage::parse(&text) {
            let Party { keys, store, .. } = &mut self.parties[own];
            let staged = keys.process(&distribution, text.identity().unwrap()).unwrap();
            settle(staged, store, |()| None, fate)?;
        }
        Ok(())
    }

    fn rotate(&mut self, own: usize, fate: Fate) -> Result<(), Failed> {
        let Party { own_key, store, rng, .. } = &mut self.parties[own];
        settle(own_key.rotate(rng).unwrap(), store, |()| None, fate)
    }

    fn distribute(&mut self, own: usize, fate: Fate) -> Result<(), Failed> {
        let distribution = self.parties[own].own_key.distribution().to_vec();
        self.send(own, distribution, false, fate)
    }

    fn write_to_group(&mut self, own: usize, fate: Fate) -> Result<(), Failed> {
        let text = self.text(own);
        let Party { own_key, store, rng, .. } = &mut self.parties[own];
        let sent = settle(own_key.encrypt(&text, rng).unwrap(), store, |_| None, fate)?;
        self.release(own, Content::Group(sent.into_bytes()), text);
        Ok(())
    }

    fn receive_of_group(&mut self, own: usize, bytes: &[u8], fate: Fate) -> Result<(), Failed> {
        let pinned = self.parties[own].trust(own);
        let Party { keys, store, .. } = &mut self.parties[own];
        let message = GroupMessage::parse(bytes).unwrap();
        let Ok(staged) = keys.decrypt(&message, Trust::on_first_use(pinned.as_ref())) else { return Ok(()) };
        settle(staged, store, |text| Some(text.to_vec()), fate).map(drop)
    }

    /// No text was received twice, and what is durable reads back.
    fn check(&self) {
        for (own, party) in self.parties.iter().enumerate() {
            let mut texts = HashSet::new();
            // A distribution may be sent again.
            let texts_only =
                party.store.inbox.iter().filter(|text| DistributionMessage::parse(text).is_err());
            assert!(texts_only.into_iter().all(|text| texts.insert(text)), "a text came twice to {own}");
            let local = Address::new(NAMES[own], 1);
            party.store.rows.account(&local, LIMITS).unwrap().unwrap();
            party.store.rows.session(&local, &Party::peer(own)).unwrap();
        }
    }

    /// Whatever happened: after a restart of both and a new session they talk, one to one, sealed and in the group.
    pub fn end(mut self) {
        self.under_way.clear();
        for own in [0, 1] {
            self.parties[own].restart(own);
        }
        for own in [0, 1] {
            self.now = self.now.saturating_add(Duration::from_secs(3 * 86_400));
            self.step(Step::Maintain(own, Fate::Stored));
        }
        self.step(Step::Initiate(0, Fate::Stored));
        for own in [0, 1, 0, 1] {
            for step in [
                Step::Write { by: own, sealed: false, fate: Fate::Stored },
                Step::Write { by: own, sealed: true, fate: Fate::Stored },
                Step::Distribute(own, Fate::Stored),
                Step::WriteToGroup { by: own, fate: Fate::Stored },
            ] {
                let before = self.parties[1 - own].store.inbox.len();
                self.step(step);
                assert_eq!(self.under_way.len(), 1, "{step:?}");
                self.step(Step::Deliver { which: 0, keep: false, fate: Fate::Stored });
                assert_eq!(self.parties[1 - own].store.inbox.len(), before + 1, "{step:?}");
            }
        }
    }
}
