// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender against known answers of the deployed protocol. Each is computed twice: by the crate, and
//! step by step from the primitives, so that a difference shows where it begins.

mod bytes;

use crate::by_hand::{Inner, Many, Outer};
use bytes::{
    CONTENT, SENDER_CERTIFICATE, SENDER_CERTIFICATE_BYTES, SENDER_CERTIFICATE_KNOWN, SENDER_INNER,
    SERVER_CERTIFICATE, SERVER_INNER, V1_MESSAGE, V2_CIPHERTEXT, V2_RECEIVED, V2_SENT,
};
use hex_literal::hex;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::sealed::v2::Shared;
use subrosa::hazmat::sealed::{Entry, seal_for_many};
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::hazmat::wire::sealed_message::SealedMessageParts;
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::sealed;
use subrosa::sealed::certificate::{
    CertificateError, SenderCertificate, SenderDetails, ServerCertificate, Signer, TrustStore, official,
};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{ContactSecret, ContentHint, UnverifiedContent};
use subrosa::{Address, DeviceId, IdentityKeyPair, MessageKind, ServiceId, Timestamp};

const NAME_A: &str = "a1b2c3d4-0001-4002-8003-00000000000a";
const NAME_B: &str = "a1b2c3d4-0001-4002-8003-00000000000b";
const NAME_C: &str = "PNI:a1b2c3d4-0001-4002-8003-00000000000c";
const NAME_X: &str = "a1b2c3d4-0001-4002-8003-00000000000e";

const ROOT: [u8; 32] = hex!("1011111111111111111111111111111111111111111111111111111111111151");
const SERVER: [u8; 32] = hex!("2022222222222222222222222222222222222222222222222222222222222262");
const A: [u8; 32] = hex!("3033333333333333333333333333333333333333333333333333333333333373");
const B: [u8; 32] = hex!("4044444444444444444444444444444444444444444444444444444444444444");
const C: [u8; 32] = hex!("6066666666666666666666666666666666666666666666666666666666666666");
const EPHEMERAL: [u8; 32] = hex!("5055555555555555555555555555555555555555555555555555555555555555");
/// m.
const SEED: [u8; 32] = [0x77; 32];

/// Until and including then all certificates are good.
const EXPIRES: Timestamp = Timestamp::from_secs(1_700_000_000);
const TOO_LATE: Timestamp = Timestamp::from_millis(EXPIRES.as_millis() + 1);

fn private(bytes: &[u8; 32]) -> PrivateKey {
    PrivateKey::decode(bytes).unwrap()
}

fn identity(bytes: &[u8; 32]) -> IdentityKeyPair {
    IdentityKeyPair::from_private(private(bytes))
}

/// A source of just these bytes.
fn source(bytes: &[u8]) -> crate::rng::Source {
    let mut source = crate::rng::Source::default();
    source.feed(bytes);
    source
}

fn device(id: u32) -> DeviceId {
    DeviceId::new(id)
}

#[test]
fn keys() {
    let keys = [
        (ROOT, hex!("057b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13")),
        (SERVER, hex!("050faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20")),
        (A, hex!("057b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14")),
        (B, hex!("05ff2ee45601ec1b67310c7790404585ae697331eee1c1f8cf2419731c1fff3e6b")),
        (C, hex!("05219e4d800da968d2a5fcb009c784f4746c7138edb9ee4844b739e830b05cf424")),
        (EPHEMERAL, hex!("0538ab664bd86f77d7e66bdd9ae0792913a94fd8b33a1260027e4b46c1f4884c67")),
    ];
    for (key, public) in keys {
        assert_eq!(private(&key).public_key().encode(), public);
    }
}

