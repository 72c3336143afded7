// SPDX-License-Identifier: MIT OR Apache-2.0

//! Certificates.

use std::collections::BTreeMap;

use subrosa::hazmat::crypto::xeddsa;
use subrosa::keys::{KeyError, PrivateKey, PublicKey};
use subrosa::sealed::certificate::{
    CertificateError, OFFICIAL_REVOKED, SenderCertificate, SenderDetails, ServerCertificate, Signer,
    TrustStore, official,
};
use subrosa::{Address, Timestamp};

use crate::by_hand::field;
use crate::device::{ALICE, Device};
use crate::scenarios::{id, rng};
use crate::sealed::{EXPIRES, Service, details};

const INVALID: CertificateError = CertificateError::Malformed;

fn alice() -> Device {
    Device::new(ALICE, 1)
}

/// A service and a certificate of it for alice.
fn issued() -> (Service, SenderCertificate) {
    let mut service = Service::new(1);
    let certificate = service.certify(&alice());
    (service, certificate)
}

/// Whether a sender certificate holds at a time, and if not why.
fn check(certificate: &SenderCertificate, service: &Service, now: Timestamp) -> Result<(), CertificateError> {
    certificate.clone().verify(&service.trust(), now).map(drop)
}

/// What a flipped bit may make of the reading of a certificate.
fn assert_harmless(error: CertificateError) {
    let expected =
        matches!(error, INVALID | CertificateError::Key(KeyError::BadKeyType(_) | KeyError::BadKeyLength(_)));
    assert!(expected, "{error:?}");
}

/// Each copy of `bytes` with one bit flipped.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

#[test]
fn server_certificate_round_trips() {
    let service = Service::new(1);
    let again = ServerCertificate::parse(service.server.as_bytes()).unwrap();
    assert_eq!(again, service.server);
    assert_eq!((again.id(), *again.key()), (7, service.server_key.public_key()));
    assert_eq!(again.verify(&service.trust()), Ok(()));
}

#[test]
fn every_flipped_bit_of_a_server_certificate_is_refused() {
    let service = Service::new(2);
    let mut parsed = 0;
    for flipped in flips(service.server.as_bytes()) {
        match ServerCertificate::parse(&flipped) {
            Ok(certificate) => {
                assert_eq!(certificate.verify(&service.trust()), Err(CertificateError::Untrusted));
                parsed += 1;
            }
            Err(error) => assert_harmless(error),
        }
    }
    assert!(parsed > 64 * 8, "at least those in the signature are read");
}

/// A service whose server has this id.
fn service_with_id(server: u32) -> Service {
    let mut service = Service::new(3);
    let key = service.server_key.public_key();
    service.server = ServerCertificate::issue(server, &key, &service.root, &mut service.rng);
    service
}

#[test]
fn revoked_server_certificate_is_refused() {
    let mut service = service_with_id(OFFICIAL_REVOKED[0]);
    let certificate = service.certify(&alice());
    assert_eq!(OFFICIAL_REVOKED, [0xDEAD_C357]);
    assert_eq!(check(&certificate, &service, EXPIRES), Ok(()), "the list is the caller's");
    service.revoked = OFFICIAL_REVOKED.to_vec();
    let revoked = CertificateError::Revoked(0xDEAD_C357);
    assert_eq!(service.server.verify(&service.trust()), Err(revoked));
    assert_eq!(check(&certificate, &service, EXPIRES), Err(revoked));
    // Even where nothing else about it is right.
    service.roots.clear();
    assert_eq!(service.server.verify(&service.trust()), Err(revoked));
}

#[test]
fn certificate_is_good_until_and_including_its_expiry() {
    let (service, certificate) = issued();
    let after = Timestamp::from_millis(EXPIRES.as_millis() + 1);
    assert_eq!(check(&certificate, &service, Timestamp::default()), Ok(()));
    assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
    assert_eq!(check(&certificate, &service, after), Err(CertificateError::Expired));
}

#[test]
fn every_flipped_bit_of_a_sender_certificate_is_refused() {
    let (mut service, embedded) = issued();
    let known = SenderCertificate::parse(&signed(&known_signer(7), &service.server_key)).unwrap();
    service.known = vec![service.server.clone()];
    for certificate in [embedded, known] {
        assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
        let mut refused = BTreeMap::new();
        for flipped in flips(certificate.as_bytes()) {
            match SenderCertificate::parse(&flipped) {
                Ok(certificate) => {
                    let error = check(&certificate, &service, EXPIRES).unwrap_err();
                    *refused.entry(format!("{error:?}")).or_insert(0) += 1;
                }
                Err(error) => assert_harmless(error),
            }
        }
        let bad_signatures = refused["BadSignature"];
        assert!(bad_signatures > 64 * 8, "at least those in the signature: {refused:?}");
    }
}

