// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the crate brings along, as far as `deny.toml` does not say it: macros, `unsafe` code, compilers. Reads `cargo
//! metadata` with all features and for all platforms. `docs/supply-chain.md` says what that covers, and what it does not.
//!
//! `cargo update --dry-run; cargo test --test project -- supply_chain:: --include-ignored` also asks what the registry's index
//! says about the versions of `Cargo.lock`.

mod index;
mod metadata;
mod unsafe_code;

use metadata::{Graph, Package};

/// Procedural macros: programs that write part of what is compiled.
const MACROS: &[&str] = &["curve25519-dalek-derive", "thiserror-impl", "zeroize_derive"];

/// Packages with a `links` key that link nothing.
const LINKS_NOTHING: &[&str] = &["rayon-core"];

/// Fails with everything that is wrong, one a line.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// That `found` and the first fields of `listed` are the same.
fn agrees(what: &str, found: &[&str], listed: &[&str]) {
    let unknown =
        found.iter().filter(|name| !listed.contains(name)).map(|name| format!("{what}: {name} is new"));
    let gone =
        listed.iter().filter(|name| !found.contains(name)).map(|name| format!("{what}: {name} is gone"));
    none(&unknown.chain(gone).collect::<Vec<_>>());
}

fn names<'a>(packages: &[&'a Package], which: impl Fn(&Package) -> bool) -> Vec<&'a str> {
    packages.iter().filter(|package| which(package)).map(|package| package.name.as_str()).collect()
}

#[test]
fn what_runs_while_it_is_built_is_known() {
    let graph = Graph::read();
    let shipped = graph.shipped();
    agrees("procedural macro", &names(&shipped, |package| package.procedural_macro), MACROS);
    agrees("links a library", &names(&shipped, |package| package.links), LINKS_NOTHING);
}

/// More of it, or less, is read by a person first.
#[test]
fn unsafe_code_of_dependencies_is_listed() {
    let mut listed = unsafe_code::listed();
    let graph = Graph::read();
    let mut wrong = Vec::new();
    for package in graph.shipped() {
        let found = unsafe_code::count(&package.sources);
        let known = listed.remove(&package.to_string()).unwrap_or(0);
        if found != known {
            wrong.push(format!("{package}: {found} times `unsafe`, not {known}"));
        }
    }
    wrong.extend(listed.keys().map(|gone| format!("{gone}: listed in docs/unsafe.md, and not there")));
    none(&wrong);
}

#[test]
fn dependencies_are_taken_without_default_features() {
    let wrong: Vec<String> = Graph::read()
        .direct()
        .iter()
        .filter(|dependency| dependency.defaults && !dependency.optional)
        .map(|dependency| format!("{}: default features are on", dependency.name))
        .collect();
    none(&wrong);
}

/// `rust-version` would be a promise that the tree breaks.
#[test]
fn no_dependency_asks_for_a_newer_compiler() {
    let graph = Graph::read();
    let ours = graph.ours().compiler.expect("the manifest has a rust-version");
    let wrong: Vec<String> = graph
        .shipped()
        .iter()
        .filter(|package| package.compiler.is_some_and(|theirs| theirs > ours))
        .map(|package| format!("{package}: asks for {:?}", package.compiler))
        .collect();
    none(&wrong);
}

#[test]
#[ignore = "reads the registry's index, as cargo left it on this machine"]
fn no_version_was_yanked() {
    let graph = Graph::read();
    let (mut wrong, mut unknown) = (Vec::new(), 0);
    for package in graph.all() {
        match index::lookup(&package.name, &package.version) {
            Some(entry) if entry.yanked => wrong.push(format!("{package}: yanked")),
            Some(_) => {}
            None => unknown += 1,
        }
    }
    println!("{} packages, {unknown} of them not in the index on this machine", graph.all().len());
    none(&wrong);
    assert_eq!(unknown, 0, "`cargo update --dry-run` fetches the index");
}

/// Not a verdict: a small crate can be done. What is maintained is for a person to say.
#[test]
#[ignore = "reads the registry's index, as cargo left it on this machine"]
fn when_each_shipped_package_last_had_a_release() {
    let graph = Graph::read();
    let mut dates: Vec<(String, String)> = graph
        .shipped()
        .iter()
        .filter_map(|package| Some((index::last_release(&package.name)?, package.to_string())))
        .collect();
    dates.sort();
    for (date, package) in &dates {
        println!("{} {package}", date.get(..10).unwrap_or(date));
    }
    assert!(!dates.is_empty(), "`cargo update --dry-run` fetches the index");
}
