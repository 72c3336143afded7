// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our protobuf reader beside prost's, on the same bytes: both refuse, or both read the same.
//!
//! The messages are declared a second time, for prost, in `support/by_prost`, which the fuzz target `protobuf` shares. The bytes are valid messages, valid messages
//! with some bytes changed, fields of all types thrown together, and noise.

mod braid;
mod bytes;
mod messages;
mod sealed;
mod sender_keys;
mod stored;

use bytes::{changed, fields, varint};
use proptest::prelude::*;
use prost::Message;
use subrosa::hazmat::wire::protobuf::{Fields, Malformed, Value};

/// One field of each type that the protocol uses, and a message inside.
#[derive(Clone, PartialEq, Message)]
struct Every {
    #[prost(uint32, optional, tag = "1")]
    uint32: Option<u32>,
    #[prost(int32, optional, tag = "2")]
    int32: Option<i32>,
    #[prost(uint64, optional, tag = "3")]
    uint64: Option<u64>,
    #[prost(fixed64, optional, tag = "4")]
    fixed64: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "5")]
    bytes: Option<Vec<u8>>,
    #[prost(message, optional, boxed, tag = "6")]
    message: Option<Box<Every>>,
    #[prost(bytes = "vec", repeated, tag = "7")]
    repeated: Vec<Vec<u8>>,
}

impl Every {
    /// What [`Message::merge`] does, by our reader.
    fn take_over(&mut self, fields: Fields<'_>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                1 => self.uint32 = Some(field.uint32()?),
                2 => self.int32 = Some(field.int32()?),
                3 => self.uint64 = Some(field.uint64()?),
                4 => self.fixed64 = Some(field.fixed64()?),
                5 => self.bytes = Some(field.bytes()?.to_vec()),
                6 => self.message.get_or_insert_default().take_over(field.message()?)?,
                7 => self.repeated.push(field.bytes()?.to_vec()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Compares the two readers; gives whether they accepted.
fn same(bytes: &[u8]) -> Result<bool, TestCaseError> {
    let theirs = Every::decode(bytes).ok();
    let mut ours = Every::default();
    let ours = ours.take_over(Fields::new(bytes)).is_ok().then_some(ours);
    prop_assert_eq!(&ours, &theirs);
    Ok(theirs.is_some())
}

fn every(levels: u32) -> BoxedStrategy<Every> {
    let message = if levels == 0 {
        Just(None).boxed()
    } else {
        proptest::option::of(every(levels - 1).prop_map(Box::new)).boxed()
    };
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    let scalars = any::<(Option<u32>, Option<i32>, Option<u64>, Option<u64>)>();
    (scalars, proptest::option::of(bytes()), message, proptest::collection::vec(bytes(), 0..3))
        .prop_map(|((uint32, int32, uint64, fixed64), bytes, message, repeated)| Every {
            uint32,
            int32,
            uint64,
            fixed64,
            bytes,
            message,
            repeated,
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn valid_messages(message in every(3)) {
        prop_assert!(same(&message.encode_to_vec())?);
    }

    #[test]
    fn one_message_after_the_other(first in every(3), second in every(3)) {
        prop_assert!(same(&[first.encode_to_vec(), second.encode_to_vec()].concat())?);
    }

    #[test]
    fn changed_messages(bytes in changed(every(3).prop_map(|message| message.encode_to_vec()))) {
        same(&bytes)?;
    }

    #[test]
    fn fields_of_all_types(bytes in fields(12)) {
        same(&bytes)?;
    }

    #[test]
    fn noise(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..64u8], 0..40)) {
        same(&bytes)?;
    }

    #[test]
    fn varints(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(0xFF)], 0..12)) {
        for key in [8, 16, 24, 72] {
            same(&[&[key], &bytes[..]].concat())?;
        }
    }
}

#[test]
fn comparison_can_fail() {
    let message = Every { uint32: Some(1), ..Every::default() };
    let mut ours = Every::default();
    ours.take_over(Fields::new(&[8, 2])).unwrap();
    assert_ne!(ours, message);
}

#[test]
fn field_keys_of_one_and_two_bytes_read_alike() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for tail in [&[][..], &[0], &[0; 4], &[0; 8], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
                same(&[&[first, second], tail].concat()).unwrap();
            }
        }
    }
}

