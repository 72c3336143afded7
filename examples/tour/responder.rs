// SPDX-License-Identifier: MIT OR Apache-2.0

//! The responder: opens an envelope, and learns who wrote together with what.

use subrosa::repair::Failure;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::TrustStore;
use subrosa::{Address, LocalDevice, Timestamp, Trust, sealed};

use super::device::{Device, Error, Rng};

/// Receives an envelope with a message of a session, and stores what was said. A first message begins the
/// session, and uses up the account's prekeys that it names.
pub fn receive(
    me: &mut Device,
    envelope: &[u8],
    authority: &TrustStore<'_>,
    now: Timestamp,
    rng: &mut Rng,
) -> Result<Address, Error> {
    let opened = UnverifiedContent::open(envelope, me.account.identity())?;
    let content = opened.verify(authority, &LocalDevice::new(&me.address), now)?;
    let from = content.sender().address();
    let sealed::Body::Session(message) = content.message()? else {
        return Err("not a message of a session".into());
    };
    let mut session = me.session(&from)?;
    let kept = me.store.identity(&from);
    let trust = Trust::on_first_use(kept.as_ref());
    match message.receive_with(&mut me.account, &mut session, trust, rng) {
        // One transaction: the session, the used prekeys, and the text, since it does not decrypt again.
        Ok(staged) => drop(staged.commit_with(|staged| me.store.write_received(&from, staged))?),
        Err(error) => {
            // Whether to show that something is missing, and what to ask the sender for.
            let advice = content.advice(Failure::from(&error), now);
            return Err(format!("{error}; {:?}, asks: {}", advice.show, advice.ask.is_some()).into());
        }
    }
    Ok(from)
}
