// SPDX-License-Identifier: MIT OR Apache-2.0

//! A file with its mutants, and where in it each of them stands.

use std::fmt::Write as _;
use std::ops::Range;

use crate::sites::{Change, Form, Site};

/// Marks in the text, until it is complete: `BEGIN id MIDDLE text END`. No source has these characters.
const BEGIN: char = '\u{1}';
const MIDDLE: char = '\u{2}';
const END: char = '\u{3}';

/// A written file.
pub struct Rendered {
    pub text: String,
    /// The text of a mutant; a mutant can have more than one.
    pub mutants: Vec<(Range<usize>, usize)>,
}

/// `source` with all of `sites`, which are put in order.
pub fn render(source: &str, mut sites: Vec<Site>) -> Rendered {
    // What is outside comes before what is inside of it; of empty ranges, what was found first.
    sites.sort_by_key(|site| (site.range.start, std::cmp::Reverse(site.range.end)));
    let writer = Writer { source, sites: &sites };
    unmark(&writer.text(0..source.len(), 0, sites.len()))
}

fn marked(id: usize, text: &str) -> String {
    format!("{BEGIN}{id}{MIDDLE}{text}{END}")
}

fn unmark(marked: &str) -> Rendered {
    let mut rendered = Rendered { text: String::new(), mutants: Vec::new() };
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut characters = marked.chars();
    while let Some(character) = characters.next() {
        match character {
            BEGIN => {
                let id: String = characters.by_ref().take_while(|&digit| digit != MIDDLE).collect();
                open.push((rendered.text.len(), id.parse().unwrap_or_default()));
            }
            END => {
                if let Some((start, id)) = open.pop() {
                    rendered.mutants.push((start..rendered.text.len(), id));
                }
            }
            other => rendered.text.push(other),
        }
    }
    rendered
}

struct Writer<'a> {
    source: &'a str,
    sites: &'a [Site],
}

impl Writer<'_> {
    /// The source of `range` with the sites `first..last` that are inside it.
    fn text(&self, range: Range<usize>, first: usize, last: usize) -> String {
        let mut out = String::new();
        let (mut at, mut index) = (range.start, first);
        while index < last {
            let site = &self.sites[index];
            let inside = site.range.start >= at && site.range.end <= range.end;
            if !inside {
                index += 1;
                continue;
            }
            out.push_str(&self.source[at..site.range.start]);
            let mut next = index + 1;
            while next < last && self.sites[next].range.start < site.range.end {
                next += 1;
            }
            let part = |part: &Range<usize>| self.text(part.clone(), index + 1, next);
            out.push_str(&Self::site(site, part));
            at = site.range.end;
            index = if site.range.is_empty() { index + 1 } else { next };
        }
        out.push_str(&self.source[at..range.end]);
        out
    }

    fn site(site: &Site, part: impl Fn(&Range<usize>) -> String) -> String {
        match &site.form {
            Form::Return { changes } => {
                let mut out = String::new();
                for (id, value) in changes {
                    let value = marked(*id, &format!("return {value};"));
                    let _ = write!(out, " if crate::mutants::on({id}) {{ {value} }}");
                }
                out
            }
            Form::Eager { left, right, operator, changes, compares } => {
                let (left, right) = (part(left), part(right));
                let (operands, l, r) = if *compares {
                    (format!("(&({left}), &({right}))"), "*l", "*r")
                } else {
                    (format!("({left}, {right})"), "l", "r")
                };
                let chosen = choose(changes, |operator| format!("{l} {operator} {r}"), operator);
                format!("(match {operands} {{ (l, r) => {{ {chosen} }} }})")
            }
            Form::Lazy { left, right, and, id } => {
                let (left, right) = (part(left), part(right));
                let on = format!("crate::mutants::on({id})");
                let text = if *and {
                    format!("(if ({left}) != {on} {{ {right} }} else {{ {on} }})")
                } else {
                    format!("(if ({left}) == {on} {{ {right} }} else {{ !{on} }})")
                };
                marked(*id, &text)
            }
            Form::Assign { left, right, operator, changes } => {
                let (left, right) = (part(left), part(right));
                let chosen = choose(changes, |operator| format!("{left} {operator} r"), operator);
                format!("(match ({right}) {{ r => {{ {chosen} }} }})")
            }
            Form::Unary { operand, operator, id } => {
                let plain = marked(*id, "o");
                let operand = part(operand);
                format!(
                    "(match ({operand}) {{ o => if crate::mutants::on({id}) {{ {plain} }} else {{ {operator}o }} }})"
                )
            }
            Form::Guard { changes, arm } => {
                let guard = part(&site.range);
                let chosen = choose(changes, str::to_owned, &guard);
                let there = arm.map(|id| marked(id, &format!("!crate::mutants::on({id}) && ")));
                format!("{}({chosen})", there.unwrap_or_default())
            }
            Form::Arm { id } => marked(*id, &format!(" if !crate::mutants::on({id})")),
            Form::Fields { without } => {
                let mut out = String::from("(");
                for (id, field) in without {
                    let rest = part(&(site.range.start..field.start)) + &part(&(field.end..site.range.end));
                    let rest = marked(*id, &rest);
                    let _ = write!(out, "if crate::mutants::on({id}) {{ {rest} }} else ");
                }
                out + "{ " + &part(&site.range) + " })"
            }
        }
    }
}

