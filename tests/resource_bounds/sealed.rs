// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes, messages that were sent to many, and certificates.

use subrosa::group::{DistributionId, SenderKey};
use subrosa::keys::PrivateKey;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate};
use subrosa::sealed::server::SentMessage;
use subrosa::{Address, DeviceId};

use super::ledger::{Bound, LARGE, Ledger, MANY, told};
use super::protobuf::varint;
use super::sealing::{NOW, Sealing, bobs_address, rng};

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("sealed envelope, v1", Bound { times: 4, plus: 8 << 10, stack: 32 << 10 });
    envelopes(ledger, Sealing::seal_v1);
    ledger.kind("sealed envelope, v2", Bound { times: 4, plus: 8 << 10, stack: 32 << 10 });
    envelopes(ledger, Sealing::seal_v2);
    ledger.kind("message that was sent to many", Bound { times: 10, plus: 4 << 10, stack: 16 << 10 });
    sent(ledger);
    ledger.kind("certificate", Bound { times: 6, plus: 8 << 10, stack: 32 << 10 });
    certificates(ledger);
}

/// Bob with an envelope for him, which holds a message of so many bytes.
fn envelope(len: usize, seal: impl Fn(&Sealing) -> Vec<u8>) -> (Sealing, Vec<u8>) {
    let mut sealing = Sealing::new(1);
    let mut key = SenderKey::generate(DistributionId::from_bytes([0xD1; 16]), &mut rng());
    sealing.message = key.encrypt(&vec![b'x'; len], &mut rng()).unwrap().commit();
    let sealed = seal(&sealing);
    (sealing, sealed)
}

fn envelopes(ledger: &mut Ledger, seal: fn(&Sealing) -> Vec<u8>) {
    let costs = [0, LARGE, 2 * LARGE].map(|len| {
        let (sealing, sealed) = envelope(len, seal);
        let opened = ledger.attempt("opened and verified", sealed.len(), "Ok", || {
            let content = UnverifiedContent::open(&sealed, sealing.cast.bob()).unwrap();
            let address = bobs_address();
            let verified = content.verify(&sealing.cast.trust(), &address, None, NOW);
            told(verified.unwrap().body().map(drop))
        });
        let open = |bytes: &[u8]| told(UnverifiedContent::open(bytes, sealing.cast.bob()));
        let mut forged = sealed.clone();
        *forged.last_mut().unwrap() ^= 1;
        ledger.attempt("forged", forged.len(), "NotAuthentic", || open(&forged));
        ledger.attempt("for another", sealed.len(), "Not", || {
            told(UnverifiedContent::open(&sealed, &sealing.cast.readers[1]))
        });
        ledger.attempt("cut short", sealed.len() - 1, "", || open(&sealed[..sealed.len() - 1]));
        opened
    });
    ledger.compare("opened", costs[1], costs[2]);
}

/// Takes a message apart and looks at all that is in it, as a service does.
fn walk(bytes: &[u8]) -> String {
    told(SentMessage::parse(bytes).map(|sent| {
        let devices = sent.recipients().map(|recipient| {
            let len: usize = recipient.received().parts().iter().map(|part| part.len()).sum();
            recipient.devices().count() + len
        });
        std::hint::black_box(devices.sum::<usize>() + sent.excluded().count());
    }))
}

fn sent(ledger: &mut Ledger) {
    let head = |count: usize| [&[0x23][..], &varint(count.try_into().unwrap())].concat();
    for claimed in [1_000_000, u32::MAX as usize] {
        let short = [head(claimed), vec![0; 100]].concat();
        ledger.attempt(&format!("claims {claimed} entries"), short.len(), "", || walk(&short));
    }
    // Accounts that are excluded take the fewest bytes.
    let many = |count: usize, entry: &dyn Fn(usize) -> Vec<u8>| {
        [head(count), (0..count).flat_map(entry).collect(), vec![9; 32]].concat()
    };
    let id = |number: usize| [&[0; 9][..], &(u64::MAX - number as u64).to_be_bytes()].concat();
    let excluded = |number: usize| [&id(number)[..], &[0]].concat();
    let one_device = |number: usize| [&id(number)[..], &[1, 0, 1], &[7; 48]].concat();
    let same = |_: usize| one_device(0);
    let all_of_one = |len: usize| {
        let device = [1_u8, 0x80, 1];
        [head(1), id(0), device.repeat(len / 3), vec![2, 0, 1], vec![7; 48 + 32]].concat()
    };
    ledger.growing("excluded accounts", "Ok", |len| many(len / 18, &excluded), walk);
    ledger.growing("accounts with a device", "Ok", |len| many(len / 68, &one_device), walk);
    ledger.growing("entries of one account", "Ok", |len| many(len / 68, &same), walk);
    ledger.growing("devices of one account", "Ok", all_of_one, walk);
    ledger.growing("excluded twice", "RedundantlyExcluded", |len| many(len / 18, &|_| excluded(0)), walk);
    let million = many(MANY, &excluded);
    ledger.attempt("many accounts", million.len(), "Ok", || walk(&million));
}

fn certificates(ledger: &mut Ledger) {
    let sealing = Sealing::new(1);
    let cast = &sealing.cast;
    let details = |len: usize| SenderDetails {
        address: Address::new("x".repeat(len), DeviceId::PRIMARY),
        e164: Some("1".repeat(len)),
        identity_key: *cast.alice.public(),
        expires: NOW,
    };
    let verify = |bytes: &[u8]| {
        let certificate = SenderCertificate::parse(bytes).unwrap();
        told(certificate.verify(&cast.trust(), NOW))
    };
    let issue = |len: usize| {
        let issued = details(len / 2).issue(&cast.server, &cast.server_key, &mut rng());
        issued.unwrap().as_bytes().to_vec()
    };
    let forged = |len: usize| {
        let mut bytes = issue(len);
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    ledger.growing("long names", "Ok", issue, verify);
    ledger.growing("long names, forged", "BadSignature", forged, verify);
    // A server's certificate that is long, inside of a sender's.
    let root = PrivateKey::decode(&[0x11; 32]).unwrap();
    let server = |len: usize| {
        let server = ServerCertificate::issue(7, &cast.server_key.public_key(), &root, &mut rng());
        let padding = super::protobuf::message(15, &vec![0; len]);
        let server = ServerCertificate::parse(&[server.as_bytes(), &padding].concat()).unwrap();
        details(1).issue(&server, &cast.server_key, &mut rng()).unwrap().as_bytes().to_vec()
    };
    ledger.growing("long server certificate", "Ok", server, verify);
}
