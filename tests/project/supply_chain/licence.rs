// SPDX-License-Identifier: MIT OR Apache-2.0

//! SPDX licence expressions, as far as manifests have them: names, `AND`, `OR`, parentheses, and `/` of old for `OR`.

/// Whether somebody who accepts only `accepted` may use what is under `expression`. What cannot be read is not allowed.
pub fn allows(expression: &str, accepted: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let verdict = any(&mut words, accepted);
    verdict == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `AND` binds stronger than `OR`.
fn any(words: &mut Words<'_>, accepted: &[&str]) -> Option<bool> {
    let mut verdict = all(words, accepted)?;
    while words.next_if_eq(&"OR").is_some() {
        verdict |= all(words, accepted)?;
    }
    Some(verdict)
}

fn all(words: &mut Words<'_>, accepted: &[&str]) -> Option<bool> {
    let mut verdict = one(words, accepted)?;
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words, accepted)?;
    }
    Some(verdict)
}

fn one(words: &mut Words<'_>, accepted: &[&str]) -> Option<bool> {
    match words.next()? {
        "(" => {
            let verdict = any(words, accepted)?;
            (words.next()? == ")").then_some(verdict)
        }
        ")" | "AND" | "OR" => None,
        name => Some(accepted.contains(&name)),
    }
}

#[test]
fn reads_what_manifests_say() {
    let accepted = &["MIT", "Apache-2.0", "Unicode-3.0"];
    for yes in [
        "MIT",
        "GPL-3.0-only OR MIT",
        "LGPL-2.1-or-later/Apache-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "GPL-3.0-only AND BSD-3-Clause OR MIT",
    ] {
        assert!(allows(yes, accepted), "{yes}");
    }
    for no in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "(MIT OR Apache-2.0) AND GPL-3.0-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
    ] {
        assert!(!allows(no, accepted), "{no}");
    }
}
