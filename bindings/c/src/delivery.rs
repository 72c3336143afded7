// SPDX-License-Identifier: MIT OR Apache-2.0

//! Delivery to all devices.

use subrosa_binding::{
    Account, Address, Answer, Code, Correction, Delivery, DeviceFailure, DeviceMessage, Each, Error, Session,
    archive, encrypt_each,
};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::memory::{In, Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::give_stage;
use crate::table::{SubrosaHandle, get, give};

pub(crate) fn no_place() -> Error {
    Error::new(Code::InvalidArgument, "there is nothing at that place".into(), None)
}

pub(crate) fn no_number(what: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("no {what} has that number"), None)
}

/// A text for a device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaEach {
    /// The session with the device.
    session: SubrosaHandle,
    /// The text.
    text: SubrosaBytes,
    /// The key that is pinned for the device's account, or null.
    pinned: SubrosaBytes,
}

/// Encrypts for many devices in one call and one stage, of all sessions that could be encrypted on. The output of the
/// stage is for `subrosa_device_message`, `failures` for `subrosa_device_failure`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_encrypt_each(
    all: In<SubrosaEach>,
    count: usize,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
    failures: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        stage.check()?;
        failures.check()?;
        let all = all.list(count)?;
        let sessions = all.iter().map(|each| get::<Session>(each.session)).collect::<Result<Vec<_>, _>>()?;
        let mut list = Vec::with_capacity(count);
        for (each, session) in all.iter().zip(&sessions) {
            list.push(Each { session, text: each.text.read()?, pinned: each.pinned.optional()? });
        }
        let (staged, failed) = encrypt_each(&list, now_ms)?;
        give(failed, &failures)?;
        give_stage(staged, &stage)
    })
}

/// A message for a device.
#[repr(C)]
pub struct SubrosaDeviceMessage {
    /// The device.
    device: u32,
    /// The registration id known to us, for the service to compare.
    registration_id: u32,
    /// The kind of the message.
    kind: u8,
}

/// A message by its place: what it is, the account's name, the bytes, and the identity key that the session is with, 33
/// bytes. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_device_message(
    messages: SubrosaHandle,
    place: usize,
    message: Out<SubrosaDeviceMessage>,
    name: Out<SubrosaBuffer>,
    bytes: Out<SubrosaBuffer>,
    identity_key: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<DeviceMessage>>(messages)?;
        let found = all.get(place).ok_or_else(no_place)?;
        message.put(SubrosaDeviceMessage {
            device: found.address.device,
            registration_id: found.registration_id,
            kind: found.message.kind(),
        })?;
        // All lengths are told, also if one buffer is too small.
        let names = name.fill(found.address.name.as_bytes());
        let wire = bytes.fill(&found.message.bytes());
        identity_key.fill(&found.identity_key)?;
        names.and(wire)
    })
}

/// A message by its place as a message of its own, to be sealed for the identity key by `subrosa_sealed_sender_seal`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_device_message_handle(
    messages: SubrosaHandle,
    place: usize,
    message: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<DeviceMessage>>(messages)?;
        give(all.get(place).ok_or_else(no_place)?.message.clone(), &message)
    })
}

/// A device that could not be encrypted for, by its place: its number, the account's name, and why, as a code and in
/// text. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_device_failure(
    failures: SubrosaHandle,
    place: usize,
    device: Out<u32>,
    code: Out<u32>,
    name: Out<SubrosaBuffer>,
    text: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let all = get::<Vec<DeviceFailure>>(failures)?;
        let found = all.get(place).ok_or_else(no_place)?;
        device.put(found.address.device)?;
        code.put(found.error.code as u32)?;
        let names = name.fill(found.address.name.as_bytes());
        text.fill(found.error.text.as_bytes())?;
        names
    })
}

/// An empty delivery from the device of an account, with at most `attempts` for a recipient; 5 is usual.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_new(
    account: SubrosaHandle,
    attempts: u8,
    delivery: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(Delivery::new(&get::<Account>(account)?.address(), attempts), &delivery))
}

/// Adds an account, with its devices as far as they are known.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_add(
    delivery: SubrosaHandle,
    name: Text,
    devices: In<u32>,
    count: usize,
) -> SubrosaCode {
    call(|| {
        get::<Delivery>(delivery)?.add(name.read()?, &devices.list(count)?);
        Ok(())
    })
}

/// Whether all accounts have got the message, or are given up.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_is_done(delivery: SubrosaHandle, is_done: Out<bool>) -> SubrosaCode {
    call(|| is_done.put(get::<Delivery>(delivery)?.is_done()))
}

