// SPDX-License-Identifier: MIT OR Apache-2.0

//! L6: sealed sender. As yet its certificates.

pub mod certificate;
