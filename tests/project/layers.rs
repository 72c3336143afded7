// SPDX-License-Identifier: MIT OR Apache-2.0

//! The layers that `ARCHITECTURE.md` draws: no module imports from a layer above its own.
//!
//! Reads the sources as text: each path that begins with `crate`, `self` or `super` is followed to the module
//! at the crate's root that it leads to. Doc links are comments and may point anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The modules at the crate's root, and the layer of each.
const LAYERS: &[(&str, u8)] = &[
    ("crypto", 0),
    ("profile", 1),
    ("wire", 1),
    ("record", 1),
    ("timestamp", 1),
    ("ids", 1),
    ("lease", 1),
    ("libsignal", 1),
    ("identity", 2),
    ("plaintext", 2),
    ("prekey", 2),
    ("address", 2),
    ("agreement", 3),
    ("message", 3),
    ("writes", 3),
    ("ratchet", 4),
    ("staged", 5),
    ("session", 5),
    ("failure", 5),
    ("repair", 5),
    ("delivery", 5),
    ("account", 5),
    ("sealed", SIBLINGS),
    ("group", SIBLINGS),
    ("omemo", SIBLINGS),
    ("rose", SIBLINGS),
    ("fingerprint", SIBLINGS),
    ("attachment", SIBLINGS),
    ("memory", ABOVE_ALL),
    ("store", ABOVE_ALL),
    ("keys", ABOVE_ALL),
    ("hazmat", ABOVE_ALL),
    ("lib", ABOVE_ALL),
];
/// The layer in which no module knows another one.
const SIBLINGS: u8 = 6;
/// What only gathers up the layers. Nobody imports from it.
const ABOVE_ALL: u8 = 7;

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "types", "helpers", "misc"];
const HEADER: &str = "// SPDX-License-Identifier: MIT OR Apache-2.0\n";

/// A source file: its path below `src`, and its text.
type Source<'a> = (&'a str, &'a str);

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// Everything that is wrong with `sources`.
fn check(sources: &[Source<'_>]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut arrows = BTreeSet::new();
    for (file, text) in sources {
        wrong.extend(check_name(file));
        if !text.starts_with(HEADER) {
            wrong.push(format!("{file}: no SPDX header"));
        }
        let module = module_of(file);
        let Some(from) = layer(module[0]) else {
            wrong.push(format!("{file}: {} has no layer; give it one in tests/project/layers.rs", module[0]));
            continue;
        };
        if from == ABOVE_ALL {
            continue;
        }
        for path in paths(&module, &tokens(text)) {
            match check_path(module[0], from, &path) {
                Ok(to) if to == module[0] => {}
                Ok(to) => drop(arrows.insert((module[0].to_owned(), to.to_owned()))),
                Err(reason) => wrong.push(format!("{file}: crate::{} {reason}", path.join("::"))),
            }
        }
    }
    wrong.extend(check_circles(&arrows));
    wrong.extend(check_file_circles(sources));
    wrong
}

fn check_name(file: &str) -> Option<String> {
    let empty = file.trim_end_matches(".rs").split('/').find(|name| EMPTY_NAMES.contains(name));
    match empty {
        Some(name) => Some(format!("{file}: {name} says nothing; name the subject")),
        None if file.ends_with("mod.rs") => Some(format!("{file}: a module's file lies beside its folder")),
        None => None,
    }
}

/// The module at the root that a path from `module` leads to, if it may.
fn check_path<'a>(module: &str, from: u8, path: &'a [String]) -> Result<&'a str, &'static str> {
    let to = path.first().map_or("", String::as_str);
    match layer(to) {
        None | Some(ABOVE_ALL) => Err("is at the root; import it from where it is"),
        Some(layer) if layer > from => Err("is in a layer above"),
        Some(SIBLINGS) if to != module => Err("is a sibling, which must not be known here"),
        Some(_) => Ok(to),
    }
}

/// Modules of one layer may know another, but not in a circle.
fn check_circles(arrows: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut all = arrows.clone();
    loop {
        let steps = all.iter().flat_map(|(a, b)| {
            arrows.iter().filter(move |(from, _)| from == b).map(|(_, to)| (a.clone(), to.clone()))
        });
        let more: BTreeSet<_> = steps.filter(|step| !all.contains(step)).collect();
        if more.is_empty() {
            break;
        }
        all.extend(more);
    }
    all.iter().filter(|(a, b)| a == b).map(|(a, _)| format!("{a}: imports itself in a circle")).collect()
}

