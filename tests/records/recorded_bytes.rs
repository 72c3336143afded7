// SPDX-License-Identifier: MIT OR Apache-2.0

//! What libsignal-client 0.103.0 stored and parsed, beside what we make of the same bytes.
//!
//! The files are selections from a log of that client's answers; see their first lines.

use hex_literal::hex;
use serde::Deserialize;
use subrosa::hazmat::wire::decryption_error::DecryptionErrorMessage;
use subrosa::hazmat::wire::plaintext_content::{PlaintextContent, decryption_error_in};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::protobuf::Malformed;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::stored::{
    StoredIdentityKeyPair, StoredPreKey, StoredSession, StoredSessionRecord, StoredSignedPreKey,
};

#[derive(Deserialize)]
struct File<T> {
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct StoredCase {
    name: String,
    kind: String,
    /// The client wrote it like this, so we must write the same.
    #[serde(default)]
    canonical: bool,
    #[serde(default)]
    refused: bool,
    bytes: String,
}

#[derive(Deserialize)]
struct ParsedCase {
    name: String,
    kind: String,
    error: Option<String>,
    #[serde(default)]
    out: Out,
    bytes: String,
}

/// What the client made of a message, as far as it says so.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Out {
    version: Option<u8>,
    counter: Option<u32>,
    body: Option<String>,
    timestamp: Option<u64>,
    device: Option<u32>,
    ratchet_key: Option<String>,
}

/// Reads and writes again.
fn rewrite(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let written = match kind {
        "identity" => StoredIdentityKeyPair::parse(bytes)?.encode(),
        "prekey" => StoredPreKey::parse(bytes)?.encode(),
        "signed prekey" => StoredSignedPreKey::parse(bytes)?.encode(),
        "session record" => StoredSessionRecord::parse(bytes)?.encode(),
        _ => panic!("kind {kind}"),
    };
    assert_eq!(written.len(), written.capacity(), "{kind}: reserved exactly");
    Ok(written.to_vec())
}

#[test]
fn stored_records() {
    let text = include_str!("../vectors/libsignal-0.103.0/stored-records.json");
    let file: File<StoredCase> = serde_json::from_str(text).unwrap();
    for StoredCase { name, kind, canonical, refused, bytes } in file.cases {
        let bytes = hex::decode(bytes).unwrap();
        let written = rewrite(&kind, &bytes);
        assert_eq!(written.is_err(), refused, "{name}");
        if canonical {
            assert_eq!(written.as_ref(), Ok(&bytes), "{name}");
        }
        if let Ok(written) = written {
            assert_eq!(rewrite(&kind, &written).as_ref(), Ok(&written), "{name}, written again");
        }
    }
}

#[test]
fn archived_sessions_are_kept_unchanged_and_parse_alone() {
    let text = include_str!("../vectors/libsignal-0.103.0/stored-records.json");
    let file: File<StoredCase> = serde_json::from_str(text).unwrap();
    let sessions = file.cases.iter().filter(|case| case.canonical && case.kind == "session record");
    let mut seen = 0;
    for case in sessions {
        let bytes = hex::decode(&case.bytes).unwrap();
        let current = StoredSessionRecord::parse(&bytes).unwrap().current.unwrap();
        assert_eq!(current.version, 4);
        assert_eq!((current.local_identity.len(), current.remote_identity.len()), (33, 33));
        assert_eq!((current.root_key.len(), current.base_key.len()), (32, 33));
        assert!(current.sender_chain.is_some() && !current.pq_ratchet.is_empty());
        let alone = current.encode();
        assert_eq!(StoredSession::parse(&alone).unwrap(), current);
        let archived = StoredSessionRecord { current: None, archived: vec![&alone, b"not a session"] };
        let archived = archived.encode();
        let read = StoredSessionRecord::parse(&archived).unwrap();
        assert_eq!(read.archived, [&alone[..], b"not a session"]);
        assert_eq!(read.current, None);
        seen += 1;
    }
    assert!(seen >= 4);
    assert!(StoredSessionRecord::default().encode().is_empty());
}

#[test]
fn messages_parse_or_are_refused_alike_and_in_our_own_words() {
    let text = include_str!("../vectors/libsignal-0.103.0/parsing.json");
    let file: File<ParsedCase> = serde_json::from_str(text).unwrap();
    for ParsedCase { name, kind, error, out, bytes } in file.cases {
        let ours = parse(&kind, &hex::decode(bytes).unwrap());
        match (ours, error) {
            (Err(ours), Some(theirs)) => assert_ne!(ours, theirs, "{name}: the text is theirs"),
            (Ok(_), None) if out == Out::default() => {}
            (Ok(ours), None) => assert_eq!(ours, out, "{name}"),
            (ours, theirs) => panic!("{name}: {ours:?} instead of {theirs:?}"),
        }
    }
}

