// SPDX-License-Identifier: MIT OR Apache-2.0

//! Types, generics and signatures of rustdoc's JSON, written as in a source file.

use std::fmt::Write;

use serde_json::Value;

/// A text of the description; empty if there is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value, write: impl Fn(&Value) -> String) -> String {
    let parts: Vec<String> = value.as_array().into_iter().flatten().map(write).collect();
    parts.join(", ")
}

/// A type.
pub fn type_text(value: &Value) -> String {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return "_".into();
    };
    match kind.as_str() {
        "resolved_path" => path(inner),
        "generic" | "primitive" => text(inner).into(),
        "tuple" => format!("({})", list(inner, type_text)),
        "slice" => format!("[{}]", type_text(inner)),
        "array" => format!("[{}; {}]", type_text(&inner["type"]), text(&inner["len"])),
        "impl_trait" => bounds("impl ", inner),
        "dyn_trait" => {
            let traits: Vec<String> =
                inner["traits"].as_array().into_iter().flatten().map(|poly| path(&poly["trait"])).collect();
            format!("dyn {}", traits.join(" + "))
        }
        "borrowed_ref" => {
            let lifetime = inner["lifetime"].as_str().map(|name| format!("{name} ")).unwrap_or_default();
            let mutable = if inner["is_mutable"] == true { "mut " } else { "" };
            format!("&{lifetime}{mutable}{}", type_text(&inner["type"]))
        }
        "qualified_path" => {
            let (of, name) = (type_text(&inner["self_type"]), text(&inner["name"]));
            if path(&inner["trait"]).is_empty() {
                format!("{of}::{name}")
            } else {
                format!("<{of} as {}>::{name}", path(&inner["trait"]))
            }
        }
        other => panic!("a type of a kind that is not read: {other}"),
    }
}

/// A path, of which the last name and its arguments count.
pub fn path(value: &Value) -> String {
    let name = text(&value["path"]).rsplit("::").next().unwrap_or_default();
    let arguments = &value["args"];
    if let Some(call) = arguments.get("parenthesized") {
        let output = if call["output"].is_null() {
            String::new()
        } else {
            format!(" -> {}", type_text(&call["output"]))
        };
        return format!("{name}({}){output}", list(&call["inputs"], type_text));
    }
    let bracketed = &arguments["angle_bracketed"];
    let mut parts = list(&bracketed["args"], argument);
    for constraint in bracketed["constraints"].as_array().into_iter().flatten() {
        if !parts.is_empty() {
            parts.push_str(", ");
        }
        let binding = &constraint["binding"];
        let bound = if binding["equality"].is_null() {
            bounds(": ", &binding["constraint"])
        } else {
            format!(" = {}", argument(&binding["equality"]))
        };
        write!(parts, "{}{bound}", text(&constraint["name"])).unwrap();
    }
    if parts.is_empty() { name.into() } else { format!("{name}<{parts}>") }
}

fn argument(value: &Value) -> String {
    match value.as_object().and_then(|object| object.iter().next()) {
        Some((kind, inner)) if kind == "lifetime" => text(inner).into(),
        Some((kind, inner)) if kind == "const" || kind == "constant" => text(&inner["expr"]).into(),
        Some((_, inner)) => type_text(inner),
        None => "_".into(),
    }
}

/// Bounds after `before`, or nothing.
pub fn bounds(before: &str, value: &Value) -> String {
    let parts: Vec<String> = value
        .as_array()
        .into_iter()
        .flatten()
        .map(|bound| {
            let of_trait = &bound["trait_bound"];
            if of_trait.is_null() {
                return bound["outlives"].as_str().map_or_else(
                    || {
                        format!(
                            "use<{}>",
                            list(&bound["use"], |captured| {
                                captured
                                    .as_object()
                                    .and_then(|object| object.values().next())
                                    .map(text)
                                    .unwrap_or_default()
                                    .into()
                            })
                        )
                    },
                    Into::into,
                );
            }
            let maybe = if of_trait["modifier"] == "maybe" { "?" } else { "" };
            format!("{maybe}{}", path(&of_trait["trait"]))
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!("{before}{}", parts.join(" + ")) }
}

/// The parameters and conditions of an item, as `<…>` with the conditions inside.
pub fn generics(item: &Value) -> String {
    let generics = &item["generics"];
    let mut parts = Vec::new();
    for parameter in generics["params"].as_array().into_iter().flatten() {
        let (name, kind) = (text(&parameter["name"]), &parameter["kind"]);
        if let Some(constant) = kind.get("const") {
            parts.push(format!("const {name}: {}", type_text(&constant["type"])));
        } else if kind["type"]["is_synthetic"] != true {
            parts.push(format!("{name}{}", bounds(": ", &kind["type"]["bounds"])));
        }
    }
    let mut out = if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) };
    let conditions = list(&generics["where_predicates"], |predicate| {
        let bound = &predicate["bound_predicate"];
        if bound.is_null() {
            let lifetime = &predicate["lifetime_predicate"];
            return format!(
                "{}: {}",
                text(&lifetime["lifetime"]),
                list(&lifetime["outlives"], |name| text(name).into())
            );
        }
        format!("{}{}", type_text(&bound["type"]), bounds(": ", &bound["bounds"]))
    });
    if !conditions.is_empty() {
        write!(out, " where {conditions}").unwrap();
    }
    out
}

/// What stands before `fn`.
pub fn qualifiers(header: &Value) -> String {
    let known = [("is_const", "const "), ("is_async", "async "), ("is_unsafe", "unsafe ")];
    known.iter().filter(|(key, _)| header[key] == true).map(|(_, word)| *word).collect()
}

/// Generics, parameters and result of a function.
pub fn arguments(function: &Value) -> String {
    let inputs = list(&function["sig"]["inputs"], |input| {
        let (name, shown) = (text(&input[0]), type_text(&input[1]));
        match shown.as_str() {
            "Self" if name == "self" => "self".into(),
            "&Self" if name == "self" => "&self".into(),
            "&mut Self" if name == "self" => "&mut self".into(),
            _ if name == "self" && shown.starts_with('&') => shown.replace("Self", "self"),
            _ => format!("{name}: {shown}"),
        }
    });
    let output = &function["sig"]["output"];
    let output = if output.is_null() { String::new() } else { format!(" -> {}", type_text(output)) };
    let shown = generics(function);
    let (parameters, conditions) = shown.split_once(" where ").unwrap_or((&shown, ""));
    let conditions = if conditions.is_empty() { String::new() } else { format!(" where {conditions}") };
    format!("{parameters}({inputs}){output}{conditions}")
}
