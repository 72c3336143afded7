// SPDX-License-Identifier: MIT OR Apache-2.0

//! Protobuf made of a fuzzer's bytes: lengths fit and keys are keys, so that what is inside of messages inside is
//! reached.

use arbitrary::{Result, Unstructured};

/// How deep messages are put into each other.
const DEEPEST: usize = 5;
const MOST: usize = 12;

/// Fields until the bytes are used up, `MOST` at most.
pub fn fields(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for _ in 0..MOST {
        if u.is_empty() || u.ratio(1, 12u8)? {
            break;
        }
        field(u, &mut out, depth)?;
    }
    Ok(out)
}

fn field(u: &mut Unstructured<'_>, out: &mut Vec<u8>, depth: usize) -> Result<()> {
    let number = u.int_in_range(1..=16u64)?;
    match u.int_in_range(0..=15u8)? {
        0..=3 => {
            varint(out, number << 3);
            varint(out, value(u)?);
        }
        4 => {
            varint(out, number << 3 | 1);
            out.extend(u.arbitrary::<[u8; 8]>()?);
        }
        5 => {
            varint(out, number << 3 | 5);
            out.extend(u.arbitrary::<[u8; 4]>()?);
        }
        6 if depth < DEEPEST => {
            varint(out, number << 3 | 3);
            out.extend(fields(u, depth + 1)?);
            varint(out, number << 3 | 4);
        }
        7..=11 if depth < DEEPEST => delimited(out, number, &fields(u, depth + 1)?),
        12 if depth < DEEPEST => delimited(out, number, &framed(u, depth + 1)?),
        _ => delimited(out, number, &payload(u)?),
    }
    Ok(())
}

fn value(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match u.int_in_range(0..=3u8)? {
        0 => u.int_in_range(0..=8)?,
        1 => u.arbitrary::<u32>()?.into(),
        2 => *u.choose(&[127, 128, u64::from(u32::MAX), 1 << 32, u64::MAX])?,
        _ => u.arbitrary()?,
    })
}

/// Bytes of the lengths that fields have.
fn payload(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let byte: u8 = u.arbitrary()?;
    Ok(match u.int_in_range(0..=5u8)? {
        0 | 1 => [&[5], &[byte; 32][..]].concat(),
        2 => vec![byte; 16],
        3 => vec![byte; *u.choose(&[31, 32, 33, 34, 36, 64])?],
        _ => {
            let len = u.int_in_range(0..=20)?;
            u.bytes(len)?.to_vec()
        }
    })
}

/// A `SignalMessage`: version, fields, MAC.
fn framed(u: &mut Unstructured<'_>, depth: usize) -> Result<Vec<u8>> {
    Ok([&[first(u)?], &fields(u, depth)?[..], &[9; 8]].concat())
}

/// Mostly a version that there is.
pub fn first(u: &mut Unstructured<'_>) -> Result<u8> {
    Ok(if u.ratio(1, 8u8)? { u.arbitrary()? } else { *u.choose(&[0x33, 0x34, 0x44])? })
}

fn delimited(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
