// SPDX-License-Identifier: MIT OR Apache-2.0

//! Distribution messages in both formats: what parses is written and read again as the same, and can be learnt.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::group::{DistributionMessage as Message, ReceiverKeys};
use subrosa::hazmat::wire::sender_key_distribution::SenderKeyDistributionParts;
use subrosa::{Address, DeviceId, ParseError};

fuzz_target!(|bytes: &[u8]| {
    let with_id = check(bytes, Message::parse);
    let without_id = check(bytes, Message::parse_without_id);
    assert!(!(with_id && without_id), "one format is taken for the other");
});

fn check<'a>(bytes: &'a [u8], parse: fn(&'a [u8]) -> Result<Message<'a>, ParseError>) -> bool {
    let Ok(message) = parse(bytes) else { return false };
    let encoded = SenderKeyDistributionParts {
        format: message.format(),
        chain_id: message.chain_id(),
        iteration: message.iteration(),
        chain_key: message.chain_key(),
        signing_key: message.signing_key(),
    }
    .encode();
    let again = match message.distribution_id() {
        Some(_) => Message::parse(&encoded),
        None => Message::parse_without_id(&encoded),
    };
    let again = again.unwrap();
    assert_eq!((again.format(), again.chain_id()), (message.format(), message.chain_id()));
    assert_eq!((again.iteration(), again.chain_key()), (message.iteration(), message.chain_key()));
    assert_eq!(again.signing_key(), message.signing_key());

    let sender = Address::new("alice", DeviceId::PRIMARY);
    let mut keys = ReceiverKeys::new(sender.clone(), message.format());
    keys.process(&message, &subrosa::IdentityKey::decode(&[5; 33]).unwrap()).unwrap().commit();
    let stored = keys.record();
    keys.fast_forward(&message, &subrosa::IdentityKey::decode(&[5; 33]).unwrap()).unwrap().commit();
    assert_eq!(keys.chains().collect::<Vec<_>>(), [(message.chain_id(), message.iteration())]);
    let read = ReceiverKeys::from_record(stored.as_bytes(), sender).unwrap();
    assert_eq!(read.record().as_bytes(), stored.as_bytes());
    true
}