/// Files may know one another, but not in a circle. Arrows between a module and what lies in its folder don't count.
fn check_file_circles(sources: &[Source<'_>]) -> Vec<String> {
    let files: BTreeSet<String> = sources.iter().map(|(file, _)| module_of(file).join("/")).collect();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in sources {
        let from = module_of(file);
        for path in paths(&from, &tokens(text)) {
            let to = (1..=path.len()).rev().map(|len| path[..len].join("/")).find(|to| files.contains(to));
            let from = from.join("/");
            let inside = |inner: &str, outer: &str| {
                inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
            };
            if let Some(to) = to.filter(|to| *to != from && !inside(to, &from) && !inside(&from, to)) {
                arrows.entry(from).or_default().insert(to);
            }
        }
    }
    let in_a_circle = |file: &&String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*file]);
        while let Some(from) = next.pop() {
            next.extend(arrows.get(from).into_iter().flatten().filter(|to| seen.insert(*to)));
        }
        seen.contains(file)
    };
    let found = arrows.keys().filter(in_a_circle);
    found.map(|file| format!("{file}.rs: imports itself in a circle")).collect()
}

fn module_of(file: &str) -> Vec<&str> {
    file.trim_end_matches(".rs").split('/').collect()
}

/// All paths into the crate that a module's text names, from the root.
fn paths(module: &[&str], tokens: &[Token]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inline: Vec<Option<&str>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &tokens[at]);
        match token {
            Token::Sign('{') => inline.push(match &tokens[..at] {
                [.., Token::Word(keyword), Token::Word(name)] if keyword == "mod" => Some(name),
                _ => None,
            }),
            Token::Sign('}') => drop(inline.pop()),
            Token::Word(word) if starts_path(word, before, tokens.get(at + 1)) => {
                let here = module.iter().copied().chain(inline.iter().copied().flatten());
                read_path(tokens, at, here.map(str::to_owned).collect(), &mut found);
            }
            _ => {}
        }
    }
    found
}

fn starts_path(word: &str, before: Option<&Token>, after: Option<&Token>) -> bool {
    matches!(word, "crate" | "self" | "super")
        && before != Some(&Token::Colons)
        && after == Some(&Token::Colons)
}

