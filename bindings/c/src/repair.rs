// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted.

use subrosa_binding::{Address, Advice, Error, Failure, RepairLog, Resend, ResendRequest, Session, Show};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::no_number;
use crate::memory::{Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::give_stage;
use crate::table::{SubrosaHandle, get, give};

pub(crate) fn failure_of(number: u32) -> Result<Failure, Error> {
    match number {
        number if number == SubrosaFailure::Duplicate as u32 => Ok(Failure::Duplicate),
        number if number == SubrosaFailure::Undecryptable as u32 => Ok(Failure::Undecryptable),
        number if number == SubrosaFailure::Untrusted as u32 => Ok(Failure::Untrusted),
        _ => Err(no_number("failure")),
    }
}

/// What repair does about a message that was not decrypted: what `subrosa_error_failure` says, and 0 for no message.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaFailure {
    /// It came before: nothing.
    Duplicate = 1,
    /// The sender is asked to send it again.
    Undecryptable = 2,
    /// The user decides about the sender's identity.
    Untrusted = 3,
}

/// Whether a message that was not decrypted is shown to the user as missing: what `subrosa_advice` says.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum SubrosaShow {
    /// At once.
    Now = 1,
    /// Later, unless it was sent again.
    IfNotSentAgain = 2,
    /// Not at all.
    Never = 3,
}

/// Advises about a message of this kind and these bytes that came without an envelope and was not decrypted, from this
/// device and with this timestamp of the service. `failure` is what `subrosa_error_failure` said.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_advice_about(
    failure: u32,
    kind: u8,
    message: SubrosaBytes,
    timestamp_ms: u64,
    device: u32,
    advice: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let bytes = message.read()?;
        give(Advice::about(failure_of(failure)?, (kind, bytes), timestamp_ms, device)?, &advice)
    })
}

/// Whether to show that the message is missing, a number of `SubrosaShow`, and the request for it; 0 if asking is of no
/// use.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_advice(
    advice: SubrosaHandle,
    show: Out<u32>,
    request: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let advice = get::<Advice>(advice)?;
        let number = match advice.show {
            Show::Now => SubrosaShow::Now,
            Show::IfNotSentAgain => SubrosaShow::IfNotSentAgain,
            Show::Never => SubrosaShow::Never,
        };
        show.put(number as u32)?;
        match &advice.ask {
            Some(ask) => give(ask.clone(), &request),
            None => request.put(0),
        }
    })
}

/// What to send as a request, not encrypted, but in an envelope if there is one. It is the output of
/// `subrosa_repair_log_ask`, too, which limits how often it is sent.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_resend_request_message(
    request: SubrosaHandle,
    message: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(get::<ResendRequest>(request)?.message(), &message))
}

/// An empty repair log for a device of a peer.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_new(name: Text, device: u32, log: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(RepairLog::new(&Address::new(name.read()?, device)), &log))
}

/// Reads a stored record, for the same peer.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_from_record(
    record: SubrosaBytes,
    name: Text,
    device: u32,
    log: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(RepairLog::from_record(record.read()?, &Address::new(name.read()?, device))?, &log))
}

/// The record as it is.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_record(log: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<RepairLog>(log)?.record()))
}

/// Notes a request, if it may be made now. The output of the stage is the message to send.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_ask(
    log: SubrosaHandle,
    request: SubrosaHandle,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<RepairLog>(log)?.ask(&*get::<ResendRequest>(request)?, now_ms)?, &stage))
}

/// Answers a peer's request, if that may be done now. `request` are the bytes of a message of kind 8. The output of the
/// stage is for `subrosa_resend`.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_answer(
    log: SubrosaHandle,
    session: SubrosaHandle,
    request: SubrosaBytes,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let session = get::<Session>(session)?;
        give_stage(get::<RepairLog>(log)?.answer(&session, request.read()?, now_ms)?, &stage)
    })
}

/// What to do about a peer's request: the timestamp of the message to send again, whether to begin a new session first,
/// and whether it may have been a message of a group.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_resend(
    resend: SubrosaHandle,
    timestamp_ms: Out<u64>,
    reset: Out<bool>,
    group: Out<bool>,
) -> SubrosaCode {
    call(|| {
        let resend = get::<Resend>(resend)?;
        timestamp_ms.put(resend.timestamp_ms)?;
        reset.put(resend.reset)?;
        group.put(resend.group)
    })
}
