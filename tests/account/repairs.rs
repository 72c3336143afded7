// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair: messages that were not decrypted are asked for and sent again, within bounds, whatever the peer does.

mod answers;
mod hostile;
mod lessons;
mod limits;
mod records;
mod requests;
mod two_devices;
mod under_seal;
