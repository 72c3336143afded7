// SPDX-License-Identifier: MIT OR Apache-2.0

//! Who seals and opens in the fuzz targets, and in the test that makes their seeds: always the same keys.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test, which uses a part"
)]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::sealed::certificate::{
    SenderCertificate, SenderDetails, ServerCertificate, TrustStore, official,
};
use subrosa::{Address, DeviceId, IdentityKeyPair, Timestamp};

/// When everything happens, in milliseconds since 1970.
pub const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The name of the account that seals.
pub const ALICE: &str = "a1b2c3d4-0001-4002-8003-00000000000a";
/// The name of the account that opens.
pub const BOB: &str = "a1b2c3d4-0001-4002-8003-00000000000b";

#[must_use]
pub fn bobs_address() -> Address {
    Address::new(BOB, DeviceId::PRIMARY)
}

/// Everybody's keys.
pub struct Cast {
    /// Seals.
    pub alice: IdentityKeyPair,
    /// Opens, as the first of several who could.
    pub readers: [IdentityKeyPair; 3],
    /// Ours, and the one of the certificate that the official client knows for tests.
    pub trust_roots: [PublicKey; 2],
    known: Vec<ServerCertificate>,
    pub server: ServerCertificate,
    pub server_key: PrivateKey,
    /// Alice's, of her device 1. Good until now.
    pub certificate: SenderCertificate,
}

impl Cast {
    #[must_use]
    pub fn new() -> Self {
        let private = |byte: u8| PrivateKey::decode(&[byte; 32]).unwrap();
        let identity = |byte| IdentityKeyPair::from_private(private(byte));
        let rng = &mut ChaCha20Rng::seed_from_u64(0);
        let (trust_root, server_key, alice) = (private(0x11), private(0x22), identity(0x33));
        let server = ServerCertificate::issue(7, &server_key.public_key(), &trust_root, rng);
        let details = SenderDetails {
            address: Address::new(ALICE, DeviceId::PRIMARY),
            e164: None,
            identity_key: *alice.public(),
            expires: NOW,
        };
        Self {
            certificate: details.issue(&server, &server_key, rng).unwrap(),
            alice,
            readers: [identity(0x44), identity(0x66), identity(0x77)],
            trust_roots: [trust_root, private(0)].map(|root| root.public_key()),
            known: official(),
            server,
            server_key,
        }
    }

    #[must_use]
    pub const fn bob(&self) -> &IdentityKeyPair {
        &self.readers[0]
    }

    /// What certificates are verified against.
    #[must_use]
    pub fn trust(&self) -> TrustStore<'_> {
        TrustStore { trust_roots: &self.trust_roots, revoked: &[8], known: &self.known }
    }
}
