// SPDX-License-Identifier: MIT OR Apache-2.0

//! Scenarios of one session.

#[path = "support/device.rs"]
mod device;

use device::{Device, Offer};

#[test]
fn d1_basic_flow() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.greet(&mut bob, Offer::FULL);
    assert!(alice.agrees_with(&bob));
}