fn parse(kind: &str, bytes: &[u8]) -> Result<Out, String> {
    let error = |error: &dyn core::fmt::Display| error.to_string();
    match kind {
        "whisper" => SignalMessage::parse(bytes).map_err(|e| error(&e)).map(|message| Out {
            version: Some(message.version()),
            counter: Some(message.counter()),
            body: Some(hex::encode(message.body())),
            ..Out::default()
        }),
        "prekey" => PreKeySignalMessage::parse(bytes).map_err(|e| error(&e)).map(|_| Out::default()),
        "decryption error" => DecryptionErrorMessage::parse(bytes).map_err(|e| error(&e)).map(|m| fields(&m)),
        "body" => decryption_error_in(bytes).map_err(|e| error(&e)).map(|m| fields(&m)),
        "plaintext content" => PlaintextContent::parse(bytes).map_err(|e| error(&e)).map(|_| Out::default()),
        _ => panic!("kind {kind}"),
    }
}

fn fields(message: &DecryptionErrorMessage) -> Out {
    Out {
        timestamp: Some(message.timestamp().as_millis()),
        device: Some(message.device().get()),
        ratchet_key: message.ratchet_key().map(|key| hex::encode(key.encode())),
        ..Out::default()
    }
}

#[test]
fn identity_key_pair_of_the_specification() {
    let public_key = hex!("05d89e3bad79437dbed9f843418304f460ff05c7fe81fe4a9577a804cb9367ff66");
    let private_key = hex!("101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e6f");
    let pair = StoredIdentityKeyPair { public_key: &public_key, private_key: &private_key };
    let record = hex!(
        "0a2105d89e3bad79437dbed9f843418304f460ff05c7fe81fe4a9577a804cb9367ff661220101112131415161718"
        "191a1b1c1d1e1f202122232425262728292a2b2c2d2e6f"
    );
    assert_eq!(pair.encode().as_slice(), record);
    assert_eq!(StoredIdentityKeyPair::parse(&record), Ok(pair));
}

#[test]
fn prekeys_of_the_specification() {
    let public_key = hex!("053f3e5f6d86926c9c128cf84581574f96840d98ee5ab53b1ec3b76e2bb25b945e");
    let private_key = hex!("b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdce4f");
    let one_time = StoredPreKey { id: 7, public_key: &public_key, private_key: &private_key };
    let record = hex!(
        "08071221053f3e5f6d86926c9c128cf84581574f96840d98ee5ab53b1ec3b76e2bb25b945e1a20b0b1b2b3b4b5b6"
        "b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdce4f"
    );
    assert_eq!(one_time.encode().as_slice(), record);
    assert_eq!(StoredPreKey::parse(&record), Ok(one_time));
    let (_, without_id) = record.split_at(2);
    let zero = StoredPreKey { id: 0, ..one_time };
    assert_eq!(zero.encode().as_slice(), without_id);
    assert_eq!(StoredPreKey::parse(without_id), Ok(zero));

    let signed = StoredSignedPreKey {
        id: 22,
        public_key: &hex!("059fd7ad6dcff4298dd3f96d5b1b2af910a0535b1488d7f8fabb349a982880b615"),
        private_key: &hex!("909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadae6f"),
        signature: &hex!(
            "05dd00235bec9739cce193a28903fb23509c92a3239415817e754e35865731b459010bb41fad32350448924bdd"
            "4d7ae7e2216c0c35cf616e80f8f358f8356105"
        ),
        timestamp: 1_700_000_000_123,
    };
    let record = hex!(
        "08161221059fd7ad6dcff4298dd3f96d5b1b2af910a0535b1488d7f8fabb349a982880b6151a2090919293949596"
        "9798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadae6f224005dd00235bec9739cce193a28903fb23509c92"
        "a3239415817e754e35865731b459010bb41fad32350448924bdd4d7ae7e2216c0c35cf616e80f8f358f835610529"
        "7b68e5cf8b010000"
    );
    assert_eq!(signed.encode().as_slice(), record);
    assert_eq!(StoredSignedPreKey::parse(&record), Ok(signed));
}
