// SPDX-License-Identifier: MIT OR Apache-2.0

//! The text form of UUIDs (RFC 4122 §3). Their binary form is 16 bytes in network order.

use core::fmt;

/// Reads the 36-character hyphenated form, digits of either case.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut uuid = [0; 16];
    let mut digits = 0;
    for (at, &byte) in text.iter().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let nibble = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())?;
        let slot = uuid.get_mut(digits / 2)?;
        *slot = *slot << 4 | nibble;
        digits += 1;
    }
    Some(uuid)
}

/// Writes the hyphenated form in lower case.
pub(crate) fn write(uuid: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}
