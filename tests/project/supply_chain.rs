// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the crate brings along: licences, versions, origins, and code that runs while it is built. Reads `cargo metadata`
//! with all features and for all platforms. `docs/supply-chain.md` says what that covers, and what it does not.
//!
//! `cargo update --dry-run; cargo test --test project -- supply_chain:: --include-ignored` also asks what the registry's index
//! says about the versions of `Cargo.lock`.

mod index;
mod licence;
mod metadata;
mod unsafe_code;

use std::collections::BTreeMap;

use metadata::{Graph, Package};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Licences that a program which links the crate can be under, whatever its own is.
const SHIPPED_LICENCES: &[&str] = &["Apache-2.0", "BSD-3-Clause", "MIT", "Unicode-3.0"];

/// Packages of which a program that links the crate compiles two versions.
const TWO_VERSIONS: &[(&str, &str)] =
    &[("syn", "behind derive macros only, which move to version 3 one after the other")];

/// Packages with a build script, and what it does. None may run a compiler of another language, read the network, or
/// look for what is installed.
const BUILD_SCRIPTS: &[(&str, &str)] = &[
    ("crossbeam-deque", "only with `parallel`; a switch for ThreadSanitizer"),
    ("crossbeam-epoch", "only with `parallel`; a switch for ThreadSanitizer"),
    ("crossbeam-utils", "only with `parallel`; which atomics the target has"),
    ("curve25519-dalek", "picks word size and backend from the target and from `--cfg`"),
    ("getrandom", "the operating system's backend with `os-rng`, none without; a switch for MemorySanitizer"),
    ("libc", "which version of the target's C library is meant"),
    ("libcrux-intrinsics", "picks SIMD from the target, and from LIBCRUX_* variables"),
    ("libcrux-ml-kem", "picks SIMD from the target, and from LIBCRUX_* variables"),
    ("libcrux-sha3", "picks SIMD from the target, and from LIBCRUX_* variables"),
    ("proc-macro2", "what the compiler can do"),
    ("quote", "what the compiler can do"),
    ("rayon-core", "only with `parallel`; nothing, it is there for `links`"),
    ("thiserror", "what the compiler can do"),
];

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
fn whoever_links_the_crate_is_bound_by_no_copyleft() {
    let graph = Graph::read();
    let wrong: Vec<String> = graph
        .shipped()
        .iter()
        .filter(|package| !licence::allows(&package.licence, SHIPPED_LICENCES))
        .map(|package| format!("{package}: {}", package.licence))
        .collect();
    none(&wrong);
}

/// Tests and benchmarks are not handed on, but whoever works on the crate compiles and runs what they need.
#[test]
fn whoever_tests_the_crate_is_bound_by_no_copyleft() {
    let wrong: Vec<String> = Graph::read()
        .all()
        .iter()
        .filter(|package| !licence::allows(&package.licence, &[SHIPPED_LICENCES, &["ISC"]].concat()))
        .map(|package| format!("{package}: {}", package.licence))
        .collect();
    none(&wrong);
}

#[test]
fn each_package_comes_once() {
    let graph = Graph::read();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in graph.shipped() {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let twice: Vec<&str> = versions.iter().filter(|(_, all)| all.len() > 1).map(|(name, _)| *name).collect();
    agrees("more than one version", &twice, &TWO_VERSIONS.map_names());
}

#[test]
fn everything_comes_from_the_registry_with_a_checksum() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let wrong: Vec<String> = lock
        .split("[[package]]")
        .skip(1)
        .filter(|entry| !entry.contains("\nname = \"subrosa") && !entry.contains("\nname = \"x25519-batch\""))
        .filter(|entry| !entry.contains(CRATES_IO) || !entry.contains("\nchecksum = \""))
        .map(|entry| entry.trim().replace('\n', ", "))
        .collect();
    none(&wrong);
}

#[test]
fn what_runs_while_it_is_built_is_known() {
    let graph = Graph::read();
    let shipped = graph.shipped();
    agrees("build script", &names(&shipped, |package| package.build_script), &BUILD_SCRIPTS.map_names());
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

trait MapNames {
    fn map_names(&self) -> Vec<&str>;
}

impl MapNames for [(&str, &str)] {
    fn map_names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| *name).collect()
    }
}
