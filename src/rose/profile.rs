// SPDX-License-Identifier: MIT OR Apache-2.0

//! The profile that a device is talked to in, and no silent downgrade (rose 30 §7).

use super::card::{Card, SPEAKS_ROSE};
use super::change::Change;
use super::contact::{Trust, Untrusted};
use super::error::BeginError;
use super::known::Known;
use super::session::Session;
use crate::ids::DeviceName;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// Where a card came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardSource {
    /// The service handed it out.
    Service,
    /// The device itself sent it, as content of a session of the Signal profile.
    Peer,
}

/// What a card tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardSeen {
    /// Nothing of the service.
    Expected,
    /// The service had given none of the device, which speaks the profile: it withheld the card. Begin a session of the
    /// rose profile, and send on that of the Signal profile no more.
    CardWithheld,
}

/// The user's leave to begin a session of the Signal profile with one device that speaks rose. It serves once.
#[derive(Debug)]
pub struct DowngradeLeave(DeviceName);

impl DowngradeLeave {
    /// The leave for a device, after the user was asked.
    #[must_use]
    pub const fn for_device(device: DeviceName) -> Self {
        Self(device)
    }
}

impl Session {
    /// Returns whether the device was seen to speak the rose profile.
    #[must_use]
    pub fn speaks_rose(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.profiles & SPEAKS_ROSE != 0)
    }

    /// Checks that a session of the Signal profile may be begun with the device: it was not seen to speak rose, or the
    /// user gave leave. To be asked before each one.
    ///
    /// # Errors
    /// [`BeginError::Downgrade`].
    pub fn allows_signal(&self, leave: Option<DowngradeLeave>) -> Result<(), BeginError> {
        let is_given = leave.is_some_and(|DowngradeLeave(device)| device == self.remote);
        if self.speaks_rose() && !is_given { Err(BeginError::Downgrade) } else { Ok(()) }
    }

    /// Notes a card of the device, and the profiles that it speaks. Each side sends its card within the first messages of
    /// every session of the Signal profile.
    ///
    /// # Errors
    /// [`BeginError`]: `Busy`, `BadCard`, `OtherDevice`, `UntrustedIdentity`, `KemIdentityChanged`.
    pub fn see_card(
        &mut self,
        card: &[u8],
        source: CardSource,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<Staged<'_, CardSeen>, BeginError> {
        self.lease.free()?;
        let card = Card::verify(card).map_err(|_| BeginError::BadCard)?;
        if card.name() != self.remote {
            return Err(BeginError::OtherDevice);
        }
        let contact = trust.check(&card, now).map_err(|untrusted| match untrusted {
            Untrusted::Identity => BeginError::UntrustedIdentity,
            Untrusted::KemIdentity => BeginError::KemIdentityChanged,
        })?;
        let before = self.known.as_ref();
        let is_withheld =
            before.is_none() && source == CardSource::Peer && card.profiles() & SPEAKS_ROSE != 0;
        let seen = if is_withheld { CardSeen::CardWithheld } else { CardSeen::Expected };
        let known = match before {
            Some(known) => Known { profiles: known.profiles | card.profiles(), ..known.clone() },
            None => Known {
                card_hash: card.hash(),
                contact,
                distrusted: false,
                profiles: card.profiles(),
                newest: [0; 2],
            },
        };
        Ok(Staged::of(self, Change::Seen(known), seen))
    }
}
