// SPDX-License-Identifier: MIT OR Apache-2.0

//! The same two people with the Signal profile under sealed sender.

use std::time::Duration;

use subrosa::account::{Counts, Limits};
use subrosa::keys::KeyPair;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate, TrustStore};
use subrosa::sealed::{Body, Sender, UnverifiedContent};
use subrosa::store::Memory;
use subrosa::{Account, Address, Session, Timestamp, Trust, os_rng};

use crate::{Outcome, Seen, Talk};

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);
const NAMES: [&str; 2] = ["796abedb-ca4e-4f18-8803-1fde5b921f9f", "7d4a1a5c-0d3b-4a9f-9d5e-2f1b7c8e6a10"];
/// Clients pad to this many bytes.
const STEP: usize = 160;

struct Device {
    account: Account,
    session: Session,
    store: Memory,
    certificate: SenderCertificate,
}

/// Alice and Bob.
pub struct Pair {
    devices: [Device; 2],
    trust_root: KeyPair,
}

impl Pair {
    /// Two accounts. Alice begins with Bob's bundle.
    pub fn new() -> Outcome<Self> {
        let [trust_root, service] = [(); 2].map(|()| KeyPair::generate(&mut os_rng()));
        let server = ServerCertificate::issue(1, service.public(), trust_root.private(), &mut os_rng());
        let device = |own: &str, peer: &str| -> Outcome<Device> {
            let mut store = Memory::new();
            let account = Account::generate(Address::new(own, 1), Limits::default(), &mut os_rng());
            let account = account?.commit_with(|writes| store.apply(writes))?;
            let details = SenderDetails {
                address: account.address().clone(),
                e164: None,
                identity_key: *account.identity_key(),
                expires: NOW.saturating_add(Duration::from_secs(86_400)),
            };
            let certificate = details.issue(&server, service.private(), &mut os_rng())?;
            let session = account.new_session(&Address::new(peer, 1));
            Ok(Device { account, session, store, certificate })
        };
        let [alice, bob] = NAMES;
        let mut devices = [device(alice, bob)?, device(bob, alice)?];
        let [alice, bob] = &mut devices;
        let staged = bob.account.maintain(Counts::default(), NOW, &mut os_rng())?;
        let mut upload = staged.commit_with(|writes| bob.store.apply(writes))?;
        let bundle = upload.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?;
        let staged = alice.session.initiate(&alice.account.config(), bundle, NOW, &mut os_rng())?;
        staged.commit_with(|writes| alice.store.apply(writes))?;
        Ok(Self { devices, trust_root })
    }
}

impl Talk for Pair {
    fn say(&mut self, by_alice: bool, text: &str) -> Outcome<Seen> {
        let [alice, bob] = &mut self.devices;
        let (from, to) = if by_alice { (alice, bob) } else { (bob, alice) };
        let mut padded = text.as_bytes().to_vec();
        padded.push(0x80);
        padded.resize(padded.len().next_multiple_of(STEP), 0);
        let sender = Sender::new(from.account.identity(), &from.certificate)?;
        let staged = sender.encrypt(&mut from.session, &padded, Trust::Anyone, NOW, &mut os_rng())?;
        let bytes = staged.commit_with(|writes| from.store.apply(writes))?;

        let address = to.account.address().clone();
        let trust = TrustStore { trust_roots: &[*self.trust_root.public()], revoked: &[], known: &[] };
        let content =
            UnverifiedContent::open(&bytes, to.account.identity())?.verify(&trust, &address, None, NOW)?;
        let Body::Session(message) = content.body()? else { return Err("not a session's".into()) };
        let staged = to.account.receive(&mut to.session, &message, Trust::Anyone, &mut os_rng())?;
        if *staged.commit_with(|writes| to.store.apply(writes))? != padded[..] {
            return Err("another text came".into());
        }
        let name = address.name().as_str().get(..8).unwrap_or_default().to_owned();
        let read = if bytes.len() > 2_000 {
            "sealed, version 1, long: a first message"
        } else {
            "sealed, version 1"
        };
        Ok(Seen { to: format!("{name}… dev 1"), bytes, read: read.to_owned() })
    }
}
