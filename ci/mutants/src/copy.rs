// SPDX-License-Identifier: MIT OR Apache-2.0

//! The copy of the tree that is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// What a build of the crate and its tests needs.
const PARTS: [&str; 13] = [
    "src",
    "tests",
    "benches",
    "crates",
    "examples",
    "stores",
    "docs",
    "vectors",
    "fuzz/corpus",
    "Cargo.lock",
    "README.md",
    "clippy.toml",
    "rustfmt.toml",
];

/// Unstable only in the copy: no crate but this one is compiled differently.
const COMPILER: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"$@\" --cap-lints allow\n";

/// The folder of the copy that has one mutant at a time.
pub const PLAIN: &str = "plain";

/// Copies the tree with its sources to `scratch/plain`.
pub fn plain(root: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    let plain = all_but_sources(root, scratch, PLAIN)?;
    sync(&root.join("src"), &plain.join("src"))?;
    Ok(plain)
}

/// Copies the tree to `scratch/tree`; the sources are for [`crate::check`] to write.
pub fn tree(root: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    all_but_sources(root, scratch, "tree")
}

/// Files that are the same keep their dates, so that Cargo builds little anew.
fn all_but_sources(root: &Path, scratch: &Path, name: &str) -> Result<PathBuf, Failure> {
    let tree = scratch.join(name);
    fs::create_dir_all(tree.join("fuzz"))?;
    let compiler = scratch.join("rustc");
    write(&compiler, COMPILER)?;
    run(Command::new("chmod").arg("+x").arg(&compiler))?;
    for part in PARTS.iter().filter(|part| root.join(part).exists() && **part != "src") {
        sync(&root.join(part), &tree.join(part))?;
    }
    // A quarter of the time to build; all other packages stay as they are.
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    write(&tree.join("Cargo.toml"), &format!("{manifest}\n[profile.test.package.subrosa]\nopt-level = 0\n"))?;
    Ok(tree)
}

/// Copies what differs, and removes what is no longer there.
fn sync(from: &Path, to: &Path) -> Result<(), Failure> {
    if !from.is_dir() {
        let bytes = fs::read(from)?;
        // A failing case must not be tried on the next mutant.
        let text = String::from_utf8(bytes);
        return match text {
            Ok(text) => {
                write(to, &text.replace("Some(Box::new(FileFailurePersistence::Direct(file)))", "None"))
            }
            Err(error) => Ok(fs::write(to, error.as_bytes())?),
        };
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        sync(&from.join(&name), &to.join(&name))?;
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file unless it has this text already.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, text)?)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    if command.status()?.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}
