// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints. The hashes and digits are known answers of the deployed protocol.

use hex_literal::hex;
use subrosa::IdentityKey;
use subrosa::fingerprint::{
    DisplayableFingerprint, Fingerprint, FingerprintError, FingerprintHash, FingerprintIterations,
    FingerprintVersion, ScannableFingerprint,
};

const KEY_A: [u8; 33] = hex!("057b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14");
const KEY_B: [u8; 33] = hex!("05ff2ee45601ec1b67310c7790404585ae697331eee1c1f8cf2419731c1fff3e6b");
const KEY_C: [u8; 33] = hex!("05219e4d800da968d2a5fcb009c784f4746c7138edb9ee4844b739e830b05cf424");
const ID_A: [u8; 16] = hex!("a1b2c3d400014002800300000000000a");
const ID_B: [u8; 16] = hex!("a1b2c3d400014002800300000000000b");

const HASH_A: [u8; 64] = hex!(
    "6217bf04add167fed8984b5c4c08fe45c8d2f20066f383c4cb57cf49d681ece9"
    "fcc7619546611e84ef5b68770cadb8d89d56a19a82d3b7d2b7adaff40f712430"
);
const HASH_B: [u8; 64] = hex!(
    "a243d3e6f03fe1b37fe6e7a653fd2d9c61d44443867b5806541973631cc3ffaa"
    "53ea9ceb9e03da604e4188be94dfd6fb8f53287f70ccaa95dab63df5095cae92"
);
const DIGITS: &str = "626407693467533992358402057667895491970434110111366327577505";
/// A's scannable form, version 2.
const SCANNABLE_A: [u8; 74] = hex!(
    "080212220a206217bf04add167fed8984b5c4c08fe45c8d2f20066f383c4cb57cf49d681ece9"
    "1a220a20a243d3e6f03fe1b37fe6e7a653fd2d9c61d44443867b5806541973631cc3ffaa"
);

fn hash(id: &[u8], key: &[u8; 33]) -> FingerprintHash {
    FingerprintHash::compute(FingerprintIterations::DEPLOYED, id, &IdentityKey::decode(key).unwrap())
}

fn a() -> FingerprintHash {
    FingerprintHash::from_bytes(HASH_A)
}

fn b() -> FingerprintHash {
    FingerprintHash::from_bytes(HASH_B)
}

/// What A shows, and what B shows.
fn both(version: FingerprintVersion) -> [Fingerprint; 2] {
    [Fingerprint::new(version, a(), b()), Fingerprint::new(version, b(), a())]
}

fn compare(ours: Fingerprint, theirs: Fingerprint) -> Result<(), FingerprintError> {
    ours.scannable().compare(&theirs.scannable().to_bytes())
}

#[test]
fn known_answers_in_both_versions() {
    assert_eq!(hash(&ID_A, &KEY_A), a());
    assert_eq!(hash(&ID_B, &KEY_B), b());
    for version in [FingerprintVersion::PHONE_NUMBER, FingerprintVersion::ACCOUNT] {
        let [at_a, at_b] = both(version);
        assert_eq!(at_a.displayable().as_str(), DIGITS);
        assert_eq!(at_b.displayable().as_str(), DIGITS);
        let mut scannable = SCANNABLE_A;
        scannable[1] = u8::try_from(version.0).unwrap();
        assert_eq!(at_a.scannable().to_bytes(), scannable);
        let (left, right) = scannable[2..].split_at(36);
        let mirrored = [&scannable[..4], &right[2..], &right[..2], &left[2..]].concat();
        assert_eq!(at_b.scannable().to_bytes(), mirrored);
    }
    let [of_a, of_b] = [(&ID_A, &KEY_A), (&ID_B, &KEY_B)].map(|(id, key)| {
        let key = IdentityKey::decode(key).unwrap();
        FingerprintHash::compute(FingerprintIterations::MIN, id, &key)
    });
    let few = "9d7cfce1993e33fc5371e8d9003914066d90741251383e5b9eb49ea68910e214\
               2c1e512f1abe95bd3475d3bdfbaa6048fd42bd36ada92a4a4c3a290b5bb1a917";
    assert_eq!(hex::encode(of_a.as_bytes()), few);
    let digits = "130814680183156872186175827472934961726418716795517436399611";
    assert_eq!(Fingerprint::new(FingerprintVersion(7), of_a, of_b).displayable().as_str(), digits);
}

