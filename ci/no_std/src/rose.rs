// SPDX-License-Identifier: MIT OR Apache-2.0

//! A conversation by the rose profile, with the feature `rose`.

use subrosa::Timestamp;
use subrosa::keys::PrivateKey;
use subrosa::rose::{
    Account, Admission, Class, DeviceKeys, DeviceName, Issuers, Outgoing, PeerAuthentication, Policy,
    SPEAKS_ROSE, Sender, Session, Trust, VerifiedBundle, issue,
};

use crate::rng::Repeatable;

const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

/// Talks until both sides have proven themselves. None if anything goes wrong.
pub fn hold(stage: &mut impl FnMut(&str)) -> Option<u32> {
    let mut rng = Repeatable(11);
    let service = PrivateKey::generate(&mut rng);
    let mut issuers = Issuers::default();
    issuers.add(1, *service.public_key().as_bytes());
    let mut device = |account| {
        let keys = DeviceKeys::generate(DeviceName::new([account; 17], 1), SPEAKS_ROSE, NOW, &mut rng);
        let expires = Timestamp::from_secs(NOW.as_secs() + 86_400);
        let certificate = issue((1, &service), expires, &keys.card().hash(), &mut rng);
        (Account::new(keys, NOW, &mut rng).commit(), certificate)
    };
    let [(alice, alices), (mut bob, bobs)] = [device(1), device(2)];
    stage("rose, two accounts");
    let prekeys = bob.new_prekeys((Class::OneTime, 1), NOW, &mut rng).ok()?.commit();
    let id = u32::from_be_bytes(*prekeys.first()?.first_chunk()?);
    let (mut ours, mut theirs) = (Session::new(bob.name()), Session::new(alice.name()));
    let bundle = VerifiedBundle::verify(&bob.bundle(id)?, &ours, Trust::Anyone, NOW).ok()?;
    ours.initiate(alice.keys(), bundle, false, NOW, &mut rng).ok()?.commit();
    let text = Outgoing::content(b"hello");
    let [sender, answerer] =
        [&alices, &bobs].map(|certificate| Sender { certificate, contact: None, now: NOW });
    let message = ours.encrypt(&text, &sender, &mut rng).ok()?.commit();
    stage("rose, begin");
    let first = bob.open(&message).ok()?;
    let admission =
        Admission { issuers: &issuers, trust: Trust::Anyone, policy: Policy::default(), now: NOW };
    bob.receive_first(&mut theirs, &first, &admission, &mut rng).ok()?.commit();
    stage("rose, accept");
    for _ in 0..40 {
        let message = theirs.encrypt(&text, &answerer, &mut rng).ok()?.commit();
        ours.decrypt(&message, alice.keys(), &mut rng).ok()?.commit();
        let message = ours.encrypt(&text, &sender, &mut rng).ok()?.commit();
        theirs.decrypt(&message, bob.keys(), &mut rng).ok()?.commit();
    }
    stage("rose, 80 messages");
    (theirs.authentication() == Some(PeerAuthentication::Hybrid)).then_some(81)
}
