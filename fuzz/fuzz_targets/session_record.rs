// SPDX-License-Identifier: MIT OR Apache-2.0

//! Session records. What reads writes a record that reads as the same, and can be used.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{Address, DeviceId, Session, Timestamp, Trust};
use subrosa::hazmat::wire::signal_message::SignalMessage;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut session) = read(bytes) else { return };
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let record = session.record();
    assert_eq!(read(record.as_bytes()).unwrap().record().as_bytes(), record.as_bytes());

    let sent = session.encrypt(b"text", Trust::Anyone, Timestamp::from_millis(0), &mut rng);
    if let Ok(staged) = sent {
        let record = staged.record();
        let message = staged.commit().into_bytes();
        assert_eq!(session.record().as_bytes(), record.as_bytes());
        if let Ok(message) = SignalMessage::parse(&message) {
            let _ = session.decrypt(&message, Trust::Anyone, &mut rng).map(|staged| staged.commit());
        }
    }
    let staged = session.archive();
    let record = staged.record();
    staged.commit();
    assert_eq!(session.record().as_bytes(), record.as_bytes());
});

fn read(bytes: &[u8]) -> Result<Session, subrosa::RecordError> {
    let [local, remote] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    Session::from_record(bytes, local, remote)
}
