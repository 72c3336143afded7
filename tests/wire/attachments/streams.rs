// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments as readers and writers.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

use subrosa::attachment::{
    AttachmentEncryptor, AttachmentError, AttachmentKey, AttachmentManifest, AttachmentReader,
    AttachmentWriter, ChunkSize,
};

use crate::attachments::{Sealed, chacha, random, seal, size};

/// How much is read or written at a time, in turn. At 0 it is interrupted.
const LENS: [usize; 6] = [1, 17, 1_023, 0, 65_537, 4_099];

/// A source or target that does as much at a time as [`LENS`] says, and fails once.
struct Awkward<T> {
    inner: T,
    calls: usize,
    /// The number of the call that fails.
    fails: Option<usize>,
}

impl<T> Awkward<T> {
    const fn new(inner: T, fails: Option<usize>) -> Self {
        Self { inner, calls: 0, fails }
    }

    fn len(&mut self, asked: usize) -> io::Result<usize> {
        self.calls += 1;
        if self.fails == Some(self.calls) {
            return Err(ErrorKind::TimedOut.into());
        }
        match LENS[self.calls % LENS.len()] {
            0 => Err(ErrorKind::Interrupted.into()),
            len => Ok(len.min(asked)),
        }
    }
}

impl<R: Read> Read for Awkward<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.len(out.len())?;
        self.inner.read(&mut out[..len])
    }
}

impl<W: Write> Write for Awkward<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let len = self.len(data.len())?;
        self.inner.write(&data[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The error of this crate inside.
fn inside(error: &io::Error) -> Option<AttachmentError> {
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    error.get_ref().unwrap().downcast_ref().copied()
}

/// What can be read, and the error that ends it.
fn read_all(mut reader: impl Read) -> (Vec<u8>, Option<io::Error>) {
    let (mut out, mut buffer) = (Vec::new(), [0; 3_001]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return (out, None),
            Ok(count) => out.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (out, Some(error)),
        }
    }
}

fn reader<R: Read>(sealed: &Sealed, blob: R) -> AttachmentReader<R> {
    AttachmentReader::new(blob, &sealed.key, sealed.manifest.clone()).unwrap()
}

/// 10 MiB, there and back in pieces of all lengths.
#[test]
fn ten_mib_through_writer_and_reader() {
    let plaintext = random(10 << 20);
    let key = AttachmentKey::generate(&mut chacha());
    let blob_len = AttachmentEncryptor::blob_len(plaintext.len() as u64);
    let encryptor = AttachmentEncryptor::new(&key, ChunkSize::for_len(blob_len), &mut chacha());
    let mut writer = AttachmentWriter::new(Awkward::new(Vec::new(), None), encryptor);
    let copied = io::copy(&mut Awkward::new(plaintext.as_slice(), None), &mut writer).unwrap();
    assert_eq!(copied, 10 << 20);
    let (blob, manifest) = writer.finish().unwrap();
    assert_eq!(blob.inner.len() as u64, blob_len);
    let sealed = Sealed { key, plaintext, blob: blob.inner, manifest };

    let (out, error) = read_all(reader(&sealed, Awkward::new(sealed.blob.as_slice(), None)));
    assert!(error.is_none() && out == sealed.plaintext);
    let mut out = Vec::new();
    reader(&sealed, sealed.blob.as_slice()).read_to_end(&mut out).unwrap();
    assert!(out == sealed.plaintext);
}

#[test]
fn reader_ends_only_if_the_blob_is_authentic() {
    let sealed = seal(random(300_000), 1 << 16);
    for len in [0, 15, 16, 100, 65_536, 131_071, sealed.blob.len() - 1] {
        let mut cut = reader(&sealed, &sealed.blob[..len]);
        let (out, error) = read_all(&mut cut);
        assert!(sealed.plaintext.starts_with(&out) && out.len() <= len / 65_536 * 65_536);
        let expected = if len == sealed.blob.len() - 1 {
            AttachmentError::Mismatch
        } else {
            AttachmentError::DataTooShort
        };
        assert_eq!(inside(&error.unwrap()), Some(expected), "{len}");
        assert_eq!(inside(&cut.read(&mut [0]).unwrap_err()), Some(expected), "it stays refused");
    }
    let longer = sealed.blob.as_slice().chain(&[0][..]);
    let (out, error) = read_all(reader(&sealed, longer));
    assert!(sealed.plaintext.starts_with(&out) && out.len() < sealed.plaintext.len());
    assert_eq!(inside(&error.unwrap()), Some(AttachmentError::Mismatch));

    let mut damaged = sealed.blob.clone();
    damaged[70_000] ^= 1;
    let mut spoilt = reader(&sealed, damaged.as_slice());
    let (out, error) = read_all(&mut spoilt);
    assert!(sealed.plaintext.starts_with(&out) && out.len() <= 65_536);
    assert_eq!(inside(&error.unwrap()), Some(AttachmentError::Mismatch));
    assert_eq!(inside(&spoilt.read(&mut [0]).unwrap_err()), Some(AttachmentError::Mismatch));
}

#[test]
fn reader_resumes_after_a_failed_read() {
    let sealed = seal(random(200_000), 1 << 16);
    for fails in [1, 2, 40] {
        let mut reader = reader(&sealed, Awkward::new(sealed.blob.as_slice(), Some(fails)));
        let (mut out, error) = read_all(&mut reader);
        assert_eq!(error.unwrap().kind(), ErrorKind::TimedOut);
        let (rest, error) = read_all(&mut reader);
        out.extend_from_slice(&rest);
        assert!(error.is_none() && out == sealed.plaintext);
    }
}

#[test]
fn writer_with_a_gap_does_not_finish() {
    for fails in [1, 3, 5] {
        let encryptor = AttachmentEncryptor::new(&seal(Vec::new(), 1).key, size(100), &mut chacha());
        let mut writer = AttachmentWriter::new(Awkward::new(Vec::new(), Some(fails)), encryptor);
        assert_eq!(writer.write_all(&random(100_000)).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(writer.write(b"more").unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(writer.finish().map(drop).unwrap_err().kind(), ErrorKind::Other);
    }
}

#[test]
fn flush_reaches_the_inner_writer() {
    let encryptor = AttachmentEncryptor::new(&seal(Vec::new(), 1).key, size(100), &mut chacha());
    let mut writer = AttachmentWriter::new(FailsToFlush, encryptor);
    writer.write_all(b"text").unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::TimedOut);
}

struct FailsToFlush;

impl Write for FailsToFlush {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(ErrorKind::TimedOut.into())
    }
}

/// A source that is another one after it was rewound.
struct Exchanged {
    first: Cursor<Vec<u8>>,
    second: Cursor<Vec<u8>>,
    rewound: bool,
}

impl Read for Exchanged {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.rewound { self.second.read(out) } else { self.first.read(out) }
    }
}

