// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments encrypted and decrypted in pieces, with buffers, of any lengths.

use subrosa::attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentError, AttachmentKey, AttachmentManifest,
    AttachmentVerifier,
};

/// How data is cut: the lengths of pieces and of buffers, in turn, and for ever. None is 0.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    pub pieces: &'a [usize],
    pub buffers: &'a [usize],
}

impl Cut<'_> {
    /// The pieces of `data`.
    pub fn pieces<'d>(&self, mut data: &'d [u8]) -> impl Iterator<Item = &'d [u8]> {
        let mut lens = self.pieces.iter().cycle();
        std::iter::from_fn(move || {
            let len = (*lens.next().unwrap()).min(data.len());
            data.split_off(..len).filter(|piece| !piece.is_empty())
        })
    }

    fn buffers(&self) -> impl Iterator<Item = Vec<u8>> {
        self.buffers.iter().cycle().map(|len| vec![0; *len])
    }
}

pub fn encrypt(
    mut encryptor: AttachmentEncryptor,
    plaintext: &[u8],
    cut: Cut<'_>,
) -> (Vec<u8>, AttachmentManifest) {
    let (mut blob, mut buffers) = (Vec::new(), cut.buffers());
    for mut piece in cut.pieces(plaintext) {
        while !piece.is_empty() {
            let mut buffer = buffers.next().unwrap();
            let written = encryptor.update(&mut piece, &mut buffer);
            assert!(piece.is_empty() || written == buffer.len(), "it stops for a reason");
            blob.extend_from_slice(&buffer[..written]);
        }
    }
    let mut end = encryptor.finish();
    loop {
        let mut buffer = buffers.next().unwrap();
        match end.read(&mut buffer) {
            0 => return (blob, end.manifest().unwrap()),
            written => blob.extend_from_slice(&buffer[..written]),
        }
    }
}

/// What comes out, and the error that ends it.
pub fn decrypt(
    key: &AttachmentKey,
    manifest: &AttachmentManifest,
    blob: &[u8],
    cut: Cut<'_>,
) -> (Vec<u8>, Option<AttachmentError>) {
    let mut decryptor = AttachmentDecryptor::new(key, manifest.clone()).unwrap();
    let (mut out, mut buffers) = (Vec::new(), cut.buffers());
    for mut piece in cut.pieces(blob) {
        while !piece.is_empty() {
            let mut buffer = buffers.next().unwrap();
            match decryptor.update(&mut piece, &mut buffer) {
                Ok(written) => out.extend_from_slice(&buffer[..written]),
                Err(error) => {
                    assert!(buffer.iter().all(|byte| *byte == 0), "nothing is written before an error");
                    assert_eq!(decryptor.update(&mut piece, &mut buffer), Err(error), "it stays refused");
                    assert_eq!(decryptor.finish().map(drop), Err(error), "it stays refused");
                    return (out, Some(error));
                }
            }
        }
    }
    match decryptor.finish() {
        Ok(end) => out.extend_from_slice(&end),
        Err(error) => return (out, Some(error)),
    }
    (out, None)
}

/// The manifest that a verifier makes of a blob.
pub fn verify(
    mut verifier: AttachmentVerifier,
    blob: &[u8],
    cut: Cut<'_>,
) -> Result<AttachmentManifest, AttachmentError> {
    cut.pieces(blob).for_each(|piece| verifier.update(piece));
    verifier.finish()
}
