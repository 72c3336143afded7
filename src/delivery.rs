// SPDX-License-Identifier: MIT OR Apache-2.0

//! One message to all devices of its recipients, and to the sender's own others (Sesame §3).
//!
//! [`Delivery`] keeps track of who has still to get a message, and says what to do about the service's answers;
//! [`encrypt_each`] encrypts on many sessions, as one stage. An example is at [`Delivery`].

mod each;
mod round;

pub use each::{DeviceFailure, DeviceMessage, encrypt_each};
pub use round::{Correction, Delivery, GaveUp, ServiceAnswer};
