// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions.

use subrosa_binding::{Account, Address, Bundle, Session};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::put_address;
use crate::memory::{Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::give_stage;
use crate::table::{SubrosaHandle, get, give};

/// Reads a stored record, for a session of this account with the same device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_from_record(
    record: SubrosaBytes,
    account: SubrosaHandle,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let remote = Address::new(name.read()?, device);
        give(Session::from_record(record.read()?, &*get::<Account>(account)?, &remote)?, &session)
    })
}

/// The record as it is, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_record(session: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Session>(session)?.record()))
}

/// An empty session between two addresses, to move another one to: `subrosa_account_new_session` knows the account's
/// present address alone.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_empty(
    local_name: Text,
    local_device: u32,
    remote_name: Text,
    remote_device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let local = Address::new(local_name.read()?, local_device);
        give(Session::empty(&local, &Address::new(remote_name.read()?, remote_device)), &session)
    })
}

/// Moves all sessions to another address of the same device, or of this one. `to` is what is stored under the new
/// address, or an empty session with it: after the commit it has them all, and `session` has none. `pinned` is the
/// identity key that is pinned for the new name, null if none is. Messages of version 4 between service ids carry both:
/// such sessions are `Bound` to them.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_move_to(
    session: SubrosaHandle,
    account: SubrosaHandle,
    to: SubrosaHandle,
    pinned: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, to) = (get::<Account>(account)?, get::<Session>(to)?);
        give_stage(get::<Session>(session)?.move_to(&account, &to, pinned.optional()?)?, &stage)
    })
}

/// This device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_local(
    session: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<Session>(session)?.local()), &device, &name))
}

/// The remote device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_remote(
    session: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<Session>(session)?.remote()), &device, &name))
}

/// Number of changes that were committed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_generation(session: SubrosaHandle, generation: Out<u64>) -> SubrosaCode {
    call(|| generation.put(get::<Session>(session)?.generation()))
}

/// The version of the current session: 4 (PQXDH), or 3 (X3DH); 0 without one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_version(session: SubrosaHandle, version: Out<u8>) -> SubrosaCode {
    call(|| version.put(get::<Session>(session)?.version().unwrap_or_default()))
}

/// The identity key that the current session is with, 33 bytes; no bytes without one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_remote_identity(
    session: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<Session>(session)?.remote_identity().unwrap_or_default()))
}

/// The registration id of the remote device in the current session; 0 without one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_remote_registration_id(
    session: SubrosaHandle,
    id: Out<u32>,
) -> SubrosaCode {
    call(|| id.put(get::<Session>(session)?.remote_registration_id().unwrap_or_default()))
}

/// Whether a message can be sent; if not, fetch a bundle.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_is_usable(
    session: SubrosaHandle,
    now_ms: u64,
    is_usable: Out<bool>,
) -> SubrosaCode {
    call(|| is_usable.put(get::<Session>(session)?.is_usable(now_ms)))
}

/// Verifies a bundle and begins a session from it. `pinned` is the identity key that is pinned for the peer's account,
/// null at a first contact.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_initiate(
    session: SubrosaHandle,
    account: SubrosaHandle,
    bundle: SubrosaHandle,
    pinned: SubrosaBytes,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, bundle) = (get::<Account>(account)?, get::<Bundle>(bundle)?);
        let staged = get::<Session>(session)?.initiate(&account, &bundle, pinned.optional()?, now_ms)?;
        give_stage(staged, &stage)
    })
}

/// Encrypts a text for the remote device. The output of the stage is a message.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_encrypt(
    session: SubrosaHandle,
    text: SubrosaBytes,
    pinned: SubrosaBytes,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let staged = get::<Session>(session)?.encrypt(text.read()?, pinned.optional()?, now_ms)?;
        give_stage(staged, &stage)
    })
}

/// Archives the current session: the next message begins another one.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_archive(session: SubrosaHandle, stage: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give_stage(get::<Session>(session)?.archive()?, &stage))
}

/// Archives all sessions for good.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_session_retire(session: SubrosaHandle, stage: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give_stage(get::<Session>(session)?.retire()?, &stage))
}