/// Reads one path, or with `{}` several, and gives the place after it.
fn read_path(tokens: &[Token], mut at: usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    loop {
        match tokens.get(at) {
            Some(Token::Word(word)) => match word.as_str() {
                "crate" => path.clear(),
                "self" => {}
                "super" => drop(path.pop()),
                _ => path.push(word.clone()),
            },
            Some(Token::Sign('{')) => {
                at += 1;
                while !matches!(tokens.get(at), None | Some(Token::Sign('}'))) {
                    at = match tokens[at] {
                        Token::Sign(',') => at + 1,
                        _ => read_path(tokens, at, path.clone(), found),
                    };
                }
                return at + 1;
            }
            _ => {}
        }
        at += 1;
        if tokens.get(at) != Some(&Token::Colons) {
            found.push(path);
            // What is left of an `as` clause.
            while matches!(tokens.get(at), Some(Token::Word(_))) {
                at += 1;
            }
            return at;
        }
        at += 1;
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Sign(char),
}

/// Cuts a text into tokens. Comments, strings, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            raw_string_len(rest)
        } else if first == '"' {
            string_len(rest)
        } else if first == '\'' {
            character_len(rest)
        } else if rest.starts_with("::") {
            tokens.push(Token::Colons);
            2
        } else if first.is_alphanumeric() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..len].to_owned()));
            len
        } else {
            if !first.is_whitespace() {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    tokens
}

fn string_len(text: &str) -> usize {
    let mut escaped = true; // The opening quotation mark.
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Of a raw string, or of the `r#` before a raw identifier.
fn raw_string_len(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 2;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = 1 + hashes + 1;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

/// Of a character, or of the mark before a lifetime.
fn character_len(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, _))) => text[at + 1..].find('\'').map_or(text.len(), |end| at + end + 2),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files below `folder`, with their paths from there.
fn rust_files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn no_arrow_goes_up() {
    let files = rust_files(&root().join("src"));
    assert!(files.len() > 50, "only {} files were found", files.len());
    let sources: Vec<Source<'_>> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let wrong = check(&sources);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Each module stands on the line of its layer.
#[test]
fn the_drawing_has_all_modules() {
    let drawing = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (module, layer) in LAYERS.iter().filter(|(_, layer)| *layer != ABOVE_ALL) {
        let label = format!("L{layer}");
        let mut line = drawing.lines().map(str::split_whitespace).map(Iterator::collect::<Vec<_>>);
        let drawn = line.any(|words| words.first() == Some(&label.as_str()) && words.contains(module));
        let written = root().join(format!("src/{module}.rs")).exists();
        assert_eq!(drawn, written, "{module}: is it in src? is it drawn?");
    }
}

#[test]
fn every_rust_file_names_its_licence() {
    let files = rust_files(&root());
    let without: Vec<&String> =
        files.iter().filter(|(_, text)| !text.starts_with(HEADER)).map(|(file, _)| file).collect();
    assert!(without.is_empty(), "no SPDX header: {without:?}");
}

/// What is found wrong with one file that has the header.
fn found(file: &str, text: &str) -> Vec<String> {
    check(&[(file, &format!("{HEADER}{text}"))])
}

#[track_caller]
fn assert_found(file: &str, text: &str, expected: &str) {
    let wrong = found(file, text);
    assert!(wrong.len() == 1 && wrong[0].contains(expected), "{text}: {wrong:?}");
}

#[test]
fn the_check_sees_arrows_that_go_up() {
    let file = "ratchet/root.rs";
    let above = "crate::session::Session is in a layer above";
    assert_found(file, "use crate::session::Session;", above);
    assert_found(file, "pub(crate) use crate::session::Session as Other;", above);
    assert_found(file, "use super::super::session::Session;", above);
    assert_found(file, "use self::super::super::session::Session;", above);
    assert_found(file, "use crate::{crypto::{kdf, secret::Secret}, session::Session};", above);
    assert_found(file, "use crate::{crypto::kdf as k, session::Session};", above);
    assert_found(file, "fn f(s: &'static crate::session::Session) {}", above);
    assert_found(file, "macro_rules! m { () => { $crate::session::Session } }", above);
    assert_found(file, "mod tests { use super::super::super::session::Session; }", above);
    assert_found(file, "const Q: [char; 2] = ['\"', '\\'']; use crate::session::Session;", above);
    assert_found("ratchet.rs", "use super::session::Session;", above);
    assert_found("wire/message.rs", "use crate::identity::IdentityKey;", "is in a layer above");
    assert_found("crypto/gcm.rs", "use crate::record::Record;", "is in a layer above");
}

#[test]
fn the_check_lets_other_paths_be() {
    for text in [
        "use crate::crypto::kdf::{self, Label}; use super::chain::*; use self::inner::X;",
        "mod tests { use super::*; use super::super::double::Header; }",
        "//! [up](crate::session::Session)\n/* crate::session */ const X: &str = \"crate::session::X\";",
        "const X: &str = r#\"crate::session::X \"quoted\" \"#; fn r#f<'a>(_: &'a u8) {}",
        "pub(in crate::ratchet) struct X; pub(super) struct Y; pub(crate) struct Z;",
        "use alloc::vec::Vec; use core::fmt;",
    ] {
        assert_eq!(found("ratchet/root.rs", text), [""; 0], "{text}");
    }
    assert_eq!(found("sealed/seal.rs", "use crate::sealed::Content; use crate::session::Session;"), [""; 0]);
}

#[test]
fn the_check_sees_siblings_circles_and_the_root() {
    assert_found("sealed/open.rs", "use crate::group::SenderKey;", "is a sibling");
    assert_found("session/state.rs", "use crate::Session;", "is at the root");
    assert_found("session.rs", "use super::*;", "is at the root");
    assert_found("session/state.rs", "use crate::hazmat::ratchet;", "is at the root");

    let one = format!("{HEADER}use crate::prekey::Bundle;");
    let two = format!("{HEADER}use crate::identity::IdentityKey;");
    let wrong = check(&[("identity.rs", &one), ("prekey/bundle.rs", &two)]);
    assert_eq!(wrong, ["identity: imports itself in a circle", "prekey: imports itself in a circle"]);
    assert_eq!(check(&[("prekey/bundle.rs", &two)]), [""; 0]);

    let one = format!("{HEADER}use super::two::Two; use crate::ratchet::One;");
    let two = format!("{HEADER}use super::one::{{self, One}};");
    let both = [("ratchet/one.rs", one.as_str()), ("ratchet/two.rs", two.as_str())];
    let circle = ["ratchet/one.rs: imports itself in a circle", "ratchet/two.rs: imports itself in a circle"];
    assert_eq!(check(&both), circle);
    let parent = format!("{HEADER}mod one; use self::one::One;");
    assert_eq!(check(&[("ratchet.rs", &parent), both[0]]), [""; 0], "a module and its folder");
}

#[test]
fn the_check_sees_names_and_headers() {
    assert_found("padding.rs", "", "padding has no layer");
    assert_found("padding/pkcs7.rs", "", "padding has no layer");
    assert_found("wire/mod.rs", "", "beside its folder");
    assert_found("wire/utils.rs", "", "utils says nothing");
    assert_found("crypto/common/hash.rs", "", "common says nothing");
    let wrong = check(&[("wire/message.rs", "//! Messages.\n")]);
    assert_eq!(wrong, ["wire/message.rs: no SPDX header"]);
    assert_eq!(found("hazmat.rs", "pub use crate::crypto::kdf;"), [""; 0]);
}
