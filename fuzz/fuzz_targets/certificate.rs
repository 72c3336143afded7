// SPDX-License-Identifier: MIT OR Apache-2.0

//! Server and sender certificates. What parses keeps its bytes; what is in it can be certified anew, and then
//! verifies.

#![no_main]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use std::sync::LazyLock;

use envelopes::{Cast, NOW};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Timestamp;
use subrosa::keys::PrivateKey;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, ServerCertificate};

static CAST: LazyLock<Cast> = LazyLock::new(Cast::new);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = ServerCertificate::parse(bytes) {
        server(bytes, &certificate);
    }
    if let Ok(certificate) = SenderCertificate::parse(bytes) {
        sender(bytes, certificate);
    }
});

fn server(bytes: &[u8], certificate: &ServerCertificate) {
    assert_eq!(certificate.as_bytes(), bytes);
    let _ = certificate.verify(&CAST.trust());
    let root = PrivateKey::decode(&[0x11; 32]).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let ours = ServerCertificate::issue(certificate.id(), certificate.key(), &root, &mut rng);
    assert_eq!(ServerCertificate::parse(ours.as_bytes()), Ok(ours.clone()));
    let expected = if ours.id() == 8 { Err(CertificateError::Revoked(8)) } else { Ok(()) };
    assert_eq!(ours.verify(&CAST.trust()), expected);
}

fn sender(bytes: &[u8], certificate: SenderCertificate) {
    assert_eq!(certificate.as_bytes(), bytes);
    let details = certificate.claimed().clone();
    let verified = certificate.verify(&CAST.trust(), NOW);
    assert!(verified.is_err() || details.expires >= NOW);
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let ours = details.clone().issue(&CAST.server, &CAST.server_key, &mut rng).unwrap();
    assert_eq!(SenderCertificate::parse(ours.as_bytes()), Ok(ours.clone()));
    assert_eq!(*ours.claimed(), details);
    let expires = details.expires.as_millis();
    let at = |millis| ours.clone().verify(&CAST.trust(), Timestamp::from_millis(millis)).map(drop);
    // What is no time in milliseconds is refused as such; 0 stands for none.
    let or_unread = |millis, verdict| match millis {
        1..100_000_000_000 => Err(CertificateError::NotMilliseconds),
        _ => verdict,
    };
    assert_eq!(at(expires), or_unread(expires, Ok(())));
    if let Some(later) = expires.checked_add(1) {
        assert_eq!(at(later), or_unread(later, Err(CertificateError::Expired)));
    }
}
