// SPDX-License-Identifier: MIT OR Apache-2.0

//! The initiator: begins a session, and writes under seal.

use subrosa::sealed::ContentHint;
use subrosa::{Address, PreKeyBundle, Timestamp, Trust, sealed};

use super::device::{Device, Error, Rng};

/// Begins a session with a device, from the bundle that the service gave out.
pub fn begin(
    me: &mut Device,
    peer: &Address,
    bundle: PreKeyBundle,
    now: Timestamp,
    rng: &mut Rng,
) -> Result<(), Error> {
    // Only a verified bundle begins a session. The identity must be the one that is kept, if one is.
    let kept = me.store.identity(peer);
    let verified = bundle.verify(Trust::on_first_use(kept.as_ref()))?;
    let mut session = me.session(peer)?;
    let staged = session.initiate(&me.account.local(), verified, now, rng)?;
    staged.commit_with(|record, effects| me.store.write_session(peer, record, effects))?;
    Ok(())
}

/// Encrypts a text on the session with a device, and seals it: what the service gets does not say who wrote.
pub fn write(
    me: &mut Device,
    peer: &Address,
    text: &[u8],
    now: Timestamp,
    rng: &mut Rng,
) -> Result<Vec<u8>, Error> {
    let sender =
        sealed::Sender::new(me.account.identity(), &me.certificate)?.with_hint(ContentHint::Resendable);
    let kept = me.store.identity(peer).ok_or("kept since the session was begun")?;
    let mut session = me.session(peer)?;
    let staged = sender.encrypt(&mut session, text, Trust::Pinned(&kept), now, rng)?;
    Ok(staged.commit_with(|record, effects| me.store.write_session(peer, record, effects))?)
}
