// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tour of `README.md`: what it shows is what `examples/tour` does, and that is taken here.

#![allow(clippy::unwrap_used, clippy::unnecessary_wraps, reason = "a test; and a real store may fail")]

#[path = "../tour/device.rs"]
mod device;
#[path = "../tour/initiator.rs"]
mod initiator;
#[path = "../tour/member.rs"]
mod member;
#[path = "../tour/responder.rs"]
mod responder;
#[path = "../tour/service.rs"]
mod service;
#[path = "../tour/tour.rs"]
mod tour;
#[path = "../tour/verification.rs"]
mod verification;

#[test]
fn the_tour_is_taken() {
    let mut told = Vec::new();
    tour::tour(|line| told.push(line.to_owned())).unwrap();
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn the_readme_shows_each_role() {
    let readme = include_str!("../../README.md");
    for (role, source) in [
        ("initiator", include_str!("../tour/initiator.rs")),
        ("responder", include_str!("../tour/responder.rs")),
        ("member", include_str!("../tour/member.rs")),
        ("service", include_str!("../tour/service.rs")),
        ("verification", include_str!("../tour/verification.rs")),
    ] {
        let (_, imports) = source.split_once("use super::").unwrap();
        let (_, shown) = imports.split_once("\n\n").unwrap();
        assert!(readme.contains(&format!("```rust,ignore\n{shown}```\n")), "README.md shows another {role}");
    }
}