#[test]
fn version_is_any_number() {
    for version in [0, 3, 127, 128, u32::MAX].map(FingerprintVersion) {
        let [at_a, at_b] = both(version);
        assert_eq!(at_a.scannable().version(), version);
        assert_eq!(compare(at_a, at_b), Ok(()));
        let again = ScannableFingerprint::parse(&at_a.scannable().to_bytes()).unwrap();
        assert_eq!(again.to_bytes(), at_a.scannable().to_bytes());
    }
    assert_eq!(both(FingerprintVersion(0))[0].scannable().to_bytes()[..2], [8, 0]);
}

#[test]
fn digits_compare_as_values() {
    let [at_a, at_b] = both(FingerprintVersion::ACCOUNT);
    let oneself = Fingerprint::new(FingerprintVersion::ACCOUNT, a(), a());
    assert!(at_a.displayable() == at_b.displayable());
    assert!(at_a.displayable() != oneself.displayable());
    assert!(a() == hash(&ID_A, &KEY_A));
    assert!(a() != b());
    assert_eq!(format!("{:?}", at_a.displayable()), format!("DisplayableFingerprint({DIGITS})"));
}

#[test]
fn digits_are_grouped_for_people() {
    let displayable = both(FingerprintVersion::ACCOUNT)[0].displayable();
    let lines = "62640 76934 67533 99235\n84020 57667 89549 19704\n34110 11136 63275 77505";
    assert_eq!((displayable.to_string(), format!("{displayable:#}")), (DIGITS.to_owned(), lines.to_owned()));
    let groups: Vec<&str> = displayable.groups().collect();
    assert_eq!((groups.len(), groups.concat().as_str()), (12, DIGITS));
    assert_eq!(DisplayableFingerprint::LEN, DIGITS.len());
    // Small numbers keep their leading zeros, and the lesser half comes first.
    let [low, high] = [[0; 64], [0xFF; 64]].map(FingerprintHash::from_bytes);
    let digits = Fingerprint::new(FingerprintVersion(1), high, low).displayable();
    assert_eq!(digits.to_string(), ["00000"; 6].concat() + &["27775"; 6].concat());
}

#[test]
fn matches_the_other_side_and_not_itself() {
    let [at_a, at_b] = both(FingerprintVersion::ACCOUNT);
    assert_eq!((compare(at_a, at_b), compare(at_b, at_a)), (Ok(()), Ok(())));
    assert_eq!(compare(at_a, at_a), Err(FingerprintError::Mismatch));
    assert_eq!(compare(at_b, at_b), Err(FingerprintError::Mismatch));
}

#[test]
fn other_key_or_identifier_mismatches() {
    let [at_a, at_b] = both(FingerprintVersion::ACCOUNT);
    let phone_number = b"+14155550123".as_slice();
    for theirs in [hash(&ID_B, &KEY_C), hash(phone_number, &KEY_B), hash(&[], &KEY_B), hash(&ID_A, &KEY_B)] {
        let deceived = Fingerprint::new(FingerprintVersion::ACCOUNT, a(), theirs);
        assert_ne!(deceived.displayable(), at_a.displayable());
        assert_eq!(compare(deceived, at_b), Err(FingerprintError::Mismatch));
        assert_eq!(compare(at_b, deceived), Err(FingerprintError::Mismatch));
    }
    // A party in the middle knows both, and still can't make the two ends agree.
    let [middle_a, middle_b] =
        [a(), b()].map(|end| Fingerprint::new(FingerprintVersion::ACCOUNT, end, hash(&ID_B, &KEY_C)));
    assert_eq!(compare(middle_a, middle_b), Err(FingerprintError::Mismatch));
}

