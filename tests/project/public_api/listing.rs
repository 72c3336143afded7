// SPDX-License-Identifier: MIT OR Apache-2.0

//! Lists what rustdoc's JSON describes: a line for each item that a user can name, in the order of the names.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use crate::public_api::signature::{arguments, bounds, generics, path, qualifiers, text, type_text};

/// The form of the JSON that was looked at when this was written. Another one is read, and may be read wrongly.
const FORMAT: u64 = 57;

const HEAD: &str = "\
# The public interface without the feature `hazmat`, which has no stability promise: one line an item. Written by
# `ci/api.sh --write`, compared by `ci/api.sh` in CI. Left out are auto traits that hold, blanket implementations,
# and what the derive macros add below a trait's name.

";

/// All lines.
pub fn list(description: &Value) -> String {
    assert_eq!(
        description["format_version"], FORMAT,
        "rustdoc describes in another form: look at it and adapt"
    );
    let listing = Listing { index: &description["index"] };
    let mut lines = BTreeSet::new();
    for id in items(&listing.item(&description["root"])["inner"]["module"]["items"]) {
        listing.export(id, &mut lines);
    }
    let mut out = HEAD.to_owned();
    for (place, line) in lines {
        writeln!(out, "{}{line}", if place.contains("::") { "    " } else { "" }).unwrap();
    }
    out
}

/// A line, and what it is sorted by.
type Lines = BTreeSet<(String, String)>;

struct Listing<'a> {
    index: &'a Value,
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

impl<'a> Listing<'a> {
    fn item(&self, id: &Value) -> &'a Value {
        &self.index[id.to_string()]
    }

    /// An item at the crate's root.
    fn export(&self, id: &Value, lines: &mut Lines) {
        let item = self.item(id);
        let usage = &item["inner"]["use"];
        if usage.is_null() {
            return self.named(text(&item["name"]), item, lines);
        }
        let target = self.item(&usage["id"]);
        if target.is_null() {
            let (name, source) = (text(&usage["name"]), text(&usage["source"]));
            lines.insert((name.into(), format!("pub use {source} as {name}")));
        } else {
            self.named(text(&usage["name"]), target, lines);
        }
    }

    fn named(&self, name: &str, item: &Value, lines: &mut Lines) {
        let (kind, inner) = item["inner"].as_object().unwrap().iter().next().unwrap();
        let line = match kind.as_str() {
            "function" => format!("pub {}", function_line(name, inner)),
            "constant" => format!("pub const {name}: {}", type_text(&inner["type"])),
            "type_alias" => format!("pub type {name}{} = {}", generics(inner), type_text(&inner["type"])),
            "trait" => format!("pub trait {name}{}{}", generics(inner), bounds(": ", &inner["bounds"])),
            _ => format!("pub {kind} {name}{}", generics(inner)),
        };
        lines.insert((name.into(), attributes(item) + &line));
        for member in items(&inner["items"]) {
            self.member(name, "", member, lines);
        }
        for variant in items(&inner["variants"]) {
            let variant = self.item(variant);
            let (label, fields) = (text(&variant["name"]), self.fields(&variant["inner"]["variant"]["kind"]));
            lines.insert((format!("{name}::0{label}"), format!("{}{label}{fields}", attributes(variant))));
        }
        for id in items(&inner["kind"]["plain"]["fields"]) {
            let label = text(&self.item(id)["name"]);
            lines.insert((format!("{name}::0{label}"), format!("{label}: {}", self.field(id))));
        }
        let tuple = self.fields(&inner["kind"]);
        if tuple.starts_with('(') {
            lines.insert((format!("{name}::0"), tuple));
        }
        for id in items(&inner["impls"]) {
            self.implementation(name, &self.item(id)["inner"]["impl"], lines);
        }
    }

    /// The fields of a variant, or those of a structure that have no names; nothing if all are private.
    fn fields(&self, kind: &Value) -> String {
        if let Some(tuple) = kind["tuple"].as_array() {
            let shown = |id: &Value| if id.is_null() { "_".into() } else { self.field(id) };
            let types: Vec<String> = tuple.iter().map(shown).collect();
            let private = types.iter().all(|shown| shown == "_");
            return if private { String::new() } else { format!("({})", types.join(", ")) };
        }
        let named = items(&kind["struct"]["fields"])
            .map(|id| format!("{}: {}", text(&self.item(id)["name"]), self.field(id)));
        let fields: Vec<String> = named.collect();
        if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) }
    }

    fn field(&self, id: &Value) -> String {
        type_text(&self.item(id)["inner"]["struct_field"])
    }

    fn implementation(&self, name: &str, block: &Value, lines: &mut Lines) {
        let implemented = &block["trait"];
        if !block["blanket_impl"].is_null() || implemented["path"] == "StructuralPartialEq" {
            return;
        }
        let (parameters, target) = (generics(block), type_text(&block["for"]));
        if implemented.is_null() {
            for member in items(&block["items"]) {
                // The methods of a generic type may be there for some of its instances only.
                let generic = target.split(['<', ',']).skip(1).any(|part| !part.trim().starts_with('\''));
                let only = if generic { format!(" in impl{parameters} {target}") } else { String::new() };
                self.member(name, &only, member, lines);
            }
            return;
        }
        let holds = block["is_negative"] != true;
        if block["is_synthetic"] == true && (holds || implemented["path"] == "Freeze") {
            return;
        }
        let (sign, trait_path) = (if holds { "" } else { "!" }, path(implemented));
        let (parameters, conditions) = parameters.split_once(" where ").unwrap_or((&parameters, ""));
        let mut line = format!("impl{parameters} {sign}{trait_path} for {target}");
        if !conditions.is_empty() {
            write!(line, " where {conditions}").unwrap();
        }
        for member in items(&block["items"]).map(|id| self.item(id)) {
            let known = &member["inner"]["assoc_type"]["type"];
            if !known.is_null() {
                write!(line, ", {} = {}", text(&member["name"]), type_text(known)).unwrap();
            }
        }
        lines.insert((format!("{name}::2{trait_path}"), line));
    }

    /// A method, constant or type of an item.
    fn member(&self, name: &str, only: &str, id: &Value, lines: &mut Lines) {
        let item = self.item(id);
        let (kind, inner) = item["inner"].as_object().unwrap().iter().next().unwrap();
        let label = text(&item["name"]);
        let line = match kind.as_str() {
            "function" => function_line(label, inner),
            "assoc_const" => format!("const {label}: {}", type_text(&inner["type"])),
            _ => format!("type {label}{}", bounds(": ", &inner["bounds"])),
        };
        lines.insert((format!("{name}::1{label}{only}"), format!("{}{line}{only}", attributes(item))));
    }
}

fn function_line(name: &str, function: &Value) -> String {
    format!("{}fn {name}{}", qualifiers(&function["header"]), arguments(function))
}

/// Attributes that callers notice.
fn attributes(item: &Value) -> String {
    let mut out = String::new();
    for attribute in items(&item["attrs"]) {
        if attribute == "non_exhaustive" {
            out.push_str("#[non_exhaustive] ");
        } else if !attribute["must_use"].is_null() {
            out.push_str("#[must_use] ");
        }
    }
    if !item["deprecation"].is_null() {
        out.push_str("#[deprecated] ");
    }
    out
}
