// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to all devices of its recipients, and to the sender's own others (Sesame §3).
//!
//! [`Delivery`] tracks the devices that have not got a message yet, and turns the service's answers into corrections;
//! [`encrypt_each`] encrypts on many sessions, as one stage. An example is at [`Delivery`].

mod each;
mod round;

pub use each::{DeviceFailure, DeviceMessage, encrypt_each};
pub use round::{Correction, Delivery, GaveUp, ServiceAnswer};
