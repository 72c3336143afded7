// SPDX-License-Identifier: MIT OR Apache-2.0

//! What belongs to the fuzz targets besides their seeds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// Names of the files in a folder, without what is behind the dot.
fn names(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(fuzz().join(folder)).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// A name that is misspelt would leave a target without its dictionary, and nobody would see it.
#[test]
fn dictionaries_are_for_targets_that_there_are_and_have_no_entry_twice() {
    let targets = names("fuzz_targets");
    for name in names("dictionaries") {
        let text = fs::read_to_string(fuzz().join("dictionaries").join(format!("{name}.dict"))).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("# for: ")).unwrap();
        for target in line.split(' ') {
            assert!(targets.contains(target), "{name} is for {target}");
        }
        let mut seen = BTreeSet::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once('=').unwrap();
            assert!(value.starts_with("\"\\x") && value.ends_with('"'), "{name}: {line}");
            assert!(seen.insert(key) && seen.insert(value), "{name} has {line} twice");
        }
    }
}

#[test]
fn each_target_is_described_and_has_seeds_and_a_place_for_its_long_run() {
    let text = fs::read_to_string(fuzz().join("README.md")).unwrap();
    let (described, runs) = text.split_once("## Long runs").unwrap();
    let (targets, seeds) = (names("fuzz_targets"), names("corpus"));
    for target in &targets {
        let row = format!("\n| `{target}` |");
        assert!(described.contains(&row) && runs.contains(&row), "{target} is not in fuzz/README.md");
    }
    assert_eq!(targets, seeds);
}
