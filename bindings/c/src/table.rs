// SPDX-License-Identifier: MIT OR Apache-2.0

//! The table of handles.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use subrosa_binding::{Code, Error};

use crate::call::call;
use crate::code::SubrosaCode;
use crate::memory::Out;

/// A handle: an account, session, stage, or other object. 0 is none. A number is never given out twice.
pub type SubrosaHandle = u64;

type Object = Arc<dyn Any + Send + Sync>;

struct Table {
    last: u64,
    objects: BTreeMap<u64, Object>,
}

static TABLE: RwLock<Table> = RwLock::new(Table { last: 0, objects: BTreeMap::new() });

/// Puts an object into the table.
pub(crate) fn insert(object: impl Any + Send + Sync) -> SubrosaHandle {
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    table.last += 1;
    let handle = table.last;
    table.objects.insert(handle, Arc::new(object));
    handle
}

/// Puts an object into the table and gives its handle to the caller.
pub(crate) fn give(object: impl Any + Send + Sync, out: &Out<SubrosaHandle>) -> Result<(), Error> {
    out.check()?;
    out.put(insert(object))
}

/// The object of a handle. It lives on until the call ends, also if another thread frees the handle.
pub(crate) fn get<T: Any + Send + Sync>(handle: SubrosaHandle) -> Result<Arc<T>, Error> {
    let object = TABLE.read().unwrap_or_else(PoisonError::into_inner).objects.get(&handle).cloned();
    object.and_then(|object| object.downcast().ok()).ok_or_else(freed)
}

fn freed() -> Error {
    let text = "the handle was freed, or was never one, or is of another type";
    Error::new(Code::Freed, text.into(), None)
}

/// Frees a handle, whatever it is of, and wipes the secrets behind it unless something else still uses them. A stage
/// that is open is rolled back. Handles may be freed in any order. 0 is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_free(handle: SubrosaHandle) -> SubrosaCode {
    call(|| {
        if handle == 0 {
            return Ok(());
        }
        // Dropped when the table is no longer locked.
        let object = TABLE.write().unwrap_or_else(PoisonError::into_inner).objects.remove(&handle);
        object.map(drop).ok_or_else(freed)
    })
}

/// Frees all handles, for programs that end.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_free_all() -> SubrosaCode {
    call(|| {
        // Dropped when the table is no longer locked.
        let objects = std::mem::take(&mut TABLE.write().unwrap_or_else(PoisonError::into_inner).objects);
        drop(objects);
        Ok(())
    })
}

/// Number of handles that were not freed, for tests.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_handles() -> usize {
    TABLE.read().unwrap_or_else(PoisonError::into_inner).objects.len()
}
