// SPDX-License-Identifier: MIT OR Apache-2.0

//! The service's knowledge of a message that is handed in.

use std::fmt;
use std::time::Duration;

use subrosa::address::AccountName;
use subrosa::sealed::server::SentMessage;
use subrosa::{Address, DeviceId};

use super::protocol::{Refusal, list, short};

/// The service's knowledge of a message. This is all: there is no field for a sender, and nothing to fill it
/// from.
#[derive(Debug)]
pub struct Learnt {
    /// When it came, since the service began.
    at: Duration,
    /// Which kind of envelope.
    form: &'static str,
    /// How long it is, in bytes.
    len: usize,
    recipients: Vec<(AccountName, Vec<DeviceId>)>,
    /// Accounts that the sender knows of and leaves out.
    excluded: Vec<AccountName>,
    /// How many bytes each device is to receive.
    pub each: usize,
    /// Why it was refused, if it was.
    pub refused: Option<Refusal>,
}

impl Learnt {
    /// Of a message for one device.
    pub fn of_one(at: Duration, to: &Address, message: &[u8]) -> Self {
        let form = match message.first().map(|first| first >> 4) {
            Some(0 | 1) => "v1",
            Some(2) => "v2 part",
            _ => "unknown",
        };
        let (len, recipients) = (message.len(), vec![(to.name().clone(), vec![to.device()])]);
        Self { at, form, len, recipients, excluded: Vec::new(), each: len, refused: None }
    }

    /// Of a message for many.
    pub fn of_many(at: Duration, bytes: &[u8], sent: Option<&SentMessage<'_>>) -> Self {
        let mut learnt = Self {
            at,
            form: if sent.is_some() { "v2" } else { "unknown" },
            len: bytes.len(),
            recipients: Vec::new(),
            excluded: Vec::new(),
            each: 0,
            refused: None,
        };
        if let Some(sent) = sent {
            for recipient in sent.recipients() {
                let devices = recipient.devices().map(|(device, _)| device).collect();
                learnt.recipients.push((recipient.service_id().into(), devices));
                learnt.each = recipient.received().total_len();
            }
            learnt.excluded = sent.excluded().map(AccountName::from).collect();
        }
        learnt
    }

    /// How many devices of an account it is for.
    pub fn devices_of(&self, account: &AccountName) -> usize {
        let of_account = self.recipients.iter().filter(|(id, _)| id == account);
        of_account.map(|(_, devices)| devices.len()).sum()
    }
}

/// The columns, in the order in which [`Learnt`] shows them.
pub const COLUMNS: &str =
    "   time  form     bytes  accounts and devices           devices  each gets  sender";

impl fmt::Display for Learnt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = |(account, devices): &(_, Vec<_>)| format!("{}.{}", short(account), list(devices));
        let mut to: Vec<_> = self.recipients.iter().map(to).collect();
        to.extend(self.excluded.iter().map(|account| format!("not {}", short(account))));
        let devices: usize = self.recipients.iter().map(|(_, devices)| devices.len()).sum();
        let (to, millis) = (to.join("  "), self.at.as_millis());
        let Self { form, len, each, .. } = self;
        write!(f, "{millis:>4} ms  {form:<7} {len:>6}  {to:<30} {devices:>7} {each:>10}  unknown")
    }
}