/// Trusts one root, and knows the deployed servers.
fn with_authority<T>(root: &PublicKey, work: impl FnOnce(&TrustStore<'_>) -> T) -> T {
    let (roots, known) = ([*root], official());
    work(&TrustStore { trust_roots: &roots, revoked: &[], known: &known })
}

#[test]
fn server_certificate() {
    let certificate = ServerCertificate::parse(&SERVER_CERTIFICATE).unwrap();
    assert_eq!((certificate.id(), *certificate.key()), (7, private(&SERVER).public_key()));
    assert_eq!(certificate.certificate(), SERVER_INNER);
    assert_eq!(certificate.signature(), &SERVER_CERTIFICATE[41..]);
    assert_eq!(certificate.as_bytes(), SERVER_CERTIFICATE);
    with_authority(&private(&ROOT).public_key(), |authority| {
        assert_eq!(certificate.verify(authority), Ok(()));
    });
    with_authority(&private(&SERVER).public_key(), |authority| {
        assert_eq!(certificate.verify(authority), Err(CertificateError::Untrusted));
    });
    // What is issued differs by the signature alone.
    let key = private(&SERVER).public_key();
    let issued = ServerCertificate::issue(7, &key, &private(&ROOT), &mut source(&[9; 64]));
    assert_eq!(issued.certificate(), SERVER_INNER);
    assert_eq!(issued.as_bytes()[..41], SERVER_CERTIFICATE[..41]);
}

fn details(e164: Option<&str>) -> SenderDetails {
    SenderDetails {
        address: Address::new(NAME_A, device(1)),
        e164: e164.map(str::to_owned),
        identity_key: *identity(&A).public(),
        expires: EXPIRES,
    }
}

#[test]
fn sender_certificates() {
    let root = private(&ROOT).public_key();
    let root_of_known = private(&[0; 32]).public_key();
    let certificates: [(&[u8], _, _); 3] = [
        (&SENDER_CERTIFICATE, Some("+12025550123"), &root),
        (&SENDER_CERTIFICATE_BYTES, None, &root),
        (&SENDER_CERTIFICATE_KNOWN, None, &root_of_known),
    ];
    for (bytes, e164, root) in certificates {
        let certificate = SenderCertificate::parse(bytes).unwrap();
        assert_eq!(*certificate.claimed(), details(e164));
        assert_eq!(certificate.as_bytes(), bytes);
        with_authority(root, |authority| {
            let verified = certificate.clone().verify(authority, EXPIRES).unwrap();
            assert_eq!(*verified.address(), Address::new(NAME_A, device(1)));
            let late = certificate.clone().verify(authority, TOO_LATE);
            assert_eq!(late, Err(CertificateError::Expired));
        });
    }
    let known = SenderCertificate::parse(&SENDER_CERTIFICATE_KNOWN).unwrap();
    assert_eq!(*known.signer(), Signer::Known(0x7357_C357));
}

#[test]
fn sender_certificate_issued_again() {
    let parsed = SenderCertificate::parse(&SENDER_CERTIFICATE).unwrap();
    let server = ServerCertificate::parse(&SERVER_CERTIFICATE).unwrap();
    assert_eq!(*parsed.signer(), Signer::Embedded(Box::new(server.clone())));
    assert_eq!(parsed.certificate(), SENDER_INNER);
    assert_eq!(parsed.signature(), SENDER_CERTIFICATE.last_chunk::<64>().unwrap());
    let issued =
        details(Some("+12025550123")).issue(&server, &private(&SERVER), &mut source(&[9; 64])).unwrap();
    assert_eq!(issued.certificate(), SENDER_INNER);
    let unsigned = SENDER_CERTIFICATE.len() - 64;
    assert_eq!(issued.as_bytes()[..unsigned], SENDER_CERTIFICATE[..unsigned]);
}

#[test]
fn content() {
    let content = SealedContent {
        kind: MessageKind::Whisper,
        certificate: &SENDER_CERTIFICATE_KNOWN,
        message: b"inner message bytes",
        hint: ContentHint::Resendable,
        group_id: Some(b"group"),
    };
    assert_eq!(content.encode(), CONTENT);
    assert_eq!(SealedContent::parse(&CONTENT), Ok(content));
}

/// Opens an envelope and verifies who sealed that content.
fn open(sealed: &[u8], ours: &IdentityKeyPair, name: &str) -> sealed::Content {
    assert_eq!(Envelope::open(sealed, ours).unwrap().content().as_slice(), CONTENT);
    let opened = UnverifiedContent::open(sealed, ours).unwrap();
    let address = Address::new(name, device(1));
    let verified = with_authority(&private(&[0; 32]).public_key(), |authority| {
        opened.verify(authority, &address, None, EXPIRES).unwrap()
    });
    assert_eq!(*verified.sender().details(), details(None));
    assert_eq!(verified.kind(), MessageKind::Whisper);
    assert_eq!(verified.hint(), ContentHint::Resendable);
    assert_eq!(verified.group_id(), Some(&b"group"[..]));
    verified
}

#[test]
fn v1_step_by_step() {
    let (sender, recipient) = (identity(&A), *identity(&B).public());
    let outer = Outer::new(&private(&EPHEMERAL), &recipient);
    assert_eq!(outer.shared, hex!("1eafcf380080d1f4d8a308284691b84a06aa5ca32c723c9a327b7a28c504ad1d"));
    let salt = hex!(
        "556e6964656e74696669656444656c697665727905ff2ee45601ec1b67310c7790404585ae697331eee1c1f8cf2419731c"
        "1fff3e6b0538ab664bd86f77d7e66bdd9ae0792913a94fd8b33a1260027e4b46c1f4884c67"
    );
    assert_eq!(outer.salt, salt);
    assert_eq!(outer.chain, hex!("10bf7b08505db0d1c02d63acfd60eadc0d5926b8210599f28cd47cd4f4b5ee80"));
    assert_eq!(outer.cipher, hex!("b0146ce7e03e16ece00614b81472f83571e0050877ad398dfd2f0b76f446503d"));
    assert_eq!(outer.mac, hex!("c68e766a8983d37d94abc226d09b46fbd16f32d70b6daa0a24ce343a01e82546"));
    let encrypted_static = outer.encrypted_static(&sender.public().encode());
    let expected =
        hex!("8c371db390f41b1019bb0ffc12f9a407f6c26ec6b2a65514c38516897803db3b7482ec98bcb7a7d6cded0a");
    assert_eq!(encrypted_static, expected);

    let inner = Inner::new(&outer, &encrypted_static, &sender, &recipient);
    assert_eq!(inner.shared, hex!("3c528e9fd39731b15d10de8feb5f71d3f65b73c993581dedb03315a9ed177730"));
    assert_eq!(inner.unused, hex!("9202521dced2659b949992d14c9a5baa85b05d0f74dab0e940659e57eb397142"));
    assert_eq!(inner.cipher, hex!("f3308992ea85dbe8577d84ef7eb5152a1c7481c3b7404ceb2bbbe5e5600dde26"));
    assert_eq!(inner.mac, hex!("e75c292a3a7ff41a531f696a6caa935a7bb477484414898e6ebd18acc0c0d481"));
    let message = inner.encrypted_message(&CONTENT);
    assert_eq!(crate::by_hand::envelope(&outer.ephemeral.encode(), &encrypted_static, &message), V1_MESSAGE);
    let parts = SealedMessageParts {
        ephemeral_public: &outer.ephemeral.encode(),
        encrypted_static: &encrypted_static,
        encrypted_message: &message,
    };
    assert_eq!(SealedMessageParts::parse(&V1_MESSAGE[1..]), Ok(parts));
    assert_eq!(parts.encode(), V1_MESSAGE);
}

#[test]
fn v1_sealed_and_opened() {
    let mut rng = source(&EPHEMERAL);
    let sealed = v1::seal(&CONTENT, &identity(&A), identity(&B).public(), &mut rng).unwrap();
    assert_eq!(sealed, V1_MESSAGE);
    assert_eq!((rng.waiting(), rng.system_draws()), (0, 0), "32 bytes are drawn");
    open(&V1_MESSAGE, &identity(&B), NAME_B);
}

/// C and AT for B and for C.
const MATERIAL_B: [u8; 48] =
    hex!("0cd47a344193aeff54f7a845cc2182636e3815e25058a0ce3951a5737387a39b633f2705579f6b47b69c53ed0b6539be");
const MATERIAL_C: [u8; 48] =
    hex!("5b2067cae4133f890fc139de6694ecd7df0ff4d7c3bab4b54c3189ff367f1d770be769c0c85756ec8a405dd6d3b5caeb");

#[test]
fn v2_step_by_step() {
    let (sender, b, c) = (identity(&A), *identity(&B).public(), *identity(&C).public());
    let many = Many::new(SEED, &CONTENT);
    assert_eq!(many.unclamped, hex!("7151e3b975bc4fa482ecdd01f93d6451160924bd626a26b88a1b99c13e57373c"));
    let ephemeral = hex!("7051e3b975bc4fa482ecdd01f93d6451160924bd626a26b88a1b99c13e57377c");
    assert_eq!(*many.ephemeral.as_bytes(), ephemeral);
    let ephemeral = hex!("05326a3d30c16c6ede8ee3f33280ead9ee29c33132e76ef103459702db5755350e");
    assert_eq!(many.ephemeral_public().encode(), ephemeral);
    assert_eq!(many.key, hex!("f757ef8e1cabf92d823621c6e827934736d202034d18443d5f41260de62e8527"));
    assert_eq!(many.ciphertext, V2_CIPHERTEXT);

    let material = many.material(&sender, &b);
    assert_eq!(material.shared, hex!("1aedddf0aa563123e9b56f84421a5999ddb20d8c9a4ef1d944c88cb948086767"));
    assert_eq!(material.pad, hex!("7ba30d4336e4d9882380df32bb56f514194f6295272fd7b94e26d20404f0d4ec"));
    let shared = hex!("3c528e9fd39731b15d10de8feb5f71d3f65b73c993581dedb03315a9ed177730");
    assert_eq!(material.sender_shared, shared);
    assert_eq!(material.to_bytes(), MATERIAL_B);
    assert_eq!(many.received(&material), V2_RECEIVED);
    assert_eq!(many.material(&sender, &c).to_bytes(), MATERIAL_C);

    let shared = Shared::derive(Secret::new(SEED));
    assert_eq!(*shared.ephemeral(), many.ephemeral_public());
    assert_eq!(shared.seal(&CONTENT).unwrap(), V2_CIPHERTEXT);
    let contacts = [b, c].map(|theirs| ContactSecret::new(&sender, &theirs).unwrap());
    let materials = shared.key_materials(&contacts.each_ref());
    let materials: Vec<_> = materials.into_iter().map(|material| material.unwrap().to_bytes()).collect();
    assert_eq!(materials, [MATERIAL_B, MATERIAL_C]);
}

fn service_id(text: &str) -> ServiceId {
    text.parse().unwrap()
}

#[test]
fn v2_sent() {
    let (b, c) = (*identity(&B).public(), *identity(&C).public());
    let to_b =
        Entry { service_id: service_id(NAME_B), identity: &b, devices: vec![(3, 0x3FFF)], agreement: None };
    let devices = vec![(1, 0x1111), (2, 0x2222)];
    let to_c = Entry { service_id: service_id(NAME_C), identity: &c, devices, agreement: None };
    let excluded = [service_id(NAME_X)];
    let sent = seal_for_many(&CONTENT, &identity(&A), &[&to_b, &to_c], &excluded, Secret::new(SEED)).unwrap();
    assert_eq!(sent.bytes, V2_SENT);
    assert_eq!(sent.failed, []);
}

#[test]
fn v2_split_and_opened() {
    let sent = SentMessage::parse(&V2_SENT).unwrap();
    assert_eq!(sent.excluded().collect::<Vec<_>>(), [service_id(NAME_X)]);
    assert_eq!(V2_SENT[sent.shared_range()][32..], V2_CIPHERTEXT);
    let recipients: Vec<_> = sent.recipients().collect();
    let [b, c] = &recipients[..] else { panic!("two recipients") };
    assert_eq!((b.service_id(), c.service_id()), (service_id(NAME_B), service_id(NAME_C)));
    assert_eq!(b.devices().collect::<Vec<_>>(), [(device(3), 0x3FFF)]);
    assert_eq!(c.devices().collect::<Vec<_>>(), [(device(1), 0x1111), (device(2), 0x2222)]);
    assert_eq!(V2_SENT[b.key_material_range()], MATERIAL_B);
    assert_eq!(V2_SENT[c.key_material_range()], MATERIAL_C);
    assert_eq!(b.received().to_vec(), V2_RECEIVED);
    assert_eq!(b.received().total_len(), V2_RECEIVED.len());

    open(&V2_RECEIVED, &identity(&B), NAME_B);
    open(&c.received().to_vec(), &identity(&C), NAME_C);
}
