// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tour of `README.md`: what it shows is what `examples/tour` does, and that is taken here.

#![allow(clippy::unwrap_used, clippy::unnecessary_wraps, reason = "a test; and a real store may fail")]

#[path = "../examples/tour/device.rs"]
mod device;
#[path = "../examples/tour/initiator.rs"]
mod initiator;
#[path = "../examples/tour/member.rs"]
mod member;
#[path = "../examples/tour/responder.rs"]
mod responder;
#[path = "../examples/tour/service.rs"]
mod service;
#[path = "../examples/tour/tour.rs"]
mod tour;
#[path = "../examples/tour/verification.rs"]
mod verification;

#[test]
fn the_tour_is_taken() {
    let mut told = Vec::new();
    tour::tour(|line| told.push(line.to_owned())).unwrap();
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn the_readme_shows_each_role() {
    let readme = include_str!("../README.md");
    for (role, source) in [
        ("initiator", include_str!("../examples/tour/initiator.rs")),
        ("responder", include_str!("../examples/tour/responder.rs")),
        ("member", include_str!("../examples/tour/member.rs")),
        ("service", include_str!("../examples/tour/service.rs")),
        ("verification", include_str!("../examples/tour/verification.rs")),
    ] {
        let (_, imports) = source.split_once("use super::").unwrap();
        let (_, shown) = imports.split_once("\n\n").unwrap();
        assert!(readme.contains(&format!("```rust,ignore\n{shown}```\n")), "README.md shows another {role}");
    }
}