#[test]
fn other_version_is_refused() {
    let [one, two] = [FingerprintVersion::PHONE_NUMBER, FingerprintVersion::ACCOUNT];
    for (ours, theirs) in [(one, two), (two, one)] {
        let error = FingerprintError::VersionMismatch { theirs, ours };
        assert_eq!(compare(both(ours)[0], both(theirs)[1]), Err(error));
        // Which comes before all that is said of keys.
        assert_eq!(compare(both(ours)[0], both(theirs)[0]), Err(error));
    }
    let error = FingerprintError::VersionMismatch { theirs: one, ours: two };
    assert_eq!(error.to_string(), "the scanned fingerprint is of version 1, ours of version 2");
}

#[test]
fn damaged_code_is_refused() {
    let [at_a, at_b] = both(FingerprintVersion::ACCOUNT);
    let (ours, good) = (at_a.scannable(), at_b.scannable().to_bytes());
    let unreadable = Err(FingerprintError::InvalidProtobuf);
    assert_eq!(ours.compare(b"https://example.org"), unreadable);
    assert_eq!(ours.compare(&[good.as_slice(), &[0]].concat()), unreadable);
    for at in 0..good.len() {
        assert!(ours.compare(&good[..at]).is_err(), "cut to {at}");
        for bit in 0..8 {
            let mut damaged = good.clone();
            damaged[at] ^= 1 << bit;
            assert!(ours.compare(&damaged).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn iterations_out_of_range_are_refused() {
    for count in [0, 1, 1_000_001, u32::MAX] {
        assert_eq!(FingerprintIterations::new(count), Err(FingerprintError::Iterations(count)));
    }
    let counts = [2, 5_200, 1_000_000].map(|count| FingerprintIterations::new(count).unwrap());
    let named = [FingerprintIterations::MIN, FingerprintIterations::DEPLOYED, FingerprintIterations::MAX];
    assert_eq!((counts, counts[1].get()), (named, 5_200));
}

#[test]
fn missing_fields_are_refused() {
    use FingerprintError::{InvalidProtobuf, MissingLocal, MissingRemote, MissingVersion};
    let [zero, two] = [0, 2].map(FingerprintVersion);
    let ours = both(two)[0].scannable();
    let (version, local, remote) = (&SCANNABLE_A[..2], &SCANNABLE_A[2..38], &SCANNABLE_A[38..]);
    let without = [
        (
            [local, remote].concat(),
            MissingVersion,
            FingerprintError::VersionMismatch { theirs: zero, ours: two },
        ),
        ([version, remote].concat(), MissingLocal, MissingLocal),
        ([version, local].concat(), MissingRemote, MissingRemote),
        // There, but with no content.
        ([version, local, &[0x1A, 0]].concat(), MissingRemote, MissingRemote),
        ([version, local, &[0x1A, 1, 8]].concat(), InvalidProtobuf, InvalidProtobuf),
        (Vec::new(), MissingVersion, FingerprintError::VersionMismatch { theirs: zero, ours: two }),
    ];
    for (bytes, as_ours, as_theirs) in without {
        assert_eq!(ScannableFingerprint::parse(&bytes).map(drop), Err(as_ours));
        assert_eq!(ours.compare(&bytes), Err(as_theirs));
    }
    let ours = both(zero)[0].scannable();
    assert_eq!(ours.compare(&[]), Err(MissingLocal));
    assert_eq!(ours.compare(&both(zero)[1].scannable().to_bytes()[2..]), Ok(()));
}

#[test]
fn hashes_of_other_lengths_compare() {
    let longer = |own: u8, other: u8| {
        let content = |byte: u8| [&[0x42, 0x0A, 0x40][..], &[byte; 64]].concat();
        [&[8, 2, 0x12][..], &content(own), &[0x1A], &content(other)].concat()
    };
    let ours = ScannableFingerprint::parse(&longer(1, 2)).unwrap();
    assert_eq!(ours.compare(&longer(2, 1)), Ok(()));
    assert_eq!(ours.compare(&longer(1, 2)), Err(FingerprintError::Mismatch));
    let deployed = both(FingerprintVersion::ACCOUNT)[0].scannable().to_bytes();
    assert_eq!(ours.compare(&deployed), Err(FingerprintError::Mismatch));
}
