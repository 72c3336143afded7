// SPDX-License-Identifier: MIT OR Apache-2.0

//! States as `vectors/README.md` lists them: the specifications' variables, one a line, from what the crate stores
//! (`docs/records.md`). The hash of such a listing is what others compare.

use core::fmt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::kem768::KeySeed;
use subrosa::hazmat::ratchet::spqr::Spqr;
use subrosa::hazmat::record::{RecordKind, RecordReader};

/// The newest version of a session record, and of the records of groups.
const SESSION_VERSION: u8 = 4;
const GROUP_VERSION: u8 = 2;

/// A state's variables.
#[derive(Default)]
pub struct Listing(Vec<String>);

impl Listing {
    fn put(&mut self, name: &str, value: impl fmt::Display) {
        self.0.push(format!("{name}={value}"));
    }

    fn hex(&mut self, name: &str, value: &[u8]) {
        self.put(name, hex::encode(value));
    }

    /// A public key, with its type byte.
    fn key(&mut self, name: &str, u: &[u8; 32]) {
        self.put(name, format!("05{}", hex::encode(u)));
    }

    fn indexed(&mut self, name: &str, index: u32, value: &[u8]) {
        self.put(name, format!("{index}:{}", hex::encode(value)));
    }

    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.join("\n") + "\n"))
    }

    pub fn lines(&self) -> Value {
        json!(self.0)
    }
}

/// The value of the first line that begins with `name=`.
pub fn value<'a>(lines: &'a Value, name: &str) -> Option<&'a str> {
    lines.as_array()?.iter().find_map(|line| line.as_str()?.strip_prefix(name))
}

type Reader<'a> = RecordReader<'a>;

fn array<const N: usize>(reader: &mut Reader<'_>) -> [u8; N] {
    reader.array().unwrap()
}

/// What a step needs to know of a session beside the listing.
pub struct Session {
    pub listing: Listing,
    pub sending_key: [u8; 32],
    pub sending_index: u32,
    pub braid: Spqr,
}

/// The current session of a record. Archived ones are left out.
pub fn session(record: &[u8]) -> Session {
    let (mut reader, version) = RecordReader::open(RecordKind::Session, SESSION_VERSION, record).unwrap();
    assert_eq!(version, SESSION_VERSION);
    let (_generation, _mark) = (reader.u64().unwrap(), reader.u64().unwrap());
    let current = reader.flag().unwrap();
    assert!(current, "there is a session");
    let mut listing = Listing::default();
    listing.put("version", reader.u8().unwrap());
    listing.key("IK.local", &array(&mut reader));
    listing.key("IK.remote", &array(&mut reader));
    listing.put("registration.local", reader.u32().unwrap());
    listing.put("registration.remote", reader.u32().unwrap());
    listing.key("EK", &array(&mut reader));
    let (_secrecy, _retired) = (reader.u8().unwrap(), reader.flag().unwrap());
    if reader.flag().unwrap() {
        pending(&mut reader, &mut listing);
    }
    let (sending_key, sending_index) = double_ratchet(&mut reader, &mut listing);
    let braid = Spqr::read(&mut reader).unwrap();
    if !braid.is_off() {
        listing.0.extend(self::braid(&stored(&braid)).0);
    }
    Session { listing, sending_key, sending_index, braid }
}

fn pending(reader: &mut Reader<'_>, listing: &mut Listing) {
    let _when = reader.u64().unwrap();
    listing.put("pending.SPK", reader.u32().unwrap());
    if reader.flag().unwrap() {
        listing.put("pending.OPK", reader.u32().unwrap());
    }
    if reader.flag().unwrap() {
        let (id, ciphertext) = (reader.u32().unwrap(), array::<1569>(reader));
        listing.indexed("pending.KPK", id, &ciphertext);
    }
}

