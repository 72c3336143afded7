// SPDX-License-Identifier: MIT OR Apache-2.0

//! How much memory it takes, whatever the length.

use std::io::{self, Write};

use subrosa::attachment::{AttachmentEncryptor, AttachmentReader, AttachmentVerifier, AttachmentWriter};

use crate::attachments::{chacha, random, seal, size};
use crate::counting::peak_of;

const CHUNK: usize = 1 << 16;

/// A few chunks at most, and of MACs so many for each chunk: a list that grows is there twice, with room for as many
/// again.
const fn allowed(len: usize) -> usize {
    4 * CHUNK + 3 * 32 * (len / CHUNK + 2)
}

#[test]
fn memory_is_bounded_by_one_chunk() {
    for len in [1, 1 << 20, 32 << 20] {
        let sealed = seal(random(len), CHUNK as u32);
        let (key, blob, manifest) = (&sealed.key, &sealed.blob, &sealed.manifest);
        let allowed = allowed(blob.len());

        let (written, peak) = peak_of(|| {
            let encryptor = AttachmentEncryptor::new(key, size(CHUNK as u32), &mut chacha());
            let mut writer = AttachmentWriter::new(io::sink(), encryptor);
            writer.write_all(&sealed.plaintext).unwrap();
            writer.finish().unwrap().1
        });
        assert_eq!(written, *manifest);
        assert!(peak <= allowed, "{peak} bytes to encrypt {len}");

        let (read, peak) = peak_of(|| {
            let mut reader = AttachmentReader::new(blob.as_slice(), key, manifest.clone()).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
        assert_eq!(read, len as u64);
        assert!(peak <= allowed, "{peak} bytes to decrypt {len}");

        let (verified, peak) = peak_of(|| {
            let mut verifier = AttachmentVerifier::new(key, manifest.digest, len as u64);
            verifier.update(blob);
            verifier.finish().unwrap()
        });
        assert_eq!(verified.digest, manifest.digest);
        assert!(peak <= allowed, "{peak} bytes to verify {len}");
    }
}
