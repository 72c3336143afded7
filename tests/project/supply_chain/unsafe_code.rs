// SPDX-License-Identifier: MIT OR Apache-2.0

//! How often the word `unsafe` stands in a package's sources, and what `docs/unsafe.md` says about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The words `unsafe` in the Rust files below `folder`, without comments.
pub fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| match path.extension() {
            _ if path.is_dir() => count(&path),
            Some(rs) if rs == "rs" => in_text(&fs::read_to_string(&path).expect("Rust is text")),
            _ => 0,
        })
        .sum()
}

/// Lines of comments are left out; a block of them is counted, which is on the safe side.
fn in_text(text: &str) -> usize {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .flat_map(|code| code.split(|letter: char| !letter.is_alphanumeric() && letter != '_'))
        .filter(|word| *word == "unsafe")
        .count()
}

/// The rows of the table in `docs/unsafe.md`: "name version" and how many.
pub fn listed() -> BTreeMap<String, usize> {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/unsafe.md")).expect("the list");
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let (package, number) = (cells.next()?, cells.next()?);
            Some((package.to_owned(), number.parse().ok()?))
        })
        .collect()
}