fn double_ratchet(reader: &mut Reader<'_>, listing: &mut Listing) -> ([u8; 32], u32) {
    listing.hex("RK", &array::<32>(reader));
    listing.put("PN", reader.u32().unwrap());
    listing.key("DHs.public", &array(reader));
    listing.hex("DHs.private", &array::<32>(reader));
    let (index, sending) = (reader.u32().unwrap(), array::<32>(reader));
    listing.indexed("CKs", index, &sending);
    for _ in 0..reader.u8().unwrap() {
        listing.key("DHr", &array(reader));
        let (index, receiving) = (reader.u32().unwrap(), array::<32>(reader));
        listing.indexed("CKr", index, &receiving);
        skipped(reader, listing);
        past(reader);
    }
    (sending, index)
}

fn skipped(reader: &mut Reader<'_>, listing: &mut Listing) {
    for _ in 0..reader.u32().unwrap() {
        let (counter, seed) = (reader.u32().unwrap(), array::<32>(reader));
        listing.indexed("MKSKIPPED", counter, &seed);
    }
}

/// What a receiving chain knows of lost messages.
fn past(reader: &mut Reader<'_>) {
    for _ in 0..reader.u8().unwrap() {
        let _lost = (reader.u32().unwrap(), reader.u32().unwrap(), reader.flag().unwrap());
    }
    assert_eq!(reader.u32().unwrap(), 0, "no ready-made keys");
}

/// The stored form of a ratchet, in a record of its own.
pub fn stored(braid: &Spqr) -> Vec<u8> {
    let mut writer = subrosa::hazmat::record::RecordWriter::new(RecordKind::Session, 1, 0);
    braid.write(None, &mut writer);
    writer.finish().as_bytes().to_vec()
}

/// The post-quantum ratchet, from its stored form.
pub fn braid(record: &[u8]) -> Listing {
    let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, record).unwrap();
    let mut listing = Listing::default();
    assert!(reader.flag().unwrap(), "the ratchet is on");
    listing.put("direction", if reader.u8().unwrap() == 0 { "A2B" } else { "B2A" });
    let (_jump, _old, _minimum) = (reader.u32().unwrap(), reader.u32().unwrap(), reader.u8().unwrap());
    if reader.flag().unwrap() {
        listing.hex("auth_key", &array::<32>(&mut reader));
    }
    if reader.flag().unwrap() {
        epochs(&mut reader, &mut listing);
    }
    let number = reader.u8().unwrap();
    listing.put("state", NAMES[usize::from(number) - 1]);
    listing.put("epoch", reader.u64().unwrap());
    listing.hex("auth.root", &array::<32>(&mut reader));
    listing.hex("auth.mac", &array::<32>(&mut reader));
    braid_state(number, &mut reader, &mut listing);
    reader.finish().unwrap();
    listing
}

const NAMES: [&str; 11] = [
    "KeysUnsampled",
    "KeysSampled",
    "HeaderSent",
    "Ct1Received",
    "EkSentCt1Received",
    "NoHeaderReceived",
    "HeaderReceived",
    "Ct1Sampled",
    "EkReceivedCt1Sampled",
    "Ct1Acknowledged",
    "Ct2Sampled",
];

fn epochs(reader: &mut Reader<'_>, listing: &mut Listing) {
    listing.hex("chain.root", &array::<32>(reader));
    listing.put("chain.send_epoch", reader.u64().unwrap());
    let first = reader.u64().unwrap();
    for epoch in (first..).take(usize::try_from(reader.u32().unwrap()).unwrap()) {
        listing.put("chain.epoch", epoch);
        let counter = reader.u32().unwrap();
        if reader.flag().unwrap() {
            listing.indexed("send", counter, &array::<32>(reader));
        } else {
            listing.put("send", format!("{counter}:"));
        }
        let (counter, next) = (reader.u32().unwrap(), array::<32>(reader));
        listing.indexed("receive", counter, &next);
        skipped(reader, listing);
    }
}

