// SPDX-License-Identifier: MIT OR Apache-2.0

//! Generates the sources for Python, Kotlin and Swift.

fn main() {
    uniffi::uniffi_bindgen_main();
}
