// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to three devices of two people, by both versions of OMEMO: Alice writes on her phone, and Bob's phone,
//! Bob's laptop and her own laptop read it. The payload is encrypted once; each device gets its key.
//!
//! What XMPP does with it (stanzas, device lists, publishing) is printed where it would happen.

use std::error::Error;

use subrosa::omemo::{Account, IdentityKeyPair, Kind, Message, Session, Trust, UsedPreKey, Version, payload};
use subrosa::{Address, os_rng};

type Outcome<T> = Result<T, Box<dyn Error>>;

const TEXT: &str = "<envelope xmlns='urn:xmpp:sce:1'><content><body xmlns='jabber:client'>Hello, all three of you.\
    </body></content></envelope>";
const DEVICES: [(&str, u32); 4] = [
    ("alice@example.org", 367_095_441),
    ("alice@example.org", 1_630_395_816),
    ("bob@example.org", 1_785_196_799),
    ("bob@example.org", 2_007_163_479),
];

/// A device. A real one stores the writes of each stage before it goes on: `commit_with`.
struct Device {
    address: Address,
    account: Account,
}

impl Device {
    fn new(version: Version, (name, number): (&str, u32)) -> Outcome<Self> {
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut os_rng()));
        let ids = account.next_pre_key_ids(100);
        account.renew(Some(1), &ids, &mut os_rng())?.commit();
        Ok(Self { address: Address::new(name, number), account })
    }

    fn fingerprint(&self) -> String {
        self.account.public_identity().fingerprint().join(" ")
    }
}

fn seal(version: Version) -> payload::Sealed {
    match version {
        Version::Legacy => payload::Legacy::seal(b"Hello, all three of you.", &mut os_rng()),
        _ => payload::Two::seal(TEXT.as_bytes(), &mut os_rng()),
    }
}

fn open(version: Version, sealed: &payload::Sealed, key_material: &[u8]) -> Outcome<String> {
    let iv = sealed.iv.unwrap_or_default();
    let opened = match version {
        Version::Legacy => payload::Legacy::open(&sealed.payload, &iv, key_material)?,
        _ => payload::Two::open(&sealed.payload, key_material)?,
    };
    Ok(String::from_utf8(opened.to_vec())?)
}

fn run(version: Version) -> Outcome<()> {
    println!("\n{}", version.namespace());
    let [phone, others @ ..] = DEVICES;
    let mut phone = Device::new(version, phone)?;
    let sealed = seal(version);
    println!("  payload: {} bytes", sealed.payload.len());
    for device in others {
        let mut device = Device::new(version, device)?;
        // A server keeps the bundle; the user compares the fingerprint.
        let bundle = device.account.bundle().ok_or("no bundle")?.verify(None)?;
        println!("  {:?}: {}", device.address, device.fingerprint());
        let mut session = Session::new(version, device.address.clone());
        session.begin(&phone.account, &bundle, Trust::Anyone, &mut os_rng())?.commit();
        let key = session.encrypt(&sealed.key_material)?.commit();
        println!(
            "    <key rid='{}' kex='true'>: {} bytes",
            device.address.device().get(),
            key.as_bytes().len()
        );

        let mut back = Session::new(version, phone.address.clone());
        let message = Message::parse(version, key.kind(), key.as_bytes())?;
        let received = back
            .receive(&mut device.account, &message, Trust::Anyone, UsedPreKey::Delete, &mut os_rng())?
            .commit();
        println!("    reads {}", open(version, &sealed, received.plaintext())?);
        if !received.answer_due() {
            return Err("no empty message is due after a key exchange".into());
        }
        // The empty message, after which the phone stops repeating the key exchange.
        let empty = match version {
            Version::Legacy => payload::Legacy::empty(&mut os_rng()).1.to_vec(),
            _ => payload::Two::EMPTY.to_vec(),
        };
        let answer = back.encrypt(&empty)?.commit();
        let message = Message::parse(version, answer.kind(), answer.as_bytes())?;
        let (trust, used) = (Trust::Anyone, UsedPreKey::Delete);
        session.receive(&mut phone.account, &message, trust, used, &mut os_rng())?.commit();
        if session.encrypt(&sealed.key_material)?.commit().kind() != Kind::Plain {
            return Err("the key exchange is repeated after the answer".into());
        }
    }
    Ok(())
}

fn main() -> Outcome<()> {
    run(Version::Two)?;
    run(Version::Legacy)
}
