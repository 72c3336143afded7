// SPDX-License-Identifier: MIT OR Apache-2.0

//! A conversation by OMEMO, in both versions, with the feature `omemo`.

use subrosa::Address;
use subrosa::omemo::{Account, IdentityKeyPair, Message, Outgoing, Session, Trust, UsedPreKey, Version};

use crate::rng::Repeatable;

struct Device {
    account: Account,
    session: Session,
    rng: Repeatable,
}

impl Device {
    fn new(version: Version, number: u32) -> Option<Self> {
        let mut rng = Repeatable(number.into());
        let mut account = Account::new(version, number, IdentityKeyPair::generate(&mut rng));
        let ids = account.next_pre_key_ids(2);
        account.renew(Some(1), &ids, &mut rng).ok()?.commit();
        let session = Session::new(version, Address::new("peer@example.org", 3 - number));
        Some(Self { account, session, rng })
    }

    fn read(&mut self, sent: &Outgoing) -> Option<()> {
        let Self { account, session, rng } = self;
        let message = Message::parse(account.version(), sent.kind(), sent.as_bytes()).ok()?;
        let staged = session.receive(account, &message, Trust::Anyone, UsedPreKey::Keep, rng).ok()?;
        (staged.commit().plaintext() == b"key material").then_some(())
    }
}

/// Talks in both versions. Gives the number of messages; none if anything goes wrong.
pub fn hold(stage: &mut impl FnMut(&str)) -> Option<u32> {
    let mut messages = 0;
    for version in [Version::Two, Version::Legacy] {
        let [mut alice, mut bob] = [Device::new(version, 1)?, Device::new(version, 2)?];
        let bundle = bob.account.bundle()?.verify(None).ok()?;
        alice.session.begin(&alice.account, &bundle, Trust::Anyone, &mut alice.rng).ok()?.commit();
        for _ in 0..10 {
            let sent = alice.session.encrypt(b"key material").ok()?.commit();
            bob.read(&sent)?;
            let sent = bob.session.encrypt(b"key material").ok()?.commit();
            alice.read(&sent)?;
            messages += 2;
        }
        stage("OMEMO, 20 messages");
    }
    Some(messages)
}
