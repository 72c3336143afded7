// SPDX-License-Identifier: MIT OR Apache-2.0

//! What every call does: no panic leaves it, and the text of its error is kept for the thread.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use subrosa_binding::{Code, Error};

use crate::code::SubrosaCode;
use crate::memory::{Out, SubrosaBuffer};

thread_local! {
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Runs a call.
pub(crate) fn call(body: impl FnOnce() -> Result<(), Error>) -> SubrosaCode {
    let outcome = catch_unwind(AssertUnwindSafe(body));
    let panicked =
        |_| Err(Error::new(Code::Panicked, "a defect of this library: please report it".into(), None));
    match outcome.unwrap_or_else(panicked) {
        Ok(()) => SubrosaCode::Ok,
        Err(error) => {
            let code = SubrosaCode::of(error.code);
            LAST.with_borrow_mut(|last| *last = Some(error));
            code
        }
    }
}

/// The text of this thread's last error, in English and without a zero byte at its end: what happened, and what to do.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_error_text(out: Out<SubrosaBuffer>) -> SubrosaCode {
    let text = LAST.with_borrow(|last| last.as_ref().map(|error| error.text.clone()).unwrap_or_default());
    let filled = catch_unwind(AssertUnwindSafe(|| out.fill(text.as_bytes())));
    match filled {
        Ok(Ok(())) => SubrosaCode::Ok,
        Ok(Err(error)) => SubrosaCode::of(error.code),
        Err(_) => SubrosaCode::Panicked,
    }
}

/// What repair does about the message of this thread's last error, for `subrosa_advice_about`: 1 nothing, since it came
/// before; 2 ask the sender; 3 let the user decide about the sender's identity; 0 if it was no error of a message.
#[unsafe(no_mangle)]
pub extern "C" fn subrosa_error_failure() -> u32 {
    LAST.with_borrow(|last| last.as_ref().and_then(|error| error.failure).map_or(0, |failure| failure as u32))
}
