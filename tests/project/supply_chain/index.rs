// SPDX-License-Identifier: MIT OR Apache-2.0

//! The registry's index, as cargo keeps it in its home folder. Its form there is cargo's own affair: a file a package, in
//! which JSON objects stand between zero bytes, one a version. What is not found is not known, and never taken for good.

use std::path::PathBuf;
use std::{env, fs};

use serde::Deserialize;

/// What the index says about a version.
#[derive(Deserialize)]
pub struct Entry {
    vers: String,
    pub yanked: bool,
    /// When it was published, RFC 3339.
    pubtime: Option<String>,
}

/// The folder and file of a package below the index.
fn path(name: &str) -> PathBuf {
    let name = name.to_lowercase();
    let part = |from: usize, to: usize| name.get(from..to).expect("names are ASCII").to_owned();
    let folder = match name.len() {
        length @ (1 | 2) => length.to_string(),
        3 => format!("3/{}", part(0, 1)),
        _ => format!("{}/{}", part(0, 2), part(2, 4)),
    };
    PathBuf::from(folder).join(name)
}

fn entries(name: &str) -> Vec<Entry> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let Some(Ok(indices)) = home.map(|home| fs::read_dir(home.join("registry/index"))) else {
        return Vec::new();
    };
    indices
        .flatten()
        .filter_map(|index| fs::read(index.path().join(".cache").join(path(name))).ok())
        .flat_map(|bytes| {
            let parts = bytes.split(|byte| *byte == 0);
            parts.filter_map(|part| serde_json::from_slice(part).ok()).collect::<Vec<Entry>>()
        })
        .collect()
}

/// What is known about a version of a package.
pub fn lookup(name: &str, version: &str) -> Option<Entry> {
    entries(name).into_iter().find(|entry| entry.vers == version)
}

/// When the package last had a release, as far as the index tells.
pub fn last_release(name: &str) -> Option<String> {
    entries(name).into_iter().filter_map(|entry| entry.pubtime).max()
}
