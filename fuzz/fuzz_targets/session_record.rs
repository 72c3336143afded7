// SPDX-License-Identifier: MIT OR Apache-2.0

//! Session records. What reads writes a record that reads as the same, and can be used.

#![no_main]

#[path = "../support/staged.rs"]
mod staged;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::keys::PrivateKey;
use subrosa::session::Config;
use subrosa::session::manual::Admission;
use subrosa::store::Key;
use subrosa::{Address, DeviceId, IdentityKeyPair, Message, RecordError, Session, Timestamp, Trust};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut session) = read(bytes) else { return };
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let record = session.record();
    assert_eq!(read(record.as_bytes()).unwrap().record().as_bytes(), record.as_bytes());

    let key = Key::Session(session.remote().clone());
    let sent = session.encrypt(b"text", Trust::Anyone, Timestamp::from_millis(0), &mut rng);
    if let Ok(staged) = sent {
        let (message, record) = staged::commit(staged, &key);
        staged::check(&session.record(), record.as_ref());
        let identity = IdentityKeyPair::from_private(PrivateKey::decode(&[1; 32]).unwrap());
        let (config, message) = (Config::new(&identity, 1), Message::try_from(&message).unwrap());
        if let Ok(Admission::Decrypted(staged)) = session.receive(&config, &message, Trust::Anyone, &mut rng)
        {
            let (_, record) = staged::commit(staged, &key);
            staged::check(&session.record(), record.as_ref());
        }
    }
    let (_, record) = staged::commit(session.archive().unwrap(), &key);
    staged::check(&session.record(), record.as_ref());
});

fn read(bytes: &[u8]) -> Result<Session, RecordError> {
    let [local, remote] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    Session::from_record(bytes, local, remote)
}