fn braid_state(number: u8, reader: &mut Reader<'_>, listing: &mut Listing) {
    match number {
        2 => {
            key(reader, listing);
            encoder::<96>(reader, listing);
        }
        3 => {
            key(reader, listing);
            encoder::<1152>(reader, listing);
            decoder(reader, listing);
        }
        4 => {
            key(reader, listing);
            encoder::<1152>(reader, listing);
            listing.hex("ct1", &array::<960>(reader));
        }
        5 => {
            key(reader, listing);
            listing.hex("ct1", &array::<960>(reader));
            decoder(reader, listing);
        }
        6 => decoder(reader, listing),
        7 => listing.hex("header", &array::<64>(reader)),
        8 => {
            listing.hex("header", &array::<64>(reader));
            listing.hex("m", &array::<32>(reader));
            encoder::<960>(reader, listing);
            decoder(reader, listing);
        }
        9 => {
            encoder::<960>(reader, listing);
            listing.hex("ct2_mac", &array::<160>(reader));
        }
        10 => {
            listing.hex("header", &array::<64>(reader));
            listing.hex("m", &array::<32>(reader));
            listing.hex("ct1", &array::<960>(reader));
            decoder(reader, listing);
        }
        11 => encoder::<160>(reader, listing),
        _ => {}
    }
}

fn key(reader: &mut Reader<'_>, listing: &mut Listing) {
    assert!(!reader.flag().unwrap(), "our own keys are kept as seeds");
    let expanded = KeySeed::from_seed(reader.secret().unwrap()).expand();
    listing.hex("dk", expanded.as_bytes());
}

/// `N` is the length of what is being sent.
fn encoder<const N: usize>(reader: &mut Reader<'_>, listing: &mut Listing) {
    let (next, bytes) = (reader.u16().unwrap(), array::<N>(reader));
    listing.indexed("out", u32::from(next), &bytes);
}

/// Chunks in the order of their indices: in which order they came does not matter.
fn decoder(reader: &mut Reader<'_>, listing: &mut Listing) {
    let mut chunks: Vec<(u16, [u8; 32])> =
        (0..reader.u8().unwrap()).map(|_| (reader.u16().unwrap(), array(reader))).collect();
    chunks.sort_unstable();
    for (index, chunk) in chunks {
        listing.indexed("in", u32::from(index), &chunk);
    }
}

/// Our own sender key.
pub fn sender_key(record: &[u8]) -> Listing {
    let (mut reader, _) = RecordReader::open(RecordKind::SenderKey, GROUP_VERSION, record).unwrap();
    let _generation = reader.u64().unwrap();
    let mut listing = Listing::default();
    distribution_id(&mut reader, &mut listing);
    listing.put("chain_id", reader.u32().unwrap());
    let (iteration, chain_key) = (reader.u32().unwrap(), array::<32>(&mut reader));
    listing.indexed("CK", iteration, &chain_key);
    listing.key("signing.public", &array(&mut reader));
    listing.hex("signing.private", &array::<32>(&mut reader));
    reader.finish().unwrap();
    listing
}

/// What is held of a member's keys.
pub fn receiver_keys(record: &[u8]) -> Listing {
    let (mut reader, _) = RecordReader::open(RecordKind::ReceiverKeys, GROUP_VERSION, record).unwrap();
    let (_generation, _mark) = (reader.u64().unwrap(), reader.u64().unwrap());
    let mut listing = Listing::default();
    distribution_id(&mut reader, &mut listing);
    for _ in 0..reader.u8().unwrap() {
        listing.put("chain_id", reader.u32().unwrap());
        listing.key("signing.public", &array(&mut reader));
        assert!(reader.flag().unwrap(), "the identity");
        let _identity = array::<32>(&mut reader);
        let (iteration, chain_key) = (reader.u32().unwrap(), array::<32>(&mut reader));
        listing.indexed("CK", iteration, &chain_key);
        skipped(&mut reader, &mut listing);
        past(&mut reader);
    }
    reader.finish().unwrap();
    listing
}

fn distribution_id(reader: &mut Reader<'_>, listing: &mut Listing) {
    if reader.flag().unwrap() {
        listing.hex("distribution_id", &array::<16>(reader));
    }
}
