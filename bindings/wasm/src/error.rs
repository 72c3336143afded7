// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors as JavaScript has them.

use js_sys::Error as JsError;
use subrosa_binding::{Code, Error};
use wasm_bindgen::prelude::*;

use crate::object;

#[wasm_bindgen(typescript_custom_section)]
const TYPE: &str = r#"
/** What every call of this package throws. The names of its codes are the same in all languages; `errorCodes()` lists them. */
export interface SubrosaError extends Error {
    readonly name: "SubrosaError";
    /** What went wrong, such as "UntrustedIdentity". */
    readonly code: string;
    /** The number of the code. */
    readonly number: number;
    /** What repair does about a message that was not decrypted: see `Advice.about`. */
    readonly failure?: Failure;
}
"#;

/// The result of a call.
pub type Fallible<T> = Result<T, JsValue>;

/// An error, as an object to throw.
pub fn thrown(error: Error) -> JsValue {
    let thrown = JsError::new(&error.text);
    thrown.set_name("SubrosaError");
    object::set(&thrown, "code", error.code.name());
    object::set(&thrown, "number", error.code as u32);
    if let Some(failure) = error.failure {
        object::set(&thrown, "failure", failure as u32);
    }
    thrown.into()
}

/// An argument that is not what it must be.
pub fn argument(text: &str) -> JsValue {
    thrown(Error::new(Code::InvalidArgument, text.to_owned(), None))
}

/// The names of all error codes, in the order of their numbers.
#[wasm_bindgen(js_name = errorCodes)]
pub fn error_codes() -> Vec<String> {
    Code::ALL.iter().map(|code| code.name().to_owned()).collect()
}
