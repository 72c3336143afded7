// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts.

use subrosa_binding::{Account, AccountOptions, Address, Session, Upload};
use zeroize::Zeroizing;

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::put_address;
use crate::memory::{Out, SubrosaBuffer, SubrosaBytes, Text};
use crate::stage::{Bytes, give_stage};
use crate::table::{SubrosaHandle, get, give};

/// Settings of an account. Not stored: given whenever an account is made or read. Begin with
/// `subrosa_account_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SubrosaAccountOptions {
    /// Number of one-time prekeys of each kind that are made at once. 100.
    batch: u32,
    /// Stock below which new ones are made. 20.
    low: u32,
    /// The highest prekey id. 2^24 - 1.
    max_id: u32,
    /// Whether the account has no KEM prekeys, for deployments of version 3. No.
    no_kem_pre_keys: bool,
    /// Whether sessions of version 3 may be begun. No.
    allow_version_3: bool,
    /// Whether a session is begun with one-time prekeys or not at all. No.
    require_one_time: bool,
    /// Length in bytes of the longest message that is received, without its envelope. 262,144.
    message_len: u32,
    /// Number of messages that one from another device of the own account may skip. 1,048,576.
    own_jump: u32,
}

impl SubrosaAccountOptions {
    pub(crate) const fn plain(&self) -> AccountOptions {
        AccountOptions {
            batch: self.batch,
            low: self.low,
            kem_pre_keys: !self.no_kem_pre_keys,
            max_id: self.max_id,
            allow_version_3: self.allow_version_3,
            require_one_time: self.require_one_time,
            message_len: self.message_len,
            own_jump: self.own_jump,
        }
    }
}

/// The usual settings.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_options() -> SubrosaAccountOptions {
    let usual = AccountOptions::default();
    SubrosaAccountOptions {
        batch: usual.batch,
        low: usual.low,
        max_id: usual.max_id,
        no_kem_pre_keys: !usual.kem_pre_keys,
        allow_version_3: usual.allow_version_3,
        require_one_time: usual.require_one_time,
        message_len: usual.message_len,
        own_jump: usual.own_jump,
    }
}

/// A new account, without prekeys yet. The output of the stage is the account.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_generate(
    name: Text,
    device: u32,
    options: SubrosaAccountOptions,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(Account::generate(&Address::new(name.read()?, device), &options.plain())?, &stage))
}

/// The address of this device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_address(
    account: SubrosaHandle,
    device: Out<u32>,
    name: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| put_address(Some(&get::<Account>(account)?.address()), &device, &name))
}

/// Moves the account to another address of this device: from a telephone number to a service id, say. After the commit
/// this handle is at the new address. Sessions and the keys of groups move by themselves, with a stage each: store the
/// writes of all of them in one transaction, then commit each.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_move_to(
    account: SubrosaHandle,
    name: Text,
    device: u32,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<Account>(account)?.move_to(&Address::new(name.read()?, device))?, &stage))
}

/// The public identity key, 33 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_identity_key(
    account: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<Account>(account)?.identity_key()))
}

/// The registration id.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_registration_id(account: SubrosaHandle, id: Out<u32>) -> SubrosaCode {
    call(|| id.put(get::<Account>(account)?.registration_id()))
}

/// Number of changes that were committed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_generation(account: SubrosaHandle, generation: Out<u64>) -> SubrosaCode {
    call(|| generation.put(get::<Account>(account)?.generation()))
}

/// An empty session with another device.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_new_session(
    account: SubrosaHandle,
    name: Text,
    device: u32,
    session: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(get::<Account>(account)?.new_session(&Address::new(name.read()?, device)), &session))
}

/// All the upkeep that is due: every day, and when the service says that keys run low. `one_time` and `one_time_kem`
/// are its stock; times are milliseconds since 1970. The output of the stage is an upload.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_maintain(
    account: SubrosaHandle,
    one_time: u32,
    one_time_kem: u32,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<Account>(account)?.maintain(one_time, one_time_kem, now_ms)?, &stage))
}

/// Notes that the service has an upload.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_confirm_uploaded(
    account: SubrosaHandle,
    upload: SubrosaHandle,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let staged = get::<Account>(account)?.confirm_uploaded(&*get::<Upload>(upload)?, now_ms)?;
        give_stage(staged, &stage)
    })
}

/// What the service has not confirmed yet.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_upload(account: SubrosaHandle, upload: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| give(get::<Account>(account)?.upload(), &upload))
}

/// The token to keep elsewhere, by which `subrosa_account_is_restored` tells; 36 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_backup_token(
    account: SubrosaHandle,
    out: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| out.fill(&get::<Account>(account)?.backup_token()))
}

/// Whether the store was restored from a backup since the token was kept.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_is_restored(
    account: SubrosaHandle,
    token: SubrosaBytes,
    is_restored: Out<bool>,
) -> SubrosaCode {
    call(|| is_restored.put(get::<Account>(account)?.is_restored(token.read()?)?))
}

/// Makes all prekeys anew, after a restore. The token may be null. The output of the stage is an upload.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_recover(
    account: SubrosaHandle,
    token: SubrosaBytes,
    now_ms: u64,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give_stage(get::<Account>(account)?.recover(token.optional()?, now_ms)?, &stage))
}

/// Decrypts a message of a session, first or later. `pinned` is the identity key that is pinned for the sender, null at a
/// first contact. The output of the stage is the text, as bytes: store it in the transaction of the writes, since the
/// message can't be decrypted again.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_receive(
    account: SubrosaHandle,
    session: SubrosaHandle,
    kind: u8,
    message: SubrosaBytes,
    pinned: SubrosaBytes,
    stage: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        let (account, session) = (get::<Account>(account)?, get::<Session>(session)?);
        give_stage(account.receive(&session, kind, message.read()?, pinned.optional()?)?, &stage)
    })
}

/// Signs bytes with the identity key; 64 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_account_sign(
    account: SubrosaHandle,
    bytes: SubrosaBytes,
    signature: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| give(Bytes(Zeroizing::new(get::<Account>(account)?.sign(bytes.read()?))), &signature))
}
