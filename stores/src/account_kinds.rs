// SPDX-License-Identifier: MIT OR Apache-2.0

//! What an account is read from.

use subrosa::store::RecordKind;

/// The kinds of an account's records.
pub(crate) const OF_ACCOUNT: [RecordKind; 6] = [
    RecordKind::Account,
    RecordKind::OneTimePreKey,
    RecordKind::SignedPreKey,
    RecordKind::OneTimeKemPreKey,
    RecordKind::LastResortKemPreKey,
    RecordKind::LastResortUses,
];
