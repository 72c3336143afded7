// SPDX-License-Identifier: MIT OR Apache-2.0

//! Protobuf made to cost much, for everything that reads it.

use subrosa::fingerprint::ScannableFingerprint;
use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::prekey::{OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed::UnverifiedContent;
use subrosa::sealed::certificate::{SenderCertificate, ServerCertificate};
use subrosa::{Address, DeviceId, IdentityKeyPair, Session};

use super::ledger::{Bound, LARGE, Ledger, told};

/// How long what has two levels is.
const SMALLER: usize = 1 << 14;
/// Known fields of all messages have lower numbers.
const FIELDS: std::ops::RangeInclusive<u8> = 1..=15;

/// Something that reads protobuf: its name, what goes before and after, and the call.
pub struct Reader {
    pub name: &'static str,
    before: &'static [u8],
    after: &'static [u8],
    read: fn(&[u8]) -> String,
}

const fn reader(
    name: &'static str,
    before: &'static [u8],
    after: &'static [u8],
    read: fn(&[u8]) -> String,
) -> Reader {
    Reader { name, before, after, read }
}

fn identity() -> IdentityKeyPair {
    IdentityKeyPair::from_private(subrosa::keys::PrivateKey::decode(&[0x44; 32]).unwrap())
}

/// What comes from the network.
pub const FROM_OTHERS: [Reader; 12] = [
    reader("SignalMessage", &[0x44], &[0; 8], |bytes| told(SignalMessage::parse(bytes))),
    reader("PreKeySignalMessage", &[0x44], &[], |bytes| told(PreKeySignalMessage::parse(bytes))),
    reader("SenderKeyMessage", &[0x33], &[0; 64], |bytes| told(SenderKeyMessage::parse(bytes))),
    reader("SenderKeyMessage without id", &[0x33], &[0; 64], |bytes| {
        told(SenderKeyMessage::parse_without_id(bytes))
    }),
    reader("distribution", &[0x33], &[], |bytes| told(DistributionMessage::parse(bytes))),
    reader("DecryptionErrorMessage", &[], &[], |bytes| told(DecryptionErrorMessage::parse(bytes))),
    reader("PlaintextContent", &[0xC0], &[0x80], |bytes| {
        PlaintextContent::parse(bytes)
            .map_or_else(|error| format!("{error:?}"), |content| told(content.decryption_error_message()))
    }),
    reader("envelope, v1", &[0x11], &[], |bytes| told(UnverifiedContent::open(bytes, &identity()))),
    reader("content of an envelope", &[], &[], |bytes| told(SealedContent::parse(bytes))),
    reader("sender certificate", &[], &[], |bytes| told(SenderCertificate::parse(bytes))),
    reader("server certificate", &[], &[], |bytes| told(ServerCertificate::parse(bytes))),
    reader("scanned fingerprint", &[], &[], |bytes| told(ScannableFingerprint::parse(bytes))),
];

/// What comes from libsignal's store.
pub const FROM_A_STORE: [Reader; 7] = [
    reader("session", &[], &[], |bytes| {
        let [local, remote] = ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
        told(Session::from_libsignal_record(bytes, local, remote))
    }),
    reader("our sender key", &[], &[], |bytes| told(SenderKey::from_libsignal_record(bytes, ID))),
    reader("others' sender keys", &[], &[], |bytes| {
        told(ReceiverKeys::from_libsignal_record(bytes, Address::new("alice", DeviceId::PRIMARY), ID))
    }),
    reader("identity", &[], &[], |bytes| told(IdentityKeyPair::from_libsignal_record(bytes))),
    reader("one-time prekey", &[], &[], |bytes| told(OneTimePreKey::from_libsignal_record(bytes))),
    reader("signed prekey", &[], &[], |bytes| told(SignedPreKey::from_libsignal_record(bytes))),
    reader("KEM prekey", &[], &[], |bytes| told(OneTimeKemPreKey::from_libsignal_record(bytes))),
];

const ID: DistributionId = DistributionId::from_bytes([0xD1; 16]);

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("protobuf that others send", Bound { times: 4, plus: 16 << 10, stack: 32 << 10 });
    for reader in &FROM_OTHERS {
        torment(ledger, reader);
    }
    ledger.kind("protobuf of libsignal's records", Bound { times: 8, plus: 64 << 10, stack: 32 << 10 });
    for reader in &FROM_A_STORE {
        torment(ledger, reader);
    }
    lists_in_lists(ledger);
}

