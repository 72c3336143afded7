// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices, the service between them, and a record of the texts that arrived.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use subrosa::rand_core::Rng;
use subrosa::{DecryptError, Timestamp};

use super::device::{Device, Received, Refused};
use super::inside::Inside;
use super::outbox::inbox;
use super::report::Report;
use super::service::{Envelope, Service};
use super::who::{Error, Who, World};

/// All there is.
pub struct Stage<'a> {
    pub alice: Device,
    pub bob: Device,
    pub service: Service,
    pub world: World,
    pub report: Report<'a>,
    folder: Folder,
    /// The operating system's key stores.
    keys: BTreeMap<Who, [u8; 32]>,
    /// How many messages there were.
    pub number: u32,
    /// The texts that each has received, by their times.
    arrived: BTreeMap<Who, BTreeMap<Timestamp, String>>,
}

/// A backup of a device: its store, and the texts that had arrived.
pub struct Backup {
    file: Vec<u8>,
    arrived: BTreeMap<Timestamp, String>,
}

impl<'a> Stage<'a> {
    pub fn new(seed: u64, report: Report<'a>) -> Result<Self, Error> {
        let mut world = World::new(seed);
        let (mut service, folder) = (Service::new(&mut world), Folder::new()?);
        let mut keys = BTreeMap::new();
        let mut create = |who: Who| {
            let mut key = [0; 32];
            world.rng.fill_bytes(&mut key);
            keys.insert(who, key);
            Device::create(who, &folder.store(who), &key, &mut service, &mut world)
        };
        let (alice, bob) = (create(Who::Alice)?, create(Who::Bob)?);
        let (number, arrived) = (0, BTreeMap::new());
        Ok(Self { alice, bob, service, world, report, folder, keys, number, arrived })
    }

    /// A device, with the service and the clock.
    pub const fn with(&mut self, who: Who) -> (&mut Device, &mut Service, &mut World) {
        let device = if matches!(who, Who::Alice) { &mut self.alice } else { &mut self.bob };
        (device, &mut self.service, &mut self.world)
    }

    /// Writes a text to the other one, into the outbox.
    pub fn write(&mut self, from: Who, text: &str) -> Result<(), Error> {
        self.world.tick();
        let (device, service, world) = self.with(from);
        device.write(other(from), text, world.now, service, world)
    }

    /// Hands the service an outbox.
    pub fn flush(&mut self, from: Who) -> Result<Vec<Envelope>, Error> {
        let (device, _, world) = self.with(from);
        let mut envelopes = device.flush(world)?;
        for envelope in &mut envelopes {
            self.number += 1;
            envelope.number = self.number;
        }
        Ok(envelopes)
    }

    /// Writes a text and hands it to the service.
    pub fn post(&mut self, from: Who, text: &str) -> Result<Envelope, Error> {
        self.write(from, text)?;
        self.flush(from)?.pop().ok_or_else(|| "nothing in the outbox".into())
    }

    /// Hands an envelope to its receiver, and notes the text that must be in the inbox from now on.
    pub fn deliver(&mut self, envelope: &Envelope) -> Result<Received, Refused> {
        let (device, _, world) = self.with(envelope.to);
        let received = device.receive(envelope, world)?;
        if let Received::Text { text, .. } = &received {
            self.arrived.entry(envelope.to).or_default().insert(envelope.sent, text.clone());
        }
        Ok(received)
    }

    /// Delivers an envelope that holds a text, and prints it.
    pub fn read(&mut self, envelope: &Envelope, mark: &str) -> Result<Inside, Error> {
        match self.deliver(envelope)? {
            Received::Text { from, text, inside } => {
                self.report.message(envelope, format_args!("{from}: \"{text}\"{mark}  ({inside})"))?;
                self.report.check(from == other(envelope.to), "the sender is the one who wrote it")?;
                Ok(inside)
            }
            Received::Asked { .. } => Err("not a text".into()),
        }
    }

    /// Writes a text that arrives at once.
    pub fn say(&mut self, from: Who, text: &str) -> Result<Inside, Error> {
        let envelope = self.post(from, text)?;
        self.read(&envelope, "")
    }

    /// Delivers an envelope once more, which must be told from a new one and from a forged one.
    pub fn again(&mut self, envelope: &Envelope) -> Result<(), Error> {
        let duplicate = matches!(self.deliver(envelope), Err(Refused::Decrypt(DecryptError::Duplicate, ..)));
        self.report.check(duplicate, "a message that comes again is told apart")
    }

    /// A process ends and starts again: its store is all that is left.
    pub fn restart(&mut self, who: Who) -> Result<(), Error> {
        let mut device = self.open(who, who.to_string().as_str())?;
        device.start(&mut self.service)?;
        *self.with(who).0 = device;
        Ok(())
    }

    /// Another process, which opens this store of a device.
    pub fn open(&self, who: Who, store: &str) -> Result<Device, Error> {
        let key = self.keys.get(&who).ok_or("no key")?;
        Ok(Device::open(who, &self.folder.0.join(store), key, self.service.trust_root)?)
    }

    /// Copies a store: for a thief, who gets the key, too.
    pub fn copy(&self, who: Who, to: &str) -> Result<(), Error> {
        fs::copy(self.folder.store(who), self.folder.0.join(to))?;
        Ok(())
    }

    pub fn backup(&self, who: Who) -> Result<Backup, Error> {
        let arrived = self.arrived.get(&who).cloned().unwrap_or_default();
        Ok(Backup { file: fs::read(self.folder.store(who))?, arrived })
    }

    pub fn restore(&mut self, who: Who, backup: Backup) -> Result<(), Error> {
        fs::write(self.folder.store(who), backup.file)?;
        self.arrived.insert(who, backup.arrived);
        *self.with(who).0 = self.open(who, who.to_string().as_str())?;
        Ok(())
    }

    /// Whether the inboxes hold the texts that arrived: each once, and no other.
    pub fn inboxes_are_right(&self) -> Result<bool, Error> {
        let mut right = true;
        for device in [&self.alice, &self.bob] {
            let arrived = self.arrived.get(&device.who).into_iter().flat_map(BTreeMap::values).cloned();
            right &= inbox(&device.store)? == arrived.collect::<Vec<_>>();
        }
        Ok(right)
    }
}

pub const fn other(who: Who) -> Who {
    if matches!(who, Who::Alice) { Who::Bob } else { Who::Alice }
}

/// A temporary folder with the stores.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Error> {
        let unique = subrosa::os_rng().next_u64();
        let path = std::env::temp_dir().join(format!("subrosa-conversation-{unique:016x}"));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn store(&self, who: Who) -> PathBuf {
        self.0.join(who.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that can't be removed is left to the system's own cleaning.
        let _ = fs::remove_dir_all(&self.0);
    }
}
