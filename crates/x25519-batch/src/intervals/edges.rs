// SPDX-License-Identifier: MIT OR Apache-2.0

//! Points that no random number hits.

use hex_literal::hex;

/// u-coordinates of points whose x has limbs of 51 bits at their edges: first a lowest limb from 2^51 − 20 up, above which
/// the prime has none, every other point with a part of low order; then limbs that are full or empty.
pub(crate) const X_AT_EDGES: [[u8; 32]; 16] = [
    hex!("14db42c4015ac9a7772a5ef2d9fecfa656ffaca352bd30cd605e8f1f0462f008"),
    hex!("f9fe04c1ca3666b4dccc7b498d235ee45f20b85815f871567222f5582694690f"),
    hex!("87dfe3be3a3338f0eac3bdde6dc825ce7048d4683520fa5b95b10bcc3aaf3266"),
    hex!("7cc4cc0d6dabf94832f985c76ee444b9e72d80c9a12b96a78057a63f7027531d"),
    hex!("8899fa4fd7330996e9e89e2fb7a918aa06353bde2de15f7d44ecab408c12392a"),
    hex!("ead3ffae928e67d77844db40f86163723d9653be560124109b2abb80e046801a"),
    hex!("7a38b87087b39423bf14b7045a30ff0c6d082c8937a1ad241a5d59d77edc4c10"),
    hex!("801d7bab5d882dad5fc1d5e91299385b6d6f7a810eab4354aea10dffc297cf28"),
    hex!("6bafa275ceeccb7e95a7df7322df7f627bcfe9be68fa9dd343cfbb3dc26d2050"),
    hex!("e8374f0adf655a937176eca279b111f74ac4e09c83af195ab474079386931965"),
    hex!("1f2efbdf91879cdc605142ae3c626fccd56ef88b7c022e2cacf4b0eea010f52d"),
    hex!("5e3dedc0148bb76604e6a2ce19cd8e93c490917cf2f5d14c980affedd4792809"),
    hex!("b5b6080e4bb39749fdc7f9529f3434a3be60b7f7faff8d1a4faa79a2079d4858"),
    hex!("536821a784c14ab0000721ca259a07c8bf93f1860d4d78281f937986ed829553"),
    hex!("39ee0ff82cb13de598ace873bdf3be4cd6a3cadbfadebdd9963fd6715207060d"),
    hex!("f8872a7bbcf82a651ce6c1c0969008ca16c4cf6e817ac784146445817fe4585d"),
];
