// SPDX-License-Identifier: MIT OR Apache-2.0

//! The epoch chains of a stored post-quantum ratchet.

use alloc::vec::Vec;
use core::fmt;

use super::chain::KEY_LEN;
use super::limits::StoredLimits;
use super::list;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const DIRECTION: u32 = 1;
const CURRENT_EPOCH: u32 = 2;
const LINKS: u32 = 3;
const NEXT_ROOT: u32 = 4;
const SEND_EPOCH: u32 = 5;
const LIMITS: u32 = 6;

const SEND: u32 = 1;
const RECEIVE: u32 = 2;

const COUNTER: u32 = 1;
const NEXT: u32 = 2;
const PREVIOUS: u32 = 3;

/// The chains of the newest epochs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredEpochChain<'a> {
    /// 0 is A2B, 1 is B2A.
    pub direction: u32,
    /// The epoch of the last link.
    pub current_epoch: u64,
    /// The chains of the epochs, oldest first.
    pub links: Vec<StoredLink<'a>>,
    /// The root of the epoch that comes next, 32 bytes.
    pub next_root: &'a [u8],
    /// The epoch of the newest key for sending.
    pub send_epoch: u64,
    /// The limits.
    pub limits: StoredLimits,
}

impl<'a> Merge<'a> for StoredEpochChain<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                DIRECTION => self.direction = field.uint32()?,
                CURRENT_EPOCH => self.current_epoch = field.uint64()?,
                LINKS => {
                    let link = StoredLink::from_fields(field.message()?)?;
                    list::push(&mut self.links, link, link.receive.next.len() >= KEY_LEN);
                }
                NEXT_ROOT => self.next_root = field.bytes()?,
                SEND_EPOCH => self.send_epoch = field.uint64()?,
                LIMITS => self.limits.merge(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredEpochChain<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(DIRECTION, self.direction);
        out.varint_unless_zero(CURRENT_EPOCH, self.current_epoch);
        for link in &self.links {
            out.message(LINKS, link);
        }
        out.bytes_unless_empty(NEXT_ROOT, self.next_root);
        out.varint_unless_zero(SEND_EPOCH, self.send_epoch);
        out.message(LIMITS, &self.limits);
    }
}

impl fmt::Debug for StoredEpochChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, current_epoch, links, next_root: _, send_epoch, limits } = self;
        write!(f, "StoredEpochChain({direction}, {current_epoch}, {links:?}, {send_epoch}, {limits:?}, ..)")
    }
}

/// The two chains of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredLink<'a> {
    /// For sending.
    pub send: StoredHalf<'a>,
    /// For receiving.
    pub receive: StoredHalf<'a>,
}

impl<'a> Merge<'a> for StoredLink<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                SEND => self.send.merge(field.message()?)?,
                RECEIVE => self.receive.merge(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredLink<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.message(SEND, &self.send);
        out.message(RECEIVE, &self.receive);
    }
}

/// One chain of an epoch.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredHalf<'a> {
    /// The index of the newest key.
    pub counter: u32,
    /// The chain key, 32 bytes; empty once erased.
    pub next: &'a [u8],
    /// Skipped keys in any order, 36 bytes each: the index, big endian, and the key.
    pub previous: &'a [u8],
}

impl<'a> Merge<'a> for StoredHalf<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                COUNTER => self.counter = field.uint32()?,
                NEXT => self.next = field.bytes()?,
                PREVIOUS => self.previous = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredHalf<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(COUNTER, self.counter);
        out.bytes_unless_empty(NEXT, self.next);
        out.bytes_unless_empty(PREVIOUS, self.previous);
    }
}

impl fmt::Debug for StoredHalf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counter, next: _, previous } = self;
        write!(f, "StoredHalf({counter}, {} bytes of skipped keys)", previous.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_links_those_with_a_chain_key_for_receiving_are_kept() {
        let (key, short) = ([7; KEY_LEN], [7; KEY_LEN - 1]);
        let link =
            |next| StoredLink { receive: StoredHalf { next, ..Default::default() }, ..Default::default() };
        let links = [[link(&short); 64], [link(&key); 64], [link(&short); 64]].concat();
        let stored = StoredEpochChain { links, ..StoredEpochChain::default() }.encode_secret();
        let read = StoredEpochChain::from_fields(Fields::new(&stored)).unwrap();
        assert_eq!(read.links, [[link(&short); 64], [link(&key); 64]].concat());
    }
}
