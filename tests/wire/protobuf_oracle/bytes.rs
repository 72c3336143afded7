// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bytes that are nearly protobuf.

use proptest::prelude::*;

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

/// A varint that may be longer than need be.
fn padded_varint() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![0..200u64, any::<u64>(), Just(u64::from(u32::MAX)), Just(1 << 32)];
    (value, prop_oneof![4 => Just(0), 1 => 0..4usize]).prop_map(|(value, zeros)| {
        let mut out = varint(value);
        for _ in 0..zeros {
            *out.last_mut().unwrap() |= 0x80;
            out.push(0);
        }
        out
    })
}

fn key(number: u64, wire_type: u64) -> Vec<u8> {
    varint(number << 3 | wire_type)
}

/// Some field numbers that the messages have, and some that they have not.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 1..=16u64, 1 => Just(0), 1 => Just((1 << 29) - 1), 1 => Just(1 << 29)]
}

/// A public key as it should be, or something else.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => any::<[u8; 32]>().prop_map(|key| [&[5][..], &key].concat()),
        2 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => Just(vec![]),
    ]
}

fn field() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        6 => (number(), padded_varint()).prop_map(|(number, value)| [key(number, 0), value].concat()),
        8 => (number(), payload()).prop_map(|(number, value)| delimited(number, &value)),
        1 => (number(), any::<[u8; 8]>()).prop_map(|(number, value)| [&key(number, 1)[..], &value].concat()),
        1 => (number(), any::<[u8; 4]>()).prop_map(|(number, value)| [&key(number, 5)[..], &value].concat()),
        1 => (number(), 0..8u64).prop_map(|(number, wire_type)| key(number, wire_type)),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let fields = proptest::collection::vec(inner, 0..6).prop_map(|fields| fields.concat());
        (number(), fields, 0..9u8).prop_map(|(number, fields, form)| match form {
            0 => [key(number, 3), fields, key(number + 1, 4)].concat(),
            1..=3 => [key(number, 3), fields, key(number, 4)].concat(),
            _ => delimited(number, &fields),
        })
    })
}

fn delimited(number: u64, value: &[u8]) -> Vec<u8> {
    [key(number, 2), varint(u64::try_from(value.len()).unwrap()), value.to_vec()].concat()
}

/// Up to `most` fields of any number and type, one after the other, sometimes cut short.
pub(crate) fn fields(most: usize) -> impl Strategy<Value = Vec<u8>> {
    (
        proptest::collection::vec(field(), 0..=most),
        proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    )
        .prop_map(|(fields, cut)| {
            let mut bytes = fields.concat();
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            bytes
        })
}

/// The bytes with a few of them changed, taken out, put in, or all after some place cut off.
pub(crate) fn changed(valid: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..8u8);
    (valid, proptest::collection::vec(change, 1..4)).prop_map(|(mut bytes, changes)| {
        for (place, byte, form) in changes {
            let at = place.index(bytes.len() + 1);
            match (form, at < bytes.len()) {
                (0, _) => bytes.truncate(at),
                (1, true) => drop(bytes.remove(at)),
                (2, true) => bytes[at] = byte,
                (3..=5, true) => bytes[at] ^= 1 << (byte & 7),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}
