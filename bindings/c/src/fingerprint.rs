// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints.

use subrosa_binding::{Fingerprint, Party};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::memory::{Out, SubrosaBuffer, SubrosaBytes};
use crate::table::{SubrosaHandle, get, give};

/// One side of a conversation.
#[repr(C)]
pub struct SubrosaParty {
    /// The identifier: the 16 bytes of a service id's UUID (version 2), or a phone number in text (version 1).
    identifier: SubrosaBytes,
    /// The identity key, 33 bytes.
    identity_key: SubrosaBytes,
}

impl SubrosaParty {
    fn plain(&self) -> Result<Party, subrosa_binding::Error> {
        let identity_key = self.identity_key.read()?.to_vec();
        Ok(Party { identifier: self.identifier.read()?.to_vec(), identity_key })
    }
}

/// A fingerprint of two sides, by which two people check that nobody is between them. `iterations` of 0 are the 5,200
/// that are deployed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_fingerprint_new(
    version: u32,
    ours: SubrosaParty,
    theirs: SubrosaParty,
    iterations: u32,
    fingerprint: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let iterations = (iterations != 0).then_some(iterations);
        give(Fingerprint::new(version, &ours.plain()?, &theirs.plain()?, iterations)?, &fingerprint)
    })
}

/// The 60 digits that people compare: the same on both sides.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_fingerprint_digits(
    fingerprint: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(get::<Fingerprint>(fingerprint)?.digits().as_bytes()))
}

/// The code to show for scanning.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_fingerprint_scannable(
    fingerprint: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<Fingerprint>(fingerprint)?.scannable()))
}

/// Compares with the code that was scanned off the other's screen: anything but a match is an error.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_fingerprint_compare(
    fingerprint: SubrosaHandle,
    scanned: SubrosaBytes,
) -> SubrosaCode {
    call(|| get::<Fingerprint>(fingerprint)?.compare(scanned.read()?))
}
