// SPDX-License-Identifier: MIT OR Apache-2.0

//! All that the service has seen, searched for a sender.

use subrosa::DeviceId;
use subrosa::address::AccountName;
use subrosa::sealed::server::SentMessage;

use super::Error;
use super::client::Client;
use super::protocol::{Request, short};
use super::relay::Relay;
use super::scenes::Stage;

/// An anonymous request.
#[derive(Clone, Debug)]
pub struct Overheard {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Overheard {
    /// The accounts that it is about: recipients, and those that are left out.
    fn about(&self) -> Vec<AccountName> {
        match Request::parse(&self.head) {
            Ok(Request::Bundles(account, _)) => vec![account],
            Ok(Request::Deliver(to, _)) => vec![to.name().clone()],
            Ok(Request::DeliverToMany) => SentMessage::parse(&self.body).map_or_else(
                |_| Vec::new(),
                |sent| {
                    let named = sent.recipients().map(|one| one.service_id()).chain(sent.excluded());
                    named.map(AccountName::from).collect()
                },
            ),
            _ => Vec::new(),
        }
    }

    /// Whether these bytes are anywhere in it.
    fn contains(&self, bytes: &[u8]) -> bool {
        [&self.head, &self.body].iter().any(|part| part.windows(bytes.len()).any(|window| window == bytes))
    }
}

/// Whether a request holds its sender: a device's identity key, its certificate, the signature of that, its token; or
/// the account's id, in a request that is not about this account. Nobody here writes to themselves.
fn names_sender(request: &Overheard, device: &Client) -> bool {
    let Client { account, certificate, token, .. } = device;
    let identity = account.identity_key().public_key().as_bytes();
    let secrets = [identity, certificate.certificate(), certificate.signature(), &token[..]];
    let id = device.person.id;
    let names = request.contains(id.uuid()) || request.contains(id.to_string().as_bytes());
    secrets.iter().any(|secret| request.contains(secret))
        || names && !request.about().contains(account.address().name())
}

/// Sums up the service's knowledge of each account, and makes sure that no sender is in it.
pub fn play(stage: &mut Stage<'_>, relay: &Relay) -> Result<(), Error> {
    stage.report.scene("What the service knows in the end")?;
    for device in stage.devices.iter().filter(|device| device.address().device() == DeviceId::PRIMARY) {
        let name = device.address().name();
        let accepted = stage.report.learnt.iter().filter(|learnt| learnt.refused.is_none());
        let (messages, bytes) = accepted.fold((0, 0), |(messages, bytes), learnt| {
            let devices = learnt.devices_of(name);
            (messages + devices, bytes + devices * learnt.each)
        });
        let got =
            format!("{}: received {messages:>2} messages, {bytes:>6} bytes; sent: unknown", short(name));
        stage.report.note("service", got)?;
    }
    let overheard = relay.overheard();
    for device in &stage.devices {
        let hidden = !overheard.iter().any(|request| names_sender(request, device));
        stage
            .report
            .check(hidden, "no request holds its sender's name, identity key, certificate or token")?;
        let planted = [&b"before"[..], device.certificate.as_bytes(), b"after"].concat();
        let planted = Overheard { head: vec![7], body: planted };
        stage.report.check(names_sender(&planted, device), "the search finds a sender that is there")?;
    }
    let bytes: usize = overheard.iter().map(|request| request.head.len() + request.body.len()).sum();
    stage.report.line(format_args!(
        "\nIn {} requests of {bytes} bytes there is no sender's name, identity key, certificate or token.",
        overheard.len()
    ))?;
    stage
        .report
        .line("Not hidden: who receives, how much and when, and from where on the network it comes.")?;
    let checks = stage.report.checks;
    stage.report.line(format_args!("{checks} checks: every promise was kept."))?;
    Ok(())
}