#[test]
fn flipped_last_bit_of_the_signature_is_refused() {
    let (service, certificate) = issued();
    let mut bytes = certificate.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let flipped = SenderCertificate::parse(&bytes).unwrap();
    assert_eq!(check(&flipped, &service, EXPIRES), Err(CertificateError::BadSignature));
}

#[test]
fn one_of_several_roots_suffices() {
    let (mut service, certificate) = issued();
    let right = service.roots[0];
    let wrong: Vec<PublicKey> = (0..3).map(|n| PrivateKey::generate(&mut rng(70 + n)).public_key()).collect();
    for at in 0..=wrong.len() {
        service.roots = wrong.clone();
        service.roots.insert(at, right);
        assert_eq!(check(&certificate, &service, EXPIRES), Ok(()), "the right one at {at}");
    }
    for roots in [&wrong[..], &[]] {
        service.roots = roots.to_vec();
        assert_eq!(check(&certificate, &service, EXPIRES), Err(CertificateError::Untrusted));
    }
}

/// A new root takes over: for a time both are trusted, and servers that either has signed are believed.
#[test]
fn roots_are_replaced() {
    let (mut service, of_old) = issued();
    let old = service.roots[0];
    service.root = PrivateKey::generate(&mut service.rng);
    let new = service.root.public_key();
    let key = service.server_key.public_key();
    service.server = ServerCertificate::issue(8, &key, &service.root, &mut service.rng);
    let of_new = service.certify(&alice());

    let untrusted = Err(CertificateError::Untrusted);
    for (roots, expected) in [
        (vec![old], [Ok(()), untrusted]),
        (vec![old, new], [Ok(()), Ok(())]),
        (vec![new, old], [Ok(()), Ok(())]),
        (vec![new], [untrusted, Ok(())]),
    ] {
        service.roots = roots;
        let found = [&of_old, &of_new].map(|certificate| check(certificate, &service, EXPIRES));
        assert_eq!(found, expected);
    }
}

/// The fields of the signed part of a certificate for alice, by their numbers. Its signer is not among them.
fn fields() -> BTreeMap<u8, Vec<u8>> {
    let SenderDetails { address, identity_key, expires, .. } = details(&alice());
    BTreeMap::from([
        (2, vec![2 << 3, u8::try_from(address.device().get()).unwrap()]),
        (3, [&[3 << 3 | 1][..], &expires.as_millis().to_le_bytes()].concat()),
        (4, field(4, &identity_key.encode())),
        (6, field(6, address.name().as_str().as_bytes())),
    ])
}

/// The signed part of a certificate for alice by the server that is known as `server`, which is below 128.
fn known_signer(server: u8) -> Vec<u8> {
    let mut fields = fields();
    fields.insert(8, vec![8 << 3, server]);
    concat(fields)
}

fn concat(fields: BTreeMap<u8, Vec<u8>>) -> Vec<u8> {
    fields.into_values().collect::<Vec<_>>().concat()
}

/// A certificate of what is signed.
fn signed(inner: &[u8], key: &PrivateKey) -> Vec<u8> {
    let signature = xeddsa::sign(key, &[inner], &mut rng(9));
    [field(1, inner), field(2, &signature)].concat()
}

/// Reads a certificate by the server, whose signed part is changed.
fn changed(
    service: &Service,
    change: impl FnOnce(&mut BTreeMap<u8, Vec<u8>>),
) -> Result<SenderCertificate, CertificateError> {
    let mut fields = fields();
    fields.insert(5, field(5, service.server.as_bytes()));
    change(&mut fields);
    SenderCertificate::parse(&signed(&concat(fields), &service.server_key))
}

#[test]
fn unknown_fields_are_signed_too() {
    let service = Service::new(8);
    let unknown = changed(&service, |fields| drop(fields.insert(99, field(15, b"unknown")))).unwrap();
    assert_eq!(check(&unknown, &service, EXPIRES), Ok(()));
    let plain = changed(&service, |_| ()).unwrap();
    assert_eq!(plain.claimed(), unknown.claimed());
    assert_ne!(plain.as_bytes(), unknown.as_bytes());
    // Outside of the signed part, too.
    let outside = [unknown.as_bytes(), &field(15, b"unknown")].concat();
    let outside = SenderCertificate::parse(&outside).unwrap();
    assert_eq!(check(&outside, &service, EXPIRES), Ok(()));
}

