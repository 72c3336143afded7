// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the service has seen, all in all.

use subrosa::sealed::server::SentMessage;
use subrosa::{DeviceId, ServiceId};

use super::answer::short;
use super::client::Client;
use super::failure::{Failure, promised};
use super::protocol::Request;
use super::relay::Relay;
use super::scenes::Stage;

/// What was said in a request that does not say who asks.
#[derive(Clone, Debug)]
pub struct Overheard {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Overheard {
    /// The accounts that it is about: recipients, and those that are left out.
    pub fn about(&self) -> Vec<ServiceId> {
        match Request::parse(&self.head) {
            Ok(Request::Bundles(account, _) | Request::Deliver((account, _), _)) => vec![account],
            Ok(Request::DeliverToMany) => SentMessage::parse(&self.body).map_or_else(
                |_| Vec::new(),
                |sent| sent.recipients().map(|one| one.service_id()).chain(sent.excluded()).collect(),
            ),
            _ => Vec::new(),
        }
    }

    /// Whether these bytes are anywhere in it.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        [&self.head, &self.body].iter().any(|part| part.windows(bytes.len()).any(|window| window == bytes))
    }
}

/// What the service has seen, and of whom nothing must be in it.
#[derive(Debug)]
pub struct Sight {
    pub overheard: Vec<Overheard>,
    pub senders: Vec<Sender>,
}

/// A device, as it would be known again.
#[derive(Debug)]
pub struct Sender {
    pub account: ServiceId,
    /// Its identity key, its certificate, the signature of that, and what it shows the service to receive.
    pub secrets: [Vec<u8>; 4],
}

impl Sender {
    fn of(device: &Client) -> Self {
        let Client { account, certificate, token, .. } = device;
        let identity = account.identity.public().public_key().as_bytes();
        let secrets = [identity, certificate.certificate(), certificate.signature(), &token[..]];
        Self { account: account.id, secrets: secrets.map(<[u8]>::to_vec) }
    }

    fn is_named_in(&self, request: &Overheard) -> bool {
        request.contains(self.account.uuid()) || request.contains(self.account.to_string().as_bytes())
    }
}

impl Sight {
    /// Looks for the senders.
    pub fn check(&self) -> Result<(), Failure> {
        for sender in &self.senders {
            // A request about an account names it. Nobody here writes to themselves, so what a device has sent is
            // among the rest.
            let (about, others): (Vec<_>, Vec<_>) =
                self.overheard.iter().partition(|request| request.about().contains(&sender.account));
            let named = |request: &&Overheard| sender.is_named_in(request);
            promised(!others.iter().any(named), "no message names the account that sent it")?;
            promised(about.iter().all(named), "what is looked for is found where it is")?;
            let shown = |secret: &Vec<u8>| self.overheard.iter().any(|request| request.contains(secret));
            let hidden = !sender.secrets.iter().any(shown);
            promised(hidden, "no message shows its sender's identity, certificate or token")?;
        }
        Ok(())
    }
}

/// Sums up what the service knows of each account, and makes sure that no sender is in it.
pub fn play(stage: &mut Stage<'_>, relay: &Relay) -> Result<Sight, Failure> {
    stage.report.scene("What the service knows in the end")?;
    for device in stage.devices.iter().filter(|device| device.address.device() == DeviceId::PRIMARY) {
        let id = device.account.id;
        let accepted = stage.report.learnt.iter().filter(|learnt| learnt.refused.is_none());
        let (messages, bytes) = accepted.fold((0, 0), |(messages, bytes), learnt| {
            let devices = learnt.devices_of(&id);
            (messages + devices, bytes + devices * learnt.each)
        });
        let id = short(&id);
        let got = format_args!("{id}: received {messages:>2} messages, {bytes:>6} bytes; sent: not known");
        stage.report.note("service", got)?;
    }
    let sight =
        Sight { overheard: relay.overheard(), senders: stage.devices.iter().map(Sender::of).collect() };
    sight.check()?;
    let requests = sight.overheard.len();
    let bytes: usize = sight.overheard.iter().map(|request| request.head.len() + request.body.len()).sum();
    stage.report.line(format_args!(
        "\nIn {requests} requests of {bytes} bytes there is no sender's name, identity key, certificate or token."
    ))?;
    stage
        .report
        .line("Not hidden: who receives, how much and when, and from where on the network it comes.")?;
    Ok(sight)
}
