// SPDX-License-Identifier: MIT OR Apache-2.0

//! The public interface, listed in `docs/api.txt`: a change of it is a change of that file, and shows in review.
//!
//! `ci/api.sh` has the compiler describe the crate and compares; `ci/api.sh --write` writes the list anew. The
//! description is rustdoc's JSON, which `SUBROSA_API` names.

mod listing;
mod signature;

use std::collections::BTreeSet;
use std::{env, fs};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.txt");

#[test]
#[ignore = "needs rustdoc's description: run ci/api.sh"]
fn the_list_is_what_the_crate_has() {
    let description = env::var_os("SUBROSA_API").expect("ci/api.sh sets SUBROSA_API");
    let description = serde_json::from_slice(&fs::read(description).unwrap()).unwrap();
    let found = listing::list(&description);
    if env::var_os("SUBROSA_WRITE_API").is_some() {
        fs::write(LIST, &found).unwrap();
        return;
    }
    let listed = fs::read_to_string(LIST).unwrap();
    let (new, old) = (lines(&found), lines(&listed));
    let changes: Vec<String> = old
        .difference(&new)
        .map(|line| format!("- {line}"))
        .chain(new.difference(&old).map(|line| format!("+ {line}")))
        .collect();
    assert!(found == listed, "`ci/api.sh --write` would change\n{}", changes.join("\n"));
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

/// Whatever is at the crate's root has its line; this needs no description.
#[test]
fn the_list_names_what_the_root_exports() {
    let listed = fs::read_to_string(LIST).unwrap();
    let root = include_str!("../../src/lib.rs");
    let exports = root.split("pub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let names = exports.flat_map(|path| {
        let names = path.rsplit_once('{').map_or_else(|| path.rsplit("::").next().unwrap(), |(_, list)| list);
        names.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty())
    });
    let mut count = 0;
    for name in names {
        count += 1;
        let shows =
            |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        assert!(listed.lines().any(shows), "docs/api.txt lacks {name}: run ci/api.sh --write");
    }
    assert!(count > 150, "lib.rs is read wrongly: {count} names");
}
