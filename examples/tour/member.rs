// SPDX-License-Identifier: MIT OR Apache-2.0

//! A member of a group: one message for all, encrypted once.

use subrosa::group::{DistributionId, DistributionMessage, SenderKey};
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::TrustStore;
use subrosa::{Address, LocalDevice, Session, Timestamp, sealed};

use super::device::{Device, Error, Rng};

/// Makes a sender key for a group. What comes out is sent to each member's devices, on the sessions with them.
pub fn found(me: &mut Device, group: DistributionId, rng: &mut Rng) -> Result<Vec<u8>, Error> {
    let key = SenderKey::generate(group, rng);
    me.store.write_sender_key(group, &key.record())?;
    Ok(key.distribution().to_vec())
}

/// Takes up another member's key, which came on the session with that very device.
pub fn learn(me: &mut Device, from: &Address, distribution: &[u8]) -> Result<DistributionId, Error> {
    let message = DistributionMessage::parse(distribution)?;
    let group = message.format().distribution_id().ok_or("the older format")?;
    let mut keys = me.store.receiver_keys(from, group)?;
    keys.process(&message)?.commit_with(|record, ()| me.store.write_receiver_keys(from, group, record))?;
    Ok(group)
}

/// Says something to the group: one upload for all devices of all members.
pub fn say(
    me: &mut Device,
    group: DistributionId,
    text: &[u8],
    members: &[Vec<Session>],
    rng: &mut Rng,
) -> Result<Vec<u8>, Error> {
    let mut key = me.store.sender_key(group)?;
    let message =
        key.encrypt(text, rng)?.commit_with(|record, ()| me.store.write_sender_key(group, record))?;
    let sender = sealed::Sender::new(me.account.identity(), &me.certificate)?.with_group_id(b"our group");
    let recipients: Vec<sealed::Recipient<'_>> =
        members.iter().map(sealed::Recipient::of_sessions).collect::<Result<_, _>>()?;
    Ok(sender.seal_for_many(&message, &recipients, &[], rng)?.bytes)
}

/// Hears what another member said, and stores it.
pub fn hear(
    me: &mut Device,
    envelope: &[u8],
    authority: &TrustStore<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    let opened = UnverifiedContent::open(envelope, me.account.identity())?;
    let content = opened.verify(authority, &LocalDevice::new(&me.address), now)?;
    let sealed::Body::Group(bytes) = content.message()? else { return Err("not for a group".into()) };
    let (from, message) = (content.sender().address(), SenderKeyMessage::parse(bytes)?);
    let group = message.format().distribution_id().ok_or("the older format")?;
    let mut keys = me.store.receiver_keys(&from, group)?;
    keys.decrypt(&message)?.commit_with_received(|record, (), text| {
        me.store.inbox.push((from.clone(), String::from_utf8_lossy(text).into_owned()));
        me.store.write_receiver_keys(&from, group, record)
    })?;
    Ok(())
}