/// `if on(1) { … } else if on(2) { … } else { … }`
fn choose(changes: &[Change], text: impl Fn(&str) -> String, original: &str) -> String {
    let mut out = String::new();
    for (id, replacement) in changes {
        let value = marked(*id, &text(replacement));
        let _ = write!(out, "if crate::mutants::on({id}) {{ {value} }} else ");
    }
    if changes.is_empty() { text(original) } else { out + "{ " + &text(original) + " }" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutant::{Genre, Mutant};
    use crate::sites;

    fn mutant(id: usize, genre: Genre, start: (usize, usize), replacement: &str) -> Mutant {
        let (file, name) = (String::new(), String::new());
        Mutant {
            id,
            file,
            genre,
            start,
            end: start,
            replacement: replacement.into(),
            opaque: false,
            constant: false,
            name,
        }
    }

    fn written(source: &str, mutants: &[Mutant]) -> (Rendered, Vec<usize>) {
        let (sites, left) = sites::find(source, &mutants.iter().collect::<Vec<_>>()).unwrap();
        (render(source, sites), left)
    }

    #[test]
    fn each_mutant_stands_in_its_place() {
        let source = "fn f(a: u8) -> u8 { g() + a * 2 }";
        let mutants = [
            mutant(1, Genre::FnValue, (1, 21), "0"),
            mutant(2, Genre::Binary, (1, 25), "-"),
            mutant(3, Genre::Binary, (1, 29), "/"),
        ];
        let (rendered, left) = written(source, &mutants);
        assert!(left.is_empty());
        assert_eq!(
            rendered.text,
            "fn f(a: u8) -> u8 { if crate::mutants::on(1) { return 0; } \
             (match (g(), (match (a, 2) { (l, r) => { if crate::mutants::on(3) { l / r } else { l * r } } })) \
             { (l, r) => { if crate::mutants::on(2) { l - r } else { l + r } } }) }"
        );
        let texts: Vec<_> =
            rendered.mutants.iter().map(|(range, id)| (*id, &rendered.text[range.clone()])).collect();
        assert_eq!(texts, [(1, "return 0;"), (3, "l / r"), (2, "l - r")]);
    }

    #[test]
    fn a_chain_with_let_is_left_out() {
        let source = "fn f() { if let Some(x) = g() && x == 1 {} }";
        let mutants = [mutant(1, Genre::Binary, (1, 31), "||"), mutant(2, Genre::Binary, (1, 36), "!=")];
        let (rendered, left) = written(source, &mutants);
        assert_eq!(left, [1]);
        assert!(rendered.text.contains("g() && (match (&(x), &(1)) {"));
    }

    #[test]
    fn an_arm_and_a_guard_can_be_off() {
        let source = "fn f() { match g() { 1 => {} x if x > 2 => {} _ => {} } }";
        let mutants = [
            mutant(1, Genre::Arm, (1, 22), ""),
            mutant(2, Genre::Arm, (1, 30), ""),
            mutant(3, Genre::Guard, (1, 35), "true"),
        ];
        let text = written(source, &mutants).0.text;
        assert!(text.contains("1 if !crate::mutants::on(1) => {}"), "{text}");
        let guard = "x if !crate::mutants::on(2) && (if crate::mutants::on(3) { true } else { x > 2 }) =>";
        assert!(text.contains(guard), "{text}");
    }

    #[test]
    fn a_field_is_left_out_with_its_comma() {
        let source = "fn f() -> S { S { a: 1, b: 2, ..g() } }";
        let text = written(source, &[mutant(1, Genre::Field, (1, 19), "")]).0.text;
        let both = "(if crate::mutants::on(1) { S {  b: 2, ..g() } } else { S { a: 1, b: 2, ..g() } })";
        assert!(text.contains(both), "{text}");
    }
}
