// SPDX-License-Identifier: MIT OR Apache-2.0

//! Seeds of the target `published`: bundles of each kind, and an account's uploads.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Upload};
use subrosa::{Account, PreKeyBundle, Trust};

use super::{ACCOUNT_LIMITS, addresses, read, write};
use crate::device::{Device, Offer, START};

pub(super) fn write_seeds() {
    let [_, mut bob] = Device::pair(10);
    for (name, offer) in
        [("full", Offer::FULL), ("last-resort", Offer::LAST_RESORT), ("version-3", Offer::VERSION_3)]
    {
        write("published", &format!("bundle-{name}"), &bob.bundle(offer).to_bytes());
    }
    let (mut rng, [address, _]) = (ChaCha20Rng::seed_from_u64(10), addresses());
    let mut account = Account::generate(address, ACCOUNT_LIMITS, &mut rng).unwrap().commit();
    write("published", "upload-empty", &account.upload().to_bytes());
    let upload = account.maintain(Counts::default(), START, &mut rng).unwrap().commit();
    write("published", "upload", &upload.to_bytes());
}

pub(super) fn check_seeds() {
    let (mut bundles, mut uploads) = (0, 0);
    for seed in read("published") {
        if let Ok(bundle) = PreKeyBundle::from_bytes(&seed) {
            bundle.verify(Trust::Anyone).unwrap();
            bundles += 1;
        }
        uploads += usize::from(Upload::from_bytes(&seed).is_ok());
    }
    assert_eq!((bundles, uploads), (3, 2));
}
