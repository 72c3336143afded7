// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted.

use subrosa_binding::{Address, Advice, Code, Error, Failure, RepairLog, Resend, ResendRequest, Session};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::memory::{Out, SubrosaBytes, Text};
use crate::stage::give_stage;
use crate::table::{SubrosaHandle, get, give};

pub(crate) fn failure_of(number: u32) -> Result<Failure, Error> {
    match number {
        1 => Ok(Failure::Duplicate),
        2 => Ok(Failure::Undecryptable),
        3 => Ok(Failure::Untrusted),
        _ => Err(Error::new(Code::InvalidArgument, "no failure has that number".into(), None)),
    }
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

/// Whether to show that the message is missing - 1 at once, 2 later, unless it was sent again, 3 not at all - and the
/// request for it; 0 if asking is of no use.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_advice(
    advice: SubrosaHandle,
    show: Out<u32>,
    request: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let advice = get::<Advice>(advice)?;
        show.put(advice.show as u32)?;
        match &advice.ask {
            Some(ask) => give(ask.clone(), &request),
            None => request.put(0),
        }
    })
}

/// An empty repair log for a device of a peer.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_repair_log_new(name: Text, device: u32, log: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(RepairLog::new(&Address::new(name.read()?, device)), &log))
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
