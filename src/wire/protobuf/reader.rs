// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading fields.

use core::fmt;

/// Greatest depth of nested messages and groups.
const RECURSION_LIMIT: u8 = 100;

/// The wire type that ends a group.
const END_GROUP: u8 = 4;

/// The bytes are not a protobuf message, or a field does not have the type that the message gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protobuf encoding was invalid")]
pub struct Malformed;

/// The value of a field, as far as the wire format shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Wire type 0: int32, int64, uint32, uint64, bool, enum.
    Varint(u64),
    /// Wire type 1: fixed64, double. Eight bytes, little endian.
    Fixed64(u64),
    /// Wire type 2: bytes, string, nested message.
    Bytes(&'a [u8]),
    /// Wire types 3 and 4: a group, whose content was checked and skipped. No known message has one.
    Group,
    /// Wire type 5: fixed32, float. Four bytes, little endian.
    Fixed32(u32),
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The kind only: stored records hold keys.
        f.write_str(match self {
            Self::Varint(_) => "Varint(..)",
            Self::Fixed64(_) => "Fixed64(..)",
            Self::Bytes(_) => "Bytes(..)",
            Self::Group => "Group",
            Self::Fixed32(_) => "Fixed32(..)",
        })
    }
}

/// One field: its number and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The field number, from 1 to 2^29 − 1.
    pub number: u32,
    /// The value.
    pub value: Value<'a>,
    levels_left: u8,
}

impl<'a> Field<'a> {
    /// The value of a uint32 field: the low 32 bits of the varint.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not varint.
    pub const fn uint32(self) -> Result<u32, Malformed> {
        match self.value {
            Value::Varint(value) => {
                let [a, b, c, d, ..] = value.to_le_bytes();
                Ok(u32::from_le_bytes([a, b, c, d]))
            }
            _ => Err(Malformed),
        }
    }

    /// The value of an int32 field: the low 32 bits of the varint, in two's complement.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not varint.
    pub const fn int32(self) -> Result<i32, Malformed> {
        match self.uint32() {
            Ok(value) => Ok(value.cast_signed()),
            Err(error) => Err(error),
        }
    }

    /// The value of a uint64 field.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not varint.
    pub const fn uint64(self) -> Result<u64, Malformed> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(Malformed),
        }
    }

    /// The value of a fixed64 field.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not fixed64.
    pub const fn fixed64(self) -> Result<u64, Malformed> {
        match self.value {
            Value::Fixed64(value) => Ok(value),
            _ => Err(Malformed),
        }
    }

    /// The value of a bytes field.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not length-delimited.
    pub const fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self.value {
            Value::Bytes(value) => Ok(value),
            _ => Err(Malformed),
        }
    }

    /// The fields of a nested message.
    ///
    /// # Errors
    /// [`Malformed`] if the wire type is not length-delimited, or messages are nested more than 100 deep.
    pub fn message(self) -> Result<Fields<'a>, Malformed> {
        let levels_left = self.levels_left.checked_sub(1).ok_or(Malformed)?;
        self.bytes().map(|rest| Fields { rest, levels_left })
    }
}

/// Iterates over the fields of a message, in the order in which they come.
///
/// A field may come several times: of a single one the last occurrence counts, a nested message is merged. Unknown
/// fields are skipped. After an error the iterator is empty.
#[derive(Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
    levels_left: u8,
}

impl<'a> Fields<'a> {
    /// The fields of the message `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, levels_left: RECURSION_LIMIT }
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rest, levels_left: _ } = self;
        write!(f, "Fields({} bytes left)", rest.len())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = read_field(&mut self.rest, self.levels_left);
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// A message whose fields can be read one after the other.
pub trait Merge<'a>: Default {
    /// Takes the fields over. Present values stay, unless a field comes again: a nested message is merged, a repeated
    /// field goes on, anything else is replaced.
    ///
    /// # Errors
    /// [`Malformed`].
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed>;

    /// Reads a message from its fields.
    ///
    /// # Errors
    /// [`Malformed`].
    fn from_fields(fields: Fields<'a>) -> Result<Self, Malformed> {
        let mut message = Self::default();
        message.merge(fields)?;
        Ok(message)
    }
}

fn read_field<'a>(rest: &mut &'a [u8], levels_left: u8) -> Result<Field<'a>, Malformed> {
    let (number, wire_type) = read_key(rest)?;
    let value = read_value(rest, number, wire_type, levels_left)?;
    Ok(Field { number, value, levels_left })
}

/// Field number and wire type.
fn read_key(rest: &mut &[u8]) -> Result<(u32, u8), Malformed> {
    let key = u32::try_from(read_varint(rest)?).map_err(|_| Malformed)?;
    let [low, ..] = key.to_le_bytes();
    match key >> 3 {
        0 => Err(Malformed),
        number => Ok((number, low & 7)),
    }
}

fn read_value<'a>(
    rest: &mut &'a [u8],
    number: u32,
    wire_type: u8,
    levels_left: u8,
) -> Result<Value<'a>, Malformed> {
    match wire_type {
        0 => read_varint(rest).map(Value::Varint),
        1 => read_array(rest).map(|bytes| Value::Fixed64(u64::from_le_bytes(bytes))),
        2 => read_bytes(rest).map(Value::Bytes),
        3 => skip_group(rest, number, levels_left).map(|()| Value::Group),
        5 => read_array(rest).map(|bytes| Value::Fixed32(u32::from_le_bytes(bytes))),
        _ => Err(Malformed),
    }
}

/// Skips a group up to the end mark with its `number`. As in prost, a field inside costs a level even if it nests
/// nothing.
fn skip_group(rest: &mut &[u8], number: u32, levels_left: u8) -> Result<(), Malformed> {
    let levels_inside = levels_left.checked_sub(1).ok_or(Malformed)?;
    loop {
        let (inner, wire_type) = read_key(rest)?;
        if wire_type == END_GROUP {
            return if inner == number { Ok(()) } else { Err(Malformed) };
        }
        if levels_inside == 0 {
            return Err(Malformed);
        }
        read_value(rest, inner, wire_type, levels_inside)?;
    }
}

/// A varint of up to ten bytes; the tenth has room for one bit.
fn read_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..=63).step_by(7) {
        let [byte] = read_array(rest)?;
        if shift == 63 && byte > 1 {
            return Err(Malformed);
        }
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

fn read_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (array, tail) = rest.split_first_chunk().ok_or(Malformed)?;
    *rest = tail;
    Ok(*array)
}

fn read_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(read_varint(rest)?).map_err(|_| Malformed)?;
    let (bytes, tail) = rest.split_at_checked(len).ok_or(Malformed)?;
    *rest = tail;
    Ok(bytes)
}
