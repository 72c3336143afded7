// SPDX-License-Identifier: MIT OR Apache-2.0

//! The caller's memory. All that reads or writes it is here.
//!
//! The types have no constructor in Rust: they come from a caller in C, who promises what each says.

use std::ffi::{CStr, c_char};
use std::ptr::NonNull;
use std::slice;

use subrosa_binding::{Code, Error};

/// Bytes of the caller's, which are read during the call alone. `data` may be null if `length` is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaBytes {
    /// The first byte.
    data: *const u8,
    /// Number of bytes; they are readable and do not change during the call.
    length: usize,
}

impl SubrosaBytes {
    pub(crate) fn read(&self) -> Result<&[u8], Error> {
        if self.length == 0 {
            return Ok(&[]);
        }
        let data = NonNull::new(self.data.cast_mut()).ok_or_else(|| null("bytes"))?;
        if isize::try_from(self.length).is_err() {
            return Err(Error::new(Code::InvalidArgument, "more bytes than memory has".into(), None));
        }
        // SAFETY: not null, not too long, and the caller promises that so many bytes are readable and unchanged for as
        // long as the call takes, in which this slice ends.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), self.length) })
    }

    /// Bytes that may be left out: null is none.
    pub(crate) fn optional(&self) -> Result<Option<&[u8]>, Error> {
        if self.data.is_null() && self.length == 0 { Ok(None) } else { self.read().map(Some) }
    }
}

/// A text of the caller's in UTF-8, which ends with a zero byte and is read during the call alone.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text(*const c_char);

impl Text {
    pub(crate) fn read(&self) -> Result<&str, Error> {
        self.optional()?.ok_or_else(|| null("a text"))
    }

    /// A text that may be left out: null is none.
    pub(crate) fn optional(&self) -> Result<Option<&str>, Error> {
        if self.0.is_null() {
            return Ok(None);
        }
        // SAFETY: not null, and the caller promises that a zero byte ends it and that it does not change for as long as
        // the call takes.
        let text = unsafe { CStr::from_ptr(self.0) };
        let utf8 = |_| Error::new(Code::InvalidArgument, "a text is not UTF-8".into(), None);
        text.to_str().map(Some).map_err(utf8)
    }
}

/// A place of the caller's that a result is written to.
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Fails for null, before anything is done.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.is_null() { Err(null("a place for the result")) } else { Ok(()) }
    }

    pub(crate) fn put(&self, value: T) -> Result<(), Error> {
        self.check()?;
        // SAFETY: not null, and the caller promises an aligned place for a `T` that nobody else uses during the call.
        // What lies there is overwritten without being read: it may be anything.
        unsafe { self.0.write(value) };
        Ok(())
    }
}

/// Values of the caller's that are read during the call alone.
#[repr(transparent)]
pub struct In<T>(*const T);

impl<T> In<T> {
    /// What the caller put into a field of a structure, with the same promise.
    pub(crate) const fn of(field: *const T) -> Self {
        Self(field)
    }
}

impl<T: Copy> In<T> {
    pub(crate) fn read(&self) -> Result<T, Error> {
        if self.0.is_null() {
            return Err(null("a structure"));
        }
        // SAFETY: not null, and the caller promises an aligned value of the type, which does not change during the call.
        Ok(unsafe { self.0.read() })
    }

    /// `count` values; none may be null.
    pub(crate) fn list(&self, count: usize) -> Result<Vec<T>, Error> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if self.0.is_null()
            || count.checked_mul(size_of::<T>()).is_none_or(|len| isize::try_from(len).is_err())
        {
            return Err(null("a list"));
        }
        // SAFETY: not null, not longer than memory, and the caller promises `count` aligned values, which do not change
        // during the call.
        Ok(unsafe { slice::from_raw_parts(self.0, count) }.to_vec())
    }
}

/// A buffer of the caller's, for bytes that come out. Set `data` and `capacity`; each call sets `length`. If there is
/// more than `capacity`, nothing is written, `length` says how much there is, and the call fails with
/// `BufferTooSmall`; so `data` may be null with a `capacity` of 0 to ask for the length.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaBuffer {
    /// The first byte.
    data: *mut u8,
    /// Number of bytes that may be written there.
    capacity: usize,
    /// Number of bytes that there were.
    length: usize,
}

impl Out<SubrosaBuffer> {
    pub(crate) fn fill(&self, bytes: &[u8]) -> Result<(), Error> {
        self.check()?;
        // SAFETY: not null, and the caller has set all fields of an aligned structure that nobody else uses during the
        // call.
        let buffer = unsafe { self.0.read() };
        self.put(SubrosaBuffer { length: bytes.len(), ..buffer })?;
        if bytes.len() > buffer.capacity {
            return Err(Error::new(Code::BufferTooSmall, format!("{} bytes are needed", bytes.len()), None));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let data = NonNull::new(buffer.data).ok_or_else(|| null("a buffer"))?;
        // SAFETY: not null, and the caller promises `capacity` writable bytes that nobody else uses during the call;
        // there are not more here. `bytes` is memory of ours, so the two do not overlap.
        unsafe { data.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }
}

fn null(what: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("{what} is null"), None)
}
