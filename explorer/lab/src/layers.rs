// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages cut into ranges of one meaning each.

use serde_json::{Value, json};
use subrosa::hazmat::wire::braid_message::BraidMessage;

/// Names and meanings of a message's fields, by their numbers.
type Names = &'static [(u32, &'static str, &'static str)];

const SIGNAL: Names = &[
    (1, "ratchet key: the sender's Diffie-Hellman half", "key"),
    (2, "counter: the place in the sending chain", "counter"),
    (3, "previous counter: the length of the chain before", "counter"),
    (4, "ciphertext: AES-256-CBC under the message key", "ciphertext"),
    (5, "post-quantum ratchet: version, epoch, index, chunk", "pq"),
    (6, "addresses of both devices, as the MAC covers them", "id"),
];
const PRE_KEY: Names = &[
    (1, "id of the one-time prekey", "id"),
    (2, "base key: the sender's ephemeral half of PQXDH", "key"),
    (3, "identity key of the sender, in the clear", "identity"),
    (4, "the message inside", "inner"),
    (5, "registration id", "id"),
    (6, "id of the signed prekey", "id"),
    (7, "id of the KEM prekey", "id"),
    (8, "KEM ciphertext: Kyber-1024 encapsulation", "pq"),
];
const SEALED: Names = &[
    (1, "ephemeral key of the envelope", "key"),
    (2, "sender's identity key, encrypted", "ciphertext"),
    (3, "content, encrypted: certificate and message", "ciphertext"),
];
const CONTENT: Names = &[
    (1, "kind of the message", "id"),
    (2, "sender certificate of the service", "identity"),
    (3, "the message inside", "inner"),
    (4, "hint for repair", "id"),
    (5, "group", "id"),
];

/// A range of bytes.
fn range(start: usize, end: usize, what: &str, meaning: &str) -> Value {
    json!({ "start": start, "end": end, "what": what, "meaning": meaning })
}

fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let (mut value, mut shift) = (0, 0);
    for (place, byte) in bytes.iter().enumerate().skip(at).take(10) {
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some((value, place + 1));
        }
        shift += 7;
    }
    None
}

/// The fields of a protobuf message between two places.
fn fields(bytes: &[u8], mut at: usize, end: usize, names: Names, out: &mut Vec<Value>) {
    while at < end {
        let Some((tag, after)) = varint(bytes, at) else { break };
        let found = u32::try_from(tag >> 3).ok().and_then(|number| names.iter().find(|(n, ..)| *n == number));
        let (what, meaning) = found.map_or(("unknown field", "other"), |(_, what, meaning)| (what, meaning));
        let (from, to) = match tag & 7 {
            0 => (after, varint(bytes, after).map_or(end, |(_, after)| after)),
            1 => (after, (after + 8).min(end)),
            2 => {
                let Some((len, after)) = varint(bytes, after) else { break };
                (after, usize::try_from(len).map_or(end, |len| (after.saturating_add(len)).min(end)))
            }
            _ => break,
        };
        out.push(range(at, from, "field number and length", "frame"));
        out.push(range(from, to, what, meaning));
        at = to;
    }
    if at < end {
        out.push(range(at, end, "not read", "other"));
    }
}

fn layer(title: &str, bytes: &[u8], ranges: &[Value]) -> Value {
    json!({ "title": title, "bytes": hex(bytes), "ranges": ranges })
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The layers of a message of kind 2 or 3, outermost first.
pub fn message(kind: u8, bytes: &[u8]) -> Vec<Value> {
    let mut layers = Vec::new();
    if kind == 3 {
        let mut ranges = vec![range(0, bytes.len().min(1), "version 4, twice", "version")];
        fields(bytes, 1, bytes.len(), PRE_KEY, &mut ranges);
        layers.push(layer("PreKeySignalMessage: begins a session", bytes, &ranges));
        let inner = ranges.iter().find(|range| range["meaning"] == "inner");
        if let Some(inner) = inner.and_then(|range| slice(bytes, range)) {
            layers.extend(message(2, inner));
        }
        return layers;
    }
    let end = bytes.len().saturating_sub(8);
    let mut ranges = vec![range(0, bytes.len().min(1), "version 4, twice", "version")];
    fields(bytes, 1, end, SIGNAL, &mut ranges);
    ranges.push(range(end, bytes.len(), "MAC: 8 bytes of HMAC-SHA-256", "mac"));
    layers.push(layer("SignalMessage", bytes, &ranges));
    let pq = ranges.iter().find(|range| range["meaning"] == "pq").and_then(|range| slice(bytes, range));
    if let Some(pq) = pq {
        layers.push(layer(&braid(pq), pq, &braid_ranges(pq)));
    }
    layers
}

fn slice<'b>(bytes: &'b [u8], range: &Value) -> Option<&'b [u8]> {
    let at = |name: &str| range[name].as_u64().and_then(|at| usize::try_from(at).ok());
    bytes.get(at("start")?..at("end")?)
}

fn braid(pq: &[u8]) -> String {
    let payload = BraidMessage::parse(pq).map(|message| {
        let text = format!("{:?}", message.payload);
        text.split(['(', '{', ' ']).next().unwrap_or_default().to_owned()
    });
    format!("SPQR: {}", payload.unwrap_or_else(|_| "damaged".to_owned()))
}

fn braid_ranges(pq: &[u8]) -> Vec<Value> {
    let mut ranges = vec![range(0, pq.len().min(1), "version", "version")];
    let Some((_, epoch)) = varint(pq, 1) else { return ranges };
    ranges.push(range(1, epoch, "epoch", "counter"));
    let Some((_, index)) = varint(pq, epoch) else { return ranges };
    ranges.push(range(epoch, index, "index of the message key", "counter"));
    if index < pq.len() {
        ranges.push(range(index, index + 1, "what the chunk is of", "frame"));
        if let Some((_, chunk)) = varint(pq, index + 1) {
            ranges.push(range(index + 1, chunk, "number of the chunk", "counter"));
            ranges.push(range(chunk, pq.len(), "chunk: 32 bytes of an erasure code", "pq"));
        }
    }
    ranges
}

/// The envelope of sealed sender, as the service sees it.
pub fn envelope(bytes: &[u8]) -> Value {
    let mut ranges = vec![range(0, bytes.len().min(1), "version 1", "version")];
    fields(bytes, 1, bytes.len(), SEALED, &mut ranges);
    layer("Sealed sender envelope: what the service sees", bytes, &ranges)
}

/// What is in the envelope, as its receiver sees it.
pub fn content(bytes: &[u8]) -> Value {
    let mut ranges = Vec::new();
    fields(bytes, 0, bytes.len(), CONTENT, &mut ranges);
    layer("Content of the envelope: certificate and message", bytes, &ranges)
}
