// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records under seal, sealed sender, groups.

use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::record::{RecordKey, RecordKind};
use subrosa::hazmat::sealed::{v1, v2};
use subrosa::sealed::ContactSecret;
use subrosa::{Address, DeviceId, IdentityKeyPair, Trust};

use rand_chacha::rand_core::Rng;

use crate::marking::{Marked, identity, mark_in, plain, text, writes};
use crate::memcheck::{declassify, mark};
use crate::report::Report;

pub fn run(report: &mut Report) {
    records(report);
    sealed_sender(report);
    groups(report);
}

fn records(report: &mut Report) {
    let record = IdentityKeyPair::generate(&mut plain(60)).record();
    let key = RecordKey::new(Marked::new(61).secret());
    let mut sealed = Vec::new();
    report.clean("record, seal", || {
        sealed = key.seal(&record, b"owner", &mut plain(62)).unwrap();
        Some(sealed.clone())
    });
    declassify(&mut sealed);
    report.clean("record, open", || {
        Some(key.open(RecordKind::IdentityKeyPair, b"owner", &sealed).unwrap().as_bytes().to_vec())
    });
    sealed[60] ^= 1;
    report.clean("record, open what is damaged", || {
        assert!(key.open(RecordKind::IdentityKeyPair, b"owner", &sealed).is_err());
        None
    });
}

fn sealed_sender(report: &mut Report) {
    let ours = identity(70);
    let theirs = *IdentityKeyPair::generate(&mut plain(71)).public();
    let mut content = [b'x'; 200];
    mark(&mut content);
    report.clean("sealed sender v1, seal", || {
        Some(v1::seal(&content, &ours, &theirs, &mut Marked::new(72)).unwrap())
    });
    report.clean("sealed sender v2, seal", || {
        let shared = v2::Shared::derive(Marked::new(73).secret());
        let mut out = shared.seal(&content).unwrap();
        let contact = ContactSecret::new(&ours, &theirs).unwrap();
        for material in shared.key_materials(&[&contact]) {
            out.extend_from_slice(&material.unwrap().to_bytes());
        }
        Some(out)
    });
}

fn groups(report: &mut Report) {
    let id = DistributionId::from_bytes([7; 16]);
    let mut key = SenderKey::generate(id, &mut plain(80));
    let sender = Address::new("alice", DeviceId::PRIMARY);
    let mut keys = ReceiverKeys::new(sender.clone(), id);
    let distribution = key.distribution();
    keys.process(
        &DistributionMessage::parse(&distribution).unwrap(),
        &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
    )
    .unwrap()
    .commit();
    let first = key.encrypt(b"first", &mut plain(81)).unwrap().commit().into_bytes();

    // It draws the id of the chain, the chain key, the signing key, of which clamping changes the ends.
    let (mut rng, mut secrets) = (plain(80), [0; 68]);
    rng.fill_bytes(&mut secrets);
    let (chain, signing) = (&secrets[4..36], &secrets[37..67]);
    let mut record = SenderKey::generate(id, &mut plain(80)).record().as_bytes().to_vec();
    mark_in(&mut record, &[chain, signing]);
    let mut marked = SenderKey::from_record(&record).unwrap();
    let mut plaintext = [b'x'; 100];
    mark(&mut plaintext);
    report.clean("group, encrypt", || {
        let staged = marked.encrypt(&plaintext, &mut Marked::new(82)).unwrap();
        Some([writes(&staged), staged.commit().into_bytes()].concat())
    });

    let mut record = keys.record().as_bytes().to_vec();
    mark_in(&mut record, &[chain]);
    let mut keys = ReceiverKeys::from_record(&record, sender).unwrap();
    let message = GroupMessage::parse(&first).unwrap();
    report.clean("group, decrypt", || {
        let staged = keys.decrypt(&message, Trust::Anyone).unwrap();
        Some([writes(&staged), text(staged.commit())].concat())
    });
}
