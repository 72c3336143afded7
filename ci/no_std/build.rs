// SPDX-License-Identifier: MIT OR Apache-2.0

//! How the binary is linked: with nothing of the system's.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let arguments: &[&str] = match target.as_str() {
        "x86_64-unknown-linux-gnu" => &["-nostartfiles", "-nodefaultlibs", "-static", "-no-pie"],
        "thumbv7em-none-eabihf" => &["--nmagic", &format!("-T{folder}/cortex_m.ld")],
        "wasm32-unknown-unknown" => {
            &["--no-entry", "--export=converse", "--export=heap_peak", "--export=__stack_pointer"]
        }
        _ => &[],
    };
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=cortex_m.ld");
}
