// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles and uploads in bytes: what reads is written again as the same. With a bundle whose signatures are right a
//! session begins, or nothing changes.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::Upload;
use subrosa::keys::PrivateKey;
use subrosa::session::{Config, Policy};
use subrosa::{Address, DeviceId, IdentityKeyPair, Message, PreKeyBundle, Session, Timestamp, Trust};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

static ALICE: LazyLock<IdentityKeyPair> =
    LazyLock::new(|| IdentityKeyPair::from_private(PrivateKey::decode(&[1; 32]).unwrap()));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bundle) = PreKeyBundle::from_bytes(bytes) {
        assert_eq!(bundle.to_bytes(), bytes);
        begin(bundle);
    }
    if let Ok(mut upload) = Upload::from_bytes(bytes) {
        assert_eq!(upload.to_bytes(), bytes);
        let Some(bundle) = upload.next_bundle() else { return };
        assert_eq!(PreKeyBundle::from_bytes(&bundle.to_bytes()).unwrap(), bundle);
        begin(bundle);
        assert_eq!(Upload::from_bytes(&upload.to_bytes()).unwrap(), upload);
    }
});

fn begin(bundle: PreKeyBundle) {
    let bob = Address::new("bob", bundle.device_id);
    let Ok(verified) = bundle.verify(Trust::Anyone) else { return };
    let config = Config::new(&ALICE, 1).with_policy(Policy::AllowVersion3);
    let mut session = Session::new(Address::new("alice", DeviceId::PRIMARY), bob);
    let (before, mut rng) = (session.record(), ChaCha20Rng::seed_from_u64(0));
    let Ok(staged) = session.initiate(&config, verified, NOW, &mut rng) else {
        assert_eq!(session.record().as_bytes(), before.as_bytes());
        return;
    };
    staged.commit();
    let sent = session.encrypt(b"text", Trust::Anyone, NOW, &mut rng).unwrap().commit();
    Message::try_from(&sent).unwrap();
}
