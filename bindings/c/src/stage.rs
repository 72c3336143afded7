// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stages.

use subrosa_binding::{Account, DeviceMessage, Error, Outgoing, Resend, Stage, Store, Upload, Write};
use zeroize::Zeroizing;

use crate::call::call;
use crate::code::SubrosaCode;
use crate::delivery::no_place;
use crate::memory::{Out, SubrosaBuffer};
use crate::table::{SubrosaHandle, get, give, insert};

/// An output that gets a handle.
pub(crate) trait Output: Sized + Send + Sync + 'static {
    fn handle(self) -> SubrosaHandle {
        insert(self)
    }
}

impl Output for Account {}
impl Output for Outgoing {}
impl Output for Upload {}
impl Output for Resend {}
impl Output for Vec<DeviceMessage> {}

impl Output for () {
    fn handle(self) -> SubrosaHandle {
        0
    }
}

/// Bytes that came out, wiped when they are freed.
pub(crate) struct Bytes(pub(crate) Zeroizing<Vec<u8>>);

impl Output for Vec<u8> {
    fn handle(self) -> SubrosaHandle {
        insert(Bytes(Zeroizing::new(self)))
    }
}

impl Output for Zeroizing<Vec<u8>> {
    fn handle(self) -> SubrosaHandle {
        insert(Bytes(self))
    }
}

/// A stage of any output.
trait Any: Send + Sync {
    fn writes(&self) -> Result<Vec<Write>, Error>;
    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error>;
    fn output(&self) -> Result<SubrosaHandle, Error>;
    fn commit(&self) -> Result<SubrosaHandle, Error>;
    fn commit_to(&self, store: &Store) -> Result<SubrosaHandle, Error>;
    fn roll_back(&self);
    fn is_open(&self) -> bool;
}

impl<T: Output> Any for Stage<T> {
    fn writes(&self) -> Result<Vec<Write>, Error> {
        Self::writes(self)
    }
    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.writes_bytes()
    }
    fn output(&self) -> Result<SubrosaHandle, Error> {
        Ok(self.output_for_the_same_transaction()?.handle())
    }
    fn commit(&self) -> Result<SubrosaHandle, Error> {
        Ok(Self::commit(self)?.handle())
    }
    fn commit_to(&self, store: &Store) -> Result<SubrosaHandle, Error> {
        Ok(store.commit(self)?.handle())
    }
    fn roll_back(&self) {
        Self::roll_back(self);
    }
    fn is_open(&self) -> bool {
        Self::is_open(self)
    }
}

struct AnyStage(Box<dyn Any>);

/// Gives a stage to the caller.
pub(crate) fn give_stage<T: Output>(stage: Stage<T>, out: &Out<SubrosaHandle>) -> Result<(), Error> {
    give(AnyStage(Box::new(stage)), out)
}

/// Number of writes of a stage. All of them belong into one transaction.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_write_count(stage: SubrosaHandle, count: Out<usize>) -> SubrosaCode {
    call(|| count.put(get::<AnyStage>(stage)?.0.writes()?.len()))
}

/// A write of a stage.
#[repr(C)]
pub struct SubrosaWrite {
    /// Whether the row is deleted; otherwise a record is put.
    deletes: bool,
    /// Whether the record is that of a state and has a generation.
    has_generation: bool,
    /// The generation: the row in the store must have the one before, or be absent for 1. If it has not, refuse the whole
    /// transaction.
    generation: u64,
}

/// A write of a stage by its place, its row's key, and the record to put, which holds secrets.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_write(
    stage: SubrosaHandle,
    place: usize,
    write: Out<SubrosaWrite>,
    key: Out<SubrosaBuffer>,
    record: Out<SubrosaBuffer>,
) -> SubrosaCode {
    call(|| {
        let found = writes_of(stage)?.into_iter().nth(place).ok_or_else(no_place)?;
        put_write(found, &write, &key, &record)
    })
}

pub(crate) fn writes_of(stage: SubrosaHandle) -> Result<Vec<Write>, Error> {
    get::<AnyStage>(stage)?.0.writes()
}

#[allow(clippy::needless_pass_by_value, reason = "it is wiped here")]
pub(crate) fn put_write(
    found: Write,
    write: &Out<SubrosaWrite>,
    key: &Out<SubrosaBuffer>,
    record: &Out<SubrosaBuffer>,
) -> Result<(), Error> {
    write.put(SubrosaWrite {
        deletes: found.record.is_none(),
        has_generation: found.generation.is_some(),
        generation: found.generation.unwrap_or_default(),
    })?;
    // Both lengths are told, also if one buffer is too small.
    let keys = key.fill(&found.key);
    record.fill(found.record.as_ref().map_or(&[][..], |record| record))?;
    keys
}

/// Whether a stage was neither committed nor rolled back.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_is_open(stage: SubrosaHandle, is_open: Out<bool>) -> SubrosaCode {
    call(|| is_open.put(get::<AnyStage>(stage)?.0.is_open()))
}

/// All writes of a stage in bytes, for a store that takes them so.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_writes(stage: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<AnyStage>(stage)?.0.bytes()?))
}

/// The output of a stage, to be stored in the transaction of the writes and for nothing else.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_output_for_the_same_transaction(
    stage: SubrosaHandle,
    output: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        output.check()?;
        output.put(get::<AnyStage>(stage)?.0.output()?)
    })
}

/// Makes the change and gives the output, 0 if there is none. The writes must be stored durably. The stage is closed
/// then, and still to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_commit(stage: SubrosaHandle, output: Out<SubrosaHandle>) -> SubrosaCode {
    call(|| {
        output.check()?;
        output.put(get::<AnyStage>(stage)?.0.commit()?)
    })
}

/// Stores the writes in a store in memory, commits, and gives the output.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_commit_to(
    stage: SubrosaHandle,
    store: SubrosaHandle,
    output: Out<SubrosaHandle>,
) -> SubrosaCode {
    call(|| {
        output.check()?;
        output.put(get::<AnyStage>(stage)?.0.commit_to(&*get::<Store>(store)?)?)
    })
}

/// Drops the change. Nothing happens if the stage is closed.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_stage_roll_back(stage: SubrosaHandle) -> SubrosaCode {
    call(|| {
        get::<AnyStage>(stage)?.0.roll_back();
        Ok(())
    })
}

/// The bytes of a text, an envelope, or whatever else came out as bytes.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_bytes(bytes: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Bytes>(bytes)?.0))
}

/// The kind of a message, which travels beside its bytes: 2 a message of a session, 3 one that can begin a session, 7 of
/// a group, 8 not encrypted.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_message_kind(message: SubrosaHandle, kind: Out<u8>) -> SubrosaCode {
    call(|| kind.put(get::<Outgoing>(message)?.kind()))
}

/// The bytes of a message.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_message_bytes(message: SubrosaHandle, out: Out<SubrosaBuffer>) -> SubrosaCode {
    call(|| out.fill(&get::<Outgoing>(message)?.bytes()))
}
