// SPDX-License-Identifier: MIT OR Apache-2.0

//! Frames on a connection: a length in four bytes, big endian, and as many bytes.

use std::io::{self, IoSlice, Read, Write};

/// The longest frame that is read, in bytes. A v2 message of this size has some 4,900 recipients.
pub const MAX_LEN: u32 = 256 * 1024;

/// Reads a frame. One that claims to be too long is refused, and memory is taken for received bytes only.
pub fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    stream.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len);
    if len > MAX_LEN {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut frame = Vec::new();
    stream.take(len.into()).read_to_end(&mut frame)?;
    if frame.len() == len as usize { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes the parts as one frame, from where they are: none is copied.
pub fn write(stream: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?.to_be_bytes();
    let mut slices = vec![IoSlice::new(&len)];
    slices.extend(parts.iter().map(|part| IoSlice::new(part)));
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        match stream.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
