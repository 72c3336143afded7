// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: one message to all devices of its recipients, and to the sender's own others (Sesame §3).

mod each;
mod round;

pub use each::{DeviceFailure, DeviceMessage, encrypt_each};
pub use round::{Correction, Delivery, GaveUp, ServiceAnswer};