/// A device that is still to get the message, by its place. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_address(
    delivery: SubrosaHandle,
    place: usize,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(get::<Delivery>(delivery)?.addresses().get(place), &device, &name))
}

/// An account that is still to get the message, by its place. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_account(
    delivery: SubrosaHandle,
    place: usize,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let accounts = get::<Delivery>(delivery)?.accounts();
        name.fill(accounts.get(place).ok_or_else(no_place)?.as_bytes())
    })
}

pub(crate) fn put_address(
    found: Option<&Address>,
    device: &Out<u32>,
    name: &Out<SubrosaBuffer>,
) -> Result<(), Error> {
    let found = found.ok_or_else(no_place)?;
    device.put(found.device)?;
    name.fill(found.name.as_bytes())
}

/// What the service said about the messages for an account.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaAnswer {
    /// It took them.
    Accepted = 0,
    /// There were no messages for some devices, and some are no more.
    Mismatched = 1,
    /// Some devices were set up anew.
    Stale = 2,
    /// There is no such account.
    UnknownAccount = 3,
}

/// The service's answer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaServiceAnswer {
    /// A number of `SubrosaAnswer`.
    answer: u32,
    /// The missing or stale devices.
    devices: *const u32,
    /// How many these are.
    device_count: usize,
    /// The devices that are no more.
    extra: *const u32,
    /// How many these are.
    extra_count: usize,
}

impl SubrosaServiceAnswer {
    fn plain(&self) -> Result<Answer, Error> {
        let devices = In::of(self.devices).list(self.device_count)?;
        let extra = In::of(self.extra).list(self.extra_count)?;
        match self.answer {
            answer if answer == SubrosaAnswer::Accepted as u32 => Ok(Answer::Accepted),
            answer if answer == SubrosaAnswer::Mismatched as u32 => {
                Ok(Answer::Mismatched { missing: devices, extra })
            }
            answer if answer == SubrosaAnswer::Stale as u32 => Ok(Answer::Stale(devices)),
            answer if answer == SubrosaAnswer::UnknownAccount as u32 => Ok(Answer::UnknownAccount),
            _ => Err(no_number("answer")),
        }
    }
}

/// Takes in the service's answer to an account's messages, and gives the steps before the next attempt. `gave_up` says
/// whether that was the last attempt.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_answered(
    delivery: SubrosaHandle,
    name: Text,
    answer: In<SubrosaServiceAnswer>,
    correction: Out<SubrosaHandle>,
    gave_up: Out<bool>,
) -> SubrosaCode {
    call(|| {
        correction.check()?;
        let steps = get::<Delivery>(delivery)?.answered(name.read()?, &answer.read()?.plain()?);
        gave_up.put(steps.gave_up)?;
        give(steps, &correction)
    })
}

/// A list of a correction.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaCorrectionList {
    /// Devices whose sessions must be archived, by `subrosa_correction_archive`.
    Archive = 0,
    /// Devices that need a session after that.
    Begin = 1,
    /// Devices that are no more: delete their sessions.
    Forget = 2,
}

/// A device in a list of a correction, by its place. `InvalidArgument` after the last one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_correction_address(
    correction: SubrosaHandle,
    list: u32,
    place: usize,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let correction = get::<Correction>(correction)?;
        let list = match list {
            list if list == SubrosaCorrectionList::Archive as u32 => &correction.archive,
            list if list == SubrosaCorrectionList::Begin as u32 => &correction.begin,
            list if list == SubrosaCorrectionList::Forget as u32 => &correction.forget,
            _ => return Err(no_number("list")),
        };
        put_address(list.get(place), &device, &name)
    })
}

/// Archives those of the sessions that a correction names, as one stage.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_correction_archive(
    correction: SubrosaHandle,
    sessions: In<SubrosaHandle>,
    count: usize,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let sessions = sessions.list(count)?;
        let sessions: Vec<Session> = sessions
            .into_iter()
            .map(|session| get::<Session>(session).map(|session| (*session).clone()))
            .collect::<Result<_, _>>()?;
        give_stage(archive(&*get::<Correction>(correction)?, &sessions)?, &stage)
    })
}

/// Leaves an account out from now on.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_delivery_give_up(delivery: SubrosaHandle, name: Text) -> SubrosaCode {
    call(|| {
        get::<Delivery>(delivery)?.give_up(name.read()?);
        Ok(())
    })
}