#[test]
fn binary_name_reads_as_text() {
    let service = Service::new(9);
    let uuid = [0xA1, 0xB2, 0xC3, 0xD4, 0, 1, 0x40, 2, 0x80, 3, 0, 0, 0, 0, 0, 0xA];
    let bytes = changed(&service, |fields| drop(fields.insert(6, field(7, &uuid)))).unwrap();
    assert_eq!(bytes.claimed().address.name().as_str(), "a1b2c3d4-0001-4002-8003-00000000000a");
    let text = field(6, bytes.claimed().address.name().as_str().as_bytes());
    let text = changed(&service, |fields| drop(fields.insert(6, text))).unwrap();
    assert_eq!(text.claimed(), bytes.claimed());
    for certificate in [text, bytes] {
        assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
    }
    // A text is taken as it is.
    for name in ["", "A1B2C3D4-0001-4002-8003-00000000000A", "alice"] {
        let certificate = changed(&service, |fields| drop(fields.insert(6, field(6, name.as_bytes()))));
        assert_eq!(certificate.unwrap().claimed().address.name().as_str(), name);
    }
}

#[test]
fn server_known_by_its_id_is_accepted() {
    let server_key = PrivateKey::decode(&[0xFF; 32]).unwrap();
    let mut inner = fields();
    inner.insert(8, [&[8 << 3][..], &[0xD7, 0x86, 0xDF, 0x9A, 0x07]].concat());
    let certificate = SenderCertificate::parse(&signed(&concat(inner), &server_key)).unwrap();
    assert_eq!(*certificate.signer(), Signer::Known(0x7357_C357));
    let mut service = Service::new(10);
    service.roots = vec![PrivateKey::decode(&[0; 32]).unwrap().public_key()];
    service.known = official();
    assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
    // It is held against the caller's roots like one that is inside.
    service.roots = vec![PrivateKey::decode(&[1; 32]).unwrap().public_key()];
    assert_eq!(check(&certificate, &service, EXPIRES), Err(CertificateError::Untrusted));
}

/// Another messenger has its own table and its own revocations.
#[test]
fn servers_that_the_caller_knows() {
    let mut service = Service::new(10);
    let certificate = SenderCertificate::parse(&signed(&known_signer(7), &service.server_key)).unwrap();
    let key = PrivateKey::generate(&mut service.rng).public_key();
    let other = ServerCertificate::issue(6, &key, &service.root, &mut service.rng);
    service.known = vec![other.clone(), service.server.clone()];
    assert_eq!(certificate.server(&service.trust()), Ok(&service.server));
    assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
    service.revoked = vec![6];
    assert_eq!(check(&certificate, &service, EXPIRES), Ok(()));
    service.revoked.push(7);
    assert_eq!(check(&certificate, &service, EXPIRES), Err(CertificateError::Revoked(7)));
    // Another key under the same id.
    service.revoked.clear();
    service.known = vec![ServerCertificate::issue(7, &key, &service.root, &mut service.rng)];
    assert_eq!(check(&certificate, &service, EXPIRES), Err(CertificateError::BadSignature));
}

#[test]
fn certificate_fields_round_trip() {
    let mut service = Service::new(12);
    for e164 in [None, Some(""), Some("+12025550123")] {
        let details = SenderDetails {
            address: Address::new("any text", id(127)),
            e164: e164.map(str::to_owned),
            expires: Timestamp::from_millis(u64::MAX),
            ..details(&alice())
        };
        let issued = service.issue(details.clone());
        let certificate = SenderCertificate::parse(issued.as_bytes()).unwrap();
        assert_eq!(certificate, issued);
        assert_eq!(*certificate.claimed(), details);
        assert_eq!(*certificate.signer(), Signer::Embedded(Box::new(service.server.clone())));
        assert_eq!((certificate.certificate(), certificate.signature().len()), (issued.certificate(), 64));
        let latest = Timestamp::from_millis(u64::MAX);
        let verified = certificate.verify(&service.trust(), latest).unwrap();
        assert_eq!(*verified.details(), details);
        assert_eq!(verified.address().to_string(), "any text.127");
        assert_eq!(*verified.certificate(), issued);
    }
}

#[test]
fn unknown_server_is_refused() {
    let service = Service::new(13);
    let certificate = SenderCertificate::parse(&signed(&known_signer(5), &service.server_key)).unwrap();
    let unknown = CertificateError::UnknownServerCertificate(5);
    assert_eq!(certificate.server(&service.trust()), Err(unknown));
    // It comes before all else.
    let nothing = TrustStore { trust_roots: &[], revoked: &[5], known: &[] };
    let late = Timestamp::from_millis(u64::MAX);
    assert_eq!(certificate.verify(&nothing, late).map(drop), Err(unknown));
}

