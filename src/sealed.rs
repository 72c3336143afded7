// SPDX-License-Identifier: MIT OR Apache-2.0

//! L6: sealed sender. So far its certificates.

pub mod certificate;
