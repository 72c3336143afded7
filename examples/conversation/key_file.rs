// SPDX-License-Identifier: MIT OR Apache-2.0

//! The file that a device's [`RecordKey`] is in, as 64 hexadecimal digits.
//!
//! It lies beside the store so that the example needs nothing else. A messenger keeps the key apart from the
//! store: in the operating system's key store, or in hardware.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use subrosa::RecordKey;
use zeroize::Zeroizing;

/// Makes the file, which must not be there yet, and waits until it is on the disk.
pub fn write(path: &Path, key: &RecordKey) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(key.as_bytes()))));
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads the file. None if it holds no key.
pub fn read(path: &Path) -> io::Result<Option<RecordKey>> {
    let text = Zeroizing::new(fs::read(path)?);
    let mut key = Zeroizing::new([0; 32]);
    Ok(hex::decode_to_slice(text.trim_ascii_end(), key.as_mut_slice())
        .ok()
        .map(|()| RecordKey::from_bytes(&key)))
}