#[test]
fn ten_byte_varints_and_large_keys() {
    for last in 0..=u8::MAX {
        let value = [[0xFF; 9].as_slice(), &[last]].concat();
        same(&[&[8], &value[..]].concat()).unwrap();
        same(&[&value[..], &[0; 9]].concat()).unwrap();
    }
    for key in [u64::from(u32::MAX) - 7, u64::from(u32::MAX), 1 << 32, (1 << 32) + 8, 8, 7, 0] {
        let mut bytes = varint(key);
        bytes.extend_from_slice(&[0; 8]);
        same(&bytes).unwrap();
    }
    // Longer than need be, but the same number.
    assert!(same(&[0x88, 0x80, 0x00, 0x81, 0x00]).unwrap());
}

#[test]
fn lengths_beyond_the_end() {
    for len in [0, 1, 2, 3, 127, 128, u64::from(u32::MAX), 1 << 32, u64::MAX >> 1, u64::MAX] {
        let bytes = [&[0x2A][..], &varint(len), &[7, 7]].concat();
        assert_eq!(same(&bytes).unwrap(), len == 2, "length {len}");
        // Inside a message that ends earlier than the bytes do.
        same(&[&[0x32, 4, 0x2A][..], &varint(len), &[7, 7, 0x2A, 0]].concat()).unwrap();
    }
}

#[test]
fn groups_and_messages_nest_100_deep() {
    let nested = |depth: usize, open: &[u8], inside: &[u8], close: &[u8]| {
        [open.repeat(depth), inside.to_vec(), close.repeat(depth)].concat()
    };
    for depth in 97..=103 {
        for (inside, levels) in [(&[][..], 100), (&[0x08, 1], 99), (&[0x50, 1], 99), (&[0x52, 0], 99)] {
            let group = nested(depth, &[0x53], inside, &[0x54]);
            assert_eq!(same(&group).unwrap(), depth <= levels, "groups, depth {depth}");
        }
        let mut message = vec![0x08, 1];
        for _ in 0..depth {
            message = [vec![0x32], varint(u64::try_from(message.len()).unwrap()), message].concat();
        }
        assert_eq!(same(&message).unwrap(), depth <= 100, "messages, depth {depth}");
    }
}

#[test]
fn groups_inside_messages_share_the_levels() {
    for (messages, groups) in [(50, 49), (50, 50), (50, 51), (3, 96), (3, 97), (3, 98), (99, 1), (99, 2)] {
        let mut bytes = [[0x53].repeat(groups), [0x54].repeat(groups)].concat();
        for _ in 0..messages {
            bytes = [vec![0x32], varint(u64::try_from(bytes.len()).unwrap()), bytes].concat();
        }
        assert_eq!(same(&bytes).unwrap(), messages + groups <= 100, "{messages} messages, {groups} groups");
    }
}

#[test]
fn group_marks_must_match() {
    assert!(same(&[0x53, 0x54]).unwrap());
    assert!(same(&[0x53, 0x5B, 0x5C, 0x54]).unwrap());
    for bytes in [
        &[0x53][..],            // never ends
        &[0x54],                // never began
        &[0x53, 0x5C],          // another number
        &[0x53, 0x5B, 0x54],    // crossing
        &[0x2B, 0x2C],          // a known field
        &[0x2C],                // the end of a known field
        &[0x53, 0x08, 0x54],    // a value eats the end
        &[0x53, 0x00, 0x54],    // field number 0 inside
        &[0x53, 0x56, 0x54],    // wire type 6 inside
        &[0x56, 0],             // wire type 6
        &[0x57, 0],             // wire type 7
        &[0x53, 0x52, 9, 0x54], // a length beyond the end inside
    ] {
        assert!(!same(bytes).unwrap(), "{bytes:02x?}");
    }
}

#[test]
fn group_reads_as_one_field_and_error_ends_iteration() {
    let mut fields = Fields::new(&[0x53, 0x08, 1, 0x54, 0x08, 5, 0x0F, 0x08, 6]);
    let group = fields.next().unwrap().unwrap();
    assert_eq!((group.number, group.value), (10, Value::Group));
    assert_eq!(fields.next().unwrap().unwrap().value, Value::Varint(5));
    assert_eq!(fields.next(), Some(Err(Malformed)));
    assert_eq!(fields.next(), None);
}
