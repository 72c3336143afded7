// SPDX-License-Identifier: MIT OR Apache-2.0

//! The official service's server certificates and revocations, for clients of that service. Other messengers
//! have their own.

use alloc::vec::Vec;

use super::ServerCertificate;

/// Ids of server certificates that the official client no longer believes.
pub const OFFICIAL_REVOKED: [u32; 1] = [0xDEAD_C357];

/// Id 2.
const STAGING: [u8; 105] = [
    10, 37, 8, 2, 18, 33, 5, 57, 69, 13, 99, 235, 208, 117, 44, 15, 212, 3, 139, 157, 7, 169, 22, 245, 225,
    116, 183, 86, 212, 9, 181, 202, 121, 244, 201, 116, 0, 99, 30, 18, 64, 100, 197, 163, 139, 30, 146, 116,
    151, 211, 212, 120, 107, 16, 26, 98, 58, 179, 74, 125, 163, 149, 79, 174, 18, 107, 4, 219, 169, 215, 163,
    96, 78, 216, 140, 220, 133, 80, 149, 15, 13, 74, 145, 52, 206, 183, 225, 155, 148, 19, 145, 81, 210, 195,
    214, 225, 200, 30, 157, 17, 40, 170, 252, 168, 6,
];

/// Id 3.
const PRODUCTION: [u8; 105] = [
    10, 37, 8, 3, 18, 33, 5, 188, 157, 29, 41, 11, 233, 100, 129, 13, 250, 126, 148, 133, 100, 128, 163, 247,
    6, 13, 0, 76, 151, 98, 194, 76, 87, 90, 21, 34, 53, 58, 90, 18, 64, 193, 30, 195, 196, 1, 235, 1, 7, 171,
    56, 248, 96, 14, 135, 32, 166, 49, 105, 224, 226, 235, 138, 63, 174, 36, 246, 48, 153, 248, 94, 163, 25,
    195, 193, 196, 109, 52, 84, 112, 106, 226, 166, 121, 209, 254, 230, 144, 164, 136, 173, 218, 152, 162,
    41, 11, 102, 201, 6, 187, 96, 41, 94, 215, 129,
];

/// Id `0x7357C357`, for tests alone.
const TEST: [u8; 109] = [
    10, 41, 8, 215, 134, 223, 154, 7, 18, 33, 5, 132, 124, 13, 44, 55, 82, 52, 243, 101, 230, 96, 149, 81,
    135, 163, 115, 90, 15, 118, 19, 209, 96, 157, 58, 106, 77, 140, 83, 174, 170, 90, 34, 18, 64, 224, 185,
    235, 172, 223, 195, 170, 40, 39, 247, 146, 75, 105, 119, 132, 209, 194, 94, 68, 202, 5, 221, 67, 62, 26,
    56, 220, 99, 130, 235, 39, 48, 212, 25, 202, 154, 37, 11, 27, 233, 213, 169, 70, 62, 97, 239, 214, 120,
    23, 119, 169, 27, 131, 201, 123, 132, 77, 1, 66, 6, 226, 130, 151, 133,
];

/// The server certificates that the official client knows by their ids: staging (2), production (3), and one for
/// tests (`0x7357C357`).
#[must_use]
pub fn official() -> Vec<ServerCertificate> {
    [&STAGING[..], &PRODUCTION, &TEST]
        .iter()
        .filter_map(|bytes| ServerCertificate::parse(bytes).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::curve::PublicKey;
    use crate::sealed::certificate::{CertificateError, TrustStore};
    use hex_literal::hex;

    #[test]
    fn s11_each_has_its_id_and_its_root() {
        let roots = [
            (2, hex!("058854ead3e3a8fe3a286644cd1b3538be14dfd5797653c9fd7d3d85ae2b12b926")),
            (3, hex!("054918d08fbdfa83e00c29f8f8073a22ef35df2bea903aff81af03ccbc45c6e93a")),
            (0x7357_C357, hex!("052fe57da347cd62431528daac5fbb290730fff684afc4cfc2ed90995f58cb3b74")),
        ];
        let certificates = official();
        assert_eq!(certificates.len(), roots.len());
        for (at, certificate) in certificates.iter().enumerate() {
            for (root_at, (id, root)) in roots.iter().enumerate() {
                let trust_roots = [PublicKey::decode(root).unwrap()];
                let trust = TrustStore { trust_roots: &trust_roots, revoked: &[], known: &[] };
                let expected = if at == root_at { Ok(()) } else { Err(CertificateError::Untrusted) };
                assert_eq!(certificate.verify(&trust), expected);
                assert_eq!(certificate.id() == *id, at == root_at);
            }
        }
    }
}
