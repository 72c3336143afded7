// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where we do other than a recorder did, and why. In each of these we do as the official client does, or
//! did when the file was recorded by a release that has been corrected since.

use super::replay::Difference;

const fn differs(case: &'static str, at: &'static [&'static str], reason: &'static str) -> Difference {
    Difference { case, at, reason }
}

pub(crate) const RETRY: &[Difference] = &[differs(
    "DecryptionErrorMessage and PlaintextContent",
    &["bit 5 of byte 2 flipped"],
    "the official client keeps the bytes of a message that it read; ours drops unknown fields",
)];

const ZERO_AGREEMENT: Difference = differs(
    "bundles",
    &["one-time prekey all zero"],
    "agreements that give zero are refused by official releases since 2026",
);

pub(crate) const OFFICIAL_MALFORMED: &[Difference] = &[ZERO_AGREEMENT];

const NPM_SPOILT: &str = "npm sends on the newest session, which trying an older message on it has spoilt";
const NPM_NEAR: &str = "npm skips 1,999 messages at most, we 25,000";
const WACORE_COUNTER: &str = "wacore writes 63 as previous counter after it changed to an older session";
const WACORE_NEAR: &str = "wacore skips 2,000 messages at most, we 25,000";

pub(crate) const NPM_BOTH_WAYS: &[Difference] = &[
    differs(
        "bad network",
        &[
            "220", "603", "644", "728", "760", "858", "890", "894", "895", "898", "900", "901", "902", "903",
            "904",
        ],
        "npm keeps every receiving chain; these messages are of chains older than the five that we keep",
    ),
    differs("a new session in the middle", &["18"], NPM_SPOILT),
    differs("both begin at once", &["12"], NPM_SPOILT),
    differs("far ahead", &["2000 skipped", "2001 skipped", "2002 skipped"], NPM_NEAR),
];

pub(crate) const NPM_MALFORMED: &[Difference] = &[
    differs("prekey messages", &["first byte 0x34"], "npm refuses messages of clients that know version 4"),
    differs("prekey messages", &["first byte 0x43"], "npm takes version 4 for 3; it needs Kyber fields"),
    differs(
        "prekey messages",
        &["field 2 (base_key) first byte dropped"],
        "npm takes keys without their type byte",
    ),
    differs(
        "prekey messages",
        &["field 2 (base_key) one byte long", "field 3 (identity_key) one byte long"],
        "npm refuses bytes after a key",
    ),
    differs(
        "prekey messages",
        &["field 4 (message) first bit flipped"],
        "npm takes the MAC of version 3 whatever the first byte is",
    ),
    differs("prekey messages", &["field with number 0 appended"], "npm's protobuf reader skips it"),
    differs(
        "whisper messages",
        &["first byte 0x32", "first byte 0x43"],
        "npm takes the MAC of version 3 whatever the first byte is",
    ),
    differs(
        "bundles",
        &["signature changed", "identity key of somebody else", "signed prekey of somebody else"],
        "npm does not verify the signed prekey's signature",
    ),
];

pub(crate) const WACORE_BOTH_WAYS: &[Difference] = &[
    differs("a new session in the middle", &["18", "22"], WACORE_COUNTER),
    differs("both begin at once", &["12"], WACORE_COUNTER),
    differs("far ahead", &["2001 skipped", "2002 skipped"], WACORE_NEAR),
];

pub(crate) const WACORE_MALFORMED: &[Difference] = &[
    differs(
        "prekey messages",
        &["first byte 0x43", "first byte 0x44", "first byte 0x45"],
        "wacore takes version 4 for 3; it needs Kyber fields",
    ),
    ZERO_AGREEMENT,
];

pub(crate) const CROSS_NPM_WACORE: &[Difference] = &[
    differs("a new session in the middle", &["18"], WACORE_COUNTER),
    differs("a new session in the middle", &["22"], NPM_SPOILT),
    differs("both begin at once", &["12"], WACORE_COUNTER),
    differs("far ahead", &["2001 skipped", "2002 skipped"], WACORE_NEAR),
];

pub(crate) const CROSS_WACORE_NPM: &[Difference] = &[
    differs("a new session in the middle", &["18"], NPM_SPOILT),
    differs("both begin at once", &["12"], NPM_SPOILT),
    differs("far ahead", &["2000 skipped", "2001 skipped", "2002 skipped"], NPM_NEAR),
];

pub(crate) const SESSION_RECORDS: &[Difference] = &[
    differs(
        "bad network",
        &["57", "59", "65", "67", "73", "75", "81", "83", "88", "90"],
        "the official client stores chunks in the order in which they came, we by their index",
    ),
    differs(
        "bad network",
        &["157", "159", "165"],
        "in EkReceivedCt1Sampled we have made the second half of the ciphertext already, and store that",
    ),
];

pub(crate) const GROUPS: &[Difference] = &[differs(
    "far ahead",
    &["9", "15"],
    "what was drawn for the signatures of messages that nobody receives was not recorded",
)];

pub(crate) const MALFORMED: &[Difference] = &[differs(
    "session and sender key records",
    &["session: bit 0 of byte 593 flipped"],
    "the official client finds out about a key of the current session that does not decode when it uses it",
)];
