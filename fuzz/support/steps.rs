// SPDX-License-Identifier: MIT OR Apache-2.0

//! Steps of a schedule for two devices.

use arbitrary::{Result, Unstructured};

use super::device::{KemOffer, Offer, Table};
use super::simulation::{Fate, Side, Step};

pub fn step(u: &mut Unstructured<'_>) -> Result<Step> {
    Ok(match u.int_in_range(0..=21u8)? {
        0..=5 => Step::Send(side(u)?, fate(u)?),
        6..=10 => Step::Deliver { to: side(u)?, which: u.arbitrary()?, keep: u.ratio(1, 4)?, fate: fate(u)? },
        11 => Step::Drop(side(u)?, u.arbitrary()?),
        12 => Step::Damage { to: side(u)?, which: u.arbitrary()?, at: u.arbitrary()?, bit: u.arbitrary()? },
        13 | 14 => Step::Initiate(side(u)?, offer(u)?, fate(u)?),
        15 => Step::Archive(side(u)?, fate(u)?),
        16 => Step::Restart(side(u)?),
        17 => Step::Forget(side(u)?),
        18 => Step::Rotate(side(u)?),
        19 => Step::Move(side(u)?),
        20 => Step::Talk { turns: if u.ratio(1, 8)? { 50 } else { u.int_in_range(1..=8)? } },
        _ => Step::Wait { days: *u.choose(&[1, 29, 30, 31])? },
    })
}

pub fn side(u: &mut Unstructured<'_>) -> Result<Side> {
    u.choose(&Side::BOTH).copied()
}

pub fn offer(u: &mut Unstructured<'_>) -> Result<Offer> {
    let kem = *u.choose(&[KemOffer::OneTime, KemOffer::LastResort, KemOffer::None])?;
    Ok(Offer { one_time: u.arbitrary()?, kem })
}

fn fate(u: &mut Unstructured<'_>) -> Result<Fate> {
    const TABLES: [Table; 5] =
        [Table::Sessions, Table::Identities, Table::OneTimePreKeys, Table::KemPreKeys, Table::KemUses];
    Ok(match u.int_in_range(0..=15u8)? {
        0 => Fate::CrashBefore,
        1 => Fate::CrashAfter,
        2 => Fate::Fails(*u.choose(&TABLES)?),
        3 => Fate::StoredApart,
        _ => Fate::Stored,
    })
}
