// SPDX-License-Identifier: MIT OR Apache-2.0

//! The test kit for sealed sender: a service that issues certificates, and devices that write and read under
//! seal, in transactions as the [device] does everything.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    missing_debug_implementations,
    reason = "a test kit, of which each test uses a part"
)]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::sealed::certificate::{SenderCertificate, SenderDetails, ServerCertificate, TrustStore};
use subrosa::sealed::{self, ContentHint, OpenError, SealError, UnverifiedContent};
use subrosa::{Address, Ciphertext, IdentityKeyPair, MessageKind, ParseError, Session, Timestamp};

use super::device::{self, Device, START};

/// Until when certificates are good, unless said otherwise.
pub const EXPIRES: Timestamp = Timestamp::from_millis(START.as_millis() + 24 * 3_600_000);

/// A messenger's service: what it signs certificates with, and what its clients trust.
pub struct Service {
    pub root: PrivateKey,
    pub server_key: PrivateKey,
    pub server: ServerCertificate,
    pub roots: Vec<PublicKey>,
    pub revoked: Vec<u32>,
    pub known: Vec<ServerCertificate>,
    pub rng: ChaCha20Rng,
}

impl Service {
    /// A service with one root and one server, of id 7.
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (root, server_key) = (PrivateKey::generate(&mut rng), PrivateKey::generate(&mut rng));
        let server = ServerCertificate::issue(7, &server_key.public_key(), &root, &mut rng);
        let roots = vec![root.public_key()];
        Self { root, server_key, server, roots, revoked: vec![], known: vec![], rng }
    }

    /// What its clients verify certificates against.
    pub fn trust(&self) -> TrustStore<'_> {
        TrustStore { trust_roots: &self.roots, revoked: &self.revoked, known: &self.known }
    }

    pub fn issue(&mut self, details: SenderDetails) -> SenderCertificate {
        details.issue(&self.server, &self.server_key, &mut self.rng).unwrap()
    }

    /// A certificate for a device as it is.
    pub fn certify(&mut self, device: &Device) -> SenderCertificate {
        self.issue(details(device))
    }
}

/// What a certificate says of a device.
pub fn details(device: &Device) -> SenderDetails {
    SenderDetails {
        address: device.address.clone(),
        e164: None,
        identity_key: *device.identity.public(),
        expires: EXPIRES,
    }
}

/// A certificate, and what its holder says about messages.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    pub certificate: &'a SenderCertificate,
    pub hint: ContentHint,
    pub group_id: Option<&'a [u8]>,
}

impl<'a> Seal<'a> {
    pub const fn with(certificate: &'a SenderCertificate) -> Self {
        Self { certificate, hint: ContentHint::Default, group_id: None }
    }

    #[track_caller]
    pub fn of(self, identity: &'a IdentityKeyPair) -> sealed::Sender<'a> {
        let sender = sealed::Sender::new(identity, self.certificate).unwrap().with_hint(self.hint);
        self.group_id.map_or(sender, |id| sender.with_group_id(id))
    }
}

/// Why a sealed message was not read. Nothing has changed then.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    Open(OpenError),
    Parse(ParseError),
    /// A message of this kind is none of a session.
    Kind(MessageKind),
    /// It came out of the envelope, but was not decrypted or stored.
    Device(device::Failure),
}

macro_rules! refused_from {
    ($($error:ty => $variant:ident),* $(,)?) => {
        $(impl From<$error> for Refused {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

refused_from!(
    OpenError => Open,
    ParseError => Parse,
    device::Failure => Device,
);

/// What a device does under seal.
impl Device {
    /// Encrypts a message for `peer` and seals it.
    pub fn seal(&mut self, peer: &Address, seal: Seal<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut session = self.session(peer).unwrap();
        let before = session.record();
        let trust = self.store.trust(peer, self.sending);
        let outcome =
            seal.of(&self.identity).encrypt(&mut session, plaintext, trust, self.now, &mut self.rng);
        match outcome {
            Ok(staged) => {
                let sealed = device::store_and_commit(staged, &mut self.store, &self.faults).unwrap();
                self.check(&session).unwrap();
                Ok(sealed)
            }
            Err(error) => {
                assert_eq!(session.record().as_bytes(), before.as_bytes());
                Err(error)
            }
        }
    }

    /// Encrypts a message for `peer`, and does not seal it.
    pub fn message_to(&mut self, peer: &Address, plaintext: &[u8]) -> Ciphertext {
        self.change(peer, |device, session| device.stage_encrypt(session, plaintext), |_| None).unwrap()
    }

    /// Opens an envelope and verifies its sender, now.
    pub fn verify(&self, sealed: &[u8], service: &Service) -> Result<sealed::Content, Refused> {
        let content = UnverifiedContent::open(sealed, &self.identity)?;
        Ok(content.verify(&service.trust(), &self.address, None, self.now)?)
    }

    /// Reads a sealed message of a session. Gives its content, and the plaintext.
    pub fn unseal(
        &mut self,
        sealed: &[u8],
        service: &Service,
    ) -> Result<(sealed::Content, Vec<u8>), Refused> {
        let content = self.verify(sealed, service)?;
        let plaintext = match content.body()? {
            sealed::Body::Session(message) => self.receive_message(content.sender().address(), &message)?,
            _ => return Err(Refused::Kind(content.kind())),
        };
        Ok((content, plaintext))
    }

    /// Reads a sealed message that must be refused, and leave the whole store as it was. Gives the reason.
    #[track_caller]
    pub fn refuse_sealed(&mut self, sealed: &[u8], service: &Service) -> Refused {
        let before = self.store.clone();
        let refused = self.unseal(sealed, service).map(|(_, plaintext)| plaintext).unwrap_err();
        self.store.assert_same(&before);
        refused
    }

    /// Makes recipients of accounts, each by its devices, from the sessions with them.
    #[track_caller]
    pub fn with_recipients<T>(
        &self,
        accounts: &[&[&Address]],
        work: impl FnOnce(&[sealed::Recipient<'_>]) -> T,
    ) -> T {
        let session = |device: &&Address| self.session(device).unwrap();
        let sessions: Vec<Vec<Session>> =
            accounts.iter().map(|devices| devices.iter().map(session).collect()).collect();
        let recipients: Vec<_> =
            sessions.iter().map(|sessions| sealed::Recipient::of_sessions(sessions).unwrap()).collect();
        work(&recipients)
    }
}