#[test]
fn malformed_sender_certificates_are_refused() {
    let service = Service::new(14);
    let replaced =
        |number: u8, value: Vec<u8>| changed(&service, |fields| drop(fields.insert(number, value)));
    let without = |number: u8| changed(&service, |fields| drop(fields.remove(&number)));
    for device in [&[0][..], &[0x80, 1], &[0x81, 2]] {
        assert_eq!(replaced(2, [&[2 << 3], device].concat()), Err(INVALID), "{device:?}");
    }
    for missing in 2..=6 {
        assert_eq!(without(missing), Err(INVALID), "without field {missing}");
    }
    assert_eq!(replaced(3, vec![3 << 3, 1]), Err(INVALID), "an expiry of wire type 0");
    for uuid in [15, 17] {
        assert_eq!(replaced(6, field(7, &vec![0; uuid])), Err(INVALID), "{uuid} bytes of a name");
    }
    for number in [1, 6] {
        assert_eq!(replaced(number, field(number, b"\xFF")), Err(INVALID), "text {number} is no UTF-8");
    }
    let key = |bytes: &[u8]| replaced(4, field(4, bytes)).unwrap_err();
    assert_eq!(key(&[]), CertificateError::Key(KeyError::NoKeyType));
    assert_eq!(key(&[4; 33]), CertificateError::Key(KeyError::BadKeyType(4)));
    assert_eq!(key(&[5; 32]), CertificateError::Key(KeyError::BadKeyLength(32)));
    assert_eq!(replaced(5, field(5, &[])), Err(INVALID), "the server's certificate is empty");
    assert!(replaced(4, field(4, &[5; 34])).is_ok(), "what follows a key is ignored");
    for bytes in [&[][..], &field(1, &known_signer(7)), &field(2, &[0; 64]), b"\xFF"] {
        assert_eq!(SenderCertificate::parse(bytes), Err(INVALID));
        assert_eq!(ServerCertificate::parse(bytes), Err(INVALID));
    }
}

#[test]
fn malformed_server_certificates_are_refused() {
    let parse = |parts: &[Vec<u8>]| {
        ServerCertificate::parse(&[field(1, &parts.concat()), field(2, &[0; 64])].concat())
    };
    let (number, key) = (vec![1 << 3, 7], field(2, &[5; 33]));
    assert!(parse(&[number.clone(), key.clone()]).is_ok(), "the signature is not looked at");
    assert_eq!(parse(std::slice::from_ref(&number)), Err(INVALID));
    assert_eq!(parse(&[key]), Err(INVALID));
    // The key comes before the id.
    assert_eq!(parse(&[field(2, &[])]), Err(CertificateError::Key(KeyError::NoKeyType)));
    let of_another_type = parse(&[number, field(2, &[6; 33])]);
    assert_eq!(of_another_type, Err(CertificateError::Key(KeyError::BadKeyType(6))));
}

/// A signature of another length than 64 bytes reads, and never holds.
#[test]
fn signatures_of_wrong_length_are_refused() {
    let (service, certificate) = issued();
    for signature in [&[][..], &certificate.signature()[..63], &[certificate.signature(), &[0]].concat()] {
        let bytes = [field(1, certificate.certificate()), field(2, signature)].concat();
        let certificate = SenderCertificate::parse(&bytes).unwrap();
        assert_eq!(check(&certificate, &service, EXPIRES), Err(CertificateError::BadSignature));
    }
}

#[test]
fn later_of_two_signers_and_two_names_counts() {
    let service = Service::new(15);
    let embedded = field(5, service.server.as_bytes());
    let known = vec![8 << 3, 5];
    let signers = |pair: [&[u8]; 2]| {
        changed(&service, |fields| drop(fields.insert(5, pair.concat()))).unwrap().signer().clone()
    };
    assert_eq!(signers([&embedded, &known]), Signer::Known(5));
    assert_eq!(signers([&known, &embedded]), Signer::Embedded(Box::new(service.server.clone())));
    let (text, bytes) = (field(6, b"text"), field(7, &[0; 16]));
    let names = |pair: [&[u8]; 2]| {
        changed(&service, |fields| drop(fields.insert(6, pair.concat())))
            .unwrap()
            .claimed()
            .address
            .name()
            .as_str()
            .to_owned()
    };
    assert_eq!(names([&text, &bytes]), "00000000-0000-0000-0000-000000000000");
    assert_eq!(names([&bytes, &text]), "text");
}