impl Seek for Exchanged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.rewound = to == SeekFrom::Start(5);
        self.first.seek(to)?;
        self.second.seek(to)
    }
}

#[test]
fn blob_without_incremental_mac_is_read_in_two_passes() {
    let sealed = seal(random(500_000), 1);
    let AttachmentManifest { digest, plaintext_len, .. } = sealed.manifest;
    // The blob need not be at the beginning.
    let at_5 = |blob: &[u8]| {
        let mut cursor = Cursor::new([&[9; 5], blob].concat());
        cursor.set_position(5);
        cursor
    };
    let verify = |source| AttachmentReader::verify_first(source, &sealed.key, digest, plaintext_len);
    let (out, error) = read_all(verify(at_5(&sealed.blob)).unwrap());
    assert!(error.is_none() && out == sealed.plaintext);

    let mut damaged = sealed.blob.clone();
    damaged[400_000] ^= 1;
    let refused = |blob: &[u8]| inside(&verify(at_5(blob)).map(drop).unwrap_err());
    assert_eq!(refused(&damaged), Some(AttachmentError::BadMac));
    assert_eq!(refused(&sealed.blob[..65_536]), Some(AttachmentError::BadMac));
    assert_eq!(refused(&sealed.blob[1..]), Some(AttachmentError::Malformed));
    let other = AttachmentReader::verify_first(at_5(&sealed.blob), &sealed.key, [0; 32], plaintext_len);
    assert_eq!(inside(&other.map(drop).unwrap_err()), Some(AttachmentError::BadDigest));

    let (first, second) = (at_5(&sealed.blob), at_5(&damaged));
    let exchanged = Exchanged { first, second, rewound: false };
    let reader = AttachmentReader::verify_first(exchanged, &sealed.key, digest, plaintext_len).unwrap();
    let (out, error) = read_all(reader);
    assert!(sealed.plaintext.starts_with(&out) && out.len() <= 400_000);
    assert_eq!(inside(&error.unwrap()), Some(AttachmentError::Mismatch));
}