/// Everything, for one that reads.
fn torment(ledger: &mut Ledger, reader: &Reader) {
    let whole = |body: Vec<u8>| [reader.before, &body, reader.after].concat();
    let name = |what: &str| format!("{}: {what}", reader.name);
    for field in FIELDS {
        for (what, len) in
            [("100 MiB", 100 << 20), ("2^63", 1 << 63), ("2^64 - 1", u64::MAX), ("2^32", 1 << 32)]
        {
            let input = whole([vec![field << 3 | 2], varint(len)].concat());
            ledger.attempt(&name(what), input.len(), "", || (reader.read)(&input));
        }
        for (what, piece) in pieces(field) {
            let make = |len| whole(repeat(&piece, len));
            ledger.growing_from(LARGE / 2, &name(&format!("{what} {field}")), "", make, reader.read);
        }
        ledger.growing_from(
            SMALLER,
            &name("nested messages"),
            "",
            |len| whole(nested(field, len)),
            reader.read,
        );
        ledger.growing_from(
            SMALLER,
            &name("open groups"),
            "",
            |len| whole(vec![field << 3 | 3; len]),
            reader.read,
        );
        ledger.growing_from(
            SMALLER,
            &name("closed groups"),
            "",
            |len| whole(groups(field, len)),
            reader.read,
        );
        for inner in FIELDS {
            let make = |len| whole(message(field, &repeat(&[inner << 3 | 2, 0], len)));
            let what = format!("field {inner} in field {field}");
            ledger.growing_from(SMALLER, &name(&what), "", make, reader.read);
        }
    }
    let long = [vec![0xFF; 10], vec![0xF8; 10]].concat();
    ledger.growing(&name("long numbers"), "", |len| whole(repeat(&long, len)), reader.read);
    let unknown = [vec![0xF8, 0x7F, 0], vec![0xFA, 0x7F, 0]].concat();
    ledger.growing(&name("unknown fields"), "", |len| whole(repeat(&unknown, len)), reader.read);
}

/// Fields that take little, in all their types, and one that looks like a key.
fn pieces(field: u8) -> Vec<(&'static str, Vec<u8>)> {
    let key = [&[field << 3 | 2, 33, 5][..], &[9; 32]].concat();
    let [number, fixed64, bytes, group, end, fixed32] = [0, 1, 2, 3, 4, 5].map(|kind| field << 3 | kind);
    vec![
        ("number", vec![number, 1]),
        ("8 bytes", [&[fixed64][..], &[1; 8]].concat()),
        ("empty field", vec![bytes, 0]),
        ("group", vec![group, end]),
        ("4 bytes", [&[fixed32][..], &[1; 4]].concat()),
        ("key", key),
    ]
}

/// Lists three and four deep, which only libsignal's records have.
fn lists_in_lists(ledger: &mut Ledger) {
    let [session, ours, others, ..] = &FROM_A_STORE;
    let key = |field| message(field, &[5; 33]);
    let chain_key = |field| message(field, &message(2, &[5; 32]));
    let chain = [key(1), chain_key(3)].concat();
    let state = [chain_key(2), message(3, &key(1))].concat();
    // With an entry of each list that could be used.
    for (reader, path, usable) in [
        (session, &[2][..], vec![0xFF; 100]),
        (session, &[1, 7], chain),
        (session, &[1, 7, 4], message(5, &[5; 32])),
        (session, &[1, 6, 4], message(5, &[5; 32])),
        (session, &[1, 15, 2, 3], message(2, &message(2, &[5; 32]))),
        (session, &[1, 15, 3, 4, 2], vec![0xFF; 100]),
        (ours, &[1], state.clone()),
        (ours, &[1, 4], message(2, &[5; 32])),
        (others, &[1], state),
        (others, &[1, 4], message(2, &[5; 32])),
    ] {
        let (last, outer) = path.split_last().unwrap();
        for (what, entry) in [("empty", vec![]), ("small", vec![8, 1]), ("usable", usable)] {
            let piece = message(*last, &entry);
            let make =
                |len| outer.iter().rev().fold(repeat(&piece, len), |inner, field| message(*field, &inner));
            let name = format!("{}: {what} entries of {path:?}", reader.name);
            ledger.growing(&name, "", make, reader.read);
        }
    }
}

/// `piece` as often as it fits into `len` bytes.
pub fn repeat(piece: &[u8], len: usize) -> Vec<u8> {
    piece.repeat(len / piece.len())
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

/// A field that holds `inner`.
pub fn message(field: u8, inner: &[u8]) -> Vec<u8> {
    [&[field << 3 | 2][..], &varint(inner.len().try_into().unwrap()), inner].concat()
}

/// Messages in messages, as many as `len` bytes hold. Made from the inside, and so from the end.
fn nested(field: u8, len: usize) -> Vec<u8> {
    let mut reversed = Vec::with_capacity(len + 16);
    while reversed.len() < len {
        let inner = varint(reversed.len().try_into().unwrap());
        reversed.extend(inner.iter().rev());
        reversed.push(field << 3 | 2);
    }
    reversed.reverse();
    reversed
}

/// Groups in groups, all of them closed.
fn groups(field: u8, len: usize) -> Vec<u8> {
    [vec![field << 3 | 3; len / 2], vec![field << 3 | 4; len / 2]].concat()
}
