// SPDX-License-Identifier: MIT OR Apache-2.0

//! Plain objects of JavaScript.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, argument};

pub fn set(object: &JsValue, name: &str, value: impl Into<JsValue>) {
    // Fails for frozen objects and proxies alone; these are new.
    drop(Reflect::set(object, &name.into(), &value.into()));
}

pub fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

pub fn bytes(object: &JsValue, name: &str) -> Fallible<Vec<u8>> {
    optional_bytes(object, name)?.ok_or_else(|| argument(&format!("{name} is missing")))
}

pub fn optional_bytes(object: &JsValue, name: &str) -> Fallible<Option<Vec<u8>>> {
    let Some(value) = get(object, name) else { return Ok(None) };
    match value.dyn_into::<Uint8Array>() {
        Ok(array) => Ok(Some(array.to_vec())),
        Err(_) => Err(argument(&format!("{name} is not a Uint8Array"))),
    }
}

pub fn number(object: &JsValue, name: &str) -> Fallible<u32> {
    optional_number(object, name)?.ok_or_else(|| argument(&format!("{name} is missing")))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
pub fn optional_number(object: &JsValue, name: &str) -> Fallible<Option<u32>> {
    let Some(value) = get(object, name) else { return Ok(None) };
    match value.as_f64() {
        Some(number) if number >= 0.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0 => {
            Ok(Some(number as u32))
        }
        _ => Err(argument(&format!("{name} is not a whole number of 32 bits"))),
    }
}

/// A time, in milliseconds since 1970, as `Date.now()` gives it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
pub fn millis(now: f64) -> Fallible<u64> {
    // 2^53 is in the year 287396.
    match now {
        now if (0.0..=9_007_199_254_740_991.0).contains(&now) => Ok(now as u64),
        _ => Err(argument("not a time in milliseconds since 1970")),
    }
}

/// A count that a JavaScript number holds.
#[allow(clippy::cast_precision_loss, reason = "beyond 2^53 nothing is counted")]
pub const fn count(count: u64) -> f64 {
    count as f64
}
